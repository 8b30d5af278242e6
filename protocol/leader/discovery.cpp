#include "protocol/leader/leading.hpp"
#include "protocol/server.hpp"

namespace zab {

// Phase 1 on the leader: q/Leader.lead until the epoch is agreed.

namespace {

void restart_wait(const Server& server, Effects& out) {
    const Duration limit = server.ticks(server.config->init_limit);
    out.push(SetTimer{TimerKind::epoch_wait, limit, limit});
}

}  // namespace

void Leading::begin(Server& server, Effects& out) {
    summary = {server.self, server.database.last_processed(), server.current_epoch};
    last_proposed = server.database.position();
    out.start(Work::open_port, Stage::main);
}

/// From now on the kernel takes connections; nobody reads them before lead() starts its acceptor.
void Leading::on_port_open(Server& server, Effects& out) {
    out.push(Listen{LinkKind::learner, true});
    if (!server.release().leader_snapshots) {
        on_snapshot_written(server, out);
        return;
    }
    // Leader.lead calls loadData, which writes the whole database, uncommitted tail included.
    out.start(Work::write_snapshot, Stage::main);
}

void Leading::on_snapshot_written(Server& server, Effects& out) {
    phase = Phase::discovery;
    for (Handler& handler : handlers) {
        accept(server, handler, out);
        if (handler.unread.has_value()) {
            out.hand(Stage::handler, handler.link);
        }
    }
    restart_wait(server, out);
    if (const auto patience = server.config->max_epoch_wait) {
        patience_ends = server.now.monotonic + *patience;
    }
    bid_epoch(server, server.self, server.accepted_epoch, Stage::main, {}, out);
}

/// Leader.reportLookingSid: a voter looks. It has changed its mind, was too early at our port, has
/// lost us, or has just come: who elected us is not asked (SyncedLearnerTracker.hasSid looks for it
/// among all voters). After `max_epoch_wait` an election is quicker than waiting for a quorum.
Verdict Leading::on_looking_voter(const Server& server, NodeId voter) const {
    const bool waits = patience_ends.has_value() && !epoch_decided && server.quorum.is_voter(voter);
    return waits && server.now.monotonic > *patience_ends ? Verdict::leave : Verdict::stay;
}

void Leading::on_registered(Server& server, Handler& handler, Epoch accepted, Effects& out) {
    handler.phase = Handler::Phase::awaiting_epoch;
    if (epoch_written) {
        tell_epoch(server, handler, out);
        return;
    }
    bid_epoch(server, handler.sid, accepted, Stage::handler, handler.link, out);
}

void Leading::tell_epoch(const Server& server, Handler& handler, Effects& out) const {
    handler.phase = Handler::Phase::acknowledging;
    out.send(handler.link, LeaderInfo{epoch});
    out.push(SetReadTimeout{handler.link, server.ticks(server.config->init_limit)});
}

/// Whether these are enough: a quorum with us in it.
bool Leading::agree_on_epoch(const Server& server, const NodeSet& nodes) const {
    const bool is_by_number =
        server.release().observers_agree_on_epoch && server.quorum.is_majority();
    return nodes.contains(server.self) &&
           (is_by_number ? server.quorum.is_enough(nodes.size()) : server.quorum.is_quorum(nodes));
}

/// Leader.getEpochToPropose: one more than the highest accepted epoch of a quorum with us in it.
/// The thread that completes the quorum writes our own promise before anybody is told.
void Leading::bid_epoch(Server& server, NodeId sid, Epoch accepted, Stage stage, LinkId link,
                        Effects& out) {
    if (epoch_decided) {
        return;
    }
    const bool is_first = epoch == Epoch{};
    const bool counts =
        server.release().bids_must_be_higher && !is_first ? accepted > epoch : accepted >= epoch;
    if (counts) {
        epoch = accepted.next();
    }
    if (server.quorum.is_voter(sid) || server.release().observers_agree_on_epoch) {
        connecting.insert(sid);  // Never taken out again, even if it disconnects.
    }
    if (!agree_on_epoch(server, connecting)) {
        return;
    }
    epoch_decided = true;
    server.write_accepted_epoch(epoch, stage, link, out);
}

void Leading::on_accepted_epoch_written(Server& server, Effects& out) {
    server.accepted_epoch = epoch;
    epoch_written = true;
    phase = Phase::epoch_proposed;
    restart_wait(server, out);
    const Position end = server.database.position();
    out.note(NoteKind::leading, end.zxid.value, end.prefix, epoch.value);
    wake(Handler::Phase::awaiting_epoch, out);
    out.hand(Stage::main);
}

void Leading::on_ack_epoch(Server& server, Handler& handler, const AckEpoch& ack, Effects& out) {
    handler.last_zxid = ack.last_zxid;
    handler.phase = Handler::Phase::awaiting_quorum;
    if (election_finished) {
        synchronize(server, handler, nullptr,
                    out);  // Late: its history is no longer compared with ours.
        return;
    }
    if (!ack.current_epoch.has_value()) {
        return;  // It had accepted this epoch before: not counted.
    }
    const bool is_ahead =
        *ack.current_epoch > summary.peer_epoch ||
        (*ack.current_epoch == summary.peer_epoch && ack.last_zxid > summary.zxid);
    if (is_ahead) {
        drop(handler.link, out);  // Phase 1, leader step 2: we must not lead somebody newer.
        return;
    }
    if (handler.participant || server.release().observers_agree_on_epoch) {
        count_epoch_ack(server, handler.sid, out);
    }
}

void Leading::count_epoch_ack(Server& server, NodeId sid, Effects& out) {
    if (election_finished) {
        return;
    }
    electing.insert(sid);
    if (!agree_on_epoch(server, electing)) {
        return;
    }
    election_finished = true;
    wake(Handler::Phase::awaiting_quorum, out);
    out.hand(Stage::main);
}

/// The leader's main thread, when what it waited for may have come.
void Leading::on_main_turn(Server& server, Effects& out) {
    if (phase == Phase::epoch_proposed && !electing.contains(server.self)) {
        count_epoch_ack(server, server.self, out);
    }
    if (phase == Phase::epoch_proposed && election_finished) {
        phase = Phase::entering_epoch;
        server.write_current_epoch(epoch, out);
    }
    if (phase == Phase::synchronization && server.quorum.is_quorum(new_leader_acks)) {
        phase = Phase::starting;
        out.push(CancelTimer{TimerKind::epoch_wait});
        last_committed = Zxid::of(epoch, 0);
        const Position end = server.database.position();
        out.note(NoteKind::established, end.zxid.value, end.prefix, epoch.value);
        out.start(Work::start_serving, Stage::main);
    }
}

void Leading::on_current_epoch_written(Server& server, Effects& out) {
    server.current_epoch = epoch;
    phase = Phase::synchronization;
    restart_wait(server, out);
    count_new_leader_ack(server, server.self, out);
}

}  // namespace zab
