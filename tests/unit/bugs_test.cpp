#include "tests/unit/network_world.hpp"

#include <iterator>
#include <set>
#include <string>
#include <vector>

// ZooKeeper's known bugs and broken assumptions as whole runs: what scenarios/bugs and
// scenarios/assumptions tell happens on every seed with the defect and on a release that has it;
// under the same faults nothing happens once it is repaired.

namespace test {

namespace {

constexpr std::uint64_t seeds = 20;

/// Beside the properties that are checked in every run, what a run may lack at its end.
constexpr const char* a_leader = "a leader";
constexpr const char* equal_trees = "equal trees of equal histories";

sim::Scenario story(const std::string& name, const std::vector<sim::Override>& sets) {
    const auto file = sim::source_folder() / "scenarios" / (name + ".json");
    const sim::LoadResult loaded = sim::load_scenario(file.string(), sets);
    for (const std::string& mistake : loaded.mistakes) FAIL_CHECK(mistake);
    REQUIRE(loaded.scenario.has_value());
    return *loaded.scenario;
}

/// Path by path, where tree_agreement goes by digests.
bool has_equal_trees(const sim::World& world) {
    const zab::Database& leading = world.servers()[*world.leader()].peer.server().database;
    for (const sim::ServerNode& server : world.servers()) {
        const zab::Database& other = server.peer.server().database;
        if (!server.up || !(other.position() == leading.position())) continue;
        if (other.tree().paths() != leading.tree().paths()) return false;
        std::size_t left = leading.tree().paths();
        for (zab::PathId path = 0; left > 0; ++path) {
            const zab::Zxid writer = leading.tree().last_writer(path);
            if (other.tree().last_writer(path) != writer) return false;
            left -= writer == zab::Zxid{} ? 0u : 1u;
        }
    }
    return true;
}

/// How many stories a folder holds: none may be left untold here.
std::size_t stories_in(const char* folder) {
    std::size_t count = 0;
    const auto path = sim::source_folder() / "scenarios" / folder;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
        count += entry.path().extension() == ".json" ? 1u : 0u;
    }
    return count;
}

/// The properties that a run violates, and what it lacks at its end. Every fault must strike:
/// else the run is not the story.
std::set<std::string> fallen(const sim::Scenario& scenario, std::uint64_t seed) {
    sim::World world(std::make_shared<const sim::Scenario>(scenario), seed);
    Collector skipped;
    analysis::CheckerSet checkers(ensemble_of(scenario));
    trace::Outlets outlets;
    outlets.add(checkers, checkers.kinds());
    outlets.add(skipped, trace::kind_bit(trace::Kind::fault_skipped));
    world.set_outlets(&outlets);
    world.run_until({scenario.duration.ns});
    world.finish();

    CHECK(skipped.records().empty());
    std::set<std::string> names;
    for (const analysis::Violation& violation : checkers.violations()) {
        names.insert(violation.property);
    }
    if (!world.leader().has_value()) {
        names.insert(a_leader);
    } else if (!has_equal_trees(world)) {
        names.insert(equal_trees);
    }
    return names;
}

std::string listed(const std::set<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += name + ", ";
    return text;
}

/// In how many of some seeds this falls.
std::uint64_t seeds_without(const std::string& property, const sim::Scenario& scenario) {
    std::uint64_t count = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        const std::set<std::string> names = fallen(scenario, seed);
        count += names.contains(property) ? 1u : 0u;
    }
    return count;
}

void check_clean_on_every_seed(const sim::Scenario& scenario) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        const std::set<std::string> names = fallen(scenario, seed);
        CHECK_MESSAGE(names.empty(), listed(names));
    }
}

}  // namespace

TEST_CASE("each bug of ZooKeeper happens with its defect and on its release, and not on fixed") {
    struct Bug {
        const char* name;
        const char* release;  ///< One that is modelled and has it; none: it is older.
        const char* falls;
    };
    const Bug bugs[] = {
        {"1154", "", "log_matching"},
        {"2832", "3.4.10", "no_resurrected"},
        {"2845", "3.4.10", "log_matching"},
        {"3104", "3.4.10", "tree_agreement"},
        {"3642", "3.4.10", "log_matching"},
        {"3911", "3.4.10", "leader_completeness"},
        {"4394", "3.8.0", "log_continuity"},
        {"4643", "3.8.0", "leader_completeness"},
        {"4646", "3.8.0", "leader_completeness"},
        {"4685", "3.8.0", a_leader},
        {"4712", "3.8.0", "log_matching"},
        {"4785", "3.9.1", "leader_completeness"},
        {"trunc-next-record", "master", "agreement"},
        {"unsynced-snapshot", "master", "ack_validity"},
    };
    CHECK(stories_in("bugs") == std::size(bugs));
    for (const Bug& bug : bugs) {
        const std::string file = std::string("bugs/") + bug.name;
        CAPTURE(file);
        const sim::Scenario planted = story(file, {});

        CHECK(planted.release == std::string("fixed+") + bug.name);
        CHECK(seeds_without(bug.falls, planted) == seeds);
        if (*bug.release != '\0') {
            CHECK(seeds_without(bug.falls, story(file, {{"release", bug.release}})) == seeds);
        }
        check_clean_on_every_seed(story(file, {{"release", "fixed"}}));
    }
}

TEST_CASE("a disk that lies makes a quorum elect a leader without what clients were told") {
    const std::string file = "assumptions/lying-disk";

    CHECK(seeds_without("synced_survives", story(file, {})) == seeds);
    CHECK(seeds_without("leader_completeness", story(file, {})) == seeds);
    check_clean_on_every_seed(story(file, {{"faults.0.at", "19s"}}));
}

TEST_CASE("without fsync a power cut takes what clients were told, and a killed process does not") {
    const std::string file = "assumptions/no-force-sync";

    for (const char* const property : {"synced_survives", "leader_completeness"}) {
        CHECK(seeds_without(property, story(file, {})) == seeds);
    }
    check_clean_on_every_seed(story(file, {{"disk.force_sync", "true"}}));
    const char* const killed = R"([{"at": "3s", "lasting": "2s", "crash": 3},
                                   {"at": "8s", "lasting": "1s", "crash": [1, 2, 3]}])";
    check_clean_on_every_seed(story(file, {{"faults", killed}}));
}

TEST_CASE("where half of the voters decides, two halves lead one epoch and mix their histories") {
    const std::string file = "assumptions/half-quorums";

    CHECK(seeds_without("one_leader_per_epoch", story(file, {})) == seeds);
    for (const char* const property : {"agreement", "commit_order"}) {
        CHECK(seeds_without(property, story(file, {})) > seeds / 2);
    }
    check_clean_on_every_seed(story(file, {{"ensemble.half_decides", "false"}}));
}

TEST_CASE("each assumption of Zab that is taken away takes a property with it") {
    const char* const studies[] = {"loss", "duplicates", "reorder"};
    CHECK(stories_in("assumptions") == std::size(studies) + 3);  // Of disks, of quorums.
    for (const char* const missing : studies) {
        const std::string file = std::string("assumptions/datagram-") + missing;
        CAPTURE(file);

        CHECK(seeds_without("log_continuity", story(file, {})) > seeds / 2);
        check_clean_on_every_seed(story(file, {{"transport", "stream"}, {"network", "{}"}}));
    }
}

}  // namespace test
