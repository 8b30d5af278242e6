#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// Faults: one scripted list, placed by time or by what happens.

namespace {

// How often a fault without a target looks again.
constexpr std::int64_t look_again_ns = 10'000'000;

bool is_network_fault(FaultKind kind) {
    switch (kind) {
        case FaultKind::cut:
        case FaultKind::heal:
        case FaultKind::delay:
        case FaultKind::loss:
        case FaultKind::clog:
        case FaultKind::release:
        case FaultKind::reset:
        case FaultKind::rate: return true;
        case FaultKind::crash:
        case FaultKind::power_loss:
        case FaultKind::restart:
        case FaultKind::pause:
        case FaultKind::resume:
        case FaultKind::slow_disk:
        case FaultKind::disk_stall:
        case FaultKind::slow_cpu:
        case FaultKind::hold:
        case FaultKind::release_held:
        case FaultKind::drop_held:
        case FaultKind::disk_error:
        case FaultKind::disk_full:
        case FaultKind::disk_lie:
        case FaultKind::disk_lose_writes:
        case FaultKind::disk_corrupt:
        case FaultKind::clock_drift:
        case FaultKind::client_burst: return false;
    }
    return false;
}

}  // namespace

std::vector<PathEnd> World::named_by(const Target& target) const {
    std::vector<PathEnd> named;
    for (const std::uint32_t group : target.groups) {
        named.push_back(static_cast<PathEnd>(servers_.size() + group));
    }
    for (const zab::NodeId id : target.servers) {
        named.push_back(server_by_id_[id.value]);
    }
    return named;
}

/// What a fault draws is keyed by what it is and where it is placed, never by its number in the
/// list: taking another one out of a scenario leaves it as it was.
Key World::key_of_fault(std::uint32_t index) const {
    const auto identity = [this](const Fault& fault) {
        const RecordPattern& pattern = fault.place.pattern;
        Key key = derive(fault_key_, static_cast<std::uint64_t>(fault.kind));
        key = derive(key, static_cast<std::uint64_t>(fault.place.kind));
        key = derive(key, static_cast<std::uint64_t>(fault.place.at.ns));
        key = derive(derive(key, pattern.record), pattern.message);
        key = derive(key, pattern.node.value_or(zab::NodeId{}).value);
        key = derive(key, pattern.peer.value_or(zab::NodeId{}).value);
        return derive(derive(key, pattern.zxid.value_or(zab::Zxid{}).value), pattern.nth);
    };
    const Key own = identity(scenario_->faults[index]);
    const auto twins = std::count_if(scenario_->faults.begin(), scenario_->faults.begin() + index,
                                     [&](const Fault& fault) { return identity(fault) == own; });
    return derive(own, static_cast<std::uint64_t>(twins));
}

std::vector<PathEnd> World::resolve(const Target& target, Key key) {
    std::vector<ServerIndex> voters;
    for (ServerIndex i = 0; i < servers_.size(); ++i) {
        if (scenario_->servers[i].voter) {
            voters.push_back(i);
        }
    }
    const auto lead = leader();
    switch (target.kind) {
        case Target::Kind::leader:
            return lead.has_value() ? std::vector{*lead} : std::vector<ServerIndex>{};
        case Target::Kind::follower:
            std::erase_if(voters, [this, lead](ServerIndex i) {
                return !lead.has_value() || i == *lead || !servers_[i].up;
            });
            break;
        case Target::Kind::any_voter:
            std::erase_if(voters, [this](ServerIndex i) { return !servers_[i].up; });
            break;
        case Target::Kind::last_crashed:
            return faults_.crashed.empty() ? std::vector<ServerIndex>{}
                                           : std::vector{faults_.crashed.back()};
        case Target::Kind::all: {
            std::vector<ServerIndex> everybody(servers_.size());
            for (ServerIndex i = 0; i < servers_.size(); ++i) {
                everybody[i] = i;
            }
            return everybody;
        }
        case Target::Kind::clients:
        case Target::Kind::server:
        case Target::Kind::region: return named_by(target);
        case Target::Kind::minority:
        case Target::Kind::majority: {
            const std::size_t minority = (voters.size() - 1) / 2;
            const std::size_t wanted = target.kind == Target::Kind::minority
                                           ? std::max<std::size_t>(minority, 1)
                                           : voters.size() - minority;
            std::vector<ServerIndex> chosen;
            for (std::uint64_t n = 1; chosen.size() < wanted; ++n) {
                const auto at = uniform_below(Key{draw(key, n, 0)}, voters.size());
                chosen.push_back(voters[at]);
                voters.erase(voters.begin() + static_cast<std::ptrdiff_t>(at));
            }
            return chosen;
        }
    }
    if (voters.empty()) {
        return {};
    }
    return {voters[uniform_below(key, voters.size())]};
}

void World::strike(std::uint32_t index, trace::RecordId cause) {
    const Fault& fault = scenario_->faults[index];
    if (fault.kind == FaultKind::hold) {
        emit(trace::Kind::fault, {}, Origin{.cause = cause, .since = now_}, 0,
             static_cast<std::uint16_t>(fault.kind), index);
        faults_.holds.push_back({.fault = index});
        is_troubled_ = true;
        return;
    }
    const Key key = key_of_fault(index);
    const std::vector<PathEnd> targets = resolve(fault.target, key);
    if (targets.empty()) {
        FaultState::Done& done = faults_.done[index];
        if (done.waiting_since < 0) {
            done.waiting_since = now_;
        }
        if (fault.within.has_value() && now_ - done.waiting_since >= fault.within->ns) {
            emit(trace::Kind::fault_skipped, {}, {}, 0, static_cast<std::uint16_t>(fault.kind),
                 index);
            return;
        }
        schedule(now_ + look_again_ns, EventKind::fault, index, 0);
        return;
    }
    faults_.done[index].targets = targets;
    faults_.done[index].others.clear();
    if (fault.other.has_value()) {
        faults_.done[index].others = resolve(*fault.other, derive(key, "other"));
    } else if (fault.target.kind == Target::Kind::all) {
        for (PathEnd i = 0; i < faults_.path_ends; ++i) {
            faults_.done[index].others.push_back(i);  // Every link.
        }
    } else {
        for (ServerIndex i = 0; i < servers_.size(); ++i) {
            if (std::find(targets.begin(), targets.end(), i) == targets.end()) {
                faults_.done[index].others.push_back(i);
            }
        }
    }
    apply_fault(index, cause);
    if (fault.lasting.has_value()) {
        schedule(now_ + fault.lasting->ns, EventKind::undo_fault, index, 0);
    }
}

void World::apply_fault(std::uint32_t index, trace::RecordId cause) {
    const Fault& fault = scenario_->faults[index];
    const FaultState::Done done = faults_.done[index];
    for (const PathEnd target : done.targets) {
        const bool is_server = target < servers_.size();
        const trace::RecordId record =
            emit(trace::Kind::fault, is_server ? servers_[target].id : zab::NodeId{},
                 Origin{.cause = cause, .since = now_}, 0, static_cast<std::uint16_t>(fault.kind),
                 index);
        if (is_network_fault(fault.kind)) {
            apply_to_paths(index, target, false);
            continue;
        }
        if (is_server) {
            apply_to_server(index, target, record);
        } else {
            const auto group = target - static_cast<PathEnd>(servers_.size());
            client_burst(group, fault.operations, record);
        }
    }
}

/// Both sides of a network fault: from `target` to each of the others, and back.
void World::apply_to_paths(std::uint32_t index, PathEnd target, bool undo) {
    const std::vector<PathEnd> others = faults_.done[index].others;
    for (const PathEnd other : others) {
        if (target == other || std::max(target, other) >= faults_.path_ends) {
            continue;
        }
        apply_to_path(index, target, other, undo);
        if (!scenario_->faults[index].one_way) {
            apply_to_path(index, other, target, undo);
        }
    }
}

void World::apply_to_path(std::uint32_t index, PathEnd from, PathEnd to, bool undo) {
    const FaultKind kind = scenario_->faults[index].kind;
    if (kind == FaultKind::reset) {
        if (!undo) {
            reset_between(from, to);
        }
        return;
    }
    Path& way = path(from, to);
    has_noise_ = true;
    is_troubled_ = true;
    const bool was_open = way.is_open();
    const bool was_cut = way.cuts != 0;
    const std::uint64_t old_pace = way.pace.fixed_ns_per_byte;
    if (kind == FaultKind::heal) {
        way.faults.clear();
    } else if (kind == FaultKind::release) {
        std::erase_if(way.faults, [this](std::uint32_t other) {
            return scenario_->faults[other].kind == FaultKind::clog;
        });
    } else {
        std::erase(way.faults, index);
        if (!undo) {
            way.faults.push_back(index);
        }
    }
    sum_up(way);
    if (way.pace.fixed_ns_per_byte < old_pace) {
        path_gets_faster(from, to);
    }
    if (was_open && !way.is_open()) {
        way.closed_at = now_;
        path_closes(from, to);
    } else if (!was_open && way.is_open()) {
        path_opens(from, to);
        path(from, to).closed_at = -1;
    } else if (!was_open && was_cut != (way.cuts != 0)) {
        path_stays_closed(from, to);
    }
}

/// What the faults at work on a path come to together.
void World::sum_up(Path& way) const {
    way.cuts = way.clogs = way.delays = 0;
    way.loss = {};
    way.pace = {};
    for (const std::uint32_t index : way.faults) {
        const Fault& fault = scenario_->faults[index];
        way.cuts += fault.kind == FaultKind::cut ? 1 : 0;
        way.clogs += fault.kind == FaultKind::clog ? 1 : 0;
        way.delays += fault.kind == FaultKind::delay ? 1 : 0;
        if (fault.kind == FaultKind::loss) {
            way.loss = either(way.loss, fault.probability);
        } else if (fault.kind == FaultKind::rate) {
            const Pace pace = Pace::of(fault.bandwidth);
            way.pace.fixed_ns_per_byte =
                std::max(way.pace.fixed_ns_per_byte, pace.fixed_ns_per_byte);
        }
    }
}

void World::reset_between(PathEnd from, PathEnd to) {
    for (ConnectionIndex i = 0; i < connections_.size(); ++i) {
        const Connection& conn = connections_[i];
        if (conn.state == Connection::State::open && path_end(conn.ends[0]) == from &&
            path_end(conn.ends[1]) == to) {
            drop_connection(i);
        }
    }
}

void World::undo_fault(std::uint32_t index) {
    const Fault& fault = scenario_->faults[index];
    const FaultState::Done done = faults_.done[index];
    for (const PathEnd target : done.targets) {
        if (is_network_fault(fault.kind)) {
            apply_to_paths(index, target, true);
            continue;
        }
        if (target < servers_.size()) {
            undo_on_server(index, target);
        }
    }
}

Path& World::path(PathEnd from, PathEnd to) {
    return faults_.paths[std::size_t{from} * faults_.path_ends + to];
}

PathEnd World::path_end(const End& end) const {
    return end.is_client ? static_cast<PathEnd>(servers_.size() + clients_[end.index].group)
                         : end.index;
}

Path* World::path_between(const End& from, const End& to) {
    const PathEnd near = path_end(from);
    const PathEnd far = path_end(to);
    return std::max(near, far) < faults_.path_ends ? &path(near, far) : nullptr;
}

}  // namespace sim
