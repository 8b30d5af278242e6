// Committed transactions per cpu second, in the forms in which the design's goals are stated: five
// servers, a hundred requests outstanding, trace off. One line a variant; ratios of two lines of
// one run mean something on a noisy machine, seconds do not.

#include "analysis/check/checker_set.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/world/world.hpp"
#include "tests/support/allocation_counter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr const char* workload = R"({
  "name": "bench", "duration": "1000s", "ensemble": { "voters": 5 },
  "network": { "delay": { "uniform": { "min": "500us", "max": "600us" } }, "bandwidth": "1Gbit/s" },
  "disk": { "sync": "1ms" }, "hosts": { "default": { "cores": 8 } },
  "cpu": { "preset": "zero", "io": "4us", "request": "5us", "learner": "3us", "handler": "3us",
           "sender": "2us", "append": "3us", "commit": "4us", "election": "20us",
           "wake_up": "5us" },
  "clients": [ { "count": 100, "payload": "1KiB", "paths": { "uniform": { "count": 1024 } } } ]
})";

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Variant {
    const char* name;
    bool has_cpu_costs;
    bool has_checkers;
};

constexpr Variant variants[] = {
    {"cpu model, checkers", true, true},
    {"cpu model", true, false},
    {"zero-cost cpu, checkers", false, true},
    {"zero-cost cpu", false, false},
};

struct Figures {
    double ns_per_commit = 0;
    double events_per_commit = 0;
    double records_per_commit = 0;
    double allocations_per_commit = 0;
};

std::shared_ptr<const sim::Scenario> scenario_of(const Variant& variant) {
    std::vector<sim::Override> sets;
    if (!variant.has_cpu_costs) {
        sets.push_back({"cpu", "zero"});
    }
    sim::LoadResult loaded = sim::load_scenario_text(workload, "bench", sets);
    return std::make_shared<const sim::Scenario>(std::move(*loaded.scenario));
}

Figures measure(const Variant& variant) {
    const auto scenario = scenario_of(variant);
    sim::World world(scenario, 1);
    analysis::CheckerSet checkers(
        analysis::Ensemble{scenario->config.voters, {}, scenario->release, {}});
    trace::Outlets outlets;
    if (variant.has_checkers) {
        outlets.add(checkers, checkers.kinds());
    }
    world.set_outlets(&outlets);
    const auto commits = [&world] {
        return static_cast<double>(
            world.recorder().counts()[static_cast<std::size_t>(trace::Kind::commit)]);
    };
    world.run_until({zab::seconds(8).ns});  // Warm: every ring and log has its working size.
    const double commits_before = commits();
    const auto events_before = static_cast<double>(world.events());
    const auto records_before = static_cast<double>(world.recorder().next_id());
    const auto allocations_before = static_cast<double>(tests::allocations());
    const double before = cpu_seconds();
    world.run_until({zab::seconds(12).ns});
    const double seconds = cpu_seconds() - before;
    const double done = commits() - commits_before;
    return {seconds * 1e9 / done, (static_cast<double>(world.events()) - events_before) / done,
            (static_cast<double>(world.recorder().next_id()) - records_before) / done,
            (static_cast<double>(tests::allocations()) - allocations_before) / done};
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main() {
    constexpr int rounds = 5;
    for (const Variant& variant : variants) {
        std::vector<double> times;
        Figures last;
        for (int round = 0; round < rounds; ++round) {
            last = measure(variant);
            times.push_back(last.ns_per_commit);
        }
        fmt::print(
            "{:<26} {:>7.0f} ns/commit (median of {}), {:>9.0f} commits per cpu second, "
            "{:.1f} events, {:.1f} records, {:.4f} allocations a commit\n",
            variant.name, median(times), rounds, 1e9 / median(times), last.events_per_commit,
            last.records_per_commit, last.allocations_per_commit);
    }
    return 0;
}
