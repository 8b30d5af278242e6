#include "tests/unit/network_world.hpp"

#include <algorithm>
#include <string>

// Rules of ZooKeeper that a reading of its source against ours has shown to be missing.

namespace {

using test::at_server;
using test::between;
using test::both;
using test::Run;
using trace::Kind;

Run run(const std::string& text, std::uint64_t seed = 1) {
    return test::run(sim::sound(text), seed);
}

const std::string thousand = R"("start": {"servers": {"1": {"history": ["1:1-1:1000"]},
    "2": {"history": ["1:1-1:1000"]}, "3": {"history": ["1:1-1:1000"]}}})";

}  // namespace

TEST_CASE("a leader takes connections while it writes its snapshot, and answers behind it") {
    const Run slow = run(R"({"duration": "20s", "release": "3.8.0", "ensemble": {"voters": 3},
        "disk": {"write_bandwidth": "400kB/s", "bytes_per_node": 1000000},
        "clients": [{"count": 1}], )" +
                         thousand + "}");
    test::check_clean(slow);
    const auto written = slow.all(Kind::snapshot_written, at_server(3));
    REQUIRE_FALSE(written.empty());
    CHECK(test::ms(written.front()) > 2'500);
    CHECK(slow.count(Kind::serving) == 3);
    // One election: nobody gives up for the port.
    CHECK(slow.count(Kind::looking) == 3);
}

TEST_CASE("who joins a leader keeps it in office until initLimit and syncLimit are over") {
    // Server 1 joins by a SNAP that takes longer than syncLimit; the only other follower dies.
    const Run joins = run(R"({"duration": "20s", "release": "master",
        "ensemble": {"voters": 3, "tick_time": "200ms", "init_limit": 50, "sync_limit": 4,
                     "force_snapshot_sync": true},
        "disk": {"read_bandwidth": "1MB/s", "bytes_per_node": 665600},
        "start": {"servers": {"1": {"down": true}, "2": {"history": ["1:1-1:1000"]},
                              "3": {"history": ["1:1-1:1000"]}}},
        "faults": [{"at": "10s", "restart": 1},
                   {"after": {"record": "looking", "node": 1}, "plus": "400ms", "crash": 2}]})");
    CHECK(joins.count(Kind::looking, both(between(9, 20), at_server(3))) == 0);
    CHECK(joins.count(Kind::serving, both(between(9, 20), at_server(1))) == 1);
}

TEST_CASE("a process that is to cut its log where it has none ends with exit code 13") {
    const Run cut = run(R"({"duration": "15s", "release": "master", "ensemble": {"voters": 3},
        "start": {"servers": {"1": {"snapshot": "1:6", "history": ["1:1-1:6"], "down": true},
                              "2": {"history": ["1:1-1:4"]}, "3": {"history": ["1:1-1:4"]}}},
        "faults": [{"at": "5s", "restart": 1}]})");
    const auto ended = cut.all(Kind::server_stopped, at_server(1));
    REQUIRE(ended.size() == 1);
    CHECK(ended.front().a() == 13);
}

TEST_CASE("a follower that comes back with what its ACK has committed goes on serving") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        CAPTURE(seed);
        const Run back = run(R"({"duration": "20s", "ensemble": {"voters": 3},
            "clients": [{"count": 10, "placement": {"servers": [3]}}],
            "faults": [{"at": "2900ms", "pause": 1, "lasting": "8s"},
                       {"at": "3s", "crash": 2, "lasting": "1s"}]})",
                             seed);
        test::check_clean(back);
        CHECK(back.count(Kind::server_stopped) == 1);  // The fault's.
    }
}

TEST_CASE("a leader sends ten observers a SNAP at a time, and turns the others away") {
    const Run crowd = run(R"({"duration": "12s", "release": "3.8.0",
        "ensemble": {"voters": 3, "observers": 14},
        "disk": {"read_bandwidth": "1MB/s", "bytes_per_node": 512000}, )" +
                          thousand + "}");
    std::size_t again = 0;
    for (std::uint16_t observer = 4; observer <= 17; ++observer) {
        CHECK(crowd.count(Kind::serving, at_server(observer)) == 1);
        again += std::size_t{crowd.count(Kind::looking, at_server(observer)) > 1};
    }
    CHECK(again == 4);
}

TEST_CASE("with flush_delay a lone write waits for a third of it, and many share a sync") {
    const auto latency_us = [](const std::string& delay, const std::string& clients) {
        const Run one = run(R"({"duration": "6s", "ensemble": {"voters": 1, "flush_delay": ")" +
                            delay + R"("}, "network": {"delay": "0s"}, "disk": {"sync": "1ms"},
            "cpu": "zero", "clients": [{)" +
                            clients + "}]}");
        test::check_clean(one);
        const auto syncs = one.count(Kind::synced, between(3, 5));
        const auto writes = one.count(Kind::complete, between(3, 5));
        return std::pair{2'000'000 / std::max<std::size_t>(writes, 1), writes / syncs};
    };
    CHECK(latency_us("0s", R"("count": 1)").first == 1'000);
    // Thirty milliseconds after the last flush it is due at once; before, nothing more comes.
    CHECK(latency_us("30ms", R"("count": 1)").first / 100 == 109);
    CHECK(latency_us("30ms", R"("count": 50, "load": {"open": {"poisson": "100/s"}})").second > 50);
}

TEST_CASE("a disk that stalls ends nothing that it had begun") {
    const Run stalled = run(R"({"duration": "8s", "ensemble": {"voters": 1},
        "disk": {"sync": "20ms"}, "cpu": "zero", "clients": [{"count": 1}],
        "faults": [{"after": {"record": "append", "node": 1, "nth": 100}, "disk_stall": 1,
                    "lasting": "2s"}]})");
    const auto fault = stalled.all(Kind::fault);
    REQUIRE_FALSE(fault.empty());
    const std::int64_t begin = fault.front().time().ns;
    CHECK(stalled.count(Kind::synced, [begin](const trace::Record& r) {
        return r.time().ns > begin && r.time().ns < begin + 2'000'000'000;
    }) == 0);
}

TEST_CASE("two losses on one link are more than one of them") {
    const auto resent = [](const std::string& second) {
        const Run lossy = run(R"({"duration": "60s", "ensemble": {"voters": 3}, "cpu": "zero",
            "network": {"delay": "1ms", "loss": "10%"}, "clients": [{"count": 1}],
            "faults": [{"at": "5s", "loss": {"from": "all", "probability": ")" +
                              second + R"("}}]})");
        const auto acks = lossy.all(Kind::receive, [](const trace::Record& r) {
            return r.time().ns > 6'000'000'000 &&
                   r.detail() == static_cast<std::uint16_t>(zab::MessageKind::ack);
        });
        const auto late = std::count_if(acks.begin(), acks.end(), [](const trace::Record& r) {
            return r.other_ns() > 100'000'000;
        });
        return static_cast<double>(late) / static_cast<double>(acks.size());
    };
    const double one = resent("0%");
    const double two = resent("10%");
    CHECK(one > 0.08);
    CHECK(one < 0.12);
    CHECK(two > 0.17);
    CHECK(two < 0.21);
}
