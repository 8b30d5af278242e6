#include "protocol/election/vote.hpp"

#include <tuple>

namespace zab {

bool supersedes(const Vote& challenger, const Vote& holder) {
    return std::tie(challenger.peer_epoch, challenger.zxid, challenger.leader) >
           std::tie(holder.peer_epoch, holder.zxid, holder.leader);
}

bool supersedes(const Vote& challenger, const Vote& holder, const Quorum& quorum) {
    return quorum.weight(challenger.leader) != 0 && supersedes(challenger, holder);
}

bool is_same(const CastVote& one, const CastVote& other, VoteEquality equality) {
    if (one.state == ServerState::looking || other.state == ServerState::looking ||
        equality == VoteEquality::everything) {
        return one.vote == other.vote && one.round == other.round;
    }
    if ((one.version > 0) != (other.version > 0)) {
        return one.vote.leader == other.vote.leader;
    }
    return one.vote.leader == other.vote.leader && one.vote.peer_epoch == other.vote.peer_epoch;
}

NodeSet supporters(const VoteTable& votes, const CastVote& told, VoteEquality equality) {
    NodeSet agreeing;
    for (const auto& [sender, cast] : votes) {
        if (is_same(cast, told, equality)) {
            agreeing.insert(sender);
        }
    }
    return agreeing;
}

bool leader_is_confirmed(const VoteTable& votes, NodeId self, NodeId leader, std::uint64_t round,
                         std::uint64_t own_round) {
    if (leader == self) {
        return round == own_round;
    }
    const auto told = votes.find(leader);
    return told != votes.end() && told->second.state == ServerState::leading;
}

}  // namespace zab
