#include "tests/conformance/commit.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// What is expected of loops: as lists, as tables, or in words.

namespace {

std::string names_of(const CommitPlay& play, const std::vector<std::size_t>& items) {
    std::string all;
    for (const std::size_t i : items) {
        const CommitPlay::Item& item = play.items()[i];
        all += fmt::format("s{}:{}{} ", item.session, item.is_read ? 'R' : 'W', item.cxid);
    }
    return all;
}

/// A list of names: just these, in this order, of this loop or of all.
void check_list(const CommitPlay& play, const Value& value, const std::string& key,
                std::optional<std::size_t> loop, Verdict& verdict) {
    std::vector<std::size_t> wanted;
    for (const std::string& name : texts(value, key)) {
        const auto items = play.named(name, loop.value_or(play.loops()));
        wanted.insert(wanted.end(), items.begin(), items.end());
    }
    verdict.check(key, names_of(play, wanted),
                  names_of(play, loop ? play.processed_in(*loop) : play.processed()));
}

/// How many are in a queue behind a loop; "pending" counts requests.
void check_length(const CommitPlay& play, const std::string& key, std::uint64_t wanted,
                  std::size_t loop, Verdict& verdict) {
    const CommitPlay::Left& left = play.left_by(loop);
    const std::size_t got = key.starts_with("pending")  ? left.pending
                            : key.starts_with("queued") ? left.queued
                                                        : left.commits;
    verdict.check(fmt::format("loop {}: {}", loop, key), std::to_string(wanted),
                  std::to_string(got));
}

void check_value(const CommitPlay& play, const std::string& key, const Value& value,
                 std::size_t loop, Verdict& verdict);
void check_waiting(const CommitPlay& play, const std::string& key, const Value& value,
                   std::optional<std::uint64_t> session, std::size_t loop, Verdict& verdict);

/// "pending": 4, "empty", "R2..R5", ["W1", "R2"]: what is left behind one loop.
void check_left_of(const CommitPlay& play, const std::string& key, const Value& value,
                   std::size_t loop, Verdict& verdict) {
    static const Regex all("(?:all|everything)(?: (?:of (?:them|it)|requests?|waits?|waiting))*");
    static const Regex nothing("nothing|none|no requests?|empty");
    const bool is_pending = key.starts_with("pending");
    if (is_text(value) && regex_match(value.text, nothing)) {
        check_length(play, key, 0, loop, verdict);
    } else if (is_text(value) && is_pending && regex_match(value.text, all)) {
        const std::size_t count = play.left_by(loop).pending;
        verdict.require(fmt::format("loop {}: all {}", loop, key),
                        count == play.items().size() && count > 0);
    } else if (is_text(value) && is_pending) {
        Value list = sim::json::array({});
        for (const std::string& name : split_at(value.text, ", (?:and )?| and ")) {
            list.elements.push_back(sim::json::string(name));
        }
        check_waiting(play, key, list, std::nullopt, loop, verdict);
    } else if (value.is(Value::Kind::array) && value.elements.empty()) {
        check_length(play, key, 0, loop, verdict);
    } else if (value.is(Value::Kind::number) || !is_pending) {
        check_length(play, key, number(value, key), loop, verdict);
    } else {
        check_waiting(play, key, value, std::nullopt, loop, verdict);
    }
}

/// {"reads": 51, "writes": 1}, {"first": "W1", "processed": 5, "pending": 0}: of one loop.
void check_table(const CommitPlay& play, const Value& value, std::size_t loop, Verdict& verdict) {
    const std::vector<std::size_t>& done = play.processed_in(loop);
    for (const auto& [key, place, wanted] : value.members) {
        const std::string where = fmt::format("loop {}: {}", loop, key);
        if (key == "processed" || key == "order") {
            if (wanted.is(Value::Kind::object)) throw Refused("expected." + key);
            check_value(play, key, wanted, loop, verdict);
        } else if (key == "first" || key == "last") {
            const auto items = play.named(wanted.text, loop);
            if (items.size() != 1) throw Refused("expected." + key + ": " + wanted.text);
            const bool is_any = !done.empty();
            const std::size_t got = is_any ? (key == "first" ? done.front() : done.back()) : 0;
            verdict.check(where, names_of(play, items), is_any ? names_of(play, {got}) : "none");
        } else if (key == "pending" || key == "queued" || key == "committed") {
            check_left_of(play, key, wanted, loop, verdict);
        } else if (key == "waiting" || key == "left" || key == "notProcessed") {
            check_left_of(play, "pending", wanted, loop, verdict);
        } else if (key == "reads" || key == "writes") {
            const auto count = static_cast<std::size_t>(std::count_if(
                done.begin(), done.end(),
                [&](std::size_t item) { return play.items()[item].is_read == (key == "reads"); }));
            verdict.check(where, std::to_string(number(wanted, key)), std::to_string(count));
        } else {
            throw Refused("expected: " + key);
        }
    }
}

/// What is expected of one loop: in words, as a list, or how many.
void check_value(const CommitPlay& play, const std::string& key, const Value& value,
                 std::size_t loop, Verdict& verdict) {
    if (is_text(value)) {
        check_words(play, without_asides(value.text), loop, verdict);
    } else if (value.is(Value::Kind::number)) {
        verdict.check(key, value.text, std::to_string(play.processed_in(loop).size()));
    } else if (value.is(Value::Kind::array)) {
        check_list(play, value, key, loop, verdict);
    } else if (value.is(Value::Kind::object)) {
        check_table(play, value, loop, verdict);
    } else {
        throw Refused("expected." + key);
    }
}

/// The loop that a key names: "2", "after loop 2", "loop2", "firstLoop", "beforeCommit", "end".
std::optional<std::size_t> loop_in(const CommitPlay& play, const std::string& told) {
    // "processedBefore", "orderAfterCommit", "loop1Processed": what was done by then.
    static const Regex done(
        "^(?:processed|done|order|executed|applied|handled|answered) (?=[A-Z0-9])|"
        " (?:processed|done|order|executed|applied|handled|answered)$",
        Regex::icase);
    static const Regex apart("([a-z0-9])(?=[A-Z])|([a-z])(?=[0-9])");
    static const Regex moment("before|after", Regex::icase);
    const std::string spaced = regex_replace(told, apart, "$1$2 ");
    std::string key = regex_replace(spaced, done, "");
    if (key == spaced) key = told;
    if (regex_match(key, moment)) key += " commit";
    static const Regex of_loop(
        "(?:after|in)? ?(?:loop|run|iteration)? ?([0-9]+|one|two|three|first|second|third|last)"
        " ?(?:loop|run|iteration)?",
        Regex::icase);
    static const Regex commit("(before|without|no|after|with) ?(?:the )?(?:first )?commits?",
                              Regex::icase);
    Match found;
    if (regex_match(key, found, of_loop)) {
        std::string which = found[1];
        std::transform(which.begin(), which.end(), which.begin(),
                       [](char c) { return std::tolower(c); });
        return which == "last" ? play.loops() : count_in(which);
    }
    if (regex_match(key, found, commit)) {
        const bool is_before = !says(found[1], "^after$|^with$");
        return is_before ? play.loops_before_commit() : play.loops();
    }
    if (key == "end" || key == "finally" || key == "then") return play.loops();
    return std::nullopt;
}

/// "pending": "empty", "W6"; "committed": "99 left".
bool check_queue(const CommitPlay& play, const std::string& key, const Value& value,
                 Verdict& verdict) {
    static const Regex queues(
        "(?:all)?(?:queues|lists|Queues)(?:Left|After)?|(?:still|left|remaining)?(pending|queued|"
        "commit|committed|Committed|Pending|Commits)"
        "(?:Requests|Queue|Commits|Left|Waiting|Still|Remaining)?");
    static const Regex left("([0-9]+)(?: left| waiting| remain| wait)?");
    Match found;
    if (!regex_match(key, found, queues) || (!is_text(value) && value.text.empty())) return false;
    std::string which = found[1];
    if (!which.empty()) which[0] = static_cast<char>(std::tolower(which[0]));
    Match said;
    if (says(value.text, "empty$")) {
        const std::string words = which.empty() ? value.text : which + " " + value.text;
        return check_left(play, words, play.loops(), verdict);
    }
    if (which.empty() || !regex_match(value.text, said, left)) return false;
    check_length(play, which, std::stoull(said[1]), play.loops(), verdict);
    return true;
}

/// What all loops together processed first.
void check_first(const CommitPlay& play, const std::string& key, const std::string& name,
                 Verdict& verdict) {
    const auto items = play.named(name, play.loops());
    if (items.size() != 1) throw Refused("expected." + key + ": " + name);
    const auto done = play.processed();
    verdict.check(key, names_of(play, items),
                  done.empty() ? "none" : names_of(play, {done.front()}));
}

/// What was processed by all loops together; a list of lists, or a table by loop: by each.
void check_all(const CommitPlay& play, const std::string& key, const Value& value,
               Verdict& verdict) {
    const auto& lists = value.elements;
    const bool is_by_loop = !lists.empty() && std::all_of(lists.begin(), lists.end(), [](auto& l) {
        return l.is(Value::Kind::array);
    });
    if (is_by_loop) {
        verdict.check(key + ": loops", std::to_string(lists.size()), std::to_string(play.loops()));
        for (std::size_t i = 0; i < std::min(lists.size(), play.loops()); ++i) {
            check_list(play, lists[i], fmt::format("{} {}", key, i + 1), i + 1, verdict);
        }
    } else if (!lists.empty() && lists.front().is(Value::Kind::number)) {
        std::vector<std::string> wanted, got;  // How many by each.
        for (const Value& one : lists) wanted.push_back(std::to_string(number(one, key)));
        for (std::size_t i = 1; i <= play.loops(); ++i) {
            got.push_back(std::to_string(play.processed_in(i).size()));
        }
        verdict.check(key, fmt::format("{}", fmt::join(wanted, " ")),
                      fmt::format("{}", fmt::join(got, " ")));
    } else if (value.is(Value::Kind::array)) {
        check_list(play, value, key, std::nullopt, verdict);
    } else if (value.is(Value::Kind::number)) {
        verdict.check(key, value.text, std::to_string(play.processed().size()));
    } else {
        for (const auto& [name, place, wanted] : value.members) {
            const auto loop = loop_in(play, name);
            if (!loop) throw Refused("expected: " + name);
            check_value(play, key + " in " + name, wanted, *loop, verdict);
        }
    }
}

/// The requests of clients of this server that no loop has done, of one session or of all.
std::vector<std::size_t> waiting_in(const CommitPlay& play, std::optional<std::uint64_t> session,
                                    std::size_t loop) {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < play.items().size(); ++i) {
        const CommitPlay::Item& item = play.items()[i];
        const bool is_meant = item.is_local && item.session == session.value_or(item.session);
        if (is_meant && play.loop_of(i, loop) == 0) all.push_back(i);
    }
    return all;
}

/// "pending": ["W1", "R2"], {"s1": ["W1", "R2"]}: just these wait, in this order, and in the
/// queues of their sessions. "notProcessed": these are not done, whatever else is not.
void check_waiting(const CommitPlay& play, const std::string& key, const Value& value,
                   std::optional<std::uint64_t> session, std::size_t loop, Verdict& verdict) {
    if (value.is(Value::Kind::object)) {
        static const Regex name("s(?:ession ?)?([0-9]+)", Regex::icase);
        std::size_t told = 0;
        for (const auto& [whose, place, items] : value.members) {
            Match found;
            if (!regex_match(whose, found, name)) throw Refused(key + "." + whose);
            check_waiting(play, key, items, std::stoull(found[1]), loop, verdict);
            told += items.elements.size();
        }
        verdict.check(key + ": in all", std::to_string(told),
                      std::to_string(waiting_in(play, std::nullopt, loop).size()));
        return;
    }
    if (!value.is(Value::Kind::array)) throw Refused("expected." + key);
    std::vector<std::size_t> wanted;
    for (const std::string& name : texts(value, key)) {
        for (const std::size_t item : play.named(name, loop)) {
            const bool is_other = session && play.items()[item].session != *session;
            if (!is_other) wanted.push_back(item);
        }
    }
    if (wanted.size() < value.elements.size()) throw Refused("expected." + key);
    if (key.starts_with("pending") || key.starts_with("wait")) {
        verdict.check(key, names_of(play, wanted), names_of(play, waiting_in(play, session, loop)));
        verdict.check(key + ": still queued", "0", std::to_string(play.left_by(loop).queued));
        return;
    }
    for (const std::size_t item : wanted) {
        verdict.check(key + ": " + names_of(play, {item}), false, play.loop_of(item, loop) != 0);
    }
}

/// "pendingBefore": 5, "waitingAfterLoop1": ["W1", "R2"]. False: the key is about something else.
bool check_left_at(const CommitPlay& play, const std::string& key, const Value& value,
                   Verdict& verdict) {
    static const Regex form("(pending|waiting|waits|left)((?:Before|After|In|By).*)");
    Match found;
    if (!regex_match(key, found, form)) return false;
    const auto loop = loop_in(play, regex_replace(found[2].str(), compiled("^By"), "After"));
    if (!loop) return false;
    check_left_of(play, "pending", value, *loop, verdict);
    return true;
}

/// "left": "no commit, no pending": of what is said to be left. False: other words.
bool check_none_left(const CommitPlay& play, const std::string& part, Verdict& verdict) {
    static const Regex form(
        "(?:and |but )?(?:no|zero|0) (?:more |further "
        ")?(?:(commit|pending|queued)(?:s|ted)?|"
        "(read|write|request)s?)(?: (?:requests?|commits?|reads?|writes?|ones?|pending))?"
        "(?: (?:is|are|left|waiting|waits?|remains?))*");
    static const Regex nothing("nothing(?: at all)?|none|empty");
    Match found;
    if (regex_match(part, nothing)) {
        return check_left(play, "everything empty", play.loops(), verdict);
    }
    if (!regex_match(part, found, form)) return false;
    if (found[1].matched) {
        return check_left(play, found[1].str() + " empty", play.loops(), verdict);
    }
    const std::string kind = found[2];
    const auto all = waiting_in(play, std::nullopt, play.loops());
    verdict.require("left: " + part, std::none_of(all.begin(), all.end(), [&](std::size_t item) {
                        return kind == "request" || play.items()[item].is_read == (kind == "read");
                    }));
    return true;
}

/// Remarks explain, and are not read: one that takes something back must not stand.
void refuse_limits(const Value& expected) {
    static const Regex limit(
        "\\([^)]*\\b(?:but|except|stays?|remains?|without|not|(?:one|two|no) "
        "(?:reads?|writes?))\\b[^)]*\\)");
    if (is_text(expected) && regex_search(expected.text, limit)) {
        throw Refused("expected: " + expected.text);
    }
    for (const Value& one : expected.elements) refuse_limits(one);
    for (const sim::json::Member& one : expected.members) refuse_limits(one.value);
}

}  // namespace

std::optional<Verdict> judge_commit(const Case& one) {
    if (one.area != "COMMIT") return std::nullopt;
    static const Regex denied("notProcessed|pending|unprocessed|waiting|waits|left|remaining");
    Value initial = one.initial;
    const auto steps = one_by_one(texts(one.stimulus, "stimulus"), initial);
    CommitPlay play(initial);
    for (const std::string& step : steps) play.play(step);
    if (play.loops() == 0) throw Refused("no loop is run");
    refuse_limits(one.expected);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (check_metric(play, key, value, verdict) || check_queue(play, key, value, verdict) ||
            check_left_at(play, key, value, verdict)) {
            continue;
        }
        if (says(key, "^(head|firstProcessed|processedFirst|atHead)$") && is_text(value)) {
            check_first(play, key, value.text, verdict);
        } else if (const auto loop = loop_in(play, key)) {
            check_value(play, key, value, *loop, verdict);
        } else if ((key == "processed" || key == "order") && is_text(value)) {
            play.count_all(true);
            check_value(play, key, value, play.loops(), verdict);
            play.count_all(false);
        } else if (key == "processed" || key == "order" ||
                   (key == "loops" && value.is(Value::Kind::array))) {
            check_all(play, key, value, verdict);
        } else if (regex_match(key, denied) && is_text(value)) {
            for (const std::string& part : split_at(without_asides(value.text), "; *|, *")) {
                if (key != "notProcessed" && key != "unprocessed" &&
                    check_none_left(play, part, verdict)) {
                    continue;
                }
                if (says(part, "\\b(no|not|none|never|neither|nor)\\b")) {
                    throw Refused("expected." + key + ": " + part);
                }
                check_clause(play, "not " + part, play.loops(), verdict);
            }
        } else if (regex_match(key, denied) && value.is(Value::Kind::number)) {
            std::size_t left = 0;
            for (std::size_t i = 0; i < play.items().size(); ++i) {
                left += play.loop_of(i, play.loops()) == 0;
            }
            verdict.check(key, value.text, std::to_string(left));
        } else if (regex_match(key, denied)) {
            check_waiting(play, key, value, std::nullopt, play.loops(), verdict);
        } else {
            throw Refused("expected." + key);
        }
    }
    return verdict;
}

}  // namespace conformance
