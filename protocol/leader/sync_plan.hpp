#pragma once

#include "protocol/database.hpp"
#include "protocol/types/ids.hpp"

#include <cstddef>
#include <cstdint>

namespace zab {

/// How a leader brings one learner to its own state (LearnerHandler.syncFollower).
struct SyncPlan {
    enum class Kind : std::uint8_t { diff, trunc, snap };
    Kind kind{};
    Zxid zxid{};            ///< Of the DIFF or TRUNC packet.
    std::size_t first = 0;  ///< Entries of the committed log to send, from here …
    std::size_t end = 0;    ///< … to here.
    Zxid last_queued{};     ///< What the learner has once it has taken all that.
    friend bool operator==(const SyncPlan&, const SyncPlan&) = default;
};

/// The plan for a learner whose last processed transaction is `learner`, from a leader that has
/// proposed up to `last_proposed` in its own epoch.
///
/// Release "fixed": a learner that comes back to the same leader with proposals that are not yet
/// applied there keeps them (an empty DIFF). ZooKeeper cuts them off with a TRUNC to its last
/// applied transaction and sends them again; until they are logged again a transaction that was
/// committed with this learner's ack may be on too few disks.
SyncPlan plan_sync(const Database& database, Zxid learner, Zxid last_proposed);

}  // namespace zab
