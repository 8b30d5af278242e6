#include "tests/support/random_scenario.hpp"
#include "tests/support/recorded_history.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

// A smaller form of tests/campaign/histories.sh.

namespace tests {

TEST_CASE("a recorded history that is made bad in one place is flagged, with a short witness") {
    std::map<std::string, int> struck;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const History good = recorded(random_scenario(seed), seed, trace::Level::protocol);
        CHECK(judged(good.records, good.ensemble, trace::Level::protocol).is_clean());
        for (const Anomaly& anomaly : server_anomalies()) {
            const auto places = places_of(good.records, anomaly.kind);
            const std::size_t stride = 1 + places.size() / 3;
            for (std::size_t i = seed % stride; i < places.size(); i += stride) {
                const Outcome outcome =
                    judge_damaged(good, anomaly, places[i], trace::Level::protocol);
                INFO("seed ", seed, ", record ", places[i], ", ", std::string(anomaly.name));
                CHECK(outcome.complaint == "");
                struck[anomaly.name] += outcome.was_struck ? 1 : 0;
            }
        }
    }
    for (const Anomaly& anomaly : server_anomalies()) {
        INFO(std::string(anomaly.name));
        CHECK(struck[anomaly.name] > 0);
    }
}

}  // namespace tests
