#pragma once

#include "sim/coverage/tuple_set.hpp"
#include "sim/world/hot.hpp"
#include "sim/world/message_facts.hpp"
#include "sim/world/record_kinds.hpp"

#include <span>
#include <type_traits>

/// A server's step: its input, its record, its effects. Inline for the two inputs that make up a
/// run, messages and turns; for all others there is `take_rare_step`.
namespace sim {

constexpr std::uint64_t meaning_step = 0x9e3779b97f4a7c15;

inline std::uint64_t note_head(zab::NodeId node, const zab::Note& note) {
    return trace::Record::head(record_kind(note.kind), node, note.peer.value, note.detail);
}

inline std::uint64_t append_head(zab::NodeId node, const zab::Txn& txn) {
    return trace::Record::head(trace::Kind::append, node, 0,
                               static_cast<std::uint16_t>(write_of(txn)));
}

/// What a step that is told by nothing of this is about: the first thing that it says or logs.
inline std::uint64_t meaning_of(std::span<const zab::Effect> effects) {
    for (const zab::Effect& effect : effects) {
        if (const auto* note = std::get_if<zab::Note>(&effect)) {
            return note->a + note->b * meaning_step + note->c;
        }
        if (const auto* append = std::get_if<zab::Append>(&effect)) {
            return append->txn.zxid.value;
        }
    }
    return 0;
}

/// What the peer is told of a step's reason.
inline const zab::Received& input_of(const Arrived& arrived) { return arrived.input; }
inline const zab::Ran& input_of(const zab::Ran& ran) { return ran; }
inline const zab::Input& input_of(const zab::Input& input) { return input; }

[[gnu::always_inline]] inline World::Told World::tell(ServerNode& server, const Arrived& arrived,
                                                      const Origin& origin) {
    const zab::Message& message = *arrived.input.message;
    const MessageFacts facts = facts_of(message);
    const auto kind = static_cast<std::uint16_t>(message.index());
    const auto head = trace::Record::head(trace::Kind::receive, server.id, arrived.peer, kind);
    return {.record = put_record(head, origin, facts.zxid, facts.value, facts.payload_bytes),
            .meaning = facts.zxid + facts.value * meaning_step + kind,
            .bytes = facts.payload_bytes};
}

/// A step that no message leads to is told by the first thing that it does.
template <class What>
[[gnu::always_inline]] inline World::Told World::tell(ServerNode& server, const What& what,
                                                      const Origin& origin) {
    const std::span<const zab::Effect> effects = effects_.list();
    if (effects.empty()) {
        return {.record = record_other(server, what, origin)};
    }
    if (const auto* note = std::get_if<zab::Note>(&effects.front())) {
        return {
            .record = put_record(note_head(server.id, *note), origin, note->a, note->b, note->c),
            .meaning = note->a + note->b * meaning_step + note->c,
            .bytes = note->kind == zab::NoteKind::propose ? note->c : 0,
            .effects = 1};
    }
    if (const auto* append = std::get_if<zab::Append>(&effects.front())) {
        const zab::Txn& txn = append->txn;
        append_to_log(server, txn);
        return {.record = put_record(append_head(server.id, txn), origin, txn.zxid.value,
                                     server.disk.image().log.last().prefix, path_written(txn)),
                .meaning = txn.zxid.value,
                .bytes = txn.bytes,
                .effects = 1};
    }
    return {.record = record_other(server, what, origin), .meaning = meaning_of(effects)};
}

[[gnu::always_inline]] inline void World::finish_item(Stage& stage, Core* core, const Step& step) {
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

[[gnu::always_inline]] inline void World::hand(const Step& step, const zab::Hand& hand) {
    StageRef ref = StageRef::of(step.server, hand.stage);
    if (hand.stage == zab::Stage::handler) {
        if (!is_live(hand.link)) {
            return;
        }
        ref = StageRef::handler(hand.link.slot / 2);
    }
    Stage& stage = stage_of(ref);
    Pending& turn = hand.goes_first ? stage.queue.push_front_slot() : stage.queue.push_slot();
    turn.what = Pending::What::turn;
    turn.link = hand.link;
    turn.origin.cause = step.record;
    turn.origin.since = step.ready;
    turn.origin.wait = turn.origin.other = 0;
    turn.origin.service = step.service;
    if (stage.queue.size() == 1) {
        plan_look(ref, stage, step.ready);
    }
}

/// Carries a step's effects out, in their order, from the one at `first` on.
[[gnu::always_inline]] inline void World::interpret(Step& step, std::size_t first) {
    const std::span<const zab::Effect> list = effects_.list();
    for (std::size_t i = first; i < list.size(); ++i) {
        const zab::Effect& effect = list[i];
        if (const auto* send = std::get_if<zab::Send>(&effect)) {
            if (transmit(send->link, send->message, step.record, step.ready, step.service)) {
                write_waits(step, send->link);
            }
        } else if (const auto* item = std::get_if<zab::Hand>(&effect)) {
            hand(step, *item);
        } else if (const auto* note = std::get_if<zab::Note>(&effect)) {
            const ServerNode& server = servers_[step.server];
            // How long a snapshot is, the server does not know: it is what has just gone out.
            const std::uint32_t c = note->kind == zab::NoteKind::snapshot_sent
                                        ? snapshot_message_bytes(server)
                                        : note->c;
            emit_after(step.record, note_head(server.id, *note), note->a, note->b, c);
        } else if (const auto* append = std::get_if<zab::Append>(&effect)) {
            ServerNode& server = servers_[step.server];
            append_to_log(server, append->txn);
            emit_after(step.record, append_head(server.id, append->txn), append->txn.zxid.value,
                       server.disk.image().log.last().prefix, path_written(append->txn));
        } else if (!perform(step, effect)) {
            return;
        }
    }
}

/// What follows from a step once it is told: its cpu time, then its effects.
[[gnu::always_inline]] inline void World::carry_out(Step& step, const Told& told,
                                                    std::int64_t since, Core* core, bool pays) {
    Stage& stage = stage_of(step.stage);
    if (pays && !cpu_is_free_) {
        pay(step, stage, since, told.meaning, told.bytes);
    }
    finish_item(stage, core, step);
    interpret(step, told.effects);
}

/// `what` is an Input, or one of the two kinds of it that make up a run.
template <class What>
[[gnu::always_inline]] inline void World::take_step(ServerIndex server, StageRef ref,
                                                    const What& what, const Origin& origin,
                                                    Core* core, bool pays) {
    ServerNode& node = servers_[server];
    Step step{.server = server, .stage = ref, .ready = now_};
    Told told;
    const zab::Done* done = nullptr;
    if constexpr (std::is_same_v<What, zab::Input>) {
        done = std::get_if<zab::Done>(&what);
    }
    if (done != nullptr) {
        told.record = record_done(node, *done, origin);  // Durable whatever happens next.
    }
    if (outlets_.tuples != nullptr) [[unlikely]] {
        outlets_.tuples->add(node.peer.zookeeper(), input_of(what));
    }
    effects_.clear();
    if (faults_.before.empty()) [[likely]] {
        node.peer.step(input_of(what), {{node.clock.at(now_)}, {now_}}, effects_);
    } else if (struck_in_step(server, input_of(what))) {
        return;
    }
    if (done == nullptr) {
        told = tell(node, what, origin);
    }
    step.record = told.record;
    carry_out(step, told, origin.since, core, pays);
}

}  // namespace sim
