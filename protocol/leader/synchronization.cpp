#include "protocol/leader/leading.hpp"
#include "protocol/leader/sync_plan.hpp"
#include "protocol/server.hpp"

#include <algorithm>

namespace zab {

// Phase 2 on the leader: LearnerHandler.syncFollower and what follows until UPTODATE.

void Leading::synchronize(Server& server, Handler& handler, Effects& out) {
    const SyncPlan plan = plan_sync(server.database, handler.last_zxid, last_proposed.zxid);
    handler.phase = Handler::Phase::synchronizing;
    if (plan.kind == SyncPlan::Kind::diff) {
        handler.queue.push(Diff{plan.zxid});
    } else if (plan.kind == SyncPlan::Kind::trunc) {
        handler.queue.push(Trunc{plan.zxid});
    }
    for (std::size_t i = plan.first; i < plan.end; ++i) {
        const Txn& txn = server.database.committed_log().at(i).txn;
        handler.queue.push(Proposal{txn});
        handler.queue.push(Commit{txn.zxid});
    }
    start_forwarding(handler, plan.last_queued, out);
    // Behind all of the above, so that its ack covers it (ZOOKEEPER-3104).
    handler.queue.push(NewLeader{epoch});
    if (plan.kind == SyncPlan::Kind::snap) {
        handler.phase = Handler::Phase::serializing;
        handler.snapshot_name = server.database.position();
        out.start(Work::serialize_snapshot, Stage::handler, 0, handler.link);
        return;
    }
    handler.start_sending(out);
}

/// Leader.startForwarding: what was committed or proposed meanwhile, then everything new.
void Leading::start_forwarding(Handler& handler, Zxid last_queued, Effects&) {
    for (std::size_t i = 0; i < to_be_applied.size(); ++i) {
        if (to_be_applied[i].zxid > last_queued) {
            handler.queue.push(Proposal{to_be_applied[i]});
            handler.queue.push(Commit{to_be_applied[i].zxid});
        }
    }
    if (handler.participant) {
        for (std::size_t i = 0; i < outstanding.size(); ++i) {
            if (outstanding[i].txn.zxid > last_queued) {
                handler.queue.push(Proposal{outstanding[i].txn});
            }
        }
    }
    handler.forwarding = true;
}

void Leading::on_serialized(Handler& handler, Effects& out) {
    handler.phase = Handler::Phase::synchronizing;
    out.push(SendSnapshot{handler.link, handler.snapshot_name});
    out.note(NoteKind::snapshot_sent, handler.snapshot_name.zxid.value,
             handler.snapshot_name.prefix, 0, handler.sid);
    handler.start_sending(out);
}

void Leading::on_new_leader_ack(Server& server, Handler& handler, Zxid zxid, Effects& out) {
    handler.phase = Handler::Phase::awaiting_startup;
    handler.deadline = half_ticks + 2 * server.config->sync_limit;
    out.push(SetReadTimeout{handler.link, server.ticks(server.config->sync_limit)});
    // An ack of anything else is not counted, and the handler goes on (ZOOKEEPER-4685).
    if (zxid == Zxid::of(epoch, 0) && handler.participant) {
        count_new_leader_ack(server, handler.sid, out);
    }
    if (zxid == Zxid::of(epoch, 0) && handler.participant) {
        count_kept_proposals(server, handler, out);
    }
    start_learner(handler, out);
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
void Leading::start_learner(Handler& handler, Effects& out) const {
    const bool shows_uncommitted =
        handler.last_zxid.epoch() == epoch && handler.last_zxid > last_committed;
    if (phase == Phase::broadcast && !shows_uncommitted) {
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
    out.note(NoteKind::history, initial.zxid.value, initial.prefix);
    out.note(NoteKind::serving, initial.zxid.value, initial.prefix, epoch.value, server.self);
    for (Handler& handler : handlers) {
        handler.deadline = 2 * (server.config->init_limit + server.config->sync_limit);
    }
    wake(Handler::Phase::awaiting_startup, out);
    const Duration half_tick = server.config->tick_time / 2;
    out.push(SetTimer{TimerKind::tick, half_tick, half_tick});
}

}  // namespace zab
