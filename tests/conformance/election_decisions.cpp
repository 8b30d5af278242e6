#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace conformance {

// When a server decides, and how long it leads.

using Election = Stage::Election;

/// "decide within 4 s", "decides again within 10 s", "finishes its second election".
bool check_decision(Stage& stage, NodeId node, const std::string& words, bool is_first,
                    Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
    static const Regex form(
        "(?:(?:each|must|both|all|has|have|do|does|an?|still) )*(never |not )?(?:(?:then "
        ")?decides?|decided|"
        "(?:finish(?:es)?|ends?|completes?)(?: (?:its|their|an?))*(?: (first|second|third))? "
        "elections?|(?:its |first |second |(?:every|each) (?:started )?)?elections? (?:is |are "
        ")?(never |not )?(?:ends?|ended|decided?|over|"
        "terminates?|"
        "finish(?:es|ed)?|complete[sd]?)|terminates?|ends?|finish(?:es)?|leaves LOOKING|(?:is "
        ")?not LOOKING|"
        "elects?(?: (?:an?|one|new))* leader)(?: again)?");
    const Timed told = timed_in(words, c.config());
    Match found;
    const std::string what = plain(told.words);
    if (!regex_match(what, found, form)) return false;
    const auto limit = told.time;
    if (limit && told.how == "after" && contains(what, "^(?:is )?not LOOKING$")) {
        c.run(*limit);
        verdict.require(words, state_of(c, node) != "LOOKING");
        return true;
    }
    const bool is_denied = found[1].matched || found[3].matched;
    std::size_t at = 0;
    if (found[2].matched) at = *count_in(found[2]);
    const auto chosen = [&]() -> std::optional<Election> {
        const auto all = stage.elections_of(node);
        if (all.size() < std::max<std::size_t>(at, 1)) return std::nullopt;
        if (at != 0) return all[at - 1];
        return is_first ? all.front() : all.back();
    };
    c.run_until([&] { return chosen() && chosen()->decided; }, limit.value_or(zab::seconds(60)));
    const auto one = chosen();
    const bool decides = one && one->decided;
    const std::string where = fmt::format("{}: server {}", words, node.value - 1);
    verdict.check(where, !is_denied, decides);
    if (decides && limit) {
        verdict.check(where, told.is_within(), *one->decided - one->began <= *limit);
    }
    if (contains(what, "^(?:every|each) (?:started )?election|^elections ")) {
        for (const Election& other : stage.elections_of(node)) {
            const bool is_late = limit && other.decided && *limit < *other.decided - other.began;
            verdict.require(where, other.decided && !is_late);
        }
    }
    if (contains(words, "\\bagain\\b")) verdict.require(where, stage.elections_of(node).size() > 1);
    return true;
}

/// "leaves LEADING within 15 s": of who has led.
bool check_left(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
    const Timed told = timed_in(words, c.config());
    if (!contains(plain(told.words), "^(?:leaves|no longer|stops) (?:LEADING|leading)$"))
        return false;
    if (told.time && !told.is_within()) throw Refused("expected: " + words);
    const auto roles = stage.roles_of(node, 0);
    verdict.require(words + ": it led",
                    std::find(roles.begin(), roles.end(), "LEADING") != roles.end());
    verdict.require(words, c.run_until([&] { return state_of(c, node) != "LEADING"; },
                                       told.time.value_or(in_the_end)));
    return true;
}

/// "no LEADING node with sid > 2".
bool check_none_above(Stage& stage, const std::string& words, Verdict& verdict) {
    static const Regex above("no LEADING (?:node|server) with sid ?> ?([0-9]+)");
    Match found;
    if (!regex_match(words, found, above)) return false;
    test::Cluster& c = *stage.cluster;
    for (const NodeId node : c.members()) {
        const bool is_above = node.value > node_of(found[1].str()).value;
        verdict.require(words, !(is_above && state_of(c, node) == "LEADING"));
    }
    return true;
}

/// "only after leader gave up waiting for epoch": nobody served before.
bool check_late(Stage& stage, const std::string& words, Verdict& verdict) {
    static const Regex late(
        "(?:(?:quorum )?(?:is )?(?:stable|up|formed|serves|available) )?(?:only )?after (?:the "
        ")?(?:first )?"
        "leader (?:has )?(?:quit|quits|given up|gave up|gives up|stepped down|steps down|left|"
        "stopped leading)(?: waiting(?: for (?:the |an? )?epoch(?: quorum)?)?)?"
        "( after .*)?");
    Match found;
    if (!regex_match(words, found, late)) return false;
    verdict.require(words, stage.is_served_only_after_first_lead());
    const bool tells_more = found[1].matched || contains(words, "\\bepoch\\b");
    const std::string end = "gives up waiting for epoch" + found[1].str();
    if (tells_more && !check_first_lead(stage, end, verdict)) throw Refused("expected: " + words);
    return true;
}

/// "new leader within 10 s": another one than before the last step.
bool check_new_leader(Stage& stage, const Timed& told, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:an? )?(?:new|another|other|different) leader(?: is)?(?: elected| there| "
        "(?:node |server )?([0-9]+))?|"
        "(?:have|get|elect)s? (?:an? )?(?:new|another|other|different) leader"
        "(?: among (?:the )?(?:(two)|them|themselves|rest))?");
    Match found;
    if (!regex_match(told.words, found, form)) return false;
    if (found[2].matched && stage.listeners().size() != 2) throw Refused("which two? " + words);
    if (told.time && !told.is_within()) throw Refused("expected: " + words);
    const auto is_new = [&stage] {
        return stage.cluster->leader() && stage.before() &&
               !(*stage.cluster->leader() == *stage.before());
    };
    verdict.require(words, stage.cluster->run_until(is_new, told.time.value_or(in_the_end)));
    const auto leader = stage.cluster->leader();
    if (found[1].matched) verdict.require(words, leader && *leader == node_of(found[1].str()));
    return true;
}

/// "one LEADING", "two FOLLOWING", "more than half agree on one leader": how many of these, in the
/// end.
bool check_counted(Stage& stage, const std::vector<NodeId>& nodes, const Timed& told,
                   const std::string& words, Verdict& verdict) {
    static const Regex in_state(
        "(?:exactly |just |only )?(one|two|three|four|five|[0-9]+) (?:of them )?(?:is |are |ends? "
        ")?"
        "(LEADING|FOLLOWING|LOOKING)");
    static const Regex most(
        "(?:more than half|majority|quorum|most)(?: of (?:them|peers|servers|nodes|voters))? "
        "(?:agrees?|decides?)(?: on (?:(?:an?|one|the|same|single) )*leader)?");
    test::Cluster& c = *stage.cluster;
    const std::string what = plain(told.words);
    Match found;
    const bool is_most = regex_match(what, most);
    if (!is_most && !regex_match(what, found, in_state)) return false;
    if (told.time && !told.is_within()) throw Refused("expected: " + words);
    const auto is_in_time = [&](NodeId node) {
        const auto all = stage.elections_of(node);
        const bool has_decided = !all.empty() && all.back().decided;
        return !told.time || (has_decided && *all.back().decided - all.back().began <= *told.time);
    };
    std::map<NodeId, std::size_t> votes;
    std::size_t in = 0;
    const auto holds = [&] {
        votes.clear();
        in = 0;
        for (const NodeId node : nodes) {
            if (!c.is_up(node) || !is_in_time(node)) continue;
            if (!is_most) in += told_state(stage, node) == found[2].str() ? 1u : 0u;
            if (state_of(c, node) != "LOOKING") ++votes[c.peer(node).server().vote.vote.leader];
        }
        if (!is_most) return in == *count_in(found[1]);
        return std::any_of(votes.begin(), votes.end(), [&](const auto& one) {
            return 2 * one.second > c.config().voters.size();
        });
    };
    c.run_until(holds, told.time.value_or(in_the_end));
    // A state that is passed through is none to end in.
    if (!is_most) c.run(zab::seconds(2));
    verdict.require(words, holds());
    return true;
}

}  // namespace conformance
