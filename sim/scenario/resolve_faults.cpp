#include "sim/scenario/draw.hpp"
#include "sim/scenario/resolve.hpp"
#include "sim/scenario/tables.hpp"

#include <algorithm>
#include <utility>

namespace sim::decode {

namespace {

/// The key under which a fault of this kind was written.
std::string_view name_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::crash: return "crash";
        case FaultKind::power_loss: return "power_loss";
        case FaultKind::restart: return "restart";
        case FaultKind::pause: return "pause";
        case FaultKind::resume: return "resume";
        case FaultKind::cut: return "cut";
        case FaultKind::heal: return "heal";
        case FaultKind::delay: return "delay";
        case FaultKind::loss: return "loss";
        case FaultKind::clog: return "clog";
        case FaultKind::release: return "release";
        case FaultKind::reset: return "reset";
        case FaultKind::rate: return "rate";
        case FaultKind::slow_disk: return "slow_disk";
        case FaultKind::disk_stall: return "disk_stall";
        case FaultKind::slow_cpu: return "slow_cpu";
        case FaultKind::hold: return "hold";
        case FaultKind::release_held: return "release_held";
        case FaultKind::drop_held: return "drop_held";
        case FaultKind::disk_error: return "disk_error";
        case FaultKind::disk_full: return "disk_full";
        case FaultKind::disk_lie: return "disk_lie";
        case FaultKind::disk_lose_writes: return "disk_lose_writes";
        case FaultKind::disk_corrupt: return "disk_corrupt";
        case FaultKind::clock_drift: return "clock_drift";
        case FaultKind::client_burst: return "client_burst";
    }
    return "";
}

/// Clients have links, but no process of theirs is modelled that could be struck.
bool can_hit_clients(FaultKind kind) {
    switch (kind) {
        case FaultKind::cut:
        case FaultKind::heal:
        case FaultKind::delay:
        case FaultKind::loss:
        case FaultKind::clog:
        case FaultKind::release:
        case FaultKind::reset:
        case FaultKind::rate:
        case FaultKind::client_burst: return true;
        case FaultKind::crash:
        case FaultKind::power_loss:
        case FaultKind::restart:
        case FaultKind::pause:
        case FaultKind::resume:
        case FaultKind::slow_disk:
        case FaultKind::disk_stall:
        case FaultKind::slow_cpu:
        case FaultKind::hold:
        case FaultKind::release_held:
        case FaultKind::drop_held:
        case FaultKind::disk_error:
        case FaultKind::disk_full:
        case FaultKind::disk_lie:
        case FaultKind::disk_lose_writes:
        case FaultKind::disk_corrupt:
        case FaultKind::clock_drift: return false;
    }
    return false;
}

void resolve_groups(Resolution& in, Target& target, const std::string& pointer) {
    std::vector<std::string_view> known;
    for (std::uint32_t i = 0; i < in.out.clients.size(); ++i) {
        known.push_back(in.out.clients[i].name);
        if (target.group.empty() || target.group == in.out.clients[i].name) {
            target.groups.push_back(i);
        }
    }
    if (target.groups.empty() && in.sound("/clients")) {
        in.wrong(pointer,
                 target.group.empty() ? "there are no clients"
                                      : "no group of clients " + in_quotes(target.group),
                 {}, closest(target.group, known));
    }
}

void resolve_target(Resolution& in, Target& target, const std::string& pointer) {
    if (target.kind == Target::Kind::clients) {
        return resolve_groups(in, target, pointer);
    }
    if (target.kind == Target::Kind::region) {
        target.servers = in.servers_in(target.region, pointer);
        return;
    }
    std::sort(target.servers.begin(), target.servers.end());
    for (const zab::NodeId id : target.servers) {
        in.check_server(id, pointer);
    }
    const auto twice = std::adjacent_find(target.servers.begin(), target.servers.end());
    if (twice != target.servers.end()) {
        in.wrong(pointer, "server " + std::to_string(twice->value) + " is given twice");
    }
}

void check_pattern(Resolution& in, const RecordPattern& pattern, const std::string& pointer) {
    if (pattern.node) {
        in.check_server(*pattern.node, pointer / "node");
    }
    if (pattern.peer) {
        in.check_server(*pattern.peer, pointer / "peer");
    }
}

void check_place(Resolution& in, const FaultPlace& place, const std::string& pointer) {
    switch (place.kind) {
        case FaultPlace::Kind::at:
            if (in.knows_duration && place.at >= in.draft.duration) {
                in.wrong(pointer / "at",
                         "not before the end of the run, " + to_text(in.draft.duration));
            }
            return;
        case FaultPlace::Kind::after: return check_pattern(in, place.pattern, pointer / "after");
        case FaultPlace::Kind::before: return check_pattern(in, place.pattern, pointer / "before");
    }
}

/// What a burst asks for is outstanding at once.
void check_burst(Resolution& in, const Fault& fault, const std::string& pointer) {
    if (fault.kind != FaultKind::client_burst) {
        return;
    }
    std::uint64_t clients = 0;
    for (const std::uint32_t group : fault.target.groups) {
        clients += in.out.clients[group].count;
    }
    const std::uint64_t requests = clients * fault.operations;
    if (requests > Limits::outstanding) {
        in.wrong(pointer / "operations",
                 grouped(clients) + " clients x " + grouped(fault.operations) + " are " +
                     grouped(requests) + " requests at once",
                 "at most " + grouped(Limits::outstanding));
    }
}

void resolve_fault(Resolution& in, FaultDraft& draft, const std::string& pointer) {
    Fault& fault = draft.fault;
    const std::string action = pointer / name_of(fault.kind);
    check_place(in, fault.place, pointer);
    if (fault.kind == FaultKind::hold) {
        check_pattern(in, fault.messages, action);
    } else {
        resolve_target(in, fault.target, action);
    }
    if (fault.other) {
        resolve_target(in, *fault.other, action / "to");
    }
    const bool is_of_clients = fault.target.kind == Target::Kind::clients;
    if (is_of_clients && !can_hit_clients(fault.kind)) {
        in.wrong(action, "clients can only be a side of a network fault", "servers");
    } else if (is_of_clients && fault.other && fault.other->kind == Target::Kind::clients) {
        in.wrong(action, "there are no links between clients", "servers on one side");
    }
    check_burst(in, fault, action);
    fault.extra_delay = build(draft.extra);
    in.out.faults.push_back(fault);
}

/// Chaos without room would be a hunt that finds nothing.
void check_room_for_chaos(Resolution& in) {
    if (!in.knows_duration || !in.sound("/ensemble") || !in.sound("/clients")) return;
    const auto least =
        zab::milliseconds(static_cast<std::int64_t>(least_duration_of_chaos(in.draft)));
    if (in.draft.duration >= least) return;
    in.wrong("/duration",
             to_text(in.draft.duration) +
                 " leaves chaos no room for faults: its limits need so much for the recovery",
             "at least " + to_text(least) + ", or smaller limits in ensemble and clients");
}

}  // namespace

void resolve_faults(Resolution& in) {
    check_room_for_chaos(in);
    for (std::size_t i = 0; i < in.draft.faults.size() && !in.has_enough(); ++i) {
        const std::string pointer = std::string("/faults") / i;
        if (in.sound(pointer)) {
            resolve_fault(in, in.draft.faults[i], pointer);
        }
    }
}

void resolve_start(Resolution& in) {
    std::uint64_t transactions = 0;
    for (auto& [id, start] : in.draft.start) {
        const std::string pointer = std::string("/start/servers") / std::to_string(id.value);
        if (!in.sound(pointer)) {
            continue;
        }
        in.check_server(id, pointer);
        start.id = id;
        transactions += start.history.size();
        if (transactions > Limits::transactions) {
            in.wrong(pointer / "history", "all histories together are longer than the limit of " +
                                              std::to_string(Limits::transactions));
            return;
        }
        in.out.start.push_back(start);
    }
    std::sort(in.out.start.begin(), in.out.start.end(),
              [](const ServerStart& a, const ServerStart& b) { return a.id < b.id; });
}

}  // namespace sim::decode
