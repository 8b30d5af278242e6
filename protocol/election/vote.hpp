#pragma once

#include "protocol/message.hpp"
#include "protocol/release/release.hpp"
#include "protocol/types/ids.hpp"
#include "protocol/types/quorum.hpp"

#include <cstdint>
#include <map>

namespace zab {

/// Whom a server wants as its leader, and why (q/Vote).
struct Vote {
    NodeId leader{};
    Zxid zxid{};         ///< The candidate's last processed transaction.
    Epoch peer_epoch{};  ///< The candidate's currentEpoch file.
    friend bool operator==(const Vote&, const Vote&) = default;
};

/// FastLeaderElection.totalOrderPredicate: the newer epoch, then the newer history, then the
/// larger id. The epoch compared is the currentEpoch *file*, not the zxid's own.
bool supersedes(const Vote& challenger, const Vote& holder);
/// The same where voters are weighed: who weighs nothing supersedes nobody.
bool supersedes(const Vote& challenger, const Vote& holder, const Quorum& quorum);

/// A vote as it was received, with its sender's state.
struct CastVote {
    Vote vote{};
    std::uint64_t round = 0;
    ServerState state{};
    std::uint8_t version = 0;  ///< Of the notification; 0 where ZooKeeper leaves it out.
};

/// Votes by sender.
using VoteTable = std::map<NodeId, CastVote>;

/// Whether two votes count as one (Vote.equals). Where one is of a server still LOOKING,
/// everything must match. Else round and zxid may differ (ZOOKEEPER-1732, 1805, 1817, 1818): the
/// leader's id and epoch decide, or the id alone if only one of them has a version.
bool is_same(const CastVote& one, const CastVote& other, VoteEquality equality);

/// Senders in `votes` whose vote is the one told.
NodeSet supporters(const VoteTable& votes, const CastVote& told, VoteEquality equality);

/// FastLeaderElection.checkLeader: a leader elected by others must say itself that it leads; if it
/// is me, then only in my own round.
bool leader_is_confirmed(const VoteTable& votes, NodeId self, NodeId leader, std::uint64_t round,
                         std::uint64_t own_round);

}  // namespace zab
