#pragma once

#include "protocol/types/ensure.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

/// What is done for every message and turn, inline. Who does it seldom calls the function of the
/// plain name that does the same, where there is one: emit, schedule, schedule_head, look_at.
namespace sim {

/// Requires: `earlier` is a record.
inline std::uint64_t distance(trace::RecordId id, trace::RecordId earlier) {
    zab::ensure(id - earlier - 1 < 0xffffffff,
                "what a record refers to lies less than 2^32 records back");
    return id - earlier;
}

[[gnu::always_inline]] inline trace::RecordId World::add_record(const trace::Record& record) {
    const trace::RecordId id = recorder_.add(record);
    const trace::KindSet wanted = outlets_.wanted() | faults_.watched;
    if ((wanted & trace::kind_bit(record.kind())) != 0) {
        show(record, id);
    }
    return id;
}

inline void World::take_head(ConnectionIndex index, Connection& conn, unsigned side) {
    Pipe& pipe = conn.pipes[side];
    if (pipe.flights.empty()) {
        return;
    }
    pipe.drop_head();
    if (pipe.writers != 0 && pipe.unread <= send_buffer_) {
        make_room(index, side);
    }
}

/// What kept an item of a thread waiting last: the thread's own last item, or whatever had the core
/// that it got at last.
inline void set_holder(Origin& origin, const Stage& stage, const Core* core) {
    const bool is_of_core =
        core != nullptr && core->free_at > stage.busy_until && core->last_record != no_record &&
        (stage.last_record == no_record || core->last_record > stage.last_record);
    const trace::RecordId holder = is_of_core ? core->last_record : stage.last_record;
    if (holder != no_record) {
        origin.held_by = holder;
    }
}

/// Words are made in registers and written once: a record in narrow fields would stall when it is
/// hashed (design spike).
[[gnu::always_inline]] inline trace::RecordId World::put_record(std::uint64_t head,
                                                                const Origin& origin,
                                                                std::uint64_t a, std::uint64_t b,
                                                                std::uint32_t c) {
    const trace::RecordId id = recorder_.next_id();
    std::uint64_t references = 0;
    std::uint64_t wait = 0;
    std::uint64_t other = 0;
    std::uint64_t service = 0;
    if (origin.cause != no_record) {
        wait = static_cast<std::uint64_t>(origin.wait + (now_ - origin.since));
        other = static_cast<std::uint64_t>(origin.other);
        service = origin.service;
        references = distance(id, origin.cause);
        if (wait != 0 && origin.held_by != no_record) {
            references |= distance(id, origin.held_by) << 32;
        }
        if (other != 0) {
            head |= static_cast<std::uint64_t>(origin.cost) << trace::Record::cost_shift;
        }
    }
    return add_record(trace::Record({static_cast<std::uint64_t>(now_), head, references, wait,
                                     service | (std::uint64_t{c} << 32), other, a, b}));
}

/// What happens in this very instant goes before all that was put there earlier.
[[gnu::always_inline]] inline void World::put_event(std::int64_t time, EventKind kind,
                                                    std::uint32_t entity, std::uint64_t argument) {
    const std::uint64_t what = static_cast<std::uint64_t>(kind) | (std::uint64_t{entity} << 8);
    if (time == now_) {
        Ready& ready = ready_.push_slot();
        ready.what = what;
        ready.argument = argument;
    } else {
        queue_.push({time}, what, argument);
    }
}

[[gnu::always_inline]] inline void World::put_head(ConnectionIndex index, Connection& conn,
                                                   unsigned side) {
    Pipe& pipe = conn.pipes[side];
    pipe.head_scheduled = true;
    std::int64_t when = std::max(pipe.flights.front().origin.since, now_);
    if (pipe.route.reads_nothing_else) {
        // There is no use in looking before its reader is free.
        when = std::max(when, stage_of(pipe.route.reader).busy_until);
    }
    ++pipe.head_number;
    put_event(when, EventKind::pipe_head, index * 2 + side,
              pipe.head_number | (std::uint64_t{conn.generation} << 32));
}

[[gnu::always_inline]] inline void World::plan_look(StageRef ref, Stage& stage,
                                                    std::int64_t not_before) {
    if (stage.scheduled || stage.queued || stage.is_blocked()) {
        return;
    }
    stage.scheduled = true;
    const std::uint32_t generation =
        ref.is_of_connection() ? connections_[ref.connection()].generation : 0;
    stage.look_due = std::max({now_, not_before, stage.busy_until});
    put_event(stage.look_due, EventKind::stage, ref.value, generation);
}

}  // namespace sim
