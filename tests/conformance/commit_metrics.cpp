#include "tests/conformance/commit.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// What a commit processor counts (CommitProcessorMetricsTest): how long the queue of a session is
// when a request comes or a commit, and how many reads a commit lets through behind its write.

namespace {

/// Behind how many loops all requests had come, one in each.
bool are_one_a_loop(const CommitPlay& play, std::size_t requests) {
    for (std::size_t i = 0; i < requests; ++i) {
        const std::size_t when = play.loop_of(i, play.loops());
        const bool is_write = !play.items()[i].is_read;
        if (when != 0 && when <= requests && (is_write || when != i + 1)) return false;
    }
    return play.items().size() == requests && play.loops() >= requests;
}

/// The requests of a session among the first ones that wait behind this loop.
std::size_t waiting_of(const CommitPlay& play, std::uint64_t session, std::size_t first,
                       std::size_t loop) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < first; ++i) {
        count += play.items()[i].session == session && play.loop_of(i, loop) == 0 ? 1u : 0u;
    }
    return count;
}

/// The writes of this server's clients, in the order in which they were done.
std::vector<std::size_t> writes_done(const CommitPlay& play) {
    std::vector<std::size_t> all = play.processed();
    std::erase_if(
        all, [&](std::size_t i) { return play.items()[i].is_read || !play.items()[i].is_local; });
    return all;
}

/// How long the queue of its session is: for each request that must wait, and for each commit.
std::vector<std::uint64_t> queue_sizes(const CommitPlay& play, const std::string& key) {
    const auto& items = play.items();
    if (!are_one_a_loop(play, items.size())) throw Refused("expected." + key + ": at what time?");
    std::vector<std::uint64_t> sizes;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (play.loop_of(i, i + 1) != 0) continue;
        sizes.push_back(waiting_of(play, items[i].session, i + 1, i + 1));
    }
    std::size_t last = 0;
    for (const std::size_t write : writes_done(play)) {
        const std::size_t loop = play.loop_of(write, play.loops());
        if (loop == last) throw Refused("expected." + key + ": two commits in a loop");
        last = loop;
        sizes.push_back(waiting_of(play, items[write].session, items.size(), loop - 1));
    }
    return sizes;
}

/// How many reads each commit lets through.
std::vector<std::uint64_t> reads_let_through(const CommitPlay& play) {
    std::vector<std::uint64_t> counts;
    for (const std::size_t write : writes_done(play)) {
        const auto& done = play.processed_in(play.loop_of(write, play.loops()));
        auto at = std::find(done.begin(), done.end(), write);
        std::uint64_t count = 0;
        for (++at; at != done.end(); ++at) {
            const CommitPlay::Item& item = play.items()[*at];
            if (item.session != play.items()[write].session) continue;
            if (!item.is_read) break;
            ++count;
        }
        counts.push_back(count);
    }
    return counts;
}

std::string listed(const std::vector<std::uint64_t>& all) {
    std::string words;
    for (const std::uint64_t one : all) words += fmt::format("{} ", one);
    return words;
}

/// {"min": 1, "max": 3, "avg": 2.25, "cnt": 4, "sum": 9}
void check_summary(const std::string& key, const Value& value,
                   const std::vector<std::uint64_t>& got, Verdict& verdict) {
    if (got.empty()) throw Refused("expected." + key + ": of nothing");
    std::uint64_t sum = 0;
    for (const std::uint64_t one : got) sum += one;
    for (const auto& [name, place, wanted] : value.members) {
        const std::string where = key + "." + name;
        if (says(name, "^(avg|average|mean)$")) {
            const bool is_number = wanted.is(Value::Kind::number);
            if (!is_number) throw Refused("expected." + where);
            const double average = static_cast<double>(sum) / static_cast<double>(got.size());
            const double told = std::stod(wanted.text);
            verdict.require(where, told > average - 0.001 && told < average + 0.001);
            continue;
        }
        const std::uint64_t is = says(name, "^min$")           ? std::ranges::min(got)
                                 : says(name, "^max$")         ? std::ranges::max(got)
                                 : says(name, "^(cnt|count)$") ? got.size()
                                 : says(name, "^(sum|total)$") ? sum
                                                               : throw Refused("expected." + where);
        verdict.check(where, std::to_string(number(wanted, name)), std::to_string(is));
    }
}

}  // namespace

std::vector<std::string> one_by_one(const std::vector<std::string>& steps, Value& initial) {
    static const Regex form(
        "(?:(?:run|an?|one|each|the) )*(?:loops? (?:per|for (?:each|every)|after "
        "(?:each|every)|an?|"
        "behind (?:each|every)) (?:request|one)|requests? (?:an?|per|in each|in every|each|every) "
        "(?:loop|run|iteration)|(?:requests )?(?:request by request|one by one|one at a time)"
        "(?:, (?:an?|one) loop (?:each|after each|for each))?)(?:,? (?:no|without) commits?(?: "
        "yet)?)?",
        Regex::icase);
    if (steps.empty() || !regex_match(steps.front(), form)) return steps;
    if (initial.find("committed") != nullptr) throw Refused("initial.committed");
    const CommitPlay all(initial);
    std::erase_if(initial.members, [](const auto& one) { return one.key == "queued"; });
    std::vector<std::string> told;
    for (const CommitPlay::Item& item : all.items()) {
        told.push_back(
            fmt::format("add s{}:{}{}", item.session, item.is_read ? 'R' : 'W', item.cxid));
        told.emplace_back("loop");
    }
    if (told.empty()) throw Refused("stimulus: " + steps.front());
    told.insert(told.end(), steps.begin() + 1, steps.end());
    return told;
}

bool check_metric(const CommitPlay& play, const std::string& key, const Value& value,
                  Verdict& verdict) {
    static const Regex reads(
        "reads ?_?(?:after|behind) ?_?(?:the ?)?write(?: ?_?in ?_?session ?_?queue)?",
        Regex::icase);
    static const Regex sizes(
        "(?:session ?_?)?queue ?_?(?:sizes?|lengths?)|requests ?_?in ?_?(?:the ?)?session ?_?queue",
        Regex::icase);
    const bool is_of_reads = regex_match(key, reads);
    if (!is_of_reads && !regex_match(key, sizes)) return false;
    const auto got = is_of_reads ? reads_let_through(play) : queue_sizes(play, key);
    if (value.is(Value::Kind::object)) {
        check_summary(key, value, got, verdict);
    } else if (value.is(Value::Kind::array)) {
        std::vector<std::uint64_t> wanted;
        for (const Value& one : value.elements) wanted.push_back(number(one, key));
        verdict.check(key, listed(wanted), listed(got));
    } else if (is_of_reads && got.size() == 1) {
        verdict.check(key, std::to_string(number(value, key)), std::to_string(got.front()));
    } else {
        throw Refused("expected." + key + ": of which commit?");
    }
    return true;
}

}  // namespace conformance
