#include "tests/conformance/talk.hpp"

#include <algorithm>

namespace conformance {

// What a case says in words of the one real server.

namespace {

using Look = Talk::Look;

bool holds_all(const std::vector<zab::Zxid>& held, const std::vector<zab::Zxid>& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&held](zab::Zxid zxid) {
        return std::find(held.begin(), held.end(), zxid) != held.end();
    });
}

bool holds_any(const std::vector<zab::Zxid>& held, const std::vector<zab::Zxid>& wanted) {
    return std::any_of(wanted.begin(), wanted.end(), [&held](zab::Zxid zxid) {
        return std::find(held.begin(), held.end(), zxid) != held.end();
    });
}

void check_snapshot(Talk& talk, const std::string& words, const Look& look, Verdict& verdict) {
    static const char* const known =
        "snapshots?|snap|is|was|an?|the|one|exactly|un-?synced|synced|not|no|none|never|taken|"
        "written|all|any|ever|time|whole|run|throughout|zero|"
        "once|only|during|for|files?|DIFF|sync|yet|by|then|at|and|on|disk";
    if (!made_of(words, known) || contains(words, "[0-9]")) throw Refused("expected: " + words);
    const Look& last = talk.looks().back();
    const bool is_unsynced = contains(words, "\\b(?:un-?|not )synced\\b");
    if (is_unsynced) {
        verdict.require(words, look.snapshots > 0 && !look.are_synced);
    } else if (contains(words, "\\bonce\\b")) {
        verdict.require(words, last.snapshots == 1 && !is_negated(words));
    } else if (is_negated(words) || contains(words, "\\bzero\\b")) {
        const bool is_never =
            contains(words, "\\b(?:never|none|at all|ever|at any time|run|throughout|no time)\\b");
        verdict.require(words, (is_never ? last : look).snapshots == 0);
    } else {
        verdict.require(words, look.snapshots > 0 && look.are_synced);
    }
}

/// The transactions that are meant: those written out or named, or all that the script spoke of.
std::vector<zab::Zxid> meant_in(const Talk& talk, const std::string& words) {
    static const Regex pair("<[0-9]+, ?[0-9]+>");
    std::vector<zab::Zxid> all;
    for (MatchIterator i(words, pair), end; i != end; ++i) {
        all.push_back(talk.meant(i->str()));
    }
    static const Regex name("^(?:proposal |txn )?([a-z])\\b(?! proposal)");
    Match found;
    if (all.empty() && regex_search(words, found, name)) all.push_back(talk.meant(found[1]));
    return all.empty() ? talk.spoken_of() : all;
}

/// "session of <1,2>", "session s": a transaction of that name must have opened one.
void check_opener(const Talk& talk, const std::string& words) {
    static const Regex named("[Ss]essions? ([a-z][0-9]?)\\b|^([a-z][0-9]?)'s? [Ss]ession");
    static const Regex pair("<[0-9]+, ?[0-9]+>");
    Match found;
    std::optional<zab::Zxid> opener;
    if (regex_search(words, found, pair)) {
        opener = talk.meant(found[0].str());
    } else if (regex_search(words, found, named)) {
        opener = talk.meant(found[1].str() + found[2].str());
    }
    if (opener && !holds_all(talk.opened(), {*opener})) throw Refused("which session? " + words);
}

/// "session present after reload", "<1,2> on disk and applied", "neither on disk nor applied".
void check_presence(Talk& talk, const std::string& words, const Look& look, Verdict& verdict) {
    static const char* const known =
        "disk|durable|logged|log|persisted|reload(?:ed)?|restored|recovered|recorded|applied|"
        "memory|visible|"
        "processed|tree|present|exists?|known|there|absent|missing|lost|gone|discarded|truncated|"
        "unlogged|unapplied|no|not|never|none|neither|nor|nothing|without|[Ss]ession|txns?|"
        "transactions?|proposals?|[a-z]|the|is|are|in|on|and|after|from|both|all|to|it|yet|held|"
        "new|old|still|of|by|server|also|data|database|node|write|create|found|read(?:able)?|back|"
        "available|survives?|survived|kept|has|have|gives|yields|holds|contains|again|already|"
        "created|opened|replay(?:ed)?|"
        "[Ss]ession's|image|file";
    static const Regex names("<[0-9]+, ?[0-9]+>|/[a-z]\\w*");
    if (!made_of(regex_replace(words, names, ""), known)) throw Refused("expected: " + words);
    const Look& start = talk.looks().front();
    const bool on_disk = contains(
        words,
        "\\b(?:disk|durable|logged|log|persisted|reload(?:ed)?|restored|recovered|recorded)\\b");
    const bool in_memory =
        contains(words, "\\b(?:applied|memory|visible|processed|tree|database)\\b");
    const bool has_aspect = on_disk || in_memory;
    if (!has_aspect &&
        !contains(words,
                  "\\b(?:present|exists|known|there|absent|missing|lost|gone|found|"
                  "survives?|survived|kept|available|created|opened|has|holds|contains)\\b")) {
        throw Refused("expected: " + words);
    }
    if (contains(words, "\\bnor\\b") != contains(words, "\\bneither\\b")) {
        throw Refused("expected: " + words);
    }
    const bool is_gone = contains(
        words, "\\b(?:missing|absent|lost|gone|discarded|truncated|unlogged|unapplied)\\b");
    const bool is_denied =
        contains(words, "\\b(?:no|not|never|none|neither|nor|nothing|without)\\b");
    const bool is_there = is_denied == is_gone;
    if (contains(words, "\\b[Ss]ession")) {
        check_opener(talk, words);
        const bool is_reloaded = look.reloaded_sessions > start.reloaded_sessions;
        const bool is_known = look.sessions > start.sessions;
        if (on_disk || !has_aspect) verdict.check(words, is_there, is_reloaded);
        if (in_memory || !has_aspect) verdict.check(words, is_there, is_known);
        return;
    }
    const auto wanted = meant_in(talk, words);
    if (wanted.empty()) throw Refused("expected, but nothing was proposed: " + words);
    if (on_disk || !has_aspect) {
        verdict.check(words, is_there,
                      is_there ? holds_all(look.logged, wanted) : holds_any(look.logged, wanted));
    }
    if (in_memory || !has_aspect) {
        verdict.check(words, is_there,
                      is_there ? holds_all(look.applied, wanted) : holds_any(look.applied, wanted));
    }
}

/// "currentEpoch 1", "both epochs 1", "current epoch unchanged". False: about something else.
bool check_epochs_held(const Talk& talk, const std::string& words, const Look& look,
                       Verdict& verdict) {
    static const Regex epoch(
        "(?:its |(?:the )?(?:leader|follower|learner|server)'?s? )?(both|current|accepted)"
        "(?: ?[eE]pochs?)?(?: is| are| =|:)?(?: (stays|remains|still))?(?: now| at)? ?([0-9]+)");
    static const Regex epochs(
        "(?:both )?epochs?(?: are| is| =|:)? ([0-9]+)(?: ?/ ?([0-9]+))?");  // Accepted, current.
    static const Regex kept(
        "(current|accepted)(?: ?[eE]poch) (?:is )?(?:unchanged|not (?:advanced|changed|written))");
    Match found;
    if (regex_match(words, found, kept)) {
        for (const Look& one : talk.looks()) {
            const Look& first = talk.looks().front();
            const bool is_current = found[1] == "current";
            verdict.check(words,
                          std::to_string((is_current ? first.current : first.accepted).value),
                          std::to_string((is_current ? one.current : one.accepted).value));
        }
        return true;
    }
    if (regex_match(words, found, epochs)) {
        verdict.check(words, found[1], std::to_string(look.accepted.value));
        verdict.check(words, found[found[2].matched ? 2 : 1], std::to_string(look.current.value));
        return true;
    }
    if (regex_match(words, found, epoch)) {
        const bool is_current = found[1] != "accepted", is_accepted = found[1] != "current";
        const bool is_kept = found[2] == "stays" || found[2] == "remains";
        for (const Look& one : is_kept ? talk.looks() : std::vector{look}) {
            if (is_current) verdict.check(words, found[3], std::to_string(one.current.value));
            if (is_accepted) verdict.check(words, found[3], std::to_string(one.accepted.value));
        }
        return true;
    }
    return false;
}

}  // namespace

bool check_moment(const Talk& talk, const std::string& words, const Look& look, Verdict& verdict) {
    static const Regex last(
        "last ?(?:[pP]rocessed|[zZ]xid)(?: ?[zZ]xid)?(?: is| =|:)? ?(<[^>]*>|[a-z][0-9]?|[0-9]+)( "
        "on "
        "disk)*");
    static const Regex log_end("log ends (?:at|with|in) (<[^>]*>|[a-z][0-9]?)(?: on disk)*");
    static const Regex packet(std::string("(?:(no) )?(") + packet_names +
                              ")(?: (?:is|was|has been))?(?: (not|never))?(?: yet)? "
                              "(?:received|read|sent|said|seen|heard)(?: yet)?");
    static const Regex sends(std::string("(?:leader |follower |server |it )?(?:(?:never|does not) "
                                         "sends?|sends no) (") +
                             packet_names + ")");
    static const Regex owner(
        "(?:the )?(leader|follower|learner|observer|mock)(?: |'s ).*(?:[eE]poch|sends?).*");
    Match found;
    if (regex_match(words, found, owner) && !talk.is_self(found[1])) {
        throw Refused("of the other side: " + words);
    }
    if (regex_match(words, found, sends)) {
        return check_moment(talk, "no " + found[1].str() + " sent", look, verdict);
    }
    if (check_epochs_held(talk, words, look, verdict) ||
        check_unchanged(talk, words, look, verdict)) {
        return true;
    }
    if (regex_match(words, found, log_end)) {
        verdict.check(words, text(talk.meant(found[1].str())), text(look.reloaded));
    } else if (regex_match(words, found, last)) {
        const bool on_disk = found[2].matched;
        verdict.check(words, text(talk.meant(found[1].str())),
                      text(on_disk ? look.reloaded : look.processed));
    } else if (regex_match(words, found, packet)) {
        const auto all = talk.said();
        const auto until = all.begin() + static_cast<std::ptrdiff_t>(look.heard);
        const bool is_said = std::any_of(all.begin(), until, [&](const zab::Message& one) {
            return packet_name(one) == found[2].str();
        });
        verdict.check(words, !found[1].matched && !found[3].matched, is_said);
    } else {
        return false;
    }
    return true;
}

void check_clause(Talk& talk, const std::string& words, const Look& look, Verdict& verdict) {
    if (check_moment(talk, words, look, verdict)) return;
    if (words == "not even at UPTODATE" || words == "not even after UPTODATE") {
        verdict.require(words, talk.has_said("UPTODATE") && talk.looks().back().snapshots == 0);
    } else if (words == "synced") {
        verdict.require(words, look.are_synced && look.snapshots > 0);
    } else if (words == "before the ack" || words == "before ack") {
        verdict.require(words,
                        look.snapshots > 0 && !talk.acks_after(talk.looks().front()).empty());
    } else if (words == "reload from disk gives the snapshot zxid") {
        verdict.require(words, look.reloaded == talk.snapshot_zxid());
    } else if (contains(words, "\\b(?:[Ss]napshots?|snap)\\b") ||
               contains(words,
                        "^(?:never |not |none )?(?:taken|written)(?: "
                        "once)?\\b|^(?:none|never|no)(?: during "
                        "(?:an? |the )?(?:DIFF )?sync)?$")) {
        check_snapshot(talk, words, look, verdict);
    } else {
        check_presence(talk, words, look, verdict);
    }
}

}  // namespace conformance
