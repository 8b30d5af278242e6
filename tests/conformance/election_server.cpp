#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// What is said of one server in an election.

namespace {

std::vector<std::string> parts(const std::string& words, const std::string& separator) {
    return regex_split(words, compiled(separator));
}

using Election = Stage::Election;

std::string state_named(const std::string& words) {
    if (contains(words, "LOOKING|looking")) return "LOOKING";
    return contains(words, "LEADING|lead") ? "LEADING" : "FOLLOWING";
}

/// Whether it got there within that time, by its election.
bool is_in_time(const Stage& stage, NodeId node, const std::optional<zab::Duration>& limit) {
    if (!limit) return true;
    const auto all = stage.elections_of(node);
    return !all.empty() && all.back().decided && *all.back().decided - all.back().began <= *limit;
}

const std::string any_state =
    "(LEADING|FOLLOWING|LOOKING|lead(?:s|ing|er)?|follow(?:s|ing|er)?|looking)";

/// "LEADING": what a server became by its first election, whatever it is now.
bool check_first_state(const Stage& stage, NodeId node, const std::string& words,
                       Verdict& verdict) {
    static const Regex form("(?:(?:is|are|becomes?|ends?|an?|as) )*" + any_state);
    Match found;
    const Timed told = timed_in(words, stage.cluster->config());
    const std::string what = plain(told.words);
    if (told.time && !told.is_within()) return false;
    if (!regex_match(what, found, form) || state_named(found[1]) == "LOOKING") return false;
    const auto all = stage.elections_of(node);
    const bool has_decided = !all.empty() && all.front().decided;
    const bool leads = has_decided && all.front().leader == node;
    const bool is_late =
        told.time && has_decided && *told.time < *all.front().decided - all.front().began;
    verdict.require(words + ": in time", !is_late);
    verdict.require(words + ", by its first election",
                    has_decided && leads == (state_named(found[1]) == "LEADING") &&
                        told_state(stage, node) != "OBSERVING");
    return true;
}

/// Whom it follows, where that is told behind its state: by a number, or as that of all.
void check_followed(const Stage& stage, NodeId node, const std::string& words, const Match& found,
                    Verdict& verdict) {
    const auto leader = [&stage](NodeId who) {
        const test::Cluster& c = *stage.cluster;
        return c.is_up(who) ? c.peer(who).server().vote.vote.leader : NodeId{};
    };
    if (found[3].matched) verdict.require(words, leader(node) == node_of(found[3].str()));
    if (!found[4].matched) return;
    for (const NodeId other : stage.listeners()) {
        verdict.require(words, leader(other) == leader(node));
    }
}

/// "LEADING within 5 s": in this state by then, and so it stays when nothing else happens.
bool check_state(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:(?:is|are|ends?(?: up)?|stays?|remains?|keeps?|still|must|be|becomes?|goes|gets?|joins?"
        "(?: (?:the )?(?:(?:running|existing|established) )?(?:quorum|ensemble|cluster))?|comes? "
        "(?:up|back)|joined|as|back|to|again|an?|the) )*"
        "(not (?:as )?)?" +
        any_state +
        "(?: (?:node |server )?([0-9]+)| (the |one |same |single |established |existing "
        ")+leader)?(?: again)?");
    test::Cluster& c = *stage.cluster;
    const Timed told = timed_in(words, c.config());
    Match found;
    const std::string what = plain(told.words);
    if (!regex_match(what, found, form)) return false;
    const std::string wanted = state_named(found[2]);
    const bool is_later = told.time && !told.is_within();
    if (is_later) c.run(stage.left_of(*told.time));
    // An observer follows, too, but is never called FOLLOWING.
    const auto state = [&] {
        return found[2] == "FOLLOWING" ? told_state(stage, node) : state_of(c, node);
    };
    const auto is_there = [&] { return state() == wanted; };
    const bool is_kept = contains(what, "\\b(?:stays?|remains?|keeps?|still)\\b");
    // Everybody looks for a moment: who is said to look does so in the end, and for all the time.
    const bool is_lasting = wanted == "LOOKING" && !found[1].matched && !is_later &&
                            (is_kept || !told.time || told.how == "for");
    const std::size_t looked = stage.elections_of(node).size();
    // Who has elected itself, and is left by its followers, waits for initLimit ticks first.
    if (is_lasting && !is_kept && !told.time) c.run_until(is_there, zab::seconds(60));
    if (is_lasting) {
        c.run(told.time.value_or(in_the_end));
    } else if (!is_later && !found[1].matched) {
        const zab::Instant began = c.now();
        c.run_until(is_there, told.time.value_or(in_the_end));
        // And is still there then: it may lead nobody, and not have noticed.
        const bool is_bound = told.time && wanted != "LOOKING" && !stage.has_mocks();
        if (is_bound) c.run(*told.time - (c.now() - began));
    } else if (!is_kept && !found[1].matched && wanted != "LOOKING") {
        verdict.require(words + ": not before", !is_there());
        c.run_until(is_there, in_the_end);
    }
    // Who leads nobody any more has only not noticed it yet.
    const bool is_settled = told.time || stage.has_mocks() || wanted == "LOOKING";
    if (!is_settled) c.run_until([&stage] { return stage.is_quorum_up(); }, in_the_end);
    if (is_kept && wanted != "LOOKING" && !found[1].matched) c.run(in_the_end);
    const std::string got = state();
    verdict.check(words + ", is " + got, !found[1].matched, got == wanted);
    if (found[1].matched) return true;
    const bool is_timed = wanted != "LOOKING" && told.is_within();
    if (is_timed) verdict.require(words + ": in time", is_in_time(stage, node, told.time));
    if (is_lasting || (is_kept && wanted == "LOOKING")) {
        const auto all = stage.elections_of(node);
        const bool has_not_moved = all.size() == looked || !(is_kept || told.time);
        verdict.require(words, has_not_moved && (all.empty() || !all.back().decided));
    }
    check_followed(stage, node, words, found, verdict);
    return true;
}

/// "never LEADING", "does not follow 3".
bool check_never(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:(?:is|was|does|do|must|may|will) )*(?:never|not|at no time)"
        "(?: (?:once|is|was|be|becomes?|go|goes|enters?|gets?|to|in|into))* "
        "(LEADING|FOLLOWING|LOOKING|lead(?:s|ing|er)?|follow(?:s|ing|er)?|looking)(?: ([0-9]+))?");
    static const Regex now("not (?:as )?(?:LEADING|FOLLOWING|LOOKING)");
    Match found;
    const std::string what = plain(words);
    // Of who led before, it says how it ended.
    const bool is_end = regex_match(what, now) && stage.before() == node;
    if (is_end || !regex_match(what, found, form)) return false;
    if (found[2].matched) {  // "does not follow 3"
        const NodeId other = stage.nodes_of(found[2])->front();
        for (const Election& one : stage.elections_of(node)) {
            verdict.require(words, !one.decided || !(one.leader == other));
        }
        return true;
    }
    const auto roles = stage.roles_of(node, 0);
    const std::string role = state_named(found[1]);
    verdict.require(words, std::find(roles.begin(), roles.end(), role) == roles.end());
    return true;
}

/// "on the leader of 1 and 2", "on 2", "elects 2".
bool check_choice(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex same(
        "(?:on |follows )?(?:leader of|same leader as|agrees? with) "
        "((?:node |server )?[0-9]+(?:(?:, ?(?:and )?| and )[0-9]+)*)");
    static const Regex one(
        "(?:on|elects?|for|leader(?: is)?|has leader) (?:node |server )?([0-9]+)");
    Match found;
    const auto leader_of = [&](NodeId who) {
        return stage.cluster->is_up(who) ? stage.cluster->peer(who).server().vote.vote.leader
                                         : NodeId{};
    };
    static const Regex together(
        "(decides?|elects? (?:an? |one )?leader|agrees?) (?:together )?with (?:node |server )?"
        "([0-9]+)( within .*)?");
    const std::string rest = plain(words);
    if (regex_match(rest, found, together)) {
        const std::string decided = "decides" + found[3].str();
        check_decision(stage, node, decided, false, verdict);
        check_decision(stage, node_of(found[2].str()), decided, false, verdict);
        verdict.require(words, leader_of(node) == leader_of(node_of(found[2].str())));
        return true;
    }
    if (regex_match(rest, found, same)) {
        for (const NodeId other : nodes_in(found[1])) {
            verdict.require(words, leader_of(node) == leader_of(other));
        }
    } else if (regex_match(rest, found, one)) {
        verdict.require(words, leader_of(node) == node_of(found[1].str()));
    } else {
        return false;
    }
    return true;
}

/// "need no new election", "keeps LEADING", "rejoins the established leader from the notifications
/// of 1 and 2": nothing else than what was so before.
bool check_kept(Stage& stage, NodeId node, const std::string& said, Verdict& verdict) {
    const std::string words = plain(said);
    static const Regex none(
        "(?:needs?|has|have|starts?|with|makes?) no (?:new|second|further|other|more) elections?|"
        "no (?:new|second|further|other) election|(?:does|do) not elect again|"
        "(?:(?:is|are|stays?|remains?) )*(?:undisturbed|unaffected|not (?:disturbed|affected))|"
        "keeps? (?:its|their|same) leader");
    static const Regex keeps("(?:keeps|stays|remains|continues) (LEADING|FOLLOWING)");
    static const Regex back(
        "(?:rejoins?|(?:rejoins?|joins?|finds?|follows?|returns? to|(?:goes|comes) back to) "
        "(?:(?:established|elected|same|existing|current|old|running) )?(?:leader|ensemble|quorum))"
        "(?: (?:within|in) [^a-z]*[a-zA-Z* ]*?)?( from (?:notifications?|votes?) of (?:node "
        "|server )?"
        "[0-9]+(?:(?:, ?| and )[0-9]+)*)?(?: (?:within|in) [^a-z]*[a-zA-Z* ]*)?");
    static const Regex heard("\\bfrom (?:notifications?|votes?) of ([0-9, and]+)");
    static const Regex source(" from [^0-9]*[0-9]+(?:(?:, ?| and )[0-9]+)*");
    test::Cluster& c = *stage.cluster;
    const std::string where = fmt::format("{}: server {}", words, node.value - 1);
    Match found, who;
    if (regex_match(words, none)) {
        const auto all = stage.elections_of(node);
        verdict.require(where, c.is_up(node) && all.size() == 1 && all.front().decided);
    } else if (regex_match(words, found, keeps)) {
        c.run(in_the_end);  // Who leads nobody any more notices it by and by.
        const auto roles = stage.roles_of(node, 0);
        const auto begins = std::find(roles.begin(), roles.end(), found[1].str());
        verdict.require(where, begins != roles.end() && begins + 1 == roles.end() &&
                                   told_state(stage, node) == found[1].str());
    } else if (regex_match(words, found, back)) {
        const Timed told = timed_in(regex_replace(words, source, ""), c.config());
        if (!told.time && contains(words, "\\b(?:within|in) ")) throw Refused("expected: " + said);
        const auto limit = told.time;
        c.run_until([&] { return state_of(c, node) == "FOLLOWING"; }, limit.value_or(in_the_end));
        const bool follows = state_of(c, node) == "FOLLOWING";
        verdict.require(where, follows && stage.before() &&
                                   c.peer(node).server().vote.vote.leader == *stage.before());
        verdict.require(
            where, stage.leads().size() == 1 && (stage.has_mocks() || c.is_up(*stage.before())));
        const auto all = stage.elections_of(node);
        const bool is_late = limit && (all.empty() || !all.back().decided ||
                                       *all.back().decided - all.back().began > *limit);
        verdict.require(where + ": in time", !is_late);
        if (!regex_search(words, who, heard)) return true;
        for (const NodeId other : nodes_in(who[1])) {
            verdict.require(where, stage.was_told_by(node, other));
        }
    } else {
        return false;
    }
    return true;
}

/// "down"; "LEADING -> LOOKING -> FOLLOWING"; "FOLLOWING or LEADING", "… after each restart".
bool check_states(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
    static const Regex either(
        "(?:ends?|is|are)? ?(FOLLOWING|LEADING|LOOKING) or (FOLLOWING|LEADING|LOOKING)"
        "( after (?:each|every) restart)?");
    Match found;
    if (contains(words, "^(?:is |stays )?(?:down|stopped|dead)$")) {
        verdict.require(words, !c.is_up(node));
        return true;
    }
    if (words.find(" -> ") != std::string::npos) {
        const auto wanted = parts(words, " -> ");
        const auto is_so = [&] {
            const auto roles = stage.roles_of(node, stage.forced_at);
            return state_of(c, node) == wanted.back() &&
                   std::search(roles.begin(), roles.end(), wanted.begin(), wanted.end()) !=
                       roles.end();
        };
        verdict.require(words, c.run_until(is_so, in_the_end));
        return true;
    }
    const Timed told = timed_in(words, c.config());
    if (!regex_match(told.words, found, either)) return false;
    if (told.time && !told.is_within()) throw Refused("expected: " + words);
    const auto is_either = [&] {
        // What is said of all in general is not said of observers.
        const bool is_named = is_among(node, stage.judged);
        const std::string state = is_named ? told_state(stage, node) : state_of(c, node);
        return found[1] == state || found[2] == state;
    };
    // Everybody looks for a moment.
    const bool may_look = found[1] == "LOOKING" || found[2] == "LOOKING";
    const zab::Duration limit = told.time.value_or(in_the_end);
    if (may_look) {
        c.run(limit);
    } else {
        c.run_until(is_either, limit);
    }
    if (told.time) {
        verdict.require(words + ": in time", may_look || is_in_time(stage, node, told.time));
    }
    verdict.require(words + ", is " + state_of(c, node), is_either());
    if (!found[3].matched) return true;
    const auto& restarts = stage.restarts();
    if (restarts.empty() || found[1] == "LOOKING" || found[2] == "LOOKING") {
        throw Refused("expected: " + words);
    }
    verdict.require(words, std::all_of(restarts.begin(), restarts.end(),
                                       [](const auto& one) { return one.are_all_decided; }));
    return true;
}

/// "OBSERVING within 10 s": what is FOLLOWING for a voter.
void check_observer(Stage& stage, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex observing("\\b(?:OBSERVING|observ(?:es?|ing))\\b");
    verdict.require(words, is_among(node, stage.cluster->config().observers));
    stage.reads_observing = true;
    check_server(stage, node, regex_replace(words, observing, "FOLLOWING"), false, verdict);
    stage.reads_observing = false;
}

}  // namespace

void check_server(Stage& stage, NodeId node, const std::string& words, bool is_first,
                  Verdict& verdict) {
    test::Cluster& c = *stage.cluster;
    if (const auto rest = in_spite_of_id(stage, node, words, verdict)) {
        if (rest->empty()) return;
        return check_server(stage, node, *rest, is_first, verdict);
    }
    if (contains(words, "\\b(?:OBSERVING|observ(?:es?|ing))\\b")) {
        return check_observer(stage, node, words, verdict);
    }
    static const Regex ignores(
        "(?:(?:the|an?|bad|malformed|broken|invalid|message|notification|vote|it|is|are) "
        ")*(?:dropped|ignored|skipped|discarded|not counted|ignores?|drops?|skips?|discards?)(?: "
        "(?:the|an?|bad|malformed|broken|invalid|message|notification|vote|it))*");
    static const Regex serves(
        "(?:(?:is|are|every|server|comes?|forms?|an?) )*(not |never )?(?:serves?|serving|up|quorum|"
        "in quorum|in the quorum|in service|available|(?:joins?|joined|connected)(?: (?:to|in))?"
        "(?: the)?(?: quorum| ensemble)?)(?: again| after (?:every|each|the) restart)?");
    Match found;
    if (check_more(stage, node, words, is_first, verdict) ||
        (is_first && check_first_state(stage, node, words, verdict)) ||
        check_states(stage, node, words, verdict)) {
        return;
    }
    if (words == "still leader") {
        c.run(in_the_end);  // Who leads nobody any more notices it by and by.
        verdict.require(words, c.leader() == node && state_of(c, node) == "LEADING");
    } else if (check_left(stage, node, words, verdict) ||
               check_never(stage, node, words, verdict)) {
        return;
    } else if (regex_match(words, ignores)) {
        verdict.require(words, stage.ignored_all());
    } else if (contains(words,
                        "^(?:(?:receiver|election)(?: thread)?|thread|server) (?:still "
                        ")?(?:survives|lives on|goes "
                        "on|(?:is |stays |remains )?(?:healthy|alive))"
                        "(?: (?:the |an? |every )?(?:malformed|truncated|bad|short|partial|broken|"
                        "invalid) (?:message|notification|vote)s?)?$")) {
        // It hears nobody but mocks: what it decides it has heard later.
        verdict.require(words, stage.ignored_all() || !stage.has_malformed());
        check_decision(stage, node, words, is_first, verdict);
    } else if (check_choice(stage, node, words, verdict) ||
               check_round(stage, node, words, verdict) ||
               check_kept(stage, node, words, verdict) ||
               check_decision(stage, node, words, is_first, verdict) ||
               check_state(stage, node, words, verdict)) {
        return;
    } else if (const Timed told = timed_in(words, c.config());
               regex_match(told.words, found, serves)) {
        const auto limit = told.time ? stage.left_of(*told.time) : in_the_end;
        if (told.time && !told.is_within()) throw Refused("expected: " + words);
        const bool is_so = stage.has_served_in_time(told, node) &&
                           c.run_until([&] { return c.serves(node); }, limit);
        verdict.check(fmt::format("{}: server {}", words, node.value - 1), !found[1].matched,
                      is_so);
    } else {
        throw Refused("expected: " + words);
    }
}

}  // namespace conformance
