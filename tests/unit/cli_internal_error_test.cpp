#include "cli/internal_error.hpp"
#include "sim/scenario/loader.hpp"
#include "tests/unit/cli_script.hpp"

#include <doctest/doctest.h>

namespace cli {

TEST_CASE("a failed ensure tells seed, time, the last records and how to reproduce it") {
    sim::LoadResult loaded = sim::load_scenario_text(tiny, "tiny.json");
    REQUIRE(loaded.scenario.has_value());
    const auto scenario = std::make_shared<const sim::Scenario>(std::move(*loaded.scenario));
    const zab::Instant end = zab::Instant{} + zab::milliseconds(500);
    const InternalErrorGuard guard;
    std::string report;

    try {
        ActivityScope activity({scenario, 42, end, "zabsim run tiny.json --seed 42"});
        sim::World world(scenario, 42);
        activity.set_world(&world);
        world.run_until(end);
        zab::ensure(false, "planted by the test");
    } catch (const InternalError& error) {
        report = crash_report(error, "zabsim of the test");
    }

    CAPTURE(report);
    const auto has = [&report](const std::string& text) {
        return report.find(text) != std::string::npos;
    };
    CHECK(has("internal error: planted by the test"));
    CHECK(has("scenario tiny, seed 42, simulated time 0.500 s"));
    CHECK(has("last records:\n    {\"id\":"));
    CHECK(has("reproduce   zabsim run tiny.json --seed 42\n"));
    CHECK(has("zabsim of the test"));
}

TEST_CASE("the handler is the caller's again when a command is over") {
    const zab::EnsureHandler before = zab::set_ensure_handler(nullptr);
    call({"--version"});
    call({"schema", "trace"});

    const bool is_given_back = zab::set_ensure_handler(before) == nullptr;
    CHECK(is_given_back);
}

}  // namespace cli
