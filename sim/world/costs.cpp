#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// What a step costs besides the work of its stage, and what others take of the cores.

/// Waking a thread costs the less, the shorter it has slept.
std::int64_t World::wake_cost(std::int64_t slept, std::uint64_t word) const {
    const CpuSpec& cpu = scenario_->cpu;
    const std::int64_t cost = cpu.wake_up.draw(word).ns;
    return slept >= cpu.deep_sleep.ns ? cost
                                      : std::min(cost, longest_item_ns) * (slept / 1'000) /
                                            (cpu.deep_sleep.ns / 1'000 + 1);
}

/// What the effects of the step being taken cost: a transaction made, replies written.
std::int64_t World::outcome_cost(zab::Stage stage, std::uint64_t word) const {
    std::int64_t cost = 0;
    if (stage != zab::Stage::request && stage != zab::Stage::commit) {
        return cost;
    }
    for (const zab::Effect& effect : effects_.list()) {
        const auto* note = std::get_if<zab::Note>(&effect);
        if (note != nullptr && note->kind == zab::NoteKind::propose) {
            cost += scenario_->cpu.propose.draw(next_word(word + 2)).ns;
        } else if (stage == zab::Stage::commit && std::holds_alternative<zab::Send>(effect)) {
            word = next_word(word + 1);
            cost += scenario_->cpu.reply.draw(word).ns;
        }
    }
    return cost;
}

std::int64_t World::soonest_core(const Host& host) {
    std::int64_t soonest = host.cores.front().free_at;
    for (const Core& core : host.cores) {
        soonest = std::min(soonest, core.free_at);
    }
    return soonest;
}

/// Somebody else's process on the same machine takes the core that is free first.
void World::occupy_core(HostIndex index, std::int64_t ns) {
    const auto machine = static_cast<HostIndex>(scenario_->hosts[index].cores_of.value_or(index));
    std::vector<Core>& cores = hosts_[machine].cores;
    const auto first = std::min_element(
        cores.begin(), cores.end(),
        [](const Core& left, const Core& right) { return left.free_at < right.free_at; });
    first->free_at = std::max(first->free_at, now_) + ns;
}

}  // namespace sim
