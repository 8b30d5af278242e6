#include "sim/world/steps.hpp"

namespace sim {

// What has arrived is read: by a thread of a server, or by a client.

/// Whether the next message of a connection lies there to be read, and nothing is in the way.
[[gnu::always_inline]] inline bool World::can_read_on(const Connection& conn, unsigned reader,
                                                      const Stage& stage) const {
    const Pipe& pipe = conn.pipes[1 - reader];
    if (pipe.flights.empty() || pipe.stalled || is_troubled_) {
        return false;
    }
    const Flight& next = pipe.flights.front();
    return next.origin.since <= now_ && next.what == Flight::What::message && conn.open[reader] &&
           conn.reading == Connection::Reading::on && stage.is_idle(now_);
}

/// The head of a connection's incoming ring is read, and all behind it that can be at once.
void World::read_message(StageRef ref, ConnectionIndex index, unsigned reader, Core* core) {
    const std::uint32_t generation = connections_[index].generation;
    const ServerIndex server = connections_[index].ends[reader].index;
    const unsigned sender = 1 - reader;
    for (bool goes_on = true; goes_on;) {
        Connection& conn = connections_[index];
        Pipe& pipe = conn.pipes[sender];
        conn.last_heard[reader] = now_;
        Flight& flight = pipe.flights.front();
        if (flight.origin.since < now_) {
            set_holder(flight.origin, stage_of(ref), core);
        }
        const bool is_snap = zab::kind_of(flight.message) == zab::MessageKind::snap;
        const zab::Snapshot* snapshot = nullptr;
        if (is_snap && !pipe.snapshots.empty()) [[unlikely]] {
            // A fault right before this step may take the connection, and what is under way in it.
            snapshot_in_hand_ = pipe.snapshots.front();
            snapshot = &snapshot_in_hand_;
            if (pipe.unread > send_buffer_) {
                conn.last_heard[sender] = now_;  // About now its writer has done, and reads.
            }
        }
        const Arrived arrived{
            {{index * 2 + reader, generation}, conn.kind, &flight.message, snapshot},
            pipe.route.peer};
        take_step(server, ref, arrived, flight.origin, core, true);
        if (snapshot != nullptr) [[unlikely]] {
            snapshot_in_hand_ = {};  // What nobody else has of it is free again.
        }
        Connection& after = connections_[index];  // A step may dial: connections move.
        if (after.generation != generation || after.pipes[sender].flights.empty()) {
            return;
        }
        take_head(index, after, sender);
        goes_on =
            is_free_to_go_on() && servers_[server].up && can_read_on(after, reader, stage_of(ref));
    }
    Connection& conn = connections_[index];
    const Pipe& pipe = conn.pipes[sender];
    if (!pipe.flights.empty() && !pipe.stalled && !pipe.head_scheduled) {
        put_head(index, conn, sender);
    }
}

/// The head of a ring has arrived at a server: it is read at once if its reader is free.
[[gnu::always_inline]] inline void World::read_or_queue(ConnectionIndex index, unsigned reader) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[1 - reader];
    const StageRef ref = pipe.route.reader;
    const ServerNode& server = servers_[conn.ends[reader].index];
    Stage& stage = stage_of(ref);
    const bool is_free = stage.is_idle(now_) && server.up && !is_paused(server);
    Core* core = nullptr;
    if (is_free && (cpu_is_free_ || take_core(ref, server.cores, core))) {
        read_message(ref, index, reader, core);
        Stage& after = stage_of(ref);
        if (!after.queue.empty()) {
            look_at(ref, after.queue.front().origin.since);
        }
        return;
    }
    Pending& pending = stage.queue.push_slot();
    pending = {};
    pending.what = Pending::What::message;
    pending.link = link_of(index, reader);
    pending.number = pipe.head_number;
    pending.origin.since = pipe.flights.front().origin.since;
    if (is_free) {
        wait_for_core(ref, server.cores);
    } else {
        sort_in(ref);
    }
}

/// Whether faults keep a head that has come to its receiver from getting there.
bool World::is_held_up(ConnectionIndex index, unsigned side) {
    if (is_stopped_on_its_way(index, side)) {
        return true;
    }
    const Connection& conn = connections_[index];
    const End& from = conn.ends[side];
    const End& to = conn.ends[1 - side];
    Pipe& pipe = connections_[index].pipes[side];
    if (!faults_.holds.empty() && is_held(from, to, pipe.flights.front())) {
        pipe.held = pipe.stalled = true;
        return true;
    }
    if (!to.is_client && !servers_[to.index].host_up) {
        stall(index, side, true);  // Nobody acknowledges: TCP tries again until it gives up.
        return true;
    }
    return false;
}

/// Clients read at once.
void World::client_end_reads(ConnectionIndex index, unsigned side) {
    const Flight& flight = connections_[index].pipes[side].flights.front();
    const zab::Message message = flight.message;
    const Origin origin = flight.origin;
    pop_head(index, side);
    client_receives(connections_[index].ends[1 - side].index, message, origin);
}

void World::head_arrives(ConnectionIndex index, unsigned side, std::uint32_t number) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[side];
    if (!pipe.head_scheduled || pipe.head_number != number || pipe.flights.empty()) {
        return;  // What it was to look at is gone.
    }
    pipe.head_scheduled = false;
    if (is_troubled_ && is_held_up(index, side)) {
        return;
    }
    const unsigned reader = 1 - side;
    if (!conn.open[reader]) {
        arrive_at_nobody(index, side);
        return;
    }
    if (conn.reading != Connection::Reading::on && !conn.ends[reader].is_client) {
        conn.reading = Connection::Reading::off_with_head;
        pipe.head_scheduled = true;  // Looked at again when it reads again.
        return;
    }
    const Flight& flight = pipe.flights.front();
    if (flight.what != Flight::What::message) {
        const auto reason =
            flight.what == Flight::What::reset ? zab::DownReason::reset : zab::DownReason::closed;
        end_closed(index, reader, reason, flight.origin);
        return;
    }
    if (conn.ends[reader].is_client) {
        client_end_reads(index, side);
        return;
    }
    pipe.head_scheduled = true;  // Its reader has it now.
    read_or_queue(index, reader);
}

}  // namespace sim
