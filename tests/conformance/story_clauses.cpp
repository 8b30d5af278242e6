#include "tests/conformance/story.hpp"
#include "tests/conformance/story_service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace conformance {

// What is said of one server: in a clause.

using zab::NodeId;

/// "/zkL present", "no /zkL", "/zkL truncated", "has /0../9", "not /12 and later", "nodes 0,1,3".
/// `true`: they must be there; nothing: the words do not speak of paths.
std::optional<bool> presence_in(const std::string& told) {
    static const Regex path("/[A-Za-z0-9_./*-]+");
    static const Regex kept("\\b(?:not|never) (?:lost|missing|absent|gone|truncated|removed)\\b");
    const std::string words = regex_replace(regex_replace(told, path, "/x"), kept,
                                            "present");  // "/lost" is none.
    static const Regex absent(
        "(?:has |have )?(?:no|not|never|without) "
        "/.*|.*\\b(?:absent|missing|truncated|gone|removed|not there|"
        "does not exist|not present|lost|discarded|nowhere)\\b.*");
    static const Regex present(
        "(?:has |holds |contains |keeps |sees |serves |shows )?/\\S+|"
        "(?:has|have|holds|contains|keeps|with) /.*|(?:all )?/\\S+(?: and /\\S+)*|"
        ".*\\b(?:present|exists?|there|visible|found|seen|survives?|kept|durable|committed)\\b.*");
    // What is left when the words that the patterns know of are taken out.
    static const Regex denial(
        "^(?:has |have )?(?:no|not|never|without)(?= "
        "/)|\\b(?:absent|missing|truncated|gone|removed|not there|"
        "does not exist|not present|lost|discarded|nowhere)\\b");
    static const char* const known =
        "has|have|sees|serves|shows|without|times?|any|steps|quorum|either|holds|contains|keeps|"
        "with|no|not|never|"
        "absent|missing|truncated|gone|"
        "removed|there|"
        "does|"
        "exists?|present|lost|discarded|nowhere|visible|found|seen|survives?|kept|durable|"
        "committed|is|"
        "are|and|or|later|also|before|after|its|the|restart|both|even|again|on|at|everywhere|all|"
        "each|every|servers?|nodes?|znodes?|it|still|in|tree|log|from|disk|new|old|of|[A-Z]|S[0-9]|"
        "x";
    if (contains(words, "/") && !made_of(regex_replace(words, compiled("/x"), ""), known)) {
        throw Refused("expected: " + told);
    }
    if (contains(words, "/")) {
        const bool is_absent = regex_match(words, absent);
        const std::string rest = regex_replace_first(words, denial, "");
        if (is_negated(rest) || regex_search(rest, denial)) {
            throw Refused("expected: " + told);
        }
        if (is_absent) return false;
        if (regex_match(words, present)) return true;
    }
    return std::nullopt;
}

namespace {

/// "/bar", where only "/bar0" and its like were written: all of these.
std::vector<std::string> with_families(const Story& story, const std::vector<std::string>& told) {
    std::vector<std::string> all;
    for (const std::string& path : told) {
        const std::size_t before = all.size();
        for (const std::string& one : story.created()) {
            const bool is_member = !story.knows(path) && one.starts_with(path) &&
                                   contains(one.substr(path.size()), "^[0-9]+$");
            if (is_member) all.push_back(one);
        }
        if (all.size() == before) all.push_back(path);
    }
    return all;
}

std::vector<std::string> paths_of(const Story& story, const std::string& words) {
    static const Regex later("/([0-9]+) and later"), begun("(/[A-Za-z]+)\\*");
    Match found;
    std::vector<std::string> all;
    if (words.find('*') != std::string::npos) {
        for (MatchIterator i(words, begun), end; i != end; ++i) {
            const std::size_t before = all.size();
            for (const std::string& path : story.created()) {
                if (path.starts_with(i->str(1))) all.push_back(path);
            }
            if (all.size() == before) throw Refused("nobody wrote such: " + words);
        }
        return all;
    }
    if (!regex_search(words, found, later)) return with_families(story, paths_in(words));
    for (std::size_t i = std::stoul(found[1]); story.knows(fmt::format("/{}", i)); ++i) {
        all.push_back(fmt::format("/{}", i));
    }
    if (all.empty()) throw Refused("nobody wrote such: " + words);
    return all;
}

}  // namespace

void check_at(const Story::Moment& moment, NodeId node, const std::string& path, bool is_there,
              Verdict& verdict) {
    const bool holds = moment.held.contains({node, path});
    verdict.require(fmt::format("{} on server {} before", path, node.value - 1),
                    moment.serving.contains(node) && holds == is_there);
}

void check_paths(Story& story, NodeId node, const std::string& words, bool is_there,
                 Verdict& verdict) {
    static const char* const twice =
        "\\bbefore and after\\b|\\balso (?:before|after)\\b|\\b(?:both|all) times\\b|"
        "\\bany time\\b|\\bboth steps\\b";
    const auto& before = story.before_restart();
    if (contains(words, twice) && !before) throw Refused("nobody was restarted: " + words);
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
        if (contains(words, twice)) check_at(*before, node, path, is_there, verdict);
    }
}

namespace {

/// "same value as leader (3)"; "stat of /p equal to leader's".
void check_same(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex value_told("\\(([0-9]+)\\)");
    static const char* const known =
        "the|its|new|same|value|values|as|leaders?|equal|identical|stat|of|to|with|agrees?|state|"
        "trees?|sessions|ephemerals?|epochs?|last(?:[pP]rocessed|[lL]ogged)?(?:Zxid)?|zxids?|data|"
        "all|on|is|are|and|everywhere|content|s|servers?|everybody|database|history";
    static const Regex as_other(
        "(?:the )?same (?:tree|data|state|history|content) as (S?[0-9]|F[0-9]|[A-Z])");
    static const Regex and_other(
        "(.*?) (?:and|as well as) (?:to |as |with |of )?(?:untouched|other|clean|remaining|healthy|"
        "unharmed|running|third|undisturbed) (?:follower|server|one|node)(?:'s)?");
    Match found;
    const auto& cluster = story.cluster();
    const auto are_same = [&](NodeId other) {
        return cluster.serves(node) && cluster.serves(other) &&
               cluster.peer(node).server().database.position() ==
                   cluster.peer(other).server().database.position();
    };
    if (regex_match(words, found, as_other)) {
        return verdict.require(words, are_same(story.server(found[1])));
    }
    if (const std::string told = plain(words); regex_match(told, found, and_other)) {
        auto others = cluster.members();
        std::erase(others, node);
        std::erase(others, story.server("leader"));
        if (others.size() != 1) throw Refused("which other one? " + words);
        verdict.require(words, are_same(others.front()));
        return check_same(story, node, found[1], verdict);
    }
    const std::string bare =
        regex_replace(without_remarks(words), compiled("/[A-Za-z0-9_]+|'"), " ");
    static const char* const of_path = "\\b(?:stats?|values?|data|content|state|of|at) /|^/";
    const bool is_odd = contains(words, "/") && !contains(words, of_path);
    if (is_odd || !made_of(bare, known)) throw Refused("expected: " + words);
    const NodeId leader = story.server("leader");
    if (regex_search(words, found, value_told)) {
        verdict.check("the server's value", found[1],
                      story.value(node, "node").value_or("nothing"));
        verdict.check("the leader's value", found[1],
                      story.value(leader, "node").value_or("nothing"));
        return;
    }
    verdict.require(words, are_same(leader));
    if (contains(words, "[eE]poch") && cluster.is_up(node) && cluster.is_up(leader)) {
        const zab::Server& own = cluster.peer(node).server();
        const zab::Server& others = cluster.peer(leader).server();
        verdict.require(words, own.current_epoch == others.current_epoch &&
                                   own.accepted_epoch == others.accepted_epoch);
    }
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

/// "follower"; with an article it may be one of those who were.
bool tells_following(const Story& story, NodeId node, const std::string& words) {
    if (!contains(words, "^(?:is )?(?:an? )?follower$")) return false;
    return contains(words, "^(?:is )?f") || !(story.cluster().leader() == node);
}

/// "proposals are on disk before the NEWLEADER ack".
bool tells_durable(const std::string& words) {
    return contains(words,
                    "^proposals? (?:of (?:the )?DIFF )?(?:is|are|were) (?:on disk|logged|"
                    "synced|durable|persisted) before (?:the |its )?NEWLEADER ack$");
}

/// "up", "serves".
bool tells_service(const std::string& words) {
    return contains(
        words, "^(?:quorum )?(?:up|serves?|serving|available|starts|joins|joined|in service)$");
}

}  // namespace

std::optional<std::vector<NodeId>> nodes_meant(Story& story, const std::string& told) {
    static const std::string name = "(?:S?[0-9]|F[0-9]|[A-Z])";
    static const Regex unlike(
        "(?:is |must be )*(?:not|!=|differs from|different (?:from|than)|other than|another "
        "(?:server "
        ")?"
        "than)(?: (?:old(?: leader| one)?|one before|before|same|same as before)| (" +
        name + "))");
    static const Regex other(
        "(?:is |has )*(?:an? )?(?:different|another|other|changed|new)(?: one| server| node| "
        "leader)?|"
        "(?:an? |one of |either of |two )*(?:former |old )?followers?");
    static const Regex same("(?:is )?(?:unchanged|same(?: one| as before)?|old (?:leader|one))");
    const std::string words = plain(told);
    std::vector<NodeId> all = story.cluster().members();
    Match found;
    if (regex_match(words, found, unlike)) {
        std::erase(all, story.server(found[1].matched ? found[1].str() : "old leader"));
        return all;
    }
    if (regex_match(words, other)) {
        std::erase(all, story.server("old leader"));
        return all;
    }
    if (regex_match(words, same)) return std::vector{story.server("old leader")};
    if (!regex_match(words, compiled(name + "(?:(?: or |, ?)" + name + ")*"))) {
        return std::nullopt;
    }
    all.clear();
    for (const std::string& one : split_at(words, " or |, ?")) all.push_back(story.server(one));
    return all;
}

namespace {

/// How it was synchronized last; the old leader, as it came back.
std::string sync_of(Story& story, NodeId node) {
    if (!story.returned_by().empty() && node == story.server("old leader")) {
        return story.returned_by();
    }
    const auto sync = story.syncs().find(node);
    return sync == story.syncs().end() ? "none" : sync->second;
}

/// "both new nodes present", "every node with its data", "none missing".
bool tells_all_created(const std::string& words) {
    return contains(words,
                    "^(?:both|all) (?:new )?nodes(?: (?:are )?present)?$|^all "
                    "(?:creates|data)$|^(?:every node|all nodes) with (?:its|their) "
                    "data$|^(?:none|nothing) (?:is )?missing$");
}

/// "synced by TRUNC"; nothing: the words are about something else.
std::string sync_told(const std::string& words) {
    static const Regex synced(
        "(?:(?:is |was |re)?(?:syncs|synced|synchronized|comes back|joins|returns) (?:by|via|with) "
        ")?"
        "(TRUNC|DIFF|SNAP)");
    Match found;
    return regex_match(words, found, synced) ? found[1].str() : "";
}

/// "/zkL present (acked by the quorum of NEWLEADER)": what only explains. What can be checked, or
/// denies something, stays.
std::string without_reasons(const std::string& words) {
    static const Regex reason(" \\(((?:acked|logged|synced|persisted) [A-Za-z ]*)\\)");
    static const char* const known =
        "acked|logged|synced|persisted|by|with|in|at|of|an?|the|its|NEWLEADER|quorum|majority|both|"
        "followers|them|DIFF|sync|ack|and";
    Match found;
    if (!regex_search(words, found, reason) || !made_of(found[1], known)) return words;
    return found.prefix().str() + found.suffix().str();
}

/// What it holds, how it was synchronized, and what it is.
void check_state(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex all(
        "(?:(?:has|have|holds?) )?(?:all )?([0-9]+) (?:nodes|creates|znodes)(?: present| each)?");
    static const Regex again("([a-z]\\w*|/\\w+) can be created by another session");
    static const Regex listed("nodes ([0-9,]+)(?: on all servers)?");
    Match found;
    const std::string where = fmt::format("{} on server {}", words, node.value - 1);
    const auto has_all = [&](const std::vector<std::string>& paths) {
        for (const auto& path : paths) verdict.require(where, story.value(node, path).has_value());
    };
    if (regex_match(words, found, all)) {
        verdict.check("nodes created", found[1], std::to_string(story.created().size()));
        has_all(story.created());
    } else if (tells_all_created(words)) {
        verdict.require(where, !words.starts_with("both") || story.created().size() == 2);
        has_all(story.created());
    } else if (regex_match(words, found, listed)) {
        const auto names = split_at(found[1], ",");
        verdict.require(where + ": each once",
                        std::set<std::string>(names.begin(), names.end()).size() == names.size());
        has_all(names);
    } else if (contains(words, "^same|equal|identical|agree")) {
        check_same(story, node, words, verdict);
    } else if (const auto is_there = presence_in(without_reasons(words))) {
        check_paths(story, node, without_reasons(words), *is_there, verdict);
    } else if (contains(words, "^no [a-z]\\w*$") && !story.ephemerals().empty()) {
        verdict.require(
            where, story.cluster().serves(node) && !story.value(node, words.substr(3)).has_value());
    } else if (tells_following(story, node, words)) {
        check_role(story, node, words, verdict);
    } else if (const auto nodes = nodes_meant(story, words)) {
        verdict.require(where, std::find(nodes->begin(), nodes->end(), node) != nodes->end());
    } else if (regex_match(words, found, again)) {
        if (!story.knows(found[1])) throw Refused("nobody wrote " + found[1].str());
        verdict.require(words, story.are_all_equal());
    } else if (contains(words,
                        "^(?:is |still |not |never |rejoins (?:as )?|joins as |becomes "
                        ")*(?:FOLLOWING|LEADING|follows|leads|follower|leader)(?: (?:under |of "
                        ")?(?:an? |the )?"
                        "(?:different|new|other|another) leader)?$")) {
        check_role(story, node, words, verdict);
    } else if (const std::string sync = sync_told(words); !sync.empty()) {
        verdict.check(where, sync, sync_of(story, node));
    } else if (contains(words,
                        "^(?:does not|doesn't|never|cannot) (?:comes?|starts?|joins?|serves?)"
                        "(?: up)?(?: (?:after|within|for|in) [0-9.]+ m?s)?(?: \\(ahead of (?:the )?"
                        "leader\\))?$|^no service$|^(?:not|never) "
                        "(?:up|serving)(?: (?:after|within|for|in) [0-9.]+ m?s)?"
                        "(?: \\(ahead of (?:the )?leader\\))?$|"
                        "^(?:is )?ahead of (?:the )?leader$")) {
        check_never_up(story, node, words, verdict);
    } else if (tells_durable(words)) {
        verdict.require(where, story.had_lost_at_ack(node));
    } else if (tells_service(words)) {
        verdict.require(where, story.cluster().serves(node));
    } else {
        throw Refused("expected: " + words);
    }
}

}  // namespace

namespace {

/// "LEADING -> LOOKING -> FOLLOWING": the way of an old leader. False: other words.
bool check_way(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    if (!contains(words, "^LEADING ?-> ?(?:LOOKING ?-> ?)?FOLLOWING$")) return false;
    verdict.require(words, node == story.old_leader());
    check_role(story, node, "FOLLOWING", verdict);
    return true;
}

}  // namespace

/// Something that is said of one server.
void check_clause(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    if (check_sessions(story, node, words, verdict) || check_promise(story, node, words, verdict) ||
        check_refusal(story, node, words, verdict) || check_earlier(story, node, words, verdict) ||
        check_more_creates(story, node, words, verdict) || check_way(story, node, words, verdict) ||
        check_up_within(story, node, words, verdict)) {
        return;
    }
    check_state(story, node, words, verdict);
}

}  // namespace conformance
