#include "protocol/config.hpp"
#include "protocol/service/sessions.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using zab::Instant;
using zab::SessionId;
using zab::SessionRefusal;
using zab::SessionTracker;

constexpr zab::Duration tick = zab::seconds(2);
constexpr SessionId first{1};
constexpr SessionId second{2};

Instant at_ms(std::int64_t ms) { return {ms * 1'000'000}; }

}  // namespace

TEST_CASE("a session ends at the first boundary of a tick after its time-out") {
    struct Case {
        const char* name;
        std::int64_t touched_ms, last_alive_ms, ends_ms;
    };
    static constexpr Case cases[] = {
        {"touched between boundaries", 500, 5'999, 6'000},
        {"touched just before a boundary", 1'999, 5'999, 6'000},
        {"touched at a boundary", 2'000, 7'999, 8'000},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            SessionTracker tracker;
            tracker.track({first, 4'000}, at_ms(c.touched_ms), tick);
            CHECK(tracker.take_expired(at_ms(c.last_alive_ms), tick).empty());
            CHECK((tracker.take_expired(at_ms(c.ends_ms), tick) == std::vector{first}));
        }
    }
}

TEST_CASE("a touch moves a session's end, and nobody else's") {
    SessionTracker tracker;
    tracker.track({first, 4'000}, at_ms(0), tick);
    tracker.track({second, 4'000}, at_ms(0), tick);

    CHECK(tracker.touch(second, at_ms(3'000), tick));

    CHECK((tracker.take_expired(at_ms(6'000), tick) == std::vector{first}));
    CHECK((tracker.take_expired(at_ms(8'000), tick) == std::vector{second}));
}

TEST_CASE("no touch brings back a session whose closeSession is on its way") {
    SessionTracker tracker;
    tracker.track({first, 4'000}, at_ms(0), tick);
    tracker.track({second, 4'000}, at_ms(0), tick);

    tracker.set_closing(first);
    const std::vector<SessionId> expired = tracker.take_expired(at_ms(6'000), tick);

    CHECK_FALSE(tracker.touch(first, at_ms(1'000), tick));
    CHECK((expired == std::vector{second}));
    CHECK_FALSE(tracker.touch(second, at_ms(6'000), tick));
    CHECK_FALSE(tracker.has_live());
}

TEST_CASE("an expired session is told once") {
    SessionTracker tracker;
    tracker.track({first, 4'000}, at_ms(0), tick);

    CHECK((tracker.take_expired(at_ms(6'000), tick) == std::vector{first}));
    CHECK(tracker.take_expired(at_ms(8'000), tick).empty());
}

TEST_CASE("a session that was never tracked cannot be touched") {
    SessionTracker tracker;
    CHECK_FALSE(tracker.touch(first, at_ms(0), tick));
}

TEST_CASE("the first to ask owns a session, until it is taken over") {
    constexpr zab::LinkId one{3, 1};
    constexpr zab::LinkId other{4, 1};
    constexpr zab::LinkId here{};
    SessionTracker tracker;
    tracker.track({first, 4'000}, at_ms(0), tick);

    CHECK_FALSE(tracker.check(first, one).has_value());
    CHECK((tracker.check(first, other) == SessionRefusal::moved));
    CHECK((tracker.check(first, here) == SessionRefusal::moved));
    tracker.set_owner(first, here);
    CHECK_FALSE(tracker.check(first, here).has_value());
    CHECK((tracker.check(first, one) == SessionRefusal::moved));
}

TEST_CASE("a learner that comes back over a new connection is another owner") {
    SessionTracker tracker;
    tracker.track({first, 4'000}, at_ms(0), tick);
    REQUIRE_FALSE(tracker.check(first, {3, 1}).has_value());

    CHECK((tracker.check(first, {3, 2}) == SessionRefusal::moved));
}

TEST_CASE("a session that is being closed is refused as expired, and cannot be taken over") {
    SessionTracker tracker;
    tracker.track({first, 4'000}, at_ms(0), tick);
    tracker.set_closing(first);

    CHECK((tracker.check(first, {}) == SessionRefusal::expired));
    tracker.set_owner(first, {3, 1});
    CHECK((tracker.check(first, {3, 1}) == SessionRefusal::expired));
    CHECK((tracker.check(second, {}) == SessionRefusal::unknown));
}

TEST_CASE("who knows a session, and on which server it is asked, decides whether it is refused") {
    constexpr zab::NodeId self{2};
    constexpr SessionId own{(2ull << 56) | 1};
    constexpr SessionId foreign{(3ull << 56) | 1};
    struct Case {
        const char* name;
        bool is_local, is_global, has_local_sessions;
        SessionId session;
        bool leader_allows, global_allows, learner_allows;
    };
    static constexpr Case cases[] = {
        {"global", false, true, true, own, true, true, true},
        {"local", true, false, true, own, true, false, true},
        {"being upgraded", true, true, true, own, true, true, true},
        {"nobody's, of this server", false, false, true, own, false, false, false},
        {"nobody's, of another server", false, false, true, foreign, true, false, false},
        {"global, all are", false, true, false, own, true, true, true},
        {"nobody's, all are global", false, false, false, foreign, false, false, true},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            SessionTracker global;
            SessionTracker local;
            if (c.is_global) global.track({c.session, 4'000}, at_ms(0), tick);
            if (c.is_local) local.track({c.session, 4'000}, at_ms(0), tick);
            SessionTracker* locals = c.has_local_sessions ? &local : nullptr;

            const auto on_leader = check_on_leader(global, locals, self, c.session, {});
            CHECK_EQ(!on_leader.has_value(), c.leader_allows);
            CHECK_EQ(!check_global(global, c.session, {}).has_value(), c.global_allows);
            const auto on_learner = check_on_learner(c.is_global, locals, c.session, {});
            CHECK_EQ(!on_learner.has_value(), c.learner_allows);
        }
    }
}

TEST_CASE("a session that is local and global at once must be free to ask as either") {
    SessionTracker global;
    SessionTracker local;
    global.track({first, 4'000}, at_ms(0), tick);
    local.track({first, 4'000}, at_ms(0), tick);
    global.set_owner(first, {3, 1});

    CHECK((check_on_leader(global, &local, {2}, first, {}) == SessionRefusal::moved));
}

TEST_CASE("a session's timeout is within the limits, whatever is asked for") {
    zab::Config config;
    config.tick_time = tick;
    CHECK_EQ(config.session_timeout_ms(1), 4'000);
    CHECK_EQ(config.session_timeout_ms(10'000), 10'000);
    CHECK_EQ(config.session_timeout_ms(1'000'000), 40'000);
}
