#include "protocol/peer.hpp"

#include <utility>

namespace zab {

// How a peer passes from role to role (QuorumPeer.run), and whose turn it is when a piece of work
// is done.

namespace {

// ExitCode.
constexpr std::uint16_t unexpected_error = 1;
constexpr std::uint16_t txnlog_error_taking_snapshot = 10;
constexpr std::uint16_t quorum_packet_error = 13;

}  // namespace

void Peer::on(const Done& done, Effects& out) {
    if (done.failed) {
        on_failed(done, out);
        return;
    }
    if (done.stage == Stage::snapshot) {
        server_.pipeline.snapshot_running = false;
        return;
    }
    if (done.stage == Stage::sync) {
        server_.pipeline.last_flush = server_.now.monotonic;
        server_.pipeline.next_jitter = done.snapshot_jitter;
        on_log_synced(out);
        return;
    }
    if (std::holds_alternative<Booting>(role_)) {
        go_on_booting(out);
        return;
    }
    if (done.work == Work::write_accepted_epoch && !awaits_accepted_epoch(done)) {
        // A learner's thread wrote it for a leadership that has ended meanwhile.
        server_.accepted_epoch = done.disk->accepted_epoch.value_or(server_.accepted_epoch);
        on_promise_over(out);
        return;
    }
    if (done.stage == Stage::handler && !std::holds_alternative<Leading>(role_)) {
        return;  // A LearnerHandler came to the end of a SNAP for a leadership that has ended.
    }
    if (std::holds_alternative<Leaving>(role_)) {
        on_leaving_done(done, out);
    } else if (std::holds_alternative<Leading>(role_)) {
        on_leading_done(done, out);
    } else if (std::holds_alternative<Learning>(role_)) {
        on_learning_done(done, out);
    } else if (const auto* looking = std::get_if<Looking>(&role_);
               looking != nullptr && done.work == Work::finish_election) {
        const NodeId leader = looking->decision.value_or(Vote{}).leader;
        server_.election_queue.clear();
        out.push(ClearStage{Stage::main});
        if (leader == server_.self) {
            become_leading(out);
        } else {
            become_learning(leader, out);
        }
    }
}

/// The disk has refused to write. What has no role to fall back to ends the process; nothing of
/// what was to be written is believed to be there.
void Peer::on_failed(const Done& done, Effects& out) {
    if (std::holds_alternative<Booting>(role_)) {
        // QuorumPeer.loadDataBase: "Unable to run quorum server".
        end(RefuseToStart{Refusal::unwritable_disk, server_.database.last_processed()}, out);
    } else if (done.work == Work::sync_log) {
        on_log_failed(done, out);
    } else if (done.work == Work::write_snapshot) {
        // ZooKeeperServer.takeSnapshot: "Severe unrecoverable error, exiting".
        end(Halt{txnlog_error_taking_snapshot}, out);
    } else if (done.work == Work::truncate_log) {
        end(Halt{quorum_packet_error}, out);  // Learner: "Not able to truncate the log".
    } else if (const Leading* led = leading();
               done.stage == Stage::main ||
               (led != nullptr && led->epoch_decided && !led->epoch_written)) {
        // An epoch file: an exception of lead() or followLeader(). Where a LearnerHandler has
        // written it, ZooKeeper ends only that thread, and the others wait for initLimit.
        leave(out);
    }
    if (done.work == Work::write_accepted_epoch) {
        on_promise_over(out);
    }
}

/// A LearnerHandler has written its leader's promise, or failed to: who leaves waited for that. The
/// next role would else promise less, and the late write would come on top of it, or under it.
/// (ZooKeeper does not wait: on a disk that stalls, acceptedEpoch can fall.)
void Peer::on_promise_over(Effects& out) {
    auto* leaving = std::get_if<Leaving>(&role_);
    if (leaving != nullptr && std::exchange(leaving->promises, false) && leaving->is_through) {
        finish_leaving(out);
    }
}

/// SyncRequestProcessor is a critical thread (ZooKeeperCriticalThread.handleException): it ends,
/// with what it had to log, and the server is in state ERROR.
void Peer::on_log_failed(const Done& done, Effects& out) {
    if (server_.release().log_error_ends_process) {
        end(Halt{unexpected_error}, out);
        return;
    }
    Pipeline& pipeline = server_.pipeline;
    pipeline.to_log.clear();
    pipeline.to_flush.clear();
    pipeline.abandoned = 0;
    out.push(ClearStage{Stage::sync});
    if (std::holds_alternative<Leaving>(role_) && done.stage == Stage::main) {
        on_leaving_done(done, out);  // "Got IO exception during shutdown", and it goes on.
    } else {
        leave(out);  // isRunning() is false: at the next packet, or within half a tick.
    }
}

void Peer::end(const Effect& how, Effects& out) {
    out.push(how);
    role_ = Ended{};
}

/// Whether it is the present role that asked for the write, and not an earlier one's handler.
bool Peer::awaits_accepted_epoch(const Done& done) const {
    if (const Leading* leading = this->leading()) {
        return leading->epoch_decided && !leading->epoch_written &&
               done.disk->accepted_epoch == leading->epoch;
    }
    return learning() != nullptr && done.stage == Stage::main;
}

/// The sync stage's fsync is done: all it had appended before is durable.
void Peer::on_log_synced(Effects& out) {
    if (auto* leading = std::get_if<Leading>(&role_)) {
        leading->on_flushed(server_, out);
    } else if (auto* learning = std::get_if<Learning>(&role_);
               learning != nullptr && learning->link.exists()) {
        learning->on_flushed(server_, out);
    } else {
        server_.pipeline.to_flush.clear();
    }
}

void Peer::on_leading_done(const Done& done, Effects& out) {
    auto& leading = std::get<Leading>(role_);
    if (done.work == Work::write_snapshot) {
        leading.on_snapshot_written(server_, out);
    } else if (done.work == Work::open_port) {
        leading.on_port_open(server_, out);
    } else if (done.work == Work::write_accepted_epoch) {
        leading.on_accepted_epoch_written(server_, out);
    } else if (done.work == Work::write_current_epoch) {
        leading.on_current_epoch_written(server_, out);
    } else if (done.work == Work::start_serving) {
        leading.on_started_serving(server_, out);
    } else if (done.work == Work::serialize_snapshot) {
        if (Handler* handler = leading.find(done.link)) {
            leading.on_serialized(server_, *handler, out);
        }
    } else if (done.work == Work::read_log) {
        if (Handler* handler = leading.find(done.link)) {
            leading.synchronize(server_, *handler, done.disk, out);
        }
    }
}

void Peer::on_learning_done(const Done& done, Effects& out) {
    auto& learning = std::get<Learning>(role_);
    if (done.work == Work::write_accepted_epoch) {
        learning.on_accepted_epoch_written(server_, out);
    } else if (done.work == Work::truncate_log) {
        settle(learning.on_log_truncated(server_, *done.disk, out), out);
    } else if (done.work == Work::write_snapshot) {
        settle(learning.on_snapshot_written(server_, out), out);
    } else if (done.work == Work::sync_log) {
        learning.on_history_durable(server_, out);
    } else if (done.work == Work::write_current_epoch) {
        learning.on_current_epoch_written(server_, out);
    } else if (done.work == Work::start_serving) {
        learning.on_started_serving(server_, out);
    }
}

void Peer::settle(Verdict verdict, Effects& out) {
    if (verdict == Verdict::leave) {
        leave(out);
    }
}

void Peer::become_looking(Effects& out) {
    auto& looking = role_.emplace<Looking>();
    looking.begin(server_, out);
}

void Peer::become_leading(Effects& out) {
    auto& leading = role_.emplace<Leading>();
    leading.begin(server_, out);
}

void Peer::become_learning(NodeId leader, Effects& out) {
    auto& learning = role_.emplace<Learning>();
    learning.leader = leader;
    learning.begin(server_, out);
}

/// Leader.shutdown or Learner.shutdown: connections and processors end. Until that is done the
/// server still answers notifications with its old vote, which decides real elections.
void Peer::leave(Effects& out) {
    Leaving leaving;
    leaving.was_serving = server_.pipeline.serving;
    if (auto* learning = std::get_if<Learning>(&role_)) {
        // What SNAP or TRUNC put into memory, or DIFF applied, is not all on disk yet
        // (ZOOKEEPER-3642, 5094): such a memory should not survive.
        leaving.reload = learning->distrusts_memory(server_.release());
        if (learning->link.exists()) {
            out.push(CloseLink{learning->link});
        }
        out.push(CancelTimer{TimerKind::dial_retry});
    } else if (auto* leading = std::get_if<Leading>(&role_)) {
        leaving.was_leading = true;
        leaving.promises =
            server_.release().shutdown_awaits_promise && leading->is_writing_promise();
        for (const Handler& handler : leading->handlers) {
            leaving.learners.push_back(handler.link);
        }
        out.push(Listen{LinkKind::learner, false});
        out.push(CancelTimer{TimerKind::tick});
        out.push(CancelTimer{TimerKind::expiry});
        out.push(CancelTimer{TimerKind::epoch_wait});
    } else {
        return;
    }
    const bool clears = server_.release().database == DatabaseAtShutdown::cleared;
    leaving.reload = leaving.reload || clears;
    role_ = std::move(leaving);
    server_.pipeline.stop(out);
    out.push(ClearStage{Stage::main});
    out.start(Work::shut_down_role, Stage::main);
}

/// What memory holds now, without having been delivered: an uncommitted tail may be in it.
void Peer::tell_memory(Effects& out) const {
    const Position end = server_.database.position();
    out.note(NoteKind::history, end.zxid.value, end.prefix, server_.database.tree_digest());
}

void Peer::on_leaving_done(const Done& done, Effects& out) {
    auto& leaving = std::get<Leaving>(role_);
    Pipeline& pipeline = server_.pipeline;
    const Release& release = server_.release();
    const bool reads =
        leaving.reload || (leaving.was_serving && release.database != DatabaseAtShutdown::retained);
    if (done.work == Work::shut_down_role) {
        const bool stops_log = leaving.was_leading || release.log == LogAtShutdown::finished_first;
        if (stops_log && (leaving.was_serving || leaving.reload)) {
            // The log's thread is let finish before memory is brought level with the log; the
            // other way round it would write behind memory's back (ZOOKEEPER-4712).
            leaving.step = LeavingStep::flushing;
            for (; !pipeline.to_log.empty(); pipeline.to_log.pop()) {
                out.push(Append{pipeline.to_log.front()});
                pipeline.count_logged(pipeline.to_log.front());
            }
            pipeline.to_flush.clear();
            pipeline.abandoned = 0;
            out.push(ClearStage{Stage::sync});
            out.start(Work::sync_log, Stage::main);
            return;
        }
        pipeline.abandon_log();
    }
    if (reads && done.work != Work::read_log) {
        leaving.step = LeavingStep::reading;
        out.start(Work::read_log, Stage::main);
        return;
    }
    if (done.work == Work::read_log) {
        if (leaving.reload) {
            server_.database.load(*done.disk);
        } else {
            server_.database.fast_forward(*done.disk);  // ZOOKEEPER-2845.
        }
    }
    finish_leaving(out);
}

void Peer::finish_leaving(Effects& out) {
    auto& leaving = std::get<Leaving>(role_);
    // Leader.shutdown: only when its processors have ended are its learners' connections closed.
    for (const LinkId link : std::exchange(leaving.learners, {})) {
        out.push(CloseLink{link});
    }
    leaving.is_through = true;
    if (leaving.promises) {
        leaving.step = LeavingStep::waiting;
        return;
    }
    tell_memory(out);
    const Duration most = server_.config->observer_election_delay;
    if (!server_.is_voter() && server_.release().observers_wait && most > Duration{}) {
        // Observers would else all call the voters at once.
        leaving.step = LeavingStep::waiting;
        out.push(SetTimer{TimerKind::observer, {}, most});
        return;
    }
    become_looking(out);
}

}  // namespace zab
