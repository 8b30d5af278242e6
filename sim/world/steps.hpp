#pragma once

#include "sim/world/message_facts.hpp"
#include "sim/world/record_kinds.hpp"
#include "sim/world/world.hpp"

#include <span>
#include <type_traits>

/// A server's step: its input, its record, its effects. Inline, because it is taken for all that
/// happens to a server.
namespace sim {

constexpr std::uint64_t meaning_step = 0x9e3779b97f4a7c15;

inline std::uint64_t note_head(zab::NodeId node, const zab::Note& note) {
    return trace::Record::head(record_kind(note.kind), node, note.peer.value, note.detail);
}

[[gnu::always_inline]] inline World::Told World::tell(ServerNode& server,
                                                      const zab::Received& received,
                                                      const Origin& origin) {
    const zab::Message& message = *received.message;
    const MessageFacts facts = facts_of(message);
    const End& other = connections_[received.link.slot / 2].ends[1 - received.link.slot % 2];
    const std::uint16_t peer = other.is_client ? 0 : servers_[other.index].id.value;
    const auto kind = static_cast<std::uint16_t>(message.index());
    return {.record = emit(trace::Kind::receive, server.id, origin, peer, kind, facts.zxid,
                           facts.value, facts.payload_bytes),
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
        return {.record = emit(note_head(server.id, *note), origin, note->a, note->b, note->c),
                .meaning = note->a + note->b * meaning_step + note->c,
                .bytes = note->kind == zab::NoteKind::propose ? note->c : 0,
                .effects = 1};
    }
    if (const auto* append = std::get_if<zab::Append>(&effects.front())) {
        const zab::Txn& txn = append->txn;
        append_to_log(server, txn);
        return {.record = emit(trace::Kind::append, server.id, origin, 0, 0, txn.zxid.value,
                               server.disk.image().log.last().prefix),
                .meaning = txn.zxid.value,
                .bytes = txn.bytes,
                .effects = 1};
    }
    return {.record = record_other(server, what, origin)};
}

/// `what` is one of the kinds of Input.
template <class What>
[[gnu::always_inline]] inline void World::take_step(ServerIndex index, StageRef ref,
                                                    const What& what, const Origin& origin,
                                                    Core* core, bool pays) {
    ServerNode& server = servers_[index];
    Step step{.server = index, .stage = ref, .ready = now_};
    Told told;
    if constexpr (std::is_same_v<What, zab::Done>) {
        told.record = record_done(server, what, origin);  // Durable whatever happens next.
    }
    if (!faults_.before.empty() && strikes_before(index, what)) {
        return;
    }
    effects_.clear();
    server.peer.step(what, {{now_}, {now_}}, effects_);
    if constexpr (!std::is_same_v<What, zab::Done>) {
        told = tell(server, what, origin);
    }
    step.record = told.record;
    carry_out(step, told, origin.since, core, pays);
}

}  // namespace sim
