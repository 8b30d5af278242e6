#include "protocol/types/ensure.hpp"
#include "sim/world/steps.hpp"

namespace sim {

// A server's step: its input, its record, its effects.

namespace {

using trace::Kind;

constexpr std::uint16_t turn_detail = 16;  // work records of turns: 16 + stage.

/// The leader whom a learner follows; 0: it follows nobody.
std::uint16_t followed_by(const ServerNode& server) {
    const zab::Peer* peer = server.peer.zookeeper();
    const zab::Learning* learning = peer == nullptr ? nullptr : peer->learning();
    return learning == nullptr ? std::uint16_t{0} : learning->leader.value;
}

}  // namespace

/// A step that neither a message nor a turn leads to. It costs no cpu time.
void World::take_rare_step(ServerIndex index, StageRef ref, const zab::Input& input,
                           const Origin& origin) {
    take_step(index, ref, input, origin, nullptr, false);
}

/// The effects that are rare. False: the process has ended itself.
bool World::perform(const Step& step, const zab::Effect& effect) {
    switch (effect.index()) {
        case 2: send_snapshot(step, *std::get_if<2>(&effect)); break;
        case 4: clear_turns(StageRef::of(step.server, std::get_if<4>(&effect)->stage)); break;
        case 5: set_timer(step, *std::get_if<5>(&effect)); break;
        case 6: cancel_timer(step, *std::get_if<6>(&effect)); break;
        case 7: perform(step, *std::get_if<7>(&effect)); break;
        case 8:
            close_link(std::get_if<8>(&effect)->link, Flight::What::closed, step.record,
                       step.service, step.ready);
            break;
        case 9:
            set_read_timeout(std::get_if<9>(&effect)->link, std::get_if<9>(&effect)->timeout.ns);
            break;
        case 10: perform(step, *std::get_if<10>(&effect)); break;
        case 11: start_work(step, *std::get_if<11>(&effect)); break;
        case 13: perform(step, *std::get_if<13>(&effect)); return false;
        case 14: perform(step, *std::get_if<14>(&effect)); return false;
        case 15: perform(*std::get_if<15>(&effect)); break;
        default: zab::ensure(false, "every effect is interpreted");
    }
    static_assert(std::variant_size_v<zab::Effect> == 16);
    return true;
}

trace::RecordId World::record_done(ServerNode& server, const zab::Done& done,
                                   const Origin& origin) {
    if (done.failed || done.obsolete) {
        const trace::RecordId work =
            emit(Kind::work, server.id, origin, 0, static_cast<std::uint16_t>(done.work), 0, 0,
                 done.failed ? 1 : 0);
        if (done_count_ > 0) {
            const zab::Position end = server.disk.image().log.last();
            emit_after(work, Kind::lost, server.id, 0,
                       static_cast<std::uint16_t>(trace::LossReason::full_disk), end.zxid.value,
                       end.prefix, done_count_);
        }
        return work;
    }
    const trace::Record::Fields told = work_record(done.work, server.disk, done_count_);
    const bool is_cut = told.kind == Kind::truncated;
    const trace::RecordId id =
        emit(told.kind, server.id, origin, is_cut ? followed_by(server) : std::uint16_t{0},
             told.detail, told.a, told.b, told.c);
    if (told.kind == Kind::snapshot_written && done_replaces_) {
        // The log goes on behind this snapshot: what it held beyond or besides is gone.
        emit_after(id, Kind::truncated, server.id, followed_by(server), 0, told.a, told.b, 0);
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

void World::perform(const Step& step, const zab::Dial& wish) {
    const ServerIndex target = server_by_id_[wish.peer.value];
    dial({false, step.server}, {false, target}, wish.kind, wish.timeout, step.record, step.service,
         step.ready);
}

void World::perform(const Step& step, const zab::Listen& wish) {
    ServerNode& server = servers_[step.server];
    server.listens[static_cast<std::size_t>(wish.kind)] = wish.open;
    server.listens_since[static_cast<std::size_t>(wish.kind)] = now_;
}

void World::perform(const zab::SetReading& wish) {
    if (!is_live(wish.link)) {
        return;
    }
    Connection& conn = connection(wish.link);
    const bool has_head = conn.reading == Connection::Reading::off_with_head;
    conn.reading = wish.on ? Connection::Reading::on : Connection::Reading::off;
    if (has_head) {
        schedule_head(wish.link.slot / 2, 1 - wish.link.slot % 2);
    }
}

void World::append_to_log(ServerNode& server, const zab::Txn& txn) {
    server.disk.append(txn);
    if (!server.disk.image().log.has_filled_chunk()) {
        return;
    }
    bool is_shared = false;
    for (ServerNode& other : servers_) {
        if (&other != &server) {
            is_shared = is_shared || server.disk.share_log(other.disk);
            server.disk.level_memory(other.disk);
        }
    }
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
    schedule(step.ready + server.clock.true_time(delay), EventKind::timer, step.server,
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
