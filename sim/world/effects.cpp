#include "protocol/types/ensure.hpp"
#include "sim/world/record_kinds.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// A server's step: its input, its record, its effects.

namespace {

using trace::Kind;

std::uint32_t payload_of(const zab::Message& message) {
    switch (zab::kind_of(message)) {
        case zab::MessageKind::proposal: return std::get<zab::Proposal>(message).txn.bytes;
        case zab::MessageKind::inform: return std::get<zab::Inform>(message).txn.bytes;
        case zab::MessageKind::forward: return std::get<zab::Forward>(message).request.bytes;
        case zab::MessageKind::client_request:
            return std::get<zab::ClientRequest>(message).request.bytes;
        default: return 0;
    }
}

}  // namespace

std::uint64_t World::zxid_of(const zab::Message& message) {
    switch (zab::kind_of(message)) {
        case zab::MessageKind::notification: return std::get<zab::Notification>(message).zxid.value;
        case zab::MessageKind::ack_epoch: return std::get<zab::AckEpoch>(message).last_zxid.value;
        case zab::MessageKind::diff: return std::get<zab::Diff>(message).zxid.value;
        case zab::MessageKind::trunc: return std::get<zab::Trunc>(message).zxid.value;
        case zab::MessageKind::snap: return std::get<zab::Snap>(message).zxid.value;
        case zab::MessageKind::leader_info:
            return zab::Zxid::of(std::get<zab::LeaderInfo>(message).epoch, 0).value;
        case zab::MessageKind::new_leader:
            return zab::Zxid::of(std::get<zab::NewLeader>(message).epoch, 0).value;
        case zab::MessageKind::ack: return std::get<zab::Ack>(message).zxid.value;
        case zab::MessageKind::proposal: return std::get<zab::Proposal>(message).txn.zxid.value;
        case zab::MessageKind::commit: return std::get<zab::Commit>(message).zxid.value;
        case zab::MessageKind::inform: return std::get<zab::Inform>(message).txn.zxid.value;
        default: return 0;
    }
}

namespace {

std::uint64_t value_of(const zab::Message& message) {
    switch (zab::kind_of(message)) {
        case zab::MessageKind::notification: {
            const auto& n = std::get<zab::Notification>(message);
            return (n.round << 16) | n.leader.value;
        }
        case zab::MessageKind::forward: {
            const zab::Request& request = std::get<zab::Forward>(message).request;
            return (std::uint64_t{request.client} << 32) | request.cxid;
        }
        case zab::MessageKind::client_request: {
            const zab::Request& request = std::get<zab::ClientRequest>(message).request;
            return (std::uint64_t{request.client} << 32) | request.cxid;
        }
        case zab::MessageKind::connect: return std::get<zab::Connect>(message).client;
        case zab::MessageKind::ping: return std::get<zab::Ping>(message).number;
        case zab::MessageKind::ping_reply: return std::get<zab::PingReply>(message).number;
        default: return 0;
    }
}

constexpr std::uint16_t turn_detail = 16;  // work records of turns: 16 + stage.

}  // namespace

void World::take_step(ServerIndex index, StageRef ref, const zab::Input& input,
                      const Origin& origin, Core* core, bool pays) {
    ServerNode& server = servers_[index];
    Step step{.server = index, .stage = ref, .ready = now_};
    const auto* done = std::get_if<zab::Done>(&input);
    if (done != nullptr) {
        step.record = record_done(server, *done, origin);  // Durable whatever happens next.
    }
    if (!faults_.before.empty() && strikes_before(index, input)) {
        return;
    }
    effects_.clear();
    const zab::Moment moment{{now_}, {now_}};
    server.peer.step(input, moment, effects_);
    std::size_t first = 0;
    std::uint64_t meaning = 0;
    std::uint32_t bytes = 0;
    const auto& list = effects_.list();
    if (const auto* received = std::get_if<zab::Received>(&input)) {
        const zab::Message& message = *received->message;
        const Connection& conn = connection(received->link);
        const End& other = conn.ends[1 - received->link.slot % 2];
        const std::uint16_t peer = other.is_client ? 0 : servers_[other.index].id.value;
        bytes = payload_of(message);
        const std::uint64_t zxid = zxid_of(message);
        const std::uint64_t value = value_of(message);
        meaning = zxid + value * 0x9e3779b97f4a7c15u + message.index();
        step.record = emit(Kind::receive, server.id, origin, peer,
                           static_cast<std::uint16_t>(message.index()), zxid, value, bytes);
    } else if (done != nullptr) {
        // Its record is there.
    } else if (!list.empty() && std::holds_alternative<zab::Note>(list.front())) {
        const auto& note = std::get<zab::Note>(list.front());
        step.record = emit_note(step, note, &origin);
        meaning = note.a + note.b * 0x9e3779b97f4a7c15u + note.c;
        bytes = note.kind == zab::NoteKind::propose ? note.c : 0;
        first = 1;
    } else if (!list.empty() && std::holds_alternative<zab::Append>(list.front())) {
        const zab::Txn& txn = std::get<zab::Append>(list.front()).txn;
        server.disk.append(txn);
        meaning = txn.zxid.value;
        bytes = txn.bytes;
        step.record = emit(Kind::append, server.id, origin, 0, 0, txn.zxid.value,
                           server.disk.image().log.last().prefix);
        first = 1;
    } else {
        step.record = record_other(server, input, origin);
    }
    if (pays && !cpu_is_free_) {
        // It is woken only by what finds it asleep: waiting for a core is no sleep.
        const std::int64_t slept = origin.since - stage_of(ref).busy_until;
        step.service = item_cost(index, ref, meaning, bytes, slept);
        step.ready = now_ + step.service;
    }
    finish_item(ref, core, step);
    interpret(step, first);
}

trace::RecordId World::record_done(ServerNode& server, const zab::Done& done,
                                   const Origin& origin) {
    if (done.failed) {
        return emit(Kind::work, server.id, origin, 0, static_cast<std::uint16_t>(done.work));
    }
    const trace::Record::Fields told = work_record(done.work, server.disk, done_count_);
    const trace::RecordId id =
        emit(told.kind, server.id, origin, 0, told.detail, told.a, told.b, told.c);
    if (told.kind == Kind::snapshot_written && told.c == 1) {
        // The log goes on behind this snapshot: what it held beyond or besides is gone.
        emit_after(id, Kind::truncated, server.id, 0, 0, told.a, told.b, 0);
    }
    return id;
}

trace::RecordId World::record_other(const ServerNode& server, const zab::Input& input,
                                    const Origin& origin) {
    if (const auto* fired = std::get_if<zab::TimerFired>(&input)) {
        return emit(Kind::timer, server.id, origin, 0, static_cast<std::uint16_t>(fired->timer));
    }
    if (const auto* up = std::get_if<zab::LinkUp>(&input)) {
        return emit(Kind::link_up, server.id, origin, up->peer.value,
                    static_cast<std::uint16_t>(up->kind));
    }
    if (const auto* down = std::get_if<zab::LinkDown>(&input)) {
        return emit(Kind::link_down, server.id, origin, down->peer.value,
                    static_cast<std::uint16_t>(down->reason));
    }
    if (const auto* failed = std::get_if<zab::DialFailed>(&input)) {
        return emit(Kind::dial_failed, server.id, origin, failed->peer.value,
                    static_cast<std::uint16_t>(failed->reason));
    }
    std::uint16_t detail = turn_detail;
    if (const auto* ran = std::get_if<zab::Ran>(&input)) {
        detail = static_cast<std::uint16_t>(turn_detail + static_cast<unsigned>(ran->stage));
    }
    return emit(Kind::work, server.id, origin, 0, detail);
}

/// Carries a step's effects out, in their order, from the one at `first` on.
void World::interpret(const Step& step, std::size_t first) {
    const auto& list = effects_.list();
    for (std::size_t i = first; i < list.size(); ++i) {
        const zab::Effect& effect = list[i];
        switch (effect.index()) {
            case 0: emit_note(step, *std::get_if<0>(&effect), nullptr); break;
            case 1: {
                const zab::Send& send = *std::get_if<1>(&effect);
                transmit(send.link, send.message, step.record, step.service, step.ready);
                break;
            }
            case 2: send_snapshot(step, *std::get_if<2>(&effect)); break;
            case 3: hand(step, *std::get_if<3>(&effect)); break;
            case 4: clear_turns(StageRef::of(step.server, std::get_if<4>(&effect)->stage)); break;
            case 5: set_timer(step, *std::get_if<5>(&effect)); break;
            case 6: cancel_timer(step, *std::get_if<6>(&effect)); break;
            case 7: perform(step, *std::get_if<7>(&effect)); break;
            case 8:
                close_link(std::get_if<8>(&effect)->link, Flight::What::closed, step.record,
                           step.service, step.ready);
                break;
            case 9:
                set_read_timeout(std::get_if<9>(&effect)->link,
                                 std::get_if<9>(&effect)->timeout.ns);
                break;
            case 10: perform(step, *std::get_if<10>(&effect)); break;
            case 11: start_work(step, *std::get_if<11>(&effect)); break;
            case 12: perform(step, *std::get_if<12>(&effect)); break;
            case 13: perform(step, *std::get_if<13>(&effect)); return;
            case 14: perform(step, *std::get_if<14>(&effect)); return;
            default: zab::ensure(false, "every effect is interpreted");
        }
    }
    static_assert(std::variant_size_v<zab::Effect> == 15);
}

void World::perform(const Step& step, const zab::Dial& wish) {
    const ServerIndex target = server_by_id_[wish.peer.value];
    dial({false, step.server}, {false, target}, wish.kind, wish.timeout, step.record, step.service,
         step.ready);
}

void World::perform(const Step& step, const zab::Listen& wish) {
    servers_[step.server].listens[static_cast<std::size_t>(wish.kind)] = wish.open;
}

void World::perform(const Step& step, const zab::Append& append) {
    ServerNode& server = servers_[step.server];
    server.disk.append(append.txn);
    emit_after(step.record, Kind::append, server.id, 0, 0, append.txn.zxid.value,
               server.disk.image().log.last().prefix, 0);
}

void World::perform(const Step& step, const zab::Halt& halt) {
    stop_server(step.server, trace::StopReason::halted, halt.code, step.record);
}

void World::perform(const Step& step, const zab::RefuseToStart& refusal) {
    emit_after(step.record, Kind::refused_to_start, servers_[step.server].id, 0,
               static_cast<std::uint16_t>(refusal.reason), refusal.last_zxid.value, 0, 0);
    stop_server(step.server, trace::StopReason::halted, 1, step.record);
}

void World::cancel_timer(const Step& step, const zab::CancelTimer& wish) {
    ++servers_[step.server].timers[static_cast<std::size_t>(wish.timer)].generation;
}

void World::hand(const Step& step, const zab::Hand& hand) {
    Pending pending{.what = Pending::What::turn, .link = hand.link};
    pending.origin = {.cause = step.record, .since = step.ready, .service = step.service};
    if (hand.stage != zab::Stage::handler) {
        enqueue(StageRef::of(step.server, hand.stage), pending);
    } else if (is_live(hand.link)) {
        enqueue(StageRef::handler(hand.link.slot / 2), pending);
    }
}

/// The queue's thread is gone: what it had to do is dropped, but connections and timers are the
/// operating system's.
void World::clear_turns(StageRef ref) {
    Stage& stage = stage_of(ref);
    const std::size_t count = stage.queue.size();
    for (std::size_t i = 0; i < count; ++i) {
        const Pending pending = stage.queue.front();
        stage.queue.pop();
        if (pending.what != Pending::What::turn) {
            stage.queue.push(pending);
        }
    }
}

void World::set_timer(const Step& step, const zab::SetTimer& wish) {
    ServerNode& server = servers_[step.server];
    const auto kind = static_cast<std::uint32_t>(wish.timer);
    Timer& timer = server.timers[kind];
    ++timer.generation;
    timer.set_at = step.ready;
    timer.cause = step.record;
    timer.service = step.service;
    std::int64_t delay = wish.earliest.ns;
    if (wish.latest > wish.earliest) {
        const Key key{draw(server.timer_key, kind, timer.generation)};
        const auto width = static_cast<std::uint64_t>(wish.latest.ns - wish.earliest.ns) + 1;
        delay += static_cast<std::int64_t>(uniform_below(key, width));
    }
    schedule(step.ready + delay, EventKind::timer, step.server,
             kind | (std::uint64_t{timer.generation} << 32));
}

void World::fire_timer(ServerIndex index, std::uint32_t generation, std::uint32_t kind) {
    ServerNode& server = servers_[index];
    const Timer& timer = server.timers[kind];
    if (timer.generation != generation || !server.up) {
        return;
    }
    Pending pending{.what = Pending::What::timer, .small = static_cast<std::uint8_t>(kind)};
    pending.number = generation;
    pending.origin = {.cause = timer.cause,
                      .since = now_,
                      .other = now_ - timer.set_at,
                      .service = timer.service,
                      .cost = trace::Cost::timer};
    enqueue(StageRef::of(index, zab::Stage::main), pending);
}

}  // namespace sim
