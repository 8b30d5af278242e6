#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <algorithm>

namespace conformance {

// What was so at a moment that a key names.

using Kind = Value::Kind;

namespace {

/// "still LOOKING", "no state change": right after a message that is none.
void check_after_malformed(Stage& stage, const std::string& words, Verdict& verdict) {
    static const Regex looks(
        "(?:(?:is|are|stays?|remains?|still|keeps?) )*(?:LOOKING|undecided|not decided|looking)");
    static const Regex same(
        "(?:no|without an?) (?:state )?(?:change|effect|transition)s?|nothing (?:happens|changes|"
        "happened|changed)|unchanged|(?:the )?(?:same )?state (?:is )?(?:unchanged|the same|kept)|"
        "(?:keeps|in) the same state|same state|ignored|(?:is )?(?:skipped|dropped|ignored)|no "
        "crash|(?:is )?(?:still )?alive");
    if (stage.after_malformed.empty()) throw Refused("after which message? " + words);
    for (const std::string& clause : clauses_of(words)) {
        const bool is_look = regex_match(clause, looks);
        if (!is_look && !regex_match(clause, same)) throw Refused("expected: " + clause);
        for (const auto& [node, state] : stage.after_malformed) {
            verdict.require(clause, is_look ? state == "LOOKING" : stage.ignored_all());
        }
    }
}

/// Those who were there first had decided before the last one started.
void check_before_start(Stage& stage, const Value& value, Verdict& verdict) {
    static const Regex of_states(
        ".*\\b(?:LEADING|FOLLOWING|leads?|leader|follows?|decided?|decides|elects?|elected)\\b.*");
    const auto last = stage.last_started();
    if (!is_text(value) || !last || !regex_match(value.text, of_states)) {
        throw Refused("expected, before: " + value.text);
    }
    for (const NodeId node : stage.cluster->members()) {
        const auto all = stage.elections_of(node);
        if (node == *last || all.empty()) continue;
        verdict.require(value.text + ": before",
                        all.front().decided && *all.front().decided <= *stage.last_start());
    }
    for (const auto& told : nodes_in(regex_replace(
             value.text, compiled("[0-9.]+ ?(?:ms|s|sec|seconds?|ticks?|min)\\b"), ""))) {
        if (told == *last) throw Refused("it came later: " + value.text);
    }
    check_told_servers(stage, "first", value.text, verdict);
}

/// In the end; and by its members, of whom their keys speak.
void check_now(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    if (is_text(value)) {
        check_servers(stage, stage.everybody(), value.text, false, verdict);
        return;
    }
    if (value.is(Kind::number)) {
        const NodeId wanted = node_of(server_number(value, key));
        check_servers(stage, {wanted}, "LEADING", false, verdict);
        return;
    }
    if (value.members.empty()) throw Refused("expected." + key);
    for (const auto& [who, place, words] : value.members) {
        static const Regex name("^node(?=[0-9])");
        if (who == "leader" && words.is(Kind::number)) {
            check_servers(stage, {node_of(number(words, who))}, "LEADING", false, verdict);
            continue;
        }
        const auto nodes = stage.nodes_of(regex_replace(who, name, ""));
        if (!nodes || !is_text(words)) throw Refused("expected." + key + "." + who);
        check_servers(stage, *nodes, words.text, false, verdict);
    }
}

}  // namespace

bool check_moment(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::string message = "(?:Message|Notification|Vote|Bytes|Config|One)?s?";
    static const Regex malformed(
        "after(?:The)?(?:Short|Partial|Malformed|Bad|Broken|Garbage|Invalid|Truncated|Incomplete|"
        "Mock)" +
        message);
    static const Regex valid(
        "after(?:The)?(?:Valid|Good|Whole|Complete|Full|Proper|Real|Well"
        "Formed|Vote|Message|Notification)" +
        message);
    static const Regex restart(
        "after(?:The)?(?:Restart|Return|Rejoin|Comeback|ComingBack)s?|"
        "restarted");
    static const Regex joined("after(?:The)?(?:Join|Start|LateStart|LateJoin|Arrival)");
    static const Regex gone(
        "after(?:The)?(?:Kill|Stop|Death|Crash|Shut[dD]own|Leader(?:Death|"
        "Kill|Stop|Crash|Shut[dD]own|Down|Killed|Stopped))");
    static const Regex before(
        "before(?:Join|Start|LateStart|Late|2|3)?|early|initially|"
        "at ?[fF]irst");
    if (regex_match(key, malformed) && is_text(value)) {
        check_after_malformed(stage, value.text, verdict);
        return true;
    }
    if (regex_match(key, before)) {
        check_before_start(stage, value, verdict);
        return true;
    }
    const char* event = regex_match(key, valid)     ? "^votes$"
                        : regex_match(key, restart) ? "^restart$"
                        : regex_match(key, joined)  ? "^start$"
                        : regex_match(key, gone)    ? "^kill$"
                                                    : nullptr;
    if (event == nullptr || (key == "restarted" && is_text(value))) return false;
    // What is so in the end is what came of it only where nothing happened behind it.
    if (!stage.is_last_event(event))
        throw Refused("expected." + key + ": something else came last");
    check_now(stage, key, value, verdict);
    return true;
}

/// "1 and 2 keep their vote": they have decided, for the leader that there was.
bool Stage::play_kept(const std::string& step) {
    static const Regex form(
        "(?:node |server )?([0-9]+(?:(?:, ?| and )[0-9]+)*|both|all|others) keeps? "
        "(?:their|its|the) "
        "(?:votes?|leader|states?|decisions?)");
    Match found;
    const std::string words = plain(step);
    if (!regex_match(words, found, form)) return false;
    const auto nodes = nodes_of(found[1]);
    if (!nodes) return false;
    for (const NodeId node : *nodes) {
        claim(step, state_of(*cluster, node) != "LOOKING" && elections_of(node).size() == 1);
    }
    claim(step, cluster->leader().has_value());
    return true;
}

}  // namespace conformance
