#include "sim/world/hot.hpp"

namespace sim {

namespace {

using trace::Kind;

}  // namespace

trace::RecordId World::emit(std::uint64_t head, const Origin& origin, std::uint64_t a,
                            std::uint64_t b, std::uint32_t c) {
    return put_record(head, origin, a, b, c);
}

trace::RecordId World::emit_after(trace::RecordId cause, std::uint64_t head, std::uint64_t a,
                                  std::uint64_t b, std::uint32_t c) {
    const std::uint64_t back = cause == no_record ? 0 : distance(recorder_.next_id(), cause);
    return add_record(trace::Record(
        {static_cast<std::uint64_t>(now_), head, back, 0, std::uint64_t{c} << 32, 0, a, b}));
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
