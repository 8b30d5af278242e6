#include "sim/trace/record_table.hpp"
#include "sim/world/message_facts.hpp"
#include "sim/world/record_kinds.hpp"
#include "sim/world/world.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sim {

// Faults that are placed by what happens: after or before a record, and messages held back.

namespace {

trace::KindSet kinds_named(const std::string& name) {
    for (const trace::Row& row : trace::rows()) {
        if (row.name == name) {
            return trace::kind_bit(row.kind);
        }
    }
    return 0;
}

using Sides = std::array<unsigned, 2>;

bool fits(const std::optional<zab::NodeId>& wanted, std::uint16_t found) {
    return !wanted.has_value() || wanted->value == found;
}

}  // namespace

void World::place_faults() {
    faults_.done.resize(scenario_->faults.size());
    for (std::uint32_t i = 0; i < scenario_->faults.size(); ++i) {
        const FaultPlace& place = scenario_->faults[i].place;
        if (place.kind == FaultPlace::Kind::at) {
            schedule(place.at.ns, EventKind::fault, i, 0);
        } else if (place.kind == FaultPlace::Kind::after) {
            faults_.after.push_back({.fault = i});
            faults_.watched |= kinds_named(place.pattern.record);
        } else {
            faults_.before.push_back({.fault = i});
            faults_.awaited |= kinds_named(place.pattern.record);
        }
    }
}

bool World::matches(const RecordPattern& pattern, const trace::Record& record) {
    if (trace::row(record.kind()).name != pattern.record ||
        !fits(pattern.node, record.node().value) || !fits(pattern.peer, record.peer()) ||
        (pattern.zxid.has_value() && *pattern.zxid != record.zxid())) {
        return false;
    }
    return pattern.message.empty() || (record.kind() == trace::Kind::receive &&
                                       trace::message_names()[record.detail()] == pattern.message);
}

/// Counts a match; true when it is the one the fault waits for.
bool World::is_due(FaultState::Watch& watch, const trace::Record& record) const {
    const RecordPattern& pattern = scenario_->faults[watch.fault].place.pattern;
    if (watch.done || !matches(pattern, record) || ++watch.seen < pattern.nth) {
        return false;
    }
    watch.done = true;
    return true;
}

/// Sees every record of a watched kind: the n-th match strikes once its step is complete.
void World::watch(const trace::Record& record, trace::RecordId id) {
    for (FaultState::Watch& watch : faults_.after) {
        if (!is_due(watch, record)) {
            continue;
        }
        const std::int64_t later = scenario_->faults[watch.fault].place.at.ns;
        if (later == 0) {
            faults_.due.push_back({watch.fault, id});
        } else {
            schedule(now_ + later, EventKind::fault, watch.fault, 0);
        }
    }
}

void World::strike_due() {
    while (!faults_.due.empty()) {
        const FaultState::Due due = faults_.due.front();
        faults_.due.erase(faults_.due.begin());
        strike(due.fault, due.record);
    }
}

/// Counts what is about to happen; the faults that wait for it are due before it.
void World::expect(const trace::Record::Fields& fields, std::vector<std::uint32_t>& due) {
    if ((faults_.awaited & trace::kind_bit(fields.kind)) == 0) {
        return;
    }
    const trace::Record record(fields);
    for (FaultState::Watch& watch : faults_.before) {
        if (is_due(watch, record)) {
            due.push_back(watch.fault);
        }
    }
}

/// Takes the step of a server, and looks at what it comes to before it is carried out: where one of
/// its records is what a fault waits for, the fault strikes first. True: the server is gone, and
/// with it what it was about to do.
bool World::struck_in_step(ServerIndex index, const zab::Input& input) {
    std::vector<std::uint32_t> due;
    const ServerNode& server = servers_[index];
    if (const auto* received = std::get_if<zab::Received>(&input)) {
        const End& other = connection(received->link).ends[1 - received->link.slot % 2];
        expect({.kind = trace::Kind::receive,
                .time = {now_},
                .node = server.id,
                .peer = other.is_client ? std::uint16_t{0} : servers_[other.index].id.value,
                .detail = static_cast<std::uint16_t>(received->message->index()),
                .a = facts_of(*received->message).zxid},
               due);
    }
    const FaultState::Led led{index, server.peer.leadership()};
    servers_[index].peer.step(input, {{server.clock.at(now_)}, {now_}}, effects_);
    for (const zab::Effect& effect : effects_.list()) {
        if (const auto* note = std::get_if<zab::Note>(&effect)) {
            expect({.kind = record_kind(note->kind),
                    .time = {now_},
                    .node = server.id,
                    .peer = note->peer.value,
                    .detail = note->detail,
                    .a = note->a},
                   due);
        } else if (const auto* append = std::get_if<zab::Append>(&effect)) {
            expect({.kind = trace::Kind::append,
                    .time = {now_},
                    .node = server.id,
                    .a = append->txn.zxid.value},
                   due);
        }
    }
    if (due.empty()) {
        return false;
    }
    // Who leads is asked as before the step; and a fault has effects of its own.
    faults_.led = led;
    zab::Effects effects = std::exchange(effects_, {});
    strike_all(due);
    effects_ = std::move(effects);
    faults_.led.reset();
    return !servers_[index].up;
}

void World::strike_all(const std::vector<std::uint32_t>& due) {
    for (const std::uint32_t fault : due) {
        strike(fault, no_record);
    }
    std::erase_if(faults_.before, [](const FaultState::Watch& watch) { return watch.done; });
}

/// Likewise for what a piece of work is about to make durable.
bool World::strikes_before_durable(const WorkOrder& order) {
    trace::Kind kind = trace::Kind::work;
    std::uint64_t zxid = 0;
    const ServerNode& server = servers_[order.server];
    if (order.work == zab::Work::sync_log) {
        kind = trace::Kind::synced;
        zxid = server.disk.image().log.last().zxid.value;
    } else if (order.work == zab::Work::write_accepted_epoch) {
        kind = trace::Kind::accepted_epoch;
    } else if (order.work == zab::Work::write_current_epoch) {
        kind = trace::Kind::current_epoch;
    } else if (order.work == zab::Work::truncate_log) {
        kind = trace::Kind::truncated;
        zxid = order.argument;
    } else if (order.work == zab::Work::write_snapshot) {
        kind = trace::Kind::snapshot_written;
        zxid = order.snapshot.position.zxid.value;
    }
    std::vector<std::uint32_t> due;
    expect({.kind = kind, .time = {now_}, .node = server.id, .a = zxid}, due);
    strike_all(due);
    return !servers_[order.server].up;
}

/// Whether the head of a pipe is to be held back. What comes behind it on its connection waits
/// too: the connection stays first in, first out.
bool World::is_held(const End& from, const End& to, const Flight& flight) {
    if (from.is_client || to.is_client || flight.what != Flight::What::message) {
        return false;
    }
    for (FaultState::Hold& hold : faults_.holds) {
        const RecordPattern& pattern = scenario_->faults[hold.fault].messages;
        const bool is_meant =
            fits(pattern.node, servers_[to.index].id.value) &&
            fits(pattern.peer, servers_[from.index].id.value) &&
            (!pattern.zxid.has_value() || pattern.zxid->value == facts_of(flight.message).zxid) &&
            (pattern.message.empty() ||
             trace::message_names()[flight.message.index()] == pattern.message);
        if (is_meant && !hold.over && ++hold.seen >= pattern.nth) {
            return true;
        }
    }
    return false;
}

/// Ends all holding for a receiver: what was held arrives now, or is lost with its connection.
void World::let_held_go(ServerIndex receiver, bool drops) {
    for (FaultState::Hold& hold : faults_.holds) {
        const auto& node = scenario_->faults[hold.fault].messages.node;
        hold.over = hold.over || !node.has_value() || *node == servers_[receiver].id;
    }
    for (ConnectionIndex i = 0; i < connections_.size(); ++i) {
        for (unsigned side = 0; side < 2; ++side) {
            Pipe& pipe = connections_[i].pipes[side];
            if (connections_[i].state != Connection::State::open || !pipe.held ||
                !(connections_[i].ends[1 - side] == End{false, receiver})) {
                continue;
            }
            pipe.held = false;
            pipe.stalled = false;
            if (drops) {
                pipe.flights.clear();
                drop_connection(i);
            } else {
                delay_all(pipe, now_);
                schedule_head(i, side);
            }
        }
    }
}

/// Both ends learn of a reset.
void World::drop_connection(ConnectionIndex index) {
    const std::uint32_t generation = connections_[index].generation;
    // A client lets go at once: the server must have been told.
    for (const unsigned side : connections_[index].ends[0].is_client ? Sides{1, 0} : Sides{0, 1}) {
        if (connections_[index].generation == generation && connections_[index].open[side]) {
            end_closed(index, side, zab::DownReason::reset, Origin{.since = now_});
        }
    }
}

/// Faults whose record never came are told at the end, so that nobody takes them for done.
void World::tell_skipped() {
    for (const auto* watches : {&faults_.after, &faults_.before}) {
        for (const FaultState::Watch& watch : *watches) {
            if (!watch.done) {
                emit(trace::Kind::fault_skipped, {}, {}, 0,
                     static_cast<std::uint16_t>(scenario_->faults[watch.fault].kind), watch.fault);
            }
        }
    }
}

}  // namespace sim
