#include "tests/unit/network_world.hpp"

#include <set>

namespace {

using test::at_server;
using test::because;
using test::between;
using test::both;
using test::Run;
using trace::Kind;
using zab::DownReason;

const std::string clients = R"("clients": [{"count": 4, "placement": {"servers": [1, 2]},
    "load": {"closed": {"outstanding": 2, "think_time": "20ms"}},
    "paths": {"uniform": {"count": 9}},
    "operations": {"set": 50, "get": 50}}])";

/// Server 3 leads from the first second on. Faults strike after the 25th second: by then every
/// connection has long been made.
Run run_with(const std::string& duration, const std::string& faults, std::uint64_t seed = 1) {
    Run run = test::run(test::small_scenario(duration, clients + R"(, "faults": [)" + faults + "]"),
                        seed);
    test::check_clean(run);
    return run;
}

Run::Wanted received(std::uint16_t node, std::uint16_t peer, zab::MessageKind kind) {
    return [=](const trace::Record& r) {
        return r.node().value == node && r.peer() == peer &&
               r.detail() == static_cast<std::uint16_t>(kind);
    };
}

}  // namespace

TEST_CASE("a dead process's host refuses a dial at once; a host without power never answers") {
    // Server 1 has no power from the start on; server 3 is killed later.
    const Run run =
        run_with("40s", R"({"at": "100ms", "power_loss": 1}, {"at": "25s", "crash": 3})");

    const auto to_peer = [](std::int64_t from, std::uint16_t peer) {
        return both(between(from, 40), [peer](const trace::Record& r) { return r.peer() == peer; });
    };
    const auto unanswered = run.all(Kind::dial_failed, to_peer(0, 1));
    const auto refused = run.all(Kind::dial_failed, to_peer(25, 3));
    REQUIRE_FALSE(refused.empty());
    REQUIRE_FALSE(unanswered.empty());
    for (const trace::Record& r : refused) {
        CHECK(because(DownReason::refused)(r));
        CHECK_EQ(r.other_ns(), 2'000'000);  // One way, and back.
    }
    for (const trace::Record& r : unanswered) {
        CHECK(because(DownReason::unanswered)(r));
        CHECK_EQ(r.other_ns(), 5'000'000'000);  // zookeeper.cnxTimeout.
    }
}

TEST_CASE("a leader without power leaves half-open connections, noticed by the read timeout only") {
    const Run run = run_with("60s", R"({"at": "25s", "power_loss": 3})");

    CHECK_EQ(run.count(Kind::link_down, both(between(25, 60), because(DownReason::reset))), 0);
    const auto looking = run.all(Kind::looking, between(25, 60));
    REQUIRE_EQ(looking.size(), 2);
    for (const trace::Record& r : looking) {
        CHECK(test::ms(r) >= 34'000);  // syncLimit is 10 s; a ping came every second.
        CHECK(test::ms(r) <= 35'500);
    }
    CHECK_EQ(run.count(Kind::established, between(34, 40)), 1);
}

TEST_CASE("a killed leader's connections are reset, and the election begins at once") {
    const Run run = run_with("40s", R"({"at": "25s", "crash": 3})");

    const auto resets = run.all(Kind::link_down, both(between(25, 27), because(DownReason::reset)));
    std::set<std::uint16_t> told;
    for (const trace::Record& r : resets) told.insert(r.node().value);
    CHECK((told == std::set<std::uint16_t>{1, 2}));
    CHECK_EQ(run.count(Kind::looking, between(25, 27)), 2);
    CHECK_EQ(run.count(Kind::established, between(25, 30)), 1);
}

TEST_CASE("a lost segment comes after retransmission time-outs that double from 200 ms") {
    const sim::Scenario scenario = test::small_scenario("60s", R"("clients": [{"count": 400,
        "start": "30s", "placement": {"servers": [3]}, "operations_each": 1,
        "load": {"closed": {"outstanding": 1}}}])");
    sim::Scenario lossy = scenario;
    lossy.network.base.loss = {300'000'000};  // 30 %.
    const Run run = test::run(lossy);
    test::check_clean(run);

    // A connect is the first message of its connection: nothing before it holds it up.
    std::size_t at_once = 0, count = 0;
    std::set<std::int64_t> delays;
    for (const trace::Record& r : run.all(Kind::receive)) {
        if (r.detail() != static_cast<std::uint16_t>(zab::MessageKind::connect)) continue;
        ++count;
        const std::int64_t late = r.other_ns() / 1'000'000 - 1;
        at_once += late == 0 ? 1u : 0u;
        delays.insert(late);
    }
    CHECK(count >= 400);
    CHECK(at_once * 100 > count * 60);
    CHECK(at_once * 100 < count * 80);
    const std::set<std::int64_t> possible{0, 200, 600, 1'400, 3'000, 6'200, 12'600, 25'400};
    for (const std::int64_t delay : delays) CHECK_MESSAGE(possible.contains(delay), delay);
    CHECK(delays.contains(600));
}

TEST_CASE("what waits behind a clog comes later, in order, and nothing of it is lost") {
    const Run run = run_with(
        "40s", R"({"at": "25s", "clog": {"from": 3, "to": 1, "one_way": true}, "lasting": "3s"})");

    const auto proposals = run.all(Kind::receive, received(1, 3, zab::MessageKind::proposal));
    std::uint64_t last = 0;
    std::size_t meanwhile = 0;
    for (const trace::Record& r : proposals) {
        if (last != 0) REQUIRE_EQ(r.a(), last + 1);
        last = r.a();
        meanwhile += test::ms(r) > 25'002 && test::ms(r) < 28'000 ? 1u : 0u;
    }
    CHECK_EQ(meanwhile, 0);
    CHECK(run.count(Kind::commit, between(26, 28)) > 20);  // The other follower goes on.
    CHECK_EQ(run.count(Kind::looking, between(5, 40)), 0);
    test::check_all_equal(run);
}

TEST_CASE("a cut one way silences the leader for one follower, which joins again when it heals") {
    const Run run = run_with(
        "90s", R"({"at": "25s", "cut": {"from": 3, "to": 1, "one_way": true}, "lasting": "30s"})");

    CHECK_EQ(
        run.count(Kind::receive, both(between(26, 55), received(1, 3, zab::MessageKind::ping))), 0);
    CHECK(run.count(Kind::looking, both(between(25, 90), test::at_server(1))) >= 1);
    CHECK_EQ(run.count(Kind::looking, both(between(25, 90), test::at_server(3))), 0);
    CHECK(run.count(Kind::commit, both(between(40, 54), test::at_server(3))) > 100);
    CHECK_EQ(run.count(Kind::established, between(25, 90)), 0);
    test::check_all_equal(run);
}

TEST_CASE("a cut shorter than the timeouts heals without an election and loses nothing") {
    const Run run =
        run_with("45s", R"({"at": "25s", "cut": {"from": 3, "to": [1, 2]}, "lasting": "4s"})");

    CHECK_EQ(run.count(Kind::commit, between(26, 28)), 0);
    CHECK(run.count(Kind::commit, between(35, 45)) > 100);
    CHECK_EQ(run.count(Kind::looking, between(5, 45)), 0);
    CHECK_EQ(run.count(Kind::link_down, between(5, 45)), 0);
    CHECK_EQ(run.count(Kind::fail), 0);
    test::check_all_equal(run);
}

TEST_CASE("a killed process finds its page cache again; without power only the durable is left") {
    struct Case {
        const char* name;
        const char* fault;
        bool loses;
    };
    static constexpr Case cases[] = {{"crash", "crash", false}, {"power", "power_loss", true}};
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            const Run run = run_with(
                "40s", R"({"at": "25s", "disk_stall": 1, "lasting": "5s"}, {"at": "27s", ")" +
                           std::string(c.fault) + R"(": 1}, {"at": "35s", "restart": 1})");
            const auto appended = run.all(Kind::append, both(between(0, 27), test::at_server(1)));
            const auto synced = run.all(Kind::synced, both(between(0, 27), test::at_server(1)));
            const auto booted = run.all(Kind::booted, both(between(35, 40), test::at_server(1)));
            REQUIRE_EQ(booted.size(), 1);
            REQUIRE(appended.back().a() > synced.back().a());
            CHECK(booted[0].a() >= synced.back().a());
            CHECK_EQ(booted[0].a() < appended.back().a(), c.loses);
            CHECK_EQ(booted[0].c(), 1);  // The epoch files had been synced.
            CHECK_EQ(run.count(Kind::lost), c.loses ? 1 : 0);
            test::check_all_equal(run);
        }
    }
}

TEST_CASE("a stalled disk stops the commits only if it leaves no quorum that can sync") {
    struct Case {
        const char* name;
        const char* stalled;
        bool commits;
    };
    static constexpr Case cases[] = {{"of a follower", "1", true},
                                     {"of the leader: its own ack is not needed", "3", true},
                                     {"of both followers", "[1, 2]", false}};
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            const Run run = run_with("40s", R"({"at": "25s", "disk_stall": )" +
                                                std::string(c.stalled) + R"(, "lasting": "4s"})");
            CHECK_EQ(run.count(Kind::commit, between(26, 28)) > 50, c.commits);
            CHECK_EQ(run.count(Kind::commit, between(26, 28)) == 0, !c.commits);
            CHECK_EQ(run.count(Kind::looking, between(5, 40)), 0);
            CHECK(run.count(Kind::commit, between(32, 40)) > 100);
            test::check_all_equal(run);
        }
    }
}

TEST_CASE("a leader that paused is replaced, and commits nothing when it wakes") {
    const Run run = run_with("90s", R"({"at": "25s", "pause": 3, "lasting": "30s"})");

    CHECK_EQ(run.count(Kind::established, between(25, 55)), 1);
    CHECK_EQ(run.count(Kind::commit, both(between(26, 90), test::at_server(3))), 0);
    CHECK(run.count(Kind::commit, between(45, 55)) > 50);
    CHECK(run.count(Kind::serving, both(between(55, 90), test::at_server(3))) >= 1);
    test::check_all_equal(run);
}

TEST_CASE("a pause shorter than the timeouts is only a pause") {
    const Run run = run_with("45s", R"({"at": "25s", "pause": 3, "lasting": "4s"})");

    CHECK_EQ(run.count(Kind::commit, between(26, 29)), 0);
    CHECK_EQ(run.count(Kind::looking, between(5, 45)), 0);
    CHECK(run.count(Kind::commit, between(30, 45)) > 100);
    test::check_all_equal(run);
}

TEST_CASE("delays of ten years each, thirty on one way, only add up to what never arrives") {
    const std::string one =
        R"({"at": "25s", "delay": {"from": 1, "to": 3, "extra": "315360000s"}})";
    for (const std::size_t count : {1u, 2u, 30u, 60u}) {
        CAPTURE(count);
        std::string faults = one;
        for (std::size_t i = 1; i < count; ++i) faults += ", " + one;
        const Run run = run_with("30s", faults);

        const auto from_first = [](const trace::Record& r) { return r.peer() == 1; };
        const Run::Wanted heard = both(at_server(3), from_first);
        CHECK(run.count(Kind::receive, both(between(24, 25), heard)) > 10);
        CHECK_EQ(run.count(Kind::receive, both(between(26, 30), heard)), 0);
        test::check_clean(run);
    }
}

TEST_CASE("the longest ticks on the slowest clocks are no trouble") {
    for (const char* rate : {"0.1", "0.3", "1", "8"}) {
        CAPTURE(rate);
        const Run run = test::run(sim::sound(R"({"duration": "20s", "ensemble": {"voters": 3,
            "tick_time": "3600s", "init_limit": 1000000, "sync_limit": 1000000},
            "clients": [{"session_timeout": "86400s"}], "faults": [
            {"at": "100ms", "clock_drift": {"target": "all", "factor": )" +
                                             std::string(rate) + R"(}},
            {"at": "10s", "crash": "leader"}]})"));
        test::check_clean(run);
        CHECK_EQ(run.count(Kind::established), 2);
    }
}

TEST_CASE("a message held back keeps what is behind it on its connection, and nothing else") {
    const Run run = run_with("40s",
                             R"({"at": "25s", "hold": {"message": "ack", "node": 3, "peer": 1}},
                                {"at": "28s", "release_held": 3})");

    CHECK_EQ(run.count(Kind::receive, both(between(26, 28), received(3, 1, zab::MessageKind::ack))),
             0);
    CHECK(run.count(Kind::receive, both(between(26, 28), received(3, 2, zab::MessageKind::ack))) >
          50);
    CHECK(run.count(Kind::receive, both(between(28, 40), received(3, 1, zab::MessageKind::ack))) >
          50);
    test::check_all_equal(run);
}
