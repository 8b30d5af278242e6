#include "tests/conformance/election.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace conformance {

// What is said of one server in an election.

namespace {

std::vector<std::string> parts(const std::string& words, const std::string& separator) {
    const std::regex split(separator);
    return {std::sregex_token_iterator(words.begin(), words.end(), split, -1), {}};
}

using Election = Stage::Election;

/// "LEADING within 5 s": in this state by then, and so it stays when nothing else happens.
void check_state(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    static const std::regex state("\\b(LEADING|FOLLOWING|LOOKING)\\b");
    static const std::regex whom(
        "(?:FOLLOWING|follows|following) (?:node |server )?([0-9]+)\\b(?! s)");
    test::Cluster& c = *stage.cluster;
    std::smatch found;
    const bool is_told = std::regex_search(words, found, state);
    const std::string wanted = is_told                   ? found[1].str()
                               : contains(words, "lead") ? "LEADING"
                                                         : "FOLLOWING";
    const auto limit = duration_in(words, c.config());
    c.run_until([&] { return state_of(c, node) == wanted; }, limit.value_or(in_the_end));
    const std::string got = state_of(c, node);
    if (is_negated(words)) {
        verdict.require(words + ", is " + got, got != wanted);
        return;
    }
    verdict.require(words + ", is " + got, got == wanted);
    if (std::regex_search(words, found, whom)) {
        const bool follows =
            c.is_up(node) && c.peer(node).server().vote.vote.leader == node_of(found[1].str());
        verdict.require(words, follows);
    }
}

/// "never LEADING", "does not follow 3".
void check_never(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    const auto roles = stage.roles_of(node, 0);
    const std::string role = contains(words, "LEADING|lead")      ? "LEADING"
                             : contains(words, "LOOKING|looking") ? "LOOKING"
                                                                  : "FOLLOWING";
    verdict.require(words, std::find(roles.begin(), roles.end(), role) == roles.end());
}

/// "on the leader of 1 and 2", "on 2", "elects 2".
bool check_choice(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    static const std::regex same("(?:on |follows )?(?:leader of|same leader as|agrees? with) (.*)");
    static const std::regex one(
        "(?:on|elects?|for|leader(?: is)?|has leader) (?:node |server )?([0-9]+)");
    std::smatch found;
    const auto leader_of = [&](NodeId who) {
        return stage.cluster->is_up(who) ? stage.cluster->peer(who).server().vote.vote.leader
                                         : NodeId{};
    };
    const std::string rest = plain(words);
    if (std::regex_match(rest, found, same)) {
        for (const NodeId other : nodes_in(found[1])) {
            verdict.require(words, leader_of(node) == leader_of(other));
        }
    } else if (std::regex_match(rest, found, one)) {
        verdict.require(words, leader_of(node) == node_of(found[1].str()));
    } else {
        return false;
    }
    return true;
}

/// "moves up to round 2", "takes over the higher round of 1".
bool check_round(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    static const std::regex moves(
        "(?:(?:moves?|goes|jumps?|comes?|gets?) (?:up )?to|adopts?|takes? over|takes?|joins?|is in|"
        "in) (?:(?:the|a|higher|later|greater) )*round (?:of (?:node |server )?)?([0-9]+)");
    test::Cluster& c = *stage.cluster;
    std::smatch found;
    if (!std::regex_match(words, found, moves)) return false;
    c.run_until([&] { return state_of(c, node) != "LOOKING"; }, in_the_end);
    if (!c.is_up(node)) {
        verdict.require(words + ": it is down", false);
        return true;
    }
    const std::uint64_t round = c.peer(node).server().round;
    if (contains(words, "round of")) {
        const NodeId other = node_of(found[1].str());
        verdict.require(words, c.is_up(other) && round == c.peer(other).server().round);
    } else {
        verdict.check(words, found[1].str(), std::to_string(round));
    }
    return true;
}

/// "need no new election", "keeps LEADING", "rejoins the established leader from the notifications
/// of 1 and 2": nothing else than what was so before.
bool check_kept(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    static const std::regex none(
        "(?:needs?|has|have|starts?|with|makes?) no (?:new|second|further|other|more) elections?|"
        "no (?:new|second|further|other) election|(?:does|do) not elect again");
    static const std::regex keeps("(?:keeps|stays|remains|continues) (LEADING|FOLLOWING)");
    static const std::regex back(
        "rejoins?( (?:within|in) .*)?|(?:rejoins?|joins?|finds?|follows?|returns? "
        "to|(?:goes|comes) back to) (?:the )?"
        "(?:(?:established|same|existing|current|old|running) )?(?:leader|ensemble|quorum)( .*)?");
    static const std::regex heard("\\bfrom (?:the )?(?:notifications?|votes?) of ([0-9, and]+)");
    test::Cluster& c = *stage.cluster;
    const std::string where = fmt::format("{}: server {}", words, node.value - 1);
    std::smatch found, who;
    if (std::regex_match(words, none)) {
        const auto all = stage.elections_of(node);
        verdict.require(where, c.is_up(node) && all.size() == 1 && all.front().decided);
    } else if (std::regex_match(words, found, keeps)) {
        const auto roles = stage.roles_of(node, 0);
        const auto begins = std::find(roles.begin(), roles.end(), found[1].str());
        verdict.require(where, begins != roles.end() && begins + 1 == roles.end() &&
                                   state_of(c, node) == found[1].str());
    } else if (std::regex_match(words, found, back)) {
        refuse_denied(found[1].str() + found[2].str());
        const auto limit = duration_in(words, c.config());
        c.run_until([&] { return state_of(c, node) == "FOLLOWING"; }, limit.value_or(in_the_end));
        const bool follows = state_of(c, node) == "FOLLOWING";
        verdict.require(where, follows && stage.before() &&
                                   c.peer(node).server().vote.vote.leader == *stage.before());
        verdict.require(where, stage.leads().size() == 1);
        const auto all = stage.elections_of(node);
        const bool is_late = limit && (all.empty() || !all.back().decided ||
                                       *all.back().decided - all.back().began > *limit);
        verdict.require(where + ": in time", !is_late);
        if (!std::regex_search(words, who, heard)) return true;
        for (const NodeId other : nodes_in(who[1])) {
            verdict.require(where, stage.was_told_by(node, other));
        }
    } else {
        return false;
    }
    return true;
}

}  // namespace

/// "decide within 4 s", "decides again within 10 s", "finishes its second election".
void check_decision(Stage& stage, NodeId node, const std::string& words, bool is_first,
                    Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
    static const std::regex place("\\b(first|second|third) election\\b");
    const auto limit = duration_in(words, c.config());
    std::smatch found;
    std::size_t at = 0;
    if (std::regex_search(words, found, place)) at = *count_in(found[1]);
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
    verdict.check(where, !is_negated(words), decides);
    if (decides && limit) verdict.require(where, *one->decided - one->began <= *limit);
    if (contains(words, "\\bagain\\b")) verdict.require(where, stage.elections_of(node).size() > 1);
}

void check_server(Stage& stage, NodeId node, const std::string& words, bool is_first,
                  Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
    static const std::regex either(
        "(?:ends?|is|are)? ?(FOLLOWING|LEADING|LOOKING) or (FOLLOWING|LEADING|LOOKING)");
    std::smatch found;
    if (words.find(" -> ") != std::string::npos) {
        const auto wanted = parts(words, " -> ");
        const auto roles = stage.roles_of(node, stage.forced_at);
        const bool begins =
            std::search(roles.begin(), roles.end(), wanted.begin(), wanted.end()) != roles.end();
        verdict.require(words, begins && state_of(c, node) == wanted.back());
    } else if (words == "still leader") {
        verdict.require(words, c.leader() == node);
    } else if (contains(words,
                        "^(?:never|does not|not)\\b.*(?:LEADING|LOOKING|FOLLOWING|lead|follow)")) {
        check_never(stage, node, words, verdict);
    } else if (contains(words,
                        "(?:malformed|message|notification|it).*(?:dropped|ignored|skipped|"
                        "discarded)|^(?:ignored|dropped|skipped|discarded)$")) {
        verdict.require(words, stage.ignored_all());
    } else if (contains(words,
                        "^(?:receiver(?: thread)?|thread|server) (?:survives|lives on|goes on)$")) {
        // It hears nobody but mocks: what it decides it has heard later.
        verdict.require(words, stage.ignored_all());
        check_decision(stage, node, words, is_first, verdict);
    } else if (std::regex_match(words, found, either)) {
        const std::string state = state_of(c, node);
        verdict.require(words + ", is " + state, found[1] == state || found[2] == state);
    } else if (check_choice(stage, node, words, verdict) ||
               check_round(stage, node, words, verdict) ||
               check_kept(stage, node, words, verdict)) {
        return;
    } else if (contains(words,
                        "\\b(?:decides?|election (?:ends|terminates|finishes|completes)|terminates|"
                        "finish(?:es)?|leaves LOOKING|not LOOKING)\\b")) {
        check_decision(stage, node, words, is_first, verdict);
    } else if (contains(words, "LEADING|FOLLOWING|LOOKING|\\bfollows?\\b|\\bjoins?\\b")) {
        check_state(stage, node, words, verdict);
    } else if (contains(words, "\\b(?:serves?|serving|up|quorum|in service|available)\\b")) {
        const auto told = duration_in(words, c.config());
        const zab::Duration limit = told ? stage.left_of(*told) : in_the_end;
        verdict.check(fmt::format("{}: server {}", words, node.value - 1), !is_negated(words),
                      c.run_until([&] { return c.serves(node); }, limit));
    } else {
        throw Refused("expected: " + words);
    }
}

}  // namespace conformance
