#include "tests/conformance/election.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace conformance {

namespace {

std::vector<std::string> parts(const std::string& words, const std::string& separator) {
    const std::regex split(separator);
    return {std::sregex_token_iterator(words.begin(), words.end(), split, -1), {}};
}

using Election = Stage::Election;

/// For what is said without a time.
constexpr zab::Duration in_the_end = zab::seconds(20);

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

/// "decide within 4 s", "decides again within 10 s", "election ends within 5 s".
void check_decision(Stage& stage, NodeId node, const std::string& words, bool is_first,
                    Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
    const auto limit = duration_in(words, c.config());
    const auto chosen = [&]() -> std::optional<Election> {
        const auto all = stage.elections_of(node);
        if (all.empty()) return std::nullopt;
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

/// "on the leader of 1 and 2", "on 2", "elects 2".
bool check_choice(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    static const std::regex same("(?:on |follows )?(?:leader of|same leader as|agrees? with) (.*)");
    static const std::regex one("(?:on|elects?|for) (?:node |server )?([0-9]+)");
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

void check_server(Stage& stage, NodeId node, const std::string& words, bool is_first,
                  Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
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
                        "discarded)|^(?:ignored|dropped)")) {
        verdict.require(words, stage.ignored_all());
    } else if (check_choice(stage, node, words, verdict)) {
        return;
    } else if (contains(words,
                        "\\b(?:decides?|election (?:ends|terminates|finishes|completes)|terminates|"
                        "finish(?:es)?|leaves LOOKING|not LOOKING)\\b")) {
        check_decision(stage, node, words, is_first, verdict);
    } else if (contains(words, "LEADING|FOLLOWING|LOOKING|\\bfollows?\\b|\\bjoins?\\b")) {
        check_state(stage, node, words, verdict);
    } else if (contains(words, "\\b(?:serves?|serving|up|quorum|in service|available)\\b")) {
        const auto limit = duration_in(words, c.config()).value_or(in_the_end);
        verdict.require(fmt::format("{}: server {}", words, node.value - 1),
                        c.run_until([&] { return c.serves(node); }, limit));
    } else {
        throw Refused("expected: " + words);
    }
}

/// Whether these decide on the same leader in the end.
bool agree(Stage& stage, const std::vector<NodeId>& nodes) {
    test::Cluster& c = *stage.cluster;
    return c.run_until(
        [&] {
            return std::all_of(nodes.begin(), nodes.end(), [&](NodeId node) {
                return c.is_up(node) && c.is_up(nodes.front()) && state_of(c, node) != "LOOKING" &&
                       c.peer(node).server().vote.vote.leader ==
                           c.peer(nodes.front()).server().vote.vote.leader;
            });
        },
        in_the_end);
}

/// "well before initLimit*tick" adds to what stands before it; the rest is about each server.
void check_servers(Stage& stage, const std::vector<NodeId>& nodes, const std::string& words,
                   bool is_first, Verdict& verdict) {
    static const std::regex above("no LEADING (?:node|server) with sid ?> ?([0-9]+)");
    test::Cluster& c = *stage.cluster;
    const auto began = c.now();
    for (const std::string& told : split_at(without_remarks(words), "\\s*[;,]\\s*(?![0-9])")) {
        std::smatch found;
        const std::string clause = std::regex_replace(told, std::regex("^(?:all|both|and) "), "");
        if (contains(told, "^(?:well )?before ")) {
            const auto limit = duration_in(told, c.config());
            if (!limit) throw Refused("expected: " + told);
            verdict.require(told, c.now() - began < *limit);
        } else if (std::regex_match(told, found, above)) {
            for (const NodeId node : c.members()) {
                const bool is_above = node.value > node_of(found[1].str()).value;
                verdict.require(told, !(is_above && state_of(c, node) == "LEADING"));
            }
        } else if (told == "every node ends FOLLOWING or LEADING") {
            for (const NodeId node : nodes) verdict.require(told, state_of(c, node) != "LOOKING");
        } else if (contains(told, "^quorum up") || told == "quorum") {
            const auto limit = duration_in(told, c.config()).value_or(zab::seconds(60));
            verdict.require(told, c.run_until([&stage] { return stage.is_quorum_up(); }, limit));
        } else if (contains(told, "(?:one|same|single) leader|agree")) {
            verdict.require(told, agree(stage, nodes));
        } else {
            for (const NodeId node : nodes) check_server(stage, node, clause, is_first, verdict);
        }
    }
}

/// "unchanged (1)", "1 or 2", "not 2".
void check_leader_words(Stage& stage, const Value& value, Verdict& verdict) {
    const std::string& words = value.text;
    stage.cluster->run_until([&] { return stage.cluster->leader().has_value(); }, in_the_end);
    const auto leader = stage.cluster->leader();
    const std::string got = leader ? std::to_string(leader->value - 1) : "nobody";
    const std::string what =
        "leader: " + words + ", is " + got +
        (stage.before() ? ", was " + std::to_string(stage.before()->value - 1) : "");
    if (contains(words, "unchanged|same|still")) verdict.require(what, leader == stage.before());
    const auto nodes = nodes_in(words);
    const bool is_in = leader && std::find(nodes.begin(), nodes.end(), *leader) != nodes.end();
    if (!nodes.empty()) verdict.require(what, leader && is_in != is_negated(words));
    if (nodes.empty() && !contains(words, "unchanged|same|still"))
        throw Refused("leader: " + words);
}

void check_leader(Stage& stage, const std::vector<NodeId>& among, Verdict& verdict) {
    const auto leader = stage.cluster->leader();
    const bool is_among =
        leader.has_value() && std::find(among.begin(), among.end(), *leader) != among.end();
    verdict.require(
        fmt::format("the leader is {}", leader ? std::to_string(leader->value - 1) : "nobody"),
        is_among);
}

/// "1 and 2 decide within 4 s": of whom the words speak themselves.
void check_told_servers(Stage& stage, const std::string& key, const std::string& words,
                        Verdict& verdict) {
    static const std::regex subject("^(?:nodes? )?([0-9]+(?:(?:, ?| and )[0-9]+)*|all) (.*)");
    static const std::regex still("([0-9]+) must still be LOOKING after 5 s.*");
    std::smatch found;
    const auto outcome = stage.outcomes.find(key);
    if (outcome != stage.outcomes.end() && std::regex_match(words, found, still)) {
        verdict.check(key, found[1].str() + " LOOKING", outcome->second);
    } else if (outcome != stage.outcomes.end()) {
        verdict.check(key, words, outcome->second);
    } else if (std::regex_match(words, found, subject)) {
        const auto nodes = stage.nodes_of(found[1]);
        if (!nodes) throw Refused(key + ": " + words);
        check_servers(stage, *nodes, found[2], key == "first", verdict);
    } else {
        throw Refused(key + ": " + words);
    }
}

/// "more than half of the peers decide on one leader, and the leader itself decides".
void check_each(const Stage& stage, const std::string& words, Verdict& verdict) {
    const bool tells_most = contains(words, "more than half|majority|quorum");
    const bool tells_leader = contains(words, "leader itself|leader decides|LEADING");
    if ((!tells_most && !tells_leader) || stage.elections.empty()) throw Refused("each: " + words);
    for (const auto& [agreeing, leads] : stage.elections) {
        const bool is_most = 2 * agreeing > stage.cluster->config().voters.size();
        if (tells_most) verdict.require("more than half decide on one leader", is_most);
        if (tells_leader) verdict.require("the leader itself decides", leads);
    }
}

void check_key(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::regex available("available; leader in \\{([0-9,]+)\\}");
    std::smatch found;
    if (key == "leaderIn") {
        std::vector<NodeId> among;
        for (const NodeId id : ids(value, key)) among.push_back(node_of(id.value));
        check_leader(stage, among, verdict);
    } else if (key == "leader") {
        check_leader_words(stage, value, verdict);
    } else if (contains(key, "^(?:first|second|last|third|result|outcome|election)$")) {
        check_told_servers(stage, key, value.text, verdict);
    } else if (key == "each") {
        check_each(stage, value.text, verdict);
    } else if (key == "service" && std::regex_match(value.text, found, available)) {
        verdict.require("available", stage.answered > 0);
        check_leader(stage, nodes_in(found[1]), verdict);
    } else if (key == "service" && contains(value.text, "^(?:quorum )?(?:up|available)\\b")) {
        const auto limit = duration_in(value.text, stage.cluster->config()).value_or(in_the_end);
        verdict.require(value.text,
                        stage.cluster->run_until([&stage] { return stage.is_quorum_up(); }, limit));
    } else if (stage.names.contains(key)) {
        check_servers(stage, {stage.names.at(key)}, value.text, false, verdict);
    } else if (const auto nodes =
                   stage.nodes_of(std::regex_replace(key, std::regex("^node(?=[0-9])"), ""));
               nodes && is_text(value)) {
        check_servers(stage, *nodes, value.text, false, verdict);
    } else {
        throw Refused("expected." + key);
    }
}

}  // namespace

std::optional<Verdict> judge_election(const Case& one) {
    if (one.level == "unit" || (one.area != "FLE" && one.area != "QRM")) return std::nullopt;
    Stage stage(one);
    for (const std::string& step : texts(one.stimulus, "stimulus")) stage.play(step);
    Verdict verdict;
    for (const auto& [words, holds] : stage.claims) verdict.require(words, holds);
    for (const auto& [key, place, value] : one.expected.members) {
        check_key(stage, key, value, verdict);
    }
    for (const std::string& violation : stage.cluster->violations()) {
        verdict.require(violation, false);
    }
    return verdict;
}

}  // namespace conformance
