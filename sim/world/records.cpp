#include "sim/world/hot.hpp"

#include <algorithm>

namespace sim {

namespace {

using trace::Kind;

constexpr std::int64_t zero_ns = 0;

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

/// Time is charged when a use begins: what of it lies ahead is not past yet.
std::vector<ResourceUse> World::resource_uses() const {
    std::vector<ResourceUse> uses;
    const auto ahead = [this](std::int64_t until) { return std::max(until - now_, zero_ns); };
    const auto add = [&uses](const ServerNode& s, trace::Resource resource, std::uint16_t number,
                             std::int64_t busy_ns, std::uint64_t times) {
        uses.push_back({s.id, resource, number, std::max(busy_ns, zero_ns), times});
    };
    for (const ServerNode& s : servers_) {
        const auto index = server_by_id_[s.id.value];
        const Host& host = hosts_[s.host];
        const Host& machine = hosts_[s.cores];
        std::int64_t cores_ns = machine.core_busy_ns;
        for (const Core& core : machine.cores) {
            cores_ns -= ahead(core.free_at);
        }
        std::uint64_t items = 0;
        for (std::uint16_t i = 0; i < zab::shared_stage_count; ++i) {
            const Stage& stage =
                server_stages_[StageRef::of(index, static_cast<zab::Stage>(i)).value];
            items += stage.items;
            add(s, trace::Resource::stage, i, stage.busy_ns - ahead(stage.busy_until), stage.items);
        }
        add(s, trace::Resource::core, 0, cores_ns / static_cast<std::int64_t>(machine.cores.size()),
            items);
        add(s, trace::Resource::nic_out, 0, host.nic_busy_ns - ahead(host.nic_free_at),
            host.nic_uses);
        add(s, trace::Resource::disk, 0, s.disk.busy_ns - ahead(s.disk.free_at), s.disk.uses);
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
            use.busy_ns = std::max(use.busy_ns - warming_[i].busy_ns, zero_ns);
            use.times -= warming_[i].times;
        }
        emit(Kind::resource, use.server, {}, use.number, static_cast<std::uint16_t>(use.resource),
             static_cast<std::uint64_t>(use.busy_ns), static_cast<std::uint64_t>(now_ - begun),
             static_cast<std::uint32_t>(use.times));
    }
}

}  // namespace sim
