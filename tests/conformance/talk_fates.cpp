#include "tests/conformance/talk.hpp"

namespace conformance {

// What a case says of how a connection or a role ends, who ends it, and when.

namespace {

/// "within 2*syncLimit+2 pings", "after syncLimit*tick", "after the txn times out".
void check_time(const Talk::End& end, const std::string& words, Talk& talk, Verdict& verdict) {
    static const Regex timed("\\b(within|after|before) (.*)$");
    const zab::Config& config = talk.cluster().config();
    Match found;
    if (!regex_search(words, found, timed)) return;
    const bool is_bound = found[1] != "after";
    const auto limit = duration_in(found[2], config);
    if (!limit && contains(found[2], "^(?:the |its )?(?:txn|transaction|proposal)")) {
        return verdict.require(words, !talk.spoken_of().empty());
    }
    if (!limit) throw Refused("expected: " + words);
    if (contains(found[2], "^(?:[0-9* a-zA-Z+]*)pings")) {
        const auto count = static_cast<std::size_t>(limit->ns / (config.tick_time / 2).ns);
        verdict.require(
            words, end.pings <= count + (is_bound ? 0 : 2) && (is_bound || end.pings + 2 >= count));
        return;
    }
    if (is_bound) {
        verdict.require(words, end.waited <= *limit);
        return;
    }
    if (!contains(found[2], "Limit") && !talk.tells_limits()) {
        throw Refused("how long are ticks and limits? " + words);
    }
    // Leaders look at their clock each half tick.
    verdict.require(
        words, end.waited + config.tick_time >= *limit && end.waited <= *limit + config.tick_time);
}

/// In the words that the rest of this file understands: "no later than", "after … at the latest"
/// is within.
std::string with_bounds(const std::string& words) {
    static const Regex bound("\\b(?:no|not) later than |\\bin (?:at most |less than )?(?=[0-9])");
    static const Regex latest("\\b(?:after|by|at) (.*?),? at (?:the )?latest$");
    // Nothing else comes meanwhile.
    static const Regex reads(
        "\\b((?:[0-9]+\\*)?syncLimit(?:\\+[0-9]+)?) (?:packets|messages|reads)\\b");
    static const Regex at_latest("\\bat (?:the )?latest (?:after|within|by) ");
    static const Regex end("\\bend of (?:the )?(?:stream|file|input)\\b");
    const std::string told = regex_replace(
        regex_replace(regex_replace(words, reads, "$1 pings"), end, "EOF"), at_latest, "within ");
    return regex_replace(regex_replace(told, bound, "within "), latest, "within $1");
}

/// "the follower's connection" is the connection, where it is of the other side.
std::string without_owner(const Talk& talk, const std::string& words) {
    static const Regex of_learner(
        "\\b(?:the )?(?:mock )?(?:follower|learner|peer|mock)'s (?=(?:connection|link|socket)\\b)");
    static const Regex of_leader(
        "\\b(?:the )?(?:mock )?(?:leader|peer|mock)'s (?=(?:connection|link|socket)\\b)");
    const bool leads = talk.role() == Talk::Role::leader;
    return regex_replace(words, leads ? of_learner : of_leader, "");
}

/// "…, as the proposal is not acked": so it must be; what is left of the words. A clause that tells
/// the same of it in other words is understood elsewhere, or not at all.
std::string without_reason(const Talk& talk, const std::string& words, Verdict& verdict) {
    static const Regex reason(
        ",? (?:as|because|since|when|once) (?:the |its |that |one )?(?:proposal|txn|transaction) "
        "(?:is |was |stays |goes |remains )?(?:not acked|un-?acked|never acked|unacknowledged|not "
        "acknowledged|times out|timed out|has timed out)$|"
        ",? (?:without|for (?:lack|want) of) (?:an? |the |any |its )?(?:ACK|ack)s?(?: (?:of|for) "
        "(?:it|"
        "(?:the |that |its )?(?:proposal|PROPOSAL|txn|transaction)))?$");
    static const Regex in_spite(
        ",? (?:although|though|even though|even if|even while|while|with) (?:all |the |every "
        ")*(?:PING|ping)s? (?:are "
        "|is |"
        "being |still )*(?:answered|replied to|echoed|flow|flowing|go on|going on|continue)$|"
        ",? (?:although|though|even though|even if|while) (?:it|(?:the )?(?:mock )?(?:follower|"
        "learner)) (?:still |always )?(?:answers|replies to|echoes|acks) (?:all |every |the )*"
        "(?:PING|ping)s?$");
    Match found;
    if (regex_search(words, found, in_spite)) {
        verdict.require(words, talk.answers_pings());
        return without_reason(talk, found.prefix(), verdict);
    }
    if (!regex_search(words, found, reason)) return words;
    const auto& all = talk.spoken_of();
    verdict.require(words, !all.empty() && !talk.has_said("ACK p") &&
                               !talk.has_said("ACK " + text(all.back())));
    return found.prefix();
}

/// Who does it must be the one real server: "follower closes the connection", "closed by the mock".
void refuse_other_side(const Talk& talk, const std::string& words) {
    static const std::string who =
        "(?:the )?((?:mock|scripted|other|script|real)? ?"
        "(?:leader|follower|learner|observer|server|peer|side|mock|script)?)\\b";
    static const Regex actor("\\bby (?=[a-z])" + who);
    static const Regex subject(
        "^" + who +
        "(?!'| (?:is |gets |was |being )*(?:closed|dropped|cut|disconnected|lost|connection|link|"
        "socket)\\b)");
    Match found;
    for (const Regex* named : {&actor, &subject}) {
        if (!regex_search(words, found, *named) || found[1].length() == 0) continue;
        if (!talk.is_self(found[1])) throw Refused("it is the other side that does: " + words);
    }
}

}  // namespace

bool check_fate(Talk& talk, const std::string& told, Verdict& verdict) {
    if (check_moment(talk, told, talk.looks().back(), verdict)) return true;
    const std::string words = without_reason(talk, without_owner(talk, with_bounds(told)), verdict);
    static const char* const known =
        "clos(?:es?|ed|ing)|drop(?:s|ped)?|disconnect(?:s|ed)?|cuts?|connections?|links?|sockets?|"
        "lost|ended|EOF|open|the|its?|an?|by|of|to|from|for|is|has|gets?|leader|follower|learner|"
        "observer|server|LEADING|leading|leads|FOLLOWING|LOOKING|looking|follow(?:s|ing)?|gives?|"
        "up|stop(?:s|ped)?|no|not|never|longer|shuts?|down|steps?|quits?|abandon\\w*|times?|timed|"
        "out|leaves|ends|fails|stays|kept|keeps|remains|still|back|again|goes|within|after|before|"
        "txn|transaction|proposal|initLimit|syncLimit|ticks?|tickTime|ms|s|seconds?|pings?|until|"
        "then|both|it|on|and|being|election|role|as|waiting|does|acked|unacked|without|mock|was|"
        "yes|"
        "itself|side|script(?:ed)?|other|real|peer|at|never";
    if (!made_of(regex_replace(words, compiled("[*+]"), " "), known)) return false;
    if (contains(words, "\\b(?:within|after)\\b") &&
        !timed_in(words, talk.cluster().config()).time &&
        !contains(words, "\\b(?:within|after) (?:[0-9]+\\*)?syncLimit(?:\\+[0-9]+)? pings$") &&
        !contains(words, "\\bafter (?:the |its )?(?:txn|transaction|proposal)")) {
        throw Refused("expected: " + words);
    }
    refuse_other_side(talk, words);
    if (contains(words, "\\b(?:as|because|since|when|once) (?:the |its |that |one )?[pt]")) {
        throw Refused("expected, for this reason: " + words);
    }
    const bool is_open = contains(words, "\\bopen\\b");
    const bool stays =
        is_open ? !is_negated(words)
                : is_negated(words) || contains(words, "\\b(?:stays|kept|keeps|remains|still)\\b");
    const bool leads =
        talk.cluster().is_up(talk.self()) && talk.cluster().peer(talk.self()).leading() != nullptr;
    if (contains(words,
                 "(?:clos|drop|disconnect|cuts|connection (?:is )?(?:lost|ended)|EOF|open)")) {
        verdict.check(words, !stays, talk.closed().has_value());
        if (!stays && talk.closed()) check_time(*talk.closed(), words, talk, verdict);
    } else if (contains(words, "\\b(?:LEADING|leading|leader|leads)\\b") &&
               !contains(
                   words,
                   "\\b(?:gives? up|stops|no longer|not|shuts? down|steps? down|quits?|abandons?|"
                   "times? out|leaves|ends|fails)\\b")) {
        verdict.check(words, true, leads);
    } else if (words == "FOLLOWING" || words == "follows") {
        verdict.require(words, talk.cluster().is_up(talk.self()) &&
                                   talk.cluster().peer(talk.self()).learning() != nullptr);
    } else if (contains(words,
                        "\\b(?:gives? up|steps? down|LOOKING|looking|abandon\\w*|stops|times? "
                        "out|quits?|"
                        "shuts? down|leaves|no longer leading|ends|fails)\\b")) {
        const bool remains = is_negated(words) && !contains(words, "no longer");
        verdict.check(words, !remains, talk.left().has_value());
        if (!remains && talk.left()) check_time(*talk.left(), words, talk, verdict);
    } else {
        return false;
    }
    return true;
}

}  // namespace conformance
