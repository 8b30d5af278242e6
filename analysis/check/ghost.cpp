#include "analysis/check/ghost.hpp"

#include <algorithm>

namespace analysis {

namespace {

using enum trace::Kind;

}  // namespace

Ghost::Ghost(const Ensemble& ensemble) : ensemble_(ensemble) {
    for (const zab::NodeId node : ensemble.observers) at(node);
    for (const zab::NodeId node : ensemble.voters) at(node).is_voter = true;
}

trace::KindSet Ghost::kinds() {
    return placed | trace::kind_set({looking, following, leading, server_stopped, propose,
                                     accepted_epoch, current_epoch});
}

ServerState& Ghost::at(zab::NodeId node) {
    if (node.value >= servers_.size()) servers_.resize(std::size_t{node.value} + 1);
    return servers_[node.value];
}

void Ghost::observe(const trace::Record& record, trace::RecordId id, const Position& place) {
    ServerState& server = at(record.node());
    switch (record.kind()) {
        case booted: return on_boot(record, id, place);
        case append: return advance(server.written, place);
        case synced: return on_durable(server, id, place);
        case truncated: on_cut(server, id, place); return on_applied(server, id, place);
        case lost: return on_cut(server, id, place);
        case snapshot_written: return on_snapshot(record, id, place);
        case history:
            if (!server.has_booted) return on_given(record, place);
            return on_applied(server, id, place);
        case snapshot_installed:
        case serving:
        case deliver: return on_applied(server, id, place);
        case leading: return on_leading(record, id);
        case established: return on_established(record, id, place);
        case propose: return on_propose(record);
        case commit: return on_commit(record, id, place);
        case accepted_epoch:
        case current_epoch: return on_epoch_file(record, id);
        case following:
        case looking:
        case server_stopped: return on_role(record, id);
        // The ghost learns nothing from the other kinds.
        // clang-format off
        case fault: case fault_skipped: case resource:
        case server_started: case refused_to_start: case server_paused: case server_resumed:
        case link_up: case link_down: case dial_failed: case link_full: case link_writable:
        case elected: case receive: case timer: case work: case request: case forward:
        case synchronized: case ack: case read: case inform: case snapshot_sent:
        case client_connecting: case client_connected: case client_disconnected:
        case client_expired: case invoke: case complete: case fail:
        case leader_compared: case leader_declared: case command_sent: case command_compared:
        case command_executed: case vote_compared: case command_agreed:
        case watcher_registered: case configuration_changed: case notification_compared:
        case watch_set: case watch_fired: case notified:
            // clang-format on
            return;
    }
}

void Ghost::on_given(const trace::Record& record, Position place) {
    ServerState& server = at(record.node());
    if (!place.is_known()) place = histories_.give(record.zxid(), record.b(), server.durable);
    server.durable = server.written = server.applied = place;
}

void Ghost::on_boot(const trace::Record& record, trace::RecordId id, Position place) {
    ServerState& server = at(record.node());
    const zab::Epoch epoch{record.c()};
    if (!server.has_booted) {
        if (!place.is_known()) place = histories_.give(record.zxid(), record.b(), std::nullopt);
        server.durable = place;
        server.durable_record = id;
        server.accepted_epoch = std::max(server.accepted_epoch, epoch);
    }
    server.has_booted = true;
    server.is_synchronizing = false;
    server.current_epoch = epoch;
    server.written = place;
    on_applied(server, id, place);
}

/// What is older than `position` says nothing new: a snapshot may reach further than the log.
void Ghost::advance(Position& position, const Position& to) const {
    if (to.zxid < position.zxid && histories_.contains(position, to) != Answer::no) return;
    position = to;
}

void Ghost::on_durable(ServerState& server, trace::RecordId id, const Position& place) {
    advance(server.durable, place);
    advance(server.written, place);
    server.durable_record = id;
}

void Ghost::on_cut(ServerState& server, trace::RecordId id, const Position& place) {
    server.durable = server.written = place;
    server.durable_record = id;
}

void Ghost::on_snapshot(const trace::Record& record, trace::RecordId id, const Position& place) {
    ServerState& server = at(record.node());
    advance(server.written, place);
    if (record.c() == 0) return;
    advance(server.durable, place);
    server.durable_record = id;
}

void Ghost::on_applied(ServerState& server, trace::RecordId id, const Position& place) {
    server.applied = place;
    server.applied_record = id;
}

void Ghost::on_leading(const trace::Record& record, trace::RecordId id) {
    ServerState& server = at(record.node());
    std::optional<Position> base = server.applied;
    if (record.zxid() != base->zxid && record.zxid().counter() != 0) {
        base = histories_.locate_by_zxid(record.zxid());
    }
    const BranchId branch = histories_.open(zab::Epoch{record.c()}, record.node(), base);
    server.leadership = Leadership{.epoch = zab::Epoch{record.c()}, .branch = branch, .since = id};
}

void Ghost::on_established(const trace::Record& record, trace::RecordId id, const Position& place) {
    ServerState& server = at(record.node());
    const zab::Epoch epoch{record.c()};
    if (!server.leadership || server.leadership->epoch != epoch) on_leading(record, id);
    Leadership& leadership = *server.leadership;
    histories_.rebase(leadership.branch, place);
    leadership.is_established = true;
    highest_established_ = std::max(highest_established_, epoch);
    commit_up_to(place, id);
}

void Ghost::on_propose(const trace::Record& record) {
    const ServerState& server = at(record.node());
    const zab::Zxid zxid = record.zxid();
    BranchId branch = Position::nowhere;
    if (server.leadership && server.leadership->epoch == zxid.epoch()) {
        branch = server.leadership->branch;
    } else {
        branch = histories_.open(zxid.epoch(), record.node(), server.applied);
    }
    if (zxid.counter() != 0) histories_.extend(branch, zxid.counter(), record.b());
}

void Ghost::on_commit(const trace::Record& record, trace::RecordId id, const Position& place) {
    auto& leadership = at(record.node()).leadership;
    if (leadership) leadership->last_committed = record.zxid().counter();
    commit_up_to(place, id);
}

void Ghost::commit_up_to(const Position& place, trace::RecordId id) {
    if (!place.is_known() || place.zxid <= committed_.zxid) return;
    if (histories_.contains(place, committed_) == Answer::no) return;
    committed_ = place;
    committed_record_ = id;
}

void Ghost::on_epoch_file(const trace::Record& record, trace::RecordId id) {
    ServerState& server = at(record.node());
    const bool is_accepted = record.kind() == accepted_epoch;
    (is_accepted ? server.accepted_epoch : server.current_epoch) = zab::Epoch{record.c()};
    if (!is_accepted) server.is_synchronizing = false;
    (is_accepted ? server.accepted_record : server.current_record) = id;
}

void Ghost::on_role(const trace::Record& record, trace::RecordId id) {
    ServerState& server = at(record.node());
    if (record.kind() == following) server.is_synchronizing = true;
    if (record.kind() == looking) server.has_booted = true;  // Even where its boot is not told.
    server.leadership.reset();
    server.role_record = id;
}

std::size_t Ghost::holders(const Position& history, zab::NodeId node,
                           const Position& instead) const {
    std::size_t count = 0;
    for (const zab::NodeId voter : ensemble_.voters) {
        if (holds(voter, history, node, instead)) ++count;
    }
    return count;
}

bool Ghost::is_held_by_quorum(const Position& history, zab::NodeId node,
                              const Position& instead) const {
    return ensemble_.decides(holders(history, node, instead), [&](zab::NodeId voter) {
        return holds(voter, history, node, instead);
    });
}

bool Ghost::holds(zab::NodeId voter, const Position& history, zab::NodeId node,
                  const Position& instead) const {
    const Position& held = voter == node ? instead : servers_[voter.value].durable;
    return histories_.contains(held, history) != Answer::no;
}

std::optional<Position> Ghost::initial_history(zab::NodeId leader, zab::Epoch epoch) const {
    const auto branch = histories_.find(epoch, leader);
    return branch ? histories_.branch(*branch).base : std::nullopt;
}

std::uint64_t Ghost::fingerprint() const {
    Fingerprint fingerprint;
    for (const ServerState& server : servers_) {
        fingerprint.add(std::uint64_t{server.has_booted} | std::uint64_t{server.is_synchronizing}
                                                               << 1);
        for (const Position* position : {&server.durable, &server.written, &server.applied}) {
            fingerprint.add(position->zxid);
            fingerprint.add(position->prefix);
        }
        fingerprint.add(server.accepted_epoch);
        fingerprint.add(server.current_epoch);
        if (!server.leadership) continue;
        fingerprint.add(server.leadership->epoch);
        fingerprint.add(std::uint64_t{server.leadership->last_committed} << 1 |
                        std::uint64_t{server.leadership->is_established});
    }
    histories_.add_to(fingerprint);
    fingerprint.add(committed_.zxid);
    fingerprint.add(committed_.prefix);
    fingerprint.add(highest_established_);
    return fingerprint.value();
}

}  // namespace analysis
