#include "protocol/learner/learning.hpp"
#include "protocol/server.hpp"

namespace zab {

// Phase 2 on a learner: q/Learner.syncWithLeader. What stands between NEWLEADER and its ACK, and
// in which order, is the part of ZooKeeper that changed most often; see NewLeaderStep.

namespace {

// ExitCode.QUORUM_PACKET_ERROR.
constexpr std::uint16_t quorum_packet_error = 13;

/// Whether the request processors run before UPTODATE: proposals are then in the log's hands, and a
/// COMMIT finds none to commit (ZOOKEEPER-4394).
bool starts_processors_early(NewLeaderStep step) {
    return step == NewLeaderStep::async_log || step == NewLeaderStep::sync_all;
}

}  // namespace

Verdict Learning::on_sync_packet(Server& server, const Message& message, const Snapshot* snapshot,
                                 Effects& out) {
    if (phase == Phase::waiting_to_sync) {
        return on_first_packet(server, message, snapshot, out);
    }
    if (const auto* proposal = std::get_if<Proposal>(&message)) {
        return on_early_proposal(server, proposal->txn);
    }
    if (const auto* commit = std::get_if<Commit>(&message)) {
        return on_early_commit(server, commit->zxid);
    }
    if (const auto* inform = std::get_if<Inform>(&message)) {
        const Verdict taken = on_early_proposal(server, inform->txn);
        return taken == Verdict::leave ? taken : on_early_commit(server, inform->txn.zxid);
    }
    if (std::holds_alternative<NewLeader>(message) && phase == Phase::synchronizing) {
        return on_new_leader(server, out);
    }
    if (std::holds_alternative<UpToDate>(message) && phase == Phase::acknowledged) {
        on_up_to_date(server, out);
    }
    return Verdict::stay;
}

Verdict Learning::on_first_packet(Server& server, const Message& message, const Snapshot* snapshot,
                                  Effects& out) {
    if (const auto* diff = std::get_if<Diff>(&message)) {
        mode = Mode::diff;
        if (server.release().diff_claims_zxid) {
            server.database.claim_processed(diff->zxid);
        }
    } else if (const auto* trunc = std::get_if<Trunc>(&message)) {
        mode = Mode::trunc;
        phase = Phase::truncating;
        truncated_to = trunc->zxid;
        out.start(Work::truncate_log, Stage::main, trunc->zxid.value);
        return Verdict::stay;
    } else if (const auto* snap = std::get_if<Snap>(&message);
               snap != nullptr && snapshot != nullptr) {
        mode = Mode::snap;
        server.database.install(*snapshot, snap->zxid);
        server.asks_for_snapshot = false;
        out.note(NoteKind::snapshot_installed, snapshot->position.zxid.value,
                 snapshot->position.prefix, server.database.tree_digest(), leader);
    } else if (snap != nullptr) {
        return Verdict::leave;  // Its contents do not come: the read fails.
    } else {
        out.push(Halt{quorum_packet_error});  // "Got unexpected packet from leader …, exiting".
        return Verdict::stay;
    }
    phase = Phase::synchronizing;
    last_queued = {};
    return Verdict::stay;
}

/// A point that our disk does not reach (only a snapshot beyond it is there, which came by SNAP
/// with an uncommitted tail) cannot be gone back to. ZooKeeper exits, or goes on with too much;
/// `fixed` keeps what it has, which may have been acknowledged, and asks the leader for a SNAP.
Verdict Learning::on_log_truncated(Server& server, const DiskImage& disk, Effects& out) {
    // What was cut off must leave the memory too: read everything again. Whatever that gives, it
    // is taken for the state at the point (ZOOKEEPER-1549, 4837).
    server.database.load(disk);
    const bool is_exact = server.release().truncation == Truncation::exact;
    if (is_exact && server.database.position().zxid != truncated_to) {
        server.asks_for_snapshot = true;
        return Verdict::leave;
    }
    server.database.claim_processed(truncated_to);
    phase = Phase::synchronizing;
    last_queued = {};
    out.note(NoteKind::history, server.database.position().zxid.value,
             server.database.position().prefix, server.database.tree_digest());
    return Verdict::stay;
}

Verdict Learning::on_early_proposal(const Server& server, const Txn& txn) {
    if (server.release().new_leader == NewLeaderStep::sync_committed && leaves_gap(server, txn)) {
        return Verdict::leave;
    }
    last_queued = txn.zxid;
    not_logged.push(txn);
    return Verdict::stay;
}

/// enforceContinuousProposal, since 3.9.4: within an epoch nothing may be missing, or come again.
/// ZooKeeper takes any first proposal; `fixed` none that does not join on to what it holds.
bool Learning::leaves_gap(const Server& server, const Txn& txn) const {
    if (last_queued != Zxid{}) {
        return txn.zxid.value != last_queued.value + 1 && txn.zxid.epoch() <= last_queued.epoch();
    }
    const Zxid held = server.database.position().zxid;
    return server.release().first_proposal_must_join && held.counter() != 0 &&
           txn.zxid.epoch() == held.epoch() && txn.zxid.value > held.value + 1;
}

Verdict Learning::on_early_commit(Server& server, Zxid zxid) {
    const Release& release = server.release();
    const NewLeaderStep step = release.new_leader;
    const bool is_kept_for_log = mode == Mode::diff && step != NewLeaderStep::snapshot_then_epoch;
    if (phase != Phase::synchronizing || is_kept_for_log) {
        if (not_logged.empty() &&
            (release.early_commit_needs_proposal || starts_processors_early(step))) {
            return Verdict::leave;  // Here ZooKeeper's thread dies of a null pointer.
        }
        committed.push(zxid);  // Logged at NEWLEADER, or handed to the processors at UPTODATE.
        return Verdict::stay;
    }
    // SNAP and TRUNC: applied to memory at once; the snapshot taken at NEWLEADER holds it.
    if (not_logged.empty()) {
        return Verdict::leave;
    }
    if (not_logged.front().zxid == zxid) {  // Else "but next proposal is": warned, and ignored.
        apply_early(server, not_logged.front());
        not_logged.pop();
    }
    return Verdict::stay;
}

/// Before 3.9.4 past the committed log: a later leader that has done so sends a DIFF with a hole
/// (ZOOKEEPER-4925).
void Learning::apply_early(Server& server, const Txn& txn) {
    if (server.release().new_leader == NewLeaderStep::sync_committed) {
        server.database.apply(txn);
    } else {
        server.database.apply_unrecorded(txn);
    }
}

Verdict Learning::on_new_leader(Server& server, Effects& out) {
    const Release& release = server.release();
    if (mode == Mode::diff && release.new_leader != NewLeaderStep::snapshot_then_epoch) {
        return on_snapshot_written(server, out);
    }
    phase = Phase::snapshotting;
    const bool is_synced = (mode == Mode::snap && release.syncs_snap_snapshot) ||
                           (mode == Mode::trunc && release.syncs_trunc_snapshot);
    SnapshotWrite how = is_synced ? SnapshotWrite::synced : SnapshotWrite::unsynced;
    if (is_synced && !release.snap_keeps_log) {
        how = SnapshotWrite::replacing;
    }
    out.start(Work::write_snapshot, Stage::main, static_cast<std::uint64_t>(how));
    return Verdict::stay;
}

/// What memory holds is on disk; now what was only received.
Verdict Learning::on_snapshot_written(Server& server, Effects& out) {
    phase = Phase::logging;
    if (!server.is_voter()) {
        on_history_durable(server, out);  // An observer's processors log all of it, after UPTODATE.
        return Verdict::stay;
    }
    switch (server.release().new_leader) {
        case NewLeaderStep::snapshot_then_epoch:
        case NewLeaderStep::lazy:
        case NewLeaderStep::async_log: on_history_durable(server, out); break;
        case NewLeaderStep::sync_all: log_all(server, out); break;
        case NewLeaderStep::sync_committed_hole:
        case NewLeaderStep::sync_committed: log_committed(server, out); break;
    }
    return Verdict::stay;
}

/// Only what is committed is logged and applied now: uncommitted proposals stay in memory until
/// the processors run (ZOOKEEPER-4394, 4646, 4685, 4785).
void Learning::log_committed(Server& server, Effects& out) {
    bool has_logged = false;
    for (; !committed.empty(); committed.pop()) {
        if (not_logged.empty() || not_logged.front().zxid != committed.front()) {
            continue;  // "Committing …, but next proposal is …": warned, and ignored.
        }
        const Txn& txn = not_logged.front();
        out.push(Append{txn});
        server.pipeline.count_logged(txn);
        apply_early(server, txn);
        not_logged.pop();
        has_logged = true;
    }
    if (has_logged) {
        out.start(Work::sync_log, Stage::main);
    } else {
        on_history_durable(server, out);
    }
}

void Learning::log_all(Server& server, Effects& out) {
    if (not_logged.empty()) {
        on_history_durable(server, out);
        return;
    }
    for (; !not_logged.empty(); not_logged.pop()) {
        out.push(Append{not_logged.front()});
        server.pipeline.count_logged(not_logged.front());
        pending.push(not_logged.front());
        to_acknowledge.push(not_logged.front().zxid);
    }
    out.start(Work::sync_log, Stage::main);
}

void Learning::on_history_durable(Server& server, Effects& out) {
    // The history first, the epoch second: the other way round a crash in between would let this
    // server win elections with an epoch whose transactions it does not have (ZOOKEEPER-4643).
    phase = Phase::entering_epoch;
    server.write_current_epoch(new_epoch, out);
}

void Learning::on_current_epoch_written(Server& server, Effects& out) {
    server.current_epoch = new_epoch;
    mode = Mode::none;
    if (server.release().new_leader != NewLeaderStep::async_log || !server.is_voter()) {
        acknowledge(server, out);
        return;
    }
    phase = Phase::handing_over;
    const bool has_proposals = !not_logged.empty();
    for (; !not_logged.empty(); not_logged.pop()) {
        propose(server, not_logged.front(), out);
    }
    if (has_proposals) {
        // Meanwhile the log's thread may sync and acknowledge them (ZOOKEEPER-4685).
        out.hand(Stage::main);
    } else {
        acknowledge(server, out);
    }
}

void Learning::on_main_turn(Server& server, Effects& out) {
    if (phase == Phase::handing_over) {
        // Starting the processors and handing over take their time; only then is the ACK written.
        phase = Phase::handed_over;
        out.hand(Stage::main);
    } else if (phase == Phase::handed_over) {
        acknowledge(server, out);
    }
}

void Learning::acknowledge(Server& server, Effects& out) {
    phase = Phase::acknowledged;
    const Position end = server.database.position();
    brought = end.zxid;
    out.note(NoteKind::synchronized, end.zxid.value, end.prefix, new_epoch.value, leader);
    if (!server.release().late_read_timeout) {
        out.push(SetReadTimeout{link, server.ticks(server.config->sync_limit)});
    }
    if (server.is_voter() && end.zxid.epoch() == new_epoch) {
        // Proposals of this very leader that our log holds already: acknowledged with the rest.
        out.note(NoteKind::ack, end.zxid.value, 0, 0, leader);
    }
    out.send(link, Ack{Zxid::of(new_epoch, 0)});
    for (; server.is_voter() && !to_acknowledge.empty(); to_acknowledge.pop()) {
        out.note(NoteKind::ack, to_acknowledge.front().value, 0, 0, leader);
        out.send(link, Ack{to_acknowledge.front()});
    }
    to_acknowledge.clear();
}

void Learning::on_up_to_date(const Server& server, Effects& out) {
    phase = Phase::starting;
    out.send(link, Ack{Zxid::of(new_epoch, 0)});
    if (server.release().late_read_timeout) {
        out.push(SetReadTimeout{link, server.ticks(server.config->sync_limit)});
    }
    out.start(Work::start_serving, Stage::main);
}

void Learning::on_started_serving(Server& server, Effects& out) {
    phase = Phase::serving;
    server.pipeline.start(server, false);
    server.vote.vote.peer_epoch = new_epoch;  // updateElectionVote: what we tell late comers.
    const Position end = server.database.position();
    out.note(NoteKind::history, end.zxid.value, end.prefix, server.database.tree_digest());
    out.note(NoteKind::serving, end.zxid.value, end.prefix, new_epoch.value, leader);
    // What came since NEWLEADER goes the ordinary way: logged, acknowledged, committed.
    for (; !not_logged.empty(); not_logged.pop()) {
        propose(server, not_logged.front(), out);
    }
    for (; !committed.empty(); committed.pop()) {
        commit(server, committed.front(), out);
    }
}

bool Learning::distrusts_memory(const Release& release) const {
    switch (mode) {
        case Mode::none: return false;
        case Mode::diff: return !release.keeps_partial_diff;
        case Mode::trunc: return !release.keeps_partial_trunc;
        case Mode::snap: return !release.keeps_partial_snap;
    }
    return false;
}

}  // namespace zab
