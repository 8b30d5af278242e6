#include "tests/conformance/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace conformance {

namespace {

using zab::NodeId;

std::string shown(const std::optional<std::string>& value) { return value.value_or("nothing"); }

std::vector<std::string> clauses_of(const std::string& words) {
    return split_at(words, "\\s*;\\s*|:\\s+|\\s*,(?!\\s*(?:[0-9]|S[0-9](?:$|,| and )))\\s*");
}

const char* const bare_presence =
    "(?:is |are |was |were )?(?:truncated|gone|removed|discarded|absent|missing|lost|present|there|"
    "visible|kept)\\b";

/// "no /a (failed txn truncated)": the remark is told as well, behind the rest.
std::string with_remarks(const std::string& words) {
    const Regex& remark = compiled(std::string(" ?\\(((?:/\\S+ )?") + bare_presence + "[^)]*)\\)");
    Match found;
    if (!regex_search(words, found, remark)) return words;
    return found.prefix().str() + found.suffix().str() + "; " + found[1].str();
}

}  // namespace

/// "/zkL truncated, also after restart": the addition belongs to what it is added to. "no /zkL,
/// truncated": what has no path of its own is said of the last one.
void check_words(Story& story, const std::vector<NodeId>& nodes, const std::string& words,
                 Verdict& verdict) {
    static const Regex addition(
        ", (?=also|before and after|even|both before)|; (?=(?:also |both |even )*"
        "(?:before and after|(?:before|after) (?:the )?restart(?: too| as well)?(?:;|,|$)))");
    static const Regex everywhere(" (?:on|at) (?:every|all|each) servers?\\b| (?:any|every)where$");
    static const Regex places(
        " (?:on|at) (?:the )?((?:S?[0-9]|[A-Z])(?:(?:, ?| and )(?:S?[0-9]|[A-Z]))*|"
        "(?:old |new )?leader|(?:both )?followers|others)$");
    static const Regex one_leads(
        "(?:and )?(?:one|either)(?: of (?:them|the two|both))? "
        "(?:leads|is (?:the )?(?:new )?leader|is LEADING|becomes (?:the )?(?:new )?leader)");
    const std::string joined = regex_replace(with_remarks(story.with_paths(words)), addition, " ");
    std::string subject;
    for (const std::string& told : clauses_of(joined)) {
        Match found;
        std::vector<NodeId> who = nodes;
        std::string clause = regex_replace(told, everywhere, "");
        if (regex_search(told, everywhere)) {
            who = story.cluster().members();
        } else if (regex_search(told, found, places)) {
            who = story.servers(found[1]);
            clause = found.prefix();
        }
        if (regex_match(clause, one_leads)) {
            const auto leader = story.cluster().leader();
            verdict.require(clause, leader &&
                                        std::find(who.begin(), who.end(), *leader) != who.end() &&
                                        who.size() > 1);
            continue;
        }
        const bool is_bare = regex_search(clause, compiled(std::string("^") + bare_presence));
        if (is_bare && !subject.empty()) clause = subject + " " + clause;
        if (const auto paths = paths_in(clause); paths.size() == 1) subject = paths.front();
        for (const NodeId node : who) check_clause(story, node, clause, verdict);
    }
}

namespace {

/// "not the old one", "A or B", "S0 (higher currentEpoch)", "differs from the old one".
void check_leader(Story& story, const std::string& key, const std::string& told, Verdict& verdict,
                  std::optional<NodeId> leader) {
    const auto meant = nodes_meant(story, told);
    if (!meant) throw Refused("expected." + key + ": " + told);
    const std::string got = leader ? fmt::format("server {}", leader->value - 1) : "nobody";
    verdict.require(fmt::format("{}: {}, is {}", key, told, got),
                    leader && std::find(meant->begin(), meant->end(), *leader) != meant->end());
    for (auto one = story.leaders().rbegin(); one != story.leaders().rend() && leader; ++one) {
        if (!(one->second == *leader)) continue;
        return check_reason(story, one->first, *leader, told, verdict);
    }
}

/// "afterRejoin": "no /zkL": as it was once, before somebody was restarted or the old leader came
/// back. Where nobody was restarted that is now. False: the key names no such moment.
bool check_moment(Story& story, const std::string& key, const std::string& words,
                  Verdict& verdict) {
    static const Regex after("(after|when|once)(?:Re)?(?:[jJ]oin(?:ed)?|Return(?:ed)?)|rejoined");
    static const Regex before_restart("before(?:The)?Restart");
    static const Regex before_return(
        "(?:followers|newQuorum|quorum)Before(?:Rejoin|Return)?|before(?:Rejoin|Join|Return)|"
        "newQuorum|quorum");
    const bool is_after = regex_match(key, after);
    const bool is_first = regex_match(key, before_return);
    if (!is_after && !is_first && !regex_match(key, before_restart)) return false;
    const auto& told = is_first ? story.before_return() : story.before_restart();
    if (is_first && !told && contains(key, "^(?:newQuorum|quorum)$")) return false;
    if (!story.before_return()) throw Refused("who came back? " + key);
    const Story::Moment then = told ? *told : story.moment();
    static const Regex everywhere(
        " (?:on|at) (?:any|every|all|each) servers?$| (?:any|every)where$");
    const std::string clear = regex_replace(with_remarks(story.with_paths(words)), everywhere, "");
    const auto is_there = presence_in(clear);
    if (!is_there) return false;
    const NodeId old = story.server("old leader");
    for (const NodeId node : story.cluster().members()) {
        if (is_first && node == old) continue;
        for (const std::string& path : paths_in(clear)) {
            if (!story.knows(path)) throw Refused("nobody wrote " + path);
            check_at(then, node, path, *is_there, verdict);
        }
    }
    return !contains(key, "^(?:newQuorum|quorum)$");  // It must be so in the end, too.
}

/// `{"currentEpoch": 2, "lastZxid": [2, 1]}`, or `{"/L": 1}`.
void check_table(Story& story, NodeId node, const Value& wanted, Verdict& verdict) {
    const zab::Server& server = story.cluster().peer(node).server();
    for (const auto& [key, place, value] : wanted.members) {
        const std::string where = fmt::format("{} of server {}", key, node.value - 1);
        if (key == "currentEpoch" || key == "acceptedEpoch") {
            const zab::Epoch epoch =
                key == "currentEpoch" ? server.current_epoch : server.accepted_epoch;
            verdict.check(where, std::to_string(number(value, key)), std::to_string(epoch.value));
        } else if ((key == "state" || key == "role") && is_text(value)) {
            check_clause(story, node, value.text, verdict);
        } else if (check_session_key(story, key, value, verdict)) {
            continue;
        } else if (key == "lastZxid") {
            verdict.check(where, text(zxid(value, key)), text(server.database.last_processed()));
        } else if (key.starts_with("/")) {
            const std::string got = shown(story.value(node, key));
            const bool is_absent = says(value.text, "^(absent|missing|none|null|gone)$");
            const bool is_present = says(value.text, "^(is )?(present|there|exists|seen|found)$");
            verdict.check(where, is_absent ? "nothing" : value.text,
                          is_present && got != "nothing" ? value.text : got);
        } else {
            throw Refused("expected: " + key);
        }
    }
}

/// "absent": what was to be lost is.
std::string with_lost(const Story& story, const std::string& words) {
    static const Regex bare(std::string(bare_presence) + "(?: everywhere)?");
    const bool is_of_lost = !story.lost().empty() && regex_match(words, bare);
    return is_of_lost ? story.lost() + " " + words : words;
}

/// "newLeader": "node visible": with its path, where somebody's state is meant.
std::string with_node(const Story& story, const std::string& key, const std::string& words) {
    static const Regex states(
        ".*\\b(?:visible|present|absent|exists|there|gone|missing|kept)\\b.*");
    const bool is_state = !story.lost().empty() && regex_match(words, states) &&
                          contains(key, "^(?:(?:new)?[lL]eader|readAtLeader)$");
    return with_lost(story, is_state ? story.with_paths(words) : words);
}

/// Who serves, and nobody else.
void check_quorum(Story& story, const std::vector<NodeId>& told, Verdict& verdict) {
    std::set<NodeId> serving, wanted;
    for (const NodeId node : story.cluster().members()) {
        if (story.cluster().serves(node)) serving.insert(node);
    }
    for (const NodeId one : told) wanted.insert(story.server(std::to_string(one.value)));
    verdict.require("quorum", serving == wanted && wanted.size() == told.size());
}

std::size_t elections_in(const Story& story) {
    return story.leaders().empty() ? 0 : story.leaders().rbegin()->first;
}

/// Whom a key speaks of: "everywhere", "newQuorum", "oldLeader", "A,B".
std::vector<NodeId> nodes_of(Story& story, const std::string& key) {
    const auto all = story.cluster().members();
    if (contains(key,
                 "^(?:everywhere|all|cluster|servers|everybody|trees?|afterRestart|service)$")) {
        return story.without_left_out();
    }
    if (contains(key, "^other(?: ?[oO]ne| ?[fF]ollower)?$")) {  // Beside the new leader.
        auto others = story.without_left_out();
        std::erase(others, story.server("leader"));
        if (others.size() != 1) throw Refused("which one? " + key);
        return others;
    }
    if (contains(key, "^old[lL]eader")) return {story.server("old leader")};
    if (contains(key, "^(?:new)?[lL]eader(?:Tree|Has)?$")) return {story.server("leader")};
    if (key == "quorum" && !story.has_old_leader()) {  // Those who serve, if they are one.
        auto serving = all;
        std::erase_if(serving, [&](NodeId node) { return !story.cluster().serves(node); });
        return serving.size() * 2 > all.size() ? serving : all;
    }
    if (contains(key, "^(?:newQuorum|quorum|followers|others|rest)$")) {
        auto others = all;
        std::erase(others, story.server("old leader"));
        return others;
    }
    return story.servers(key);
}

/// `"x": "absent on S0, S1"`, `"exists x": true`; without a place, of all or of the leader.
bool check_path_key(Story& story, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex asks(
        "(exists|read)(?: |(?=\\())\\(?(/?[A-Za-z0-9_]+)\\)?(?: (?:at|on|from) (.*))?");
    static const Regex place("(.*?) (?:on|at) (.*)");
    Match found;
    if (regex_match(key, found, asks)) {
        const std::string path =
            found[2].str().starts_with("/") ? found[2].str() : "/" + found[2].str();
        if (!story.knows(path)) return false;
        const bool is_there = is_on(value, key);
        const auto nodes = story.servers(found[3].matched ? found[3].str() : "leader");
        for (const NodeId node : nodes) check_paths(story, node, path, is_there, verdict);
        return true;
    }
    static const Regex children("children(?: ?[oO]f)?(?: ?(?:/|root))?");
    static const Regex contains_one("(?:contain|include|have|has)s? (/?\\w+)");
    if (is_text(value) && regex_match(key, children) &&
        regex_match(value.text, found, contains_one)) {
        const std::string name = found[1];
        const std::string child = name.starts_with("/") ? name : "/" + name;
        return check_path_key(story, child, sim::json::string("present"), verdict);
    }
    const std::string path = key.starts_with("/") ? key : "/" + key;
    if (!story.knows(path)) return false;
    if (value.is(Value::Kind::boolean)) {  // "/zkL": false
        for (const NodeId node : story.without_left_out()) {
            check_paths(story, node, path, truth(value, key), verdict);
        }
        return true;
    }
    if (!is_text(value)) return false;
    const bool is_placed = regex_match(value.text, found, place);
    const std::string who = is_placed ? found[2].str() : "all";
    const std::string what = is_placed ? found[1].str() : value.text;
    const auto nodes = is_placed ? story.servers(contains(who, "^(?:every|each)") ? "all" : who)
                                 : story.without_left_out();
    const auto is_there = presence_in(path + " " + what);
    if (!is_there) throw Refused(key + ": " + value.text);
    for (const NodeId node : nodes) {
        check_paths(story, node, path + " " + what, *is_there, verdict);
    }
    return true;
}

/// The value that was read, or whether there was one: "/a present".
void check_read(Story& story, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex everywhere(
        "(?:(?:the )?z?node |it |(/[A-Za-z0-9_]+) )?(?:is )?(?:(present|there|found|visible|"
        "exists?|readable)|absent|missing|not there|not found|gone|does not exist) "
        "(?:everywhere|(?:on|at|from) (?:all|every|each) (?:servers?|nodes?))");
    static const Regex seen(
        "(?:(/[A-Za-z0-9_]+) )?(?:is "
        ")?(?:(present|there|found|visible|exists)|(?:absent|missing|not "
        "there|not found|nothing))");
    Match found;
    if (value.is(Value::Kind::boolean)) {
        if (story.read_path().empty()) throw Refused("nothing was read");
        return verdict.check(key, truth(value, key), story.read().has_value());
    }
    if (is_text(value) && regex_match(value.text, found, everywhere)) {
        if (story.read_path().empty()) throw Refused("nothing was read");
        if (found[1].matched) verdict.check(key, found[1], story.read_path());
        for (const NodeId node : story.cluster().members()) {
            check_paths(story, node, story.read_path(), found[2].matched, verdict);
        }
        return;
    }
    if (!is_text(value) || !regex_match(value.text, found, seen)) {
        verdict.check(key, value.text, shown(story.read()));
        return;
    }
    if (found[1].matched) verdict.check(key, found[1], story.read_path());
    if (story.read_path().empty()) throw Refused("nothing was read");
    verdict.check(key + ": " + value.text, found[2].matched, story.read().has_value());
}

/// "failedTxn", "saw2": the path of what is meant; else the key.
std::string key_of_lost(const Story& story, const std::string& key) {
    static const Regex lost(
        "(?:failed|lost|uncommitted|unacked)(?:Txn|Create|Write|Node|Proposal|Path|Transaction)");
    static const Regex seen("(?:saw|sees|found|has)(/?[0-9a-z]+)");
    Match found;
    if (!story.lost().empty() && regex_match(key, lost)) return story.lost();
    if (!regex_match(key, found, seen)) return key;
    const std::string name = found[1];
    const std::string path = name.starts_with("/") ? name : "/" + name;
    return story.knows(path) ? path : key;
}

/// What the old leader served before all stopped: nobody read it then, but it was to be read.
/// False: somebody did.
bool check_served(Story& story, const Value& value, Verdict& verdict) {
    if (!story.read_path().empty()) return false;
    if (is_text(value)) {
        check_sentences(story, "beforeStop", "old leader " + value.text, verdict);
        return true;
    }
    if (!value.is(Value::Kind::boolean) || story.lost().empty()) return false;
    const std::string state = truth(value, "readAtLeader") ? " visible" : " absent";
    check_sentences(story, "beforeStop", "old leader " + story.lost() + state, verdict);
    return true;
}

void check_key(Story& story, const std::string& told, const Value& wanted, Verdict& verdict) {
    const std::string key = key_of_lost(story, story_key(told));
    const bool is_flag = is_text(wanted) && contains(wanted.text, "^(?:yes|no|true|false)$");
    const Value value = is_flag ? sim::json::boolean(contains(wanted.text, "^(?:yes|true)$"))
                        : is_text(wanted)
                            ? sim::json::string(with_node(story, key, story_words(wanted.text)))
                            : wanted;
    if (value.is(Value::Kind::number) && contains(key, "^(?:(?:new)?[lL]eaderEpoch|epoch)$")) {
        const auto leader = story.cluster().leader();
        const auto epoch = leader ? story.cluster().peer(*leader).leading()->epoch : zab::Epoch{};
        return verdict.check(key, value.text, std::to_string(epoch.value));
    }
    static const Regex leader_of("leaderEpoch([0-9]+)");
    Match found;
    if (check_path_key(story, key, value, verdict)) return;
    if (check_session_key(story, key, value, verdict)) return;
    if (is_text(value) && check_lost_answer(story, key, value.text, verdict)) return;
    if (check_client(story, key, value, verdict)) return;
    if (key == "readAtLeader" && check_served(story, value, verdict)) return;
    if (is_text(value) && check_durable(story, key, value.text, verdict)) return;
    if (is_text(value) && check_shared(story, key, value.text, verdict)) return;
    if (is_text(value) && check_sentences(story, key, value.text, verdict)) return;
    if (is_text(value) && check_moment(story, key, value.text, verdict)) return;
    if (key == "afterRestart" && contains(value.text, "^(?:the )?same$|^unchanged$")) {
        if (!story.before_restart()) throw Refused("nobody was restarted");
        return verdict.require(key, story.before_restart()->held == story.moment().held);
    }
    if (contains(key, "^(?:sync|syncMode|mode)$") && !story.returned_by().empty()) {
        return verdict.check(key, value.text, story.returned_by());
    }
    if (contains(key, "^(?:read(?:Before|At(?:L|(?:Old)?Leader))?|exists)$")) {
        check_read(story, key, value, verdict);
    } else if (regex_match(key, found, leader_of)) {
        const auto leader = story.leaders().find(static_cast<std::uint32_t>(std::stoul(found[1])));
        const bool is_known = leader != story.leaders().end();
        check_leader(story, key, value.text, verdict,
                     is_known ? std::optional(leader->second) : std::nullopt);
    } else if (key == "elections" && value.text == "no extra election round") {
        verdict.check("leaders so far", "2", std::to_string(elections_in(story)));
    } else if (contains(key, "^(?:(?:new)?[lL]eader|leadership)(?:Changed|Changes|Differs)$")) {
        const auto leader = story.cluster().leader();
        verdict.check(key, truth(value, key), leader && !(*leader == story.server("old leader")));
    } else if (key == "follower" && story.observed()) {
        check_words(story, {*story.observed()}, value.text, verdict);
    } else if (contains(key, "^(?:new)?[lL]eader(?:I[dD]|Sid)?$") && is_text(value) &&
               !contains(value.text, "/|^no [a-z]$")) {
        check_leader(story, key, value.text, verdict, story.cluster().leader());
    } else if (is_text(value)) {
        check_words(story, nodes_of(story, key), value.text, verdict);
    } else if (key == "newLeader" && value.is(Value::Kind::boolean) && !story.lost().empty()) {
        check_paths(story, story.server("leader"), story.lost(), truth(value, key), verdict);
    } else if (key == "quorum" && value.is(Value::Kind::array)) {
        check_quorum(story, ids(value, key), verdict);
    } else {
        if (!value.is(Value::Kind::object)) throw Refused("expected." + key);
        for (const NodeId node : nodes_of(story, key)) check_table(story, node, value, verdict);
    }
}

}  // namespace

std::optional<Verdict> judge_story(const Case& one) {
    if (one.level != "cluster" || (one.area != "REC" && one.area != "SYNC")) return std::nullopt;
    Story story(one);
    story.play_all();
    Verdict verdict;
    for (const auto& [words, holds] : story.claims()) verdict.require(words, holds);
    for (const auto& [key, place, value] : one.expected.members) {
        check_key(story, key, value, verdict);
    }
    for (const std::string& violation : story.violations()) {
        verdict.require(violation, false);
    }
    return verdict;
}

}  // namespace conformance
