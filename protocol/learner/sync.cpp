#include "protocol/learner/learning.hpp"
#include "protocol/server.hpp"

namespace zab {

// Phase 2 on a learner: q/Learner.syncWithLeader, in the order of 3.9.4 and master.

Verdict Learning::on_sync_packet(Server& server, const Message& message, const Snapshot* snapshot,
                                 Effects& out) {
    if (phase == Phase::waiting_to_sync) {
        if (std::holds_alternative<Diff>(message)) {
            mode = Mode::diff;
        } else if (const auto* trunc = std::get_if<Trunc>(&message)) {
            mode = Mode::trunc;
            phase = Phase::truncating;
            out.start(Work::truncate_log, Stage::main, trunc->zxid.value);
            return Verdict::stay;
        } else if (const auto* snap = std::get_if<Snap>(&message); snap && snapshot != nullptr) {
            mode = Mode::snap;
            server.database.install(*snapshot, snap->zxid);
            out.note(NoteKind::snapshot_installed, snapshot->position.zxid.value,
                     snapshot->position.prefix, 0, leader);
        } else {
            return Verdict::leave;  // Learner.syncWithLeader: an unexpected packet ends the try.
        }
        phase = Phase::synchronizing;
        last_queued = server.database.last_processed();
        return Verdict::stay;
    }
    if (const auto* proposal = std::get_if<Proposal>(&message)) {
        return on_early_proposal(proposal->txn);
    }
    if (const auto* commit = std::get_if<Commit>(&message)) {
        return on_early_commit(server, commit->zxid);
    }
    if (const auto* inform = std::get_if<Inform>(&message)) {
        const Verdict taken = on_early_proposal(inform->txn);
        return taken == Verdict::leave ? taken : on_early_commit(server, inform->txn.zxid);
    }
    if (std::holds_alternative<NewLeader>(message) && phase == Phase::synchronizing) {
        return on_new_leader(server, out);
    }
    if (std::holds_alternative<UpToDate>(message) && phase == Phase::acknowledged) {
        on_up_to_date(out);
    }
    return Verdict::stay;
}

void Learning::on_log_truncated(Server& server, const DiskImage& disk, Effects& out) {
    // What was cut off must leave the memory too: read everything again.
    server.database.load(disk);
    phase = Phase::synchronizing;
    last_queued = server.database.last_processed();
    out.note(NoteKind::history, server.database.position().zxid.value,
             server.database.position().prefix);
}

Verdict Learning::on_early_proposal(const Txn& txn) {
    // Within an epoch nothing may be missing (checked since 3.9.4).
    const bool same_epoch = txn.zxid.epoch() == last_queued.epoch();
    if (same_epoch && last_queued.counter() != 0 && txn.zxid.value != last_queued.value + 1 &&
        txn.zxid > last_queued) {
        return Verdict::leave;
    }
    last_queued = txn.zxid;
    not_logged.push(txn);
    return Verdict::stay;
}

Verdict Learning::on_early_commit(Server& server, Zxid zxid) {
    if (phase != Phase::synchronizing || mode == Mode::diff) {
        committed.push(zxid);  // Logged at NEWLEADER, or handed to the processors at UPTODATE.
        return Verdict::stay;
    }
    // SNAP and TRUNC: applied to memory at once; the snapshot taken at NEWLEADER holds it.
    if (not_logged.empty() || not_logged.front().zxid != zxid) {
        return Verdict::leave;
    }
    server.database.apply(not_logged.front());
    not_logged.pop();
    return Verdict::stay;
}

Verdict Learning::on_new_leader(Server& server, Effects& out) {
    phase = Phase::logging;
    if (mode != Mode::diff) {
        out.start(Work::write_snapshot, Stage::main, 1);
        return Verdict::stay;
    }
    // Only what is committed is logged and applied now: uncommitted proposals stay in memory
    // until the processors run (ZOOKEEPER-4394, 4646, 4685, 4785).
    const bool something_to_log = !committed.empty();
    for (; !committed.empty(); committed.pop()) {
        if (not_logged.empty() || not_logged.front().zxid != committed.front()) {
            return Verdict::leave;
        }
        out.push(Append{not_logged.front()});
        server.database.apply(not_logged.front());
        not_logged.pop();
    }
    if (something_to_log) {
        out.start(Work::sync_log, Stage::main);
    } else {
        on_history_durable(out);
    }
    return Verdict::stay;
}

void Learning::on_history_durable(Effects& out) {
    // The history first, the epoch second: the other way round a crash in between would let this
    // server win elections with an epoch whose transactions it does not have (ZOOKEEPER-4643).
    phase = Phase::entering_epoch;
    out.start(Work::write_current_epoch, Stage::main, new_epoch.value);
}

void Learning::on_current_epoch_written(Server& server, Effects& out) {
    server.current_epoch = new_epoch;
    phase = Phase::acknowledged;
    mode = Mode::none;
    const Position end = server.database.position();
    out.note(NoteKind::synchronized, end.zxid.value, end.prefix, new_epoch.value, leader);
    out.push(SetReadTimeout{link, server.ticks(server.config->sync_limit)});
    if (server.is_voter() && end.zxid.epoch() == new_epoch) {
        // Proposals of this very leader that our log holds already: acknowledged with the rest.
        out.note(NoteKind::ack, end.zxid.value, 0, 0, leader);
    }
    out.send(link, Ack{Zxid::of(new_epoch, 0)});
}

void Learning::on_up_to_date(Effects& out) {
    phase = Phase::starting;
    out.start(Work::start_serving, Stage::main);
}

void Learning::on_started_serving(Server& server, Effects& out) {
    phase = Phase::serving;
    server.pipeline.start(server, false);
    server.vote.vote.peer_epoch = new_epoch;  // updateElectionVote: what we tell late comers.
    const Position end = server.database.position();
    out.note(NoteKind::history, end.zxid.value, end.prefix);
    out.note(NoteKind::serving, end.zxid.value, end.prefix, new_epoch.value, leader);
    out.send(link, Ack{Zxid::of(new_epoch, 0)});
    // What came since NEWLEADER goes the ordinary way: logged, acknowledged, committed.
    for (; !not_logged.empty(); not_logged.pop()) {
        propose(server, not_logged.front(), out);
    }
    for (; !committed.empty(); committed.pop()) {
        commit(server, committed.front(), out);
    }
}

}  // namespace zab
