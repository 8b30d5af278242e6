#include "protocol/learner/learning.hpp"
#include "protocol/server.hpp"

#include <algorithm>
#include <limits>

namespace zab {

// Phase 1 on a learner: q/Learner.connectToLeader and registerWithLeader.

namespace {

/// What ACKEPOCH says. Before any transaction, and not the beginning of an epoch: a leader can only
/// answer this with a SNAP.
Zxid end_of_history(const Server& server) {
    return server.asks_for_snapshot ? Zxid::of(Epoch{0}, 1) : server.database.last_processed();
}

}  // namespace

void Learning::begin(Server& server, Effects& out) {
    out.note(NoteKind::following, 0, 0, 0, leader);
    began = server.now.monotonic;
    dial(server, out);
}

void Learning::dial(const Server& server, Effects& out) const {
    Duration patience = time_to_connect(server);
    if (server.release().slow_connect_retry) {
        patience = std::min(patience, server.ticks(server.config->sync_limit));
    }
    out.push(Dial{LinkKind::learner, leader, patience});
}

/// leaderConnectDelayDuringRetryMs; up to 3.5 it was a second, whatever the configuration said.
Duration Learning::connect_pause(const Server& server) {
    return server.release().slow_connect_retry ? seconds(1) : server.config->learner_connect_retry;
}

/// All attempts together have initLimit, so that a leader whose host is gone costs no more than one
/// that does not synchronize us. In 3.4 nothing but their number ends them.
Duration Learning::time_to_connect(const Server& server) const {
    if (!server.release().connects_within_init_limit) {
        return {std::numeric_limits<std::int64_t>::max()};
    }
    return server.ticks(server.config->init_limit) - (server.now.monotonic - began);
}

Verdict Learning::on_dial_failed(const Server& server, Effects& out) {
    ++attempts;
    const Duration pause = connect_pause(server);
    if (attempts >= server.config->learner_connect_attempts || time_to_connect(server) <= pause) {
        return Verdict::leave;
    }
    // The leader opens its port a little after we decided: the first try is often refused.
    out.push(SetTimer{TimerKind::dial_retry, pause, pause});
    return Verdict::stay;
}

Verdict Learning::on_dial_retry(const Server& server, Effects& out) const {
    if (time_to_connect(server) <= Duration{}) {
        return Verdict::leave;
    }
    dial(server, out);
    return Verdict::stay;
}

void Learning::on_link_up(Server& server, LinkId up, Effects& out) {
    link = up;
    phase = Phase::registering;
    out.push(SetReadTimeout{link, server.ticks(server.config->init_limit)});
    if (server.is_voter()) {
        out.send(link, FollowerInfo{server.self, server.accepted_epoch});
    } else {
        out.send(link, ObserverInfo{server.self, server.accepted_epoch});
    }
}

Verdict Learning::on_leader_info(Server& server, const LeaderInfo& info, Effects& out) {
    if (info.epoch < server.accepted_epoch) {
        return Verdict::leave;  // We promised not to follow an older epoch.
    }
    new_epoch = info.epoch;
    if (info.epoch == server.accepted_epoch) {
        // Accepted before, by this or an earlier attempt: our ack must not count twice.
        phase = Phase::waiting_to_sync;
        out.send(link, AckEpoch{end_of_history(server), std::nullopt});
        return Verdict::stay;
    }
    phase = Phase::accepting;
    server.write_accepted_epoch(info.epoch, Stage::main, {}, out);
    return Verdict::stay;
}

void Learning::on_accepted_epoch_written(Server& server, Effects& out) {
    server.accepted_epoch = new_epoch;
    phase = Phase::waiting_to_sync;
    out.send(link, AckEpoch{end_of_history(server), server.current_epoch});
}

}  // namespace zab
