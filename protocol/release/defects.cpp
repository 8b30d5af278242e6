#include "protocol/release/release.hpp"
#include "protocol/types/ensure.hpp"

#include <algorithm>
#include <array>

namespace zab {

// Known defects, each alone: what must be switched, on any release, so that it can happen.

namespace {

constexpr std::array<ReleaseName, 33> names{{
    {"1154", "who lies in the committed log's window is taken to have a prefix of it"},
    {"1319", "who joins while the epoch's first proposal is outstanding does not get it"},
    {"1343", "an accepted epoch equal to the leader's bid does not raise it"},
    {"1514", "a leader confirmed by votes of another round leads"},
    {"1549", "a TRUNC below the newest snapshot is not rolled back (4837, 5010)"},
    {"1621", "a log file without its header: the server refuses to start"},
    {"1653", "snapshot first, epoch second: a crash in between, and the server refuses to start"},
    {"1732", "servers of one quorum tell different rounds, and nobody can join"},
    {"2024", "a request that waits for its commit holds up all clients of its server"},
    {"2307", "an epoch that its file could not take is promised nevertheless"},
    {"2354", "a log ahead of currentEpoch: the server refuses to start"},
    {"2355", "a DIFF is taken for done before its proposals are read"},
    {"2418", "a gap between the log on disk and the one in memory is left out of a DIFF"},
    {"2832", "an uncommitted transaction in the log survives a SNAP"},
    {"2845", "the retained database lacks what is logged and not committed"},
    {"3104", "NEWLEADER is sent ahead of what commits while a SNAP is written"},
    {"3244", "only the number of transactions, not their size, makes a server take a snapshot"},
    {"3642", "a DIFF on top of half a SNAP"},
    {"3756", "a server that does not answer when dialled keeps all others waiting (2930)"},
    {"3911", "NEWLEADER is acknowledged before the DIFF is on disk"},
    {"4269", "currentEpoch.tmp, left by a failed rename, is not looked at"},
    {"4394", "a COMMIT between NEWLEADER's ACK and UPTODATE ends the follower"},
    {"4508", "a client that reaches no server never learns that its session is over"},
    {"4643", "currentEpoch is written before the transactions"},
    {"4646", "NEWLEADER is acknowledged before the log's thread has synced"},
    {"4685", "the ACK of a proposal before that of NEWLEADER: the leader gives up"},
    {"4712", "a learner's log thread outlives its role"},
    {"4785", "the epoch of a DIFF outlives its transactions, which another disk still holds"},
    {"4925", "a hole in the committed log is passed on"},
    {"5094", "an interrupted TRUNC leaves memory ahead of the log"},
    {"returning-learner", "a follower that comes back loses proposals that its ack committed"},
    {"trunc-next-record", "TRUNC keeps the next record where the log lacks the point"},
    {"unsynced-snapshot", "a learner's snapshot is not fsynced before NEWLEADER's ACK"},
}};

/// The family of the learner's step at NEWLEADER.
bool plant_new_leader_step(Release& release, std::string_view name) {
    if (name == "1653") {
        release.new_leader = NewLeaderStep::snapshot_then_epoch;
        release.log_ahead = LogAheadOfEpoch::refuses;
    } else if (name == "3911") {
        release.new_leader = NewLeaderStep::lazy;
    } else if (name == "4394") {
        release.new_leader = NewLeaderStep::sync_all;
    } else if (name == "4643" || name == "4646" || name == "4685" || name == "4785") {
        // One piece of code, four reports of what can come of it.
        release.new_leader = NewLeaderStep::async_log;
    } else if (name == "4925") {
        release.new_leader = NewLeaderStep::sync_committed_hole;
    } else {
        return false;
    }
    return true;
}

/// What memory and disk hold when a role ends in the middle of something.
bool plant_shutdown(Release& release, std::string_view name) {
    if (name == "2355") {
        release.diff_claims_zxid = true;
        release.keeps_partial_diff = true;
    } else if (name == "2845") {
        release.database = DatabaseAtShutdown::retained;
    } else if (name == "3642") {
        release.keeps_partial_snap = true;
    } else if (name == "4712") {
        release.log = LogAtShutdown::left_running;
    } else if (name == "5094") {
        release.keeps_partial_trunc = true;
    } else {
        return false;
    }
    return true;
}

/// What is on disk when a server boots, or is cut back.
bool plant_recovery(Release& release, std::string_view name) {
    if (name == "1549") {
        release.truncation = Truncation::keeps_snapshots;
    } else if (name == "trunc-next-record") {
        release.truncation = Truncation::keeps_next_record;
        release.snap_keeps_log = true;
    } else if (name == "1621") {
        release.skips_torn_header = false;
    } else if (name == "2307") {
        release.epochs_in_memory_first = true;
    } else if (name == "2354") {
        release.log_ahead = LogAheadOfEpoch::refuses;
    } else if (name == "2832") {
        release.snap_keeps_log = true;
    } else if (name == "4269") {
        release.reads_epoch_temporary = false;
        release.log_ahead = LogAheadOfEpoch::refuses;
    } else if (name == "unsynced-snapshot") {
        release.syncs_snap_snapshot = false;
        release.syncs_trunc_snapshot = false;
    } else {
        return false;
    }
    return true;
}

}  // namespace

std::span<const ReleaseName> defects() { return names; }

bool is_defect(std::string_view name) {
    return std::any_of(names.begin(), names.end(),
                       [name](const ReleaseName& known) { return known.name == name; });
}

Release with_defect(Release release, std::string_view name) {
    if (plant_new_leader_step(release, name) || plant_shutdown(release, name) ||
        plant_recovery(release, name)) {
        return release;
    }
    if (name == "1154") {
        release.window_ignores_epochs = true;
    } else if (name == "1319") {
        release.forwarding_skips_first = true;
    } else if (name == "1343") {
        release.bids_must_be_higher = true;
    } else if (name == "1514") {
        release.leader_ignores_round = true;
    } else if (name == "1732") {
        release.votes = VoteEquality::everything;
    } else if (name == "2024") {
        release.requests = RequestOrder::of_server;
    } else if (name == "2418") {
        release.sees_gap_in_log = false;
    } else if (name == "3244") {
        release.snapshots_by_size = false;
    } else if (name == "3104") {
        release.new_leader_before_snap = true;
    } else if (name == "3756") {
        release.dials_one_by_one = true;
    } else if (name == "4508") {
        release.clients_end_sessions = false;
    } else if (name == "returning-learner") {
        release.returning_learner_keeps = false;
    } else {
        ensure(false, "the loader accepts only defects that exist");
    }
    return release;
}

}  // namespace zab
