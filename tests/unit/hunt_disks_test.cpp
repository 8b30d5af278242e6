#include "cli/hunt/trial.hpp"
#include "cli/loading.hpp"
#include "sim/chaos/chaos.hpp"

#include <doctest/doctest.h>

#include <algorithm>

// What a hunt makes of disks that fail, and of those that forget.

namespace cli {

namespace {

const std::string head =
    R"({"duration": "60s", "ensemble": {"voters": 3, "tick_time": "200ms",
        "election_connection_timeout": "1s", "max_notification_interval": "2s"},
        "clients": [{"count": 3, "session_timeout": "2s", "load": {"open": {"poisson": "30/s"}}}],
        "faults": [)";

TrialOutcome outcome_of(const std::string& faults) {
    const LoadedText out = load_text(head + faults + "]}", "test", {});
    for (const std::string& mistake : out.mistakes) MESSAGE(mistake);
    REQUIRE(out.loaded.has_value());
    const Trial trial{.scenario = out.loaded->scenario, .seed = 1};
    return try_out(trial, [] { return false; });
}

/// How many faults of this kind the seeds from 1 on draw.
std::size_t drawn(const std::string& chaos, const std::string& action) {
    std::size_t count = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const LoadedText out =
            load_text(R"({"duration": "60s", "chaos": )" + chaos + "}", "test", seed);
        REQUIRE(out.loaded.has_value());
        const auto& faults = out.loaded->scenario->faults;
        for (const sim::Fault& fault : faults) {
            if (action == "lie") count += fault.kind == sim::FaultKind::disk_lie ? 1 : 0;
            if (action == "error") count += fault.kind == sim::FaultKind::disk_error ? 1 : 0;
        }
    }
    return count;
}

}  // namespace

TEST_CASE("a hunt excuses what falls after a disk has forgotten what was synced, and says why") {
    const TrialOutcome lied = outcome_of(
        R"({"at": "3s", "disk_lie": 1}, {"at": "6s", "lasting": "1s", "power_loss": 1})");

    CHECK(lied.is_clean());
    CHECK(lied.recovery.outcome == Recovery::Outcome::excused);
    CHECK(lied.recovery.why.find("synced_survives") != std::string::npos);
}

TEST_CASE("a server that its disk keeps from starting is gone: the others must go on") {
    const std::string rot = R"({"at": "5s", "disk_corrupt": {"target": 1, "what": "record"}},
                               {"at": "6s", "lasting": "1s", "crash": 1})";
    const TrialOutcome one = outcome_of(rot);
    const TrialOutcome two = outcome_of(rot + R"(, {"at": "8s", "crash": 2})");

    CHECK(one.is_clean());
    CHECK(one.recovery.outcome == Recovery::Outcome::live);
    CHECK(two.is_clean());
    CHECK(two.recovery.outcome == Recovery::Outcome::excused);
}

TEST_CASE("an ensemble whose disks all fail for a while must come back") {
    for (const std::string fault : {"disk_error", "disk_full"}) {
        const TrialOutcome out =
            outcome_of(R"({"at": "5s", "lasting": "3s", ")" + fault + R"(": "all"})");
        CHECK(out.is_clean());
        CHECK(out.recovery.outcome == Recovery::Outcome::live);
    }
    CHECK(outcome_of(R"({"at": "5s", "disk_error": "all"})").recovery.outcome ==
          Recovery::Outcome::excused);
}

TEST_CASE("disks that forget are drawn only where chaos goes beyond the fault budget") {
    CHECK(drawn(R"({"off": "0%"})", "error") > 0);
    CHECK_EQ(drawn(R"({"off": "0%"})", "lie"), 0);
    CHECK(drawn(R"({"off": "0%", "beyond": true})", "lie") > 0);
    const LoadedText refused =
        load_text(R"({"chaos": {"families": ["lying"]}})", "test", std::uint64_t{1});
    REQUIRE_FALSE(refused.loaded.has_value());
    CHECK(refused.mistakes.front().find("beyond the fault budget") != std::string::npos);
}

TEST_CASE("only a minority forgets, whatever is drawn") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const LoadedText out = load_text(
            R"({"duration": "60s", "chaos": {"off": "0%", "beyond": true,
                "families": ["lying", "lost_writes", "lost_tail"]}})",
            "test", seed);
        REQUIRE(out.loaded.has_value());
        const sim::Scenario& scenario = *out.loaded->scenario;
        std::vector<zab::NodeId> forgetful;
        for (const sim::Fault& fault : scenario.faults) {
            if (fault.kind == sim::FaultKind::power_loss) continue;
            for (const zab::NodeId id : fault.target.servers) {
                if (std::find(forgetful.begin(), forgetful.end(), id) == forgetful.end()) {
                    forgetful.push_back(id);
                }
            }
        }
        CHECK(forgetful.size() <= (scenario.config.voters.size() - 1) / 2);
    }
}

}  // namespace cli
