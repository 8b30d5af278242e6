#include "tests/unit/network_world.hpp"

#include <string>

using test::ms;
using test::Run;
using trace::Kind;

namespace {

/// All servers are dead from the fifth second to the 45th; one client wants a session of 9 s.
Run forty_seconds_alone(const std::string& release) {
    return test::run(test::small_scenario("60s", R"("release": ")" + release + R"(",
        "clients": [{"count": 1, "session_timeout": "9s",
                     "load": {"closed": {"think_time": "100ms"}}}],
        "faults": [{"at": "5s", "lasting": "40s", "crash": [1, 2, 3]}])"));
}

}  // namespace

TEST_CASE("since 3.9.3 a client that hears of nobody ends its session after 4/3 of its timeout") {
    for (const char* const release : {"fixed", "master", "3.9.3"}) {
        CAPTURE(release);
        const Run run = forty_seconds_alone(release);

        test::check_clean(run);
        REQUIRE(run.count(Kind::client_expired) == 1);
        const trace::Record first = run.all(Kind::client_connected).front();
        CHECK(first.a() != 0);
        CHECK(run.all(Kind::client_expired).front().a() == first.a());  // Its session.
        // It looks between two tries: a second's rest at most, and servers refuse at once.
        const std::int64_t at = ms(run.all(Kind::client_expired).front());
        CHECK(at >= 5'000 + 12'000 - 200);
        CHECK(at <= 5'000 + 12'000 + 1'100);
        CHECK(run.count(Kind::client_connected, test::between(45, 60)) == 1);
    }
}

TEST_CASE("a client whose dial nobody answers ends its session when it stops waiting for that") {
    const Run run = test::run(test::small_scenario("60s", R"(
        "clients": [{"name": "a", "session_timeout": "9s",
                     "load": {"closed": {"think_time": "100ms"}}}],
        "faults": [{"at": "5s", "cut": {"from": "all", "to": {"clients": "a"}},
                    "lasting": "40s"}])"));

    test::check_clean(run);
    REQUIRE(run.count(Kind::client_expired) == 1);
    const zab::Instant at = run.all(Kind::client_expired).front().time();
    CHECK(at >= zab::Instant{} + zab::seconds(5 + 12 - 1));
    // A third of the timeout, for three servers, after it had begun to dial.
    CHECK(run.count(Kind::client_connecting, [at](const trace::Record& r) {
        return r.time() + zab::seconds(3) == at;
    }) == 1);
}

TEST_CASE("a client waits for its session as long as for a connection: a part of its timeout") {
    // Server 1, the first in the client's list of three, is cut off from its leader.
    const Run run = test::run(test::small_scenario("12s", R"(
        "clients": [{"start": "6s", "session_timeout": "9s"}],
        "faults": [{"at": "5s", "cut": {"from": 1, "to": [2, 3]}}])"));

    test::check_clean(run);
    const auto dials = run.all(Kind::client_connecting);
    REQUIRE(dials.size() >= 2);
    CHECK_EQ(dials.front().node().value, 1);
    CHECK(ms(dials[1]) >= 6'000 + 3'000);
    CHECK(ms(dials[1]) <= 6'000 + 3'000 + 1'100);  // A rest of a second at most.
}

TEST_CASE("a client whose write hangs hears no answer to its pings, and leaves its server") {
    // Server 1 cannot reach its leader for nine seconds: not yet syncLimit. Two thirds of 6 s.
    struct Case {
        const char* release;
        std::size_t writers, idle;
    };
    static constexpr Case cases[] = {
        {"fixed", 1, 0}, {"3.8.0", 1, 0}, {"3.5.3", 1, 1}, {"3.4.10", 1, 1}};
    for (const Case& c : cases) {
        CAPTURE(c.release);
        const Run run =
            test::run(test::small_scenario("19s", R"("release": ")" + std::string(c.release) + R"(",
            "clients": [{"placement": {"servers": [1]}, "session_timeout": "6s"},
                        {"placement": {"servers": [1]}, "session_timeout": "6s",
                         "operations_each": 1}],
            "faults": [{"at": "10s", "cut": {"from": 1, "to": [2, 3]}, "lasting": "9s"}])"));

        test::check_clean(run);
        const auto left_in_vain = [&run](std::uint32_t client) {
            return run.count(Kind::client_disconnected, [client](const trace::Record& r) {
                return r.b() == client && ms(r) >= 11'900 && ms(r) <= 16'000 &&
                       test::because(zab::DownReason::timed_out)(r);
            });
        };
        CHECK_EQ(left_in_vain(0), c.writers);
        CHECK_EQ(left_in_vain(1), c.idle);
    }
}

TEST_CASE("a client that is woken less than a second before its ping is due sends it at once") {
    // A ping is due 3 s after anything else; the answer to the second write comes half a second
    // sooner than that.
    const Run run = test::run(test::small_scenario("18s", R"(
        "clients": [{"session_timeout": "9s", "load": {"closed": {"think_time": "9s"}}}],
        "faults": [{"at": "8s", "disk_stall": "all", "lasting": "4700ms"}])"));

    test::check_clean(run);
    REQUIRE(run.count(Kind::complete) >= 2);
    const std::int64_t asked = ms(run.all(Kind::invoke)[1]);
    const std::int64_t answered = ms(run.all(Kind::complete)[1]);
    REQUIRE(answered - asked > 2'100);
    REQUIRE(answered - asked < 2'900);
    const auto pings = run.all(Kind::receive, [asked](const trace::Record& r) {
        return r.detail() == static_cast<std::uint16_t>(zab::MessageKind::client_ping) &&
               ms(r) > asked;
    });
    REQUIRE(pings.size() >= 2);
    CHECK(ms(pings[0]) - answered <= 2);
    CHECK(ms(pings[1]) - ms(pings[0]) >= 2'999);
    CHECK(ms(pings[1]) - ms(pings[0]) <= 3'001);
}

TEST_CASE("before 3.9.3 a client learns from a server only that its session is over") {
    for (const char* const release : {"3.9.1", "3.8.0", "3.4.10"}) {
        CAPTURE(release);
        const Run run = forty_seconds_alone(release);

        test::check_clean(run);
        CHECK(run.count(Kind::client_expired, test::between(0, 45)) == 0);
        CHECK(run.count(Kind::client_connected, test::between(45, 60)) >= 1);
    }
}

TEST_CASE("a server that accepts connections, though it does not serve, keeps a session alive") {
    // Without a quorum servers refuse sessions, not connections: each is a word from a server.
    const Run run = test::run(test::small_scenario("60s", R"(
        "clients": [{"count": 1, "session_timeout": "9s", "placement": {"servers": [1]}}],
        "faults": [{"at": "5s", "lasting": "40s", "crash": [2, 3]}])"));

    test::check_clean(run);
    CHECK(run.count(Kind::client_expired, test::between(0, 45)) == 0);
}

TEST_CASE("what an open load has asked for while no server answered is told at the end") {
    const Run run = test::run(test::small_scenario("30s", R"("clients": [{"count": 2,
        "load": {"open": {"constant": "10/s"}}}], "faults": [{"at": "10s", "crash": "all"}])"));

    test::check_clean(run);
    // Ten a second for each, from the first second on: none of them is lost.
    const auto asked = run.all(Kind::invoke);
    CHECK(asked.size() >= 590);
    CHECK(asked.size() <= 600);
    const auto waiting =
        run.all(Kind::invoke, [](const trace::Record& r) { return ms(r) == 30'000; });
    CHECK(waiting.size() > 350);
    for (const trace::Record& r : waiting) CHECK(r.a() <= 20'100'000'000);  // Since when it waits.
}

TEST_CASE("a client that closes its connection is the reason of its loss, at full cost") {
    const Run run = test::run(test::small_scenario("8s", R"("clients": [{
        "leave": {"at": "6150ms", "how": "closed"}}])"));

    const auto down =
        run.all(Kind::link_down, [](const trace::Record& r) { return ms(r) >= 6'150; });
    REQUIRE_EQ(down.size(), 1);
    CHECK(down.front().cause_back() != 0);
    for (std::size_t i = 0; i < run.records.size(); ++i) {
        const trace::Record& r = run.records[i];
        if (r.cause_back() == 0) continue;
        const trace::Record& cause = run.records.at(i - r.cause_back());
        CHECK_EQ(r.time().ns - cause.time().ns, r.wait_ns() + r.service_ns() + r.other_ns());
    }
}

TEST_CASE("a client that leaves without a connection has asked for what waited, and no more") {
    const Run run = test::run(test::small_scenario("30s", R"("clients": [{"count": 1,
        "leave": {"at": "20s"}, "load": {"open": {"constant": "10/s"}}}],
        "faults": [{"at": "10s", "crash": "all"}])"));

    CHECK(run.all(Kind::invoke).size() >= 195);
    CHECK(run.all(Kind::invoke).size() <= 200);
    CHECK_EQ(run.count(Kind::invoke, test::between(21, 31)), 0);
}

TEST_CASE("an open load asks for no more than it may while it waits for a connection") {
    const Run run = test::run(test::small_scenario("10s", R"("clients": [{"count": 2,
        "operations_each": 50, "load": {"open": {"bursts": {"every": "1ms", "size": 1000}}}}],
        "faults": [{"at": "1ms", "crash": "all"}])"));

    CHECK_EQ(run.count(Kind::invoke), 100);
}
