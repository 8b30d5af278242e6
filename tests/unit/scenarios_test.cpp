#include "analysis/check/checker_set.hpp"
#include "analysis/metric/cost_check.hpp"
#include "sim/trace/record_table.hpp"
#include "sim/world/behaviour.hpp"
#include "sim/world/world.hpp"
#include "tests/support/golden_hashes.hpp"
#include "tests/support/random_scenario.hpp"
#include "tests/unit/scenario_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>

// Whole runs: every shipped scenario, and random ones, are clean, reproducible and as they were.

namespace sim {

namespace {

namespace fs = std::filesystem;

/// What a run came to.
struct Result {
    std::uint64_t hash = 0;
    std::uint64_t records = 0;
    std::string violations;  ///< Empty: none.
    std::string offences;    ///< Empty: every record's costs add up.
    std::string text() const { return fmt::format("0x{:016x} {}", hash, records); }
};

std::string violations_of(const analysis::CheckerSet& checkers) {
    std::string text;
    for (const analysis::Violation& found : checkers.violations()) {
        text += fmt::format("{} at record {} ({} ns) of server {}: {}\n", found.property,
                            found.record, found.time.ns, found.node.value, found.explanation);
    }
    return text;
}

std::string offences_of(const analysis::CostCheck& costs) {
    std::string text;
    if (costs.first_offence()) {
        const auto& first = *costs.first_offence();
        text += fmt::format("costs do not add up {} times, first at record {} ({}): {}\n",
                            costs.offences(), first.id, trace::row(first.record.kind()).name,
                            first.reason);
    }
    if (costs.unchecked() > 0) {
        text += fmt::format("the costs of {} records could not be checked\n", costs.unchecked());
    }
    return text;
}

/// Runs to the end, watched by every checker.
Result run_checked(const Scenario& scenario, std::uint64_t seed) {
    const auto shared = std::make_shared<const Scenario>(scenario);
    analysis::Ensemble ensemble;
    ensemble.release = scenario.release;
    for (const ServerSpec& server : scenario.servers) {
        (server.voter ? ensemble.voters : ensemble.observers).push_back(server.id);
    }
    ensemble.groups = scenario.config.groups;
    if (scenario.protocol == Protocol::textbook) ensemble.protocol = analysis::Protocol::textbook;
    analysis::CheckerSet checkers(ensemble);
    analysis::CostCheck costs;
    trace::Outlets outlets;
    outlets.add(checkers, checkers.kinds());
    outlets.add(costs, analysis::CostCheck::kinds);
    World world(shared, seed);
    world.set_outlets(&outlets);
    world.run_until({scenario.duration.ns});
    world.finish();
    return {world.recorder().hash().value, world.recorder().next_id(), violations_of(checkers),
            offences_of(costs)};
}

/// Runs to the end with nobody watching.
std::uint64_t hash_of_run(const Scenario& scenario, std::uint64_t seed) {
    World world(std::make_shared<const Scenario>(scenario), seed);
    world.run_until({scenario.duration.ns});
    world.finish();
    return world.recorder().hash().value;
}

/// The shipped scenarios, by their names below scenarios/. Profiles run nothing by themselves.
std::map<std::string, Scenario> shipped() {
    const fs::path folder = source_folder() / "scenarios";
    std::map<std::string, Scenario> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string name = fs::relative(entry.path(), folder).generic_string();
        if (entry.path().extension() != ".json" || name == "scenario.schema.json" ||
            name.starts_with("profiles/")) {
            continue;
        }
        const LoadResult loaded = load_scenario(entry.path().string());
        for (const std::string& mistake : loaded.mistakes) FAIL_CHECK(mistake);
        REQUIRE(loaded.scenario.has_value());
        all[name] = *loaded.scenario;
    }
    return all;
}

/// Halves of pairs and bugs show what goes wrong: textbook_world_test.cpp and bugs_test.cpp say
/// what.
bool shows_harm(const std::string& name) {
    return name.ends_with("-textbook.json") || name.starts_with("bugs/") ||
           name.starts_with("assumptions/");
}

/// The first two seconds of load, as shipped.
Scenario beginning(Scenario scenario) {
    zab::Duration start = zab::seconds(0);
    for (const ClientGroup& group : scenario.clients) start = std::max(start, group.start);
    scenario.duration = std::min(scenario.duration, start + zab::seconds(2));
    scenario.warm_up = {};
    return scenario;
}

/// The whole story with its faults, under a load that costs little.
Scenario thinned(Scenario scenario) {
    for (ClientGroup& group : scenario.clients) {
        group.count = std::min(group.count, 8u);
        if (auto* closed = std::get_if<ClosedLoad>(&group.load)) {
            closed->outstanding = std::min(closed->outstanding, 2u);
            closed->think_time = std::max(closed->think_time, zab::milliseconds(150));
        } else {
            auto& open = std::get<OpenLoad>(group.load);
            open.mean_interval = std::max(open.mean_interval, zab::milliseconds(50));
        }
    }
    return scenario;
}

const fs::path& golden_file() {
    static const fs::path path = source_folder() / "tests/golden/hashes.txt";
    return path;
}

void check_hashes(const std::map<std::string, std::string>& found) {
    const bool rewrites = std::getenv("GOLDEN_REWRITE") != nullptr;
    const std::string reason = tests::settle(golden_file(), {behaviour, found}, rewrites);
    CHECK_MESSAGE(reason.empty(), reason);
}

/// The seeds of the random scenarios: ZABSIM_SEEDS=FIRST..LAST, or the first thousand.
std::pair<std::uint64_t, std::uint64_t> random_seeds() {
    const char* const text = std::getenv("ZABSIM_SEEDS");
    if (text == nullptr) return {1, 1'000};
    char* rest = nullptr;
    const std::uint64_t first = std::strtoull(text, &rest, 10);
    REQUIRE(std::string(rest).starts_with(".."));
    return {first, std::strtoull(rest + 2, nullptr, 10)};
}

}  // namespace

TEST_CASE("every shipped scenario is clean, costs add up, and a second run is the same") {
    const std::map<std::string, Scenario> all = shipped();
    CHECK(all.size() >= 14);
    std::map<std::string, std::string> hashes;

    for (const auto& [name, scenario] : all) {
        const std::pair<const char*, Scenario> cuts[] = {{"beginning", beginning(scenario)},
                                                         {"thinned", thinned(scenario)}};
        for (const auto& [how, cut] : cuts) {
            const std::string run = fmt::format("{}:{}", name, how);
            const Result result = run_checked(cut, 1);
            CHECK_MESSAGE((shows_harm(name) || result.violations.empty()),
                          run << ": " << result.violations);
            CHECK_MESSAGE(result.offences.empty(), run << ": " << result.offences);
            CHECK_MESSAGE(hash_of_run(cut, 1) == result.hash, run);
            hashes[run] = result.text();
        }
    }

    check_hashes(hashes);
}

TEST_CASE("random scenarios are clean, and costs add up") {
    const auto [first, last] = random_seeds();
    const bool is_campaign = std::getenv("ZABSIM_SEEDS") != nullptr;

    for (std::uint64_t seed = first; seed <= last; ++seed) {
        if (is_campaign) {  // tests/campaign/seeds.sh: what runs when it dies, how far it is.
            std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
            std::fflush(stdout);
        }
        const std::string text = tests::random_scenario(seed);
        const LoadResult loaded = load_scenario_text(text, "random.json");
        for (const std::string& mistake : loaded.mistakes) FAIL_CHECK(mistake << '\n' << text);
        if (!loaded.scenario) continue;
        const Result result = run_checked(*loaded.scenario, seed);
        const std::string trouble = result.violations + result.offences;
        CHECK_MESSAGE(trouble.empty(), "seed " << seed << ": " << trouble << text);
    }
}

}  // namespace sim
