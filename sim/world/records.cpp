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

std::vector<ResourceUse> World::resource_uses() const {
    std::vector<ResourceUse> uses;
    for (const ServerNode& s : servers_) {
        const auto index = server_by_id_[s.id.value];
        const Host& host = hosts_[s.host];
        const Host& machine = hosts_[s.cores];
        const auto cores = static_cast<std::int64_t>(machine.cores.size());
        std::uint64_t items = 0;
        for (std::uint16_t i = 0; i < zab::shared_stage_count; ++i) {
            const Stage& stage =
                server_stages_[StageRef::of(index, static_cast<zab::Stage>(i)).value];
            items += stage.items;
            uses.push_back({s.id, trace::Resource::stage, i, stage.busy_ns, stage.items});
        }
        uses.push_back({s.id, trace::Resource::core, 0, machine.core_busy_ns / cores, items});
        uses.push_back({s.id, trace::Resource::nic_out, 0, host.nic_busy_ns, host.nic_uses});
        uses.push_back({s.id, trace::Resource::disk, 0, s.disk.busy_ns, s.disk.uses});
    }
    return uses;
}

/// Since the warm-up.
void World::emit_resources() {
    std::vector<ResourceUse> uses = resource_uses();
    const std::int64_t begun = warming_.empty() ? 0 : scenario_->warm_up.ns;
    for (std::size_t i = 0; i < uses.size(); ++i) {
        ResourceUse& use = uses[i];
        if (!warming_.empty()) {
            use.busy_ns -= warming_[i].busy_ns;
            use.times -= warming_[i].times;
        }
        emit(Kind::resource, use.server, {}, use.number, static_cast<std::uint16_t>(use.resource),
             static_cast<std::uint64_t>(use.busy_ns), static_cast<std::uint64_t>(now_ - begun),
             static_cast<std::uint32_t>(use.times));
    }
}

}  // namespace sim
