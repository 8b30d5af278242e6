#include "tests/unit/network_world.hpp"

#include <algorithm>
#include <set>

namespace {

using test::because;
using test::between;
using test::both;
using test::Run;
using trace::Kind;
using zab::DownReason;

const std::string clients = R"("clients": [{"name": "near", "count": 4,
    "placement": {"servers": [1, 2]}, "load": {"closed": {"outstanding": 2, "think_time": "20ms"}},
    "operations": {"set": 50, "get": 50}}])";

Run run_with(const std::string& duration, const std::string& faults) {
    Run run =
        test::run(test::small_scenario(duration, clients + R"(, "faults": [)" + faults + "]"));
    test::check_clean(run);
    return run;
}

Run::Wanted received(std::uint16_t node, std::uint16_t peer, zab::MessageKind kind) {
    return [=](const trace::Record& r) {
        return r.node().value == node && r.peer() == peer &&
               r.detail() == static_cast<std::uint16_t>(kind);
    };
}

/// How long pings of the leader, server 3, are on their way to server 1 in [from, to) seconds.
std::vector<std::int64_t> ping_times_ms(const Run& run, std::int64_t from, std::int64_t to) {
    std::vector<std::int64_t> times;
    for (const trace::Record& r :
         run.all(Kind::receive, both(between(from, to), received(1, 3, zab::MessageKind::ping)))) {
        times.push_back(r.other_ns() / 1'000'000);
    }
    REQUIRE_FALSE(times.empty());
    return times;
}

}  // namespace

TEST_CASE("of two cuts of one link, the end of the first leaves the second") {
    const Run run = run_with(
        "50s", R"({"at": "20s", "cut": {"from": 3, "to": 1, "one_way": true}, "lasting": "2s"},
                  {"at": "21s", "cut": {"from": 3, "to": 1, "one_way": true}, "lasting": "3s"})");

    CHECK_EQ(
        run.count(Kind::receive, both(between(21, 24), received(1, 3, zab::MessageKind::ping))), 0);
    CHECK(run.count(Kind::receive, both(between(28, 50), received(1, 3, zab::MessageKind::ping))) >
          10);
}

TEST_CASE("a heal ends what is at work, and the end of a healed cut does not touch a later one") {
    const Run run = run_with(
        "50s", R"({"at": "20s", "cut": {"from": 3, "to": 1, "one_way": true}, "lasting": "4s"},
                  {"at": "21s", "heal": {"from": 3, "to": 1}},
                  {"at": "23s", "cut": {"from": 3, "to": 1, "one_way": true}, "lasting": "4s"})");

    CHECK(run.count(Kind::receive, both(between(21, 23), received(1, 3, zab::MessageKind::ping))) >
          0);
    CHECK_EQ(
        run.count(Kind::receive, both(between(24, 27), received(1, 3, zab::MessageKind::ping))), 0);
}

TEST_CASE("healing all heals every link") {
    const Run run = run_with("40s", R"({"at": "20s", "cut": "all"}, {"at": "22s", "heal": "all"})");

    CHECK_EQ(
        run.count(Kind::receive, both(between(21, 22), received(1, 3, zab::MessageKind::ping))), 0);
    CHECK(run.count(Kind::receive, both(between(25, 40), received(1, 3, zab::MessageKind::ping))) >
          10);
}

TEST_CASE("extra delays of one link add up, and each ends by itself") {
    const Run run = run_with(
        "50s", R"({"at": "20s", "delay": {"from": 3, "to": 1, "extra": "30ms"}, "lasting": "20s"},
                  {"at": "25s", "delay": {"from": 3, "to": 1, "extra": "50ms"}, "lasting": "5s"})");

    for (const std::int64_t t : ping_times_ms(run, 21, 25)) CHECK_EQ(t, 31);
    for (const std::int64_t t : ping_times_ms(run, 26, 30)) CHECK_EQ(t, 81);
    for (const std::int64_t t : ping_times_ms(run, 31, 40)) CHECK_EQ(t, 31);
    for (const std::int64_t t : ping_times_ms(run, 41, 50)) CHECK_EQ(t, 1);
}

TEST_CASE("of several losses the highest counts, of several rates the slowest") {
    // Only pings and their answers: 90 bytes at 7200 bit/s take 100 ms.
    const Run run = test::run(test::small_scenario("60s", R"("clients": [], "faults": [
        {"at": "20s", "rate": {"from": 3, "to": 1, "bandwidth": "7200bit/s"}},
        {"at": "21s", "rate": {"from": 3, "to": 1, "bandwidth": "1Gbit/s"}},
        {"at": "22s", "loss": {"from": 2, "to": 3, "probability": "100%"}},
        {"at": "23s", "loss": {"from": 2, "to": 3, "probability": "0%"}}])"));

    const std::vector<std::int64_t> times = ping_times_ms(run, 22, 30);
    CHECK(*std::min_element(times.begin(), times.end()) >= 100);
    CHECK_EQ(run.count(Kind::receive,
                       both(between(23, 30), received(3, 2, zab::MessageKind::ping_reply))),
             0);
}

TEST_CASE("a limited rate lets messages through one behind the other, at that rate") {
    // Only pings of 90 bytes: 7200 bit/s are 100 ms for each, and 1 ms of delay.
    const Run run = test::run(test::small_scenario("40s", R"("clients": [],
        "faults": [{"at": "20s", "rate": {"from": 3, "to": 1, "bandwidth": "7200bit/s"},
                    "lasting": "10s"}])"));

    for (const std::int64_t t : ping_times_ms(run, 10, 20)) CHECK_EQ(t, 1);
    for (const std::int64_t t : ping_times_ms(run, 21, 30)) CHECK_EQ(t, 100);  // Rounded down.
    for (const std::int64_t t : ping_times_ms(run, 31, 40)) CHECK_EQ(t, 1);
}

TEST_CASE("a message lost more often than the limit breaks its connection") {
    sim::Scenario scenario = test::small_scenario("60s", clients + R"(, "faults": [
        {"at": "20s", "loss": {"from": 3, "to": 1, "probability": "100%", "one_way": true}}])");
    scenario.network.retransmission_limit = 3;  // Lost four times: 0.2 + 0.4 + 0.8 + 1.6 s.
    const Run run = test::run(scenario);
    test::check_clean(run);

    const auto broken =
        run.all(Kind::link_down,
                both(between(20, 30), both(test::at_server(3), because(DownReason::timed_out))));
    REQUIRE_FALSE(broken.empty());
    CHECK(test::ms(broken.front()) >= 23'000);
    CHECK(test::ms(broken.front()) <= 24'100);
}

TEST_CASE("a cut of the clients silences them and nobody else") {
    const Run run = run_with(
        "60s",
        R"({"at": "20s", "cut": {"from": {"clients": "near"}, "to": [1, 2]}, "lasting": "10s"})");

    CHECK_EQ(run.count(Kind::complete, between(21, 30)), 0);
    CHECK_EQ(run.count(Kind::commit, both(between(21, 30), test::at_server(3))), 0);
    CHECK(run.count(Kind::complete, between(40, 60)) > 100);
    CHECK_EQ(run.count(Kind::looking, between(5, 60)), 0);
    // Found out by two thirds of the session's 10 s.
    CHECK_EQ(
        run.count(Kind::client_disconnected, both(between(26, 28), because(DownReason::timed_out))),
        4);
}

TEST_CASE("clients that are reset reconnect; a delay of theirs is theirs alone") {
    const Run run = run_with("50s", R"({"at": "20s", "reset": {"from": "clients", "to": "all"}},
        {"at": "30s", "delay": {"from": "clients", "to": "all", "extra": "100ms"}})");

    CHECK_EQ(
        run.count(Kind::client_disconnected, both(between(20, 21), because(DownReason::reset))), 4);
    CHECK_EQ(run.count(Kind::client_connected, between(20, 24)), 4);
    for (const trace::Record& r : run.all(
             Kind::receive, both(between(31, 50), [](const trace::Record& r) {
                 return r.detail() == static_cast<std::uint16_t>(zab::MessageKind::client_request);
             }))) {
        REQUIRE_EQ(r.other_ns(), 101'000'000);
    }
    for (const std::int64_t t : ping_times_ms(run, 31, 50)) CHECK_EQ(t, 1);
}

TEST_CASE("dropping what is held breaks its connection, and the follower comes back") {
    const Run run =
        run_with("60s", R"({"at": "20s", "hold": {"message": "proposal", "node": 1, "peer": 3}},
                  {"at": "22s", "drop_held": 1})");

    CHECK_EQ(
        run.count(Kind::receive, both(between(20, 22), received(1, 3, zab::MessageKind::proposal))),
        0);
    const auto down = run.all(Kind::link_down, both(between(22, 23), because(DownReason::reset)));
    REQUIRE_EQ(down.size(), 2);  // At both ends.
    CHECK_EQ(run.count(Kind::looking, both(between(22, 24), test::at_server(1))), 1);
    CHECK(run.count(Kind::receive,
                    both(between(30, 60), received(1, 3, zab::MessageKind::proposal))) > 100);
    test::check_all_equal(run);
}

TEST_CASE("each reset of one pair has a delay of its own") {
    const Run run = test::run(sim::sound(R"({"duration": "30s", "cpu": "zero",
        "network": {"delay": "1ms", "links": [{"from": 1, "to": 3, "both_ways": false,
            "delay": {"uniform": {"min": "1ms", "max": "9ms"}}}]},
        "faults": [{"at": "5s", "lasting": "100ms", "power_loss": 1},
                   {"at": "15s", "lasting": "100ms", "power_loss": 1},
                   {"at": "25s", "lasting": "100ms", "power_loss": 1}]})"));
    std::set<std::int64_t> delays;  // One way is 1 ms: a reset's way back makes the difference.
    const auto resets =
        run.all(Kind::link_down, both(test::at_server(3), because(DownReason::reset)));
    for (const trace::Record& reset : resets) delays.insert(reset.other_ns());
    CHECK(resets.size() == 3);
    CHECK(delays.size() == 3);
}

TEST_CASE("how its connections were closed does not shift the delays of a server's next dials") {
    const auto dials = [](const std::string& fault) {
        const Run run = test::run(sim::sound(R"({"duration": "9s", "cpu": "zero",
            "network": {"delay": {"uniform": {"min": "1ms", "max": "9ms"}}}, "disk": {"sync": "0s"},
            "faults": [{"at": "5s", "lasting": "2s", ")" +
                                             fault + R"(": 1}]})"));
        std::vector<std::int64_t> delays;
        for (const trace::Record& up :
             run.all(Kind::link_up, both(between(7, 9), test::at_server(1)))) {
            delays.push_back(up.other_ns());
        }
        return delays;
    };
    // A dead process's sockets are closed, or reset: a machine without power says nothing.
    const std::vector<std::int64_t> after_crash = dials("crash");
    CHECK(after_crash.size() >= 3);
    CHECK(after_crash == dials("power_loss"));
}

TEST_CASE("what comes behind its predecessor waits for it: its own way takes no longer") {
    // Of ten proposals that leave together a later one often draws a shorter way.
    const Run run = test::run(sim::sound(R"({"duration": "5s", "ensemble": {"voters": 3},
        "network": {"delay": {"uniform": {"min": "1ms", "max": "3ms"}}}, "cpu": "zero",
        "clients": [{"count": 1, "placement": {"servers": [3]},
                     "load": {"closed": {"outstanding": 10}}}]})"));
    std::size_t behind = 0;
    const auto proposals =
        run.all(Kind::receive, both(between(2, 5), received(1, 3, zab::MessageKind::proposal)));
    for (const trace::Record& r : proposals) {
        CHECK(r.other_ns() <= 3'000'000);
        if (r.wait_ns() == 0) continue;
        ++behind;
        CHECK(r.held_back() != 0);
    }
    REQUIRE(proposals.size() > 1'000);
    CHECK(behind > proposals.size() / 3);
    CHECK(behind < proposals.size());
}

TEST_CASE("a fault placed before a record strikes instead of it; one placed after strikes behind") {
    struct Case {
        const char* name;
        const char* anchor;
        bool happens;
    };
    static constexpr Case cases[] = {{"before", "before", false}, {"after", "after", true}};
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            const Run run = run_with("30s", R"({")" + std::string(c.anchor) +
                                                R"(": {"record": "ack", "node": 1, "nth": 100},
                                                   "crash": 1})");
            const auto stopped = run.all(Kind::server_stopped, test::at_server(1));
            REQUIRE_EQ(stopped.size(), 1);
            const auto acks = run.count(Kind::ack, [&stopped](const trace::Record& r) {
                return r.node().value == 1 && r.time() <= stopped.front().time();
            });
            CHECK_EQ(acks, c.happens ? 100 : 99);
        }
    }
}

TEST_CASE("before a transaction is durable is before: without power it is gone") {
    const Run run = run_with("40s", R"({"before": {"record": "synced", "node": 1, "nth": 50},
        "power_loss": 1, "lasting": "5s"})");

    const auto stopped = run.all(Kind::server_stopped, test::at_server(1));
    REQUIRE_EQ(stopped.size(), 1);
    const Run::Wanted earlier = [&stopped](const trace::Record& r) {
        return r.node().value == 1 && r.time() <= stopped.front().time();
    };
    const auto synced = run.all(Kind::synced, earlier);
    CHECK_EQ(synced.size(), 49);
    const auto lost = run.all(Kind::lost, test::at_server(1));
    REQUIRE_EQ(lost.size(), 1);
    CHECK(lost.front().a() < run.all(Kind::append, earlier).back().a() + 1);
    CHECK(lost.front().a() >= synced.back().a());
    test::check_all_equal(run);
}
