#include "sim/clock/horizon.hpp"
#include "sim/world/world.hpp"

#include <algorithm>
#include <vector>

namespace sim {

// Links that have a rate, and limits of rate that faults put on a path, when what was to go out
// over them does not: see lane.hpp.

Lane* World::lane_of(const Pipe& pipe) {
    const Route& route = pipe.route;
    return route.lane == none ? nullptr : &hosts_[route.from_host].lanes[route.lane];
}

/// Whether a side of a connection sends over this path.
bool World::goes_over(const Connection& conn, unsigned side, PathEnd from, PathEnd to) const {
    return conn.state == Connection::State::open && path_end(conn.ends[side]) == from &&
           path_end(conn.ends[1 - side]) == to;
}

/// All that is under way in a pipe is gone.
void World::drop_flights(Pipe& pipe) {
    const bool is_yet_to_go_out =
        has_rate(pipe.route) && !pipe.flights.empty() && pipe.flights.back().past_at > now_;
    pipe.clear();
    if (is_yet_to_go_out) {
        free_way(pipe.route);
    }
}

/// Whether what goes this way waits somewhere for what was sent before.
bool World::has_rate(const Route& route) const {
    return route.lane != none || hosts_[route.from_host].nic_pace.fixed_ns_per_byte != 0 ||
           (route.path != none && faults_.paths[route.path].pace.fixed_ns_per_byte != 0);
}

/// Nobody waits any longer for what is gone, or cut off, before it went out: at its host's card, on
/// its link, at a limit of its path. What has its place behind it keeps that.
void World::free_way(const Route& route) {
    std::int64_t last_at_card = now_;
    std::int64_t last_on_lane = now_;
    std::int64_t last_at_limit = now_;
    for (const Connection& conn : connections_) {
        for (const Pipe& pipe : conn.pipes) {
            if (conn.state == Connection::State::free || pipe.flights.empty() ||
                pipe.route.from_host != route.from_host) {
                continue;
            }
            const Flight& last = pipe.flights.back();
            last_at_card = std::max(last_at_card, pipe.route.is_local ? 0 : last.off_card_at);
            if (pipe.route.lane == route.lane && is_open(pipe.route)) {
                last_on_lane = std::max(last_on_lane, last.out_at);
            }
            if (pipe.route.path == route.path) {
                last_at_limit = std::max(last_at_limit, last.past_at);
            }
        }
    }
    const auto free_since = [](std::int64_t last, std::int64_t& free_at, std::int64_t& busy_ns) {
        if (last < free_at) {
            busy_ns -= free_at - last;
            free_at = last;
        }
    };
    Host& host = hosts_[route.from_host];
    if (!route.is_local) {
        free_since(last_at_card, host.nic_free_at, host.nic_busy_ns);
    }
    if (route.lane != none) {
        Lane& lane = host.lanes[route.lane];
        free_since(last_on_lane, lane.free_at, lane.busy_ns);
    }
    if (route.path != none) {
        Path& way = faults_.paths[route.path];
        way.free_at = std::min(way.free_at, last_at_limit);
    }
}

bool World::is_open(const Route& route) const {
    return route.path == none || faults_.paths[route.path].is_open();
}

/// A path has closed: of a message under way, some bytes have come until now. What is not out yet
/// leaves its link to others.
void World::path_closes(PathEnd from, PathEnd to) {
    std::vector<const Route*> freed;  // One a link.
    for (Connection& conn : connections_) {
        for (unsigned side = 0; side < 2; ++side) {
            const Pipe& pipe = conn.pipes[side];
            if (!goes_over(conn, side, from, to) || pipe.stalled || pipe.flights.empty()) {
                continue;
            }
            const Flight& head = pipe.flights.front();
            if (head.origin.since - time_to_send(pipe, head.bytes) <= now_) {
                conn.last_heard[1 - side] = now_;
            }
            const Route& route = pipe.route;
            const bool is_known =
                std::any_of(freed.begin(), freed.end(), [&route](const Route* other) {
                    return other->from_host == route.from_host && other->lane == route.lane;
                });
            if (route.lane != none && pipe.flights.back().out_at > now_ && !is_known) {
                freed.push_back(&route);
            }
        }
    }
    for (const Route* route : freed) {
        free_way(*route);
    }
}

/// A path is open again: what was not out when it closed goes on where it was, in the same order,
/// behind what others have sent over its link. (What should have come meanwhile is stalled: TCP
/// sends it again.)
void World::resume_lanes(PathEnd from, PathEnd to) {
    Path& way = path(from, to);
    if (way.closed_at < 0) {
        return;  // Not the way was closed, but its end was down.
    }
    way.free_at = now_;
    const bool is_limited = way.pace.fixed_ns_per_byte != 0;
    for (const auto& [flight, pipe, order] : under_way(from, to, is_limited, &Flight::out_at)) {
        std::int64_t past_at = flight->past_at;
        if (past_at > way.closed_at) {
            if (Lane* lane = lane_of(*pipe); lane != nullptr && flight->out_at > way.closed_at) {
                const std::int64_t takes = wire_ns(flight->bytes, link_paces_[pipe->route.model]);
                const std::int64_t unsent = std::min(takes, flight->out_at - way.closed_at);
                lane->free_at = std::max({now_, flight->off_card_at, lane->free_at}) + unsent;
                lane->busy_ns += unsent;
                flight->out_at = lane->free_at;
            }
            past_at = through_limit(way, flight->bytes, std::max(now_, flight->out_at));
        }
        arrive_anew(*pipe, *flight, past_at);
    }
    reschedule_heads(from, to);
}

/// A limit of rate has gone, or is a wider one: what still waits for its turn there goes on, as
/// fast as its link takes it. (It was counted there before.)
void World::path_gets_faster(PathEnd from, PathEnd to) {
    Path& way = path(from, to);
    way.free_at = now_;
    std::vector<const Lane*> begun;
    for (const auto& [flight, pipe, order] : under_way(from, to, true, &Flight::past_at)) {
        Lane* lane = is_open(pipe->route) ? lane_of(*pipe) : nullptr;
        if (lane != nullptr && std::find(begun.begin(), begun.end(), lane) == begun.end()) {
            lane->free_at = others_out_at(pipe->route);
            begun.push_back(lane);
        }
        std::int64_t past_at = flight->past_at;
        if (past_at > now_) {
            if (lane != nullptr) {
                const std::int64_t takes = wire_ns(flight->bytes, link_paces_[pipe->route.model]);
                const std::int64_t left = flight->out_at - now_;
                lane->free_at = std::max(lane->free_at, flight->off_card_at) +
                                (left > 0 ? std::min(takes, left) : takes);
                flight->out_at = lane->free_at;
            }
            past_at = through_limit(way, flight->bytes, std::max(now_, flight->out_at));
        }
        arrive_anew(*pipe, *flight, past_at);
    }
    reschedule_heads(from, to);
}

/// When all is out that other paths have on a link.
std::int64_t World::others_out_at(const Route& route) const {
    std::int64_t last = now_;
    for (const Connection& conn : connections_) {
        for (const Pipe& pipe : conn.pipes) {
            if (conn.state != Connection::State::free && !pipe.flights.empty() &&
                pipe.route.from_host == route.from_host && pipe.route.lane == route.lane &&
                pipe.route.path != route.path && is_open(pipe.route)) {
                last = std::max(last, pipe.flights.back().out_at);
            }
        }
    }
    return last;
}

/// When a message is past the limits of rate that faults have put on its path.
std::int64_t World::through_limit(Path& way, std::uint32_t bytes, std::int64_t from) {
    if (way.pace.fixed_ns_per_byte == 0) {
        return from;
    }
    way.free_at =
        std::max(from, within_horizon(way.free_at)) + within_horizon(wire_ns(bytes, way.pace));
    return way.free_at;
}

/// What has not arrived over a path, where something may wait on it, by when it gets on. (What TCP
/// sends again is stalled, and is not among it.)
std::vector<UnderWay> World::under_way(PathEnd from, PathEnd to, bool is_limited,
                                       std::int64_t Flight::*when) {
    std::vector<UnderWay> all;
    for (Connection& conn : connections_) {
        for (unsigned side = 0; side < 2; ++side) {
            Pipe& pipe = conn.pipes[side];
            if (!goes_over(conn, side, from, to) || pipe.stalled || pipe.flights.empty() ||
                (lane_of(pipe) == nullptr && !is_limited)) {
                continue;
            }
            pipe.last_arrival = now_;
            std::int64_t order = now_;  // Nothing passes what its connection has sent before.
            for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
                Flight& flight = pipe.flights[i];
                order = std::max(order, flight.*when);
                if (flight.origin.since > now_) all.push_back({&flight, &pipe, order});
            }
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const UnderWay& l, const UnderWay& r) { return l.order < r.order; });
    return all;
}

/// A message gets past its link and its path's limits at another time than it should have. What its
/// way takes from there stays; first in, first out within its connection.
void World::arrive_anew(Pipe& pipe, Flight& flight, std::int64_t past_at) {
    const std::int64_t waited = flight.origin.since - (flight.past_at + flight.travel);
    const std::int64_t alone = past_at + flight.travel;
    const std::int64_t arrival = std::max(alone, pipe.last_arrival);
    flight.origin.other += past_at - flight.past_at;
    flight.origin.wait += arrival - alone - waited;
    flight.origin.since = pipe.last_arrival = arrival;
    flight.past_at = past_at;
}

/// What has another time is looked at then. (What its reader has already is not.)
void World::reschedule_heads(PathEnd from, PathEnd to) {
    for (ConnectionIndex index = 0; index < connections_.size(); ++index) {
        for (unsigned side = 0; side < 2; ++side) {
            const Pipe& pipe = connections_[index].pipes[side];
            if (goes_over(connections_[index], side, from, to) && pipe.head_scheduled &&
                !pipe.stalled && pipe.flights.front().origin.since > now_) {
                schedule_head(index, side);
            }
        }
    }
}

/// What a pipe has under way is sent once more, and comes now, or when its link has taken it.
void World::send_again(Pipe& pipe) {
    Lane* lane = is_open(pipe.route) ? lane_of(pipe) : nullptr;
    for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
        Flight& flight = pipe.flights[i];
        std::int64_t arrival = std::max(flight.origin.since, now_);
        if (lane != nullptr) {
            const std::int64_t takes = wire_ns(flight.bytes, link_paces_[pipe.route.model]);
            lane->free_at = std::max(now_, lane->free_at) + takes;
            lane->busy_ns += takes;
            flight.out_at = flight.past_at = lane->free_at;
            arrival = std::max(arrival, flight.out_at);
        }
        delay_until(flight, arrival);
        pipe.last_arrival = std::max(pipe.last_arrival, arrival);
    }
}

/// It arrives later than it should have.
void World::delay_until(Flight& flight, std::int64_t arrival) {
    flight.origin.other += arrival - flight.origin.since;
    flight.origin.since = arrival;
    flight.travel = arrival - flight.past_at;
}

}  // namespace sim
