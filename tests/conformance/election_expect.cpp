#include "tests/conformance/election.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

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
    static const std::regex agreed(
        "(?:(?:all|decides?|agrees?|ends?|settles?|elects?|follows?|joins?|converges?|form|end) "
        ")*(?:on |up with |with )?"
        "(?:(?:exactly|one|the|same|single) )+leader|(?:all )?agrees?(?: (?:on (?:an?|one|the|the "
        "same|same) "
        "leader|with each other))?");
    return std::regex_match(words, agreed);
}

/// "quorum up within 10 s": since the last start; "only after 20 s": not before that.
void check_quorum(Stage& stage, const Timed& told, bool is_denied, const std::string& words,
                  Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
    const auto is_up = [&stage] { return stage.is_quorum_up(); };
    if (!told.time || told.is_within()) {
        const auto limit = told.time ? stage.left_of(*told.time) : zab::seconds(60);
        verdict.check(words, !is_denied, c.run_until(is_up, limit));
        return;
    }
    if (is_denied) throw Refused("expected: " + words);
    verdict.require(words, !c.run_until(is_up, stage.left_of(*told.time)));
    verdict.require(words, c.run_until(is_up, zab::seconds(60)));
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

/// "well before initLimit*tick" adds to what stands before it; the rest is about each server.
void check_servers(Stage& stage, const std::vector<NodeId>& all, const std::string& words,
                   bool is_first, Verdict& verdict) {
    static const std::regex quorum(
        "(no )?(?:service|quorum)(?: is)?( not| never)?(?: (?:up|available|formed|comes "
        "up|again))*( not)?");
    static const std::regex kept(
        "(?:no|without an?|without) (?:new|other|another) leader|(?:the )?leader (?:is |stays "
        "|remains "
        ")?(?:the )?(?:unchanged|same)|unchanged");
    static const std::regex late(
        "(?:(?:is )?(?:stable|up|formed|serves|available) )?(?:only )?after (?:the )?(?:first )?"
        "leader (?:has )?(?:quit|quits|given up|gave up|gives up|stepped down|steps down|left|"
        "stopped leading)(?: waiting(?: for (?:the |an? )?epoch(?: quorum)?)?)?"
        "(?: after .*)?");
    test::Cluster& c = *stage.cluster;
    const auto began = c.now();
    for (const std::string& told : clauses_of(words)) {
        std::smatch found;
        if (const auto own = stage.subject_of(told)) {
            check_servers(stage, own->first, own->second, is_first, verdict);
            continue;
        }
        const std::string clause = std::regex_replace(told, compiled("^(?:all|both|and) "), "");
        const std::vector<NodeId> nodes = those(stage, all, told);
        const Timed timed = timed_in(clause, c.config());
        if (timed.words.empty() && contains(timed.how, "^(?:only after|not before|after)$")) {
            check_not_before(stage, *timed.time, told, verdict);
        } else if (timed.words.empty() && timed.is_within()) {
            verdict.require(told, c.now() - began < *timed.time);
        } else if (check_none_above(stage, told, verdict)) {
            continue;
        } else if (std::regex_match(timed.words, found, quorum)) {
            const bool is_denied = found[1].matched || found[2].matched || found[3].matched;
            check_quorum(stage, timed, is_denied, told, verdict);
            const bool are_named = nodes != stage.everybody();
            if (!is_denied && are_named) check_serving(stage, nodes, told, verdict);
        } else if (std::regex_match(clause, kept)) {
            verdict.require(told, stage.before() && c.leader() == stage.before());
        } else if (check_new_leader(stage, timed, told, verdict)) {
            continue;
        } else if (check_first_lead(stage, told, verdict)) {
            continue;
        } else if (std::regex_match(told, found, late)) {
            check_late(stage, told, verdict);
        } else if (contains(timed.words, "^elects? (?:an?|the) leader$")) {
            for (const NodeId node : nodes) check_decision(stage, node, told, is_first, verdict);
            verdict.require(told, agree(stage, nodes, is_first));
        } else if (tells_agreement(timed.words)) {
            verdict.require(told, agree(stage, nodes, is_first));
            for (const NodeId node : nodes) {
                if (timed.time)
                    check_decision(stage, node, "decides " + told.substr(timed.words.size()),
                                   is_first, verdict);
            }
        } else {
            for (const NodeId node : nodes) check_server(stage, node, clause, is_first, verdict);
        }
    }
}

/// "unchanged (1)", "1 or 2", "not 2", "1 remains leader", "another than before".
void check_leader_words(Stage& stage, const Value& value, Verdict& verdict) {
    static const std::regex same("\\b(?:unchanged|not changed|same|still|stays|remains)\\b");
    static const std::regex other("\\b(?:changed|different|another|new|other)\\b");
    static const std::regex known(
        "\\b(?:not|no "
        "longer|is|an?|the|leader|one|of|than|as|before|or|and|node|server|it)\\b|[0-9]+|"
        "[,;:() ]");
    const std::string& words = value.text;
    const bool is_same = std::regex_search(words, same);
    const std::string rest = std::regex_replace(words, same, "");
    const bool is_other = std::regex_search(rest, other);
    const auto nodes = nodes_in(words);
    const bool is_left =
        !std::regex_replace(std::regex_replace(rest, other, ""), known, "").empty();
    if (is_left || (nodes.empty() && !is_same && !is_other)) throw Refused("leader: " + words);
    stage.cluster->run_until([&] { return stage.cluster->leader().has_value(); }, in_the_end);
    const auto leader = stage.cluster->leader();
    const auto before = stage.before();
    const std::string what = fmt::format("leader: {}, is {}, was {}", words,
                                         leader ? std::to_string(leader->value - 1) : "nobody",
                                         before ? std::to_string(before->value - 1) : "nobody");
    if (is_same) verdict.require(what, leader && leader == before);
    if (is_other) verdict.require(what, leader && before && !(leader == before));
    const bool is_in = leader && std::find(nodes.begin(), nodes.end(), *leader) != nodes.end();
    if (!nodes.empty()) verdict.require(what, leader && is_in != is_negated(rest));
}

void check_leader(Stage& stage, const std::vector<NodeId>& among, Verdict& verdict) {
    stage.cluster->run_until([&stage] { return stage.cluster->leader().has_value(); }, in_the_end);
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
    static const std::regex leader("leader (?:is )?(?:node |server )?([0-9]+)");
    static const std::regex still("([0-9]+) must still be LOOKING after 5 s.*");
    static const std::regex decided("(?:(?:an?|one|the) leader )?(?:is )?(?:elected|decided)(.*)");
    std::smatch found;
    const auto outcome =
        std::regex_match(words, decided) ? stage.outcomes.end() : stage.outcomes.find(key);
    if (std::regex_match(words, found, leader)) {
        check_servers(stage, {node_of(found[1].str())}, "LEADING", key == "first", verdict);
    } else if (outcome != stage.outcomes.end() && std::regex_match(words, found, still)) {
        verdict.check(key, found[1].str() + " LOOKING", outcome->second);
    } else if (outcome != stage.outcomes.end()) {
        verdict.check(key, words, outcome->second);
    } else if (std::regex_match(words, found, subject)) {
        const auto nodes = stage.nodes_of(found[1]);
        if (!nodes) throw Refused(key + ": " + words);
        check_servers(stage, *nodes, found[2], key == "first", verdict);
    } else if (std::regex_match(words, found, decided) && key == "first") {
        check_servers(stage, stage.first_electors(), "decide" + found[1].str(), true, verdict);
    } else {
        throw Refused(key + ": " + words);
    }
}

/// "quorum up again, all three members connected": after each restart.
void check_restarts(Stage& stage, const std::string& words, Verdict& verdict) {
    static const std::regex up(
        "(?:the |an? )?quorum (?:is )?(?:up|formed|available|there)(?: again)?");
    static const std::regex all(
        "(?:(?:all|every|the|each) )+(?:([0-9]+|two|three|four|five) )?(?:members?|servers?|nodes?|"
        "voters?|peers?)? ?(?:are |is )?(?:connected|serving|serves?|up|in the quorum)(?: again)?");
    static const std::regex back(
        "(?:the )?restarted (?:one|server|node|peer) (?:is )?(?:up|FOLLOWING or LEADING|LEADING or "
        "FOLLOWING)(?: again)?");
    const std::size_t members = stage.cluster->members().size();
    for (const std::string& clause : split_at(words, "[,;] *(?:and )?| and ")) {
        std::smatch found;
        if (std::regex_match(clause, back)) {
            for (const Stage::Restart& one : stage.restarts()) {
                verdict.require(clause, one.are_all_decided);
            }
            continue;
        }
        const bool tells_all = std::regex_match(clause, found, all);
        if (!tells_all && !std::regex_match(clause, up)) {
            check_servers(stage, *stage.nodes_of("all"), clause, false, verdict);
            continue;
        }
        if (found[1].matched && count_in(found[1]) != members) throw Refused("each: " + clause);
        for (const Stage::Restart& one : stage.restarts()) {
            verdict.require(clause, tells_all ? one.are_all_serving : one.is_quorum_up);
        }
    }
}

/// "more than half of the peers decide on one leader, and the leader itself decides".
void check_each(Stage& stage, const std::string& words, Verdict& verdict) {
    static const std::regex most(
        "(?:the )?(?:more than half|an?y? majority|majority|an? quorum|quorum)(?: of (?:the |all "
        ")?(?:peers|servers|nodes|"
        "voters|[0-9]+))?(?: (?:decides?|agrees?|elects?|follows?)(?: on)?(?: "
        "(?:an?|one|the|same|single|common))*"
        "(?: leader)?)");
    static const std::regex leader(
        "(?:and |but )?(?:the )?leader (?:itself )?(?:decides|leads|is "
        "LEADING|ends LEADING)(?: too| also)?");
    if (!stage.restarts().empty()) return check_restarts(stage, words, verdict);
    if (stage.elections.empty()) {
        return check_servers(stage, *stage.nodes_of("all"), words, false, verdict);
    }
    for (const std::string& clause : split_at(words, "[,;] *| and (?=the leader)")) {
        const bool tells_most = std::regex_match(clause, most);
        if (!tells_most && !std::regex_match(clause, leader)) throw Refused("each: " + clause);
        refuse_denied(clause);
        for (const auto& [agreeing, leads] : stage.elections) {
            const bool is_most = 2 * agreeing > stage.cluster->config().voters.size();
            verdict.require(clause, tells_most ? is_most : leads);
        }
    }
}

/// Who led before the last step, or first of all.
std::optional<NodeId> led_of(const Stage& stage) {
    const auto all = stage.leads();
    if (stage.before() || all.empty()) return stage.before();
    return all.front().node;
}

void check_key(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::regex available(
        "(?:available|up|serves)[;,] (?:the )?leader (?:is )?in \\{([0-9, ]+)\\}");
    static const std::regex service("(no |not )?(?:quorum )?(?:is )?(?:up|available)(?: again)?");
    std::smatch found;
    if (key == "leaderIn") {
        std::vector<NodeId> among;
        for (const NodeId id : ids(value, key)) among.push_back(node_of(id.value));
        check_leader(stage, among, verdict);
    } else if (key == "leader" && tells_of_first_lead(stage, value, verdict)) {
        return;
    } else if (key == "leader" && is_text(value) && led_of(stage) &&
               contains(value.text,
                        "^(?:goes |becomes |ends )?(?:LEADING|LOOKING|FOLLOWING)(?: -> |$|[;,])")) {
        check_servers(stage, {*led_of(stage)}, value.text, false, verdict);
    } else if (key == "leader") {
        check_leader_words(stage, value, verdict);
    } else if (contains(key, "^(?:first|second|last|third|result|outcome|election)$")) {
        if (is_text(value)) return check_told_servers(stage, key, value.text, verdict);
        for (const auto& [who, place, words] : value.members) {
            check_told_servers(stage, key, who + " " + words.text, verdict);
        }
    } else if (key == "each" || (key == "all" && !stage.elections.empty() && is_text(value))) {
        check_each(stage, value.text, verdict);
    } else if (contains(key, "^(?:majority|moreThanHalf|quorum)$") && is_text(value) &&
               !stage.elections.empty()) {
        check_each(stage, (key == "moreThanHalf" ? "more than half " : key + " ") + value.text,
                   verdict);
    } else if (key == "service" && std::regex_match(value.text, found, available)) {
        verdict.require("available", stage.answered > 0);
        check_leader(stage, nodes_in(found[1]), verdict);
    } else if (const Timed told =
                   timed_in(is_text(value) ? value.text : "", stage.cluster->config());
               key == "service" && std::regex_match(told.words, found, service)) {
        check_quorum(stage, told, found[1].matched, value.text, verdict);
    } else if (key == "time" || key == "duration") {
        const auto limit =
            is_text(value) ? duration_in(value.text, stage.cluster->config()) : std::nullopt;
        if (!limit) throw Refused(key + ": " + value.text);
        stage.cluster->run_until([&] { return stage.decided_within().has_value(); }, in_the_end);
        const auto took = stage.decided_within();
        verdict.require(key + " " + value.text, took && *took <= *limit);
    } else if (contains(key, "^(?:then|finally|afterwards|in the end)$") && is_text(value)) {
        check_servers(stage, *stage.nodes_of("all"), value.text, false, verdict);
    } else if (contains(key, "^(?:broken|malformed|garbage|invalid)") && is_text(value)) {
        check_servers(stage, stage.listeners(), value.text, false, verdict);
    } else if (stage.names.contains(key)) {
        check_servers(stage, {stage.names.at(key)}, value.text, false, verdict);
    } else if (const auto nodes =
                   stage.nodes_of(std::regex_replace(key, compiled("^node(?=[0-9])"), ""));
               nodes && is_text(value)) {
        check_servers(stage, *nodes, value.text, false, verdict);
    } else {
        throw Refused("expected." + key);
    }
}

}  // namespace

std::vector<std::string> clauses_of(const std::string& words) {
    const char* const separator =
        "\\s*[;:,]\\s*|\\s+and (?:then )?(?=(?:follows?|joins?|stays?|leads?|serves?|is|are|does|"
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

std::optional<Verdict> judge_election(const Case& told) {
    if (told.level == "unit" || (told.area != "FLE" && told.area != "QRM")) return std::nullopt;
    const Case one = with_numbers(told);
    Stage stage(one);
    stage.play_all();
    Verdict verdict;
    for (const auto& [words, holds] : stage.claims) verdict.require(words, holds);
    for (const auto& [key, place, value] : one.expected.members) {
        check_key(stage, key, value, verdict);
    }
    stage.check_steady(verdict);
    for (const std::string& violation : stage.cluster->violations()) {
        verdict.require(violation, false);
    }
    return verdict;
}

}  // namespace conformance
