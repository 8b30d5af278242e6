#pragma once

#include "protocol/effect.hpp"
#include "protocol/election/vote.hpp"
#include "protocol/message.hpp"

#include <cstdint>
#include <optional>

namespace zab {

struct Server;

/// A notification with its sender, as the election's main thread takes it from its queue.
struct HeardVote {
    NodeId sender{};
    Notification notification{};
};

/// Fast leader election, as the LOOKING main thread runs it (FastLeaderElection.lookForLeader).
struct Looking {
    enum class Phase : std::uint8_t {
        voting,      ///< No quorum agrees yet.
        finalizing,  ///< A quorum agrees: waiting finalizeWait for a better vote.
        decided,     ///< The new role's code is about to run.
    };

    VoteTable received;  ///< recvset: votes of this round.
    VoteTable finished;  ///< outofelection: votes of servers that already have a leader.
    Vote proposal{};
    Duration notification_interval{};
    bool finalizing = false;  ///< A quorum agrees; waiting finalizeWait for a better vote.
    std::optional<Vote> decision;

    /// Starts a new round: requires that the database is what this server votes with.
    void begin(Server& server, Effects& out);
    /// Takes the next notification from the queue.
    void on_next_vote(Server& server, Effects& out);
    void on_notification_timer(Server& server, Effects& out);
    void on_finalize_timer(Server& server, Effects& out);

    Phase phase() const {
        if (decision.has_value()) {
            return Phase::decided;
        }
        return finalizing ? Phase::finalizing : Phase::voting;
    }
    /// The current proposal, as a message.
    Notification notification(const Server& server) const;
    std::uint64_t fingerprint() const;

  private:
    void on_looking(Server& server, const HeardVote& heard, Effects& out);
    void on_settled(Server& server, const HeardVote& heard, Effects& out);
    void broadcast(Server& server, Effects& out) const;
    void decide(Server& server, const Vote& vote, Effects& out);
    void wait(Effects& out) const;
};

/// FastLeaderElection.Messenger.WorkerReceiver, a thread of its own that runs in every state: it
/// answers who is behind or late, and queues for the main thread only while LOOKING.
void on_notification(Server& server, const Looking* looking, NodeId sender,
                     const Notification& notification, Effects& out);

}  // namespace zab
