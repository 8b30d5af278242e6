#include "analysis/check/checker_set.hpp"
#include "analysis/metric/cost_check.hpp"
#include "analysis/metric/summarizer.hpp"
#include "tests/unit/network_world.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

// The simplified protocol in the whole world: what its traces, summaries and verdicts say, and what
// goes wrong with it where Zab holds.

namespace test {

namespace {

using enum trace::Kind;

sim::Scenario shipped(const std::string& name) {
    const auto file = sim::source_folder() / "scenarios/textbook" / (name + ".json");
    const sim::LoadResult loaded = sim::load_scenario(file.string());
    for (const std::string& mistake : loaded.mistakes) FAIL_CHECK(mistake);
    REQUIRE(loaded.scenario.has_value());
    return *loaded.scenario;
}

/// Three nodes, some clients that write and read, and whatever else the members say.
sim::Scenario lesson(const std::string& duration, const std::string& rest) {
    return sim::sound(R"({"duration": ")" + duration +
                      R"(", "protocol": "textbook", "ensemble": {"voters": 3},
        "network": {"delay": "250us"}, )" +
                      rest + "}");
}

constexpr const char* writers = R"("clients": [{"count": 3}])";

/// The names of the properties that a run violates.
std::set<std::string> broken(const sim::Scenario& scenario, std::uint64_t seed) {
    sim::World world(std::make_shared<const sim::Scenario>(scenario), seed);
    analysis::CheckerSet checkers(ensemble_of(scenario));
    trace::Outlets outlets;
    outlets.add(checkers, checkers.kinds());
    world.set_outlets(&outlets);
    world.run_until({scenario.duration.ns});
    world.finish();
    std::set<std::string> names;
    for (const analysis::Violation& violation : checkers.violations()) {
        names.insert(violation.property);
        CHECK(!violation.witness.empty());  // The chain of causes begins somewhere.
    }
    return names;
}

analysis::Summary summary_of(const Run& run) {
    analysis::Summarizer summarizer({.warm_up = {}, .voters = run.scenario->config.voters});
    for (const trace::Record& record : run.records) {
        if ((analysis::Summarizer::kinds & trace::kind_bit(record.kind())) != 0) {
            summarizer.observe(record, 0);
        }
    }
    return summarizer.finish({run.scenario->duration.ns});
}

}  // namespace

TEST_CASE("textbook: each pair of scenarios breaks its property, and Zab holds under its faults") {
    struct Pair {
        const char* name;
        const char* property;
    };
    const Pair pairs[] = {
        {"greatest-id", "agreed_commands_kept"},     {"two-leaders", "one_leader"},
        {"late-leader-message", "no_former_leader"}, {"read-before-agreed", "agreed_replies"},
        {"reordered-command", "same_commands"},
    };
    constexpr std::uint64_t seeds = 20;  // tests/campaign/textbook.sh takes a thousand.
    for (const Pair& pair : pairs) {
        CAPTURE(pair.name);
        const sim::Scenario taught = shipped(pair.name + std::string("-textbook"));
        const sim::Scenario zab = shipped(pair.name + std::string("-zab"));
        CHECK(taught.faults == zab.faults);
        CHECK(taught.clients == zab.clients);
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
            CAPTURE(seed);
            CHECK(broken(taught, seed).contains(pair.property));
            CHECK(broken(zab, seed).empty());
        }
    }
}

TEST_CASE("textbook: code's first use costs a node time as it does everybody") {
    const auto longest_step = [](const char* first_use, std::int64_t from, std::int64_t to) {
        const Run done = run(lesson("4s", R"("cpu": {"preset": "zero", "first_use": ")" +
                                              std::string(first_use) + R"("}, )" + writers));
        CHECK(done.violations.empty());
        CHECK(done.count(command_executed) > 1'000);
        std::uint32_t longest = 0;
        for (const trace::Record& r : done.all(receive, between(from, to))) {
            longest = std::max(longest, r.service_ns());
        }
        return longest;
    };
    CHECK_EQ(longest_step("0s", 0, 4), 0);
    CHECK(longest_step("1ms", 0, 4) >= 500'000);
    CHECK_EQ(longest_step("1ms", 3, 4), 0);
}

TEST_CASE("textbook: two leaders give the same ids away, and servers execute different commands") {
    const std::set<std::string> found = broken(shipped("two-leaders-textbook"), 1);
    CHECK(found.contains("unique_commands"));
    CHECK(found.contains("same_commands"));
}

TEST_CASE("textbook: a command that no leader has sent is executed and shown by nobody") {
    analysis::Ensemble ensemble{.voters = {{1}, {2}, {3}}};
    ensemble.protocol = analysis::Protocol::textbook;
    analysis::CheckerSet checkers(ensemble);
    const trace::Record::Fields of_first{.node = {1}, .a = 1, .b = 7};
    const auto observe = [&](trace::Kind kind, trace::RecordId id, trace::Record::Fields fields) {
        fields.kind = kind;
        checkers.observe(trace::Record(fields), id);
    };
    observe(command_sent, 0, of_first);
    observe(command_executed, 1, of_first);
    observe(command_agreed, 2, of_first);
    const auto detail = static_cast<std::uint16_t>(trace::Operation::get);
    observe(trace::Kind::invoke, 3, {.node = {1}, .detail = detail, .c = 1});
    CHECK(checkers.is_clean());

    observe(command_executed, 4, {.node = {2}, .a = 2, .b = 8, .c = 1});
    observe(trace::Kind::complete, 5, {.node = {1}, .detail = detail, .a = 9, .c = 1});

    CHECK(checkers.violation_count("same_commands") == 1);
    CHECK(checkers.violation_count("agreed_replies") == 1);
}

TEST_CASE("textbook: a trace shows every id, every comparison, and the vote table as it fills") {
    const Run done = run(lesson("4s", writers));

    CHECK(done.violations.empty());
    CHECK(done.count(leader_compared) >= 6);  // Three nodes hear of two others each.
    CHECK(done.count(leader_declared, at_server(3)) == 1);
    const auto sent = done.all(command_sent);
    REQUIRE(sent.size() > 1'000);
    for (std::size_t i = 0; i < sent.size(); ++i) CHECK(sent[i].a() == i + 1);
    for (const trace::Record& agreed : done.all(command_agreed)) {
        if (agreed.a() % 100 != 1) continue;  // A sample: each look goes through all records.
        const Run::Wanted of_it = [&](const trace::Record& r) { return r.a() == agreed.a(); };
        CHECK(done.count(command_compared, of_it) == 2);
        CHECK(done.count(command_executed, of_it) == 3);
        const auto votes = done.all(vote_compared, of_it);
        REQUIRE(votes.size() == 2);
        CHECK(votes[0].c() == 2);  // With the leader's own: more than half of three.
        CHECK(votes[0].detail() == 1);
    }
    CHECK(done.count(receive, [](const trace::Record& r) {
        return r.detail() == static_cast<std::uint16_t>(zab::MessageKind::telegram);
    }) > 4 * sent.size());
}

TEST_CASE("textbook: the summary tells election time, votes per command and notification delay") {
    const Run done = run(lesson("6s", R"("clients": [
        {"name": "administrator", "count": 1, "start": "2s", "paths": {"uniform": {"count": 1}},
         "load": {"closed": {"think_time": "100ms"}}},
        {"name": "applications", "count": 6, "watch": true, "start": "2s"}],
        "faults": [{"at": "3s", "crash": 3}])"));
    const analysis::Summary summary = summary_of(done);
    const analysis::TextbookSummary& textbook = summary.textbook;

    CHECK(textbook.elections.count() == 2);
    CHECK(textbook.elections.max() >= zab::milliseconds(500));  // The wait for a greater id.
    CHECK(textbook.elections.max() < zab::seconds(1));
    CHECK(textbook.commands_agreed > 20);
    CHECK(textbook.votes_counted == 2 * textbook.commands_agreed);
    CHECK(textbook.notifications.count() > 6 * 10);
    CHECK(*textbook.notifications.min() >= zab::microseconds(250));
    CHECK(*textbook.notifications.max() < zab::milliseconds(50));
    CHECK(summary.commits == textbook.commands_agreed);
    REQUIRE(summary.reigns.size() == 2);
    CHECK(summary.reigns[0].leader.value == 3);
    CHECK(summary.reigns[1].leader.value == 2);
    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages[0].new_leader == zab::NodeId{2});
}

TEST_CASE("textbook: of a run only the protocol's own guarantees are claimed") {
    const analysis::CheckerSet checkers(ensemble_of(lesson("1s", writers)));
    const std::array own{
        "one_leader",           "no_former_leader",      "unique_commands",  "same_commands",
        "agreed_commands_kept", "agreed_replies",        "read_your_writes", "linearizable_writes",
        "fifo_client_order",    "session_monotone_reads"};

    CHECK(checkers.properties_checked().size() == own.size());
    for (const analysis::Property& property : checkers.properties_checked()) {
        CAPTURE(property.name);
        CHECK(std::ranges::count(own, property.name) == 1);
    }
    CHECK(checkers.properties_left_out().empty());
    const analysis::CheckerSet zab(ensemble_of(small_scenario("1s", writers)));
    CHECK(zab.properties_checked().size() == analysis::all_properties().size());
    CHECK(analysis::all_properties().size() > own.size());
}

TEST_CASE("textbook: two runs are the same, a copied world goes on alike, and costs add up") {
    for (const char* name : {"two-leaders-textbook", "reordered-command-textbook"}) {
        CAPTURE(name);
        const auto scenario = std::make_shared<const sim::Scenario>(shipped(name));
        analysis::CostCheck costs;
        trace::Outlets outlets;
        outlets.add(costs, analysis::CostCheck::kinds);
        sim::World world(scenario, 7);
        world.set_outlets(&outlets);
        world.run_until({3'000'000'000});
        sim::World copy = world;

        world.run_until({scenario->duration.ns});
        copy.run_until({scenario->duration.ns});
        sim::World again(scenario, 7);
        again.run_until({scenario->duration.ns});

        CHECK(copy.recorder().hash() == world.recorder().hash());
        CHECK(again.recorder().hash() == world.recorder().hash());
        CHECK(costs.checked() > 1'000);
        CHECK(!costs.first_offence().has_value());
    }
}

TEST_CASE(
    "textbook: a returning node remembers what it had executed, also after a power loss, or not") {
    for (const char* const returning : {"remembers", "forgets"}) {
        CAPTURE(returning);
        const Run done =
            run(lesson("8s", std::string(writers) + R"(, "textbook": {"returning": ")" + returning +
                                 R"("}, "faults": [
            {"at": "3s", "crash": 1}, {"at": "4s", "restart": 1}])"));
        const auto boots = done.all(booted, at_server(1));
        REQUIRE(boots.size() == 2);
        const auto next = done.all(command_executed, both(at_server(1), between(4, 8)));
        REQUIRE(!next.empty());
        CHECK((next[0].c() == 0) == (std::string_view(returning) == "forgets"));
        CHECK(!done.violations.empty());  // In both readings it lacks what came meanwhile.
    }
}

TEST_CASE("textbook: the symbolic leader is whoever declared itself last") {
    const Run done = run(lesson("6s", R"("faults": [{"at": "3s", "crash": "leader"}])"));
    CHECK(done.count(server_stopped, at_server(3)) == 1);
    REQUIRE(done.leader.has_value());
    CHECK(done.servers[*done.leader].id.value == 2);
}

}  // namespace test
