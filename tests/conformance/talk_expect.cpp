#include "tests/conformance/talk.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

namespace {

using Look = Talk::Look;

/// `{"accepted": 1, "current": 1, "lastProcessed": [1, 2]}`: what the server holds at that moment.
void check_table(const Talk& talk, const Value& wanted, const Look& look, const std::string& key,
                 Verdict& verdict) {
    for (const auto& [name, place, value] : wanted.members) {
        if (contains(name, "^last(?:Processed|Zxid|Applied)")) {
            verdict.check(key + "." + name, text(talk.meant(value)), text(look.processed));
            continue;
        }
        const bool is_accepted = name.starts_with("accepted");
        if (!is_accepted && !name.starts_with("current")) throw Refused(key + "." + name);
        verdict.check(key + "." + name, std::to_string(number(value, name)),
                      std::to_string((is_accepted ? look.accepted : look.current).value));
    }
}

void check_after_shutdown(Talk& talk, const std::string& words, Verdict& verdict) {
    if (!words.starts_with("both durable, last zxid ")) throw Refused("afterShutdown: " + words);
    talk.cluster().lose_power(talk.self());
    zab::Database reloaded;
    reloaded.load(talk.cluster().disk(talk.self()).image());
    verdict.check("last zxid on disk", text(talk.meant(words.substr(24))),
                  text(reloaded.last_processed()));
}

bool is_table(const Value& value) {
    return value.is(Value::Kind::object) && !value.members.empty() &&
           std::all_of(value.members.begin(), value.members.end(), [](const auto& one) {
               return contains(one.key, "^(?:accepted|current|last(?:Processed|Zxid|Applied)$)");
           });
}

/// "becomes 1 (…)", "stays 0 after initLimit*tick", "not advanced, 0", 0.
void check_epoch(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex told(
        "(?:and |but )?(becomes|is|stays|still|remains|is still|=)? ?(?:at )?([0-9]+)");
    static const Regex kept(
        "(?:is |was |stays |remains )?(?:unchanged|kept|"
        "(?:not|never) (?:advanced|changed|written|raised|updated|bumped|increased|moved|set))");
    static const Regex number_told(" ?\\(((?:still |stays |= ?)?[0-9]+)\\)");
    // A moment is no remark: "becomes 1 (after ACKEPOCH)".
    static const Regex moment_told(
        " ?\\(((?:only |just |right )?(?:before|after|behind|until|once|upon|on|when|by) "
        "[^()]*)\\)");
    static const Regex epoch_told(" ?\\(((?:accepted|current) ?[eE]poch [0-9]+)\\)");
    const std::string words = without_remarks(regex_replace(
        regex_replace(regex_replace(value.text, number_told, ", $1"), epoch_told, ", $1"),
        moment_told, " $1"));
    const auto epoch_at = [&key](const Look& look) {
        return (contains(key, "[aA]ccepted") ? look.accepted : look.current).value;
    };
    for (const std::string& clause : split_at(words, "[,;:] *(?:and |but )?")) {
        const Timed timed = timed_in(clause, talk.cluster().config());
        const std::string what = plain(regex_replace(timed.words, compiled(" even$"), ""));
        const auto check_always = [&](const std::string& wanted) {
            for (const Look& one : talk.looks()) {
                verdict.check(key, wanted, std::to_string(epoch_at(one)));
            }
        };
        Match found;
        if (check_change(talk, what, contains(key, "[aA]ccepted"), verdict)) continue;
        if (contains(what, "^(?:accepted|current) ?[eE]poch ") &&
            check_moment(talk, what, look_for(talk, key), verdict)) {
            continue;
        }
        if (regex_match(what, found, told)) {
            verdict.check(key, found[2], std::to_string(epoch_at(look_for(talk, key))));
            if (found[1] == "stays" || found[1] == "remains") check_always(found[2]);
        } else if (regex_match(what, kept)) {
            check_always(std::to_string(epoch_at(talk.looks().front())));
        } else if (!check_moment(talk, clause, look_for(talk, key), verdict)) {
            throw Refused(key + ": " + value.text);
        }
    }
}

/// A list of clauses, where another one lists transactions.
bool is_words(const Value& value) {
    return std::any_of(value.elements.begin(), value.elements.end(), [](const Value& one) {
        return is_text(one) && contains(one.text, " ") && !zxid_in(one.text);
    });
}

/// [1, 2] is <1,2> where the case speaks of that one, and of no <0,1> and <0,2>.
bool is_one_zxid(const Talk& talk, const Value& value) {
    const auto& all = value.elements;
    const bool is_pair =
        all.size() == 2 && all[0].is(Value::Kind::number) && all[1].is(Value::Kind::number);
    const auto is_spoken_of = [&talk](zab::Zxid one) {
        const auto& told = talk.spoken_of();
        return std::find(told.begin(), told.end(), one) != told.end();
    };
    return is_pair && is_spoken_of(zxid(value, "a zxid")) && !is_spoken_of(talk.meant(all[0])) &&
           !is_spoken_of(talk.meant(all[1]));
}

/// What the server holds, in memory and on disk.
bool check_state(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex last_key(
        "last ?(?:processed|zxid|logged)(?: ?zxid)?(?: ?(?:after|at) ?\\w+)?", Regex::icase);
    if (is_text(value) && regex_match(key, last_key) &&
        check_unchanged(talk, "last zxid " + value.text, look_for(talk, key), verdict)) {
        return true;
    }
    static const Regex epoch_key(
        "(?:leader|follower|observer)?(?:[cC]urrent|[aA]ccepted)Epoch(?:A[a-zA-Z]+)?");
    const bool at_ack = (key == "epochs" || key == "atAck") && talk.role() != Talk::Role::leader;
    if (is_table(value) && key.find(' ') == std::string::npos) {
        check_table(talk, value, at_ack ? talk.after("NEWLEADER") : look_for(talk, key), key,
                    verdict);
    } else if (regex_match(key, epoch_key)) {
        check_epoch(talk, key, value, verdict);
    } else if (contains(key,
                        "^last(?:Processed|Zxid|Applied|Logged|OnDisk|Durable)|"
                        "^applied(?:At|After)[A-Z]")) {
        const Look& look = look_for(talk, key);
        const bool on_disk = contains(key, "Logged|Disk|Durable|Reload");
        verdict.check(key, text(talk.meant(value)), text(on_disk ? look.reloaded : look.processed));
    } else if (value.is(Value::Kind::array) && !is_words(value) &&
               contains(key, "^(?:applied|logged|log|onDisk|inLog|durable)$")) {
        const Look& last = talk.looks().back();
        std::vector<zab::Zxid> wanted;
        if (is_one_zxid(talk, value)) {
            wanted.push_back(zxid(value, key));
        } else {
            for (const Value& one : value.elements) wanted.push_back(talk.meant(one));
        }
        verdict.check(key, list_of(wanted), list_of(key == "applied" ? last.applied : last.logged));
    } else if (key == "electionFinished") {
        const bool is_up = talk.cluster().is_up(talk.self());
        const zab::Leading* leading = is_up ? talk.cluster().peer(talk.self()).leading() : nullptr;
        verdict.check(key, truth(value, key), leading != nullptr && leading->election_finished);
    } else if (key == "visible" &&
               value.text == "old data until COMMIT, then data-changed event and new data") {
        verdict.require("old data until COMMIT", talk.before("COMMIT").applied.empty());
        verdict.require("new data behind COMMIT", !talk.after("COMMIT").applied.empty());
    } else if (key == "afterShutdown" && value.text.starts_with("both durable, last zxid ")) {
        check_after_shutdown(talk, value.text, verdict);
    } else {
        return false;
    }
    return true;
}

/// true, false, a count, null: "snapshots": 0, "noSnapshot": true, "sessionDurable": true. False:
/// the key is about something else.
bool check_flag(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex counted("(?:no)?snapshots?(?: taken| written| count)?");
    static const Regex moment(
        "(?:At|Before|After|Until)(?:The)?(?:Ack|ACK|NEWLEADER|NewLeader|UPTODATE|UpToDate)\\w*$");
    const std::string what = words_of_key(regex_replace(key, moment, ""));
    const bool is_snapshot = regex_match(what, counted);
    if (value.is(Value::Kind::number) && is_snapshot) {
        verdict.check(key, std::to_string(number(value, key)),
                      std::to_string(look_for(talk, key).snapshots));
        return true;
    }
    const bool is_null = value.is(Value::Kind::null) && is_snapshot;
    if (!value.is(Value::Kind::boolean) && !is_null) return false;
    const bool is_so = !is_null && truth(value, key);
    if (!is_snapshot && !contains(what, "\\b(?:[sS]napshot|session|durable|persisted)\\b")) {
        return false;
    }
    if (!is_so && is_negated(what)) throw Refused("expected." + key + ": no no");
    const std::string words = what == "session" ? "session present" : what;
    check_clause(talk, is_so ? words : words + " never", look_for(talk, key), verdict);
    return true;
}

/// "closed": "by leader", "connectionClosed": true, "leaderCloses": "within …": the key begins what
/// is said. False: the key is about something else.
bool check_ending(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex begins(
        "(?:(?:leader|follower|learner|observer|connection|link|socket) ?)?(?:is )?(?:"
        "(?:closed|closes|dropped|drops|disconnected|disconnects|lost|ended|shuts down|gives up)"
        "(?: (?:the )?(?:connection|link|socket|follower|learner))?(?: by| within| after)?)");
    const std::string what = words_of_key(key);
    if (!regex_match(what, begins)) return false;
    const bool is_flag = value.is(Value::Kind::boolean);
    if (!is_flag && !is_text(value)) throw Refused("expected." + key);
    std::string words = is_flag ? (truth(value, key) ? "" : " never") : " " + value.text;
    words = regex_replace(what + words, compiled(","), "");
    if (!check_fate(talk, words, verdict)) throw Refused("expected: " + words);
    return true;
}

/// Whose fate a key tells, where it names somebody: what it does must be what the real server does.
void check_fate_of(Talk& talk, const std::string& key, const std::string& words, Verdict& verdict) {
    const bool is_somebody = contains(key, "^(?:leader|follower|learner|observer)$");
    const bool is_passive =
        contains(words,
                 "^(?:is |gets |was |its )*(?:connection|link|closed|dropped|cut|disconnected|"
                 "lost|EOF)\\b");
    if (is_somebody && !talk.is_self(key) && !is_passive) {
        throw Refused("of the other side: " + words);
    }
    const bool is_bare = !is_somebody && contains(words, "^(?:is )?(?:lost|ended|gone)\\b");
    const std::string fate = is_bare ? "connection " + words : words;
    if (!check_fate(talk, fate, verdict)) throw Refused("expected: " + words);
}

/// "<1,2> before the NEWLEADER ack": what is said, and the moment.
std::pair<std::string, std::optional<Look>> moment_in(const Talk& talk, const std::string& words) {
    static const Regex tail(
        ",? (?:already )?(?:at|before|by|when) (?:the |its )?(?:first )?(?:(?:ACK|ack) of "
        "NEWLEADER|"
        "NEWLEADER (?:ack|ACK)|NEWLEADER is acked|(?:ACK|ack)(?: is (?:sent|said|read))?|"
        "it acks(?: NEWLEADER)?|acking(?: NEWLEADER)?)$");
    static const Regex at_end(",? (?:after|at|behind|since) (?:the )?(UPTODATE|COMMIT)$");
    Match found;
    if (regex_search(words, found, at_end) && !contains(found.prefix(), "not even$")) {
        return {found.prefix(), talk.after(found[1])};
    }
    if (!regex_search(words, found, tail)) return {words, std::nullopt};
    const Look& look = talk.after("NEWLEADER");
    if (talk.acks_after(talk.before("NEWLEADER")).empty()) throw Refused("no ack: " + words);
    return {found.prefix(), look};
}

void check_stored(Talk& talk, const std::string& key, const std::string& told, Verdict& verdict) {
    static const Regex on_disk(
        "(?:disk|onDisk|log|inLog|txnLog|logged|fromDisk|diskImage|persisted|recovered|restored|"
        "afterReload|"
        "afterShutdown|reload|durable)\\b.*");
    static const Regex in_memory("inMemory|inTree|applied");
    // A snapshot is spoken of as it is when the new leader is acknowledged.
    const bool at_ack = key == "atAck" || (key == "snapshot" && talk.role() != Talk::Role::leader);
    const auto [words, moment] = moment_in(talk, told);
    const Look& look = moment ? *moment
                       : at_ack && (key == "atAck" || talk.has_said("NEWLEADER"))
                           ? talk.after("NEWLEADER")
                           : look_for(talk, key);
    const char* const where = regex_match(key, on_disk)     ? " on disk"
                              : regex_match(key, in_memory) ? " in memory"
                                                            : "";
    const bool is_of_session =
        contains(key, "^(?:sessions?|createSession)$") && !contains(words, "[sS]ession");
    check_clause(talk, (is_of_session ? "session " : "") + words + where, look, verdict);
}

/// "leaderCurrentEpoch" of a follower's case: nobody can see it.
void refuse_other_side(const Talk& talk, const std::string& key) {
    static const Regex owned("(leader|follower|observer)[A-Z].*");
    Match found;
    if (regex_match(key, found, owned) && !talk.is_self(found[1])) {
        throw Refused("expected." + key + ": of the other side");
    }
}

void check_key(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex fates(
        "connection|link|socket|channel|leader|follower|learner|observer|server|state|outcome|"
        "result|end|timeout|afterTimeout");
    static const Regex stores(
        "snapshots?(?:Taken|Written)?|(?:at|before|after)[A-Z]\\w*|disk|onDisk|inLog|fromDisk|"
        "epochs|(?:leader|follower)Epochs|"
        "diskImage|persisted|recovered|restored|inMemory|inTree|log|txnLog|logged|applied|reload(?:"
        "ed)?(?:"
        " from "
        "disk)?|durable|sessions?|createSession|memory");
    refuse_other_side(talk, key);
    if (check_exit(talk, key, value, verdict) || check_transcript(talk, key, value, verdict)) {
        return;
    }
    static const Regex at_time("after (" + sum_of_times() + ")");
    if (Match found; regex_match(key, found, at_time)) {
        const auto time = duration_in(found[1], talk.cluster().config());
        if (!time || talk.silent_for() < *time) throw Refused("nobody waits so long: " + key);
        return check_key(talk, "end", value, verdict);
    }
    if (key == "proposedEpoch" && value.is(Value::Kind::number)) {
        const Value zxid = sim::json::string(fmt::format("<{},0>", value.text));
        if (!check_packets(talk, "LEADERINFO", zxid, verdict)) throw Refused("expected." + key);
        return;
    }
    if (check_flag(talk, key, value, verdict) || check_packets(talk, key, value, verdict) ||
        check_state(talk, key, value, verdict) || check_ending(talk, key, value, verdict)) {
        return;
    }
    static const Regex ends("after|afterwards|later|then|finally|in the end");
    const bool is_end = regex_match(key, ends);
    const bool is_fate = regex_match(key, fates) && key != "afterTimeout";
    const bool is_any = is_end || key == "afterTimeout";
    static const Regex named("[a-z][0-9]?|txn|proposal");  // What becomes of that proposal.
    const bool is_named = regex_match(key, named) && !talk.spoken_of().empty();
    if (!is_fate && !is_any && !is_named && !regex_match(key, stores)) {
        throw Refused("expected." + key);
    }
    for (const std::string& told : texts(value, key)) {
        const std::string part = is_named ? key + " " + told : told;
        // A remark that can be checked is one more clause: "applied (last processed <1,2>)".
        static const Regex epochs(" and (?=(?:current|accepted) ?[eE]poch)");
        static const Regex remark(" *\\(((?:last |current|accepted)[^)]*)\\)");
        for (const std::string& words : clauses(regex_replace(
                 without_remarks(regex_replace(part, remark, ", $1")), epochs, ", "))) {
            if (is_fate) {
                check_fate_of(talk, key, words, verdict);
            } else if (!is_any || !check_fate(talk, words, verdict)) {
                check_stored(talk, key, words, verdict);
            }
        }
    }
}

}  // namespace

std::optional<Verdict> judge_talk(const Case& told) {
    if (told.level != "peer" || told.area == "FLE") return std::nullopt;
    const Case one = in_one_form(told);
    Talk talk(one);
    for (const std::string& step : texts(one.stimulus, "stimulus")) talk.play(step);
    talk.finish();
    Verdict verdict;
    for (const auto& [words, holds] : talk.claims()) verdict.require(words, holds);
    // Whatever ends the server comes last.
    static const Regex last(
        "afterShutdown|(?:after|on|by)?(?: ?[rR]estart(?:ed)?| ?[rR]eboot(?:ed)?)");
    for (const bool ends : {false, true}) {
        for (const auto& [key, place, value] : one.expected.members) {
            if (regex_match(key, last) != ends) continue;
            const bool is_restart = ends && key != "afterShutdown";
            if (is_restart && !talk.was_restarted()) talk.restart();
            check_key(talk, is_restart ? "afterRestart" : key, value, verdict);
        }
    }
    return verdict;
}

}  // namespace conformance
