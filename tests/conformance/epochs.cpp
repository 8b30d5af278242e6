#include "tests/conformance/epochs.hpp"

#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <algorithm>
#include <memory>
#include <set>

namespace conformance {

namespace {

using Kind = Value::Kind;
using Seen = EpochsSeen;

void connect_all(Collector& collector, const std::vector<std::uint16_t>& sids,
                 std::optional<zab::Epoch> accepted) {
    for (const std::uint16_t sid : sids) {
        if (!collector.knows(sid)) collector.connect(sid, accepted.value_or(collector.accepted()));
    }
}

/// "call waitForEpochAck with summary (0, 0)", "getEpochToPropose(5)": what a call tells is no
/// remark.
std::string with_arguments(const std::string& step) {
    static const Regex summary(
        "(?:,? with)?(?: (?:an? |the |its )?(?:state ?)?summary)?(?: of)? ?"
        "\\((?:(?:state ?)?summary )?(?:epoch ?=? ?)?([0-9]+), ?(?:zxid ?=? ?)?"
        "(<[0-9]+, ?[0-9]+>|[0-9]+)\\)|"
        "(?:,? with)? (?:an? |the |its )?(?:state ?)?summary (?:of )?([0-9]+), ?([0-9]+)",
        Regex::icase);
    // "state summary epoch 0 zxid 0", "(summary: epoch 0, zxid <0,0>)"
    static const Regex named(
        ",? ?\\(?(?:\\bwith )?(?:an? |the |its |their )?(?:\\bstate ?)?\\bsummary(?: is| are|:| "
        "=|=)? "
        "?(?:of )?\\(?(?:current ?)?epoch ?[=:]? ?([0-9]+)(?:,|;| and)? ?(?:last ?)?zxid ?[=:]? "
        "?(<[0-9]+, ?[0-9]+>|[0-9]+)\\)?",
        Regex::icase);
    // "waitForEpochAck (zxid 0, epoch 0)", "with state <0,0>"
    static const Regex turned(
        "(?:,? with)? ?\\((?:last ?)?zxid ?[=:]? ?(<[0-9]+, ?[0-9]+>|[0-9]+), ?(?:current ?)?epoch "
        "?[=:]? ?([0-9]+)\\)",
        Regex::icase);
    static const Regex state(",? with (?:an? |the |its |their )?state (<[0-9]+, ?[0-9]+>)");
    static const Regex bid("getEpochToPropose ?\\((?:epoch )?([0-9]+)\\)");
    static const Regex bare("\\bstate (?=\\((?:epoch|zxid|[0-9]))");
    const std::string spoken = regex_replace(step, bare, "state summary ");
    const std::string told = regex_replace(regex_replace(spoken, named, " epoch $1 zxid $2"),
                                           summary, " epoch $1$3 zxid $2$4");
    return regex_replace(
        regex_replace(regex_replace(told, turned, " epoch $2 zxid $1"), state, " zxid $1"), bid,
        "getEpochToPropose epoch $1");
}

/// What a follower tells of itself with its call.
struct Told {
    std::optional<zab::Epoch> epoch;
    std::optional<zab::Zxid> zxid;
};
Told told_in(const std::string& clause) {
    static const Regex epoch("[eE]poch ?=?\\(?([0-9]+)");
    static const Regex pair("<([0-9]+), ?([0-9]+)"), counter("\\bzxid ?=? ?([0-9]+)");
    Told told;
    Match found;
    if (regex_search(clause, found, epoch)) {
        told.epoch = zab::Epoch{static_cast<std::uint32_t>(std::stoul(found[1]))};
    }
    if (regex_search(clause, found, pair) && clause.find('<') != 0) {
        told.zxid = zxid_in("<" + found[1].str() + "," + found[2].str() + ">");
    } else if (regex_search(clause, found, counter)) {
        told.zxid = zab::Zxid{std::stoull(found[1])};
    }
    return told;
}

/// Followers ask for an epoch, or acknowledge one: all of them wait for a quorum with the leader.
void play_followers(Collector& collector, const std::string& clause, Seen& seen) {
    seen.waits_for_acks = contains(clause, "waitForEpochAck|ACKEPOCH|acknowledg|\\backs?\\b");
    seen.has_called = true;
    const Told told = told_in(clause);
    if (!seen.waits_for_acks) {
        connect_all(collector, seen.followers, told.epoch);
    } else {
        connect_all(collector, seen.followers, std::nullopt);
        if (!collector.has_asked()) collector.ask();  // Behind discovery.
        for (const std::uint16_t sid : seen.followers) {
            collector.acknowledge(
                sid, {told.zxid.value_or(zab::Zxid{}), told.epoch.value_or(collector.current())});
            if (!collector.knows(sid)) throw Refused("ahead of the leader: " + clause);
        }
    }
    const bool is_done = seen.waits_for_acks ? collector.is_acknowledged() : collector.is_decided();
    seen.followers_waited = !is_done && collector.gives_up_after_init_limit();
}

void play_leader(Collector& collector, const std::string& clause, Seen& seen) {
    static const Regex tentative("tentative ([0-9]+)");
    Match found;
    seen.has_called = seen.has_leader_called = true;
    const bool acknowledges = contains(clause, "waitForEpochAck|acknowledg") ||
                              (seen.waits_for_acks && collector.is_decided());
    if (acknowledges) {
        collector.acknowledge_own();
        seen.leader_blocks = !collector.is_acknowledged();
    } else {
        collector.ask();
        seen.leader_blocks = !collector.is_decided();
    }
    // Whoever still waits for the same is let through.
    if (!seen.leader_blocks && acknowledges == seen.waits_for_acks && !seen.have_timed_out) {
        seen.followers_waited = false;
    }
    if (regex_search(clause, found, tentative) &&
        (!seen.leader_blocks || collector.epoch().value != std::stoul(found[1]))) {
        throw Refused("the leader does not wait with that epoch: " + clause);
    }
}

/// "both followers", and not "2 followers": which is not the name of one.
std::vector<std::uint16_t> callers_in(const Collector& collector, std::uint16_t leader,
                                      const std::string& words) {
    std::vector<std::uint16_t> all = sids_in(words);
    const std::set<std::uint16_t> once(all.begin(), all.end());
    const bool are_voters = std::all_of(all.begin(), all.end(), [&](std::uint16_t one) {
        return one != leader && collector.is_voter(one);
    });
    if (once.size() != all.size() || !are_voters) throw Refused("which followers? " + words);
    return all;
}

/// "wait for epoch acks without the leader": so far it has not called.
std::string without_leader(const std::string& words, const Seen& seen) {
    static const Regex left_out(
        ",? (?:without|but not|not) (?:the |its )?leader(?:'s)?(?: own)?(?: (?:ack|call|calling|"
        "acking|epoch ack)(?: it)?)?$");
    Match found;
    if (!regex_search(words, found, left_out)) return words;
    if (seen.has_leader_called) throw Refused("the leader has called: " + words);
    return found.prefix();
}

/// "the leader's own ack is missing", "leader stays out of it".
bool tells_missing(const std::string& words) {
    static const Regex form(
        "(?:leader's |its |own )(?:own )?(?:one |ack |call |ACKEPOCH )?(?:is |still )*"
        "(?:missing|outstanding|lacking|awaited)|"
        "leader (?:itself )?(?:stays|remains|is|keeps|sits|holds) (?:out|away|silent|quiet|idle|"
        "back|passive|still)(?: of it)?|leader(?: itself)? (?:hesitates|sleeps|abstains)");
    static const Regex not_by("(?:but )?not (?:by|from|of) (?:the )?leader(?: itself)?");
    return regex_match(words, form) || regex_match(words, not_by);
}

/// "followers 1,2 call getEpochToPropose, leader does not; they time out".
void play(Collector& collector, const std::string& step, Seen& seen) {
    static const Regex followers(
        "(?:only )?(?:(?:both )?(?:mock )?followers?(?: (?=[0-9])|(?![a-z0-9]))|(?=[0-9]))"
        "([0-9]+(?:(?:, ?| and )[0-9]+)*)?.*");
    static const Regex behind(
        ".*(?:of|from|by) (?:both )?followers?(?: ([0-9][0-9, and]*))?.*|"
        "(?:ACKEPOCHs?|waitForEpochAck(?: is)?(?: called)?) (?:of|from|by) "
        "([0-9](?:, ?| and )[0-9])(?: (?:is |are |was |were |have )*"
        "(?:arrive[ds]?|reach(?:es)?(?: waitForEpochAck)?|came|comes?|in|read|received|counted|"
        "handled|processed|taken|there|seen))?");
    static const Regex passes(
        ".*(?:time[sd]? out|pass(?:es)?|elapses?|wait(?:ed)? for).*|waits? .*");
    static const Regex counted("^(?:two|2) (?:of the )?(?=(?:mock )?followers\\b)");
    const std::string words =
        without_leader(plain(regex_replace(with_arguments(step), counted, "both ")), seen);
    const auto parts = clauses(words);
    if (parts.size() > 1) {
        for (const std::string& part : parts) play(collector, part, seen);
        return;
    }
    Match found;
    static const char* const for_acks = "wait\\w* (?:for|in) (?:an? )?(?:epoch ?acks?|acks? of)";
    const bool tells_time = regex_match(words, passes) && !contains(words, "call|ACKEPOCH") &&
                            !contains(words, for_acks);
    if (tells_missing(words)) {
        if (seen.has_leader_called) throw Refused("the leader has called: " + step);
        return;  // Who does nothing.
    }
    if (contains(words, "^not\\b")) throw Refused("step: " + step);
    if (is_negated(words)) return;
    if (tells_time && !contains(words, "connects|waitForEpochAck|getEpochToPropose")) {
        const bool is_leader = contains(words, "leader|\\bit\\b");
        if (is_leader ? !seen.leader_blocks : !seen.followers_waited) {
            throw Refused("nobody waits: " + step);
        }
        seen.have_timed_out = seen.have_timed_out || !is_leader;
    } else if (regex_match(words, found, followers) || regex_match(words, found, behind)) {
        const std::string named = found.str(1) + (found.size() > 2 ? found.str(2) : "");
        if (!named.empty()) seen.followers = callers_in(collector, seen.leader, named);
        // What is said of the leader behind them, and what else a call may tell, nobody reads.
        static const char* const unread =
            "[a-z] (?:the )?leader$|\\bwith (?:an? |the "
            ")?(?!epoch|accepted|current|last|zxid)[a-z]";
        if (contains(words, unread)) throw Refused("step: " + step);
        if (!contains(words,
                      "getEpochToPropose|waitForEpochAck|ACKEPOCH|connect|FOLLOWERINFO|"
                      "acknowledg|\\backs? (?:the )?epoch|epoch ?acks?|ask|propose")) {
            throw Refused("step: " + step);
        }
        play_followers(collector, words, seen);
    } else if (contains(words, "^leader (?:calls|asks|proposes|joins|enters|waits|acknowledges)")) {
        play_leader(collector, words, seen);
    } else {
        throw Refused("step: " + step);
    }
}

/// "leader summary set (epoch 0, zxid 0)": so it must be.
bool is_summary_told(const Collector& collector, const std::string& step) {
    static const Regex form(
        "(?:set |with )?(?:the )?leader(?:'s)?(?: state ?| )?(?:state ?)?summary(?: is| are|:| =)*"
        "(?: set| given| told)?(?: to| as| of)? ?\\(?(?:epoch )?([0-9]+)(?:, ?| and )"
        "(?:zxid )?(?:0|<0, ?0>)\\)?(?: is)?(?: set| given)?",
        Regex::icase);
    Match found;
    if (!regex_match(step, found, form)) return false;
    if (found[1] != std::to_string(collector.current().value)) throw Refused("step: " + step);
    return true;
}

/// Where nothing is said of the leader, it is a fresh one.
bool asks_for_epochs(const Case& one) {
    if (one.area != "ZAB" || first_of(one.initial, {"voters", "ensemble", "nodes"}) == nullptr) {
        return false;
    }
    const bool is_told = one.stimulus.is(Kind::string) || one.stimulus.is(Kind::array);
    if (!is_told) return false;
    const auto steps = texts(one.stimulus, "stimulus");
    return std::any_of(steps.begin(), steps.end(), [](const std::string& step) {
        return contains(step,
                        "followers? .*(?:waitForEpochAck|getEpochToPropose|epoch acks?)|"
                        "waitForEpochAck (?:is )?(?:called )?(?:of|by|from) (?:both )?(?:mock )?"
                        "(?:followers|[0-9])|epoch acks? of (?:both )?(?:mock )?followers|"
                        "(?:[0-9]|followers?) ack(?:s|nowledges?)? (?:the )?epoch|"
                        "ACKEPOCHs? (?:of|from|by) (?:followers?|[0-9])|"
                        "^[0-9](?:, ?| and )[0-9] (?:call|wait)s? .*(?:waitForEpochAck|epoch "
                        "acks?)|followers? .*ACKEPOCH");
    });
}

/// Such a leader has logged nothing yet; "fresh".
void refuse_past(const Value& leader) {
    const bool is_id = contains(leader.text, "^(?:S|server |sid )?[0-9]+$");
    if (!leader.is(Kind::object) && !is_id && !contains(leader.text, "^(?:fresh|new|empty)$")) {
        throw Refused("initial.leader: " + leader.text);
    }
    for (const auto& [key, place, value] : leader.members) {
        static const Regex summary("(?:epoch )?0, ?(?:zxid )?0");
        const bool is_summary = contains(key, "^(?:(?:leaderS|s)tateS|s)ummary$");
        const bool is_empty =
            is_summary && is_text(value)           ? regex_match(value.text, summary)
            : is_summary || contains(key, "^last") ? zxid(value, key) == zab::Zxid{}
            : key == "history"                     ? value.elements.empty()
                               : contains(key, "^(?:(?:accepted|current)Epoch|id|sid)$");
        if (!is_empty) throw Refused("initial.leader." + key);
    }
}

/// Who leads, where that is told: 0 else.
std::uint16_t leader_in(const Value& initial) {
    const Value* told = initial.find("leader");
    if (told != nullptr && told->is(Kind::object)) told = first_of(*told, {"id", "sid"});
    if (told == nullptr || !contains(told->text, "[0-9]")) return 0;
    const zab::Config config = config_of(initial, 0);
    const std::uint16_t leader = server_id(server_number(*told, "leader"));
    const auto& all = config.voters;
    const bool is_known = all.empty()
                              ? leader < 3
                              : std::find(all.begin(), all.end(), zab::NodeId{leader}) != all.end();
    if (!is_known) throw Refused("the leader is no voter");
    return leader;
}

/// The voters but the leader.
std::vector<std::uint16_t> others_of(std::uint16_t leader, const Value& initial) {
    std::vector<std::uint16_t> all;
    for (const zab::NodeId id : config_of(initial, 0).voters) {
        if (id.value != leader) all.push_back(id.value);
    }
    return all;
}

}  // namespace

std::optional<Verdict> judge_epochs(const Case& one) {
    const Value* leader = one.initial.find("leader");
    if (one.level != "unit" || (leader == nullptr && !asks_for_epochs(one))) return std::nullopt;
    Value initial = one.initial;
    if (leader == nullptr) {
        initial.members.push_back(sim::json::member("leader", sim::json::object()));
    } else {
        refuse_past(*leader);
    }
    for (sim::json::Member& member : initial.members) {
        if (member.key == "ensemble" || member.key == "nodes") member.key = "voters";
    }
    Seen seen;
    seen.leader = leader_in(initial);
    const std::optional<std::uint16_t> told =
        seen.leader == 0 ? std::nullopt : std::optional(seen.leader);
    Collector collector(initial, one.release, told);
    if (seen.leader != 0) seen.followers = others_of(seen.leader, initial);
    for (const std::string& step : texts(one.stimulus, "stimulus")) {
        if (!is_summary_told(collector, step)) play(collector, step, seen);
    }
    if (!seen.has_called) throw Refused("nobody calls anything");
    seen.is_formed = seen.waits_for_acks ? collector.is_acknowledged() : collector.is_decided();
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        check_epochs(collector, seen, key, value, verdict);
    }
    return verdict;
}

}  // namespace conformance
