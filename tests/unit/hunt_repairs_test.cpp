#include "tests/unit/network_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

/// What chaos found in the engine and the protocol, each as the rule that holds since.
namespace test {

namespace {

const std::string writers =
    R"("clients": [{"count": 4, "load": {"open": {"constant": "50/s"}}}], )";

/// The servers that the crash at 6 s hits.
std::vector<std::uint16_t> hit_at_6_s(const std::string& faults, std::uint64_t seed) {
    const Run done = run(small_scenario("7s", R"("faults": [)" + faults + "]"), seed);
    std::vector<std::uint16_t> hit;
    for (const trace::Record& record : done.all(trace::Kind::fault, between(6, 7))) {
        hit.push_back(record.node().value);
    }
    return hit;
}

}  // namespace

TEST_CASE("what waits behind a limit of rate leaves when the limit goes, not at its pace") {
    const Run done = run(small_scenario("9s", writers + R"("faults": [
        {"at": "4s", "lasting": "2s", "rate": {"from": 1, "bandwidth": "40kbit/s"}}])"));
    // 200 writes a second are several times what the limited link takes: seconds of them wait.
    const auto longest = [&](std::int64_t from, std::int64_t to) {
        std::int64_t wire_ns = 0;
        for (const trace::Record& r :
             done.all(trace::Kind::receive, both(at_server(1), between(from, to)))) {
            if (r.cost() == trace::Cost::wire) wire_ns = std::max(wire_ns, r.other_ns());
        }
        return wire_ns;
    };
    CHECK(longest(4, 6) > 500'000'000);
    CHECK(longest(7, 9) > 0);
    CHECK(longest(7, 9) < 50'000'000);
    check_clean(done);
}

TEST_CASE("a learner's attempts to connect have initLimit all together") {
    // The leader's host loses power at the very moment at which server 1 dials it.
    const Run done = run(sim::sound(R"({"duration": "20s", "ensemble": {"voters": 3,
        "tick_time": "200ms", "init_limit": 10}, "network": {"delay": "1ms"},
        "cpu": {"preset": "zero"}, "faults": [
          {"after": {"record": "following", "node": 1}, "power_loss": 3}]})"));
    const auto following = done.all(trace::Kind::following, at_server(1));
    const auto looking = done.all(trace::Kind::looking, at_server(1));
    REQUIRE(!following.empty());
    REQUIRE(looking.size() >= 2);
    const std::int64_t took = ms(looking[1]) - ms(following[0]);
    CHECK(took >= 2'000);
    CHECK(took < 2'500);
}

TEST_CASE("taking a fault out of a scenario leaves whom another one hits") {
    const std::string first = R"({"at": "4s", "delay": {"from": "any_voter", "extra": "1ms"}})";
    const std::string second = R"({"at": "6s", "crash": "any_voter"})";
    bool has_hit_others = false;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        const auto hit = hit_at_6_s(second, seed);
        CHECK(hit.size() == 1);
        CHECK(hit_at_6_s(first + ", " + second, seed) == hit);
        has_hit_others = has_hit_others || hit != hit_at_6_s(second, seed + 100);
    }
    CHECK(has_hit_others);
}

}  // namespace test
