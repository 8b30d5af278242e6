#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

namespace {

/// Whether these decide on the same leader in the end, or did so in their first elections.
bool agree(Stage& stage, const std::vector<NodeId>& nodes, bool is_first) {
    test::Cluster& c = *stage.cluster;
    if (is_first) {
        const auto first = [&stage](NodeId node) {
            const auto all = stage.elections_of(node);
            return all.empty() || !all.front().decided ? NodeId{} : all.front().leader;
        };
        const NodeId leader = first(nodes.front());
        return !(leader == NodeId{}) && std::all_of(nodes.begin(), nodes.end(), [&](NodeId node) {
            return first(node) == leader;
        });
    }
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

bool tells_agreement(const std::string& words) {
    static const Regex agreed(
        "(?:(?:all|decides?|agrees?|ends?|settles?|elects?|follows?|joins?|converges?|form|end) "
        ")*(?:on |up with |with )?"
        "(?:(?:exactly|one|the|same|single) )+leader|(?:all )?agrees?(?: (?:on (?:an?|one|the|the "
        "same|same) "
        "leader|with each other))?");
    return regex_match(words, agreed);
}

/// Those of whom a key speaks are in the quorum.
void check_serving(Stage& stage, const std::vector<NodeId>& nodes, const std::string& words,
                   Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
    const auto serve = [&] {
        return std::all_of(nodes.begin(), nodes.end(), [&](NodeId node) { return c.serves(node); });
    };
    verdict.require(words, c.run_until(serve, in_the_end));
}

/// "quorum up within 10 s, only after maxTimeToWaitForEpoch": nobody served before.
void check_not_before(Stage& stage, zab::Duration limit, const std::string& words,
                      Verdict& verdict) {
    stage.cluster->run_until([&stage] { return stage.is_quorum_up(); }, in_the_end);
    const auto served = stage.served_after();
    verdict.require(words, served && *served >= limit);
}

/// "both end": of two, or of the two that are up.
std::vector<NodeId> those(const Stage& stage, const std::vector<NodeId>& all,
                          const std::string& told) {
    if (!told.starts_with("both ") || all.size() == 2) return all;
    const auto up = stage.listeners();
    if (up.size() != 2) throw Refused("who are both? " + told);
    return up;
}

/// "agree on one leader although 1 is a round ahead": that it is must be so.
std::string without_lead_in_rounds(Stage& stage, const std::vector<NodeId>& all,
                                   const std::string& words, Verdict& verdict) {
    static const Regex ahead(
        "(.*?),? (?:although|though|even though) (?:node |server )?([0-9]+) (?:is|was) (?:a|one) "
        "round (?:ahead|further|higher)");
    Match found;
    if (!regex_match(words, found, ahead)) return words;
    const auto looked = [&stage](NodeId one) { return stage.elections_of(one).size(); };
    const std::size_t most = looked(node_of(found[2].str()));
    verdict.require(words, std::any_of(all.begin(), all.end(),
                                       [&](NodeId other) { return looked(other) + 1 == most; }));
    return found[1];
}

}  // namespace

void check_quorum(Stage& stage, const Timed& told, bool is_denied, const std::string& words,
                  Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
    const auto is_up = [&stage] { return stage.is_quorum_up(); };
    if (!told.time || told.is_within()) {
        const auto limit = told.time ? stage.left_of(*told.time) : zab::seconds(60);
        const bool is_in_time = stage.has_served_in_time(told);
        verdict.check(words, !is_denied, c.run_until(is_up, limit) && is_in_time);
        return;
    }
    if (is_denied) throw Refused("expected: " + words);
    verdict.require(words, !c.run_until(is_up, stage.left_of(*told.time)));
    verdict.require(words, c.run_until(is_up, zab::seconds(60)));
}

/// "well before initLimit*tick" adds to what stands before it; the rest is about each server.
void check_servers(Stage& stage, const std::vector<NodeId>& all, const std::string& words,
                   bool is_first, Verdict& verdict) {
    static const Regex quorum(
        "(no )?(?:service|quorum)(?: is)?( not| never)?(?: (?:up|available|formed|comes "
        "up|again))*( not)?");
    static const Regex kept(
        "(?:no|without an?|without) (?:new|other|another) leader|(?:the )?leader (?:is |stays "
        "|remains "
        ")?(?:the )?(?:unchanged|same)|unchanged");
    test::Cluster& c = *stage.cluster;
    const auto began = c.now();
    std::vector<NodeId> named;  // In the clauses before.
    for (const std::string& whole : clauses_of(known_claim(words))) {
        Match found;
        const std::string told = without_lead_in_rounds(stage, all, whole, verdict);
        auto own = subject_in_role(stage, told, named);
        if (!own) own = stage.subject_of(told);
        if (own) {
            named.insert(named.end(), own->first.begin(), own->first.end());
            check_servers(stage, own->first, own->second, is_first, verdict);
            continue;
        }
        const std::string clause =
            regex_replace(told, compiled("^(?:(?:all|both|and|i\\.e\\.|that is) )+"), "");
        const std::vector<NodeId> nodes = those(stage, all, told);
        const Timed timed = timed_in(clause, c.config());
        if (contains(timed.words, "^(?:(?:quorum |is )*stable)?$") &&
            contains(timed.how, "^(?:only after|not before|after)$")) {
            check_not_before(stage, *timed.time, told, verdict);
        } else if (timed.words.empty() && timed.is_within()) {
            verdict.require(told, c.now() - began < *timed.time);
        } else if (check_none_above(stage, told, verdict) || check_support(stage, told, verdict) ||
                   check_counted(stage, nodes, timed, told, verdict) ||
                   check_new_leader(stage, timed, told, verdict)) {
            continue;
        } else if (regex_match(timed.words, found, quorum)) {
            const bool is_denied = found[1].matched || found[2].matched || found[3].matched;
            check_quorum(stage, timed, is_denied, told, verdict);
            const bool are_named = nodes != stage.everybody();
            if (!is_denied && are_named) check_serving(stage, nodes, told, verdict);
        } else if (regex_match(clause, kept) ||
                   (nodes.size() == 1 && contains(clause, "^(?:the )?same leader$"))) {
            c.run_until([&c] { return c.leader().has_value(); }, in_the_end);
            verdict.require(told, stage.before() && c.leader() == stage.before());
        } else if (check_first_lead(stage, told, verdict) || check_late(stage, told, verdict)) {
            continue;
        } else if (contains(timed.words, "^elects? (?:an?|the) leader$")) {
            for (const NodeId node : nodes) check_decision(stage, node, told, is_first, verdict);
            verdict.require(told, agree(stage, nodes, is_first));
        } else if (tells_agreement(timed.words)) {
            const std::string when = told.substr(timed.words.size());
            verdict.require(told, agree(stage, nodes, is_first));
            for (const NodeId node : nodes) {
                if (timed.time) check_decision(stage, node, "decides " + when, is_first, verdict);
            }
        } else {
            for (const NodeId node : nodes) check_server(stage, node, clause, is_first, verdict);
        }
    }
}

std::vector<std::string> clauses_of(const std::string& words) {
    const char* const separator =
        "\\s*[;:,]\\s*|\\s+and (?:then "
        ")?(?=(?:looks?|goes|follows?|joins?|stays?|leads?|serves?|ends?|decides?|finish(?:es)?|"
        "terminates?|adopts?|takes?|still|is|are|does|"
        "do|must|never|not)\\b)";
    std::vector<std::string> all;
    std::string rest = without_remarks(words);
    for (auto parts = halves_at(rest, separator); parts; parts = halves_at(rest, separator)) {
        all.push_back(parts->first);
        rest = parts->second;
    }
    all.push_back(rest);
    return all;
}

}  // namespace conformance
