#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// By what the releases of ZooKeeper, and its known defects, differ from one another. Each switch
/// is read at the one place where the protocol decides; no place knows a release by its name.
namespace zab {

/// What a learner does between NEWLEADER and its ACK (q/Learner.syncWithLeader).
enum class NewLeaderStep : std::uint8_t {
    /// All is in memory; a snapshot, not synced, then the epoch, then the ACK.
    snapshot_then_epoch,
    /// The epoch, then the ACK; what DIFF brought is logged only after UPTODATE (3642, 3911).
    lazy,
    /// The epoch; all proposals are handed to the log's thread; the ACK does not wait for it
    /// (4394, 4643, 4646, 4685, 4785).
    async_log,
    /// All proposals are logged and synced, then the epoch, then the ACK (4394 remains).
    sync_all,
    /// Only the committed ones are logged, synced and applied, past the committed log (4925).
    sync_committed_hole,
    /// The same, through the committed log.
    sync_committed,
};

/// What becomes of the database in memory when a role ends (ZooKeeperServer.shutdown).
enum class DatabaseAtShutdown : std::uint8_t {
    cleared,         ///< Read anew from disk.
    retained,        ///< As it is: what is logged and not committed is not in it (2845).
    fast_forwarded,  ///< Brought level with the log.
};

/// What becomes of the log's thread when a role ends (SyncRequestProcessor.shutdown).
enum class LogAtShutdown : std::uint8_t {
    finished_first,  ///< It logs what it has, then memory is brought level with the log.
    left_running,    ///< Nobody stops a learner's: it logs behind memory's back (4712).
};

/// What TRUNC leaves on the learner's disk.
enum class Truncation : std::uint8_t {
    exact,  ///< Nothing beyond the point.
    /// The cut lies behind the first record that is not below the point: where the log lacks the
    /// point itself, the next record survives.
    keeps_next_record,
    keeps_snapshots,  ///< Snapshots beyond the point stay, and are read again (1549, 4837).
    keeps_both,
};

/// At boot the log holds transactions of a later epoch than currentEpoch.
enum class LogAheadOfEpoch : std::uint8_t {
    starts,   ///< They were never acknowledged: the server votes with its old epoch.
    adopts,   ///< The updatingEpoch marker tells that the epoch was about to be written (1653).
    refuses,  ///< Unless currentEpoch.tmp was left behind (2354).
};

/// Which votes of servers that have a leader count as one (q/Vote.equals).
enum class VoteEquality : std::uint8_t {
    leader_and_epoch,
    everything,  ///< A server finds no leader if the members tell different rounds (1732).
};

/// What waits behind a request that waits for its commit (CommitProcessor).
enum class RequestOrder : std::uint8_t {
    of_session,  ///< What its session asks.
    of_server,   ///< What any client of its server asks (2024).
};

struct Release {
    NewLeaderStep new_leader = NewLeaderStep::sync_committed;
    DatabaseAtShutdown database = DatabaseAtShutdown::fast_forwarded;
    LogAtShutdown log = LogAtShutdown::finished_first;
    Truncation truncation = Truncation::exact;
    LogAheadOfEpoch log_ahead = LogAheadOfEpoch::starts;
    VoteEquality votes = VoteEquality::leader_and_epoch;
    RequestOrder requests = RequestOrder::of_session;

    /// NEWLEADER is queued when the sync is decided, not behind the serialised SNAP (3104).
    bool new_leader_before_snap = false;
    /// DIFF sets the last processed zxid at once, before its proposals are read (2355).
    bool diff_claims_zxid = false;
    /// A leader writes a snapshot before it opens its port, uncommitted tail included (1558).
    bool leader_snapshots = true;
    /// A connection lost in the middle of SNAP leaves its contents in memory (3642).
    bool keeps_partial_snap = false;
    /// The same for what TRUNC and the proposals behind it have made of memory (5094).
    bool keeps_partial_trunc = false;
    /// The same for DIFF. It does no harm where memory is brought level with the log first.
    bool keeps_partial_diff = false;
    /// A SNAP leaves the old log beside the new snapshot (2832).
    bool snap_keeps_log = false;
    /// The snapshots that a learner writes at NEWLEADER are fsynced.
    bool syncs_snap_snapshot = true;
    bool syncs_trunc_snapshot = true;
    /// A learner that comes back with proposals of the same leader that are not applied there yet
    /// keeps them; else a TRUNC cuts them off, and they are sent again.
    bool returning_learner_keeps = true;
    /// What a dead process left in the page cache is made durable before the next one votes.
    bool boot_syncs_log = true;
    /// A log that cannot be written ends the process: what of it is there only a new one can tell.
    /// Else the server is in state ERROR, and leaves its role (2247).
    bool log_error_ends_process = true;
    /// A leader's shutdown waits until its promise of an epoch is written, if a thread is at that.
    bool shutdown_awaits_promise = true;
    /// A power loss right after a log file was begun leaves it without a header: it is skipped, or
    /// else nobody can boot from it (1621; mended as 2332).
    bool skips_torn_header = true;
    /// Whether the leader may send from its log on disk (1413).
    bool syncs_from_disk = true;
    /// A leader that finds a gap between its log on disk and the one in memory sends a SNAP (2418).
    bool sees_gap_in_log = true;
    /// The committed log is cut before a transaction enters it: it keeps one more than
    /// commitLogCount says.
    bool committed_log_has_one_more = false;
    /// What makes a server take a snapshot is counted anew by every role's log thread.
    bool counts_log_by_role = false;
    /// A gap within an epoch in the log that a boot reads: the server refuses to start
    /// (ZKDatabase.addCommittedProposal, since 3.9.4).
    bool refuses_gap_in_log = false;
    /// The size of the log, too, makes a server take a snapshot (3244).
    bool snapshots_by_size = true;
    /// Memory takes a new epoch before its file does (2307).
    bool epochs_in_memory_first = false;
    /// currentEpoch.tmp is looked at when the epoch files disagree (4269).
    bool reads_epoch_temporary = true;
    /// Within the committed log's window a learner is taken to have a prefix of it (1154).
    bool window_ignores_epochs = false;
    /// Who joins while the first proposal of the epoch is outstanding does not get it (1319).
    bool forwarding_skips_first = false;
    /// A bid for the epoch counts only if it is above the highest so far (1343).
    bool bids_must_be_higher = false;
    /// Elected by servers of another round, a leader does not look at its own round (1514).
    bool leader_ignores_round = false;
    /// Who has decided forgets in which round: it tells those who look of none (-1), and who joins
    /// it by that word is in no round either.
    bool decisions_forget_round = false;
    /// The word of one who has a leader, told in our own round, counts like that of one who looks;
    /// that the leader leads must have been heard of before.
    bool settled_votes_as_looking = false;
    /// Observers, too, make up the number that agrees on an epoch (2959).
    bool observers_agree_on_epoch = false;
    /// A leader pings its learners before it looks whether a quorum of them is left.
    bool pings_before_leaving = false;
    /// One thread dials one server after the other, and sends nothing meanwhile (2930, 3756).
    bool dials_one_by_one = false;
    /// An observer waits before it looks for a leader again (observer.election.DelayMs).
    bool observers_wait = true;
    /// A learner takes no first proposal that leaves a gap behind what it holds.
    bool first_proposal_must_join = true;
    /// A COMMIT before UPTODATE whose PROPOSAL the learner has not got ends its thread (4394).
    bool early_commit_needs_proposal = false;
    /// A learner reads with initLimit until UPTODATE, not only until NEWLEADER.
    bool late_read_timeout = false;
    /// It tries to reach its leader once a second, each time for no longer than syncLimit.
    bool slow_connect_retry = false;
    /// All its tries together have initLimit.
    bool connects_within_init_limit = true;
    /// A leader synchronizes only so many observers at a time.
    bool throttles_syncs = true;
    /// The plan of synchronization is that of 3.4: the committed log alone, without its epochs.
    bool plans_by_window = false;
    /// A client that hears of no server for 4/3 of its session's timeout takes it for over; else
    /// only a server can tell it so (4508).
    bool clients_end_sessions = true;

    friend bool operator==(const Release&, const Release&) = default;
};

/// A release, or a single defect by its JIRA number.
struct ReleaseName {
    std::string_view name;
    std::string_view what;
};

/// All releases, newest first; the first is the default.
std::span<const ReleaseName> releases();
/// Requires: `name` is one of releases().
Release release_named(std::string_view name);
/// Defects that can be planted alone.
std::span<const ReleaseName> defects();
bool is_defect(std::string_view name);
/// `release` with the defect. Requires: `name` is one of defects().
Release with_defect(Release release, std::string_view name);

}  // namespace zab
