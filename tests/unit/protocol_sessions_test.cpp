#include "protocol/service/sessions.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using zab::Instant;
using zab::SessionId;
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
