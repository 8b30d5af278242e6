#include "protocol/types/ensure.hpp"
#include "sim/world/record_kinds.hpp"
#include "sim/world/world.hpp"

namespace sim {

namespace {

using trace::Kind;

/// Requires: `earlier` is a record.
std::uint64_t distance(trace::RecordId id, trace::RecordId earlier) {
    zab::ensure(id - earlier - 1 < 0xffffffff,
                "what a record refers to lies less than 2^32 records back");
    return id - earlier;
}

}  // namespace

/// Words are made in registers and written once: a record in narrow fields would stall when it is
/// hashed (design spike).
trace::RecordId World::emit(std::uint64_t head, const Origin& origin, std::uint64_t a,
                            std::uint64_t b, std::uint32_t c) {
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

trace::RecordId World::emit_after(trace::RecordId cause, std::uint64_t head, std::uint64_t a,
                                  std::uint64_t b, std::uint32_t c) {
    const trace::RecordId id = recorder_.next_id();
    return add_record(trace::Record({static_cast<std::uint64_t>(now_), head,
                                     cause == no_record ? 0 : distance(id, cause), 0,
                                     std::uint64_t{c} << 32, 0, a, b}));
}

inline trace::RecordId World::add_record(const trace::Record& record) {
    const trace::RecordId id = recorder_.add(record);
    const trace::KindSet wanted = outlets_.wanted() | faults_.watched;
    if ((wanted & trace::kind_bit(record.kind())) != 0) {
        show(record, id);
    }
    return id;
}

void World::show(const trace::Record& record, trace::RecordId id) {
    if (outlets_.value != nullptr) {
        outlets_.value->publish(record, id);
    }
    if ((faults_.watched & trace::kind_bit(record.kind())) != 0) {
        watch(record, id);
    }
}

void World::emit_resources() {
    const auto report = [this](const ServerNode& s, trace::Resource resource, std::uint16_t number,
                               std::int64_t busy, std::uint64_t uses) {
        emit(Kind::resource, s.id, {}, number, static_cast<std::uint16_t>(resource),
             static_cast<std::uint64_t>(busy), static_cast<std::uint64_t>(now_),
             static_cast<std::uint32_t>(uses));
    };
    for (ServerIndex index = 0; index < servers_.size(); ++index) {
        const ServerNode& s = servers_[index];
        const Host& host = hosts_[s.host];
        const Host& machine = hosts_[s.cores];
        const auto cores = static_cast<std::int64_t>(machine.cores.size());
        std::uint64_t items = 0;
        for (std::uint16_t i = 0; i < zab::shared_stage_count; ++i) {
            const Stage& stage = stage_of(StageRef::of(index, static_cast<zab::Stage>(i)));
            items += stage.items;
            report(s, trace::Resource::stage, i, stage.busy_ns, stage.items);
        }
        report(s, trace::Resource::core, 0, machine.core_busy_ns / cores, items);
        report(s, trace::Resource::nic_out, 0, host.nic_busy_ns, host.nic_uses);
        report(s, trace::Resource::disk, 0, s.disk.busy_ns, s.disk.uses);
    }
}

}  // namespace sim
