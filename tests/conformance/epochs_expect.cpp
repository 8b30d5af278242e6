#include "tests/conformance/epochs.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <algorithm>
#include <set>

namespace conformance {

// What a case expects of those who wait for an epoch.

using Kind = Value::Kind;
using Seen = EpochsSeen;

std::vector<std::uint16_t> sids_in(const std::string& words) {
    static const Regex digits("[0-9]+");
    std::vector<std::uint16_t> all;
    for (MatchIterator i(words, digits), end; i != end; ++i) {
        all.push_back(server_id(std::stoul(i->str())));
    }
    return all;
}

namespace {

/// "epoch not started", "no epoch ack quorum without the leader". False: about something else.
bool check_quorum_told(bool is_formed, const std::string& words, Verdict& verdict) {
    static const Regex none(
        "(?:but |and |they )*(?:(?:gets?|reach|forms?) |(?=no))(?:no) (?:epoch )?(?:acks? "
        ")?quorum(?: (?:of (?:epoch )?acks|without (?:the )?"
        "leader(?:'s ack)?|is|was|formed|reached))*|"
        "(?:and |they )*(?:do not|never) (?:get|reach|form) (?:an? |any |the )?(?:epoch )?quorum"
        "(?: without (?:the )?leader)?");
    static const Regex epoch(
        "(?:and )?(?:the |its )?epoch (?:is |was )?(not |never )?"
        "(?:started|acked|acknowledged|established|agreed|decided)");
    static const Regex flag("(?:electionFinished|epochAcked):? (?:is |stays )?(true|false)");
    Match found;
    if (regex_match(words, found, flag)) {
        verdict.require(words, is_formed == (found[1] == "true"));
    } else if (regex_match(words, none)) {
        verdict.require(words, !is_formed);
    } else if (regex_match(words, found, epoch)) {
        verdict.require(words, is_formed == !found[1].matched);
    } else {
        return false;
    }
    return true;
}

/// "no return without the leader": which has not called so far; nothing: no such words.
std::optional<std::string> without_leader_told(const std::string& clause, const Seen& seen) {
    static const Regex told(
        "(.*?),? without (?:the |its )?leader(?:'s(?: own)? (?:call|ack|epoch ack))?");
    static const Regex must("\\bmust not\\b");
    Match found;
    if (!regex_match(clause, found, told)) return std::nullopt;
    if (seen.has_leader_called || !is_negated(found[1])) throw Refused("expected: " + clause);
    return regex_replace(found[1].str(), must, "do not");
}

/// "time out after initLimit*tick, none returns normally", "none gets past waitForEpochAck".
void check_waiting(bool waits, const Seen& seen, const std::string& words, Verdict& verdict) {
    static const Regex in_vain(
        " waiting for (?:an? |the )?(?:(?:epoch )?(?:acks?|quorum)(?: of (?:epoch "
        ")?acks?)?|leader(?:'s "
        "ack)?)$");
    static const Regex unreturned(",? (?:and )?without (?:ever |normally )?returning");
    for (const std::string& part :
         clauses(regex_replace(without_remarks(words), unreturned, ", do not return"))) {
        const std::string clause =
            regex_replace(regex_replace(part, in_vain, ""),
                          compiled("(blocked|vain|waits?) until (?=[a-z]+Limit)"), "$1 after ");
        if (check_quorum_told(seen.is_formed, clause, verdict)) continue;
        if (const auto rest = without_leader_told(clause, seen)) {
            check_waiting(waits, seen, *rest, verdict);
            continue;
        }
        const bool returns = contains(
            clause,
            "\\breturn(?:s|ed)?\\b|\\breleased\\b|goes on|succeed(?:s|ed)?\\b|\\bpass(?:es|ed)?\\b|"
            "g[eo]ts? (?:past|through)");
        const bool is_held =
            contains(clause, "tim(?:es?|ed) ?out|block|wait(?!For)|InterruptedException");
        if (!returns && !is_held) throw Refused("expected: " + clause);
        if (contains(clause, seen.waits_for_acks ? "getEpoch" : "waitForEpoch")) {
            throw Refused("nobody calls that: " + clause);
        }
        zab::Config config;
        config.voters = {{1}};
        const Timed told = timed_in(clause, config);
        static const char* const known =
            "time|times|timed|out|in|and|both|all|each|blocks?|blocked|waits?|waiting|still|them|"
            "of|they|the|it|none|neither|never|nobody|no|not|return(?:s|ed)?|released|normally|"
            "goes|on|"
            "succeed(?:s|ed)?|do|does|did|have|has|pass(?:es|ed)?|g[eo]ts?|past|through|timeout|"
            "waitForEpochAck|getEpochToPropose|followers?|one|call|throws?|with|an?|vain|"
            "InterruptedException|then";
        const bool is_at_end =
            !told.time ||
            (*told.time == config.tick_time * config.init_limit &&
             (told.how == "after" || (returns && (told.how == "within" || told.how == "before"))));
        if (!made_of(told.words, known) || contains(told.words, "[0-9]") || !is_at_end) {
            throw Refused("expected: " + clause);
        }
        if (contains(clause, "\\bone\\b") && !contains(clause, "\\b(?:no|not(?: even)?) one\\b")) {
            throw Refused("one of how many? " + clause);  // They wait alike.
        }
        const bool negated = is_negated(clause) || contains(clause, "\\bnobody\\b");
        verdict.require(clause, waits == (returns ? negated : !negated));
    }
}

/// `"neither": "returns normally"`, `"returned": false`, `"timedOut": "both after initLimit*tick"`.
/// False: the key is about something else.
bool check_returns(const Seen& seen, const std::string& key, const Value& value, Verdict& verdict) {
    const std::size_t all = seen.followers.size();
    if (contains(key, "^(?:neither|none|nobody|both|each|all)$") && is_text(value)) {
        const bool counts = (key != "both" && key != "neither") || all == 2;
        if (!counts) throw Refused("expected." + key);
        check_waiting(seen.followers_waited, seen, key + " " + value.text, verdict);
        return true;
    }
    const bool is_return =
        contains(key, "^(?:returned|(?:any|followers?)Return(?:ed|s)?|passed|succeeded)$");
    if (!is_return && !contains(key, "^(?:(?:followersT|t)imed?Outs?|timeouts?)$")) return false;
    const std::size_t count = seen.followers_waited == is_return ? 0 : all;
    if (value.is(Kind::boolean)) {
        verdict.check(key, truth(value, key), count > 0);
    } else if (value.is(Kind::number)) {
        verdict.check(key, std::to_string(number(value, key)), std::to_string(count));
    } else if (value.is(Kind::array)) {
        std::set<std::uint64_t> wanted, got(seen.followers.begin(), seen.followers.end());
        for (const Value& one : value.elements) wanted.insert(server_number(one, key));
        if (count == 0) got.clear();
        verdict.require(key, wanted == got);
    } else {
        static const Regex who("^(both|each|all|none|neither|nobody)?,? ?");
        static const Regex during(" (?=[a-z0-9]+Limit)");
        const bool is_told = contains(value.text, "\\b(?:time|return|pass)");
        const std::string what = is_return ? " return " : " time out ";
        const std::string words =
            is_told ? value.text : regex_replace_first(value.text, who, "$1" + what);
        const bool is_bound = contains(words, "\\b(?:after|within) ");
        check_waiting(seen.followers_waited, seen,
                      is_bound ? words : regex_replace(words, during, " after "), verdict);
    }
    return true;
}

/// "quorum": "not reached without the leader itself".
void check_quorum(const Seen& seen, const std::string& key, const std::string& words,
                  Verdict& verdict) {
    static const Regex form(
        "(?:(?:is|was|stays) )?(not (?:yet |even )?|never |no(?:ne)?\\b ?|un)?(?:quorum ?)?"
        "(reached|formed|complete|there|met|established|started|finished|acked)?"
        "(,? ?without (?:the )?leader(?: itself|'s(?: own)? (?:epoch "
        ")?(?:ack|call|one|ACKEPOCH))?)?");
    Match found;
    const bool is_known = regex_match(words, found, form) && (found[1].matched || found[2].matched);
    // "without the leader" is so while it has not called.
    const bool is_denied = is_known && found[1].matched;
    if (!is_known || (found[3].matched && (seen.has_leader_called || !is_denied))) {
        throw Refused("expected." + key + ": " + words);
    }
    verdict.check(key, !is_denied, seen.is_formed);
}

/// "1,2 but not the leader": just these have acknowledged the epoch.
void check_electing(const Collector& collector, const Seen& seen, const std::string& words,
                    Verdict& verdict) {
    static const Regex form(
        "(?:only )?([0-9](?:, ?| and )[0-9])(?: only|,? (?:but )?(?:not|without) (?:the )?leader|"
        "(,? (?:and|with) (?:the )?leader))?");
    Match found;
    if (!regex_match(words, found, form)) throw Refused("electingFollowers: " + words);
    std::set<std::uint64_t> wanted;
    for (const std::uint16_t sid : sids_in(found[1])) wanted.insert(sid);
    if (found[2].matched) wanted.insert(seen.leader);
    const auto all = collector.electing(64);
    verdict.require("electingFollowers: " + words, wanted == std::set(all.begin(), all.end()));
}

/// Whether the leader is one of those who have acknowledged the epoch.
bool is_leader_counted(const Collector& collector, const Seen& seen) {
    const auto all = collector.electing(64);
    return std::find(all.begin(), all.end(), seen.leader) != all.end();
}
const Regex& leader_counted() {
    static const Regex form(
        "leader(?:Is|Was)?(?:Counted|Acked|Included|(?:Is)?In(?:Quorum|Set|Electing(?:Followers)?))"
        "|"
        "electingFollowers(?:Contain|Include|Has)s?Leader");
    return form;
}

/// "acks": "no quorum", "electingFollowers": "1,2 only". False: it is no such key, or no words.
bool check_acks_told(const Collector& collector, const Seen& seen, const std::string& key,
                     const Value& value, Verdict& verdict) {
    if (!is_text(value)) return false;
    if (key == "electingFollowers") {
        check_electing(collector, seen, value.text, verdict);
        return true;
    }
    if (!contains(key, "^(?:epochAcks?|acks)$")) return false;
    check_quorum(seen, key, value.text, verdict);
    return true;
}

/// `"followersBlock": true`
bool check_blocked(const Seen& seen, const std::string& key, const Value& value, Verdict& verdict) {
    const bool is_key = contains(key, "^followers(?:Block|Wait|StillWait|AreBlocked)(?:ed|s)?$");
    if (!is_key || !value.is(Kind::boolean)) return false;
    verdict.check(key, truth(value, key), seen.followers_waited);
    return true;
}

/// `"quorumWithoutLeader": false`: it has not called so far.
bool check_without_leader(const Collector& collector, const Seen& seen, const std::string& key,
                          const Value& value, Verdict& verdict) {
    if (!contains(key, "^(?:quorumW|w)ithout(?:The)?Leader$")) return false;
    if (seen.has_leader_called) throw Refused("the leader has called: " + key);
    if (is_text(value)) {
        check_waiting(seen.followers_waited, seen, value.text, verdict);
    } else {
        verdict.check(key, truth(value, key), collector.is_acknowledged());
    }
    return true;
}

/// 6, "stays 0"
void check_number(const std::string& key, const Value& value, zab::Epoch got, Verdict& verdict) {
    static const Regex told("(?:stays |is |remains |still )?([0-9]+)");
    Match found;
    if (!regex_match(value.text, found, told)) throw Refused(key + ": " + value.text);
    verdict.check(key, found[1], std::to_string(got.value));
}

}  // namespace

void check_epochs(const Collector& collector, const Seen& seen, const std::string& key,
                  const Value& value, Verdict& verdict) {
    const auto check = [&](zab::Epoch got) { check_number(key, value, got, verdict); };
    if (check_returns(seen, key, value, verdict) || check_blocked(seen, key, value, verdict))
        return;
    if (check_without_leader(collector, seen, key, value, verdict)) return;
    if (check_acks_told(collector, seen, key, value, verdict)) return;
    if (key == "epoch" || key == "leaderEpoch" || key == "proposedEpoch") {
        check(collector.epoch());
    } else if (key == "leaderCurrentEpoch" || key == "currentEpoch") {
        check(collector.current());
    } else if (key == "leaderAcceptedEpoch" || key == "acceptedEpoch") {
        check(collector.accepted());
    } else if (key == "leaderBlocks") {
        verdict.check(key, truth(value, key), seen.leader_blocks);
    } else if (contains(key,
                        "^(?:electionFinished|epochAcked|acked|(?:epochAckQ|q)uorum(?:Formed)?|"
                        "epochStarted)$")) {
        if (is_text(value)) return check_quorum(seen, key, value.text, verdict);
        verdict.check(key, truth(value, key), collector.is_acknowledged());
    } else if (regex_match(key, leader_counted())) {
        verdict.check(key, truth(value, key), is_leader_counted(collector, seen));
    } else if (is_text(value) &&
               contains(key, "^(?:followers|callers|calls|result|outcome|end|then|both)$")) {
        check_waiting(seen.followers_waited, seen, value.text, verdict);
    } else if (key == "followers" && value.is(Kind::array)) {
        const auto told = texts(value, key);  // One after the other.
        if (told.size() != seen.followers.size()) throw Refused("expected." + key);
        for (const std::string& one : told) {
            check_waiting(seen.followers_waited, seen, one, verdict);
        }
    } else if (key == "followers" && value.is(Kind::object)) {
        for (const auto& [who, place, told] : value.members) {
            check_epochs(collector, seen, who, told, verdict);
        }
    } else if (key == "electingFollowers" && value.is(Kind::array)) {
        std::string wanted, got;
        for (const zab::NodeId id : ids(value, key)) wanted += std::to_string(id.value) + " ";
        for (const std::uint64_t id : collector.electing(64)) got += std::to_string(id) + " ";
        verdict.check(key, wanted, got);
    } else if (contains(key, "^(?:followers? ?|[fF])?[0-9]+(?:(?:, ?| and )[0-9]+)*$") &&
               is_text(value)) {
        const auto& all = seen.followers;
        for (const std::uint16_t one : sids_in(key)) {
            if (std::find(all.begin(), all.end(), one) == all.end()) {
                throw Refused("expected." + key);
            }
        }
        check_waiting(seen.followers_waited, seen, value.text, verdict);
    } else if (key == "leader" && is_text(value)) {
        check_waiting(seen.leader_blocks && collector.leader_gives_up_after_init_limit(), seen,
                      value.text, verdict);
    } else {
        throw Refused("expected." + key);
    }
}

}  // namespace conformance
