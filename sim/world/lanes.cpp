#include "sim/world/world.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace sim {

// Links that have a rate, when what was to go out over them does not: see lane.hpp.

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
    const bool has_rate =
        pipe.route.lane != none || hosts_[pipe.route.from_host].nic_pace.fixed_ns_per_byte != 0;
    const bool is_yet_to_go_out =
        has_rate && !pipe.flights.empty() && pipe.flights.back().out_at > now_;
    pipe.clear();
    if (is_yet_to_go_out) {
        free_way(pipe.route);
    }
}

/// Nobody waits any longer for what is gone before it went out, at its host's card and on its link.
/// What has its place behind it keeps that.
void World::free_way(const Route& route) {
    std::int64_t last_at_card = now_;
    std::int64_t last_on_lane = now_;
    for (const Connection& conn : connections_) {
        for (const Pipe& pipe : conn.pipes) {
            if (conn.state == Connection::State::free || pipe.flights.empty() ||
                pipe.route.is_local || pipe.route.from_host != route.from_host) {
                continue;
            }
            const Flight& last = pipe.flights.back();
            last_at_card = std::max(last_at_card, last.off_card_at);
            if (pipe.route.lane == route.lane) {
                last_on_lane = std::max(last_on_lane, last.out_at);
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
}

/// The links of a path are about to be given to what waits, anew.
void World::clear_lanes(PathEnd from, PathEnd to) {
    for (Connection& conn : connections_) {
        for (unsigned side = 0; side < 2; ++side) {
            Lane* lane = lane_of(conn.pipes[side]);
            if (lane != nullptr && goes_over(conn, side, from, to)) {
                lane->free_at = now_;
            }
        }
    }
}

/// A path has closed: of a message under way, some bytes have come until now.
void World::path_closes(PathEnd from, PathEnd to) {
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
        }
    }
}

/// A path is open again: what was not out when it closed goes on where it was, in the same order.
/// (What should have come meanwhile is stalled: TCP sends it again.)
void World::resume_lanes(PathEnd from, PathEnd to) {
    clear_lanes(from, to);
    const std::int64_t closed_at = path(from, to).closed_at;
    std::vector<std::pair<Flight*, Pipe*>> waiting;
    for (Connection& conn : connections_) {
        for (unsigned side = 0; side < 2; ++side) {
            Pipe& pipe = conn.pipes[side];
            if (lane_of(pipe) == nullptr || !goes_over(conn, side, from, to) || pipe.stalled) {
                continue;
            }
            if (!pipe.flights.empty()) pipe.last_arrival = now_;
            for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
                waiting.emplace_back(&pipe.flights[i], &pipe);
            }
        }
    }
    std::stable_sort(waiting.begin(), waiting.end(), [](const auto& l, const auto& r) {
        return l.first->out_at < r.first->out_at;
    });
    for (auto& [flight, pipe] : waiting) {
        Lane& lane = *lane_of(*pipe);
        if (closed_at >= 0 && flight->out_at > closed_at) {
            const std::int64_t takes = wire_ns(flight->bytes, link_paces_[pipe->route.model]);
            const std::int64_t unsent = std::min(takes, flight->out_at - closed_at);
            send_later(*flight, std::max(now_, lane.free_at) + unsent);
        }
        lane.free_at = std::max(lane.free_at, flight->out_at);
        const std::int64_t arrival = std::max(flight->origin.since, pipe->last_arrival);
        flight->origin.other += arrival - flight->origin.since;  // First in, first out.
        pipe->last_arrival = flight->origin.since = arrival;
    }
    reschedule_heads(from, to);
}

void World::send_later(Flight& flight, std::int64_t out_at) {
    const std::int64_t later = std::max(out_at - flight.out_at, std::int64_t{0});
    flight.out_at += later;
    flight.origin.since += later;
    flight.origin.other += later;
}

/// What has become later is looked at later. (What its reader has already is not.)
void World::reschedule_heads(PathEnd from, PathEnd to) {
    for (ConnectionIndex index = 0; index < connections_.size(); ++index) {
        for (unsigned side = 0; side < 2; ++side) {
            const Pipe& pipe = connections_[index].pipes[side];
            if (goes_over(connections_[index], side, from, to) && pipe.head_scheduled &&
                !pipe.stalled && pipe.route.lane != none &&
                pipe.flights.front().origin.since > now_) {
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
        flight.out_at = at;
        if (at > flight.origin.since) {
            flight.origin.other += at - flight.origin.since;
            flight.origin.since = at;
        }
    }
    lane->free_at = at;
    pipe.last_arrival = std::max(pipe.last_arrival, at);
}

}  // namespace sim
