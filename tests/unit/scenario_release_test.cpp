#include "sim/world/world.hpp"
#include "tests/unit/scenario_script.hpp"

#include <fmt/format.h>

/// Releases, defects and quorum groups, from a scenario's text to what a world does with them.
namespace sim {

namespace {

/// Server 3 is ahead of server 2 and needs it; server 1 is down. The learner's main thread needs
/// about as long for its next step as an fsync takes, or longer.
std::string lagging_follower(std::string_view release) {
    return fmt::format(R"({{
        "name": "lagging", "why": "test", "duration": "12s", "release": {},
        "ensemble": {{ "voters": 3, "tick_time": "2s", "init_limit": 10, "sync_limit": 5 }},
        "network": {{ "delay": "2ms" }},
        "cpu": {{ "election": {{ "uniform": {{ "min": "100us", "max": "3ms" }} }} }},
        "disk": {{ "sync": {{ "bimodal": {{ "fast": "300us", "slow": "4ms",
                                            "slow_share": "50%" }} }} }},
        "start": {{ "servers": {{ "1": {{ "down": true }},
                                  "2": {{ "history": ["1:1-1:3"] }},
                                  "3": {{ "history": ["1:1-1:8"] }} }} }} }})",
                       release);
}

/// In how many of some seeds nobody is served within 8 s.
int stalls_on(std::string_view release) {
    const auto scenario = std::make_shared<const Scenario>(sound(lagging_follower(release)));
    int stalls = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        World world(scenario, seed);
        world.run_until({zab::seconds(8).ns});
        stalls += world.leader().has_value() ? 0 : 1;
    }
    return stalls;
}

}  // namespace

TEST_CASE("a release is chosen by its name, or with defects planted into it") {
    const Scenario measured = sound(R"({ "release": "3.8.0" })");
    CHECK(measured.release == "3.8.0");
    CHECK((measured.config.release.new_leader == zab::NewLeaderStep::async_log));

    const Scenario planted =
        sound(R"({ "release": { "base": "fixed", "defects": ["3911", "4712"] } })");
    CHECK(planted.release == "fixed+3911+4712");
    CHECK((planted.config.release.new_leader == zab::NewLeaderStep::lazy));
    CHECK((planted.config.release.log == zab::LogAtShutdown::left_running));

    CHECK(sound("{}").config.release == zab::Release{});
    CHECK(mistakes(R"({ "release": "3.8" })").find("3.8.0") != std::string::npos);
    CHECK(mistakes(R"({ "release": { "defects": ["1"] } })").find("3911") != std::string::npos);
}

TEST_CASE("every release differs from the next newer one, and every defect from the repaired one") {
    const auto releases = zab::releases();
    REQUIRE(releases.size() == 8);
    CHECK(releases.front().name == "fixed");
    for (std::size_t i = 1; i < releases.size(); ++i) {
        const bool is_same_code = releases[i].name == "3.8.0";  // As 3.9.1 in all that is modelled.
        CHECK((zab::release_named(releases[i].name) == zab::release_named(releases[i - 1].name)) ==
              is_same_code);
    }
    for (const zab::ReleaseName& defect : zab::defects()) {
        INFO(defect.name);
        CHECK_FALSE((zab::with_defect(zab::Release{}, defect.name) == zab::Release{}));
    }
}

TEST_CASE("fact 4: a restart with a lagging follower can stall for 10 s on 3.8.0, and was mended") {
    const int stalls = stalls_on("\"3.8.0\"");
    CHECK(stalls > 0);
    CHECK(stalls < 20);
    for (const char* repaired : {"\"3.9.3\"", "\"master\"", "\"fixed\""}) {
        INFO(repaired);
        CHECK(stalls_on(repaired) == 0);
    }
}

TEST_CASE("voters in groups decide by the majority of the groups") {
    const Scenario scenario = sound(R"({
        "duration": "3s",
        "ensemble": { "voters": 5, "groups": [[1, 2, 3], [4, 5]], "weights": { "4": 0, "5": 0 } },
        "start": { "servers": { "3": { "down": true } } } })");
    CHECK(scenario.config.groups.groups.size() == 2);

    // Server 5 would lead by its number; it weighs nothing. Two of three are enough, without 3.
    World world(std::make_shared<const Scenario>(scenario), 1);
    world.run_until({zab::seconds(3).ns});

    REQUIRE(world.leader().has_value());
    CHECK(world.servers()[*world.leader()].id == zab::NodeId{2});
}

TEST_CASE("groups that are no partition of the voters are refused") {
    const auto groups = [](const char* keys) {
        return mistakes(fmt::format(R"({{ "ensemble": {{ "voters": 3, {} }} }})", keys));
    };
    CHECK(groups(R"("groups": [[1, 2], [2, 3]])").find("two groups") != std::string::npos);
    CHECK(groups(R"("groups": [[1, 2]])").find("voter 3 is in no group") != std::string::npos);
    CHECK(groups(R"("groups": [[1, 2, 3, 4]])").find("4 is no voter") != std::string::npos);
    CHECK(groups(R"("weights": { "7": 1 })").find("7 is no voter") != std::string::npos);
    CHECK(groups(R"("weights": { "1": 0, "2": 0, "3": 0 })").find("no quorum is possible") !=
          std::string::npos);
}

TEST_CASE("weights without groups make one group of all voters") {
    const Scenario scenario = sound(R"({ "ensemble": { "voters": 3, "weights": { "1": 5 } } })");
    REQUIRE(scenario.config.groups.groups.size() == 1);
    const zab::Quorum quorum(scenario.config.voters, scenario.config.groups);
    CHECK(quorum.is_quorum_where([](zab::NodeId id) { return id.value == 1; }));
    CHECK_FALSE(quorum.is_quorum_where([](zab::NodeId id) { return id.value != 1; }));
}

}  // namespace sim
