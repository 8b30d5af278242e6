#include "tests/unit/network_world.hpp"

#include <algorithm>
#include <string>

using test::Run;
using trace::Kind;

namespace {

/// Ten clients at the leader, three requests of each at a time; `rest`: further members.
Run throttled(std::uint32_t most, const std::string& rest, std::uint64_t seed = 1) {
    return test::run(sim::sound(R"({"duration": "6s", "network": {"delay": "1ms"},
        "ensemble": {"voters": 3, "throttle_max_requests": )" +
                                std::to_string(most) + R"(}, "cpu": {"preset": "zero"},
        "clients": [{"count": 10, "start": "2s", "placement": "leader",
                     "operations": {"set": 2, "get": 1},
                     "load": {"closed": {"outstanding": 3}}}])" +
                                rest + "}"),
                     seed);
}

/// The most proposals, of sessions and of writes, that were ever under way at a time.
std::size_t most_outstanding(const Run& run) {
    std::size_t now = 0;
    std::size_t most = 0;
    for (const trace::Record& record : run.records) {
        if (record.kind() == Kind::propose) most = std::max(most, ++now);
        if (record.kind() == Kind::commit) --now;
    }
    return most;
}

}  // namespace

TEST_CASE("processors have at most throttle_max_requests of a server's clients' requests") {
    for (const std::uint32_t most : {1u, 2u, 5u}) {
        CAPTURE(most);
        const Run run = throttled(most, "");

        test::check_clean(run);
        CHECK(most_outstanding(run) == most);
        CHECK(run.count(Kind::complete, test::between(5, 6)) > 100);
    }
    CHECK(most_outstanding(throttled(0, "")) > 10);
    CHECK(most_outstanding(throttled(1'000, "")) == most_outstanding(throttled(0, "")));
}

TEST_CASE("a throttler that never holds anything back changes nothing") {
    const Run without = throttled(0, "");
    const Run with = throttled(1'000'000, "");

    REQUIRE(without.records.size() == with.records.size());
    CHECK(std::equal(without.records.begin(), without.records.end(), with.records.begin(),
                     [](const auto& a, const auto& b) { return a.words() == b.words(); }));
}

TEST_CASE("whoever waits behind a client that came back over another connection is let in") {
    // Client 0's write is stuck with the disks, and its connection lost; it comes back to the same
    // server. Nobody sends anything new meanwhile: all others wait for their answers.
    const Run run = test::run(sim::sound(R"({"duration": "60s",
        "ensemble": {"voters": 3, "sync_limit": 20, "throttle_max_requests": 1},
        "clients": [
            {"placement": {"servers": [3]}, "start": "5s", "session_timeout": "9s",
             "load": {"closed": {"think_time": "6s"}}, "operations_each": 2},
            {"count": 8, "placement": {"servers": [3]}, "start": "5s", "session_timeout": "40s",
             "load": {"closed": {"think_time": "7s"}}}],
        "faults": [{"at": "10s", "disk_stall": "all", "lasting": "15s"},
                   {"at": "11500ms", "cut": {"from": "all", "to": {"clients": "group-1"}},
                    "lasting": "8900ms"}]})"));

    test::check_clean(run);
    CHECK(run.count(Kind::complete, test::between(26, 60)) >= 30);
}

TEST_CASE("the end of a session that waits for its turn comes, though its connection has gone") {
    const Run run = test::run(sim::sound(R"({"duration": "20s",
        "ensemble": {"voters": 3, "throttle_max_requests": 1},
        "clients": [
            {"placement": {"servers": [3]}, "start": "2s", "session_timeout": "40s"},
            {"placement": {"servers": [3]}, "start": "2s", "session_timeout": "40s",
             "operations_each": 1, "leave": {"at": "10500ms", "how": "close_session"}}],
        "faults": [{"at": "10s", "disk_stall": "all", "lasting": "3s"},
                   {"at": "11500ms", "cut": {"from": "all", "to": {"clients": "group-2"}}},
                   {"at": "11s", "reset": {"from": "all", "to": {"clients": "group-2"}}}]})"));

    test::check_clean(run);
    const std::vector<sim::ServerNode>& servers = run.servers;
    CHECK(servers.at(2).peer.server().database.sessions().size() == 1);
}
