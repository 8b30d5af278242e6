#include "tests/support/random_scenario.hpp"
#include "tests/unit/network_world.hpp"

#include <map>
#include <string>
#include <tuple>

namespace {

using test::Run;
using trace::Kind;

Run run_with(const std::string& datagram, std::uint64_t seed = 1) {
    return test::run(
        sim::sound(R"({"duration": "20s", "transport": "datagram", "ensemble": {"voters": 3,
            "tick_time": "2s", "init_limit": 10, "sync_limit": 5}, "cpu": {"preset": "zero"},
            "clients": [{"count": 4, "load": {"open": {"poisson": "50/s"}}}],
            "network": {"delay": "1ms", "datagram": {)" +
                   datagram + "}}}"),
        seed);
}

using Arrival = std::tuple<std::uint16_t, std::uint16_t, std::uint64_t>;

/// How often each proposal was received, by receiver, sender and zxid.
std::map<Arrival, int> proposals(const Run& run) {
    std::map<Arrival, int> times;
    for (const trace::Record& r : run.all(Kind::receive)) {
        if (r.detail() == static_cast<std::uint16_t>(zab::MessageKind::proposal)) {
            ++times[{r.node().value, r.peer(), r.a()}];
        }
    }
    return times;
}

/// Proposals that came behind a later one, at server 1.
std::size_t overtaken(const Run& run) {
    std::uint64_t highest = 0;
    std::size_t count = 0;
    for (const trace::Record& r : run.all(Kind::receive, test::at_server(1))) {
        if (r.detail() != static_cast<std::uint16_t>(zab::MessageKind::proposal)) continue;
        count += r.a() < highest ? 1u : 0u;
        highest = std::max(highest, r.a());
    }
    return count;
}

}  // namespace

TEST_CASE("answers to copies do not breed without bound") {
    // A voter answers each notification of an observer, which answers that of an older round.
    const Run run = test::run(sim::sound(R"({"duration": "10s", "transport": "datagram",
        "ensemble": {"voters": 5, "observers": 1}, "cpu": {"preset": "zero"},
        "network": {"delay": {"uniform": {"min": "371us", "max": "13923us"}},
                    "datagram": {"duplicate": "20%"}}})"));
    CHECK(run.records.size() < 1'000'000);
}

TEST_CASE("datagrams that are neither dropped, doubled nor held up do what a stream does") {
    const Run run = run_with(R"("drop": "0%")");

    test::check_clean(run);
    CHECK_EQ(overtaken(run), 0);
    for (const auto& [arrival, times] : proposals(run)) REQUIRE_EQ(times, 1);
    test::check_all_equal(run);
}

TEST_CASE("a dropped datagram never comes") {
    // Followers forget nothing of what they hear, so a hole shows in the zxids of one connection.
    const Run run = run_with(R"("drop": "1%")");

    std::size_t holes = 0;
    std::uint64_t last = 0;
    for (const trace::Record& r : run.all(Kind::receive, test::at_server(1))) {
        if (r.detail() != static_cast<std::uint16_t>(zab::MessageKind::proposal)) continue;
        holes += last != 0 && r.a() > last + 1 ? 1u : 0u;
        last = r.a();
    }
    CHECK(holes > 0);
}

TEST_CASE("a doubled datagram comes twice, one that is held up is overtaken") {
    std::size_t twice = 0;
    for (const auto& [arrival, times] : proposals(run_with(R"("duplicate": "2%")"))) {
        twice += times == 2 ? 1u : 0u;
    }
    CHECK(twice > 0);
    // By less than a commit takes: a proposal that comes behind its own commit ends the server.
    CHECK(overtaken(run_with(R"("reorder": "5%", "reorder_delay": "300us")")) > 0);
}

TEST_CASE("without first in, first out, Zab's guarantees fall: the checkers see it") {
    std::size_t violated = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        const Run run = run_with(
            R"("drop": "1%", "duplicate": "1%", "reorder": "5%", "reorder_delay": "40ms")", seed);
        violated += run.violations.empty() ? 0u : 1u;
    }
    CHECK(violated > 0);
}

TEST_CASE("no server breaks down over a message that is lost, doubled or out of order") {
    // Whatever comes of it is for the checkers to judge: here only that every run ends.
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        sim::Scenario scenario = sim::sound(tests::random_scenario(seed));
        scenario.transport = "datagram";
        scenario.network.datagram = {{20'000'000},
                                     {20'000'000},
                                     {50'000'000},
                                     sim::Distribution::exponential(zab::milliseconds(20))};
        sim::World world(std::make_shared<const sim::Scenario>(scenario), seed);
        CHECK_NOTHROW(world.run_until({scenario.duration.ns}));
    }
}
