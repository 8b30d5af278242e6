#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// What silence does to a connection: read time-outs, TCP's retries while a way is cut, and how
// what waited goes on when it opens.

void World::set_read_timeout(zab::LinkId link, std::int64_t timeout) {
    if (!is_live(link)) {
        return;
    }
    Connection& conn = connection(link);
    const unsigned side = link.slot % 2;
    conn.read_timeout[side] = timeout;
    conn.last_heard[side] = now_;
    const ServerClock& clock = servers_[conn.ends[side].index].clock;
    watch_silence(link.slot / 2, side, now_ + clock.true_time(timeout));
}

/// Looks again at `due`, unless it will look earlier anyway: an event for every message would be
/// too many.
void World::watch_silence(ConnectionIndex index, unsigned side, std::int64_t due) {
    Connection& conn = connections_[index];
    if (conn.timeout_due[side] != 0 && conn.timeout_due[side] <= due) {
        return;
    }
    conn.timeout_due[side] = due;
    schedule(due, EventKind::read_timeout, index, side | (std::uint64_t{conn.generation} << 32));
}

void World::check_read_timeout(ConnectionIndex index, unsigned side) {
    Connection& conn = connections_[index];
    if (conn.timeout_due[side] != now_) {
        return;  // An earlier look was asked for meanwhile, and has been.
    }
    conn.timeout_due[side] = 0;
    if (!conn.open[side] || conn.read_timeout[side] == 0) {
        return;
    }
    const ServerNode& server = servers_[conn.ends[side].index];
    const Stage& reader = stage_of(conn.pipes[1 - side].route.reader);
    const std::int64_t timeout = server.clock.true_time(conn.read_timeout[side]);
    const bool reads_only_this = conn.pipes[1 - side].route.reads_nothing_else;
    const std::int64_t reads_since =  // Between two reads it may have worked for long.
        std::max(conn.last_heard[side], reads_only_this ? reader.busy_until : 0);
    std::int64_t due = reads_since + timeout;
    if (due <= now_ && (is_paused(server) || !waits_in_read(conn, side))) {
        due = now_ + timeout;
    }
    if (due > now_) {
        watch_silence(index, side, due);
        return;
    }
    // The process closes its socket; the other end hears of it if the network lets it.
    const Origin origin{};
    Pending pending{.what = Pending::What::link_down,
                    .small = static_cast<std::uint8_t>(zab::DownReason::timed_out),
                    .kind = conn.kind,
                    .link = link_of(index, side),
                    .origin = origin};
    pending.origin.since = now_;
    const End end = conn.ends[side];
    const End& other = conn.ends[1 - side];
    pending.peer = other.is_client ? zab::NodeId{} : servers_[other.index].id;
    close_link(link_of(index, side), Flight::What::closed, no_record, 0, now_);
    tell(end, pending);
}

/// Whether this end's thread is in a read() to which nothing comes. A read() ends with the first
/// byte: of a message that takes long, such as a snapshot, some always come. And who still writes
/// one does not read yet (LearnerHandler's thread, which serialises it into the socket).
bool World::waits_in_read(const Connection& conn, unsigned side) {
    const Pipe& incoming = conn.pipes[1 - side];
    const Pipe& outgoing = conn.pipes[side];
    const bool writes_snapshot = !outgoing.snapshots.empty() && outgoing.unread > send_buffer_;
    if (writes_snapshot || stage_of(incoming.route.reader).is_blocked()) {
        return false;
    }
    if (incoming.flights.empty() || incoming.stalled) {
        return true;
    }
    const Flight& head = incoming.flights.front();
    if (head.origin.since <= now_) {
        return false;  // It lies there to be read, whatever has become of its way.
    }
    const std::uint32_t path = incoming.route.path;
    const bool is_cut = path != none && !faults_.paths[path].is_open();
    return is_cut || head.origin.since - time_to_send(incoming, head.bytes) > now_;
}

/// Whether what should arrive now does not: its way is cut or clogged, or it was lost too often.
bool World::is_stopped_on_its_way(ConnectionIndex index, unsigned side) {
    const Connection& conn = connections_[index];
    const Flight& head = conn.pipes[side].flights.front();
    const Path* way = path_between(conn.ends[side], conn.ends[1 - side]);
    if (way != nullptr && !way->is_open()) {
        if (way->cuts != 0 && is_datagram(conn, head)) {
            pop_head(index, side);  // Nobody sends it again.
        } else {
            stall(index, side, way->cuts != 0);
        }
        return true;
    }
    if (head.what == Flight::What::given_up) {
        give_up(index, side);
        return true;
    }
    return false;
}

/// The way is cut or clogged: what is under way waits, and TCP tries again and again.
void World::stall(ConnectionIndex index, unsigned side, bool breaks) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[side];
    if (breaks) {
        count_on_lane(pipe, 0, -1);  // What is behind it is not sent before TCP tries again.
    }
    pipe.stalled = true;
    pipe.retries = breaks;
    pipe.stalled_since = now_;
    if (!breaks) {
        return;
    }
    std::int64_t total = 0;
    std::int64_t backoff = scenario_->network.retransmission_timeout.ns;
    for (std::uint32_t n = 0; n <= scenario_->network.retransmission_limit; ++n) {
        total += backoff;
        backoff = next_backoff(backoff);
    }
    pipe.stall_number = ++stalls_;
    schedule(now_ + total, EventKind::pipe_breaks, index * 2 + side,
             pipe.stall_number | (std::uint64_t{conn.generation} << 32));
}

/// TCP gives up: the sending end is told; the other end knows nothing.
void World::break_pipe(ConnectionIndex index, unsigned side, std::uint32_t stall_number) {
    const Pipe& pipe = connections_[index].pipes[side];
    if (pipe.awaits_retry() && pipe.stall_number == stall_number) {
        give_up(index, side);
    }
}

void World::give_up(ConnectionIndex index, unsigned side) {
    Connection& conn = connections_[index];
    let_writers_go(index, side, no_record);
    drop_flights(conn.pipes[side]);
    if (conn.open[side]) {
        end_closed(index, side, zab::DownReason::timed_out, Origin{.since = now_});
    } else if (!conn.open[1 - side]) {
        release(index);
    }
}

/// What has not arrived by `until` arrives then at the earliest.
void World::delay_all(Pipe& pipe, std::int64_t until) {
    for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
        Flight& flight = pipe.flights[i];
        flight.delay_until(std::max(flight.origin.since, until));
    }
    pipe.last_arrival = std::max(pipe.last_arrival, until);
}

/// A way is open again: what was cut off goes on at TCP's next try, what was held up at once.
void World::path_opens(PathEnd from, PathEnd to) {
    resume_lanes(from, to);
    for (ConnectionIndex index = 0; index < connections_.size(); ++index) {
        const Connection& conn = connections_[index];
        for (unsigned side = 0; side < 2; ++side) {
            const Pipe& pipe = conn.pipes[side];
            if (!goes_over(conn, side, from, to) || !pipe.stalled || pipe.held) {
                continue;
            }
            if (!pipe.retries || pipe.flights.empty()) {
                go_on_sending(index, side);
                continue;
            }
            std::int64_t next_try = pipe.stalled_since;
            std::int64_t backoff = scenario_->network.retransmission_timeout.ns;
            while (next_try < now_) {
                next_try += backoff;
                backoff = next_backoff(backoff);
            }
            schedule(next_try, EventKind::pipe_retries, index * 2 + side,
                     pipe.stall_number | (std::uint64_t{conn.generation} << 32));
        }
    }
}

/// A way that was clogged is cut as well, and TCP begins to try again; or it was cut and is only
/// clogged from now on, so that TCP does not give up.
void World::path_stays_closed(PathEnd from, PathEnd to) {
    const bool is_cut = path(from, to).cuts != 0;
    for (ConnectionIndex index = 0; index < connections_.size(); ++index) {
        Connection& conn = connections_[index];
        for (unsigned side = 0; side < 2; ++side) {
            Pipe& pipe = conn.pipes[side];
            const bool waits = pipe.stalled && !pipe.held && !pipe.flights.empty();
            if (!waits || pipe.retries == is_cut || !goes_over(conn, side, from, to)) {
                continue;
            }
            if (is_cut) {
                stall(index, side, true);
            } else {
                pipe.retries = false;
            }
        }
    }
}

/// TCP tries again; in vain, if its way has closed once more.
void World::retry_pipe(ConnectionIndex index, unsigned side, std::uint32_t stall_number) {
    const Pipe& pipe = connections_[index].pipes[side];
    if (pipe.awaits_retry() && pipe.stall_number == stall_number && is_open(pipe.route)) {
        go_on_sending(index, side);
    }
}

void World::go_on_sending(ConnectionIndex index, unsigned side) {
    Pipe& pipe = connections_[index].pipes[side];
    pipe.stalled = false;
    if (!pipe.flights.empty()) {  // Else its sender is gone, or has given up.
        send_again(index, side);
        schedule_head(index, side);
    }
}

}  // namespace sim
