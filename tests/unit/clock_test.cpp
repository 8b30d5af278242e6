#include "sim/clock/event_queue.hpp"
#include "sim/world/server_clock.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <queue>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using sim::Event;
using sim::EventQueue;
using sim::Factor;
using sim::horizon_ns;
using zab::Instant;

/// What EventQueue must be equal to: ordered by time, then by the number of the push.
class Oracle {
  public:
    void push(const Event& event) { pending_.push({event, pushes_++}); }
    Event pop() {
        const Event event = pending_.top().event;
        pending_.pop();
        return event;
    }
    Instant next_time() const { return pending_.top().event.time; }
    bool empty() const { return pending_.empty(); }
    std::size_t size() const { return pending_.size(); }

  private:
    struct Entry {
        Event event;
        std::uint64_t sequence;
    };
    struct IsLater {
        bool operator()(const Entry& a, const Entry& b) const {
            if (a.event.time != b.event.time) return a.event.time > b.event.time;
            return a.sequence > b.sequence;
        }
    };
    std::priority_queue<Entry, std::vector<Entry>, IsLater> pending_;
    std::uint64_t pushes_ = 0;
};

/// SplitMix64, written out: these tests do not depend on sim/random.
struct Noise {
    std::uint64_t state;
    std::uint64_t next() {
        std::uint64_t z = state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    std::int64_t below(std::uint64_t limit) { return static_cast<std::int64_t>(next() % limit); }
};

using Delay = std::int64_t (*)(Noise&);
std::int64_t short_delay(Noise& noise) { return noise.below(1'000'000); }
std::int64_t coarse_delay(Noise& noise) { return noise.below(3) * 1000; }
std::int64_t no_delay(Noise&) { return 0; }
std::int64_t any_scale(Noise& noise) { return noise.below(std::uint64_t{1} << noise.below(45)); }
std::int64_t rarely_long(Noise& noise) {
    return noise.below(100) == 0 ? std::int64_t{1} << 48 : noise.below(50);
}

/// A run in progress: pops and pushes at random, with a digest of all that was seen.
template <class Queue>
struct Run {
    Queue queue;
    Noise noise;
    Instant now;
    std::uint64_t pushed = 0;
    std::uint64_t digest = 0;
    bool is_intact = true;  // Every event was as pushed, and announced by next_time().

    void see(std::uint64_t number) { digest = (digest ^ number) * 0x100000001b3 + 1; }

    void push(std::int64_t delay) {
        queue.push({{now.ns + delay}, pushed, ~pushed});
        ++pushed;
    }

    void pop() {
        const Instant announced = queue.next_time();
        const Event event = queue.pop();
        is_intact = is_intact && announced == event.time && event.argument == ~event.what;
        now = event.time;
        see(static_cast<std::uint64_t>(event.time.ns));
        see(event.what);
        see(queue.size());
    }

    /// Keeps about `pending` events in the queue. Each step pops one and pushes 0 to 2.
    void steps(int count, std::size_t pending, Delay delay) {
        for (int i = 0; i < count; ++i) {
            if (!queue.empty()) pop();
            const std::int64_t pushes = queue.size() < pending ? 2 : noise.below(3);
            for (std::int64_t k = 0; k < pushes; ++k) push(delay(noise));
        }
    }

    void drain() {
        while (!queue.empty()) pop();
    }
};

[[noreturn]] void throw_reason(const char* why, zab::SourcePlace) { throw std::logic_error(why); }

}  // namespace

TEST_CASE("events leave as from a heap ordered by time and then by the order of pushes") {
    struct Case {
        std::string name;
        std::size_t pending;
        Delay delay;
    };
    const Case cases[] = {
        {"few events", 3, short_delay},
        {"many events", 5000, short_delay},
        {"many equal times", 500, coarse_delay},
        {"one time only", 200, no_delay},
        {"delays of every scale", 300, any_scale},
        {"long gaps", 100, rarely_long},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        Run<EventQueue> run{.queue = {}, .noise = {7}, .now = {}};
        Run<Oracle> expected{.queue = {}, .noise = {7}, .now = {}};

        run.steps(20'000, c.pending, c.delay);
        expected.steps(20'000, c.pending, c.delay);
        CHECK_EQ(run.digest, expected.digest);
        run.drain();
        expected.drain();

        CHECK_EQ(run.digest, expected.digest);
        CHECK_EQ(run.pushed, expected.pushed);
        CHECK(run.is_intact);
    }
}

TEST_CASE("a copied queue and its original run on without touching each other") {
    Run<EventQueue> original{.queue = {}, .noise = {11}, .now = {}};
    Run<Oracle> expected{.queue = {}, .noise = {11}, .now = {}};
    // The coarse delays leave bucket 0 half consumed at the moment of the copy.
    original.steps(5001, 400, coarse_delay);
    expected.steps(5001, 400, coarse_delay);

    Run<EventQueue> copy = original;
    Run<Oracle> expected_copy = expected;
    copy.noise = expected_copy.noise = {12};
    for (int turn = 0; turn < 50; ++turn) {
        original.steps(40, 400, coarse_delay);
        copy.steps(70, 100, any_scale);
    }
    expected.steps(50 * 40, 400, coarse_delay);
    for (int turn = 0; turn < 50; ++turn) expected_copy.steps(70, 100, any_scale);

    CHECK_EQ(original.digest, expected.digest);
    CHECK_EQ(copy.digest, expected_copy.digest);
    CHECK_NE(original.digest, copy.digest);
    CHECK(original.is_intact);
    CHECK(copy.is_intact);
}

TEST_CASE("an event may be pushed before the announced next one, down to the last popped time") {
    EventQueue queue;
    queue.push({{1000}, 1, 0});
    queue.push({{9000}, 2, 0});
    CHECK_EQ(queue.pop().what, 1);
    CHECK_EQ(queue.next_time().ns, 9000);

    queue.push({{5000}, 3, 0});
    CHECK_EQ(queue.next_time().ns, 5000);
    queue.push({{1000}, 4, 0});
    CHECK_EQ(queue.next_time().ns, 1000);

    CHECK_EQ(queue.pop().what, 4);
    CHECK_EQ(queue.pop().what, 3);
    CHECK_EQ(queue.pop().what, 2);
    CHECK(queue.empty());
}

TEST_CASE("times up to the last nanosecond of the signed range are ordered") {
    constexpr std::int64_t end = INT64_MAX;
    EventQueue queue;
    for (const std::int64_t time : {end, std::int64_t{0}, end - 1, end / 2, end}) {
        queue.push({{time}, queue.size(), 0});
    }
    for (const std::uint64_t what : {1U, 3U, 2U, 0U, 4U}) CHECK_EQ(queue.pop().what, what);
}

TEST_CASE("a warm queue holds no more memory after a hundred times the work") {
    Run<EventQueue> run{.queue = {}, .noise = {3}, .now = {}};
    const auto delay = [&run] { return run.noise.below(1 << 24); };
    for (int i = 0; i < 1000; ++i) run.push(delay());
    const auto hold_until = [&](std::int64_t time) {
        while (run.now.ns < time) {
            run.pop();
            run.push(delay());
        }
    };
    // A bucket is first used when the time first reaches its bit: warm up past bit 31.
    hold_until((std::int64_t{1} << 31) + (1 << 25));
    const std::size_t warm = run.queue.capacity();

    hold_until((std::int64_t{1} << 32) - (1 << 25));

    CHECK_EQ(run.queue.capacity(), warm);
    CHECK_EQ(EventQueue(run.queue).capacity(), warm);
    // Each of the two parts may have held all of them, the far one with partly filled chunks.
    CHECK_LE(warm, 2 * 1000 + 40 * 16);
}

TEST_CASE("a chain of events without delay does not let the queue grow") {
    EventQueue queue;
    for (std::uint64_t i = 0; i < 3; ++i) queue.push({{500}, i, 0});
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        const Event event = queue.pop();
        REQUIRE_EQ(event.what, i);
        queue.push({event.time, i + 3, 0});
    }
    CHECK_LE(queue.capacity(), 32);
}

TEST_CASE("a server's clock takes no longer than the horizon for any span, whatever its rate") {
    constexpr std::int64_t tenth = Factor::one_nano / 10;
    struct Row {
        std::int64_t rate_nano, span, takes;
    };
    const Row rows[] = {
        {Factor::one_nano, 12, 12},
        {tenth, 12, 120},
        {8 * Factor::one_nano, 12, 2},
        {tenth, horizon_ns / 10 - 1'000'000'000, (horizon_ns / 10 - 1'000'000'000) * 10},
        {tenth, horizon_ns / 10, horizon_ns},
        {tenth, 3'600'000'000'000'000'000, horizon_ns},
        {Factor::one_nano, 3'600'000'000'000'000'000, horizon_ns},
        {8 * Factor::one_nano, 3'600'000'000'000'000'000, 450'000'000'000'000'000},
    };
    for (const Row& row : rows) {
        CAPTURE(row.rate_nano);
        CAPTURE(row.span);
        sim::ServerClock clock;
        clock.run_at({row.rate_nano}, 7);
        CHECK_LE(clock.true_time(row.span), row.takes);
        CHECK_GE(clock.true_time(row.span), row.takes - 10);
    }
}

TEST_CASE("a queue refuses events of the past and pops of nothing") {
    const zab::EnsureHandler previous = zab::set_ensure_handler(throw_reason);
    EventQueue queue;
    CHECK_THROWS_AS(queue.push({{-1}, 0, 0}), std::logic_error);
    CHECK_THROWS_AS(queue.pop(), std::logic_error);
    CHECK_THROWS_AS(queue.next_time(), std::logic_error);
    queue.push({{1000}, 0, 0});
    queue.pop();
    CHECK_THROWS_AS(queue.push({{999}, 0, 0}), std::logic_error);
    CHECK_NOTHROW(queue.push({{1000}, 0, 0}));
    zab::set_ensure_handler(previous);
}
