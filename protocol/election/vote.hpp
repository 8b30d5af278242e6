#pragma once

#include "protocol/message.hpp"
#include "protocol/quorum.hpp"
#include "protocol/types/ids.hpp"

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

/// A vote as it was received, with its sender's state.
struct CastVote {
    Vote vote{};
    std::uint64_t round = 0;
    ServerState state{};
};

/// Votes by sender.
using VoteTable = std::map<NodeId, CastVote>;

/// Whether a LOOKING server's vote is the one proposed: everything must match (Vote.equals).
bool agrees_while_looking(const CastVote& cast, const Vote& proposal, std::uint64_t round);

/// Senders in `votes` that agree with a vote told by a server that already has a leader. Entries
/// of servers still LOOKING must match in everything. For the others the leader's id decides
/// alone when the table is that of the current round (its entries carry no version), and
/// id and epoch when it is the table of finished elections: rounds and zxids may differ there
/// (ZOOKEEPER-1732, 1805, 1817, 1818).
enum class TableOf : std::uint8_t { this_round, finished_elections };
NodeSet supporters(const VoteTable& votes, const CastVote& told, TableOf table);

/// FastLeaderElection.checkLeader: a leader elected by others must say itself that it leads; if it
/// is me, then only in my own round.
bool leader_is_confirmed(const VoteTable& votes, NodeId self, NodeId leader, std::uint64_t round,
                         std::uint64_t own_round);

}  // namespace zab
