#pragma once

#include "sim/scenario/hunt.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/scenario/units.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// A scenario as it is written: every default filled in and every unit converted, but names and
/// counts not resolved yet. One struct for each table of the format.
namespace sim::decode {

struct Uniform {
    zab::Duration min, max;
};
struct Exponential {
    zab::Duration mean;
};
struct Normal {
    zab::Duration mean, deviation;
};
struct LogNormal {
    zab::Duration median;
    Factor sigma;
};
struct Pareto {
    zab::Duration min;
    Factor shape;
};
struct Empirical {
    std::vector<Quantile> quantiles;
};
using PlainSpec =
    std::variant<zab::Duration, Uniform, Exponential, Normal, LogNormal, Pareto, Empirical>;
struct Bimodal {
    PlainSpec fast, slow;
    Probability slow_share;
};
using DistributionSpec = std::variant<zab::Duration, Uniform, Exponential, Normal, LogNormal,
                                      Pareto, Empirical, Bimodal>;

Distribution build(const DistributionSpec& spec);
/// The distribution of half the time: of one direction, given the round trip.
DistributionSpec halved(const DistributionSpec& spec);

using Ids = std::vector<zab::NodeId>;

/// Servers by number, to be named by the loader, or by their ids.
using ServerList = std::variant<std::uint32_t, Ids>;

template <class T>
using ById = std::vector<std::pair<zab::NodeId, T>>;

/// A release by its name, with defects planted into it.
struct ReleaseDraft {
    std::string base = Scenario{}.release;
    std::vector<std::string> defects;
};

struct EnsembleDraft {
    ServerList voters = std::uint32_t{3};
    ServerList observers = std::uint32_t{0};
    std::vector<Ids> groups;
    ById<std::uint32_t> weights;
    bool half_decides = false;
    zab::Config config;
};

struct HostDraft {
    std::optional<std::uint32_t> cores;
    std::optional<Bandwidth> nic;
    std::optional<std::string> region;
    std::optional<std::string> cores_of;
};

template <class T>
using ByName = std::vector<std::pair<std::string, T>>;
struct DefaultHost {
    std::uint32_t cores = HostSpec{}.cores;
    Bandwidth nic;
};

struct HostsDraft {
    DefaultHost standard;
    ByName<HostDraft> named;
    ById<std::string> servers;
};

struct RegionsDraft {
    ByName<ByName<zab::Duration>> round_trip;
    std::optional<DistributionSpec> within;
    std::optional<DistributionSpec> jitter;
    ById<std::string> servers;
};

struct RegionName {
    std::string name;
};
/// A server's host, a named host, or all hosts of a region.
using Endpoint = std::variant<zab::NodeId, std::string, RegionName>;

struct LinkDraft {
    Endpoint from, to;
    std::optional<DistributionSpec> delay;
    std::optional<Bandwidth> bandwidth;
    std::optional<Probability> loss;
    std::optional<std::uint32_t> hops;
    bool both_ways = true;
};

struct DatagramDraft {
    Probability drop, duplicate, reorder;
    DistributionSpec reorder_delay = Exponential{zab::milliseconds(5)};
};

struct NetworkDraft {
    DistributionSpec delay = zab::microseconds(100);
    Bandwidth bandwidth;
    Probability loss;
    zab::Duration per_hop, per_hop_cpu, per_hop_gathering, per_hop_listening;
    NetworkSpec rest;  ///< Retransmission and buffers.
    std::optional<DatagramDraft> datagram;
    std::optional<RegionsDraft> regions;
    std::vector<LinkDraft> links;
};

struct CpuDraft {
    zab::Duration deep_sleep;
    zab::Duration time_slice = zab::milliseconds(3);
    DistributionSpec wake_up, io, request, propose, learner, handler, sender, append, commit, reply,
        leader_reply, watch_event, election, first_use;
    Factor per_byte{0};
};

struct ProcessDraft {
    DistributionSpec kill_to_reset, shutdown_role, open_port, start_serving, prepare_service,
        join_service, boot, election_rest;
};

struct DiskDraft {
    DistributionSpec sync = zab::microseconds(500);
    std::optional<DistributionSpec> sync_after_rest;
    DistributionSpec epoch_write = zab::microseconds(500);
    DiskSpec rest;
    bool force_sync = true;
};

struct Poisson {
    Rate rate;
};
struct Constant {
    Rate rate;
};
struct Bursts {
    zab::Duration every;
    std::uint32_t size = 1;
};
using OpenDraft = std::variant<Poisson, Constant, Bursts>;
using LoadDraft = std::variant<ClosedLoad, OpenDraft>;

struct Operations {
    std::uint32_t create = 0, set = 0, get = 0, sync = 0, watch = 0;
};
struct Payload {
    std::uint32_t min = 100, max = 100;
};
struct UniformPaths {
    std::uint32_t count = PathsSpec{}.count;
};
struct ZipfPaths {
    std::uint32_t count = PathsSpec{}.count;
    Factor exponent{990'000'000};
};
using PathsDraft = std::variant<UniformPaths, ZipfPaths>;
using PlacementDraft = std::variant<Placement, Ids, RegionName>;

struct GroupDraft {
    std::optional<std::string> name;
    LoadDraft load;
    std::optional<Operations> operations;  ///< Absent beside `requests` alone, once resolved.
    Payload payload;
    PathsDraft paths;
    PlacementDraft placement = Placement::spread;
    std::optional<std::vector<std::string>> host;
    std::optional<std::vector<std::string>> region;
    ClientGroup rest;  ///< Count, session timeout, start, operations of each.
};

struct FaultDraft {
    Fault fault;
    DistributionSpec extra;
};

struct Draft {
    std::string name;
    std::string why;
    std::uint64_t seed = Scenario{}.seed;
    zab::Duration duration = Scenario{}.duration;
    zab::Duration warm_up = Scenario{}.warm_up;
    Protocol protocol = Scenario{}.protocol;
    std::optional<textbook::Options> textbook;
    ReleaseDraft release;
    std::string transport = Scenario{}.transport;
    EnsembleDraft ensemble;
    HostsDraft hosts;
    NetworkDraft network;
    CpuDraft cpu;
    ProcessDraft process;
    DiskDraft disk;
    std::vector<GroupDraft> clients;
    std::vector<FaultDraft> faults;
    ById<ServerStart> start;
    std::vector<Expectation> expect;
    TraceSpec trace;
    std::optional<ChaosSpec> chaos;
    std::optional<Capsule> capsule;
    Draft();
};

}  // namespace sim::decode
