#pragma once

#include "protocol/release/release.hpp"
#include "protocol/types/ids.hpp"
#include "protocol/types/quorum.hpp"
#include "protocol/types/time.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace zab {

/// How much a commit processor does at a time (commitProcessor.maxReadBatchSize and
/// maxCommitBatchSize).
struct CommitLimits {
    /// Absent (-1): requests are fed until a commit could take its place.
    std::optional<std::uint32_t> reads{};
    std::uint32_t commits = 1;
    friend bool operator==(const CommitLimits&, const CommitLimits&) = default;
};

/// What `zoo.cfg` and the system properties of one server say. Defaults are ZooKeeper's, with the
/// sample file's tick and limits (zookeeper-server: QuorumPeerConfig, conf/zoo_sample.cfg).
struct Config {
    std::vector<NodeId> voters;     ///< Ascending, without repetition.
    std::vector<NodeId> observers;  ///< Ascending, disjoint from `voters`.
    QuorumGroups groups;            ///< Of all voters, or none: any majority decides.
    Release release;                ///< Whose behaviour this is.

    Duration tick_time = seconds(2);
    std::uint32_t init_limit = 10;  ///< Ticks a learner may take to connect and synchronize.
    std::uint32_t sync_limit = 5;   ///< Ticks of silence or of an unacknowledged proposal.
    /// leader.maxTimeToWaitForEpoch (ZOOKEEPER-3109): how long a leader that waits for epochs stays
    /// when a voter looks for a leader again. Absent (-1): as long as initLimit says.
    std::optional<Duration> max_epoch_wait{};

    Duration min_notification_interval = milliseconds(200);  ///< FastLeaderElection.
    Duration max_notification_interval = seconds(60);        ///< FastLeaderElection.
    Duration finalize_wait = milliseconds(200);              ///< FastLeaderElection.finalizeWait.
    Duration election_connection_timeout = seconds(5);       ///< zookeeper.cnxTimeout.
    Duration learner_connect_retry = milliseconds(100);      ///< leaderConnectDelayDuringRetryMs.
    std::uint32_t learner_connect_attempts = 5;              ///< Learner.connectToLeader.

    std::uint32_t commit_log_count = 500;            ///< Committed txns kept in memory for DIFF.
    std::uint32_t snapshot_count = 100'000;          ///< snapCount: txns between snapshots.
    std::uint64_t snapshot_size_limit = 4ull << 30;  ///< snapSizeLimitInKb: log bytes likewise.
    /// snapshotSizeFactor, in percent: how much log a leader reads from disk for a learner, by the
    /// size of its newest snapshot. 0: any.
    std::uint32_t snapshot_size_percent = 33;
    bool sync_from_disk = true;               ///< A negative snapshotSizeFactor: false.
    std::uint64_t preallocation = 64u << 20;  ///< preAllocSize: a log file's least size.
    bool force_snapshot_sync = false;         ///< zookeeper.forceSnapshotSync.
    std::uint32_t max_batch_size = 1'000;     ///< SyncRequestProcessor: flush at this many.
    Duration flush_delay = {};                ///< SyncRequestProcessor: 0 = flush when idle.
    std::uint32_t global_outstanding_limit = 1'000;
    /// request_throttle_max_requests: how many requests of a server's own clients its processors
    /// have at a time; 0: any.
    std::uint32_t throttle_max_requests = 0;
    CommitLimits commit_limits{};

    std::uint32_t min_session_ticks = 2;   ///< minSessionTimeout in ticks.
    std::uint32_t max_session_ticks = 20;  ///< maxSessionTimeout in ticks.
    bool force_sync = true;                ///< forceSync: fsync before acknowledging.
    bool leader_serves = true;             ///< Whether the leader accepts clients.
    Duration observer_election_delay = milliseconds(200);  ///< observer.election.DelayMs, at most.

    /// What a client gets that asks for this session timeout (processConnectRequest).
    std::uint32_t session_timeout_ms(std::uint32_t asked_ms) const {
        const auto ms = [this](std::uint32_t ticks) {
            return static_cast<std::uint32_t>((tick_time * ticks).ns / 1'000'000);
        };
        return std::clamp(asked_ms, ms(min_session_ticks), ms(max_session_ticks));
    }
    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace zab
