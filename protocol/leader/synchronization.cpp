#include "protocol/leader/leading.hpp"
#include "protocol/leader/sync_plan.hpp"
#include "protocol/server.hpp"

#include <algorithm>

namespace zab {

// Phase 2 on the leader: LearnerHandler.syncFollower and what follows until UPTODATE.

void Leading::synchronize(Server& server, Handler& handler, const DiskImage* disk, Effects& out) {
    const SyncPlan plan =
        plan_sync({server.database, *server.config, last_proposed.zxid, disk}, handler.last_zxid);
    if (plan.kind == SyncPlan::Kind::needs_log) {
        handler.phase = Handler::Phase::reading_log;
        out.start(Work::read_log, Stage::handler, 0, handler.link);
        return;
    }
    handler.phase = Handler::Phase::synchronizing;
    if (plan.kind == SyncPlan::Kind::diff) {
        handler.queue.push(Diff{plan.zxid});
    } else if (plan.kind == SyncPlan::Kind::trunc) {
        handler.queue.push(Trunc{plan.zxid});
    }
    for (const Txn& txn : plan.proposals) {
        handler.queue.push(Proposal{txn});
        handler.queue.push(Commit{txn.zxid});
    }
    start_forwarding(server, handler, plan.last_queued);
    const bool is_snap = plan.kind == SyncPlan::Kind::snap;
    const Handler::Sync kind = is_snap ? Handler::Sync::snap : Handler::Sync::diff;
    if (server.release().throttles_syncs && is_throttled(handler, kind)) {
        drop(handler.link, out);  // SyncThrottleException: it may try again.
        return;
    }
    handler.syncs = kind;
    if (!is_snap || server.release().new_leader_before_snap) {
        handler.queue.push(NewLeader{epoch});
    }
    if (is_snap) {
        handler.phase = Handler::Phase::serializing;
        out.hand(Stage::handler, handler.link);  // What commits until then is in the SNAP, too.
        return;
    }
    start_sending(server, handler, out);
}

/// From now on its thread reads: what it has waited for before, and written, does not count.
void Leading::start_sending(const Server& server, Handler& handler, Effects& out) {
    handler.start_sending(out);
    out.push(SetReadTimeout{handler.link, server.ticks(server.config->init_limit)});
}

/// LearnerSyncThrottler.beginSync: so many learners may be synchronized at a time. Who votes is
/// counted, but need not wait.
bool Leading::is_throttled(const Handler& handler, Handler::Sync kind) const {
    constexpr std::ptrdiff_t most_snaps = 10;   // leader.maxConcurrentSnapshotSyncs.
    constexpr std::ptrdiff_t most_diffs = 100;  // leader.maxConcurrentDiffSyncs.
    const auto at_it = std::count_if(handlers.begin(), handlers.end(),
                                     [kind](const Handler& other) { return other.syncs == kind; });
    return !handler.participant && at_it >= (kind == Handler::Sync::snap ? most_snaps : most_diffs);
}

/// Leader.startForwarding: what was committed or proposed meanwhile, then everything new.
void Leading::start_forwarding(const Server& server, Handler& handler, Zxid last_queued) {
    handler.forwarding = true;
    if (server.release().forwarding_skips_first && last_committed.counter() == 0) {
        return;
    }
    for (std::size_t i = 0; i < to_be_applied.size(); ++i) {
        if (to_be_applied[i].zxid > last_queued) {
            handler.queue.push(Proposal{to_be_applied[i]});
            handler.queue.push(Commit{to_be_applied[i].zxid});
        }
    }
    for (std::size_t i = 0; handler.participant && i < outstanding.size(); ++i) {
        if (outstanding[i].txn.zxid > last_queued) {
            handler.queue.push(Proposal{outstanding[i].txn});
        }
    }
}

/// The SNAP's header names what is processed now; what is applied while the tree is written may be
/// in it as well.
void Leading::begin_serializing(const Server& server, Handler& handler, Effects& out) const {
    handler.snapshot_name = server.database.position();
    handler.snapshot_zxid = server.database.last_processed();
    out.start(Work::serialize_snapshot, Stage::handler, 0, handler.link);
}

void Leading::on_serialized(const Server& server, Handler& handler, Effects& out) {
    handler.phase = Handler::Phase::synchronizing;
    if (!server.release().new_leader_before_snap) {
        // Behind all that was queued meanwhile, so that its ack covers it (ZOOKEEPER-3104).
        handler.queue.push(NewLeader{epoch});
    }
    out.push(SendSnapshot{handler.link, handler.snapshot_name, handler.snapshot_zxid});
    out.note(NoteKind::snapshot_sent, handler.snapshot_name.zxid.value,
             handler.snapshot_name.prefix, 0, handler.sid);
    start_sending(server, handler, out);
}

void Leading::on_new_leader_ack(Server& server, Handler& handler, Zxid zxid, Effects& out) {
    handler.phase = Handler::Phase::awaiting_startup;
    handler.syncs = Handler::Sync::none;
    // An ack of anything else is not counted, and the handler goes on (ZOOKEEPER-4685).
    if (zxid == Zxid::of(epoch, 0) && handler.participant) {
        count_new_leader_ack(server, handler.sid, out);
    }
    if (zxid == Zxid::of(epoch, 0) && handler.participant &&
        server.release().returning_learner_keeps) {
        count_kept_proposals(server, handler, out);
    }
    start_learner(server, handler, out);
}

/// Proposals of our epoch that the learner had brought with it are in its log: its ACK of
/// NEWLEADER covers them.
void Leading::count_kept_proposals(Server& server, Handler& handler, Effects& out) {
    if (handler.last_zxid.epoch() != epoch) {
        return;
    }
    while (!outstanding.empty()) {
        const Zxid next = std::max(acked(handler.sid).next(), outstanding.front().txn.zxid);
        if (next > handler.last_zxid) {
            return;
        }
        on_ack(server, handler.sid, next, out);
        if (acked(handler.sid) < next) {
            return;  // It speaks of what we have not proposed.
        }
    }
}

/// UPTODATE, once we serve, and once all that the learner holds of our epoch is committed: it must
/// not show anybody what may still be lost.
void Leading::start_learner(const Server& server, Handler& handler, Effects& out) const {
    const bool shows_uncommitted = server.release().returning_learner_keeps &&
                                   handler.last_zxid.epoch() == epoch &&
                                   handler.last_zxid > last_committed;
    if (phase == Phase::broadcast && !shows_uncommitted) {
        // Only now does its thread read again: while it waited for the others' ACKs nothing had to
        // come from the learner.
        out.push(SetReadTimeout{handler.link, server.ticks(server.config->sync_limit)});
        handler.phase = Handler::Phase::streaming;
        handler.send(UpToDate{}, out);
    }
}

void Leading::count_new_leader_ack(Server& server, NodeId sid, Effects& out) {
    if (server.quorum.is_voter(sid)) {
        new_leader_acks.insert(sid);
    }
    if (server.quorum.is_quorum(new_leader_acks)) {
        out.hand(Stage::main);
    }
}

void Leading::on_started_serving(Server& server, Effects& out) {
    phase = Phase::broadcast;
    const Position initial = server.database.position();
    last_proposed = {Zxid::of(epoch, 0), initial.prefix};
    server.database.begin_epoch(Zxid::of(epoch, 0));
    server.vote.vote.peer_epoch = epoch;  // updateElectionVote: what we tell late comers.
    server.pipeline.start(server, true);
    await_expiry(server, out);
    out.note(NoteKind::history, initial.zxid.value, initial.prefix, server.database.tree_digest());
    out.note(NoteKind::serving, initial.zxid.value, initial.prefix, epoch.value, server.self);
    for (Handler& handler : handlers) {
        handler.deadline = 2 * (server.config->init_limit + server.config->sync_limit);
    }
    wake(Handler::Phase::awaiting_startup, out);
    const Duration half_tick = server.config->tick_time / 2;
    out.push(SetTimer{TimerKind::tick, half_tick, half_tick});
}

}  // namespace zab
