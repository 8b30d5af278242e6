#include "tests/conformance/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// Why a server was elected, and not another one: "S0 (higher currentEpoch)".

using zab::NodeId;

/// What it would have its own vote for: known from the others' mail.
void Story::note_candidate(NodeId node, const zab::Notification& vote) {
    if (vote.leader == node) candidates_[node] = {vote.peer_epoch, vote.zxid};
}

/// As they stood when that leader was first seen.
void Story::note_contest(std::uint32_t epoch) {
    if (contests_.contains(epoch)) return;
    std::map<NodeId, Candidate>& all = contests_[epoch];
    for (const auto& [node, candidate] : candidates_) {
        if (cluster_->is_up(node) && !(hidden_ == node)) all[node] = candidate;
    }
}

namespace {

std::uint64_t rank_in(const std::string& what, NodeId node, const Story::Candidate& candidate) {
    if (contains(what, "[eE]poch")) return candidate.epoch.value;
    return contains(what, "[zZ]xid") ? candidate.zxid.value : node.value;
}

}  // namespace

void check_reason(const Story& story, std::uint32_t epoch, NodeId leader, const std::string& told,
                  Verdict& verdict) {
    static const Regex form(
        ".* \\((?:it |which )?(?:(?:has|by|with|for|of|is|as) )*(?:its |the |an? )?"
        "(highe(?:r|st)|larger|largest|greate(?:r|st)|newe(?:r|st)|lowe(?:r|st)|smaller|smallest|"
        "older|oldest) (sid|id|server id|(?:current )?epoch|currentEpoch|(?:last "
        ")?zxid|lastZxid)\\)");
    Match found;
    if (!regex_match(told, found, form)) return;
    const auto contest = story.contests().find(epoch);
    const bool is_known = contest != story.contests().end() && contest->second.contains(leader) &&
                          contest->second.size() > 1;
    if (!is_known) throw Refused("who else was to be elected? " + told);
    const std::string what = found[2];
    const bool is_lower = contains(found[1], "^(?:low|small|old)");
    const std::uint64_t own = rank_in(what, leader, contest->second.at(leader));
    for (const auto& [node, candidate] : contest->second) {
        if (node == leader) continue;
        const std::uint64_t other = rank_in(what, node, candidate);
        verdict.require(told, is_lower ? own < other : own > other);
    }
}

}  // namespace conformance
