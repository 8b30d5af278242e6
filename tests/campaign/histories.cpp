// Recorded histories of random runs, judged as they are, or made bad:
//
//     histories good FIRST..LAST    none may raise an alarm
//     histories bad FIRST..LAST     each anomaly, where it can strike: all must be flagged
//
// Prints what was wrong, one line each, then "P F": how many passed and failed. With bad, "struck N
// NAME" for each anomaly, too: tests/campaign/histories.sh adds them up. Exit code: 0 when nothing
// failed, 1 when something did, 2 wrong usage.

#include "tests/support/random_scenario.hpp"
#include "tests/support/recorded_history.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t places_of_each = 6;

struct Count {
    std::uint64_t passed = 0, failed = 0;

    void add(bool is_right, const std::string& complaint) {
        (is_right ? passed : failed) += 1;
        if (!is_right) fmt::print("FAIL  {}\n", complaint);
    }
};

void judge_good(std::uint64_t seed, Count& count) {
    constexpr trace::Level level = trace::Level::protocol;
    const tests::History history = tests::recorded(tests::random_scenario(seed), seed, level);
    const analysis::CheckerSet checkers = tests::judged(history.records, history.ensemble, level);
    const std::string what = checkers.is_clean()
                                 ? (checkers.has_judged() ? "" : "nothing was judged")
                                 : checkers.violations().front().explanation;
    count.add(what.empty(), fmt::format("seed {}: {}", seed, what));
}

/// Strikes a history of that level with each of the anomalies, at places all over it.
void judge_bad(std::uint64_t seed, std::span<const tests::Anomaly> anomalies, trace::Level level,
               Count& count, std::map<std::string, std::uint64_t>& struck) {
    const tests::History good = tests::recorded(tests::random_scenario(seed), seed, level);
    for (const tests::Anomaly& anomaly : anomalies) {
        const auto places = tests::places_of(good.records, anomaly.kind);
        const std::size_t stride = 1 + places.size() / places_of_each;
        for (std::size_t i = seed % stride; i < places.size(); i += stride) {
            const tests::Outcome outcome = tests::judge_damaged(good, anomaly, places[i], level);
            if (!outcome.was_struck) continue;
            count.add(outcome.complaint.empty(),
                      fmt::format("seed {}, record {}, {}: {}", seed, places[i], anomaly.name,
                                  outcome.complaint));
            ++struck[anomaly.name];
        }
    }
}

}  // namespace

int main(int words_given, char** words) {
    const std::string_view what = words_given > 1 ? words[1] : "";
    const std::string range = words_given > 2 ? words[2] : "";
    const std::size_t dots = range.find("..");
    if ((what != "good" && what != "bad") || dots == std::string::npos) return 2;
    const std::uint64_t first = std::strtoull(range.c_str(), nullptr, 10);
    const std::uint64_t last = std::strtoull(range.c_str() + dots + 2, nullptr, 10);

    Count count;
    std::map<std::string, std::uint64_t> struck;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        if (what == "good") {
            judge_good(seed, count);
            continue;
        }
        judge_bad(seed, tests::server_anomalies(), trace::Level::protocol, count, struck);
        judge_bad(seed, tests::client_anomalies(), trace::Level::operations, count, struck);
    }
    for (const auto& [name, times] : struck) fmt::print("struck {} {}\n", times, name);
    fmt::print("{} {}\n", count.passed, count.failed);
    return count.failed == 0 ? 0 : 1;
}
