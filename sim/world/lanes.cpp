#include "sim/world/world.hpp"

#include <algorithm>
#include <vector>

namespace sim {

// Links that have a rate (see lane.hpp), and limits of rate that faults put on a path, when what
// was to go out over them does not: all that is yet to go out has its place anew, in the order in
// which it was ready.

namespace {

bool share_lane(const Route& a, const Route& b) {
    return a.lane == b.lane && a.from_host == b.from_host && a.lane != none;
}

bool is_among(const std::vector<Route>& links, const Route& route) {
    return std::any_of(links.begin(), links.end(),
                       [&route](const Route& link) { return share_lane(link, route); });
}

/// Where there is no limit of rate, a message is past it when it is out on its link.
void pass_freely(Pipe& pipe, std::int64_t now) {
    for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
        Flight& flight = pipe.flights[i];
        if (std::max(flight.out_at, flight.past_at) > now) {
            flight.past_at = std::max(flight.out_at, now);
        }
    }
}

/// It arrives at another time than it should have: its way takes longer, or it waits less long.
void arrive_at(Flight& flight, std::int64_t arrival) {
    const std::int64_t later = arrival - flight.origin.since;
    const std::int64_t less = std::min(flight.origin.wait, std::max(-later, std::int64_t{0}));
    flight.origin.wait -= less;
    flight.origin.other += later + less;
    flight.origin.since = arrival;
}

}  // namespace

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
    const Route& route = pipe.route;
    const bool has_rate = route.lane != none || limit_of(route).fixed_ns_per_byte != 0 ||
                          hosts_[route.from_host].nic_pace.fixed_ns_per_byte != 0;
    const bool is_yet_to_go_out =
        has_rate && !pipe.flights.empty() && pipe.flights.back().past_at > now_;
    if (is_yet_to_go_out) {
        count_on_lane(pipe, 0, -1);
    }
    pipe.clear();
    if (is_yet_to_go_out) {
        free_way(pipe.route);
    }
}

Pace World::limit_of(const Route& route) const {
    return route.path == none ? Pace{} : faults_.paths[route.path].pace;
}

bool World::is_open(const Route& route) const {
    return route.path == none || faults_.paths[route.path].is_open();
}

/// Whether what a pipe has under way goes out: its way is open, and TCP does not wait for its next
/// try.
bool World::is_sending(const Pipe& pipe) const {
    return is_open(pipe.route) && !pipe.awaits_retry();
}

/// The time that a link has yet to work for a pipe's messages, from the one at `first` on, is
/// counted as its, or no longer.
void World::count_on_lane(const Pipe& pipe, std::size_t first, std::int64_t sign) {
    Lane* lane = lane_of(pipe);
    if (lane == nullptr || !is_sending(pipe)) {
        return;
    }
    for (std::size_t i = first; i < pipe.flights.size(); ++i) {
        lane->busy_ns += sign * pipe.flights[i].link_ahead(now_);
    }
}

/// Nobody waits any longer for what is gone before it went out: at its host's card, on its link, at
/// a limit of its path. What has its place behind it keeps that.
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
            if (pipe.route.lane == route.lane && is_sending(pipe)) {
                last_on_lane = std::max(last_on_lane, last.out_at);
            }
            if (pipe.route.path == route.path) {
                last_at_limit = std::max(last_at_limit, last.past_at);
            }
        }
    }
    Host& host = hosts_[route.from_host];
    if (!route.is_local && last_at_card < host.nic_free_at) {
        host.nic_busy_ns -= host.nic_free_at - last_at_card;
        host.nic_free_at = last_at_card;
    }
    if (route.lane != none) {
        Lane& lane = host.lanes[route.lane];
        lane.free_at = std::min(lane.free_at, last_on_lane);
    }
    if (route.path != none) {
        Path& way = faults_.paths[route.path];
        way.free_at = std::min(way.free_at, last_at_limit);
    }
}

/// A path has closed: of a message under way, some bytes have come until now. What is not out yet
/// leaves its link to others.
void World::path_closes(PathEnd from, PathEnd to) {
    for (Connection& conn : connections_) {
        for (unsigned side = 0; side < 2; ++side) {
            const Pipe& pipe = conn.pipes[side];
            if (!goes_over(conn, side, from, to) || pipe.flights.empty()) {
                continue;
            }
            const Flight& head = pipe.flights.front();
            if (!pipe.stalled && head.origin.since - time_to_send(pipe, head.bytes) <= now_) {
                conn.last_heard[1 - side] = now_;
            }
            if (Lane* lane = lane_of(pipe); lane != nullptr && !pipe.awaits_retry()) {
                for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
                    lane->busy_ns -= pipe.flights[i].link_ahead(now_);
                }
            }
        }
    }
    replay(from, to, false);
}

/// A path is open again: what was not out when it closed, or not past a limit, goes on where it
/// was. (What should have come meanwhile is stalled: TCP sends it again.)
void World::resume_lanes(PathEnd from, PathEnd to) {
    const Path& way = path(from, to);
    if (way.closed_at < 0) {
        return;  // Not the way was closed, but its end was down.
    }
    for (Connection& conn : connections_) {
        for (unsigned side = 0; side < 2; ++side) {
            Pipe& pipe = conn.pipes[side];
            Lane* lane = lane_of(pipe);
            const bool is_concerned = lane != nullptr || way.pace.fixed_ns_per_byte != 0;
            if (!is_concerned || !goes_over(conn, side, from, to) || (pipe.stalled && !pipe.held)) {
                continue;
            }
            for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
                Flight& flight = pipe.flights[i];
                if (lane != nullptr && flight.out_at > way.closed_at) {
                    flight.on_link = std::min(flight.on_link, flight.out_at - way.closed_at);
                    flight.out_at =
                        std::max(flight.out_at, now_ + std::max<std::int64_t>(flight.on_link, 1));
                    lane->busy_ns += flight.on_link;
                } else if (flight.past_at > way.closed_at) {
                    flight.past_at =
                        std::max(flight.past_at, now_ + wire_ns(flight.bytes, way.pace));
                }
            }
        }
    }
    replay(from, to, false);
}

/// A limit of rate has gone, or is a wider one: what still waits for its turn there goes out on its
/// link now, as fast as that takes it.
void World::path_gets_faster(PathEnd from, PathEnd to) {
    for (Connection& conn : connections_) {
        for (unsigned side = 0; side < 2; ++side) {
            Pipe& pipe = conn.pipes[side];
            Lane* lane = lane_of(pipe);
            if (lane == nullptr || !goes_over(conn, side, from, to) || !is_sending(pipe)) {
                continue;
            }
            for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
                Flight& flight = pipe.flights[i];
                if (flight.past_at > now_ && flight.out_at <= now_) {
                    flight.on_link = wire_ns(flight.bytes, link_paces_[pipe.route.model]);
                    flight.out_at = now_ + flight.on_link;
                    lane->busy_ns += flight.on_link;
                }
            }
        }
    }
    replay(from, to, true);
}

/// Something has changed on a path: what is to go out on its links, and past its limits, has its
/// times anew, and what shares the links with it.
void World::replay(PathEnd from, PathEnd to, bool was_limited) {
    std::vector<Route> links;  // One a link.
    for (const Connection& conn : connections_) {
        for (unsigned side = 0; side < 2; ++side) {
            const Route& route = conn.pipes[side].route;
            if (route.lane != none && goes_over(conn, side, from, to) && !is_among(links, route)) {
                links.push_back(route);
            }
        }
    }
    std::vector<std::uint32_t> limited;
    for (const Route& link : links) {
        replay_lane(link);
    }
    const bool is_limited = was_limited || path(from, to).pace.fixed_ns_per_byte != 0;
    std::vector<std::pair<ConnectionIndex, unsigned>> concerned;
    for (ConnectionIndex index = 0; index < connections_.size(); ++index) {
        for (unsigned side = 0; side < 2; ++side) {
            Pipe& pipe = connections_[index].pipes[side];
            const Route& route = pipe.route;
            const bool is_own = is_limited && goes_over(connections_[index], side, from, to);
            if ((!is_own && !is_among(links, route)) || pipe.flights.empty() || !is_sending(pipe) ||
                connections_[index].state == Connection::State::free) {
                continue;
            }
            concerned.emplace_back(index, side);
            if (limit_of(route).fixed_ns_per_byte == 0) {
                pass_freely(pipe, now_);
            } else if (std::find(limited.begin(), limited.end(), route.path) == limited.end()) {
                limited.push_back(route.path);
                replay_limit(route.path);
            }
        }
    }
    for (const auto& [index, side] : concerned) {
        arrive_anew(index, side);
    }
}

/// What is yet to go out on a link, in the order in which it was ready for it.
void World::replay_lane(const Route& link) {
    std::int64_t free_at = now_;
    std::vector<UnderWay> queue;
    for (Connection& conn : connections_) {
        for (Pipe& pipe : conn.pipes) {
            if (conn.state == Connection::State::free || !share_lane(pipe.route, link) ||
                !is_sending(pipe)) {
                continue;
            }
            std::int64_t order = 0;  // Nothing passes what its connection has sent before.
            for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
                Flight& flight = pipe.flights[i];
                order = std::max(order, flight.ready_at);
                if (flight.out_at > now_ && flight.out_at - flight.on_link < now_) {
                    free_at = std::max(free_at, flight.out_at);  // It is going out.
                } else if (flight.out_at > now_) {
                    queue.push_back({&flight, order});
                }
            }
        }
    }
    std::stable_sort(queue.begin(), queue.end());
    for (const UnderWay& next : queue) {
        free_at = std::max(free_at, next.flight->ready_at) + next.flight->on_link;
        next.flight->out_at = free_at;
    }
    hosts_[link.from_host].lanes[link.lane].free_at = free_at;
}

/// What is yet to pass a limit of rate, in the order in which it is out on its link.
void World::replay_limit(std::uint32_t limited) {
    Path& way = faults_.paths[limited];
    way.free_at = now_;
    std::vector<UnderWay> queue;
    for (Connection& conn : connections_) {
        for (Pipe& pipe : conn.pipes) {
            if (conn.state == Connection::State::free || pipe.route.path != limited ||
                !is_sending(pipe)) {
                continue;
            }
            std::int64_t order = 0;
            for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
                Flight& flight = pipe.flights[i];
                order = std::max(order, flight.out_at);
                const bool is_passing = flight.out_at <= now_ && flight.past_at > now_ &&
                                        flight.past_at - wire_ns(flight.bytes, way.pace) < now_;
                if (is_passing) {
                    way.free_at = std::max(way.free_at, flight.past_at);
                } else if (std::max(flight.out_at, flight.past_at) > now_) {
                    queue.push_back({&flight, order});
                }
            }
        }
    }
    std::stable_sort(queue.begin(), queue.end());
    for (const UnderWay& next : queue) {
        Flight& flight = *next.flight;
        flight.past_at = way.let_past(flight.bytes, std::max(now_, flight.out_at));
    }
}

/// What a connection has under way arrives as its links let it, first in, first out, and is looked
/// at then. (What its reader has already is not.)
void World::arrive_anew(ConnectionIndex index, unsigned side) {
    Pipe& pipe = connections_[index].pipes[side];
    std::int64_t last = 0;
    for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
        Flight& flight = pipe.flights[i];
        if (std::max(flight.past_at, flight.origin.since) > now_) {
            arrive_at(flight, std::max({last, now_, flight.past_at + flight.travel}));
        }
        last = flight.origin.since;
    }
    pipe.last_arrival = last;
    if (pipe.head_scheduled && !pipe.stalled && pipe.flights.front().origin.since > now_) {
        schedule_head(index, side);
    }
}

/// What a pipe has under way is sent once more, now. What TCP has not sent yet takes its whole way.
void World::send_again(ConnectionIndex index, unsigned side) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[side];
    const bool is_limited = limit_of(pipe.route).fixed_ns_per_byte != 0;
    if (lane_of(pipe) == nullptr && !is_limited) {
        delay_all(pipe, now_);
        return;
    }
    for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
        Flight& flight = pipe.flights[i];
        if (flight.ready_at <= pipe.stalled_since) {
            flight.travel = 0;  // The times of TCP's tries are those at which they arrive.
        }
        flight.on_link = wire_ns(flight.bytes, link_paces_[pipe.route.model]);
        flight.ready_at = std::max(flight.ready_at, now_);
        flight.out_at = flight.ready_at + flight.on_link;
        flight.past_at =
            std::max(flight.out_at, now_ + wire_ns(flight.bytes, limit_of(pipe.route)));
    }
    count_on_lane(pipe, 0, 1);
    replay(path_end(conn.ends[side]), path_end(conn.ends[1 - side]), is_limited);
}

}  // namespace sim
