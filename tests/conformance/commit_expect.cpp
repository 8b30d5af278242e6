#include "tests/conformance/commit.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

using Items = std::vector<std::size_t>;

namespace {

bool are_same(Items one, Items other) {
    std::sort(one.begin(), one.end());
    std::sort(other.begin(), other.end());
    return one == other;
}

/// What a clause says of which loop: "… in loop 2". Without that, of all loops up to this one.
struct Clause {
    std::string words;
    std::size_t loop = 0;
    bool is_of_this_loop = false;
};

Clause clause_of(const std::string& words, std::size_t loop) {
    static const std::string number = "([0-9]+|one|two|three|first|second|third)";
    static const Regex suffix(",? (?:in|by|during|at|after) (?:the )?(?:(?:loop|run|iteration) " +
                              number + "|" + number + " (?:loop|run|iteration))$");
    Match found;
    if (!regex_search(words, found, suffix)) return {words, loop, false};
    const auto said = count_in(found[found[1].matched ? 1 : 2]);
    return {found.prefix(), said.value(), says(found[0], " (in|during|at) ")};
}

/// "the first write and all reads behind it": of the sessions of what was named before.
void resolve(const CommitPlay& play, const std::string& who, const Items& before, Items& items) {
    if (before.empty() || !says(who, "\\b(behind|after|following) (it|them)\\b|\\bits\\b")) return;
    std::erase_if(items, [&](std::size_t item) {
        return std::none_of(before.begin(), before.end(), [&](std::size_t one) {
            return play.items()[one].session == play.items()[item].session;
        });
    });
}

/// "W1 before R2..R5", "R2..R5 after W1", "the write followed by the reads": with "then".
std::string in_order(const std::string& words) {
    static const Regex follows(",? followed by | (?:comes |is )?before (?=[RW][0-9]|the |all )");
    static const Regex after("(.*) (?:comes |is )?after ((?:the )?(?:[RW][0-9]|write|read).*)");
    Match found;
    if (regex_match(words, found, after)) return found[2].str() + " then " + found[1].str();
    return regex_replace(words, follows, " then ");
}

/// "none of the five wait", "no read is left": who says it twice says the opposite, if anything.
void refuse_twice_denied(const std::string& words) {
    static const char* const denial =
        "\\b(no|not|none|neither|nor|never|nothing|without)\\b.*"
        "\\b(waits?|waiting|stays?|remains?|left|held|blocked|unanswered|unprocessed|pending|no|"
        "not|"
        "none)\\b";
    if (says(words, denial)) throw Refused("expected: " + words);
}

}  // namespace

/// One clause about what a loop has done: "nothing", "0xFE first", "the 0x10A write", "W6 stays",
/// "W6 and R7 done", "two writes then reads 2..5 of both", "W7 commit remains".
/// Returns the items that it says are done.
Items check_clause(const CommitPlay& play, const std::string& said, std::size_t until,
                   Verdict& verdict) {
    const auto [words, loop, is_of_this_loop] = clause_of(said, until);
    refuse_twice_denied(words);
    const Items& done = play.processed_in(loop);
    const std::string where = fmt::format("loop {}: {}", loop, words);
    const bool is_done = !CommitPlay::denies(words);
    bool holds = true;
    bool is_in_order = true;
    std::size_t not_before = 0;  // In the order of this loop.
    Items all;
    for (const std::string& part : split_at(in_order(words), ",? (?:and )?then ")) {
        std::size_t latest = not_before;
        for (const std::string& who : split_at(part, " and | along with | together with ")) {
            const bool is_about_none = !is_done && !CommitPlay::denies(who);
            Items items = play.named(is_about_none ? "not " + who : who, loop);
            resolve(play, who, all, items);
            for (const std::size_t item : play.next_to(who, loop)) {
                const std::size_t when = play.loop_of(item, loop);
                holds = holds && (is_done ? when != play.loop_of(items.front(), loop) : when != 0);
            }
            if (says(who, "[A-Za-z0-9)] last$")) {
                // Where it is the only one of its loop, of all.
                const Items among = done.size() > 1 ? done : play.processed();
                holds = holds && !among.empty() && among.back() == items.front();
            }
            for (const std::size_t item : items) {
                const std::size_t when = play.loop_of(item, loop);
                holds = holds && (when != 0) == is_done;
                holds = holds && (!is_done || !is_of_this_loop || when == loop);
                const auto at = static_cast<std::size_t>(std::find(done.begin(), done.end(), item) -
                                                         done.begin());
                is_in_order = is_in_order && (!is_done || at >= not_before);
                latest = std::max(latest, at + 1);
                all.push_back(item);
            }
        }
        not_before = latest;
    }
    verdict.require(where, holds && !all.empty());
    verdict.require(where + ": order", is_in_order);
    if (contains(words, "[A-Za-z0-9)] first$")) {
        verdict.require(where, !done.empty() && !all.empty() && done.front() == all.front());
    }
    if (says(words, "\\b(in|to) pending\\b")) {
        const CommitPlay::Left& left = play.left_by(loop);
        verdict.require(where + ": queues", left.queued == 0 && left.sessions > 0);
    }
    return is_done ? all : Items{};
}

/// "all queues empty", "pending empty", "committed queue not empty": what is left.
bool check_left(const CommitPlay& play, const std::string& clause, std::size_t loop,
                Verdict& verdict) {
    static const Regex form(
        "(?:(all|both|the|its|three) )*([A-Za-z]*) ?(?:queues?|lists?|requests?)? ?(?:is |are )?"
        "(not |non-)?empty(?: again)?");
    static const Regex nothing(
        "(?:and )?(?:nothing|none(?: of them)?|no requests?) (?:is |are )?(?:left |still )?(?:in )?"
        "(pending|queued|committed|left|waiting|waits|remains)");
    Match found;
    if (regex_match(clause, found, nothing)) {
        const std::string where = found[1];
        const bool is_one = where == "pending" || where == "queued" || where == "committed";
        return check_left(play, (is_one ? where + " " : "") + "empty", loop, verdict);
    }
    static const Regex no_more(
        "(?:and )?no (?:more |further )?(?:(commit)s?|(pending|queued) requests?) "
        "(?:(?:is|are|still) )*(?:left|waiting|waits?|remains?|pending|there)(?: behind)?");
    if (regex_match(clause, found, no_more)) {
        return check_left(play, found[1].str() + found[2].str() + " empty", loop, verdict);
    }
    if (!regex_match(clause, found, form)) return false;
    const CommitPlay::Left& left = play.left_by(loop);
    const std::string which = found[2];
    std::size_t count = left.queued + left.sessions + left.commits;
    if (which.starts_with("pending")) {
        count = left.sessions;
    } else if (which.starts_with("commit")) {
        count = left.commits;
    } else if (which == "queued" || which == "queuedRequests") {
        count = left.queued;
    } else if (which == "queue" || says(which, "^(request|requests|incoming|input)$")) {
        count = left.queued;
    } else if (which == "session") {
        count = left.sessions;
    } else if (!which.empty() && which != "everything" && which != "all" && which != "lists" &&
               which != "queues") {
        throw Refused("what is empty: " + clause);
    }
    verdict.require(fmt::format("loop {}: {}", loop, clause), (count == 0) != found[3].matched);
    return true;
}

namespace {

/// "no other write", "nothing else": beyond what was named. In this loop.
void check_others(const CommitPlay& play, const std::string& clause, std::size_t loop,
                  const Items& named, Verdict& verdict) {
    const bool is_about_reads = clause.find("read") != std::string::npos;
    const bool is_about_all = !says(clause, "\\b(reads?|writes?|updates?|commits?)\\b");
    bool holds = true;
    for (const std::size_t item : play.processed_in(loop)) {
        const bool is_meant = is_about_all || play.items()[item].is_read == is_about_reads;
        const bool is_named = std::find(named.begin(), named.end(), item) != named.end();
        holds = holds && (!is_meant || is_named);
    }
    verdict.require(fmt::format("loop {}: {}", loop, clause), holds);
}

/// "the other 99 wait", "rest not": nothing but what was named is done, and how many are left.
void check_rest(const CommitPlay& play, const std::string& clause, std::size_t loop,
                const Items& named, Verdict& verdict) {
    const std::string where = fmt::format("loop {}: {}", loop, clause);
    verdict.require(where, are_same(play.processed_in(loop), named));
    const auto count = count_of(clause);
    if (!count.has_value()) return;
    std::size_t left = 0;
    for (std::size_t i = 0; i < play.items().size(); ++i) left += play.loop_of(i, loop) == 0;
    verdict.check(where, std::to_string(*count), std::to_string(left));
}

/// "s1:R2", "W6(s2)", "R2..R5 of s1": requests by their names.
const std::string name_form =
    "(?:s[0-9]+(?:[+,]s[0-9]+)*:)?[RW][0-9]+(?:\\.\\.[RW]?[0-9]+)?(?:\\(s[0-9]+\\)| of s[0-9]+|"
    "@s[0-9]+)?";

/// "R0, R1..R50, W2": nothing but names, in their order. "R0 and W2" tells no order.
void check_names(const CommitPlay& play, const std::string& told, std::size_t loop,
                 Verdict& verdict) {
    static const Regex end("(?: are)?(?: processed| done)?(?:,? in (?:this |that )?order)?$");
    const std::string list = name_form + "(?:, (?:then )?" + name_form + ")+";
    const std::string words = regex_replace(plain_names(told), end, "");
    if (!regex_match(words, compiled(list, true))) return;
    const Items done = play.counts_all() ? play.processed() : play.processed_in(loop);
    auto last = done.begin();
    for (const std::string& name : split_at(words, ", (?:then )?")) {
        for (const std::size_t item : play.named(name, loop)) {
            const auto at = std::find(done.begin(), done.end(), item);
            verdict.require(fmt::format("loop {}: {}: order", loop, told), at >= last);
            last = at;
        }
    }
}

/// Those who are told by name are all that a loop does, unless the words only tell who is first.
void check_whole(const CommitPlay& play, const std::string& words, std::size_t loop,
                 const Items& named, Verdict& verdict) {
    if (named.empty() || play.counts_all()) return;
    const Items& done = play.processed_in(loop);
    const bool is_all = std::all_of(done.begin(), done.end(), [&](std::size_t item) {
        return std::find(named.begin(), named.end(), item) != named.end();
    });
    verdict.require(fmt::format("loop {}: {}, and nothing else", loop, words), is_all);
}

/// Whether a clause tells by name, and only so, what is done.
bool names_all(const std::string& clause) {
    static const std::string filler =
        "|\\b(?:and|then|is|are|done|processed|answered|passes?|only|just|exactly|in "
        "order|of|too|also"
        "|committed)\\b|[ ,()]";
    const std::string rest = regex_replace(clause, compiled(name_form + filler, true), "");
    return rest.empty() && says(clause, "[RW][0-9]");
}

/// "pending and committed empty" as two clauses; "W1 first, all reads after it" as one.
std::string in_clauses(const std::string& words) {
    static const Regex queues(
        "\\b(pending|queued|committed)(?: and |, (?:and )?)(?=(?:(?:pending|queued|committed)"
        "(?: and |, )?)+(?: queues?)? (?:are )?(?:all )?empty)");
    static const Regex behind(
        "(?:,| and|, and) ((?:(?:all|every|the|one|two|three|four|five|[0-9]+) )*"
        "reads?(?: [0-9.]+)?|R[0-9.R]+)"
        " (?:after|behind|following) (?:it|them)\\b");
    static const char* const unordered =
        "\\b(before|ahead of) (it|them)\\b|"
        "\\b(writes?|W[0-9.W]*) (after|behind|following) (it|them)\\b";
    static const Regex none("\\b(?:0|zero) (?=(?:reads?|writes?|requests?)\\b)");
    if (says(words, unordered)) throw Refused("in which order? " + words);
    const std::string told = regex_replace(regex_replace(words, none, "no "), queues, "$1 empty; ");
    return regex_replace(told, behind, " then $1 behind it");
}

/// "write still in the write queue": CommitProcessor.queuedWriteRequests, where it stays until its
/// commit is done: "not write".
std::string with_write_queue(const std::string& clause) {
    static const Regex form(
        "(?:the )?(writes?|W[0-9]+|s[0-9]+:W[0-9]+) (?:(?:is|are|stays?|still|remains?|kept|waits?|"
        "waiting) )*(?:in|on) (?:the )?(?:write queue|queued ?[wW]rites?|queuedWriteRequests|"
        "queue of (?:the )?writes)");
    Match found;
    return regex_match(clause, found, form) ? "not " + found[1].str() : clause;
}

/// All clauses about one loop.
void check_loop(const CommitPlay& play, const std::string& words, std::size_t loop,
                Verdict& verdict) {
    static const std::string between =
        "; *|,(?! *(?:and )?then |.*followed by) *(?:and |but )?| but (?=no|the|W|R|not|an? |all |"
        "every |reads?\\b|writes?\\b|of |[0-9])| plus "
        "| \\+ | while ";
    static const std::string both =  // "W1 and no other write"
        " and (?=(?:no|none|nothing)\\b|all \\S+ empty|\\S+ (?:\\S+ )?(?:is |are )?empty)";
    static const Regex others(
        "(and )?(no(thing|ne)?( other| else| more| further)\\b.*|(and )?that is all)");
    static const Regex rest(
        "(the )?([0-9]+ )?(remaining|others?|rest)s?( of (the|them).*)?( [0-9]+)?"
        "( write| read| request| commit)?s? .*|[0-9]+ (still )?(remain|wait|stay|(are )?left)");
    static const Regex none_of_rest(
        "(and )?(none of|not) the ((remaining|others?|rest)( [0-9]+)?|[0-9]+)( writes| commits)?");
    static const Regex remark("(that is |i\\.e\\. )?(still )?(all )?in order( of .*)?");
    static const Regex counted(
        "(?:exactly |only )?([0-9]+) (?:requests? )?(?:(?:are|is|was|were) )?(?:processed|done)");
    const Items& done = play.processed_in(loop);
    Items named;
    bool is_whole = true;
    for (const std::string& part : split_at(in_clauses(words), between)) {
        for (const std::string& told : split_at(part, both)) {
            const std::string clause = with_write_queue(told);
            const std::string where = fmt::format("loop {}: {}", loop, clause);
            if (check_left(play, clause, loop, verdict)) continue;
            if (regex_match(clause, others)) {
                check_others(play, clause, loop, named, verdict);
            } else if (says(clause,
                            "^(still )?(nothing|none|no requests?)( is| was| yet)*"
                            "( processed| done| answered| passes)?( yet| either)?$")) {
                verdict.require(where, done.empty());
            } else if (Match found; regex_match(clause, found, counted)) {
                const std::size_t got = play.counts_all() ? play.processed().size() : done.size();
                verdict.check(where, found[1], std::to_string(got));
            } else if (regex_match(clause, none_of_rest)) {
                check_rest(play, clause, loop, named, verdict);
            } else if (regex_match(clause, rest) && CommitPlay::denies(clause) &&
                       !says(clause, "other sessions?")) {
                check_rest(play, clause, loop, named, verdict);
            } else if (regex_match(clause, remark)) {
                throw Refused("in which order: " + clause);
            } else {
                const Items items = check_clause(play, clause, loop, verdict);
                is_whole = is_whole && (items.empty() || names_all(clause));
                named.insert(named.end(), items.begin(), items.end());
            }
        }
    }
    if (is_whole) check_whole(play, words, loop, named, verdict);
    check_names(play, words, loop, verdict);
    if (says(words, "\\b(exactly|only|just|alone)\\b")) {
        verdict.require(fmt::format("loop {}: {}", loop, words), are_same(done, named));
    }
}

}  // namespace

/// "loop 1: W1 only; loop 2: all reads": each group of clauses about its own loop.
void check_words(const CommitPlay& play, const std::string& words, std::size_t loop,
                 Verdict& verdict) {
    static const Regex prefix(
        "(?:after |in )?(?:the )?(?:(?:loop|run) ([0-9]+)|(first|second|third|last) (?:loop|run))"
        "(?:: *|, | )(.*)",
        Regex::icase);
    std::string group;
    const auto end_group = [&] {
        if (!group.empty()) check_loop(play, group, loop, verdict);
        group.clear();
    };
    for (const std::string& part : split_at(words, "; *|\\. +")) {
        Match found;
        if (regex_match(part, found, prefix)) {
            end_group();
            const std::string which = found[found[1].matched ? 1 : 2];
            loop = which == "last" ? play.loops() : count_in(which).value();
            group = found[3];
        } else {
            group += (group.empty() ? "" : "; ") + part;
        }
    }
    end_group();
}

}  // namespace conformance
