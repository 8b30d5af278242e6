// Committed transactions per cpu second, in the forms in which the design's goals are stated. One
// line a variant; ratios of two lines of one run mean something on a noisy machine, seconds do
// not. All variants take their turn in each round, so that a busy machine slows them alike.
//
//     commit_bench [ROUNDS]

#include "sim/trace/writer.hpp"
#include "tests/bench/subject.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/trace_samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace {

constexpr bench::Variant variants[] = {
    {"cpu model, checkers", true, true},
    {"cpu model", true, false},
    {"zero-cost cpu, checkers", false, true},
    {"zero-cost cpu", false, false},
    {"cpu model, checkers, traced to nowhere", true, true, "/dev/null"},
    {"cpu model, checkers, traced to a file", true, true, "trace.jsonl"},
};

/// One variant's run, and its figures: sums over the rounds, and the time of each.
class Contest {
  public:
    Contest(const bench::Variant& variant, const tests::TemporaryFolder& folder)
        : name_(variant.name), subject_(variant) {
        if (variant.trace == nullptr) return;
        const std::string file = variant.trace;
        writer_.emplace(file.front() == '/' ? file : folder.file(file),
                        tests::header_of(trace::Level::all));
        subject_.outlets.add(*writer_, writer_->kinds());
    }

    void run_round() {
        const std::uint64_t commits = subject_.commits();
        const std::uint64_t events = subject_.world.events();
        const std::uint64_t records = subject_.world.recorder().next_id();
        const std::uint64_t allocations = tests::allocations();
        const double begin = bench::cpu_seconds();
        subject_.world.run_until(subject_.world.now() + zab::seconds(1));
        const double seconds = bench::cpu_seconds() - begin;
        commits_ += subject_.commits() - commits;
        events_ += subject_.world.events() - events;
        records_ += subject_.world.recorder().next_id() - records;
        allocations_ += tests::allocations() - allocations;
        ns_per_commit_.push_back(seconds * 1e9 / static_cast<double>(subject_.commits() - commits));
    }

    void print() {
        std::sort(ns_per_commit_.begin(), ns_per_commit_.end());
        const double median = ns_per_commit_[ns_per_commit_.size() / 2];
        const auto per_commit = [this](std::uint64_t count) {
            return static_cast<double>(count) / static_cast<double>(commits_);
        };
        fmt::print(
            "{:<40} {:>7.0f} ns/commit, {:>8.0f} commits per cpu second, {:.1f} events, "
            "{:.1f} records, {:.4f} allocations a commit\n",
            name_, median, 1e9 / median, per_commit(events_), per_commit(records_),
            per_commit(allocations_));
    }

  private:
    const char* name_;
    bench::Subject subject_;
    std::optional<trace::JsonWriter> writer_;  // Without an end, no file remains.
    std::uint64_t commits_ = 0, events_ = 0, records_ = 0, allocations_ = 0;
    std::vector<double> ns_per_commit_;
};

}  // namespace

int main(int count, char** words) {
    const int rounds = std::max(1, count > 1 ? std::atoi(words[1]) : 5);
    const tests::TemporaryFolder folder;
    std::deque<Contest> contests;
    for (const bench::Variant& variant : variants) contests.emplace_back(variant, folder);
    for (int round = 0; round < rounds; ++round) {
        for (Contest& contest : contests) contest.run_round();
    }
    for (Contest& contest : contests) contest.print();
    return 0;
}
