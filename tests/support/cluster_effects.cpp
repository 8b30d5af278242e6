#include "sim/world/record_kinds.hpp"
#include "tests/support/cluster.hpp"

#include <algorithm>

namespace test {

// What the servers of a cluster want, carried out.

void Cluster::interpret(Node& node, const zab::Effect& effect) {
    const zab::NodeId id = node.id;
    if (const auto* note = std::get_if<zab::Note>(&effect)) {
        tell(node, {.kind = sim::record_kind(note->kind),
                    .peer = note->peer.value,
                    .detail = note->detail,
                    .a = note->a,
                    .b = note->b,
                    .c = note->c});
    } else if (const auto* wish = std::get_if<zab::Send>(&effect)) {
        send(wish->link, wish->message);
    } else if (const auto* snap = std::get_if<zab::SendSnapshot>(&effect)) {
        auto contents = std::make_shared<zab::Snapshot>(node.peer->server().database.snapshot());
        contents->position = snap->position;
        contents->name = snap->zxid;
        send(snap->link, zab::Snap{snap->zxid, 0}, std::move(contents));
    } else if (const auto* handed = std::get_if<zab::Hand>(&effect)) {
        const bool is_handler = handed->stage == zab::Stage::handler;
        const StageKey key{handed->stage, is_handler ? handed->link.slot / 2 + 1 : 0};
        const zab::Ran ran{handed->stage, handed->link};
        enqueue(node, key, {true, [this, id, ran] { step(nodes_.at(id), ran); }});
    } else if (const auto* cleared = std::get_if<zab::ClearStage>(&effect)) {
        std::erase_if(node.queues[{cleared->stage, 0}], [](const Item& i) { return i.is_turn; });
    } else if (const auto* timer = std::get_if<zab::SetTimer>(&effect)) {
        set_timer(node, *timer);
    } else if (const auto* cancelled = std::get_if<zab::CancelTimer>(&effect)) {
        ++node.timers[static_cast<std::size_t>(cancelled->timer)];
    } else {
        interpret_rest(node, effect);
    }
}

void Cluster::set_timer(Node& node, const zab::SetTimer& timer) {
    const auto kind = static_cast<std::size_t>(timer.timer);
    const std::uint32_t number = ++node.timers[kind];
    const std::uint32_t incarnation = node.incarnation;
    const zab::TimerFired fired{timer.timer};
    schedule(timer.latest, [this, id = node.id, kind, number, incarnation, fired] {
        Node& now = nodes_.at(id);
        if (now.incarnation != incarnation || now.timers[kind] != number) return;
        enqueue(now, {zab::Stage::main, 0}, {false, [this, id, kind, number, fired] {
                                                 Node& then = nodes_.at(id);
                                                 if (then.timers[kind] == number) step(then, fired);
                                             }});
    });
}

void Cluster::interpret_rest(Node& node, const zab::Effect& effect) {
    const zab::NodeId id = node.id;
    if (const auto* dialled = std::get_if<zab::Dial>(&effect)) {
        dial_from(node, *dialled);
    } else if (const auto* closed = std::get_if<zab::CloseLink>(&effect)) {
        close(closed->link);
    } else if (const auto* timeout = std::get_if<zab::SetReadTimeout>(&effect)) {
        const unsigned side = timeout->link.slot % 2;
        link(timeout->link).read_timeout[side] = timeout->timeout;
        link(timeout->link).last_heard[side] = now_;
        check_silence(timeout->link.slot / 2, side);
    } else if (const auto* listen = std::get_if<zab::Listen>(&effect)) {
        node.listens[static_cast<std::size_t>(listen->kind)] = listen->open;
    } else if (const auto* work = std::get_if<zab::Start>(&effect)) {
        begin_work(node, *work);
    } else if (const auto* append = std::get_if<zab::Append>(&effect)) {
        node.disk.append(append->txn);
        tell(node, sim::append_record(append->txn, node.disk.image().log.last().prefix));
    } else if (const auto* halt = std::get_if<zab::Halt>(&effect)) {
        ++halts_;
        halt_code_ = halt->code;
        kill(id);
    } else if (const auto* refusal = std::get_if<zab::RefuseToStart>(&effect)) {
        ++refusals_;
        tell(node, {.kind = trace::Kind::refused_to_start,
                    .detail = static_cast<std::uint16_t>(refusal->reason),
                    .a = refusal->last_zxid.value});
        kill(id);
    }
}

void Cluster::begin_work(Node& node, const zab::Start& wish) {
    const bool is_handler = wish.stage == zab::Stage::handler;
    const StageKey key{wish.stage, is_handler ? wish.link.slot / 2 + 1 : 0};
    node.blocked.insert(key);
    if (wish.work == zab::Work::write_snapshot && wish.stage == zab::Stage::snapshot) {
        node.disk.roll_log();
    }
    std::optional<zab::Duration> time;
    if (takes) time = takes(node.id, wish);
    const std::uint32_t incarnation = node.incarnation;
    const std::uint64_t target = node.disk.appended();
    const zab::Snapshot before = node.peer->server().database.snapshot();
    const auto finish = [this, id = node.id, wish, target, before, incarnation, key] {
        Node& then = nodes_.at(id);
        if (then.incarnation != incarnation) return;
        then.blocked.erase(key);
        finish_work(then, wish, target, before);
        if (then.incarnation != incarnation) return;
        for (std::size_t i = 0; i < then.queues[key].size(); ++i) {
            schedule({}, [this, id, key] { pump(id, key); });
        }
    };
    if (stalls && stalls(node.id, wish)) {
        stalled_.emplace_back(finish);
    } else {
        schedule(time.value_or(zab::milliseconds(1)), finish);
    }
}

void Cluster::finish_work(Node& node, const zab::Start& wish, std::uint64_t target,
                          const zab::Snapshot& before) {
    const std::uint32_t incarnation = node.incarnation;
    if (fails && fails(node.id, wish)) {
        zab::Done done{wish.work, wish.stage, wish.link};
        done.failed = true;
        step(node, done);
        return;
    }
    const std::uint32_t count = do_disk_work(node, wish, target, before);
    tell(node, sim::work_record(wish.work, node.disk, count));
    const auto how = static_cast<zab::SnapshotWrite>(wish.argument);
    if (wish.work == zab::Work::write_snapshot && how == zab::SnapshotWrite::replacing) {
        const zab::Position name = before.position;
        tell(node, {.kind = trace::Kind::truncated, .a = name.zxid.value, .b = name.prefix});
    }
    if (on_disk_work) on_disk_work(node.id, wish.work);
    if (node.incarnation != incarnation) return;
    zab::Done done{wish.work, wish.stage, wish.link};
    done.disk = &node.disk.image();
    step(node, done);
}

std::uint32_t Cluster::do_disk_work(Node& node, const zab::Start& wish, std::uint64_t target,
                                    const zab::Snapshot& before) const {
    sim::Disk& disk = node.disk;
    const zab::Epoch epoch{static_cast<std::uint32_t>(wish.argument)};
    if (wish.work == zab::Work::sync_log) {
        const std::uint64_t durable = disk.durable();
        disk.complete_sync(target);
        return static_cast<std::uint32_t>(disk.durable() - durable);
    }
    if (wish.work == zab::Work::write_accepted_epoch) disk.write_accepted_epoch(epoch);
    if (wish.work == zab::Work::write_current_epoch) disk.write_current_epoch(epoch);
    if (wish.work == zab::Work::truncate_log) {
        disk.truncate_after({wish.argument}, node.config->release.truncation);
    }
    if (wish.work != zab::Work::write_snapshot) return 0;
    const auto how = static_cast<zab::SnapshotWrite>(wish.argument);
    zab::Snapshot snapshot = before;
    node.peer->server().database.finish(snapshot);  // Fuzzy: as it is in the end.
    disk.add_snapshot(snapshot, how, now_.ns);
    return how == zab::SnapshotWrite::replacing || how == zab::SnapshotWrite::synced ? 1 : 0;
}

}  // namespace test
