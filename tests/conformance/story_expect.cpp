#include "tests/conformance/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace conformance {

namespace {

using zab::NodeId;

std::string shown(const std::optional<std::string>& value) { return value.value_or("nothing"); }

std::vector<std::string> clauses_of(const std::string& words) {
    return split_at(words, "\\s*;\\s*|:\\s+|\\s*,\\s*(?![0-9]|S[0-9](?:$|,| and ))");
}

/// "/zkL present", "no /zkL", "/zkL truncated", "has /0../9", "not /12 and later", "nodes 0,1,3".
/// `true`: they must be there; nothing: the words do not speak of paths.
std::optional<bool> presence_in(const std::string& told) {
    static const std::regex path("/[A-Za-z0-9_./*-]+");
    const std::string words = std::regex_replace(told, path, "/x");  // "/lost" is none.
    static const std::regex absent(
        "(?:has )?(?:no|not|never) /.*|.*\\b(?:absent|missing|truncated|gone|removed|not there|"
        "does not exist|not present|lost|discarded|nowhere)\\b.*");
    static const std::regex present(
        "(?:has |holds |contains |keeps )?/\\S+|(?:has|have|holds|contains|keeps|with) /.*|"
        ".*\\b(?:present|exists?|there|visible|found|survives?|kept|durable|committed)\\b.*");
    // What is left when the words that the patterns know of are taken out.
    static const std::regex denial(
        "^(?:has )?(?:no|not|never)(?= /)|\\b(?:absent|missing|truncated|gone|removed|not there|"
        "does not exist|not present|lost|discarded|nowhere)\\b");
    static const char* const known =
        "has|have|either|holds|contains|keeps|with|no|not|never|absent|missing|truncated|gone|"
        "removed|there|"
        "does|"
        "exists?|present|lost|discarded|nowhere|visible|found|survives?|kept|durable|committed|is|"
        "are|and|or|later|also|before|after|its|the|restart|both|even|again|on|at|everywhere|all|"
        "each|every|servers?|nodes?|znodes?|it|still|in|tree|log|from|disk|new|old|of|[A-Z]|S[0-9]|"
        "x";
    if (contains(words, "/") && !made_of(std::regex_replace(words, compiled("/x"), ""), known)) {
        throw Refused("expected: " + told);
    }
    if (contains(words, "/")) {
        const bool is_absent = std::regex_match(words, absent);
        const std::string rest =
            std::regex_replace(words, denial, "", std::regex_constants::format_first_only);
        if (is_negated(rest) || std::regex_search(rest, denial)) {
            throw Refused("expected: " + told);
        }
        if (is_absent) return false;
        if (std::regex_match(words, present)) return true;
    }
    return std::nullopt;
}

std::vector<std::string> paths_of(const Story& story, const std::string& words) {
    static const std::regex later("/([0-9]+) and later");
    std::smatch found;
    if (!std::regex_search(words, found, later)) return paths_in(words);
    std::vector<std::string> all;
    for (std::size_t i = std::stoul(found[1]); story.knows(fmt::format("/{}", i)); ++i) {
        all.push_back(fmt::format("/{}", i));
    }
    if (all.empty()) throw Refused("nobody wrote such: " + words);
    return all;
}

void check_paths(Story& story, NodeId node, const std::string& words, bool is_there,
                 Verdict& verdict) {
    const bool also_before = contains(words, "\\bbefore and after\\b|\\balso (?:before|after)\\b");
    // A range means all that are so.
    for (const std::string& path : paths_next_to(words)) {
        const bool is_known = story.knows(path);
        verdict.require(words + ", and " + path,
                        !is_known || story.value(node, path).has_value() != is_there);
    }
    for (const std::string& path : paths_of(story, words)) {
        const std::string where = fmt::format("{} {} on server {}", words, path, node.value - 1);
        const bool holds = story.value(node, path).has_value();
        verdict.require(where, story.cluster().serves(node) && holds == is_there);
        if (also_before) {
            verdict.require(where + " before", story.held_before(node, path) == is_there);
        }
    }
}

/// "same value as leader (3)"; "stat of /p equal to leader's".
void check_same(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    static const std::regex value_told("\\(([0-9]+)\\)");
    static const char* const known =
        "(?:the |its )?same|value|values|as|leaders?|equal|identical|stat|of|to|with|agrees?|state|"
        "tree|sessions|data|all|on|is|are|and|everywhere|content|s|servers?|everybody|database|"
        "history|the|'"
        "s";
    const std::string bare =
        std::regex_replace(without_remarks(words), compiled("/[A-Za-z0-9_]+|'"), " ");
    if (!made_of(bare, known)) throw Refused("expected: " + words);
    std::smatch found;
    const NodeId leader = story.server("leader");
    if (std::regex_search(words, found, value_told)) {
        verdict.check("the server's value", found[1], shown(story.value(node, "node")));
        verdict.check("the leader's value", found[1], shown(story.value(leader, "node")));
        return;
    }
    const auto& cluster = story.cluster();
    verdict.require(words,
                    cluster.serves(node) && cluster.peer(node).server().database.position() ==
                                                cluster.peer(leader).server().database.position());
    if (!contains(words, "\\bsessions\\b") || !cluster.serves(node)) return;
    const auto ids_at = [&](NodeId who) {
        std::set<std::uint64_t> ids;
        for (const auto& session : cluster.peer(who).server().database.sessions()) {
            ids.insert(session.id.value);
        }
        return ids;
    };
    verdict.require(words, ids_at(node) == ids_at(leader));
}

void check_role(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    const test::Cluster& c = story.cluster();
    const bool leads = c.leader() == node;
    const bool follows = c.serves(node) && c.peer(node).learning() != nullptr;
    if (contains(words, "(?:different|new|other|another) leader$")) {
        if (contains(words, "LEADING|leads|\\bnot\\b|never")) throw Refused("expected: " + words);
        verdict.require(words, follows && c.leader() && story.leaders().size() > 1 &&
                                   !(*c.leader() == story.server("old leader")));
        return;
    }
    const bool is_leader_meant = contains(words, "LEADING|leader|leads");
    verdict.check(fmt::format("{} (server {})", words, node.value - 1), !is_negated(words),
                  is_leader_meant ? leads : follows);
}

/// "does not come up (ahead of leader)": not since it started last, nor in the next 10 s.
void check_never_up(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    test::Cluster& c = story.cluster();
    const std::string where = fmt::format("{} (server {})", words, node.value - 1);
    verdict.require(where, c.is_up(node));
    verdict.require(where, !c.run_until([&] { return c.serves(node); }, zab::seconds(10)));
    bool has_served = false;
    for (const trace::Record& record : c.records()) {
        if (!(record.node() == node)) continue;
        if (record.kind() == trace::Kind::server_started) has_served = false;
        has_served = has_served || record.kind() == trace::Kind::serving;
    }
    verdict.require(where, !has_served);
    if (contains(words, "ahead of (?:the )?leader") && c.is_up(node) && c.leader()) {
        verdict.require(where, c.peer(*c.leader()).server().accepted_epoch <
                                   c.peer(node).server().accepted_epoch);
    }
}

/// Something that is said of one server.
void check_clause(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    static const std::regex all("(?:has )?all ([0-9]+) (?:nodes|creates|znodes)(?: present)?");
    static const std::regex again("([a-z]\\w*|/\\w+) can be created by another session");
    static const std::regex listed("nodes ([0-9,]+)(?: on all servers)?");
    std::smatch found;
    const std::string where = fmt::format("{} on server {}", words, node.value - 1);
    const auto has_all = [&](const std::vector<std::string>& paths) {
        for (const std::string& path : paths) {
            verdict.require(where, story.value(node, path).has_value());
        }
    };
    if (std::regex_match(words, found, all)) {
        verdict.check("nodes created", found[1], std::to_string(story.created().size()));
        has_all(story.created());
    } else if (contains(words,
                        "^(?:both|all) (?:new )?nodes(?: (?:are )?present)?$|^all "
                        "(?:creates|data)$")) {
        has_all(story.created());
    } else if (std::regex_match(words, found, listed)) {
        const auto names = split_at(found[1], ",");
        verdict.require(where + ": each once",
                        std::set<std::string>(names.begin(), names.end()).size() == names.size());
        has_all(names);
    } else if (contains(words, "^same|equal|identical|agree")) {
        check_same(story, node, words, verdict);
    } else if (const auto is_there = presence_in(words)) {
        check_paths(story, node, words, *is_there, verdict);
    } else if (contains(words, "^no [a-z]\\w*$") && !story.ephemerals().empty()) {
        verdict.require(
            where, story.cluster().serves(node) && !story.value(node, words.substr(3)).has_value());
    } else if (contains(words, "^(?:not |is not |differs from )(?:the )?old (?:leader|one)$")) {
        verdict.require(where, !(node == story.server("old leader")));
    } else if (std::regex_match(words, found, again)) {
        if (!story.knows(found[1])) throw Refused("nobody wrote " + found[1].str());
        verdict.require(words, story.are_all_equal());
    } else if (contains(words,
                        "^(?:is |still |not |never "
                        ")*(?:FOLLOWING|LEADING|follows|leads|follower|leader)(?: (?:an? |the )?"
                        "(?:different|new|other|another) leader)?$")) {
        check_role(story, node, words, verdict);
    } else if (contains(words, "^(?:TRUNC|DIFF|SNAP)$")) {
        const auto sync = story.syncs().find(node);
        verdict.check(where, words, sync == story.syncs().end() ? "none" : sync->second);
    } else if (contains(words,
                        "^(?:does not|doesn't|never|cannot) (?:comes?|starts?|joins?|serves?)"
                        "(?: up)?(?: \\(ahead of leader\\))?$|^(?:not|never) (?:up|serving)$|"
                        "^(?:is )?ahead of (?:the )?leader$")) {
        check_never_up(story, node, words, verdict);
    } else if (contains(words,
                        "^proposals? (?:of (?:the )?DIFF )?(?:is|are|were) (?:on disk|logged|"
                        "synced|durable|persisted) before (?:the |its )?NEWLEADER ack$")) {
        verdict.require(where, story.had_lost_at_ack(node));
    } else if (contains(words, "^(?:quorum )?(?:up|serves|serving|available|starts|in service)$")) {
        verdict.require(where, story.cluster().serves(node));
    } else {
        throw Refused("expected: " + words);
    }
}

/// "/zkL truncated, also after restart": the addition belongs to what it is added to.
void check_words(Story& story, const std::vector<NodeId>& nodes, const std::string& words,
                 Verdict& verdict) {
    static const std::regex addition(", (also|before and after|even|both before)");
    static const std::regex everywhere(
        " (?:on|at) (?:every|all|each) servers?\\b| (?:any|every)where$");
    static const std::regex places(
        " (?:on|at) ((?:S?[0-9]|[A-Z])(?:(?:, ?| and )(?:S?[0-9]|[A-Z]))*)$");
    const std::string joined = std::regex_replace(story.with_paths(words), addition, " $1");
    for (const std::string& told : clauses_of(joined)) {
        std::smatch found;
        std::vector<NodeId> who = nodes;
        std::string clause = std::regex_replace(told, everywhere, "");
        if (std::regex_search(told, everywhere)) {
            who = story.cluster().members();
        } else if (std::regex_search(told, found, places)) {
            who = story.servers(found[1]);
            clause = found.prefix();
        }
        for (const NodeId node : who) check_clause(story, node, clause, verdict);
    }
}

/// "not the old one", "A or B", "S0 (higher currentEpoch)", "differs from the old one".
void check_leader(Story& story, const std::string& key, const std::string& told, Verdict& verdict,
                  std::optional<NodeId> leader) {
    const std::string words = plain(told);
    const std::string got = leader ? fmt::format("server {}", leader->value - 1) : "nobody";
    const std::string what = fmt::format("{}: {}, is {}", key, told, got);
    if (contains(words, "\\bnot\\b|differ|different|another|other than|changed")) {
        verdict.require(what, leader && !(*leader == story.server("old leader")));
    } else if (contains(words, "unchanged|\\bsame\\b|^old")) {
        verdict.require(what, leader && *leader == story.server("old leader"));
    } else {
        bool is_one = false;
        for (const std::string& name : split_at(words, " or |, ?")) {
            is_one = is_one || (leader && story.server(name) == *leader);
        }
        verdict.require(what, is_one);
    }
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
        } else if (key == "lastZxid") {
            verdict.check(where, text(zxid(value, key)), text(server.database.last_processed()));
        } else if (key.starts_with("/")) {
            verdict.check(where, value.text, shown(story.value(node, key)));
        } else {
            throw Refused("expected: " + key);
        }
    }
}

std::size_t elections_in(const Story& story) {
    return story.leaders().empty() ? 0 : story.leaders().rbegin()->first;
}

/// Whom a key speaks of: "everywhere", "newQuorum", "oldLeader", "A,B".
std::vector<NodeId> nodes_of(Story& story, const std::string& key) {
    const auto all = story.cluster().members();
    if (contains(key, "^(?:everywhere|all|cluster|servers|everybody|trees?|afterRestart)$")) {
        return story.without_left_out();
    }
    if (contains(key, "^old[lL]eader")) return {story.server("old leader")};
    if (contains(key, "^(?:new)?[lL]eader(?:Tree|Has)?$")) return {story.server("leader")};
    if (contains(key, "^(?:newQuorum|followers|others|rest)$")) {
        auto others = all;
        std::erase(others, story.server("old leader"));
        return others;
    }
    return story.servers(key);
}

/// `"x": "absent on S0, S1"`, `"exists x": true`; without a place, of all or of the leader.
bool check_path_key(Story& story, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::regex asks(
        "(exists|read) \\(?(/?[A-Za-z0-9_]+)\\)?(?: (?:at|on|from) (.*))?");
    static const std::regex place("(.*?) (?:on|at) (.*)");
    std::smatch found;
    if (std::regex_match(key, found, asks)) {
        const std::string path =
            found[2].str().starts_with("/") ? found[2].str() : "/" + found[2].str();
        if (!story.knows(path)) return false;
        const bool is_there = is_on(value, key);
        const auto nodes = story.servers(found[3].matched ? found[3].str() : "leader");
        for (const NodeId node : nodes) check_paths(story, node, path, is_there, verdict);
        return true;
    }
    const std::string path = key.starts_with("/") ? key : "/" + key;
    if (!story.knows(path) || !is_text(value)) return false;
    const bool is_placed = std::regex_match(value.text, found, place);
    const std::string who = is_placed ? found[2].str() : "all";
    const std::string what = is_placed ? found[1].str() : value.text;
    const auto nodes = story.servers(contains(who, "^(?:every|each)") ? "all" : who);
    const auto is_there = presence_in(path + " " + what);
    if (!is_there) throw Refused(key + ": " + value.text);
    for (const NodeId node : nodes) {
        check_paths(story, node, path + " " + what, *is_there, verdict);
    }
    return true;
}

/// The value that was read, or whether there was one: "/a present".
void check_read(const Story& story, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::regex seen(
        "(?:(/[A-Za-z0-9_]+) )?(?:is "
        ")?(?:(present|there|found|visible|exists)|(?:absent|missing|not "
        "there|not found|nothing))");
    std::smatch found;
    if (!is_text(value) || !std::regex_match(value.text, found, seen)) {
        verdict.check(key, value.text, shown(story.read()));
        return;
    }
    if (found[1].matched) verdict.check(key, found[1], story.read_path());
    if (story.read_path().empty()) throw Refused("nothing was read");
    verdict.check(key + ": " + value.text, found[2].matched, story.read().has_value());
}

void check_key(Story& story, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::regex leader_of("leaderEpoch([0-9]+)");
    std::smatch found;
    if (check_path_key(story, key, value, verdict)) {
        return;
    }
    if (contains(key, "^read(?:Before|At(?:L|(?:Old)?Leader))?$")) {
        check_read(story, key, value, verdict);
    } else if (std::regex_match(key, found, leader_of)) {
        const auto leader = story.leaders().find(static_cast<std::uint32_t>(std::stoul(found[1])));
        const bool is_known = leader != story.leaders().end();
        check_leader(story, key, value.text, verdict,
                     is_known ? std::optional(leader->second) : std::nullopt);
    } else if (key == "elections" && value.text == "no extra election round") {
        verdict.check("leaders so far", "2", std::to_string(elections_in(story)));
    } else if (key == "follower" && story.observed()) {
        check_words(story, {*story.observed()}, value.text, verdict);
    } else if (contains(key, "^(?:new)?[lL]eader$") && is_text(value) &&
               !contains(value.text, "/|^no [a-z]$")) {
        check_leader(story, key, value.text, verdict, story.cluster().leader());
    } else if (is_text(value)) {
        check_words(story, nodes_of(story, key), value.text, verdict);
    } else {
        for (const NodeId node : nodes_of(story, key)) check_table(story, node, value, verdict);
    }
}

}  // namespace

std::optional<Verdict> judge_story(const Case& one) {
    if (one.level != "cluster" || one.area != "REC") return std::nullopt;
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
