#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// Starting, ending, pausing a server's process.

void World::start_server(ServerIndex index, trace::RecordId cause) {
    ServerNode& server = servers_[index];
    if (server.up || server.is_booting) {
        return;
    }
    if (!server.host_up) {
        server.host_up = true;
        for (PathEnd other = 0; other < faults_.path_ends; ++other) {
            if (other != index && path(other, index).is_open()) {
                path_opens(other, index);
            }
        }
    }
    server.is_booting = true;
    server.ended_itself_at = -1;
    ++server.incarnation;
    ++server.boots;
    server.practised = {};
    const Origin origin{.cause = cause, .since = now_};
    server.last_record_at = now_;
    server.last_record = emit(trace::Kind::server_started, server.id, origin);
    const std::uint64_t word = draw(server.process_key, 100, server.boots);
    const std::int64_t takes = scenario_->process.boot.draw(word).ns;
    server.boot_takes = takes;
    server.sync_takes = 0;
    server.disk.roll_log();
    const bool syncs_log = scenario_->config.release.boot_syncs_log;
    if (syncs_log && server.disk.durable() < server.disk.appended()) {
        // What a dead process left in the page cache is read back, so it must also be made
        // durable before this server votes with it (ZooKeeper does not).
        server.sync_takes = disk_time(server, zab::Work::sync_log, scenario_->disk.sync);
    }
    schedule(now_ + takes + server.sync_takes, EventKind::boot, index, server.incarnation);
}

/// A process was started, and has read its files.
Origin World::booted_by(const ServerNode& server) const {
    return {.cause = server.last_record,
            .since = now_,
            .wait = server.sync_takes,
            .other = server.boot_takes,
            .cost = trace::Cost::timer};
}

void World::boot_server(ServerIndex index, std::uint32_t incarnation) {
    ServerNode& server = servers_[index];
    if (server.incarnation != incarnation || !server.is_booting) {
        return;
    }
    server.is_booting = false;
    if (server.incarnation == server.reset_due + 1) {
        let_go(index, true, server.last_record);  // The dead process's sockets, at the latest now.
    }
    server.up = true;
    server.paused_until = 0;
    server.peer = Participant(server.id, *scenario_, config_);
    for (std::size_t i = 0; i < zab::shared_stage_count; ++i) {
        Stage& stage = stage_of(StageRef::of(index, static_cast<zab::Stage>(i)));
        stage.queue.clear();
        stage.busy_until = 0;
        stage.last_record = no_record;
        stage.blocked = stage.writing = stage.queued = false;
    }
    for (Timer& timer : server.timers) {
        ++timer.generation;
    }
    server.listens = {};
    const std::uint64_t hidden = server.disk.cut_at_rot();
    if (hidden > 0) {
        const zab::Position end = server.disk.end();
        emit(trace::Kind::lost, server.id, booted_by(server), 0,
             static_cast<std::uint16_t>(trace::LossReason::rot), end.zxid.value, end.prefix,
             static_cast<std::uint32_t>(hidden));
    }
    if (scenario_->config.release.boot_syncs_log && !make_durable_at_boot(server)) {
        return;
    }
    const Origin origin = booted_by(server);
    const auto jitter =
        static_cast<std::uint32_t>(draw(server.process_key, 101, server.boots) >> 32);
    take_rare_step(index, StageRef::of(index, zab::Stage::main),
                   zab::Started{&server.disk.image(), jitter}, origin);
}

/// What a dead process left in the page cache is synced, before the new one reads it. False: it
/// cannot be, and the process ends.
bool World::make_durable_at_boot(ServerNode& server) {
    const Origin origin{.cause = server.last_record,
                        .since = now_,
                        .wait = server.boot_takes,
                        .other = server.sync_takes,
                        .cost = trace::Cost::disk};
    const std::uint64_t unsynced = server.disk.appended() - server.disk.durable();
    if (unsynced > 0 && server.disk.fails_until > now_) {
        const trace::RecordId refused =
            emit(trace::Kind::refused_to_start, server.id, origin, 0,
                 static_cast<std::uint16_t>(zab::Refusal::unwritable_disk),
                 server.disk.image().log.last().zxid.value);
        stop_server(server_by_id_[server.id.value], trace::StopReason::halted, 1, refused);
        return false;
    }
    if (unsynced > 0) {
        server.disk.busy_ns += server.sync_takes;
        ++server.disk.uses;
        server.disk.complete_sync(server.disk.appended(), now_);
        const zab::Position end = server.disk.durable_end();
        emit(trace::Kind::synced, server.id, origin, 0, 0, end.zxid.value, end.prefix,
             static_cast<std::uint32_t>(unsynced));
    }
    if (server.disk.continue_behind_snapshot()) {
        const zab::Position name = server.disk.image().log.base();
        const trace::RecordId written = emit(trace::Kind::snapshot_written, server.id, origin, 0, 0,
                                             name.zxid.value, name.prefix, 1);
        emit_after(written, trace::Kind::truncated, server.id, 0, 0, name.zxid.value, name.prefix,
                   0);
    }
    return true;
}

/// What a dead process has asked of the machine's disk no longer keeps it busy.
void World::free_disk(HostIndex index) {
    Host& machine = hosts_[index];
    machine.disk_free_at = 0;
    for (const ServerNode& server : servers_) {
        if (server.cores == index) {
            machine.disk_free_at = std::max(machine.disk_free_at, server.disk.free_at);
        }
    }
}

void World::stop_server(ServerIndex index, trace::StopReason reason, std::uint16_t code,
                        trace::RecordId cause) {
    ServerNode& server = servers_[index];
    if (!server.up && !server.is_booting) {
        return;
    }
    server.up = false;
    server.is_booting = false;
    server.disk.busy_ns -= disk_ahead(index);
    ++server.incarnation;
    server.last_record_at = now_;
    server.last_record =
        emit(trace::Kind::server_stopped, server.id, Origin{.cause = cause, .since = now_}, 0,
             static_cast<std::uint16_t>(reason), code);
    server.disk.free_at = std::min(server.disk.free_at, now_);
    free_disk(server.cores);
    for (std::size_t i = 0; i < zab::shared_stage_count; ++i) {
        Stage& stage = stage_of(StageRef::of(index, static_cast<zab::Stage>(i)));
        stage.queue.clear();
        stage.blocked = stage.writing = false;
    }
    for (ConnectionIndex i = 0; i < connections_.size(); ++i) {
        for (unsigned side = 0; side < 2; ++side) {
            if (connections_[i].is_live(link_of(i, side)) &&
                connections_[i].ends[side] == End{false, index}) {
                tear_off(i, side);
            }
        }
    }
    std::erase(faults_.crashed, index);
    faults_.crashed.push_back(index);
    server.ended_itself_at = reason == trace::StopReason::halted ? now_ : -1;
    if (reason != trace::StopReason::power_loss) {
        // The kernel closes a dead process's sockets a little later: the peers hear of it.
        const std::uint64_t word = draw(server.process_key, 102, server.incarnation);
        server.reset_due = server.incarnation;
        schedule(now_ + scenario_->process.kill_to_reset.draw(word).ns, EventKind::process_reset,
                 index, server.incarnation);
    }
}

/// Of a server that has just been stopped.
void World::lose_power(ServerIndex index, bool tears) {
    ServerNode& server = servers_[index];
    server.host_up = false;
    is_troubled_ = true;
    const std::uint64_t word = draw(server.disk_key, 103, server.incarnation);
    const Lost lost = server.disk.lose_power(now_, static_cast<std::uint32_t>(word), tears);
    const auto reason = lost.is_torn ? trace::LossReason::torn : trace::LossReason::power_loss;
    const zab::DiskImage& left = server.disk.image();
    const bool has_more =
        left.snapshot.has_value() && left.snapshot->position.zxid > left.log.last().zxid;
    const zab::Position end = has_more ? left.snapshot->position : left.log.last();
    emit_after(server.last_record, trace::Kind::lost, server.id, 0,
               static_cast<std::uint16_t>(reason), end.zxid.value, end.prefix,
               static_cast<std::uint32_t>(lost.records));
    let_go(index, false, server.last_record);
}

void World::reset_connections(ServerIndex index, std::uint32_t incarnation) {
    if (servers_[index].incarnation == incarnation) {
        let_go(index, true, servers_[index].last_record);
    }
}

/// A process's ends of all its connections are gone. The other ends are told, or left to find out.
void World::let_go(ServerIndex index, bool tells, trace::RecordId cause) {
    const End me{false, index};
    for (ConnectionIndex i = 0; i < connections_.size(); ++i) {
        for (unsigned side = 0; side < 2; ++side) {
            Connection& conn = connections_[i];
            if (conn.state == Connection::State::free || !(conn.ends[side] == me) ||
                !conn.open[side]) {
                continue;
            }
            conn.pipes[side].outbox.clear();  // It was the process's, not the kernel's.
            if (conn.state == Connection::State::dialling) {
                release(i);
            } else if (tells) {
                close_link(link_of(i, side), Flight::What::reset, cause, 0, now_,
                           now_ - servers_[index].last_record_at);
            } else {
                conn.open[side] = false;
                drop_flights(conn.pipes[side]);
                discard_unread(i, side);
                if (!conn.open[1 - side]) {
                    release(i);
                }
            }
        }
    }
}

void World::pause_server(ServerIndex index, std::int64_t until, trace::RecordId cause) {
    ServerNode& server = servers_[index];
    if (!server.up) {
        return;
    }
    server.paused_until = std::max(server.paused_until, until);
    emit_after(cause, trace::Kind::server_paused, server.id, 0, 0, 0, 0, 0);
    schedule(server.paused_until, EventKind::resume, index, 0);
}

void World::resume_server(ServerIndex index) {
    ServerNode& server = servers_[index];
    if (!server.up || server.paused_until > now_ || server.paused_until == 0) {
        return;
    }
    server.paused_until = 0;
    emit(trace::Kind::server_resumed, server.id, {});
    for (std::size_t i = 0; i < zab::shared_stage_count; ++i) {
        const StageRef ref = StageRef::of(index, static_cast<zab::Stage>(i));
        if (!stage_of(ref).queue.empty()) {
            look_at(ref, now_);
        }
    }
    for (ConnectionIndex i = 0; i < connections_.size(); ++i) {
        const Connection& conn = connections_[i];
        if (conn.state == Connection::State::open && conn.kind == zab::LinkKind::learner &&
            conn.ends[1] == End{false, index}) {
            look_at(StageRef::handler(i), now_);
            look_at(StageRef::sender(i), now_);
        }
    }
}

}  // namespace sim
