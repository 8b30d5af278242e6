#include "protocol/types/ensure.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// Threads and cores. An item begins when its stage is free, its time has come and a core is free;
// its step is taken at that moment, and its effects leave when its cpu time has passed.

namespace {

// A single item's cpu time is capped, so that a record can hold it.
constexpr std::int64_t longest_item_ns = 1'000'000'000;

}  // namespace

Stage& World::stage_of(StageRef ref) {
    if (ref.is_of_connection()) {
        Connection& conn = connections_[ref.connection()];
        return ref.is_handler() ? conn.handler : conn.sender;
    }
    return servers_[ref.server()].stages[static_cast<std::size_t>(ref.stage())];
}

ServerIndex World::server_of(StageRef ref) const {
    return ref.is_of_connection() ? connections_[ref.connection()].ends[1].index : ref.server();
}

void World::enqueue(StageRef ref, const Pending& pending) {
    stage_of(ref).queue.push(pending);
    sort_in(ref);
}

/// Puts the item queued last where it belongs. What another thread hands over at the end of its own
/// item is announced at its beginning: an item that is ready earlier, such as a timer, must not
/// wait behind it.
void World::sort_in(StageRef ref) {
    Stage& stage = stage_of(ref);
    std::size_t place = stage.queue.size() - 1;
    for (; place > 0; --place) {
        Pending& before = stage.queue[place - 1];
        if (before.origin.since <= stage.queue[place].origin.since) {
            return;
        }
        std::swap(before, stage.queue[place]);
    }
    const std::int64_t due = std::max(stage.queue.front().origin.since, stage.busy_until);
    stage.scheduled = stage.scheduled && stage.look_due <= std::max(due, now_);
    look_at(ref, due);
}

void World::look_at(StageRef ref, std::int64_t not_before) {
    Stage& stage = stage_of(ref);
    if (stage.scheduled || stage.queued || stage.blocked) {
        return;
    }
    stage.scheduled = true;
    const std::uint32_t generation =
        ref.is_of_connection() ? connections_[ref.connection()].generation : 0;
    const std::int64_t when = std::max({now_, not_before, stage.busy_until});
    stage.look_due = when;
    if (when == now_) {
        ready_.push({ref, generation});
    } else {
        schedule(when, EventKind::stage, ref.value, generation);
    }
}

void World::look(StageRef ref, std::uint32_t generation) {
    if (ref.is_of_connection() && connections_[ref.connection()].generation != generation) {
        return;
    }
    Stage& stage = stage_of(ref);
    if (!stage.scheduled || stage.look_due != now_) {
        return;
    }
    stage.scheduled = false;
    run_stage(ref);
}

void World::run_stage(StageRef ref) {
    Stage& stage = stage_of(ref);
    if (stage.blocked || stage.queue.empty()) {
        return;
    }
    const ServerNode& server = servers_[server_of(ref)];
    if (!server.up || is_paused(server)) {
        return;  // Looked at again when it resumes.
    }
    const Pending& head = stage.queue.front();
    const std::int64_t due = std::max(head.origin.since, stage.busy_until);
    if (due > now_) {
        look_at(ref, due);
        return;
    }
    const bool pays =
        !cpu_is_free_ && (head.what == Pending::What::message || head.what == Pending::What::turn);
    Core* core = nullptr;
    if (pays && !take_core(server.cores, core)) {
        wait_for_core(ref, server.cores);
        return;
    }
    const Pending pending = head;
    stage.queue.pop();
    run_item(ref, pending, core);
    Stage& after = stage_of(ref);
    if (!after.queue.empty()) {
        look_at(ref, after.queue.front().origin.since);
    }
}

bool World::take_core(HostIndex host, Core*& core) {
    for (Core& candidate : hosts_[host].cores) {
        if (candidate.free_at <= now_) {
            core = &candidate;
            return true;
        }
    }
    return false;
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

std::int64_t World::soonest_core(const Host& host) {
    std::int64_t soonest = host.cores.front().free_at;
    for (const Core& core : host.cores) {
        soonest = std::min(soonest, core.free_at);
    }
    return soonest;
}

/// Somebody else's process on the same machine takes the core that is free first.
void World::occupy_core(HostIndex index, std::int64_t ns) {
    const HostIndex machine =
        static_cast<HostIndex>(scenario_->hosts[index].cores_of.value_or(index));
    std::vector<Core>& cores = hosts_[machine].cores;
    const auto first = std::min_element(
        cores.begin(), cores.end(),
        [](const Core& left, const Core& right) { return left.free_at < right.free_at; });
    first->free_at = std::max(first->free_at, now_) + ns;
}

void World::serve_waiting(HostIndex index) {
    Host& host = hosts_[index];
    host.core_event = false;
    while (!host.waiting.empty()) {
        const std::int64_t soonest = soonest_core(host);
        if (soonest > now_) {
            host.core_event = true;
            schedule(soonest, EventKind::core, index, 0);
            return;
        }
        const StageRef ref = host.waiting.front();
        host.waiting.pop();
        stage_of(ref).queued = false;
        run_stage(ref);
    }
}

void World::run_item(StageRef ref, const Pending& pending, Core* core) {
    const ServerIndex server = server_of(ref);
    Origin origin = pending.origin;
    if (origin.since < now_ && stage_of(ref).last_record != no_record) {
        origin.held_by = stage_of(ref).last_record;
    }
    const auto reason = static_cast<zab::DownReason>(pending.small);
    switch (pending.what) {
        case Pending::What::message:
            if (is_live(pending.link) && has_head(pending)) {
                run_message(ref, pending.link, origin.held_by, core);
            }
            return;
        case Pending::What::turn: {
            if (ref.is_sender()) {
                run_sender(ref.connection(), core);
                return;
            }
            const zab::Stage stage = ref.is_handler() ? zab::Stage::handler : ref.stage();
            take_step(server, ref, zab::Ran{stage, pending.link}, origin, core, true);
            return;
        }
        case Pending::What::timer:
            if (servers_[server].timers[pending.small].generation != pending.number) {
                return;  // Set anew or cancelled while it waited for its thread.
            }
            take_step(server, ref, zab::TimerFired{static_cast<zab::TimerKind>(pending.small)},
                      origin, core, false);
            return;
        case Pending::What::link_up:
            if (is_live(pending.link)) {
                take_step(server, ref,
                          zab::LinkUp{pending.link, pending.kind, pending.peer, pending.flag},
                          origin, core, false);
            }
            return;
        case Pending::What::link_down:
            take_step(server, ref, zab::LinkDown{pending.link, pending.kind, reason, pending.peer},
                      origin, core, false);
            return;
        case Pending::What::dial_failed:
            take_step(server, ref, zab::DialFailed{pending.kind, pending.peer, reason}, origin,
                      core, false);
            return;
        case Pending::What::done: return;
    }
}

/// Whether the message that was queued to be read is still there to be read.
bool World::has_head(const Pending& pending) {
    const Pipe& pipe = connection(pending.link).pipes[1 - pending.link.slot % 2];
    return pipe.head_scheduled && pipe.head_number == pending.number && !pipe.flights.empty();
}

/// The head of a link's incoming ring is read.
void World::run_message(StageRef ref, zab::LinkId link, trace::RecordId held_by, Core* core) {
    Connection& conn = connection(link);
    const unsigned side = link.slot % 2;
    const unsigned from = 1 - side;
    Pipe& pipe = conn.pipes[from];
    conn.last_heard[side] = now_;
    const Flight& flight = pipe.flights.front();
    Origin arrived{.cause = flight.cause,
                   .held_by = flight.held_by,
                   .since = flight.arrival,
                   .wait = flight.wait,
                   .other = flight.wire,
                   .service = flight.service,
                   .cost = trace::Cost::wire};
    if (flight.arrival < now_ && held_by != no_record) {
        arrived.held_by = held_by;
    }
    const bool has_snapshot = zab::kind_of(flight.message) == zab::MessageKind::snap;
    const zab::Received received{
        link, conn.kind, &flight.message,
        has_snapshot && !pipe.snapshots.empty() ? &pipe.snapshots.front() : nullptr};
    const std::uint32_t generation = conn.generation;
    take_step(server_of(ref), ref, received, arrived, core, true);
    if (connections_[link.slot / 2].generation == generation) {
        pop_head(link.slot / 2, from);
    }
}

std::uint32_t World::item_cost(ServerIndex index, StageRef ref, std::uint64_t meaning,
                               std::uint32_t bytes, std::int64_t slept) {
    const CpuSpec& cpu = scenario_->cpu;
    const ServerNode& server = servers_[index];
    const Distribution* item = &cpu.handler;
    bool per_byte = false;
    if (!ref.is_handler()) {
        switch (ref.stage()) {
            case zab::Stage::main:
                item = server.peer.role() == zab::RoleKind::learning ? &cpu.learner : &cpu.election;
                break;
            case zab::Stage::election: item = &cpu.election; break;
            case zab::Stage::io:
                item = &cpu.io;
                per_byte = true;
                break;
            case zab::Stage::request:
                item = &cpu.request;
                per_byte = true;
                break;
            case zab::Stage::sync:
                item = &cpu.append;
                per_byte = true;
                break;
            case zab::Stage::commit: item = &cpu.commit; break;
            case zab::Stage::snapshot:
            case zab::Stage::handler: break;
        }
    }
    const std::uint64_t word = draw(server.cpu_key, meaning, ref.value & 7);
    std::int64_t cost = item->draw(word).ns;
    if (slept > 0) {
        cost += wake_cost(slept, next_word(word));
    }
    if (!ref.is_handler()) {
        cost += outcome_cost(ref.stage(), word);
    }
    if (per_byte && cpu.per_byte.nano != 0) {
        cost += std::int64_t{bytes} * cpu.per_byte.nano / Factor::one_nano;
    }
    if (server.slow_factor_nano != Factor::one_nano) {
        cost = std::min(cost, longest_item_ns) / 1000 * (server.slow_factor_nano / 1'000'000);
    }
    return static_cast<std::uint32_t>(std::min(cost, longest_item_ns));
}

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

void World::finish_item(StageRef ref, Core* core, const Step& step) {
    Stage& stage = stage_of(ref);
    stage.last_record = step.record;
    ++stage.items;
    if (step.service == 0) {
        return;
    }
    stage.busy_until = step.ready;
    stage.busy_ns += step.service;
    if (core != nullptr) {
        core->free_at = step.ready;
        core->last_record = step.record;
        hosts_[servers_[step.server].cores].core_busy_ns += step.service;
    }
}

}  // namespace sim
