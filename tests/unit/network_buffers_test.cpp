#include "tests/unit/network_world.hpp"

#include <algorithm>

namespace {

using test::between;
using test::both;
using test::Run;
using trace::Kind;

const std::string writers = R"("clients": [{"count": 8, "placement": {"servers": [3]},
    "load": {"closed": {"outstanding": 4, "think_time": "5ms"}}, "payload": "1KiB",
    "operations": {"set": 100}}])";

/// Server 3 leads. A connection takes 16 KiB.
Run run_with(const std::string& rest, std::uint64_t seed = 1) {
    sim::Scenario scenario = test::small_scenario("60s", rest);
    scenario.network.send_buffer_bytes = std::uint64_t{16} * 1024;
    Run run = test::run(scenario, seed);
    test::check_clean(run);
    return run;
}

Run::Wanted at_link(std::uint16_t node, std::uint16_t peer, zab::LinkKind kind) {
    return [=](const trace::Record& r) {
        return r.node().value == node && r.peer() == peer &&
               r.detail() == static_cast<std::uint16_t>(kind);
    };
}

/// The record `back` records before the one at `index`.
const trace::Record& cause_of(const Run& run, std::size_t index) {
    return run.records.at(index - run.records.at(index).cause_back());
}

}  // namespace

TEST_CASE("a leader's sender waits while its learner stands still, and goes on when it has read") {
    const Run run =
        run_with(writers + R"(, "faults": [{"at": "25s", "pause": 1, "lasting": "4s"}])");

    const auto of_learner = at_link(3, 1, zab::LinkKind::learner);
    const auto full = run.all(Kind::link_full, of_learner);
    REQUIRE_EQ(run.count(Kind::link_full, both(between(25, 29), of_learner)), 1);
    CHECK(full.front().c() > 16 * 1024);
    CHECK_EQ(run.count(Kind::link_writable, both(between(26, 29), of_learner)), 0);
    CHECK(run.count(Kind::link_writable, both(between(29, 31), of_learner)) >= 1);
    // The buffer, not the pause, decides how much the leader could send.
    CHECK_EQ(run.count(Kind::link_down, between(5, 60)), 0);
    CHECK(run.count(Kind::commit, both(between(26, 28), test::at_server(3))) > 100);
    test::check_all_equal(run);
}

TEST_CASE("what a blocked sender waited for is told: the costs add up, and name the reader") {
    const Run run =
        run_with(writers + R"(, "faults": [{"at": "25s", "pause": 1, "lasting": "4s"}])");

    std::size_t resumed = 0;
    std::size_t behind = 0;
    for (std::size_t i = 0; i < run.records.size(); ++i) {
        const trace::Record& r = run.records[i];
        if (r.cause_back() == 0) continue;
        const trace::Record& cause = cause_of(run, i);
        if (r.time().ns - cause.time().ns != r.wait_ns() + r.service_ns() + r.other_ns()) {
            FAIL_CHECK("the costs of record " << i << " do not add up");
        }
        if (r.held_back() == 0) continue;
        const trace::Record& holder = run.records.at(i - r.held_back());
        if (r.kind() == Kind::link_writable && test::ms(r) >= 29'000) {
            ++resumed;
            CHECK((cause.kind() == Kind::link_full));
            CHECK((holder.kind() == Kind::receive));  // A step of the reader made the room.
            CHECK_EQ(holder.node().value, 1);
        }
        behind += r.kind() == Kind::receive && r.node().value == 1 &&
                  holder.kind() == Kind::link_writable;
    }
    CHECK(resumed > 0);
    CHECK(behind > 0);
}

TEST_CASE("a learner that no longer reads loses its leader by the limits, not by its buffer") {
    const Run run = run_with(
        writers + R"(, "faults": [{"at": "25s", "clog": {"from": 3, "to": 1, "one_way": true}}])");

    const auto of_learner = at_link(3, 1, zab::LinkKind::learner);
    CHECK_EQ(run.count(Kind::link_full, both(between(25, 34), of_learner)), 1);
    CHECK_EQ(run.count(Kind::link_writable, both(between(26, 60), of_learner)), 0);
    // SyncLimitCheck at the leader, or the follower's own read timeout: 5 ticks of 2 s.
    const auto looking = run.all(Kind::looking, both(between(25, 60), test::at_server(1)));
    REQUIRE_FALSE(looking.empty());
    CHECK(test::ms(looking.front()) >= 34'000);
    CHECK(test::ms(looking.front()) <= 36'500);
    CHECK_EQ(run.count(Kind::looking, both(between(25, 60), test::at_server(3))), 0);
}

TEST_CASE("a follower whose acks fill its connection stops logging until the leader reads") {
    // 512 bytes are five packets: the follower's threads wait when the leader stands still.
    sim::Scenario scenario = test::small_scenario("60s", R"("clients": [{"count": 4,
        "placement": {"servers": [1]}, "load": {"open": {"constant": "100/s"}}}],
        "faults": [{"at": "25s", "pause": 3, "lasting": "4s"}])");
    scenario.network.send_buffer_bytes = 512;
    const Run run = test::run(scenario);
    test::check_clean(run);

    const auto to_leader = at_link(1, 3, zab::LinkKind::learner);
    CHECK(run.count(Kind::link_full, both(between(25, 29), to_leader)) == 1);
    CHECK(run.count(Kind::link_writable, both(between(29, 31), to_leader)) >= 1);
    // Its first processor waits in a write: requests pile up behind it, unforwarded.
    CHECK(run.count(Kind::forward, both(between(26, 29), test::at_server(1))) == 0);
    CHECK(run.count(Kind::forward, both(between(30, 60), test::at_server(1))) > 1'000);
    CHECK_EQ(run.count(Kind::looking, between(5, 60)), 0);
    test::check_all_equal(run);
}

TEST_CASE("a follower that waits in a write is freed when its leader's process dies") {
    sim::Scenario scenario = test::small_scenario("60s", R"("clients": [{"count": 4,
        "placement": {"servers": [1]}, "load": {"open": {"constant": "100/s"}}}],
        "faults": [{"at": "25s", "pause": 3, "lasting": "20s"}, {"at": "28s", "crash": 3}])");
    scenario.network.send_buffer_bytes = 512;
    const Run run = test::run(scenario);
    test::check_clean(run);

    CHECK(run.count(Kind::link_full,
                    both(between(25, 28), at_link(1, 3, zab::LinkKind::learner))) == 1);
    CHECK_EQ(run.count(Kind::looking, both(between(28, 30), test::at_server(1))), 1);
    CHECK(run.count(Kind::commit, between(35, 60)) > 100);
}

TEST_CASE("a waiting notification is replaced by the next: an election queue holds one") {
    // Server 1 stands still when server 2 comes up: their connection takes one notification of 110
    // bytes and then no more, while server 2 goes on telling its vote.
    sim::Scenario scenario = test::small_scenario("60s", R"("clients": [{"count": 1}],
        "start": {"servers": {"2": {"down": true}, "3": {"down": true}}},
        "faults": [{"at": "4s", "pause": 1, "lasting": "18s"}, {"at": "5s", "restart": 2}])");
    scenario.network.send_buffer_bytes = 100;
    const Run run = test::run(scenario);
    test::check_clean(run);

    const auto of_election = at_link(2, 1, zab::LinkKind::election);
    CHECK(run.count(Kind::link_full, both(between(5, 22), of_election)) == 1);
    const auto heard = run.all(Kind::receive, [](const trace::Record& r) {
        return r.node().value == 1 && r.peer() == 2 && test::ms(r) >= 22'000 &&
               test::ms(r) < 22'020 &&
               r.detail() == static_cast<std::uint16_t>(zab::MessageKind::notification);
    });
    // The one in the buffer and the newest one; and, after that, what is said anew.
    CHECK(heard.size() >= 2);
    CHECK(heard.size() <= 3);
    CHECK_EQ(run.count(Kind::established, between(22, 60)), 1);
}

TEST_CASE("a snapshot whose leader dies in the midst of sending it never arrives") {
    // Three znodes, 2.3 MB, come at 10 Mbit/s in 1.9 s. The kernel sends the last 256 KiB, 0.2 s,
    // by itself.
    struct Row {
        const char* crash;
        std::size_t arrives;
    };
    for (const Row& row : {Row{"10.8s", 0}, Row{"12.3s", 0}, Row{"12.4s", 1}}) {
        CAPTURE(row.crash);
        const sim::Scenario scenario = sim::sound(R"({"duration": "14s", "ensemble": {"voters": 3,
            "force_snapshot_sync": true}, "cpu": {"preset": "zero"},
            "network": {"delay": "1ms", "bandwidth": "10Mbit/s", "send_buffer": "256KiB"},
            "clients": [{"count": 1, "payload": "1KiB",
                "paths": {"uniform": {"count": 3}},
                "load": {"closed": {"think_time": "100ms"}}}],
            "disk": {"bytes_per_node": 780000},
            "start": {"servers": {"1": {"down": true}, "2": {"history": ["1:1-1:2000"]},
                "3": {"history": ["1:1-1:2000"]}}},
            "faults": [{"at": "10s", "restart": 1}, {"at": ")" +
                                                  std::string(row.crash) + R"(", "crash": 3}]})");
        const Run run = test::run(scenario);
        test::check_clean(run);
        CHECK_EQ(run.count(Kind::snapshot_sent, both(between(10, 11), test::at_server(3))), 1);
        CHECK_EQ(run.count(Kind::receive,
                           [](const trace::Record& r) {
                               return r.node().value == 1 && r.peer() == 3 &&
                                      r.detail() ==
                                          static_cast<std::uint16_t>(zab::MessageKind::snap);
                           }),
                 row.arrives);
        CHECK_EQ(run.count(Kind::looking, both(between(11, 14), test::at_server(1))), 1);
    }
}

TEST_CASE("what a dead leader had not written whole does not arrive later either") {
    // Its learner stands still, or cannot be reached, and goes on when the leader is long dead.
    for (const char* hindrance : {R"({"at": "10700ms", "pause": 1, "lasting": "6s"})",
                                  R"({"at": "10700ms", "cut": {"from": 3, "to": 1}})"}) {
        CAPTURE(hindrance);
        const Run run = test::run(sim::sound(R"({"duration": "30s", "ensemble": {"voters": 3,
            "force_snapshot_sync": true}, "cpu": {"preset": "zero"},
            "network": {"delay": "1ms", "bandwidth": "100Mbit/s", "send_buffer": "4KiB"},
            "clients": [{"count": 1, "payload": "1KiB",
                "paths": {"uniform": {"count": 3}}}],
            "disk": {"bytes_per_node": 780000},
            "start": {"servers": {"1": {"down": true}, "2": {"history": ["1:1-1:2000"]},
                "3": {"history": ["1:1-1:2000"]}}},
            "faults": [{"at": "10s", "restart": 1}, )" +
                                             std::string(hindrance) +
                                             R"(, {"at": "12s", "crash": 3},
                {"at": "20s", "heal": "all"}]})"));
        test::check_clean(run);
        REQUIRE_EQ(run.count(Kind::snapshot_sent, both(between(10, 11), test::at_server(3))), 1);
        CHECK_EQ(run.count(Kind::snapshot_installed, both(between(10, 30),
                                                          [](const trace::Record& r) {
                                                              return r.node().value == 1 &&
                                                                     r.peer() == 3;
                                                          })),
                 0);
    }
}

TEST_CASE("a buffer that never fills changes nothing") {
    const sim::Scenario small = test::small_scenario("30s", writers);
    sim::Scenario large = small;
    large.network.send_buffer_bytes = 1u << 30;
    const Run first = test::run(small);
    const Run second = test::run(large);
    CHECK_EQ(first.count(Kind::link_full), 0);
    CHECK((first.records == second.records));
}
