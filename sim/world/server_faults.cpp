#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// Faults of servers, their disks and clocks; and bursts of clients.

namespace {

constexpr std::int64_t for_ever_ns = std::int64_t{1} << 61;

}  // namespace

void World::apply_to_server(std::uint32_t index, ServerIndex target, trace::RecordId record) {
    const Fault& fault = scenario_->faults[index];
    ServerNode& server = servers_[target];
    switch (fault.kind) {
        case FaultKind::crash: stop_server(target, trace::StopReason::crash, 0, record); break;
        case FaultKind::power_loss:
            if (server.up || server.is_booting) {
                stop_server(target, trace::StopReason::power_loss, 0, record);
                lose_power(target, fault.torn);
            }
            break;
        case FaultKind::restart:
            std::erase(faults_.crashed, target);
            start_server(target, record);
            break;
        case FaultKind::pause:
            pause_server(target, now_ + fault.lasting.value_or(zab::Duration{for_ever_ns}).ns,
                         record);
            break;
        case FaultKind::resume:
            server.paused_until = server.paused_until == 0 ? 0 : now_;
            resume_server(target);
            break;
        case FaultKind::slow_disk:
        case FaultKind::slow_cpu:
        case FaultKind::clock_drift:
            std::erase(server.slowed_by, index);
            server.slowed_by.push_back(index);
            set_pace(server, fault.kind);
            break;
        case FaultKind::release_held:
        case FaultKind::drop_held: let_held_go(target, fault.kind == FaultKind::drop_held); break;
        case FaultKind::disk_stall:
        case FaultKind::disk_error:
        case FaultKind::disk_full:
        case FaultKind::disk_lie:
        case FaultKind::disk_lose_writes:
        case FaultKind::disk_corrupt: strike_disk(index, server.disk); break;
        case FaultKind::hold:
        case FaultKind::client_burst:
        case FaultKind::cut:
        case FaultKind::heal:
        case FaultKind::delay:
        case FaultKind::loss:
        case FaultKind::clog:
        case FaultKind::release:
        case FaultKind::reset:
        case FaultKind::rate: break;  // Not of servers.
    }
}

/// Most faults of a disk end by the clock: two at a time end with the later one.
void World::strike_disk(std::uint32_t index, Disk& disk) {
    const Fault& fault = scenario_->faults[index];
    const std::int64_t until = now_ + fault.lasting.value_or(zab::Duration{for_ever_ns}).ns;
    const auto lasts = [until](std::int64_t& end) { end = std::max(end, until); };
    if (fault.kind == FaultKind::disk_stall) {
        lasts(disk.stalled_until);
    } else if (fault.kind == FaultKind::disk_error) {
        lasts(disk.fails_until);
    } else if (fault.kind == FaultKind::disk_full) {
        lasts(disk.full_until);
    } else if (fault.kind == FaultKind::disk_lie) {
        lasts(disk.lies_until);
    } else if (fault.kind == FaultKind::disk_lose_writes) {
        lasts(disk.loses_until);
    } else if (fault.kind == FaultKind::disk_corrupt) {
        disk.corrupt(fault.rot, draw(derive(key_of_fault(index), "rot"), 0, 0));
    }
}

/// How fast its cpu, disk or clock is: as the latest fault of that kind says that has not ended.
void World::set_pace(ServerNode& server, FaultKind kind) const {
    const Fault unhindered{};
    const Fault* fault = &unhindered;
    for (const std::uint32_t index : server.slowed_by) {
        if (scenario_->faults[index].kind == kind) fault = &scenario_->faults[index];
    }
    if (kind == FaultKind::slow_cpu) {
        server.slow_factor_nano = fault->factor.nano;
    } else if (kind == FaultKind::slow_disk) {
        server.disk.slow_factor_nano = fault->factor.nano;
        server.disk.extra = fault->extra_delay;
    } else {
        server.clock.run_at(fault->factor, now_);
    }
}

void World::undo_on_server(std::uint32_t index, ServerIndex target) {
    const Fault& fault = scenario_->faults[index];
    ServerNode& server = servers_[target];
    const bool stops = fault.kind == FaultKind::crash || fault.kind == FaultKind::power_loss;
    const bool may_end_it =
        fault.kind == FaultKind::disk_error || fault.kind == FaultKind::disk_full;
    const bool has_ended_since =
        server.ended_itself_at >= now_ - fault.lasting.value_or(zab::Duration{}).ns;
    if (stops || (may_end_it && server.ended_itself_at >= 0 && has_ended_since)) {
        std::erase(faults_.crashed, target);
        start_server(target, no_record);
    } else if (std::erase(server.slowed_by, index) > 0) {
        set_pace(server, fault.kind);
    }
}

/// So many operations more than the load asks for arrive at each client of a group, at once.
/// A client of a closed load that was thinking goes on with its own, too.
void World::client_burst(std::uint32_t group, std::uint32_t operations, trace::RecordId cause) {
    for (ClientIndex i = 0; i < clients_.size(); ++i) {
        Client& client = clients_[i];
        if (client.group != group || client.gone || scenario_->clients[group].watch) {
            continue;
        }
        if (std::holds_alternative<OpenLoad>(scenario_->clients[group].load)) {
            arrive(client, operations);
        } else {
            client.unasked += operations;
            client.wanted += operations;
        }
        issue(i, Origin{.cause = cause, .since = now_});
    }
}

}  // namespace sim
