#include "analysis/check/checker_set.hpp"
#include "tests/support/anomalies.hpp"
#include "tests/support/random_scenario.hpp"
#include "tests/unit/network_world.hpp"

#include <map>
#include <string>

// What clients saw of real runs, made wrong in one place: every damage that breaks a guarantee is
// flagged wherever it strikes, from the clients' own records alone.

namespace test {

namespace {

using tests::Records;
using trace::Kind;
using trace::Record;

constexpr trace::KindSet visible = analysis::kind_set(
    {Kind::client_connected, Kind::client_expired, Kind::invoke, Kind::complete, Kind::fail});

Records seen_by_clients(const sim::Scenario& scenario, std::uint64_t seed) {
    sim::World world(std::make_shared<const sim::Scenario>(scenario), seed);
    Collector collector;
    trace::Outlets outlets;
    outlets.add(collector, visible);
    world.set_outlets(&outlets);
    world.run_until({scenario.duration.ns});
    world.finish();
    return collector.records();
}

bool is_flagged(const analysis::Ensemble& ensemble, const Records& records) {
    analysis::CheckerSet checkers(ensemble, trace::Level::operations);
    trace::RecordId id = 0;
    for (const Record& record : records) checkers.observe(record, id++);
    return !checkers.is_clean();
}

}  // namespace

TEST_CASE("what clients saw of a real run is flagged when it is made wrong in one place") {
    std::map<std::string, int> struck;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const sim::Scenario scenario = sim::sound(tests::random_scenario(seed));
        const analysis::Ensemble ensemble = ensemble_of(scenario);
        const Records good = seen_by_clients(scenario, seed);
        CHECK_FALSE(is_flagged(ensemble, good));
        for (const tests::Anomaly& anomaly : tests::client_anomalies()) {
            const std::vector<std::size_t> places = tests::places_of(good, anomaly.kind);
            for (std::size_t i = seed % 3; i < places.size(); i += 1 + places.size() / 6) {
                Records bad = good;
                if (!anomaly.damage(bad, places[i])) continue;
                INFO("seed ", seed, ", record ", places[i], ": ", std::string(anomaly.name));
                CHECK(is_flagged(ensemble, bad));
                ++struck[anomaly.name];
            }
        }
    }
    for (const tests::Anomaly& anomaly : tests::client_anomalies()) {
        INFO(std::string(anomaly.name));
        CHECK(struck[anomaly.name] >= 20);
    }
}

}  // namespace test
