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

void check_server(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    static const std::regex within("(?:joins as )?(LEADING|FOLLOWING) within ([0-9]+) s");
    static const std::regex never("LOOKING, never LEADING, does not follow ([0-9]+)");
    test::Cluster& c = *stage.cluster;
    std::smatch found;
    if (std::regex_match(words, found, within)) {
        const std::string wanted = found[1];
        const bool holds = c.run_until([&] { return state_of(c, node) == wanted; },
                                       zab::seconds(std::stol(found[2])));
        verdict.require(words + ", is " + state_of(c, node), holds);
    } else if (std::regex_match(words, found, never)) {
        const auto roles = stage.roles_of(node, 0);
        verdict.require("LOOKING, is " + state_of(c, node), state_of(c, node) == "LOOKING");
        verdict.require("never LEADING", std::count(roles.begin(), roles.end(), "LEADING") == 0);
        verdict.require("does not follow " + found[1].str(),
                        std::count(roles.begin(), roles.end(), "FOLLOWING") == 0);
    } else if (words.find(" -> ") != std::string::npos) {
        const auto wanted = parts(words, " -> ");
        const auto roles = stage.roles_of(node, stage.forced_at);
        const bool begins =
            std::search(roles.begin(), roles.end(), wanted.begin(), wanted.end()) != roles.end();
        verdict.require(words, begins && state_of(c, node) == wanted.back());
    } else if (words == "still leader") {
        verdict.require(words, c.leader() == node);
    } else {
        throw Refused("expected: " + words);
    }
}

void check_all(Stage& stage, const std::string& words, Verdict& verdict) {
    static const std::regex up("quorum up within ([0-9]+) s");
    static const std::regex above("no LEADING node with sid>([0-9]+)");
    test::Cluster& c = *stage.cluster;
    for (const std::string& clause : parts(words, "; ")) {
        std::smatch found;
        bool holds = true;
        if (clause == "every node ends FOLLOWING or LEADING") {
            for (const NodeId node : c.members()) holds = holds && state_of(c, node) != "LOOKING";
        } else if (std::regex_match(clause, found, above)) {
            for (const NodeId node : c.members()) {
                const bool is_above = node.value > node_of(found[1]).value;
                holds = holds && !(is_above && state_of(c, node) == "LEADING");
            }
        } else if (std::regex_match(clause, found, up)) {
            const zab::Duration limit = zab::seconds(std::stol(found[1]));
            holds = c.run_until([&stage] { return stage.is_quorum_up(); }, limit);
        } else {
            throw Refused("expected: " + clause);
        }
        verdict.require(clause, holds);
    }
}

void check_leader(Stage& stage, const std::vector<NodeId>& among, Verdict& verdict) {
    const auto leader = stage.cluster->leader();
    const bool is_among =
        leader.has_value() && std::find(among.begin(), among.end(), *leader) != among.end();
    verdict.require(
        fmt::format("the leader is {}", leader ? std::to_string(leader->value - 1) : "nobody"),
        is_among);
}

void check_key(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::regex one_server("(?:node)?([0-9]+)");
    static const std::regex several("[0-9]+(,[0-9]+)+");
    static const std::regex available("available; leader in \\{([0-9,]+)\\}");
    std::smatch found;
    if (key == "leaderIn") {
        std::vector<NodeId> among;
        for (const NodeId id : ids(value, key)) among.push_back(node_of(id.value));
        check_leader(stage, among, verdict);
    } else if (key == "all") {
        check_all(stage, value.text, verdict);
    } else if (key == "first") {
        verdict.check(key, value.text, stage.outcomes[key]);
    } else if (key == "second") {
        static const std::regex still("([0-9]+) must still be LOOKING after 5 s.*");
        if (!std::regex_match(value.text, found, still)) throw Refused(key + ": " + value.text);
        verdict.check(key, found[1].str() + " LOOKING", stage.outcomes[key]);
    } else if (key == "each") {
        for (const auto& [agreeing, leads] : stage.elections) {
            const bool is_most = 2 * agreeing > stage.cluster->config().voters.size();
            verdict.require("more than half decide on one leader", is_most);
            verdict.require("the leader itself decides", leads);
        }
    } else if (key == "service" && std::regex_match(value.text, found, available)) {
        verdict.require("available", stage.answered > 0);
        check_leader(stage, nodes_in(found[1]), verdict);
    } else if (std::regex_match(key, several) && value.text == "form quorum") {
        bool all_serve = true;
        for (const NodeId node : nodes_in(key)) {
            all_serve = all_serve && stage.cluster->serves(node);
        }
        verdict.require(value.text, all_serve);
    } else if (std::regex_match(key, found, one_server)) {
        check_server(stage, node_of(found[1]), value.text, verdict);
    } else if (stage.names.contains(key)) {
        check_server(stage, stage.names.at(key), value.text, verdict);
    } else {
        throw Refused("expected." + key);
    }
}

}  // namespace

std::optional<Verdict> judge_election(const Case& one) {
    if (one.level != "cluster" || (one.area != "FLE" && one.area != "QRM")) return std::nullopt;
    Stage stage(one);
    for (const std::string& step : texts(one.stimulus, "stimulus")) stage.play(step);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        check_key(stage, key, value, verdict);
    }
    for (const std::string& violation : stage.cluster->violations()) {
        verdict.require(violation, false);
    }
    return verdict;
}

}  // namespace conformance
