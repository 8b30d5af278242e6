#include "sim/world/hot.hpp"

#include <algorithm>
#include <utility>

namespace sim {

// Finite buffers. What a reader has not read yet, wherever it lies, fills them; the write that
// overfills them blocks its thread until the reader has read enough. Of the two ends of a client's
// connection neither blocks: both are non-blocking (NIO), and what does not fit waits in a queue of
// theirs, in the same order.

/// A step has overfilled a connection's buffer: its thread waits in write() from now on.
void World::write_waits(const Step& step, zab::LinkId link) {
    const ConnectionIndex index = link.slot / 2;
    const unsigned side = link.slot % 2;
    const Origin origin{.cause = step.record, .since = now_};
    switch (connections_[index].kind) {
        case zab::LinkKind::client: return;
        case zab::LinkKind::election: fill(index, side, Writer::send_worker, origin); return;
        case zab::LinkKind::learner: break;
    }
    if (side == 1) {
        fill(index, side, Writer::sender, origin);
    } else if (!step.stage.is_of_connection()) {
        fill(index, side, static_cast<unsigned>(step.stage.stage()), origin);
    }
}

void World::fill(ConnectionIndex index, unsigned side, unsigned writer, const Origin& origin) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[side];
    if (pipe.writers == 0) {
        const auto bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(pipe.unread, none));
        pipe.full_record = emit(trace::Kind::link_full, servers_[conn.ends[side].index].id, origin,
                                servers_[conn.ends[1 - side].index].id.value,
                                static_cast<std::uint16_t>(conn.kind), 0, 0, bytes);
        pipe.full_since = now_;
    }
    pipe.writers |= static_cast<std::uint16_t>(1u << writer);
    if (writer == Writer::sender) {
        stage_of(StageRef::sender(index)).writing = true;
    } else if (writer < zab::shared_stage_count) {
        stage_of(StageRef::of(conn.ends[side].index, static_cast<zab::Stage>(writer))).writing =
            true;
    }
}

/// The reader has read enough: who waited to write goes on.
void World::make_room(ConnectionIndex index, unsigned side) {
    const Connection& conn = connections_[index];
    const Pipe& pipe = conn.pipes[side];
    const Origin origin{.cause = pipe.full_record,
                        .held_by = stage_of(pipe.route.reader).last_record,
                        .since = pipe.full_since};
    const trace::RecordId room =
        emit(trace::Kind::link_writable, servers_[conn.ends[side].index].id, origin,
             servers_[conn.ends[1 - side].index].id.value, static_cast<std::uint16_t>(conn.kind), 0,
             0, static_cast<std::uint32_t>(pipe.unread));
    let_writers_go(index, side, room);
}

/// Who waits in a write closes the connection, or is no more: its message has been written in part
/// only. Its reader never has the whole of it, nor anything behind it.
void World::tear_off(ConnectionIndex index, unsigned side) {
    Pipe& pipe = connections_[index].pipes[side];
    if (pipe.writers == 0) {
        return;
    }
    pipe.outbox.clear();
    // What has come in whole, or is so far on its way that the rest of it lies in the buffer.
    const std::int64_t soon =
        now_ + link_models_[pipe.route.model].distance.ns + time_to_send(pipe, send_buffer_);
    const End& to = connections_[index].ends[1 - side];
    const Path* way = path_between(connections_[index].ends[side], to);
    const bool is_on_its_way = !pipe.stalled && (way == nullptr || way->is_open());
    const bool is_read =
        to.is_client || (servers_[to.index].host_up && !is_paused(servers_[to.index]));
    // A held message has got to its receiver's door.
    const bool gets_on = pipe.held || (is_on_its_way && is_read);
    std::uint64_t written = 0;
    std::size_t whole = 0;
    for (; whole < pipe.flights.size(); ++whole) {
        const Flight& flight = pipe.flights[whole];
        written += flight.bytes;
        const bool is_head_soon_there = whole == 0 && flight.origin.since <= soon && gets_on;
        if (written > send_buffer_ && !is_head_soon_there) {
            break;
        }
    }
    while (pipe.flights.size() > whole) {
        take_back(pipe);
    }
    free_way(pipe.route);
    let_writers_go(index, side, no_record);
}

/// How long so many bytes take from the kernel onto the wire, where nothing else wants it.
std::int64_t World::time_to_send(const Pipe& pipe, std::uint64_t bytes) const {
    const Route& route = pipe.route;
    bytes = std::min<std::uint64_t>(bytes, none);
    std::int64_t total = wire_ns(bytes, link_paces_[route.model]);
    if (!route.is_local) {
        total += wire_ns(bytes, hosts_[route.from_host].nic_pace);
    }
    if (route.path != none) {
        total += wire_ns(bytes, faults_.paths[route.path].pace);
    }
    return total;
}

/// The last message of a pipe does not go out whole.
void World::take_back(Pipe& pipe) {
    const Flight& last = pipe.flights.back();
    count_on_lane(pipe, pipe.flights.size() - 1, -1);
    const std::int64_t arrival = last.origin.since;
    if (zab::kind_of(last.message) == zab::MessageKind::snap && !pipe.snapshots.empty()) {
        pipe.snapshots.pop_back();
    }
    pipe.unread -= last.bytes;
    pipe.flights.pop_back();
    if (pipe.flights.empty()) {
        pipe.head_scheduled = false;
    }
    const std::int64_t before = pipe.flights.empty() ? 0 : pipe.flights.back().origin.since;
    pipe.last_arrival =
        std::min(arrival, std::max(now_, before) + time_to_send(pipe, send_buffer_));
}

/// By `record`, or because the connection is gone: then their writes fail.
void World::let_writers_go(ConnectionIndex index, unsigned side, trace::RecordId record) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[side];
    const unsigned writers = std::exchange(pipe.writers, std::uint16_t{0});
    if (writers == 0) {
        return;
    }
    const trace::RecordId held_by = record == no_record ? pipe.full_record : record;
    for (unsigned stage = 0; stage < zab::shared_stage_count; ++stage) {
        if ((writers >> stage & 1u) != 0) {
            let_write(StageRef::of(conn.ends[side].index, static_cast<zab::Stage>(stage)), held_by);
        }
    }
    if ((writers >> Writer::sender & 1u) != 0) {
        let_write(StageRef::sender(index), held_by);
        call_sender(index);
    }
    const bool has_send_worker = (writers >> Writer::send_worker & 1u) != 0;
    if (has_send_worker && record != no_record && !pipe.outbox.empty()) {
        Flight& newest = pipe.flights.push_slot();
        newest = pipe.outbox.front();
        pipe.outbox.clear();
        const std::int64_t ready = std::max(now_, newest.origin.since);
        newest.origin.wait += ready - newest.origin.since;
        newest.origin.held_by = record;
        fly(index, side, newest, ready);
    }
}

void World::let_write(StageRef ref, trace::RecordId record) {
    Stage& stage = stage_of(ref);
    stage.writing = false;
    stage.last_record = record;
    if (!stage.queue.empty()) {
        look_at(ref, now_);
    }
}

/// The reading end is closed with bytes unread for which somebody waits at the other end: they
/// arrive at nobody, so that the writer hears of it, by a reset or by TCP's giving up. A host
/// without power has acknowledged what had reached it, and forgets it: nobody sends that again.
void World::discard_unread(ConnectionIndex index, unsigned reader) {
    const Pipe& incoming = connections_[index].pipes[1 - reader];
    const End& end = connections_[index].ends[reader];
    const bool has_power = end.is_client || servers_[end.index].host_up;
    const Path* way =
        path_between(connections_[index].ends[1 - reader], connections_[index].ends[reader]);
    const bool is_open = way == nullptr || way->is_open();  // Else what has come lately has not.
    while (!has_power && is_open && !incoming.stalled && !incoming.flights.empty() &&
           incoming.flights.front().origin.since <= now_ &&
           incoming.flights.front().what != Flight::What::given_up) {
        pop_head(index, 1 - reader);
    }
    if (incoming.writers != 0 && !incoming.stalled && !incoming.flights.empty()) {
        schedule_head(index, 1 - reader);
    }
}

void World::pop_head(ConnectionIndex index, unsigned side) {
    take_head(index, connections_[index], side);
    const Pipe& pipe = connections_[index].pipes[side];
    if (!pipe.flights.empty() && !pipe.stalled && !pipe.head_scheduled) {
        schedule_head(index, side);
    }
}

}  // namespace sim
