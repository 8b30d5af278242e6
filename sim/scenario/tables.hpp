#pragma once

#include "sim/scenario/draft.hpp"
#include "sim/scenario/form.hpp"

/// The format of a scenario, one form for each part.
namespace sim::decode {

Form<DistributionSpec> distribution();
/// Whether a key says which distribution an object is.
bool is_distribution_name(std::string_view key);
Form<ServerList> server_list(std::uint64_t least, std::uint64_t most);
/// One id, or a list of them; printed as a list.
Form<Ids> server_ids();

Form<EnsembleDraft> ensemble();
Form<HostsDraft> hosts();
Form<NetworkDraft> network();
Form<CpuDraft> cpu();
Form<ProcessDraft> process();
Form<DiskDraft> disk();
Form<GroupDraft> client_group();
Form<AskedRequest> request();
Form<FaultDraft> fault();
Form<ById<ServerStart>> start();
Form<std::vector<Expectation>> expect();
Form<TraceSpec> trace();
Form<ChaosSpec> chaos();
Form<Capsule> capsule();
Form<Protocol> protocol();
Form<textbook::Options> textbook_options();
/// Refuses what the scenario's protocol has no place for.
bool check_protocol(const json::Value& value, Reader& reader, const Draft& draft);

/// The whole file. Built once.
const Form<Draft>& scenario();

/// The presets that stand for whole tables.
CpuDraft jvm_cpu();
ProcessDraft jvm_process();

/// Limits that keep an absurd scenario from exhausting the memory.
struct Limits {
    static constexpr std::uint32_t voters = 501;
    static constexpr std::uint32_t observers = 3'500;
    static constexpr std::uint64_t pairs = 1'000'000;           ///< Of a voter and any server.
    static constexpr std::uint32_t clients = 1'000'000;         ///< Of one group, and of all.
    static constexpr std::uint64_t outstanding = 1'000'000;     ///< Of all clients together.
    static constexpr std::uint64_t operations = 1'000'000'000;  ///< That open loads ask for.
    /// The same when they ask faster than any ensemble answers, so that all may wait at once.
    static constexpr std::uint64_t waiting = 25'000'000;
    static constexpr std::uint64_t answered_per_second = 100'000;
    static constexpr std::size_t requests = 1'000'000;         ///< That one client's list has.
    static constexpr std::uint64_t transactions = 10'000'000;  ///< Of all start histories.
    static constexpr std::uint64_t link_overrides = 1'000'000;
    static constexpr std::uint32_t paths = 10'000'000;
    static constexpr std::uint32_t payload = 1'048'575;  ///< ZooKeeper's jute.maxbuffer.
    static constexpr std::size_t list = 20'000;          ///< Elements of any other list.
};

}  // namespace sim::decode
