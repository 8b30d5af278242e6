#pragma once

#include "protocol/types/ensure.hpp"
#include "sim/world/world.hpp"

/// How a record is made. Inline for what happens to every message (see steps.hpp); everybody else
/// calls `emit`.
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

}  // namespace sim
