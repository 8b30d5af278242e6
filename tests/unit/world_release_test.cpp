#include "tests/unit/network_world.hpp"

#include <fmt/format.h>

#include <string_view>

/// What old releases do otherwise, as a user sees it in whole runs.
namespace test {

namespace {

using trace::Kind;

Run run_on(std::string_view release, const std::string& rest) {
    return run(sim::sound(fmt::format(
        R"({{ "duration": "4s", "release": {}, "network": {{ "delay": "100us" }},
              "cpu": {{ "preset": "zero" }}, "disk": {{ "sync": "5ms" }}, {} }})",
        release, rest)));
}

constexpr const char* old_releases[] = {"\"3.5.3\"", "\"3.4.10\""};

}  // namespace

TEST_CASE("before 3.6.0 a client's writes hold up the reads of all others at its server") {
    const std::string load = R"(
        "ensemble": { "voters": 3 }, "start": { "servers": { "1": { "down": true } } },
        "clients": [ { "count": 1, "placement": { "servers": [2] } },
                     { "count": 9, "operations": { "get": 1, "set": 0 },
                       "placement": { "servers": [2] } } ])";
    const auto reads_on = [&load](std::string_view release) {
        return run_on(release, load).count(Kind::read);
    };
    const std::size_t today = reads_on("\"fixed\"");
    CHECK(reads_on("\"3.7.0\"") > today * 9 / 10);
    CHECK(reads_on(R"({ "defects": ["2024"] })") < today / 3);
    for (const char* old : old_releases) {
        INFO(old);
        const std::size_t reads = reads_on(old);
        CHECK(reads > 1'000);
        CHECK(reads < today / 3);
    }
}

TEST_CASE("before 3.6.0 every write of the ensemble holds up the reads of the leader's clients") {
    const std::string load = R"(
        "ensemble": { "voters": 3 },
        "clients": [ { "count": 1, "placement": { "servers": [1] } },
                     { "count": 9, "operations": { "get": 1, "set": 0 },
                       "placement": { "servers": [3] } } ])";
    const auto reads_on = [&load](std::string_view release) {
        return run_on(release, load).count(Kind::read);
    };
    const std::size_t today = reads_on("\"fixed\"");
    CHECK(reads_on("\"3.7.0\"") > today * 9 / 10);
    for (const char* old : old_releases) {
        INFO(old);
        const std::size_t reads = reads_on(old);
        CHECK(reads > 1'000);
        CHECK(reads < today / 3);
    }
}

TEST_CASE("before 3.6.0 no log is too long for its server to go on without a snapshot") {
    const std::string load = R"("ensemble": { "voters": 3, "snapshot_size_limit": "20KiB" },
                                "clients": [ { "count": 3, "payload": "1KiB" } ])";
    const auto snapshots_on = [&load](std::string_view release) {
        return run_on(release, load).count(Kind::snapshot_written, between(2, 4));
    };
    CHECK(snapshots_on("\"fixed\"") > 30);
    CHECK(snapshots_on("\"3.7.0\"") > 30);
    CHECK_EQ(snapshots_on(R"({ "defects": ["3244"] })"), 0);
    for (const char* old : old_releases) {
        INFO(old);
        CHECK_EQ(snapshots_on(old), 0);
    }
}

TEST_CASE("who cannot reach its leader gives up after initLimit; in 3.4 it has five whole tries") {
    const std::string load = R"(
        "ensemble": { "voters": 3, "tick_time": "1s", "init_limit": 6, "sync_limit": 2 },
        "start": { "servers": { "1": { "down": true } } },
        "faults": [ { "at": "2s", "restart": [1] },
                    { "after": { "record": "following", "node": 1 },
                      "cut": { "from": [1], "to": [3] } } ])";
    const auto tries_for_ms = [&load](std::string_view release) {
        const Run run = test::run(sim::sound(fmt::format(
            R"({{ "duration": "30s", "release": {}, "cpu": {{ "preset": "zero" }}, {} }})", release,
            load)));
        const auto following = run.all(Kind::following, at_server(1));
        REQUIRE_FALSE(following.empty());
        const std::int64_t since = ms(following.front());
        const auto gave_up = run.all(Kind::looking, [since](const trace::Record& r) {
            return r.node().value == 1 && ms(r) > since;
        });
        REQUIRE_FALSE(gave_up.empty());
        return ms(gave_up.front()) - since;
    };
    CHECK(tries_for_ms("\"fixed\"") / 100 == 60);
    CHECK(tries_for_ms("\"3.5.3\"") / 100 == 50);    // Two of 2 s; a second more is all there was.
    CHECK(tries_for_ms("\"3.4.10\"") / 100 == 140);  // Five tries of 2 s, and a second between.
}

TEST_CASE(
    "who has acknowledged NEWLEADER outlasts syncLimit where its learners read with initLimit") {
    // Of five voters three run; server 4's disk stalls for 6 s, three times syncLimit, before its
    // ACK, and server 3 waits for it.
    const std::string story = R"(
        "ensemble": { "voters": 5, "tick_time": "1s", "init_limit": 20, "sync_limit": 2 },
        "start": { "servers": { "1": { "down": true }, "2": { "down": true } } },
        "faults": [ { "after": { "record": "receive", "node": 4, "message": "new_leader" },
                      "lasting": "6s", "disk_stall": [4] } ])";
    const auto elections_on = [&story](std::string_view release) {
        return test::run(sim::sound(fmt::format(R"({{ "duration": "20s", "release": {}, {} }})",
                                                release, story)))
            .count(Kind::looking);
    };
    CHECK_GT(elections_on("\"3.7.0\""), 3);  // Server 3 itself gives up.
    for (const char* old : old_releases) {
        INFO(old);
        CHECK_EQ(elections_on(old), 3);
    }
}

TEST_CASE("3756: who comes back while a dead host does not answer tells nobody its vote for long") {
    // Server 1 has no power. Leader 3 comes back at 5 s, and server 2 needs it; before each message
    // to 2 there is one to 1, which takes the 5 s of a dial.
    const std::string story = R"(
        "ensemble": { "voters": 3 },
        "faults": [ { "at": "3s", "power_loss": [1] },
                    { "at": "4s", "crash": [3] }, { "at": "5s", "restart": [3] } ])";
    const auto led_again_ms = [&story](std::string_view release) {
        const Run run = test::run(sim::sound(fmt::format(
            R"({{ "duration": "60s", "release": {}, "cpu": {{ "preset": "zero" }}, {} }})", release,
            story)));
        const auto established = run.all(Kind::established, between(4, 60));
        REQUIRE_FALSE(established.empty());
        return ms(established.front());
    };
    CHECK_LT(led_again_ms("\"3.7.0\""), 7'000);
    CHECK_GT(led_again_ms(R"({ "defects": ["3756"] })"), 10'000);
    CHECK_GT(led_again_ms("\"3.5.3\""), 10'000);
}

TEST_CASE("2307: memory keeps a promise that the disk refused, and the server never boots again") {
    const std::string story = R"(
        "ensemble": { "voters": 3 }, "start": { "servers": { "1": { "down": true } } },
        "faults": [ { "at": "2s", "restart": [1] },
                    { "after": { "record": "receive", "node": 1, "message": "leader_info" },
                      "lasting": "20ms", "disk_error": [1] },
                    { "at": "6s", "crash": [1] }, { "at": "7s", "restart": [1] } ])";
    const auto refusals_on = [&story](std::string_view release) {
        const Run run = test::run(sim::sound(fmt::format(
            R"({{ "duration": "10s", "release": {}, "cpu": {{ "preset": "zero" }}, {} }})", release,
            story)));
        CHECK(run.count(Kind::looking, both(at_server(1), between(2, 6))) == 2);
        CHECK(run.count(Kind::serving, both(at_server(1), between(2, 6))) == 1);
        return run.count(Kind::refused_to_start);
    };
    CHECK_EQ(refusals_on("\"fixed\""), 0);
    CHECK_EQ(refusals_on("\"3.7.0\""), 0);
    CHECK_EQ(refusals_on(R"({ "defects": ["2307"] })"), 1);
    CHECK_EQ(refusals_on("\"3.5.3\""), 1);
}

}  // namespace test
