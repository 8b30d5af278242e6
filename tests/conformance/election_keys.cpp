#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// What is expected of an election, by its keys.

namespace {

/// "unchanged (1)", "1 or 2", "not 2", "1 remains leader", "another than before".
void check_leader_words(Stage& stage, const Value& value, Verdict& verdict) {
    static const Regex same("\\b(?:unchanged|not changed|same|still|stays|remains)\\b");
    static const Regex other("\\b(?:changed|different|another|new|other)\\b");
    static const Regex known(
        "\\b(?:not|no "
        "longer|is|an?|the|leader|one|of|than|as|before|or|and|node|server|it)\\b|[0-9]+|"
        "[,;:() ]");
    const std::string words = known_leader(stage, value.text, verdict);
    const bool is_same = regex_search(words, same);
    const std::string rest = regex_replace(words, same, "");
    const bool is_other = regex_search(rest, other);
    const auto nodes = nodes_in(words);
    const bool is_left = !regex_replace(regex_replace(rest, other, ""), known, "").empty();
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

}  // namespace

/// "1 and 2 decide within 4 s": of whom the words speak themselves.
void check_told_servers(Stage& stage, const std::string& key, const std::string& words,
                        Verdict& verdict) {
    static const Regex subject("^(?:nodes? )?([0-9]+(?:(?:, ?| and )[0-9]+)*|all) (.*)");
    static const Regex leader("leader (?:is )?(?:node |server )?([0-9]+)");
    static const Regex still("([0-9]+) must still be LOOKING after 5 s.*");
    static const Regex decided("(?:(?:an?|one|the) leader )?(?:is )?(?:elected|decided)(.*)");
    Match found;
    const auto outcome =
        regex_match(words, decided) ? stage.outcomes.end() : stage.outcomes.find(key);
    const bool is_first = key == "first";
    const auto parts = split_at(words, "; |, (?=[0-9]+ [A-Z]|leader )");
    if (parts.size() > 1) {
        for (const std::string& part : parts) check_told_servers(stage, key, part, verdict);
        return;
    }
    if ((is_first || key == "second" || key == "last") &&
        (check_elected_by(stage, is_first, words, verdict) ||
         check_majority(stage, is_first, words, verdict))) {
        return;
    }
    if (contains(words, "^(?:quorum|service) ")) {
        check_servers(stage, stage.everybody(), words, false, verdict);
    } else if (regex_match(words, found, leader)) {
        check_servers(stage, {node_of(found[1].str())}, "LEADING", key == "first", verdict);
    } else if (outcome != stage.outcomes.end() && regex_match(words, found, still)) {
        verdict.check(key, found[1].str() + " LOOKING", outcome->second);
    } else if (outcome != stage.outcomes.end()) {
        verdict.check(key, words, outcome->second);
    } else if (regex_match(words, found, subject)) {
        const auto nodes = stage.nodes_of(found[1]);
        if (!nodes) throw Refused(key + ": " + words);
        check_servers(stage, *nodes, found[2], key == "first", verdict);
    } else if (regex_match(words, found, decided) && key == "first") {
        check_servers(stage, stage.first_electors(), "decide" + found[1].str(), true, verdict);
    } else {
        check_servers(stage, stage.everybody(), words, is_first, verdict);
    }
}

namespace {

/// "quorum up again, all three members connected": after each restart.
void check_restarts(Stage& stage, const std::string& words, Verdict& verdict) {
    static const Regex up("(?:the |an? )?quorum (?:is )?(?:up|formed|available|there)(?: again)?");
    static const Regex all(
        "(?:(?:all|every|the|each) )+(?:([0-9]+|two|three|four|five) )?(?:members?|servers?|nodes?|"
        "voters?|peers?)? ?(?:are |is )?(?:connected|serving|serves?|up|in the quorum)(?: again)?");
    static const Regex back(
        "(?:the )?restarted (?:one|server|node|peer) (?:is )?(?:up|FOLLOWING or LEADING|LEADING or "
        "FOLLOWING)(?: again)?");
    const std::size_t members = stage.cluster->members().size();
    for (const std::string& clause : split_at(words, "[,;] *(?:and )?| and ")) {
        Match found;
        if (regex_match(clause, back)) {
            for (const Stage::Restart& one : stage.restarts()) {
                verdict.require(clause, one.are_all_decided);
            }
            continue;
        }
        const bool tells_all = regex_match(clause, found, all);
        if (!tells_all && !regex_match(clause, up)) {
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
    static const Regex most(
        "(?:the )?(?:more than half|an?y? majority|majority|an? quorum|quorum)(?: of (?:the |all "
        ")?(?:peers|servers|nodes|"
        "voters|[0-9]+))?(?: (?:decides?|agrees?|elects?|follows?)(?: on)?(?: "
        "(?:an?|one|the|same|single|common))*"
        "(?: leader)?)");
    static const Regex leader(
        "(?:and |but )?(?:the )?leader (?:itself )?(?:decides|leads|is "
        "LEADING|ends LEADING)(?: too| also)?");
    if (!stage.restarts().empty()) return check_restarts(stage, words, verdict);
    if (stage.elections.empty()) {
        return check_servers(stage, *stage.nodes_of("all"), words, false, verdict);
    }
    for (const std::string& clause : split_at(words, "[,;] *| and (?=the leader)")) {
        if (check_support(stage, clause, verdict)) continue;
        const bool tells_most = regex_match(clause, most);
        if (!tells_most && !regex_match(clause, leader)) throw Refused("each: " + clause);
        refuse_denied(clause);
        for (const auto& [agreeing, leads] : stage.elections) {
            const bool is_most = 2 * agreeing > stage.cluster->config().voters.size();
            verdict.require(clause, tells_most ? is_most : leads);
        }
    }
}

/// "election": "ends within 5 s"; "third": "never LEADING", of the third server.
bool check_place(Stage& stage, const std::string& key, const std::string& words, Verdict& verdict) {
    if (key == "election" && contains(words, "^(?:ends?|finish(?:es)?|completes?|is over)\\b")) {
        check_servers(stage, stage.listeners(), "election " + words, false, verdict);
        return true;
    }
    if (key == "election" && contains(words, "^again after (?:the )?epoch (?:wait|timeout)$")) {
        check_first_lead(stage, "gives up waiting for epoch", verdict);
        return check_first_lead(stage, "new election", verdict);
    }
    const auto members = stage.cluster->members();
    const bool is_third = key == "third" && members.size() >= 3 && !stage.outcomes.contains(key);
    if (is_third) check_servers(stage, {members[2]}, words, false, verdict);
    return is_third;
}

/// Who led before the last step, or first of all.
std::optional<NodeId> led_of(const Stage& stage) {
    const auto all = stage.leads();
    if (stage.before() || all.empty()) return stage.before();
    return all.front().node;
}

/// "available; leader in {1,2,3}", "stays available", "not available within 10 s".
void check_service(Stage& stage, const Value& value, Verdict& verdict) {
    static const Regex available(
        "(?:available|up|serves)[;,] (?:the )?leader (?:is )?in \\{([0-9, ]+)\\}"
        "([;,] (?:the |all )?observers? (?:also )?(?:serves?|serving|available)(?: too| also)?)?");
    static const Regex service(
        "(no |not )?(?:quorum )?(?:(?:is|stays|remains|still) )*(?:up|available)(?: again)?");
    test::Cluster& c = *stage.cluster;
    if (!is_text(value)) throw Refused("expected.service");
    const std::string words = known_claim(value.text);
    Match found;
    if (regex_match(words, found, available)) {
        verdict.require("available", stage.answered > 0);
        check_leader(stage, nodes_in(found[1]), verdict);
        const auto& observers = c.config().observers;
        if (found[2].matched && observers.empty()) throw Refused("which observer? " + value.text);
        for (const NodeId node : observers) {
            if (found[2].matched) verdict.require(value.text, c.serves(node));
        }
        return;
    }
    const Timed told = timed_in(words, c.config());
    if (!regex_match(told.words, found, service)) {
        return check_servers(stage, stage.everybody(), "service " + words, false, verdict);
    }
    if (contains(told.words, "\\b(?:stays|remains|still)\\b")) c.run(in_the_end);
    check_quorum(stage, told, found[1].matched, value.text, verdict);
}

/// "all ops succeed on every server": of clients at each of them.
void check_served(Stage& stage, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:all|every|each) (?:(?:client )?(?:ops?|operations?|requests?|creates?|writes?) )?"
        "(?:(?:are |is )?(?:ok|done|served|answered)|succeeds?|complete|completes)"
        "(?: (?:on|at) (?:every|each) server| everywhere)?");
    if (!regex_match(words, form)) throw Refused("expected: " + words);
    verdict.require(words, stage.answered > 0);
}

/// "within 4 s": since the last start, until all have decided.
void check_time(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    const auto limit =
        is_text(value) ? duration_in(value.text, stage.cluster->config()) : std::nullopt;
    if (!limit) throw Refused(key + ": " + value.text);
    stage.cluster->run_until([&] { return stage.decided_within().has_value(); }, in_the_end);
    const auto took = stage.decided_within();
    verdict.require(key + " " + value.text, took && *took <= *limit);
}

/// What is said of leaders, by the keys of the author; false: the key is about something else.
bool check_leader_key(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    static const char* const state =
        "^(?:goes (?:back )?(?:to )?|becomes |ends )?(?:LEADING|LOOKING|FOLLOWING)(?: -> |$|[;,])";
    static const char* const decided =
        "^(?:is )?(?:among|one of) (?:the |those )?(?:decided|who (?:have )?decided)$";
    static const char* const former =
        "^(?:old|former|ex|previous|established|existing|elected) ?[Ll]eader$";
    static const char* const before_wait =
        "^before(?:The)?(?:[eE]pochWait|MaxTimeToWaitForEpoch)(?:Ends)?$";
    if (contains(key, before_wait) && is_text(value) &&
        contains(value.text,
                 "^(?:no (?:quorum|service)|not (?:up|serving|available)|nobody serves)$")) {
        check_servers(stage, stage.everybody(), "quorum up, only after maxTimeToWaitForEpoch",
                      false, verdict);
    } else if (key == "leaderIn") {
        std::vector<NodeId> among;
        for (const NodeId id : ids(value, key)) among.push_back(node_of(id.value));
        check_leader(stage, among, verdict);
    } else if (contains(key, former) && led_of(stage) && is_text(value)) {
        const bool is_kept = contains(value.text, "^(?:is )?kept$");
        check_servers(stage, {*led_of(stage)}, is_kept ? "unchanged" : value.text, false, verdict);
    } else if (contains(key, "^first(?:Leadership|Lead)$") && is_text(value) &&
               contains(value.text,
                        "^(?:is )?(?:abandoned|given up)(?:[,;] no (?:quorum of epochs|"
                        "epoch quorum))?$")) {
        check_first_lead(stage, "gives up waiting for epoch", verdict);
    } else if (key == "leaderUnchanged") {
        const bool is_same = stage.before() && stage.cluster->leader() == stage.before();
        verdict.check(key, truth(value, key), is_same);
    } else if (check_winner(stage, key, value, verdict) ||
               check_nth_leader(stage, key, value, verdict)) {
        return true;
    } else if (key != "leader" && !contains(key, "^leaderAfter[A-Z]\\w*$")) {
        return false;
    } else if (is_text(value) && contains(value.text, decided)) {
        check_leader(stage, stage.listeners(), verdict);
    } else if (tells_of_first_lead(stage, value, verdict)) {
        return true;
    } else if (is_text(value) && led_of(stage) && contains(value.text, state)) {
        check_servers(stage, {*led_of(stage)}, value.text, false, verdict);
    } else {
        check_leader_words(stage, value, verdict);
    }
    return true;
}

/// What is said of one election, of who came late, of rounds and of clients; false: something else.
bool check_other_key(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex of_election("electionOf([0-9]+)");
    Match found;
    if (contains(key, "^(?:decided|joined|agreed)$")) {
        return check_how_many_decide(stage, value, verdict);
    }
    if (is_text(value) && regex_match(key, found, of_election)) {
        check_servers(stage, nodes_in(found[1]), "election " + value.text, false, verdict);
    } else if (contains(key, "^(?:late|latecomer|joiner|newcomer|joining|newServer)$") &&
               stage.last_started() && is_text(value)) {
        check_servers(stage, {*stage.last_started()}, value.text, false, verdict);
    } else if (contains(key, "^rounds?$") && value.is(Value::Kind::object)) {
        return check_rounds(stage, value, verdict);
    } else if (key == "round" && !is_text(value)) {
        check_common_round(stage, number(value, key), verdict);
    } else if (contains(key, "^(?:clients|ops|requests|operations)$") && is_text(value)) {
        check_served(stage, value.text, verdict);
    } else if (key == "rounds" && contains(value.text, "^(?:all )?(?:equal|same|the same)$")) {
        const std::uint64_t round = stage.cluster->peer(stage.listeners().at(0)).server().round;
        check_common_round(stage, round, verdict);
    } else {
        return false;
    }
    return true;
}

const char* const malformed_key =
    "^(?:broken|malformed|garbage|invalid|bad|short|partial|truncated|(?:message|notification)$)";

void check_key(Stage& stage, const std::string& told, const Value& value, Verdict& verdict) {
    static const Regex after("after(First|Second)(?:Election|Round)?");
    Match when;
    const bool is_after = regex_match(told, when, after);
    const std::string key = is_after ? (when[1] == "First" ? "first" : "second") : told;
    if (check_moment(stage, key, value, verdict) ||
        check_remaining_key(stage, key, value, verdict) ||
        check_leader_key(stage, key, value, verdict) ||
        check_other_key(stage, key, value, verdict)) {
        return;
    }
    if (contains(key, "^(?:first|second|last|third|result|outcome|election)$")) {
        if (contains(key, "^(?:result|outcome)$") && !stage.elections.empty() && is_text(value)) {
            return check_each(stage, value.text, verdict);
        }
        if (is_text(value) && check_place(stage, key, value.text, verdict)) return;
        if (is_text(value)) return check_told_servers(stage, key, value.text, verdict);
        for (const auto& [who, place, words] : value.members) {
            check_told_servers(stage, key, who + " " + words.text, verdict);
        }
    } else if (key == "each" || (key == "all" && !stage.elections.empty() && is_text(value))) {
        check_each(stage, value.text, verdict);
    } else if (contains(key, "^(?:majority|moreThanHalf|quorum)$") && is_text(value) &&
               !stage.elections.empty()) {
        const bool tells_whom = contains(value.text,
                                         "^(?:(?:the|an?) )?(?:more than half|majority|"
                                         "quorum)\\b");
        const std::string of = key == "moreThanHalf" ? "more than half " : key + " ";
        check_each(stage, (tells_whom ? "" : of) + value.text, verdict);
    } else if (key == "service") {
        check_service(stage, value, verdict);
    } else if (contains(key, "^(?:limit|deadline)$") && is_text(value)) {
        check_servers(stage, stage.everybody(), "quorum up within " + value.text, false, verdict);
    } else if (contains(key, "^(?:time|duration)$")) {
        check_time(stage, key, value, verdict);
    } else if (contains(key, "^(?:then|finally|afterwards|in the end)$") && is_text(value)) {
        check_servers(stage, *stage.nodes_of("all"), value.text, false, verdict);
    } else if (contains(key, "^(?:receiver|receiver ?[Tt]hread|workerReceiver|round)$") &&
               is_text(value)) {
        // "receiver": "alive"; "round": "0 adopts that of 1"
        const std::string words = key == "round" ? value.text : "receiver " + value.text;
        check_servers(stage, stage.listeners(), words, false, verdict);
    } else if (key == "quorum" && is_text(value) && contains(value.text, "^[0-9]")) {
        check_servers(stage, stage.everybody(), value.text, false, verdict);
    } else if (key == "quorum" && is_text(value)) {
        check_servers(stage, stage.everybody(), "quorum " + value.text, false, verdict);
    } else if (contains(key, malformed_key) && is_text(value)) {
        check_servers(stage, stage.listeners(), value.text, false, verdict);
    } else if (stage.names.contains(key)) {
        check_servers(stage, {stage.names.at(key)}, value.text, false, verdict);
    } else if (const auto nodes =
                   stage.nodes_of(regex_replace(key, compiled("^node(?=[0-9])"), ""));
               nodes && is_text(value)) {
        check_servers(stage, *nodes, value.text, false, verdict);
    } else {
        throw Refused("expected." + key);
    }
}

/// "0,1": …, "restarted": "0 …": of these a key speaks, and "others" does not.
void note_judged(Stage& stage, const std::string& key, const Value& value) {
    static const Regex list("(?:node|server)?([0-9]+(?:, ?[0-9]+)*)");
    static const Regex of_one("(?:node |server )?([0-9]+) [a-zA-Z].*");
    Match found;
    const bool is_list = regex_match(key, found, list);
    const bool is_of_one = !is_list && is_text(value) && contains(key, "^(?:re|late|join)") &&
                           regex_match(value.text, found, of_one);
    for (const NodeId node : is_list || is_of_one ? nodes_in(found[1]) : std::vector<NodeId>{}) {
        stage.judged.push_back(node);
    }
}

}  // namespace

std::optional<Verdict> judge_election(const Case& told) {
    if (told.level == "unit" || (told.area != "FLE" && told.area != "QRM")) return std::nullopt;
    const Case one = with_numbers(told);
    Stage stage(one);
    stage.play_all();
    Verdict verdict;
    for (const auto& [words, holds] : stage.claims) verdict.require(words, holds);
    for (const auto& [key, place, value] : one.expected.members) {
        note_judged(stage, key, value);
    }
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
