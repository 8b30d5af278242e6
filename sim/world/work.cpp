#include "sim/clock/horizon.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// Pieces of work that block a stage: the process's own times, and the disk.

namespace {

constexpr std::int64_t never_ns = std::int64_t{1} << 61;

std::int64_t times(std::int64_t time, std::int64_t factor_nano) {
    const UnsignedWide product = UnsignedWide{static_cast<std::uint64_t>(time)} *
                                 static_cast<std::uint64_t>(factor_nano) / Factor::one_nano;
    return product > horizon_ns ? horizon_ns : static_cast<std::int64_t>(product);
}

bool is_disk_work(zab::Work work) {
    return work == zab::Work::write_accepted_epoch || work == zab::Work::write_current_epoch ||
           work == zab::Work::sync_log || work == zab::Work::truncate_log;
}

/// Whether the disk refuses it. Nothing new, and a truncation, need no room.
bool is_refused(const Disk& disk, const WorkOrder& order, std::int64_t now) {
    if (!is_disk_work(order.work) && order.work != zab::Work::write_snapshot) {
        return false;
    }
    const bool needs_room =
        order.work != zab::Work::truncate_log &&
        (order.work != zab::Work::sync_log || disk.durable() < order.log_target);
    return disk.fails_until > now || (disk.full_until > now && needs_room);
}

std::int64_t transfer_ns(std::uint64_t bytes, std::uint64_t bytes_per_second) {
    if (bytes_per_second == 0) {
        return 0;
    }
    const UnsignedWide time = UnsignedWide{bytes} * 1'000'000'000 / bytes_per_second;
    return time > horizon_ns ? horizon_ns : static_cast<std::int64_t>(time);
}

}  // namespace

std::uint64_t World::snapshot_bytes(const zab::Tree& tree) const {
    std::uint64_t payload = 0;
    for (const ClientGroup& group : scenario_->clients) {
        payload = std::max<std::uint64_t>(payload, group.payload_max_bytes);
    }
    const std::uint64_t per_node = scenario_->disk.bytes_per_node + payload;
    return tree.paths() * per_node + 1'024;
}

std::uint32_t World::snapshot_message_bytes(const ServerNode& server) const {
    const zab::Tree& tree = server.peer.server().database.tree();
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(snapshot_bytes(tree), 0xffffffff));
}

/// A synchronous operation's time. An fsync is known by what was durable before it: the first
/// transaction of its batch; other operations by how many there were.
std::int64_t World::disk_time(ServerNode& server, zab::Work work,
                              const Distribution& distribution) {
    const bool is_sync = work == zab::Work::sync_log;
    const std::uint64_t meaning =
        is_sync ? server.disk.durable_end().zxid.value : static_cast<std::uint64_t>(work);
    const std::uint64_t word =
        draw(server.disk_key, meaning, is_sync ? server.incarnation : ++server.disk.draws);
    std::int64_t time = distribution.draw(word).ns;
    if (!(server.disk.extra == Distribution{})) {
        time = within_horizon(time) + within_horizon(server.disk.extra.draw(next_word(word)).ns);
    }
    if (server.disk.slow_factor_nano != Factor::one_nano) {
        time = times(within_horizon(time), server.disk.slow_factor_nano);
    }
    return within_horizon(time);
}

std::int64_t World::work_time(ServerNode& server, const zab::Start& start) {
    const ProcessSpec& process = scenario_->process;
    const DiskSpec& disk = scenario_->disk;
    const auto process_time = [&server, &start](const Distribution& distribution) {
        const auto kind = static_cast<std::size_t>(start.work);
        const std::uint64_t word = draw(server.process_key, kind, ++server.work_draws[kind]);
        return within_horizon(distribution.draw(word).ns);
    };
    switch (start.work) {
        case zab::Work::shut_down_role: return process_time(process.shutdown_role);
        case zab::Work::finish_election: return process_time(process.election_rest);
        case zab::Work::open_port: return process_time(process.open_port);
        case zab::Work::start_serving:
            return process_time(server.peer.role() == zab::RoleKind::leading
                                    ? process.start_serving
                                    : process.join_service);
        case zab::Work::write_accepted_epoch:
        case zab::Work::write_current_epoch: return disk_time(server, start.work, disk.epoch_write);
        case zab::Work::sync_log: {
            const bool has_rested = now_ - server.disk.free_at >= disk.rest.ns;
            const bool is_special = has_rested && disk.sync_after_rest.has_value();
            return scenario_->config.force_sync
                       ? disk_time(server, start.work,
                                   is_special ? *disk.sync_after_rest : disk.sync)
                       : 0;
        }
        case zab::Work::truncate_log: return disk_time(server, start.work, disk.sync);
        case zab::Work::read_log: return 0;
        case zab::Work::write_snapshot: {
            const std::int64_t writing = transfer_ns(
                snapshot_bytes(server.peer.server().database.tree()), disk.write_bytes_per_second);
            const auto how = static_cast<zab::SnapshotWrite>(start.argument);
            const bool is_synced =
                how == zab::SnapshotWrite::replacing || how == zab::SnapshotWrite::synced;
            return is_synced ? writing + disk_time(server, start.work, disk.sync) : writing;
        }
        case zab::Work::serialize_snapshot:
            return transfer_ns(snapshot_bytes(server.peer.server().database.tree()),
                               disk.read_bytes_per_second);
    }
    return 0;
}

void World::start_work(const Step& step, const zab::Start& start) {
    ServerNode& server = servers_[step.server];
    std::uint32_t index = 0;
    if (free_orders_.empty()) {
        index = static_cast<std::uint32_t>(orders_.size());
        orders_.emplace_back();
    } else {
        index = free_orders_.back();
        free_orders_.pop_back();
    }
    const bool is_handler = start.stage == zab::Stage::handler;
    const StageRef ref = is_handler ? StageRef::handler(start.link.slot / 2)
                                    : StageRef::of(step.server, start.stage);
    std::int64_t begin = step.ready;
    const std::int64_t takes = work_time(server, start);
    Origin origin{
        .cause = step.record, .other = takes, .service = step.service, .cost = trace::Cost::timer};
    if (is_disk_work(start.work)) {
        Host& machine = hosts_[server.cores];
        begin = std::max({begin, machine.disk_free_at, server.disk.stalled_until});
        origin.wait = begin - step.ready;
        origin.held_by = machine.disk_last_record;
        origin.cost = trace::Cost::disk;
        begin = std::min(begin, never_ns);
        machine.disk_free_at = server.disk.free_at = begin + takes;
        server.disk.busy_ns += takes;
        ++server.disk.uses;
        machine.disk_last_record = step.record;
    }
    const std::int64_t beside = time_beside(server, start.work);
    origin.other += beside;
    origin.since = begin + takes + beside;
    orders_[index] = {.work = start.work,
                      .stage = ref,
                      .link = start.link,
                      .argument = start.argument,
                      .log_target = server.disk.appended(),
                      .history_version = server.disk.history_version(),
                      .incarnation = server.incarnation,
                      .server = step.server,
                      .database_generation = server.peer.server().database.generation(),
                      .origin = origin,
                      .disk_from = begin,
                      .disk_until = is_disk_work(start.work) ? begin + takes : 0,
                      .active = true};
    if (start.work == zab::Work::write_snapshot) {
        if (start.stage == zab::Stage::snapshot) {
            server.disk.roll_log();  // SyncRequestProcessor begins a file with every snapshot.
        }
        orders_[index].snapshot = server.peer.server().database.snapshot();
    }
    if (!is_handler || is_live(start.link)) {
        stage_of(ref).blocked = true;
    }
    schedule(origin.since, EventKind::work_done, index, 0);
}

/// What the process itself does beside a piece of work of its disk.
std::int64_t World::time_beside(ServerNode& server, zab::Work work) {
    const bool prepares =
        work == zab::Work::write_current_epoch && server.peer.role() == zab::RoleKind::learning;
    if (!prepares) {
        return 0;
    }
    const std::uint64_t word = draw(server.process_key, 104, ++server.preparations);
    return within_horizon(scenario_->process.prepare_service.draw(word).ns);
}

void World::complete_work(std::uint32_t index) {
    const WorkOrder order = orders_[index];
    ServerNode& server = servers_[order.server];
    const bool is_alive = server.up && server.incarnation == order.incarnation;
    if (is_alive && is_paused(server)) {
        schedule(server.paused_until, EventKind::work_done, index, 0);
        return;
    }
    if (is_alive && is_disk_work(order.work) && server.disk.stalled_until > now_) {
        schedule(server.disk.stalled_until, EventKind::work_done, index, 0);
        return;  // What was under way does not end either.
    }
    orders_[index].active = false;
    orders_[index].snapshot = {};
    free_orders_.push_back(index);
    if (!is_alive) {
        return;
    }
    if (!faults_.before.empty() && strikes_before_durable(order)) {
        return;
    }
    zab::Done done{.work = order.work, .stage = zab::Stage::handler, .link = order.link};
    done.disk = &server.disk.image();
    done.snapshot_jitter =
        static_cast<std::uint32_t>(draw(server.process_key, server.disk.uses, 1) >> 32);
    done_count_ = 0;
    done.failed =
        is_refused(server.disk, order, now_) ||
        (order.work == zab::Work::truncate_log &&
         !server.disk.can_truncate({order.argument}, scenario_->config.release.truncation));
    if (!done.failed) {
        done.obsolete = !apply_to_disk(server, order);
    } else if (order.work == zab::Work::sync_log && server.disk.full_until > now_) {
        done_count_ = static_cast<std::uint32_t>(server.disk.drop_unsynced());
    }
    StageRef ref = order.stage;
    if (!ref.is_handler()) {
        done.stage = ref.stage();
        stage_of(ref).blocked = false;
    } else if (is_live(order.link)) {
        stage_of(ref).blocked = false;
    } else {
        ref = StageRef::of(order.server, zab::Stage::main);  // Its connection is gone meanwhile.
    }
    take_rare_step(order.server, ref, done, order.origin);
    if (!stage_of(ref).queue.empty()) {
        look_at(ref, stage_of(ref).queue.front().origin.since);
    }
}

/// What the work has made durable, at the instant at which it is. False: it came to nothing.
bool World::apply_to_disk(ServerNode& server, const WorkOrder& order) {
    Disk& disk = server.disk;
    const zab::Epoch epoch{static_cast<std::uint32_t>(order.argument)};
    switch (order.work) {
        case zab::Work::sync_log: {
            const std::uint64_t before = disk.durable();
            disk.complete_sync(order.log_target, now_);
            done_count_ = static_cast<std::uint32_t>(disk.durable() - before);
            return true;
        }
        case zab::Work::write_accepted_epoch: disk.write_accepted_epoch(epoch, now_); return true;
        case zab::Work::write_current_epoch: disk.write_current_epoch(epoch, now_); return true;
        case zab::Work::truncate_log:
            disk.truncate_after({order.argument}, scenario_->config.release.truncation);
            return true;
        case zab::Work::write_snapshot: {
            if (order.history_version != disk.history_version()) {
                return false;
            }
            // Named at its beginning, written fuzzily: what is applied meanwhile may be in it.
            // A tree that was replaced meanwhile is written as it was.
            zab::Snapshot snapshot = order.snapshot;
            const zab::Database& database = server.peer.server().database;
            if (order.database_generation == database.generation()) {
                database.finish(snapshot);
            }
            const auto how = static_cast<zab::SnapshotWrite>(order.argument);
            disk.add_snapshot(snapshot, how, now_, snapshot_bytes(snapshot.tree));
            done_replaces_ = how == zab::SnapshotWrite::replacing;
            done_count_ = done_replaces_ || how == zab::SnapshotWrite::synced ? 1 : 0;
            return true;
        }
        case zab::Work::shut_down_role:
        case zab::Work::finish_election:
        case zab::Work::open_port:
        case zab::Work::start_serving:
        case zab::Work::read_log:
        case zab::Work::serialize_snapshot: return true;
    }
    return true;
}

void World::send_snapshot(const Step& step, const zab::SendSnapshot& wish) {
    if (!is_live(wish.link)) {
        return;
    }
    ServerNode& server = servers_[step.server];
    zab::Snapshot snapshot = server.peer.server().database.snapshot();
    snapshot.position = wish.position;
    snapshot.name = wish.zxid;
    Pipe& pipe = connection(wish.link).pipes[wish.link.slot % 2];
    pipe.snapshots.push_back(std::move(snapshot));
    const std::uint32_t bytes = snapshot_message_bytes(server);
    if (transmit(wish.link, zab::Snap{wish.zxid, bytes}, step.record, step.ready, step.service)) {
        write_waits(step, wish.link);
    }
}

}  // namespace sim
