#include "protocol/election/vote.hpp"

#include <tuple>

namespace zab {

bool supersedes(const Vote& challenger, const Vote& holder) {
    return std::tie(challenger.peer_epoch, challenger.zxid, challenger.leader) >
           std::tie(holder.peer_epoch, holder.zxid, holder.leader);
}

bool agrees_while_looking(const CastVote& cast, const Vote& proposal, std::uint64_t round) {
    return cast.vote == proposal && cast.round == round;
}

NodeSet supporters(const VoteTable& votes, const CastVote& told, TableOf table) {
    NodeSet agreeing;
    for (const auto& [sender, cast] : votes) {
        bool same = cast.vote.leader == told.vote.leader;
        if (cast.state == ServerState::looking) {
            same = agrees_while_looking(cast, told.vote, told.round);
        } else if (table == TableOf::finished_elections) {
            same = same && cast.vote.peer_epoch == told.vote.peer_epoch;
        }
        if (same) {
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
