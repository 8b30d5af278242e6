#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace conformance {

// What is left to be seen of an election: who supports whom, who was dialled in vain, what is up.

using Kind = Value::Kind;

namespace {

/// Who is up and follows whom, once all of them have decided.
std::map<NodeId, std::size_t> supporters(Stage& stage) {
    test::Cluster& c = *stage.cluster;
    const auto have_decided = [&] {
        const auto all = stage.listeners();
        return std::all_of(all.begin(), all.end(), [&](NodeId node) {
            if (state_of(c, node) == "LOOKING") return false;
            return stage.has_mocks() || c.is_up(c.peer(node).server().vote.vote.leader);
        });
    };
    c.run_until(have_decided, in_the_end);
    std::map<NodeId, std::size_t> votes;
    for (const NodeId node : stage.listeners()) {
        if (state_of(c, node) != "LOOKING") ++votes[c.peer(node).server().vote.vote.leader];
    }
    return votes;
}

std::size_t leading(const Stage& stage) {
    const auto all = stage.listeners();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](NodeId node) {
        return state_of(*stage.cluster, node) == "LEADING";
    }));
}

/// "not serving after 30 s": nor at any time before.
bool check_unserved(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:(?:is|are|does|do|has|still|even) )*(?:not|never)(?: yet)? "
        "(?:serves?|serving|served|up|"
        "available|in (?:the )?quorum|in service)(?: even)?");
    test::Cluster& c = *stage.cluster;
    const Timed told = timed_in(words, c.config());
    if (!told.time || told.is_within() || told.how == "only after" || told.how == "not before" ||
        !regex_match(plain(told.words), form)) {
        return false;
    }
    const auto started = stage.last_start();
    c.run(stage.left_of(*told.time));
    verdict.require(words + ": it is up", c.is_up(node));
    for (const trace::Record& record : c.records()) {
        const bool is_his = record.node() == node && record.time() >= *started;
        verdict.require(words, !(is_his && record.kind() == trace::Kind::serving));
    }
    verdict.require(words, !c.serves(node));
    return true;
}

/// "elects 1 within 10 s", "decides for 2": by its first election or its last.
bool check_elects(Stage& stage, NodeId node, const std::string& words, bool is_first,
                  Verdict& verdict) {
    static const Regex form(
        "(?:(?:both|all|finally|each|have|has) )*(?:elect(?:s|ed)?|chooses?|chose|picks?|selects?|"
        "decided? (?:on|for|in favou?r of)|decides (?:on|for|in favou?r of)|agreed? (?:on|upon)|"
        "agrees (?:on|upon)|settles? (?:on|for)|votes? for|ends? (?:up )?(?:on|with)) "
        "(?:leader |node |server |peer )?([0-9]+)(?: as (?:(?:its|their|the|new|an?) )*leader)?");
    test::Cluster& c = *stage.cluster;
    const Timed told = timed_in(words, c.config());
    const std::string what = plain(told.words);
    Match found;
    if (!regex_match(what, found, form)) return false;
    if (told.time && !told.is_within()) throw Refused("expected: " + words);
    const NodeId wanted = node_of(found[1].str());
    const auto is_chosen = [&] {
        const auto all = stage.elections_of(node);
        return !all.empty() && all.back().decided && all.back().leader == wanted;
    };
    if (!is_first) {
        // Those whose leader has gone notice it by and by.
        c.run_until(is_chosen, told.time.value_or(in_the_end));
        verdict.require(words + ": it is up", stage.has_mocks() || c.is_up(wanted));
    }
    const std::string when = words.substr(told.words.size());
    if (!check_decision(stage, node, "decides" + when, is_first, verdict)) return false;
    const auto all = stage.elections_of(node);
    const bool has_decided = !all.empty() && (is_first ? all.front() : all.back()).decided;
    verdict.require(words, has_decided && (is_first ? all.front() : all.back()).leader == wanted);
    return true;
}

std::string of_election(const std::string& words) {
    static const Regex end("(^|[,;] *|\\band )(?=(?:ends?|finish(?:es)?|completes?|decides?)\\b)");
    return regex_replace(words, end, "$1election ");
}

}  // namespace

bool check_more(Stage& stage, NodeId node, const std::string& words, bool is_first,
                Verdict& verdict) {
    static const Regex survives(
        "(?:(?:(?:does|do|did|has|have|is) )?(?:not|never) "
        "(?:crash(?:es|ed)?|die[sd]?|exit(?:s|ed)?|"
        "fail(?:s|ed)?|terminate[sd]?)|no (?:crash|exception|failure)|(?:stays|keeps) "
        "(?:alive|running))");
    static const Regex logged(
        "(?:(?:the|an?|only|just|is|are) )*(?:(?:errors?|warnings?|exceptions?) (?:(?:is|are|only|"
        "just) )*logged|logged|logs (?:(?:an?|the|only|just) )*(?:error|warning|exception))"
        "(?: only)?");
    static const Regex undisturbed(
        "(?:(?:is|are|goes on|was) )*(?:not (?:disturbed|affected|blocked|hindered|harmed|impaired|"
        "stopped|influenced)|undisturbed|unaffected|unharmed|unimpaired|unhindered)(?: by it)?");
    static const Regex nothing("no (?:state )?(?:change|effect)|nothing (?:happens|changes)");
    test::Cluster& c = *stage.cluster;
    const std::string what = plain(words);
    const bool is_harmless = (stage.ignored_all() || !stage.has_malformed()) &&
                             (stage.has_malformed() || stage.has_bad_configuration);
    if (regex_match(what, survives)) {
        verdict.require(words, c.is_up(node) && is_harmless);
    } else if (regex_match(what, logged)) {
        verdict.require(words, c.is_up(node) && is_harmless);
    } else if ((stage.has_malformed() || stage.has_bad_configuration) &&
               regex_match(what, undisturbed)) {
        verdict.require(words, is_harmless);
        check_decision(stage, node, "decides", is_first, verdict);
    } else if (stage.has_malformed() && regex_match(what, nothing)) {
        verdict.require(words, stage.ignored_all());
    } else {
        return check_elects(stage, node, words, is_first, verdict) ||
               check_unserved(stage, node, words, verdict);
    }
    return true;
}

std::optional<std::pair<std::vector<NodeId>, std::string>> subject_in_role(
    const Stage& stage, const std::string& clause, const std::vector<NodeId>& named) {
    static const Regex leader(
        "(?:and )?(?:the )?(?:(?:elected|one|last|living) )?leader,? (?:(?:itself|also|is|has) )*"
        "((?:LEADING|leads|decided|decides|FOLLOWING|LOOKING|serves|serving|in LEADING)\\b.*)");
    static const Regex others(
        "(?:and )?(?:(?:the|its|all|other|remaining) )*(supporters|followers|others|rest|(?:other|"
        "remaining) (?:peers|servers|nodes|voters)) (?:(?:is|are|all|end) )*"
        "((?:FOLLOWING|LOOKING|LEADING|follow|following|looking|decided|decide|serve|serving)\\b"
        ".*)");
    Match found;
    test::Cluster& c = *stage.cluster;
    const bool is_of_leader = regex_match(clause, found, leader);
    if (!is_of_leader && !regex_match(clause, found, others)) return std::nullopt;
    c.run_until([&] { return c.leader().has_value(); }, in_the_end);
    const auto leads = c.leader();
    if (!leads) return std::nullopt;
    if (is_of_leader) return std::pair{std::vector{*leads}, found[1].str()};
    auto all = stage.listeners();
    const bool are_of_leader = found[1] == "supporters" || found[1] == "followers";
    // The "others" than of whom the clauses before have told.
    if (!are_of_leader && named.empty()) return std::nullopt;
    std::erase_if(
        all, [&](NodeId node) { return are_of_leader ? node == *leads : is_among(node, named); });
    if (all.empty()) throw Refused("who are they? " + clause);
    return std::pair{all, found[2].str()};
}

bool check_support(Stage& stage, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:(?:exactly|only|just) )?(?:one|an?|the|single|1) (?:single )?leader,? (?:(?:is|which|"
        "who|that|was) )*(?:supported|followed|backed|elected|chosen|voted for|joined|accepted) by "
        "(?:(>=?|more than|at least|exactly|all)? ?([0-9]+|half|all)|(?:an?|the) "
        "(majority|quorum))(?: of)?(?: (?:them|all|the))?(?: "
        "(?:peers|servers|nodes|voters|threads))?");
    static const Regex single(
        "(?:(?:exactly|only|just) one|an? single|single|an? unique|one single|one common) leader"
        "(?: only)?|no two leaders|never two leaders");
    Match found;
    const std::string what = plain(words);
    const bool is_single = regex_match(what, single);
    if (!is_single && !regex_match(what, found, form)) return false;
    const auto votes = supporters(stage);
    const std::size_t voters = stage.cluster->config().voters.size();
    verdict.require(words, votes.size() == 1 && leading(stage) == 1);
    if (is_single) {
        verdict.require(words, std::all_of(stage.leaders.begin(), stage.leaders.end(),
                                           [](std::size_t count) { return count == 1; }));
        return true;
    }
    const std::size_t by = votes.empty() ? 0 : votes.begin()->second;
    const std::string how = found[1], count = found[2];
    if (found[3].matched || count == "half") {
        if (count == "half" && how != "more than" && how != ">") throw Refused(words);
        verdict.require(words, 2 * by > voters);
    } else if (count == "all" || how == "all") {
        const auto up = stage.listeners().size();
        verdict.require(words, by == up && (count == "all" || count_in(count) == up));
    } else {
        const std::size_t wanted = *count_in(count);
        verdict.require(words, how == ">" || how == "more than"   ? by > wanted
                               : how == ">=" || how == "at least" ? by >= wanted
                                                                  : by == wanted);
    }
    return true;
}

namespace {

/// "cannot open channel to 2 at election address": it was dialled in vain.
void check_log(Stage& stage, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:(?:a )?(?:warning|warn|WARN|says|that|it|message)[: ]+)*\"?[cC](?:annot|ould not) "
        "(?:open (?:an? )?(?:channel|connection) to|connect to|reach|resolve|dial) "
        "(?:node |server |peer |sid )?([0-9]+)(?: at (?:its |the )?(?:election "
        ")?address(?:es)?)?\"?");
    Match found;
    if (!regex_match(words, found, form)) throw Refused("log: " + words);
    const NodeId to = node_of(found[1].str());
    const auto is_dialled = [&] {
        return std::any_of(stage.refused_dials.begin(), stage.refused_dials.end(),
                           [&](const auto& dial) { return dial.second == to; });
    };
    verdict.require(words, stage.cluster->run_until(is_dialled, in_the_end));
}

/// "up": false; "all 3 within 10 s".
void check_up(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
    if (is_text(value)) {
        static const Regex form(
            "((?:(?:all|each|every|the) )*(?:(?:[0-9]+|two|three|four|five)"
            "(?:(?:, ?| and )[0-9]+)*)?(?: (?:of them|servers|started "
            "servers|nodes|peers|started))?)((?: within| in| after) .*)?");
        Match found;
        if (!regex_match(value.text, found, form) || found[1].length() == 0) {
            throw Refused("expected." + key + ": " + value.text);
        }
        check_servers(stage, stage.everybody(), found[1].str() + " serve" + found[2].str(), false,
                      verdict);
        return;
    }
    if (truth(value, key)) {
        verdict.check(key, true, c.run_until([&] { return stage.is_quorum_up(); }, in_the_end));
        return;
    }
    c.run(in_the_end);
    const auto& records = c.records();
    verdict.check(key, false, std::any_of(records.begin(), records.end(), [](const auto& record) {
                      return record.kind() == trace::Kind::serving;
                  }));
}

/// "config": "unchanged": a vote brings one that nobody can read.
void check_configuration(Stage& stage, const std::string& words, Verdict& verdict) {
    static const Regex same(
        "(?:(?:is|stays|remains|kept|was|the) )*(?:unchanged|kept|same|not changed|as before|as it "
        "was|ignored|skipped|not (?:taken|adopted|applied|used))");
    if (!regex_match(words, same)) throw Refused("config: " + words);
    verdict.require(words, stage.has_bad_configuration || stage.ignored_all());
    const auto voters = stage.cluster->config().voters;
    for (const NodeId node : stage.listeners()) {
        verdict.require(words, stage.cluster->peer(node).server().config->voters == voters);
    }
}

/// "leaders": 1: so many lead in the end.
void check_leaders(Stage& stage, const Value& value, Verdict& verdict) {
    const auto count = is_text(value)
                           ? count_in(regex_replace(value.text, compiled("^(?:exactly|only) "), ""))
                           : std::optional<std::size_t>(number(value, "leaders"));
    if (!count) throw Refused("leaders: " + value.text);
    const auto votes = supporters(stage);
    stage.cluster->run(zab::seconds(2));
    verdict.check("leaders", std::to_string(*count), std::to_string(leading(stage)));
    verdict.check("leaders", std::to_string(*count), std::to_string(votes.size()));
}

/// What is said of malformed messages by their sizes, and of all that are stopped.
bool check_odd_key(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex bytes("(?:message)?([0-9]+)[ -]?[bB]ytes?");
    Match found;
    if (regex_match(key, found, bytes) && is_text(value)) {
        verdict.require(key, stage.malformed_sizes.contains(found[1]));
        check_servers(stage, stage.listeners(), value.text, false, verdict);
        return true;
    }
    if (contains(key, "^(?:down|shut ?[dD]own)$") && is_text(value)) {
        if (!contains(value.text, "^(?:is )?(?:clean|ok|cleanly|orderly|done)$")) {
            throw Refused("expected." + key);
        }
        verdict.require(key, stage.listeners().empty() && stage.is_last_event("^kill$"));
        return true;
    }
    return false;
}

}  // namespace

bool check_remaining_key(Stage& stage, const std::string& key, const Value& value,
                         Verdict& verdict) {
    static const Regex to_round(
        "\\b(?:catch(?:es)? up|moves?|goes|jumps?|rises|advances|steps) "
        "(?:up )?to (?:round )?(?=[0-9])");
    static const Regex decided("^(?:(?:has|is) )?(?:(?:itself|also) )?(?:decided|decides)\\b.*");
    if (contains(key, "^(?:first|second)$") && value.is(Kind::number)) {
        return check_nth_leader(stage, key + "Leader", value, verdict);
    }
    if (key == "last" && value.is(Kind::number)) {
        check_servers(stage, {node_of(number(value, key))}, "LEADING", false, verdict);
    } else if (contains(key, "^leaders$")) {
        check_leaders(stage, value, verdict);
    } else if (contains(key, "^(?:up|serving|serves)$")) {
        check_up(stage, key, value, verdict);
    } else if (!is_text(value)) {
        return false;
    } else if (contains(key, "^(?:logs?|logged|warnings?)$")) {
        check_log(stage, value.text, verdict);
    } else if (contains(key, "^config(?:uration)?$")) {
        check_configuration(stage, value.text, verdict);
    } else if (contains(key, "^(?:states?|roles?|peerStates?|peer states?|peers)$")) {
        check_servers(stage, stage.everybody(), value.text, false, verdict);
    } else if (key == "election" && !contains(value.text, "^again\\b")) {
        check_servers(stage, stage.listeners(), of_election(known_result(value.text)), false,
                      verdict);
    } else if (key == "round" && regex_search(value.text, to_round)) {
        check_servers(stage, stage.listeners(),
                      regex_replace(value.text, to_round, "moves up to round "), false, verdict);
    } else if (key == "leader" && regex_match(value.text, decided)) {
        test::Cluster& c = *stage.cluster;
        c.run_until([&] { return c.leader().has_value(); }, in_the_end);
        verdict.require("there is a leader", c.leader().has_value());
        if (c.leader()) check_servers(stage, {*c.leader()}, value.text, false, verdict);
    } else {
        return check_odd_key(stage, key, value, verdict);
    }
    return true;
}

}  // namespace conformance
