#include "tests/conformance/commit.hpp"
#include "tests/conformance/interpreters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace conformance {

bool CommitPlay::denies(const std::string& words) {
    static const std::regex is_not("\\b(stays?|remains?|not|no|pending|waits?|unprocessed)\\b");
    return std::regex_search(words, is_not);
}

std::size_t CommitPlay::loop_of(std::size_t item, std::size_t until) const {
    for (std::size_t loop = 1; loop <= std::min(until, processed_.size()); ++loop) {
        const auto& done = processed_[loop - 1];
        if (std::find(done.begin(), done.end(), item) != done.end()) return loop;
    }
    return 0;
}

const std::vector<std::size_t>& CommitPlay::processed_in(std::size_t loop) const {
    if (loop == 0 || loop > processed_.size()) throw Refused("there is no such loop");
    return processed_[loop - 1];
}

std::vector<std::size_t> CommitPlay::processed() const {
    std::vector<std::size_t> all;
    for (const auto& done : processed_) all.insert(all.end(), done.begin(), done.end());
    return all;
}

std::size_t CommitPlay::first_commit(std::size_t number) const {
    if (number >= committed_.size()) throw Refused("there are not so many commits");
    return committed_[number];
}

/// Nothing of its session that needs a commit is before it.
bool CommitPlay::is_leading(std::size_t item) const {
    return std::none_of(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(item),
                        [&](const Item& before) {
                            return before.session == items_[item].session && !before.is_read;
                        });
}

/// "all leading reads", "every write", "the read behind it", "all local requests", "10 writes".
std::vector<std::size_t> CommitPlay::several(const std::string& words, std::size_t loop) const {
    static const std::regex kinds("\\b(reads?|writes?|commits?)\\b");
    static const std::regex any("\\b(requests?|local|pending|all|everything)\\b");
    std::smatch found;
    const bool has_kind = std::regex_search(words, found, kinds);
    if (!has_kind && !std::regex_search(words, any)) {
        throw Refused("which are \"" + words + "\"?");
    }
    const auto says = [&words](const char* pattern) {
        return std::regex_search(words, std::regex(pattern));
    };
    const char kind = has_kind ? found[1].str()[0] : ' ';
    if (says("\\bfirst\\b|\\bsecond\\b") && kind != 'r' && kind != ' ') {
        return {first_commit(says("\\bsecond\\b") ? 1 : 0)};
    }
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        if ((kind == 'r' && !item.is_read) || ((kind == 'w' || kind == 'c') && item.is_read)) {
            continue;
        }
        if (says("\\bleading\\b") && !is_leading(i)) continue;
        if (says("\\b(behind|following|after)\\b") && is_leading(i)) continue;
        if (says("\\bnon-local\\b") ? item.is_local : says("\\blocal\\b") && !item.is_local) {
            continue;
        }
        all.push_back(i);
    }
    const auto count = count_of(words);
    if (count.has_value() && !says("\\ball\\b")) {
        const bool is_done = !denies(words);
        std::erase_if(all, [&](std::size_t i) { return loop_of(i, loop) != (is_done ? loop : 0); });
    }
    if (count.has_value() && all.size() != *count) {
        throw Refused(fmt::format("{}, but there are {}", words, all.size()));
    }
    return all;
}

std::vector<std::size_t> CommitPlay::named(const std::string& words, std::size_t loop) const {
    static const std::regex one(
        "(?:(s[0-9]+):)?([RW])([0-9]+)(?:\\.\\.[RW]?([0-9]+))?"
        "(?:\\((s[0-9]+)\\))?",
        std::regex::icase);
    static const std::regex range("reads? ([0-9]+)\\.\\.([0-9]+)");
    static const std::regex of_session("\\bof (s[0-9]+)");
    static const std::regex hex("0x[0-9A-Fa-f]+");
    std::smatch found;
    std::optional<std::uint64_t> session;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    bool is_read = false;
    const auto to_number = [](const std::string& text, int base) {
        return static_cast<std::uint32_t>(std::stoul(text, nullptr, base));
    };
    if (std::regex_search(words, found, hex)) {
        first = last = to_number(found[0], 16);
    } else if (std::regex_search(words, found, range)) {
        first = to_number(found[1], 10);
        last = to_number(found[2], 10);
        is_read = true;
    } else if (std::regex_search(words, found, one)) {
        first = to_number(found[3], 10);
        last = found[4].matched ? to_number(found[4], 10) : first;
        is_read = std::toupper(found[2].str()[0]) == 'R';
        const auto& owner = found[1].matched ? found[1] : found[5];
        if (owner.matched) session = std::stoul(owner.str().substr(1));
    } else {
        return several(words, loop);
    }
    if (std::regex_search(words, found, of_session)) session = std::stoul(found.str(1).substr(1));
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        if (item.is_read == is_read && item.cxid >= first && item.cxid <= last &&
            item.session == session.value_or(item.session)) {
            all.push_back(i);
        }
    }
    if (all.empty()) throw Refused("nothing is called " + words);
    return all;
}

namespace {

using Items = std::vector<std::size_t>;

bool are_same(Items one, Items other) {
    std::sort(one.begin(), one.end());
    std::sort(other.begin(), other.end());
    return one == other;
}

/// One clause about what a loop has done: "nothing", "0xFE first", "the 0x10A write", "W6 stays",
/// "W6 and R7 done", "two writes then reads 2..5 of both", "W7 commit remains".
/// Returns the items that it says are done.
Items check_clause(const CommitPlay& play, const std::string& words, std::size_t loop,
                   Verdict& verdict) {
    const Items& done = play.processed_in(loop);
    const std::string where = fmt::format("loop {}: {}", loop, words);
    const bool is_done = !CommitPlay::denies(words);
    bool holds = true;
    bool is_in_order = true;
    std::size_t not_before = 0;  // In the order of this loop.
    Items all;
    for (const std::string& part : split_at(words, ",? then ")) {
        std::size_t latest = not_before;
        for (const std::string& who : split_at(part, " and ")) {
            for (const std::size_t item : play.named(who, loop)) {
                holds = holds && (play.loop_of(item, loop) != 0) == is_done;
                const auto at = static_cast<std::size_t>(std::find(done.begin(), done.end(), item) -
                                                         done.begin());
                is_in_order = is_in_order && (!is_done || at >= not_before);
                latest = std::max(latest, at + 1);
                all.push_back(item);
            }
        }
        not_before = latest;
    }
    verdict.require(where, holds);
    verdict.require(where + ": order", is_in_order);
    if (std::regex_search(words, std::regex("[A-Za-z0-9)] first$"))) {
        verdict.require(where, !done.empty() && !all.empty() && done.front() == all.front());
    }
    return is_done ? all : Items{};
}

/// "all queues empty", "pending empty", "committed queue not empty": what is left.
bool check_left(const CommitPlay& play, const std::string& clause, std::size_t loop,
                Verdict& verdict) {
    static const std::regex form(
        "(?:(all|both|the|its) )*([a-z]*) ?(?:queues?|lists?|requests?)? ?(?:is |are )?"
        "(not |non-)?empty");
    std::smatch found;
    if (!std::regex_match(clause, found, form)) return false;
    const CommitPlay::Left& left = play.left_by(loop);
    const std::string which = found[2];
    std::size_t count = left.queued + left.sessions + left.commits;
    if (which == "pending") {
        count = left.sessions;
    } else if (which.starts_with("commit")) {
        count = left.commits;
    } else if (which == "queued") {
        count = left.queued;
    } else if (!which.empty() && which != "everything" && which != "all" && which != "lists" &&
               which != "queues") {
        throw Refused("what is empty: " + clause);
    }
    verdict.require(fmt::format("loop {}: {}", loop, clause), (count == 0) != found[3].matched);
    return true;
}

/// "no other write", "nothing else": beyond what was named.
void check_others(const CommitPlay& play, const std::string& clause, std::size_t loop,
                  const Items& named, Verdict& verdict) {
    const bool is_about_reads = clause.find("read") != std::string::npos;
    const bool is_about_all = clause.starts_with("nothing");
    bool holds = true;
    for (const std::size_t item : play.processed_in(loop)) {
        const bool is_meant = is_about_all || play.items()[item].is_read == is_about_reads;
        const bool is_named = std::find(named.begin(), named.end(), item) != named.end();
        holds = holds && (!is_meant || is_named);
    }
    verdict.require(fmt::format("loop {}: {}", loop, clause), holds);
}

/// All clauses about one loop.
void check_loop(const CommitPlay& play, const std::string& words, std::size_t loop,
                Verdict& verdict) {
    static const std::string between = "; *|,(?! *then ) *(?:and |but )?| but (?=no)| plus | \\+ ";
    static const std::string both = " and (?=no\\b|all \\S+ empty)";  // "W1 and no other write"
    static const std::regex others("(and )?no(thing)? (other|else|more|further)\\b.*");
    static const std::regex rest("(the )?(other|rest)s?( write| read| request| commit)?s? .*");
    const Items& done = play.processed_in(loop);
    const auto says = [](const std::string& clause, const char* pattern) {
        return std::regex_search(clause, std::regex(pattern));
    };
    Items named;
    for (const std::string& part : split_at(words, between)) {
        for (const std::string& clause : split_at(part, both)) {
            const std::string where = fmt::format("loop {}: {}", loop, clause);
            if (check_left(play, clause, loop, verdict)) continue;
            if (says(clause, "^(nothing|none)\\b") && !std::regex_match(clause, others)) {
                verdict.require(where, done.empty());
            } else if (std::regex_match(clause, others)) {
                check_others(play, clause, loop, named, verdict);
            } else if (std::regex_match(clause, rest) && CommitPlay::denies(clause)) {
                verdict.require(where, are_same(done, named));
            } else {
                const Items items = check_clause(play, clause, loop, verdict);
                named.insert(named.end(), items.begin(), items.end());
            }
        }
    }
    if (says(words, "\\b(exactly|only)\\b")) {
        verdict.require(fmt::format("loop {}: {}", loop, words), are_same(done, named));
    }
}

std::string names_of(const CommitPlay& play, const std::vector<std::size_t>& items) {
    std::string all;
    for (const std::size_t i : items) {
        const CommitPlay::Item& item = play.items()[i];
        all += fmt::format("{}{} ", item.is_read ? 'R' : 'W', item.cxid);
    }
    return all;
}

/// A list of names: just these, in this order.
void check_list(const CommitPlay& play, const Value& value, const std::string& key,
                const std::vector<std::size_t>& done, Verdict& verdict) {
    std::vector<std::size_t> wanted;
    for (const std::string& name : texts(value, key)) {
        const auto items = play.named(name, play.loops());
        wanted.insert(wanted.end(), items.begin(), items.end());
    }
    verdict.check(key, names_of(play, wanted), names_of(play, done));
}

}  // namespace

std::optional<Verdict> judge_commit(const Case& one) {
    if (one.area != "COMMIT") return std::nullopt;
    static const std::regex of_loop("(?:after )?(?:loop )?([0-9]+)");
    static const std::regex aside(" *\\([^)]{3,}\\)");
    CommitPlay play(one.initial);
    for (const std::string& step : texts(one.stimulus, "stimulus")) play.play(step);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        const std::string said = is_text(value) ? std::regex_replace(value.text, aside, "") : "";
        std::smatch found;
        if (std::regex_match(key, found, of_loop)) {
            const std::size_t loop = std::stoul(found[1]);
            if (is_text(value)) {
                check_loop(play, said, loop, verdict);
            } else {
                check_list(play, value, key, play.processed_in(loop), verdict);
            }
        } else if (key == "processed" && is_text(value)) {
            check_loop(play, said, play.loops(), verdict);
        } else if ((key == "notProcessed" || key == "pending") && is_text(value)) {
            check_clause(play, "not " + said, play.loops(), verdict);
        } else if (key == "processed") {
            check_list(play, value, key, play.processed(), verdict);
        } else {
            throw Refused("expected." + key);
        }
    }
    return verdict;
}

}  // namespace conformance
