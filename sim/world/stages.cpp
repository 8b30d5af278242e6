#include "sim/world/steps.hpp"

#include <algorithm>

namespace sim {

// Threads. An item begins when its stage is free, its time has come and a core is free;
// its step is taken at that moment, and its effects leave when its cpu time has passed.

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
    plan_look(ref, stage_of(ref), not_before);
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
        Stage& stage = stage_of(ref);
        if (stage.queue.empty()) {
            return;
        }
        if (!is_free_to_go_on()) {
            plan_look(ref, stage, stage.queue.front().origin.since);
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
    if (pays && !take_core(ref, server.cores, core)) {
        wait_for_core(ref, server.cores);
        return false;
    }
    if (head.what != Pending::What::turn) {
        const Pending pending = head;
        stage.queue.pop();
        run_item(ref, pending, core);
    } else if (ref.is_sender()) {
        stage.queue.pop();
        run_sender(ref.connection(), core);
    } else {
        run_turn(index, ref, stage, core);
    }
    return true;
}

/// A stage performs the next item that was handed to it: by far the most frequent case.
inline void World::run_turn(ServerIndex server, StageRef ref, Stage& stage, Core* core) {
    Pending& turn = stage.queue.front();
    if (turn.origin.since < now_) {
        turn.origin.held_by = no_record;
        set_holder(turn.origin, stage, core);
    }
    stage.queue.pop();  // Its place is filled anew by the step's effects at the earliest.
    const zab::Ran ran{ref.is_handler() ? zab::Stage::handler : ref.stage(), turn.link};
    take_step(server, ref, ran, turn.origin, core, true);
}

void World::run_item(StageRef ref, const Pending& pending, Core* core) {
    const ServerIndex server = server_of(ref);
    Origin origin = pending.origin;
    if (origin.since < now_) {
        set_holder(origin, stage_of(ref), core);
    }
    const auto reason = static_cast<zab::DownReason>(pending.small);
    switch (pending.what) {
        case Pending::What::message:
            if (is_live(pending.link) && has_head(pending)) {
                read_message(ref, pending.link.slot / 2, pending.link.slot % 2, core);
            }
            return;
        case Pending::What::timer:
            if (servers_[server].timers[pending.small].generation != pending.number) {
                return;  // Set anew or cancelled while it waited for its thread.
            }
            take_rare_step(server, ref, zab::TimerFired{static_cast<zab::TimerKind>(pending.small)},
                           origin);
            return;
        case Pending::What::link_up:
            if (is_live(pending.link)) {
                take_rare_step(server, ref,
                               zab::LinkUp{pending.link, pending.kind, pending.peer, pending.flag},
                               origin);
            } else if (!pending.flag) {
                // Gone before its dialler, paused perhaps, came to hear of it: it was not reached.
                take_rare_step(server, ref,
                               zab::DialFailed{pending.kind, pending.peer, zab::DownReason::reset},
                               origin);
            }
            return;
        case Pending::What::link_down:
            take_rare_step(server, ref,
                           zab::LinkDown{pending.link, pending.kind, reason, pending.peer}, origin);
            return;
        case Pending::What::dial_failed:
            take_rare_step(server, ref, zab::DialFailed{pending.kind, pending.peer, reason},
                           origin);
            return;
        case Pending::What::turn: return;  // Not here: run_turn.
    }
}

/// Whether the message that was queued to be read is still there to be read.
bool World::has_head(const Pending& pending) {
    const Pipe& pipe = connection(pending.link).pipes[1 - pending.link.slot % 2];
    return pipe.head_scheduled && pipe.head_number == pending.number && !pipe.flights.empty();
}

}  // namespace sim
