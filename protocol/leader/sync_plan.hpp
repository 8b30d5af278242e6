#pragma once

#include "protocol/config.hpp"
#include "protocol/database.hpp"
#include "protocol/types/ids.hpp"

#include <cstdint>
#include <vector>

namespace zab {

/// How a leader brings one learner to its own state (LearnerHandler.syncFollower).
struct SyncPlan {
    enum class Kind : std::uint8_t {
        diff,
        trunc,
        snap,
        needs_log,  ///< Undecided: what the learner lacks may be in the log on disk.
    };
    Kind kind{};
    Zxid zxid{};                 ///< Of the DIFF or TRUNC packet.
    std::vector<Txn> proposals;  ///< Committed ones to send behind it, each with its COMMIT.
    Zxid last_queued{};          ///< What the learner has once it has taken all that.
    friend bool operator==(const SyncPlan&, const SyncPlan&) = default;
};

/// What a leader plans from.
struct SyncSource {
    const Database& database;
    const Config& config;
    Zxid last_proposed{};             ///< By this leader, in its epoch.
    const DiskImage* disk = nullptr;  ///< Null until it has been read.
};

/// The plan for a learner whose last processed transaction is `learner`.
///
/// Where the release lets it, a learner that comes back to the same leader with proposals that are
/// not yet applied there keeps them (an empty DIFF). ZooKeeper cuts them off with a TRUNC to its
/// last applied transaction and sends them again; until they are logged again a transaction that
/// was committed with this learner's ack may be on too few disks.
SyncPlan plan_sync(const SyncSource& source, Zxid learner);

/// Whether the log on disk may serve a learner: it begins no later, and the files behind the last
/// one that begins before the learner's zxid (FileTxnIterator.init) are not much larger than a
/// snapshot (ZKDatabase.calculateTxnLogSizeLimit; their preallocated size counts).
bool log_may_serve(const DiskImage& disk, const Config& config, Zxid learner);

}  // namespace zab
