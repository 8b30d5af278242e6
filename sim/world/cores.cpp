#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// Which thread runs on which core of a machine.

/// A free core, unless others have waited longer for it; but a thread that has more to do keeps its
/// own for a time slice.
bool World::take_core(StageRef ref, HostIndex index, Core*& core) {
    Host& host = hosts_[index];
    for (Core& candidate : host.cores) {
        if (candidate.free_at > now_) continue;
        const bool is_own = candidate.thread == ref;
        if (!host.waiting.empty() && !(is_own && is_in_slice(candidate))) continue;
        if (!is_own || candidate.free_at < now_) {
            candidate.thread = ref;
            candidate.slice_began = now_;
        }
        core = &candidate;
        return true;
    }
    return false;
}

bool World::is_in_slice(const Core& core) const {
    return now_ - core.slice_began <= scenario_->cpu.time_slice.ns;
}

/// Whether the thread that ran last has more to do at this very instant, and may.
bool World::goes_on(const Core& core) {
    const Stage& stage = stage_of(core.thread);
    return stage.scheduled && stage.look_due == now_ && core.free_at == now_ && is_in_slice(core);
}

void World::wait_for_core(StageRef ref, HostIndex index) {
    Host& host = hosts_[index];
    stage_of(ref).queued = true;
    host.waiting.push(ref);
    if (!host.core_event) {
        host.core_event = true;
        schedule(soonest_core(host), EventKind::core, index, 0);
    }
}

void World::serve_waiting(HostIndex index) {
    Host& host = hosts_[index];
    host.core_event = false;
    while (!host.waiting.empty()) {
        const auto free = std::find_if(host.cores.begin(), host.cores.end(),
                                       [this](Core& core) { return core.free_at <= now_; });
        if (free == host.cores.end()) {
            host.core_event = true;
            schedule(soonest_core(host), EventKind::core, index, 0);
            return;
        }
        if (goes_on(*free)) {
            stage_of(free->thread).scheduled = false;
        } else {
            free->thread = host.waiting.front();
            free->slice_began = now_;
            host.waiting.pop();
            stage_of(free->thread).queued = false;
        }
        run_stage(free->thread);
    }
}

std::int64_t World::soonest_core(const Host& host) {
    std::int64_t soonest = host.cores.front().free_at;
    for (const Core& core : host.cores) {
        soonest = std::min(soonest, core.free_at);
    }
    return soonest;
}

}  // namespace sim
