#include "tests/unit/network_world.hpp"

#include <map>
#include <string>
#include <utility>

/// What surprised those who measured a real ensemble must come out by itself.
namespace test {

namespace {

using trace::Kind;

/// An election after the death of the leader, as its winner saw it.
struct Succession {
    std::int64_t took_ms = 0;
    bool was_refused = false;  ///< The follower's first connect to the new leader.
};

Succession succession(const std::string& delay, std::uint64_t seed) {
    const Run done = run(sim::sound(R"({"duration": "5s", "ensemble": {"voters": 3}, "cpu": "zero",
        "process": {"shutdown_role": {"log_normal": {"median": "11500us", "sigma": "0.2"}}},
        "network": {"delay": ")" + delay +
                                    R"("}, "faults": [{"at": "3s", "crash": "leader"}]})"),
                         seed);
    const std::vector<trace::Record> elected = done.all(Kind::elected, between(3, 5));
    REQUIRE(elected.size() == 2);
    const std::uint16_t leader = elected.front().peer();
    const auto looking = done.all(Kind::looking, both(between(3, 5), at_server(leader)));
    REQUIRE(looking.size() == 1);
    Succession out;
    for (const trace::Record& record : elected) {
        if (record.node().value == leader) out.took_ms = ms(record) - ms(looking.front());
    }
    out.was_refused = done.count(Kind::dial_failed, [leader](const trace::Record& r) {
        return r.time() >= zab::Instant{3'200'000'000} && r.peer() == leader;
    }) > 0;
    return out;
}

std::pair<int, int> slow_and_refused(const std::string& delay, std::uint64_t seeds) {
    int slow = 0;
    int refused = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const Succession one = succession(delay, seed);
        slow += one.took_ms > 350 ? 1 : 0;
        refused += one.was_refused ? 1 : 0;
    }
    return {slow, refused};
}

/// The longest a client waited for an operation, once all ran smoothly.
std::int64_t longest_us(const Run& done, std::uint32_t client) {
    std::map<std::uint32_t, zab::Instant> invoked;
    std::int64_t longest = 0;
    for (const trace::Record& r : done.records) {
        if (r.time() < zab::Instant{3'000'000'000} || r.b() != client) continue;
        if (r.kind() == Kind::invoke) invoked[r.c()] = r.time();
        if (r.kind() == Kind::complete && invoked.contains(r.c())) {
            longest = std::max(longest, (r.time() - invoked[r.c()]).ns / 1'000);
        }
    }
    return longest;
}

Run with_syncs(std::uint16_t server) {
    return run(sim::sound(
        R"({"duration": "5s", "ensemble": {"voters": 3}, "network": {"delay": "5ms",
        "links": [{"from": "load", "to": 1, "delay": "10us"},
                  {"from": "load", "to": 3, "delay": "10us"}]},
        "hosts": {"named": {"load": {}}}, "clients": [
        {"host": "load", "placement": {"servers": [3]}, "load": {"closed": {"outstanding": 20}}},
        {"host": "load", "placement": {"servers": [)" +
        std::to_string(server) + R"(]}, "operations": {"sync": 1}}]})"));
}

std::size_t sessions_of(const Run& done, std::size_t server) {
    return done.servers[server].peer.server().database.sessions().size();
}

/// One client of a follower, which does as `more` says.
Run with_client(const std::string& duration, const std::string& more) {
    return run(small_scenario(duration, R"("clients": [{"placement": {"servers": [1]},
        "operations_each": 1, "session_timeout": "4s", "start": "2s")" +
                                            more + "}]"));
}

}  // namespace

TEST_CASE("more delay can make an election faster") {
    const auto [slow_near, refused_near] = slow_and_refused("10us", 40);
    const auto [slow_far, refused_far] = slow_and_refused("20ms", 40);

    CHECK(slow_near >= 8);
    CHECK(slow_near <= 32);
    CHECK(slow_far == 0);
}

TEST_CASE("a follower's first connect to a new leader is refused in almost every election") {
    const auto [slow, refused] = slow_and_refused("5ms", 20);
    CHECK(refused >= 18);
}

TEST_CASE("a sync of the leader's own client waits for no outstanding write") {
    CHECK(longest_us(with_syncs(3), 1) < 5'000);
    CHECK(longest_us(with_syncs(1), 1) > 10'000);
}

TEST_CASE("a silent client's session ends everywhere after its time-out, not before") {
    const std::string silent = R"(, "leave": {"at": "3s", "how": "silent"})";

    const Run before = with_client("6s", silent);
    const Run after = with_client("11s", silent);

    for (std::size_t server = 0; server < 3; ++server) {
        CHECK(sessions_of(before, server) == 1);
        CHECK(sessions_of(after, server) == 0);
    }
    check_clean(after);
}

TEST_CASE("a client that only pings keeps its session") {
    const Run idle = with_client("30s", "");
    CHECK(sessions_of(idle, 2) == 1);
    CHECK(idle.count(Kind::client_expired) == 0);
}

TEST_CASE("a client that closes its session takes it away at once") {
    const Run closed = with_client("4s", R"(, "leave": {"at": "3s", "how": "close_session"})");
    CHECK(sessions_of(closed, 0) == 0);
    CHECK(closed.count(Kind::client_disconnected) == 0);
}

TEST_CASE("a new leader gives every session its whole time-out") {
    const Run done = run(small_scenario("9s", R"("clients": [{"placement": {"servers": [1]},
        "operations_each": 1, "session_timeout": "4s", "start": "2s",
        "leave": {"at": "3s", "how": "silent"}}], "faults": [{"at": "5s", "crash": "leader"}])"));
    CHECK(sessions_of(done, 1) == 1);
}

}  // namespace test
