#include "protocol/effect.hpp"
#include "sim/trace/record_names.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/world/world.hpp"
#include "tests/unit/scenario_script.hpp"

#include <doctest/doctest.h>

#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

/// Guards of what the design promises for the future: a world is a value, worlds do not know of
/// each other, and noise belongs to what it is for.
namespace sim {

namespace {

using Shared = std::shared_ptr<const Scenario>;

Shared shared(const std::string& text, std::vector<Override> sets = {}) {
    return std::make_shared<const Scenario>(sound(text, std::move(sets)));
}

constexpr const char* calm = R"({
    "name": "calm", "why": "test", "duration": "3s", "ensemble": { "voters": 3 },
    "network": { "delay": { "normal": { "mean": "250us", "deviation": "40us" } } },
    "clients": [ { "name": "near", "count": 3, "load": { "closed": { "outstanding": 4 } },
                   "operations": { "set": 3, "get": 1 } } ] })";

/// Crash, restart, cut, delay, loss, pause, hold: placed by time and by record, some still pending
/// at every instant at which a copy is taken.
constexpr const char* troubled = R"({
    "name": "troubled", "why": "test", "duration": "6s",
    "ensemble": { "voters": 5, "observers": 1, "tick_time": "200ms" },
    "network": { "delay": { "exponential": { "mean": "300us" } }, "bandwidth": "1Gbit/s" },
    "clients": [ { "name": "far", "count": 4, "load": { "open": { "poisson": "300/s" } },
                   "operations": { "create": 1, "set": 3, "get": 2, "sync": 1 } } ],
    "faults": [
        { "at": "1100ms", "crash": "leader" },
        { "at": "1700ms", "restart": "last_crashed" },
        { "at": "2s", "delay": { "from": "any_voter", "extra": "20ms" }, "lasting": "1s" },
        { "at": "2500ms", "cut": { "from": "leader" }, "lasting": "1s" },
        { "at": "4s", "pause": "follower", "lasting": "300ms" },
        { "after": { "record": "commit", "nth": 300 }, "hold": { "message": "proposal" } },
        { "after": { "record": "commit", "nth": 305 }, "plus": "50ms", "release_held": "all" },
        { "at": "4500ms", "power_loss": "leader" } ] })";

trace::RunHash run_alone(const Shared& scenario, std::uint64_t seed) {
    World world(scenario, seed);
    world.run_until({scenario->duration.ns});
    world.finish();
    return world.recorder().hash();
}

void run_on(World& world) {
    world.run_until({world.scenario().duration.ns});
    world.finish();
}

/// Some events more, but not so many that the scenario might end.
void take_turn(World& world, std::uint64_t events) {
    const zab::Instant nearly_over{world.scenario().duration.ns - 500'000'000};
    for (; events != 0 && world.now() < nearly_over; --events) world.run_one();
}

/// The wire time of every PROPOSAL as its receiver tells it, by sender, server and zxid.
class ProposalDelays final : public trace::Sink {
  public:
    using Key = std::tuple<std::uint16_t, std::uint16_t, std::uint64_t>;

    void observe(const trace::Record& record, trace::RecordId) override {
        const auto proposal = static_cast<std::uint16_t>(zab::MessageKind::proposal);
        if (record.kind() == trace::Kind::receive && record.detail() == proposal) {
            delays_.emplace(Key{record.peer(), record.node().value, record.a()}, record.other_ns());
        }
    }
    const std::map<Key, std::int64_t>& delays() const { return delays_; }

  private:
    std::map<Key, std::int64_t> delays_;  // The first time only: a resync sends it again.
};

/// The wire time of every request of a client, by its cxid.
class RequestDelays final : public trace::Sink {
  public:
    explicit RequestDelays(std::uint64_t client) : client_(client) {}

    void observe(const trace::Record& record, trace::RecordId) override {
        const auto request = static_cast<std::uint16_t>(zab::MessageKind::client_request);
        if (record.detail() == request && record.b() >> 32 == client_) {
            delays_.emplace(record.b() & 0xffffffff, record.other_ns());
        }
    }
    const std::map<std::uint64_t, std::int64_t>& delays() const { return delays_; }

  private:
    std::uint64_t client_;  ///< Its place in the scenario, by which records call it.
    std::map<std::uint64_t, std::int64_t> delays_;
};

/// Sees everything, does nothing.
class Probe final : public trace::Sink {
  public:
    void observe(const trace::Record&, trace::RecordId) override { ++seen_; }
    std::uint64_t seen() const { return seen_; }

  private:
    std::uint64_t seen_ = 0;
};

void see_receipts(const Shared& scenario, trace::Sink& sink) {
    trace::Outlets outlets;
    outlets.add(sink, trace::kind_bit(trace::Kind::receive));
    World world(scenario, 7);
    world.set_outlets(&outlets);
    run_on(world);
}

std::map<ProposalDelays::Key, std::int64_t> delays_of(const Shared& scenario,
                                                      Probe* probe = nullptr) {
    ProposalDelays delays;
    trace::Outlets outlets;
    outlets.add(delays, trace::kind_bit(trace::Kind::receive));
    if (probe != nullptr) outlets.add(*probe, trace::all_kinds);
    World world(scenario, 7);
    world.set_outlets(&outlets);
    run_on(world);
    return delays.delays();
}

/// No bandwidth limits, so that only draws matter. A connection is first in, first out, whatever is
/// drawn: draws lie so close together, and writes so far apart, that nothing overtakes a proposal.
constexpr const char* pure_delays = R"({
    "name": "delays", "why": "test", "duration": "4s",
    "ensemble": { "voters": 3, "tick_time": "200ms" },
    "network": { "delay": { "uniform": { "min": "1ms", "max": "1010us" } } },
    "clients": [ { "name": "writer", "count": 1, "placement": "leader", "start": "1s",
                   "load": { "open": { "constant": "200/s" } }, "operations": { "set": 1 } } ] })";

/// An enumerator and its own name.
template <class Enum>
struct Named {
    Enum value;
    std::string_view name;
};

#define NAMED(type, name) \
    Named<zab::type> { zab::type::name, #name }

template <class Enum, std::size_t size>
void check_names(const Named<Enum> (&all)[size], std::span<const std::string_view> names,
                 std::string_view prefix = {}) {
    REQUIRE(names.size() == size);
    for (std::size_t i = 0; i < size; ++i) {
        CHECK(static_cast<std::size_t>(all[i].value) == i);
        CHECK(std::string(names[i]) == std::string(prefix) + std::string(all[i].name));
    }
}

}  // namespace

TEST_CASE("a world copied at any moment, and its copy, run on to the same end as without it") {
    for (const char* text : {calm, troubled}) {
        const Shared scenario = shared(text);
        for (const std::uint64_t seed : {1u, 2u}) {
            const trace::RunHash alone = run_alone(scenario, seed);
            World original(scenario, seed);
            const std::int64_t step = scenario->duration.ns / 12;
            for (std::int64_t at = step / 3; at < scenario->duration.ns; at += step) {
                CAPTURE(at);
                original.run_until({at});
                // Not between two instants only: among the events of one, too.
                take_turn(original, static_cast<std::uint64_t>(at / step * 7));
                World copy = original;
                World assigned(scenario, seed + 100);
                assigned = original;
                run_on(copy);
                run_on(assigned);
                CHECK(copy.recorder().hash() == alone);
                CHECK(assigned.recorder().hash() == alone);
            }
            run_on(original);
            CHECK(original.recorder().hash() == alone);
        }
    }
}

TEST_CASE("worlds that take turns in one process do not influence each other") {
    const Shared first = shared(calm);
    const Shared second = shared(troubled);
    World one(first, 3);
    World other(second, 4);
    World twin(second, 4);

    for (std::uint64_t turn = 1; turn <= 60'000; ++turn) {
        take_turn(one, turn % 7);
        take_turn(other, turn % 5);
        take_turn(twin, turn % 3);
    }
    run_on(one);
    run_on(other);
    run_on(twin);

    CHECK(one.recorder().hash() == run_alone(first, 3));
    CHECK(other.recorder().hash() == run_alone(second, 4));
    CHECK(twin.recorder().hash() == other.recorder().hash());
}

TEST_CASE("what is added elsewhere leaves a proposal's own delay as it was") {
    const auto before = delays_of(shared(pure_delays));
    REQUIRE(before.size() > 500);
    const std::string client = R"([ { "name": "writer", "count": 1, "placement": "leader",
        "start": "1s", "load": { "open": { "constant": "200/s" } }, "operations": { "set": 1 } },
      { "name": "reader", "count": 1, "placement": "followers", "start": "2s",
        "load": { "closed": { "outstanding": 1 } }, "operations": { "get": 1 } } ])";
    struct Case {
        const char* name;
        std::vector<Override> sets;
    };
    const Case cases[] = {
        {"an observer", {{"ensemble.observers", "1"}}},
        {"a client elsewhere", {{"clients", client}}},
        {"more pings", {{"ensemble.tick_time", "160ms"}}},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            const auto after = delays_of(shared(pure_delays, c.sets));
            std::size_t common = 0;
            for (const auto& [proposal, delay] : before) {
                const auto found = after.find(proposal);
                if (found == after.end()) continue;
                ++common;
                CAPTURE(std::get<2>(proposal));
                CHECK(found->second == delay);
            }
            CHECK(common > 500);
        }
    }
    SUBCASE("a probe") {
        Probe probe;
        CHECK(delays_of(shared(pure_delays), &probe) == before);
        CHECK(probe.seen() > before.size());
    }
}

TEST_CASE("clients named before others leave the delays of those others' requests as they were") {
    const std::string writer = R"({ "name": "writer", "count": 1, "placement": "leader",
        "start": "1s", "load": { "open": { "constant": "200/s" } }, "operations": { "set": 1 } })";
    const std::string reader = R"({ "name": "reader", "count": 2, "placement": "followers",
        "start": "2s", "operations": { "get": 1 } })";
    RequestDelays alone(0);
    RequestDelays behind_two(2);
    see_receipts(shared(pure_delays, {{"clients", "[" + writer + "]"}}), alone);
    see_receipts(shared(pure_delays, {{"clients", "[" + reader + ", " + writer + "]"}}),
                 behind_two);
    CHECK(alone.delays().size() > 500);
    CHECK(alone.delays() == behind_two.delays());
}

TEST_CASE("the trace's names are the protocol's enumerators, in number and order") {
    constexpr Named<zab::MessageKind> messages[] = {
        NAMED(MessageKind, hello),
        NAMED(MessageKind, notification),
        NAMED(MessageKind, follower_info),
        NAMED(MessageKind, observer_info),
        NAMED(MessageKind, leader_info),
        NAMED(MessageKind, ack_epoch),
        NAMED(MessageKind, diff),
        NAMED(MessageKind, trunc),
        NAMED(MessageKind, snap),
        NAMED(MessageKind, new_leader),
        NAMED(MessageKind, ack),
        NAMED(MessageKind, up_to_date),
        NAMED(MessageKind, proposal),
        NAMED(MessageKind, commit),
        NAMED(MessageKind, inform),
        NAMED(MessageKind, forward),
        NAMED(MessageKind, sync),
        NAMED(MessageKind, sync_reply),
        NAMED(MessageKind, ping),
        NAMED(MessageKind, ping_reply),
        NAMED(MessageKind, revalidate),
        NAMED(MessageKind, revalidate_reply),
        NAMED(MessageKind, connect),
        NAMED(MessageKind, connect_reply),
        NAMED(MessageKind, client_request),
        NAMED(MessageKind, client_reply),
        NAMED(MessageKind, client_ping),
        NAMED(MessageKind, client_ping_reply),
        NAMED(MessageKind, touch),
        NAMED(MessageKind, telegram),
        NAMED(MessageKind, watch_event),
    };
    constexpr Named<zab::TimerKind> timers[] = {
        NAMED(TimerKind, notification), NAMED(TimerKind, finalize), NAMED(TimerKind, dial_retry),
        NAMED(TimerKind, epoch_wait),   NAMED(TimerKind, tick),     NAMED(TimerKind, observer),
        NAMED(TimerKind, expiry),       NAMED(TimerKind, flush),
    };
    constexpr Named<zab::Work> works[] = {
        NAMED(Work, shut_down_role),
        NAMED(Work, finish_election),
        NAMED(Work, open_port),
        NAMED(Work, start_serving),
        NAMED(Work, write_accepted_epoch),
        NAMED(Work, write_current_epoch),
        NAMED(Work, sync_log),
        NAMED(Work, truncate_log),
        NAMED(Work, read_log),
        NAMED(Work, write_snapshot),
        NAMED(Work, serialize_snapshot),
    };
    constexpr Named<zab::Stage> stages[] = {
        NAMED(Stage, main), NAMED(Stage, election), NAMED(Stage, io),       NAMED(Stage, request),
        NAMED(Stage, sync), NAMED(Stage, commit),   NAMED(Stage, snapshot), NAMED(Stage, handler),
    };
    static_assert(std::size(messages) == zab::message_kind_count);
    static_assert(std::size(timers) == zab::timer_kind_count);
    static_assert(std::size(stages) == zab::shared_stage_count + 1);
    constexpr std::size_t first_turn = 16;
    const std::span<const std::string_view> detail(trace::names::works);

    check_names(messages, trace::names::messages);
    check_names(timers, trace::names::timers);
    check_names(works, detail.first(std::size(works)));
    check_names(stages, detail.subspan(first_turn), "turn_of_");
    for (std::size_t i = std::size(works); i < first_turn; ++i) {
        CHECK(std::string(detail[i]) == "work_" + std::to_string(i));  // No such work yet.
    }
}

#undef NAMED

}  // namespace sim
