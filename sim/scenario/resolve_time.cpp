#include "sim/scenario/resolve.hpp"

#include <algorithm>

/// Whether time passes while clients ask: where nothing on the way of a request takes any, a client
/// that asks again at once would do so for ever at one instant.
namespace sim::decode {

namespace {

/// Whether what this group asks for has no end: the next request follows the last answer at once.
bool asks_at_once(const ClientGroup& group) {
    const auto* closed = std::get_if<ClosedLoad>(&group.load);
    return closed != nullptr && closed->think_time == zab::Duration{} && !group.operations_each &&
           !group.requests && !group.watch;
}

bool writes(const ClientGroup& group) { return group.create_weight != 0 || group.set_weight != 0; }

bool asks_the_leader(const ClientGroup& group) { return writes(group) || group.sync_weight != 0; }

/// The costs that each request of the group meets, and goes on meeting.
CpuSpec on_the_way(CpuSpec cpu, const ClientGroup& group) {
    cpu.election = cpu.watch_event = cpu.first_use = {};
    if (cpu.deep_sleep != zab::Duration{}) {
        cpu.wake_up = {};  // In proportion to how long the stage slept: not at all.
    }
    if (!writes(group)) {
        cpu.propose = cpu.append = cpu.leader_reply = {};
    }
    if (!asks_the_leader(group)) {
        cpu.learner = cpu.handler = cpu.sender = {};
    }
    if (!writes(group) || group.payload_max_bytes == 0) {
        cpu.per_byte = Factor{0};
    }
    return cpu;
}

bool delays_nothing(const LinkModel& link) {
    LinkModel free;
    free.delay = {};
    free.listening = link.listening;
    return link == free;
}

bool is_on(const std::vector<std::size_t>& hosts, std::size_t host) {
    return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

/// Links and network cards between the group and the servers and, for what the leader is asked,
/// among the servers.
bool network_is_free(const Scenario& scenario, const ClientGroup& group) {
    std::vector<std::size_t> hosts = group.hosts;
    for (const ServerSpec& server : scenario.servers) hosts.push_back(server.host);
    const auto is_free = [&](const LinkOverride& link) {
        const bool is_met = asks_the_leader(group) || is_on(group.hosts, link.from_host) ||
                            is_on(group.hosts, link.to_host);
        return !is_met || delays_nothing(link.model);
    };
    const NetworkSpec& network = scenario.network;
    return delays_nothing(network.base) &&
           std::all_of(network.overrides.begin(), network.overrides.end(), is_free) &&
           std::all_of(hosts.begin(), hosts.end(),
                       [&](std::size_t host) { return scenario.hosts[host].nic == Bandwidth{}; });
}

/// A write waits for the log, on the disk of Zab's servers: textbook nodes sync nothing.
bool log_is_free(const Scenario& scenario) {
    const zab::Config& config = scenario.config;
    const bool syncs = config.force_sync && scenario.disk.sync.mean() != zab::Duration{};
    return scenario.protocol == Protocol::textbook ||
           (!syncs && config.flush_delay == zab::Duration{});
}

/// A fault that makes links take time may do so all along: what it does is not judged here.
bool slows_links(const Fault& fault) {
    return fault.kind == FaultKind::delay || fault.kind == FaultKind::rate ||
           fault.kind == FaultKind::loss;
}

}  // namespace

void check_that_time_passes(Resolution& in) {
    const Scenario& scenario = in.out;
    if (std::any_of(scenario.faults.begin(), scenario.faults.end(), slows_links)) {
        return;
    }
    for (std::size_t i = 0; i < scenario.clients.size(); ++i) {
        const ClientGroup& group = scenario.clients[i];
        if (asks_at_once(group) && on_the_way(scenario.cpu, group).costs_nothing() &&
            network_is_free(scenario, group) && (!writes(group) || log_is_free(scenario))) {
            const bool may_sync = writes(group) && scenario.protocol == Protocol::zab;
            in.wrong(std::string("/clients") / i / "load",
                     "nothing that the group asks for takes any time: its clients would ask "
                     "without end at one instant",
                     std::string("a think_time, open load or operations_each; or a delay") +
                         (may_sync ? ", cpu or disk sync" : " or cpu") +
                         " that takes time on its way");
        }
    }
}

}  // namespace sim::decode
