#include "protocol/types/ensure.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// Threads and cores. An item begins when its stage is free, its time has come and a core is free;
// its step is taken at that moment, and its effects leave when its cpu time has passed.

namespace {

// A single item's cpu time is capped, so that a record can hold it.
constexpr std::int64_t longest_item_ns = 1'000'000'000;
// A learner's main thread has the place behind those of the stages.
constexpr std::size_t learner_cost = StageRef::per_server;

}  // namespace

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
    if (stage.scheduled || stage.queued || stage.is_blocked()) {
        return;
    }
    stage.scheduled = true;
    const std::uint32_t generation =
        ref.is_of_connection() ? connections_[ref.connection()].generation : 0;
    stage.look_due = std::max({now_, not_before, stage.busy_until});
    schedule(stage.look_due, EventKind::stage, ref.value, generation);
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
    while (run_next_item(ref)) {
        const Stage& stage = stage_of(ref);
        if (stage.queue.empty()) {
            return;
        }
        if (!is_free_to_go_on()) {
            look_at(ref, stage.queue.front().origin.since);
            return;
        }
    }
}

/// Where cpu time costs nothing, a thread that has begun works on until it has nothing to do: there
/// is no other instant at which it could. A fault that waits for a record strikes in between.
bool World::is_free_to_go_on() const { return cpu_is_free_ && faults_.due.empty(); }

/// False: the stage cannot take up an item now.
bool World::run_next_item(StageRef ref) {
    Stage& stage = stage_of(ref);
    if (stage.is_blocked() || stage.queue.empty()) {
        return false;
    }
    const ServerIndex index = server_of(ref);
    const ServerNode& server = servers_[index];
    if (!server.up || is_paused(server)) {
        return false;  // Looked at again when it resumes.
    }
    const Pending& head = stage.queue.front();
    const std::int64_t due = std::max(head.origin.since, stage.busy_until);
    if (due > now_) {
        look_at(ref, due);
        return false;
    }
    const bool pays =
        !cpu_is_free_ && (head.what == Pending::What::message || head.what == Pending::What::turn);
    Core* core = nullptr;
    if (pays && !take_core(server.cores, core)) {
        wait_for_core(ref, server.cores);
        return false;
    }
    if (head.what == Pending::What::turn && !ref.is_sender()) {
        run_turn(index, ref, stage, core);
    } else {
        const Pending pending = head;
        stage.queue.pop();
        run_item(ref, pending, core);
    }
    return true;
}

/// A stage performs the next item that was handed to it: by far the most frequent case.
inline void World::run_turn(ServerIndex server, StageRef ref, Stage& stage, Core* core) {
    Pending& turn = stage.queue.front();
    if (turn.origin.since < now_) {
        turn.origin.held_by = stage.last_record;
    }
    stage.queue.pop();  // Its place is filled anew by the step's effects at the earliest.
    const zab::Ran ran{ref.is_handler() ? zab::Stage::handler : ref.stage(), turn.link};
    take_step(server, ref, ran, turn.origin, core, true);
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
    const auto machine = static_cast<HostIndex>(scenario_->hosts[index].cores_of.value_or(index));
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
                read_message(ref, pending.link.slot / 2, pending.link.slot % 2, origin.held_by,
                             core);
            }
            return;
        case Pending::What::turn: run_sender(ref.connection(), core); return;
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

/// The head of a ring has arrived at a server: it is read at once if its reader is free.
void World::read_or_queue(ConnectionIndex index, unsigned reader) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[1 - reader];
    const StageRef ref = pipe.route.reader;
    const ServerNode& server = servers_[conn.ends[reader].index];
    Stage& stage = stage_of(ref);
    const bool is_free = stage.is_idle(now_) && server.up && !is_paused(server);
    Core* core = nullptr;
    if (is_free && (cpu_is_free_ || take_core(server.cores, core))) {
        read_message(ref, index, reader, no_record, core);
        Stage& after = stage_of(ref);
        if (!after.queue.empty()) {
            look_at(ref, after.queue.front().origin.since);
        }
        return;
    }
    Pending& pending = stage.queue.push_slot();
    pending = {};
    pending.what = Pending::What::message;
    pending.link = link_of(index, reader);
    pending.number = pipe.head_number;
    pending.origin.since = pipe.flights.front().origin.since;
    if (is_free) {
        wait_for_core(ref, server.cores);
    } else {
        sort_in(ref);
    }
}

/// The head of a connection's incoming ring is read, and all behind it that can be at once.
void World::read_message(StageRef ref, ConnectionIndex index, unsigned reader,
                         trace::RecordId held_by, Core* core) {
    const std::uint32_t generation = connections_[index].generation;
    const ServerIndex server = connections_[index].ends[reader].index;
    const unsigned sender = 1 - reader;
    for (bool goes_on = true; goes_on;) {
        Connection& conn = connections_[index];
        Pipe& pipe = conn.pipes[sender];
        conn.last_heard[reader] = now_;
        Flight& flight = pipe.flights.front();
        if (held_by != no_record && flight.origin.since < now_) {
            flight.origin.held_by = held_by;
        }
        const bool is_snap = zab::kind_of(flight.message) == zab::MessageKind::snap;
        const zab::Snapshot* snapshot =
            is_snap && !pipe.snapshots.empty() ? &pipe.snapshots.front() : nullptr;
        take_step(
            server, ref,
            zab::Received{{index * 2 + reader, generation}, conn.kind, &flight.message, snapshot},
            flight.origin, core, true);
        Connection& after = connections_[index];  // A step may dial: connections move.
        if (after.generation != generation) {
            return;
        }
        take_head(index, sender);
        goes_on =
            is_free_to_go_on() && servers_[server].up && can_read_on(after, reader, stage_of(ref));
    }
    const Pipe& pipe = connections_[index].pipes[sender];
    if (!pipe.flights.empty() && !pipe.stalled && !pipe.head_scheduled) {
        schedule_head(index, sender);
    }
}

/// Whether the next message of a connection lies there to be read, and nothing is in the way.
inline bool World::can_read_on(const Connection& conn, unsigned reader, const Stage& stage) const {
    const Pipe& pipe = conn.pipes[1 - reader];
    if (pipe.flights.empty() || pipe.stalled || is_troubled_) {
        return false;
    }
    const Flight& next = pipe.flights.front();
    return next.origin.since <= now_ && next.what == Flight::What::message && conn.open[reader] &&
           conn.reading == Connection::Reading::on && stage.is_idle(now_);
}

/// What an item of each stage costs, as far as the stage alone decides.
void World::set_item_costs() {
    const CpuSpec& cpu = scenario_->cpu;
    const auto set_at = [this](std::size_t place, const Distribution& distribution, bool per_byte) {
        const bool is_drawn = !distribution.is_constant() || !scenario_->cpu.wake_up.is_constant();
        item_costs_[place] = {&distribution, is_drawn, per_byte};
    };
    const auto set = [&set_at](zab::Stage stage, const Distribution& distribution, bool per_byte) {
        set_at(static_cast<std::size_t>(stage), distribution, per_byte);
    };
    set_at(learner_cost, cpu.learner, false);
    set(zab::Stage::main, cpu.election, false);
    set(zab::Stage::election, cpu.election, false);
    set(zab::Stage::io, cpu.io, true);
    set(zab::Stage::request, cpu.request, true);
    set(zab::Stage::sync, cpu.append, true);
    set(zab::Stage::commit, cpu.commit, false);
    set(zab::Stage::snapshot, cpu.handler, false);
    set(zab::Stage::handler, cpu.handler, false);
    has_outcome_costs_ = !(cpu.reply == Distribution{}) || !(cpu.propose == Distribution{});
    for (const zab::Stage stage : {zab::Stage::request, zab::Stage::commit}) {
        item_costs_[static_cast<std::size_t>(stage)].is_drawn |= has_outcome_costs_;
    }
}

/// The cpu time of a step, and with it when its effects leave. A stage is woken only by what finds
/// it asleep: waiting for a core is no sleep.
void World::pay(Step& step, const Stage& stage, std::int64_t since, std::uint64_t meaning,
                std::uint32_t bytes) {
    step.service = item_cost(step, meaning, bytes, since - stage.busy_until);
    step.ready = now_ + step.service;
}

/// Names a thread among its server's draws. A handler is known by its learner: connections are
/// numbered by chance.
std::uint64_t World::thread_of(StageRef ref) const {
    return ref.is_of_connection()
               ? StageRef::per_server +
                     servers_[connections_[ref.connection()].ends[0].index].id.value
               : static_cast<std::uint64_t>(ref.stage());
}

std::uint32_t World::item_cost(const Step& step, std::uint64_t meaning, std::uint32_t bytes,
                               std::int64_t slept) {
    const CpuSpec& cpu = scenario_->cpu;
    const ServerNode& server = servers_[step.server];
    const zab::Stage stage =
        step.stage.is_of_connection() ? zab::Stage::handler : step.stage.stage();
    const bool is_learner =
        stage == zab::Stage::main && server.peer.role() == zab::RoleKind::learning;
    const ItemCost& item = item_costs_[is_learner ? learner_cost : static_cast<std::size_t>(stage)];
    const std::uint64_t word =
        item.is_drawn ? draw(server.cpu_key, meaning, thread_of(step.stage)) : 0;
    std::int64_t cost = item.distribution->draw(word).ns;
    if (slept > 0) {
        cost += wake_cost(slept, next_word(word));
    }
    if (has_outcome_costs_) {
        cost += outcome_cost(stage, word);
    }
    if (item.per_byte && cpu.per_byte.nano != 0) {
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

void World::finish_item(Stage& stage, Core* core, const Step& step) {
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
