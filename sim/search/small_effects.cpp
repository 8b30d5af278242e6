#include "protocol/types/ensure.hpp"
#include "sim/search/small_world.hpp"
#include "sim/world/record_kinds.hpp"

#include <algorithm>

namespace sim {

// A step, and what the server wants of its world.

namespace {

// Connections between the same two servers, dialled by the same, for the same purpose, at once.
constexpr std::size_t links_a_pair = 4;

}  // namespace

void SmallWorld::tell(const Server& server, trace::Record::Fields fields) {
    fields.node = server.id;
    scratch_->records.push_back(fields);
}

void SmallWorld::step(std::size_t server, const zab::Input& input) {
    zab::Effects& effects = scratch_->effects;
    effects.clear();
    if (scratch_->tuples != nullptr) {
        scratch_->tuples->add(&servers_[server]->peer, input);
    }
    edit(server).peer.step(input, {}, effects);
    for (const zab::Effect& effect : effects.list()) {
        if (!servers_[server]->up) {
            return;  // It has ended itself.
        }
        interpret(server, effect);
    }
}

// A planted defect completes its fsync within the step, once: interpret, start, interpret.
// NOLINTNEXTLINE(misc-no-recursion)
void SmallWorld::interpret(std::size_t index, const zab::Effect& effect) {
    Server& server = *servers_[index];
    if (const auto* note = std::get_if<zab::Note>(&effect)) {
        tell(server, {.kind = record_kind(note->kind),
                      .peer = note->peer.value,
                      .detail = note->detail,
                      .a = note->a,
                      .b = note->b,
                      .c = note->c});
    } else if (const auto* wish = std::get_if<zab::Send>(&effect)) {
        send(wish->link, {Flight::What::message, wish->message, nullptr});
    } else if (const auto* snap = std::get_if<zab::SendSnapshot>(&effect)) {
        auto contents = std::make_shared<zab::Snapshot>(server.peer.server().database.snapshot());
        contents->position = snap->position;
        contents->name = snap->zxid;
        send(snap->link, {Flight::What::message, zab::Snap{snap->zxid, 0}, std::move(contents)});
    } else if (const auto* handed = std::get_if<zab::Hand>(&effect)) {
        if (handed->stage != zab::Stage::handler) {
            ++server.turns[static_cast<std::size_t>(handed->stage)];
        } else if (Link* link = find(handed->link)) {
            ++link->handler_turns;
        }
    } else if (const auto* cleared = std::get_if<zab::ClearStage>(&effect)) {
        server.turns[static_cast<std::size_t>(cleared->stage)] = 0;
    } else if (const auto* timer = std::get_if<zab::SetTimer>(&effect)) {
        server.timers[static_cast<std::size_t>(timer->timer)] = true;
    } else if (const auto* cancelled = std::get_if<zab::CancelTimer>(&effect)) {
        server.timers[static_cast<std::size_t>(cancelled->timer)] = false;
    } else if (const auto* dialled = std::get_if<zab::Dial>(&effect)) {
        dial(index, *dialled);
    } else if (const auto* closed = std::get_if<zab::CloseLink>(&effect)) {
        close(closed->link);
    } else if (const auto* listen = std::get_if<zab::Listen>(&effect)) {
        server.listens[static_cast<std::size_t>(listen->kind)] = listen->open;
    } else if (const auto* work = std::get_if<zab::Start>(&effect)) {
        start(index, *work);
    } else if (const auto* append = std::get_if<zab::Append>(&effect)) {
        server.disk.append(append->txn);
        tell(server, append_record(append->txn, server.disk.image().log.last().prefix));
    } else if (std::holds_alternative<zab::Halt>(effect)) {
        stop(index, trace::StopReason::halted);
    } else if (const auto* refusal = std::get_if<zab::RefuseToStart>(&effect)) {
        tell(server, {.kind = trace::Kind::refused_to_start,
                      .detail = static_cast<std::uint16_t>(refusal->reason),
                      .a = refusal->last_zxid.value});
        stop(index, trace::StopReason::halted);
    }
}

void SmallWorld::send(zab::LinkId id, const Flight& flight) {
    Link* link = find(id);
    if (link == nullptr || !link->open[id.slot % 2]) {
        return;
    }
    if (link->open[1 - id.slot % 2]) {
        link->pipes[id.slot % 2].push_back(flight);
    }
}

void SmallWorld::dial(std::size_t server, const zab::Dial& wish) {
    const std::size_t target = wish.peer.value - 1u;
    const std::size_t family =
        ((server * server_count + target) * 2 + (wish.kind == zab::LinkKind::learner)) *
        links_a_pair;
    Link link;
    link.kind = wish.kind;
    link.dialling = true;
    link.ends = {static_cast<std::uint8_t>(server), static_cast<std::uint8_t>(target)};
    link.open = {true, false};
    // The lowest number that nobody can still mean: neither a connection nor a piece of work.
    const auto is_meant = [this](std::uint16_t slot) {
        const auto names = [slot](const Order& order) { return order.link.slot / 2 == slot / 2; };
        return std::any_of(links_.begin(), links_.end(),
                           [slot](const Link& l) { return l.slot == slot; }) ||
               std::any_of(servers_.begin(), servers_.end(), [&names](const auto& s) {
                   return std::any_of(s->orders.begin(), s->orders.end(), names);
               });
    };
    std::size_t number = 0;
    while (is_meant(static_cast<std::uint16_t>((family + number + 1) * 2))) {
        ++number;
        zab::ensure(number < links_a_pair, "two servers have few connections at once");
    }
    link.slot = static_cast<std::uint16_t>((family + number + 1) * 2);
    const auto place =
        std::lower_bound(links_.begin(), links_.end(), link,
                         [](const Link& a, const Link& b) { return a.slot < b.slot; });
    links_.insert(place, std::move(link));
}

/// One end closes; what it has sent still arrives, then the other end learns of it.
void SmallWorld::close(zab::LinkId id) {
    Link* link = find(id);
    if (link == nullptr || !link->open[id.slot % 2]) {
        return;
    }
    send(id, {Flight::What::closed, {}, nullptr});
    link->open[id.slot % 2] = false;
    link->pipes[1 - id.slot % 2].clear();
}

// NOLINTNEXTLINE(misc-no-recursion)
void SmallWorld::start(std::size_t index, const zab::Start& wish) {
    Server& server = *servers_[index];
    const bool is_planted = defects_.acknowledges_before_sync && wish.work == zab::Work::sync_log &&
                            wish.stage == zab::Stage::sync;
    server.orders.push_back({.work = wish.work,
                             .stage = wish.stage,
                             .in_background = is_planted,
                             .link = wish.link,
                             .argument = wish.argument,
                             .log_target = server.disk.appended(),
                             .snapshot_name = server.peer.server().database.position()});
    if (is_planted) {
        const zab::Done done{.work = wish.work, .stage = wish.stage, .disk = &server.disk.image()};
        zab::Effects own;  // The list being interpreted goes on afterwards; sync is its last entry.
        server.peer.step(done, {}, own);
        for (const zab::Effect& effect : own.list()) {
            interpret(index, effect);
        }
    }
}

/// What the work has made durable, and its record.
void SmallWorld::make_durable(Server& server, const Order& order) {
    Disk& disk = server.disk;
    const zab::Epoch epoch{static_cast<std::uint32_t>(order.argument)};
    std::uint32_t count = 0;
    if (order.work == zab::Work::sync_log) {
        const std::uint64_t before = disk.durable();
        disk.complete_sync(order.log_target);
        count = static_cast<std::uint32_t>(disk.durable() - before);
    } else if (order.work == zab::Work::write_accepted_epoch) {
        disk.write_accepted_epoch(epoch);
    } else if (order.work == zab::Work::write_current_epoch) {
        disk.write_current_epoch(epoch);
    } else if (order.work == zab::Work::truncate_log) {
        disk.truncate_after({order.argument}, config_->release.truncation);
    } else if (order.work == zab::Work::write_snapshot) {
        zab::Snapshot snapshot = server.peer.server().database.snapshot();
        snapshot.position = order.snapshot_name;
        const auto how = static_cast<zab::SnapshotWrite>(order.argument);
        count = how == zab::SnapshotWrite::replacing || how == zab::SnapshotWrite::synced ? 1 : 0;
        disk.add_snapshot(snapshot, how, 0);
    }
    tell(server, work_record(order.work, disk, count));
}

}  // namespace sim
