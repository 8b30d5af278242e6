#pragma once

#include "protocol/config.hpp"
#include "protocol/textbook/options.hpp"
#include "protocol/types/ids.hpp"
#include "protocol/types/operation.hpp"
#include "protocol/types/time.hpp"
#include "sim/random/decimal.hpp"
#include "sim/random/distribution.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// A scenario, resolved: every default filled in, every unit converted, every name known to exist.
/// The loader (sim/scenario/loader.hpp) makes it from JSON; the world is built from nothing else.
namespace sim {

/// Bits per second; 0 means unlimited.
struct Bandwidth {
    std::uint64_t bits_per_second = 0;
    friend bool operator==(const Bandwidth&, const Bandwidth&) = default;
};

struct HostSpec {
    std::string name;
    std::uint32_t cores = 4;
    Bandwidth nic{};                      ///< Egress and ingress rate, each.
    std::string region;                   ///< Empty: no region.
    std::optional<std::size_t> cores_of;  ///< Its cores are this host's: a guest, or a process.
    friend bool operator==(const HostSpec&, const HostSpec&) = default;
};

struct ServerSpec {
    zab::NodeId id;
    bool voter = true;
    std::size_t host = 0;  ///< Index into Scenario::hosts.
    friend bool operator==(const ServerSpec&, const ServerSpec&) = default;
};

/// One directed link between hosts.
struct LinkModel {
    Distribution delay = Distribution::constant(zab::microseconds(100));  ///< One way.
    zab::Duration distance{};   ///< One way; added to every draw of `delay`.
    zab::Duration relay_cpu{};  ///< Of the sender's machine, for every message.
    zab::Duration gathering{};  ///< Until an idle relay reads; one draw of `delay` for what came.
    zab::Duration
        listening{};  ///< A relay's port opens up to so much later than what is behind it.
    Bandwidth bandwidth{};
    Probability loss{};  ///< Per message: each loss costs a retransmission time-out.
    friend bool operator==(const LinkModel&, const LinkModel&) = default;
};

struct LinkOverride {
    std::size_t from_host = 0;
    std::size_t to_host = 0;
    LinkModel model;
    friend bool operator==(const LinkOverride&, const LinkOverride&) = default;
};

/// What befalls single messages between servers when the transport is "datagram".
struct DatagramSpec {
    Probability drop{};
    Probability duplicate{};
    Probability reorder{};  ///< It comes later by `reorder_delay`.
    Distribution reorder_delay = Distribution::exponential(zab::milliseconds(5));
    friend bool operator==(const DatagramSpec&, const DatagramSpec&) = default;
};

struct NetworkSpec {
    LinkModel base;                       ///< Every link that nothing below names.
    std::vector<LinkOverride> overrides;  ///< Resolved from regions and links; the last one wins.
    zab::Duration retransmission_timeout = zab::milliseconds(200);  ///< Doubles at each loss.
    std::uint32_t retransmission_limit = 15;     ///< Then the connection breaks (tcp_retries2).
    std::uint64_t send_buffer_bytes = 4u << 20;  ///< Per connection and direction.
    DatagramSpec datagram;
    friend bool operator==(const NetworkSpec&, const NetworkSpec&) = default;
};

/// What the threads of a server pay for their work. All zero: an infinitely fast machine.
struct CpuSpec {
    Distribution wake_up;        ///< A stage that was idle starts an item.
    zab::Duration deep_sleep{};  ///< It was idle for shorter: it pays in proportion.
    /// How long a thread with work may keep a core that others wait for.
    zab::Duration time_slice = zab::milliseconds(3);
    Distribution io;            ///< A client's request read and parsed (NIO worker).
    Distribution request;       ///< Prep on the leader, the first processor on a learner.
    Distribution propose;       ///< A request becomes a transaction, beside `request`.
    Distribution learner;       ///< A learner's main thread handles one packet.
    Distribution handler;       ///< The leader's LearnerHandler handles one packet.
    Distribution sender;        ///< One packet written to one learner by its sender thread.
    Distribution append;        ///< One transaction serialised into the log.
    Distribution commit;        ///< One transaction applied, or one read answered from the tree.
    Distribution reply;         ///< One reply serialised and written to its client.
    Distribution leader_reply;  ///< A leader answers a write itself, beside `reply`.
    Distribution watch_event;   ///< One watcher is told of a change.
    Distribution election;      ///< One notification received and judged.
    Distribution first_use;  ///< A kind of thread's first item, beside: code that has not run yet.
    Factor per_byte{0};      ///< Nanoseconds per payload byte, added to io, request and append.
    /// Whether no work takes any time.
    bool costs_nothing() const {
        CpuSpec free;
        free.deep_sleep = deep_sleep;
        free.time_slice = time_slice;
        return *this == free;
    }
    friend bool operator==(const CpuSpec&, const CpuSpec&) = default;
};

/// Times of the process itself; they decide real elections (measured on 3.8.0).
struct ProcessSpec {
    Distribution kill_to_reset;    ///< kill -9 until its connections are reset.
    Distribution shutdown_role;    ///< Connection lost until LOOKING.
    Distribution open_port;        ///< Decision to lead until the learner port listens.
    Distribution start_serving;    ///< Leader: NEWLEADER quorum until requests are served.
    Distribution prepare_service;  ///< Learner: NEWLEADER until its ack, beside the disk's time.
    Distribution join_service;     ///< Learner: UPTODATE until requests are served.
    Distribution boot;             ///< Process start until LOOKING, without the replay.
    Distribution election_rest;    ///< Added when an election has decided, before the new role.
    friend bool operator==(const ProcessSpec&, const ProcessSpec&) = default;
};

struct DiskSpec {
    Distribution sync = Distribution::constant(zab::microseconds(500));  ///< One fsync.
    std::optional<Distribution> sync_after_rest;  ///< The same, when the disk has rested.
    zab::Duration rest = zab::milliseconds(10);   ///< How long, for that.
    Distribution epoch_write = Distribution::constant(zab::microseconds(500));
    std::uint64_t write_bytes_per_second = 200'000'000;
    std::uint64_t read_bytes_per_second = 400'000'000;
    std::uint64_t bytes_per_node = 120;  ///< Of a snapshot: header, path and stat of one znode.
    friend bool operator==(const DiskSpec&, const DiskSpec&) = default;
};

struct ClosedLoad {
    std::uint32_t outstanding = 1;
    zab::Duration think_time{};
    friend bool operator==(const ClosedLoad&, const ClosedLoad&) = default;
};
enum class Arrivals : std::uint8_t { poisson, constant, bursts };
struct OpenLoad {
    Arrivals arrivals = Arrivals::poisson;
    zab::Duration mean_interval = zab::milliseconds(10);  ///< Per client; between bursts if bursty.
    std::uint32_t burst = 1;                              ///< Requests that arrive at once.
    friend bool operator==(const OpenLoad&, const OpenLoad&) = default;
};

enum class Placement : std::uint8_t { spread, leader, followers, observers, servers };

/// How a client goes on after it has lost its server. ZooKeeper's own waits a random time, up to a
/// second, before every try but the first.
struct Reconnect {
    zab::Duration pause{};        ///< Before every try.
    zab::Duration cycle_pause{};  ///< Instead, when every server was tried in vain.
    friend bool operator==(const Reconnect&, const Reconnect&) = default;
};

/// How clients end: their process dies, they fall silent, or they close their session.
struct Leave {
    enum class How : std::uint8_t { closed, silent, close_session };
    How how = How::closed;
    zab::Duration at{};
    friend bool operator==(const Leave&, const Leave&) = default;
};

/// One request of a client, as a scenario lists it.
struct AskedRequest {
    zab::Operation operation = zab::Operation::set;
    zab::PathId path = 0;     ///< Of a create none: it is a new node.
    std::uint32_t bytes = 0;  ///< That a write carries.
    friend bool operator==(const AskedRequest&, const AskedRequest&) = default;
};

struct PathsSpec {
    std::uint32_t count = 1'000;          ///< Paths /g/0 … /g/(count-1), shared by all groups.
    std::optional<Factor> zipf_exponent;  ///< Absent: uniform.
    friend bool operator==(const PathsSpec&, const PathsSpec&) = default;
};

struct ClientGroup {
    std::string name;
    std::uint32_t count = 1;
    std::variant<ClosedLoad, OpenLoad> load;
    std::uint32_t create_weight = 0;  ///< Relative weights of the operations.
    std::uint32_t set_weight = 1;
    std::uint32_t get_weight = 0;
    std::uint32_t sync_weight = 0;
    std::uint32_t watch_weight = 0;
    std::uint32_t payload_min_bytes = 100;
    std::uint32_t payload_max_bytes = 100;
    PathsSpec paths;
    Placement placement = Placement::spread;
    std::vector<zab::NodeId> servers;  ///< For Placement::servers; filled from a region too.
    std::vector<std::size_t> hosts;    ///< Host of client i: hosts[i % size].
    zab::Duration session_timeout = zab::seconds(10);
    zab::Duration start{};                         ///< When the first client connects.
    std::optional<Reconnect> reconnect;            ///< Absent: as ZooKeeper's client.
    std::optional<Leave> leave;                    ///< Absent: they stay.
    std::optional<std::uint64_t> operations_each;  ///< Absent: until the run ends.
    /// Of each client in turn: what it asks for, and then stops. Absent: they draw it.
    std::optional<std::vector<std::vector<AskedRequest>>> requests;
    bool watch = false;  ///< They watch the configuration instead of asking for anything.
    friend bool operator==(const ClientGroup&, const ClientGroup&) = default;
};

/// Who a fault hits. Symbolic targets are resolved when the fault strikes.
struct Target {
    enum class Kind : std::uint8_t {
        leader,
        follower,
        any_voter,
        minority,
        majority,
        last_crashed,
        all,
        server,
        region,
        clients,  ///< Of network faults only: the links between these groups and servers.
    };
    Kind kind = Kind::server;
    std::vector<zab::NodeId> servers;   ///< For `server` (one or several) and `region`.
    std::string region;                 ///< For `region`: its name; `servers` are those in it.
    std::string group;                  ///< For `clients`: the name of a group; empty: all.
    std::vector<std::uint32_t> groups;  ///< Their places in Scenario::clients.
    friend bool operator==(const Target&, const Target&) = default;
};

/// Matches records: absent fields match everything.
struct RecordPattern {
    std::string record;  ///< A record kind of the trace, by name.
    std::optional<zab::NodeId> node;
    std::optional<zab::NodeId> peer;
    std::optional<zab::Zxid> zxid;
    std::string message;    ///< A message kind by name, for receive records.
    std::uint32_t nth = 1;  ///< Counted from 1.
    friend bool operator==(const RecordPattern&, const RecordPattern&) = default;
};

struct FaultPlace {
    enum class Kind : std::uint8_t { at, after, before };
    Kind kind = Kind::at;
    zab::Duration at{};     ///< For `at`: since the start. Else: added after the match.
    RecordPattern pattern;  ///< For `after` and `before`.
    friend bool operator==(const FaultPlace&, const FaultPlace&) = default;
};

enum class FaultKind : std::uint8_t {
    crash,
    power_loss,
    restart,
    pause,
    resume,
    cut,
    heal,
    delay,
    loss,
    clog,
    release,
    reset,
    rate,
    slow_disk,
    disk_stall,
    slow_cpu,
    hold,
    release_held,
    drop_held,
    disk_error,
    disk_full,
    disk_lie,
    disk_lose_writes,
    disk_corrupt,
    clock_drift,
    client_burst,
};

/// What rots: a record, so that its checksum is wrong; its length, so that the log seems to end
/// there; or the newest snapshot that can be read.
enum class Rot : std::uint8_t { record, tail, snapshot };

struct Fault {
    FaultKind kind = FaultKind::crash;
    FaultPlace place;
    std::optional<zab::Duration> within;   ///< Wait this long for a target, then skip.
    std::optional<zab::Duration> lasting;  ///< Undone by itself after this time (where it can be).
    Target target;                         ///< Servers, or the near side of a network fault.
    std::optional<Target> other;           ///< The far side; absent: everybody else.
    bool one_way = false;                  ///< Network faults: only target → other.
    Distribution extra_delay;              ///< delay, slow_disk (added to every sync).
    Probability probability{};             ///< loss.
    Factor factor{1'000'000'000};          ///< slow_cpu, slow_disk: times this; clock_drift.
    Bandwidth bandwidth{};                 ///< rate.
    RecordPattern messages;                ///< hold: what to hold.
    bool torn = false;                     ///< power_loss: the first record lost is half there.
    Rot rot = Rot::record;                 ///< disk_corrupt: what.
    std::uint32_t operations = 0;          ///< client_burst: of each client.
    friend bool operator==(const Fault&, const Fault&) = default;
};

/// What one server finds on its disk, and whether it runs, when the scenario starts.
struct ServerStart {
    zab::NodeId id;
    bool down = false;
    std::optional<zab::Epoch> accepted_epoch;
    std::optional<zab::Epoch> current_epoch;
    std::optional<zab::Zxid> snapshot;  ///< Newest snapshot; transactions up to it are in it.
    std::vector<zab::Zxid> history;     ///< Ascending; those after `snapshot` are in the log.
    friend bool operator==(const ServerStart&, const ServerStart&) = default;
};

struct Expectation {
    std::string metric;  ///< "guarantees", "write_p99", "write_outage", "writes_per_second", …
    enum class Relation : std::uint8_t { at_most, at_least, below, above } relation{};
    std::int64_t bound = 0;  ///< Nanoseconds for times, 1/1000 for rates and shares.
    std::string text;        ///< As the user wrote it, for messages.
    friend bool operator==(const Expectation&, const Expectation&) = default;
};

enum class TraceLevel : std::uint8_t { off, operations, protocol, messages, all };

struct TraceSpec {
    TraceLevel level = TraceLevel::protocol;
    std::optional<zab::Duration> from;  ///< Lines only inside [from, to).
    std::optional<zab::Duration> to;
    friend bool operator==(const TraceSpec&, const TraceSpec&) = default;
};

/// What the servers speak to each other.
enum class Protocol : std::uint8_t { zab, textbook };

struct Scenario {
    std::string name;
    std::string why;
    std::uint64_t seed = 1;
    zab::Duration duration = zab::seconds(60);
    zab::Duration warm_up{};
    Protocol protocol = Protocol::zab;
    textbook::Options textbook;  ///< Only of that protocol.
    std::string release = "fixed";
    std::string transport = "stream";  ///< Or "datagram".
    zab::Config config;
    std::vector<HostSpec> hosts;
    std::vector<ServerSpec> servers;  ///< Ascending by id.
    NetworkSpec network;
    CpuSpec cpu;
    ProcessSpec process;
    DiskSpec disk;
    std::vector<ClientGroup> clients;
    std::vector<Fault> faults;
    std::vector<ServerStart> start;
    std::vector<Expectation> expect;
    TraceSpec trace;
    friend bool operator==(const Scenario&, const Scenario&) = default;
};

}  // namespace sim
