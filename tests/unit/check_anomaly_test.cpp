#include "tests/support/anomalies.hpp"
#include "tests/unit/check_model.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <iterator>
#include <map>
#include <string>

namespace analysis {

namespace {

using tests::Records;

Model model_of(std::uint64_t seed) {
    Model model(seed, seed % 2 == 0 ? 3 : 5, seed % 4 == 0 ? 1 : 0);
    model.run(4000);
    return model;
}

bool is_flagged(const Model& model, const Records& records) {
    CheckerSet checkers(model.ensemble());
    feed(checkers, records);
    return !checkers.is_clean();
}

}  // namespace

TEST_CASE("damage that breaks a property is flagged wherever it strikes") {
    std::map<std::string, int> struck;
    for (std::uint64_t seed = 2; seed < 42; ++seed) {
        const Model model = model_of(seed);
        for (const tests::Anomaly& anomaly : tests::server_anomalies()) {
            const auto places = tests::places_of(model.records(), anomaly.kind);
            for (std::size_t i = seed % 3; i < places.size(); i += 1 + places.size() / 5) {
                Records records = model.records();
                if (!anomaly.damage(records, places[i])) continue;
                CAPTURE(seed);
                CAPTURE(std::string(anomaly.name));
                CAPTURE(places[i]);
                CHECK(is_flagged(model, records));
                ++struck[anomaly.name];
            }
        }
    }
    for (const tests::Anomaly& anomaly : tests::server_anomalies()) {
        CAPTURE(std::string(anomaly.name));
        CHECK(struck[anomaly.name] >= 20);
    }
}

/// Most removals of a record break nothing that a trace could show (an ack less, a later sync): the
/// share that is flagged is a measure of how tight the net is, printed and held from below.
TEST_CASE("a good share of all removed, repeated or exchanged records is noticed") {
    std::map<std::string, std::pair<int, int>> noticed;
    for (std::uint64_t seed = 2; seed < 22; ++seed) {
        const Model model = model_of(seed);
        for (std::size_t i = 10 + seed; i + 1 < model.records().size(); i += 97) {
            const std::string kind(trace::row(model.records()[i].kind()).name);
            for (int what = 0; what < 3; ++what) {
                Records records = model.records();
                const auto place = std::next(records.begin(), static_cast<std::ptrdiff_t>(i));
                if (what == 0) records.erase(place);
                if (what == 1) records.insert(place, model.records()[i]);
                if (what == 2) std::swap(records[i], records[i + 1]);
                auto& [flagged, all] = noticed[kind + (what == 0   ? " removed"
                                                       : what == 1 ? " repeated"
                                                                   : " exchanged")];
                flagged += is_flagged(model, records) ? 1 : 0;
                ++all;
            }
        }
    }
    int flagged = 0;
    int all = 0;
    for (const auto& [name, counts] : noticed) {
        flagged += counts.first;
        all += counts.second;
        if (std::getenv("CHECK_RATES") == nullptr) continue;
        MESSAGE(name, ": ", counts.first, " of ", counts.second);
    }
    MESSAGE(flagged, " of ", all, " random anomalies are noticed");
    CHECK(flagged * 10 > all * 3);
}

}  // namespace analysis
