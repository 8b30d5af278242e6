#include "tests/conformance/story.hpp"

namespace conformance {

// What is said of somebody's epochs, and of those in which something was written.

using zab::NodeId;

/// "behind the leader", "refuses the lower epoch": by the epochs that they have promised
/// (Learner.registerWithLeader). False: nothing of the kind is told.
bool check_promise(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:it )?(?:is |being )*(behind|older than|not ahead of|level with|equal to) "
        "(?:the )?leader");
    static const Regex refuses(
        "(?:it )?(?:refuses|rejects|does not accept|will not accept) (?:the |an? |its )?"
        "(?:lower|older|smaller|leader's(?: lower| older| smaller)?) epoch(?: of (?:the "
        ")?leader)?");
    Match found;
    const bool refuses_told = regex_match(words, refuses);
    if (!refuses_told && !regex_match(words, found, form)) return false;
    const test::Cluster& c = story.cluster();
    verdict.require(words, c.is_up(node) && c.leader());
    if (!c.is_up(node) || !c.leader()) return true;
    if (refuses_told) {
        verdict.require(words, !c.serves(node) && c.peer(*c.leader()).server().accepted_epoch <
                                                      c.peer(node).server().accepted_epoch);
        return true;
    }
    const zab::Epoch own = c.peer(node).server().accepted_epoch;
    const zab::Epoch others = c.peer(*c.leader()).server().accepted_epoch;
    const bool may_equal = contains(found[1], "^(?:not|level|equal)");
    const bool may_be_less = !contains(found[1], "^(?:level|equal)");
    verdict.require(words, (may_equal && own == others) || (may_be_less && own < others));
    return true;
}

/// "has /a of the earlier epoch": whoever leads now has begun another one since it was written.
bool check_earlier(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(.*/.*?) (?:of|from|created in|written in) (?:the |an? )?"
        "(?:earlier|previous|former|old|first|last) epoch");
    Match found;
    if (!regex_match(words, found, form)) return false;
    const auto leader = story.cluster().leader();
    for (const std::string& path : paths_in(found[1])) {
        const auto epoch = story.epoch_of(path);
        verdict.require(words,
                        leader && epoch && *epoch < story.cluster().peer(*leader).leading()->epoch);
    }
    check_clause(story, node, found[1], verdict);
    return true;
}

}  // namespace conformance
