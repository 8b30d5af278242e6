#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// Links that have a rate, when what was to go out over them does not: see lane.hpp.

Lane* World::lane_of(const Pipe& pipe) {
    const Route& route = pipe.route;
    return route.lane == none ? nullptr : &hosts_[route.from_host].lanes[route.lane];
}

/// Whether a side of a connection sends over this path.
bool World::leads(const Connection& conn, unsigned side, PathEnd from, PathEnd to) const {
    return conn.state == Connection::State::open && path_end(conn.ends[side]) == from &&
           path_end(conn.ends[1 - side]) == to;
}

/// All that is under way in a pipe is gone.
void World::drop_flights(Pipe& pipe) {
    const bool is_on_lane =
        pipe.route.lane != none && !pipe.flights.empty() && pipe.flights.back().lane_end > now_;
    pipe.clear();
    if (is_on_lane) {
        free_lane(pipe.route);
    }
}

/// Nobody waits any longer for what is gone from a link before it went out. What has its place
/// behind it keeps that.
void World::free_lane(const Route& route) {
    if (route.lane == none) {
        return;
    }
    std::int64_t last = now_;
    for (const Connection& conn : connections_) {
        for (const Pipe& pipe : conn.pipes) {
            if (conn.state != Connection::State::free && pipe.route.lane == route.lane &&
                pipe.route.from_host == route.from_host && !pipe.flights.empty()) {
                last = std::max(last, pipe.flights.back().lane_end);
            }
        }
    }
    Lane& lane = hosts_[route.from_host].lanes[route.lane];
    if (last < lane.free_at) {
        lane.busy_ns -= lane.free_at - last;
        lane.free_at = last;
    }
}

/// The links of a path are about to be given to what waits, anew.
void World::clear_lanes(PathEnd from, PathEnd to) {
    for (Connection& conn : connections_) {
        for (unsigned side = 0; side < 2; ++side) {
            Lane* lane = lane_of(conn.pipes[side]);
            if (lane != nullptr && leads(conn, side, from, to)) {
                lane->free_at = now_;
            }
        }
    }
}

/// A path has closed: of a message under way, some bytes have come until now.
void World::lanes_stop(PathEnd from, PathEnd to) {
    for (Connection& conn : connections_) {
        for (unsigned side = 0; side < 2; ++side) {
            const Pipe& pipe = conn.pipes[side];
            if (!leads(conn, side, from, to) || pipe.stalled || pipe.flights.empty()) {
                continue;
            }
            const Flight& head = pipe.flights.front();
            if (head.origin.since - time_to_send(pipe, head.bytes) <= now_) {
                conn.last_heard[1 - side] = now_;
            }
        }
    }
}

/// A path is open again: what was not out when it closed is so much later. (What should have come
/// meanwhile, TCP sends again.)
void World::go_on_lanes(PathEnd from, PathEnd to) {
    clear_lanes(from, to);
    const std::int64_t closed_at = path(from, to).closed_at;
    for (ConnectionIndex index = 0; index < connections_.size(); ++index) {
        Connection& conn = connections_[index];
        for (unsigned side = 0; side < 2; ++side) {
            Pipe& pipe = conn.pipes[side];
            Lane* lane = lane_of(pipe);
            if (lane == nullptr || !leads(conn, side, from, to) || pipe.stalled ||
                pipe.flights.empty()) {
                continue;
            }
            for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
                Flight& flight = pipe.flights[i];
                const bool is_late = closed_at >= 0 && flight.lane_end > closed_at;
                const std::int64_t shift = is_late ? now_ - closed_at : 0;
                flight.lane_end += shift;
                flight.origin.since += shift;
                flight.origin.other += shift;
            }
            pipe.last_arrival = std::max(pipe.last_arrival, pipe.flights.back().origin.since);
            lane->free_at = std::max(lane->free_at, pipe.flights.back().lane_end);
            if (pipe.head_scheduled) {
                schedule_head(index, side);
            }
        }
    }
}

/// What a pipe has under way goes over its link once more, from then on.
void World::send_again(Pipe& pipe, std::int64_t from) {
    Lane* lane = lane_of(pipe);
    if (lane == nullptr) {
        return;
    }
    std::int64_t at = std::max(from, lane->free_at);
    for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
        Flight& flight = pipe.flights[i];
        at += wire_ns(flight.bytes, link_paces_[pipe.route.model]);
        flight.lane_end = at;
        if (at > flight.origin.since) {
            flight.origin.other += at - flight.origin.since;
            flight.origin.since = at;
        }
    }
    lane->free_at = at;
    pipe.last_arrival = std::max(pipe.last_arrival, at);
}

}  // namespace sim
