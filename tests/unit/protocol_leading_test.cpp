#include "protocol/leader/leading.hpp"
#include "protocol/server.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace {

using zab::Leading;
using zab::Server;
using zab::Verdict;
using zab::Zxid;

Server three_voters(std::optional<zab::Duration> max_epoch_wait = {}) {
    zab::Config config;
    config.voters = {{1}, {2}, {3}};
    config.max_epoch_wait = max_epoch_wait;
    return Server({3}, std::make_shared<const zab::Config>(config));
}

/// A leader of epoch 2 whose last proposal had this counter.
Leading leader_at(std::uint32_t counter) {
    Leading leading;
    leading.phase = Leading::Phase::broadcast;
    leading.epoch = {2};
    leading.last_proposed = {Zxid::of({2}, counter), 1};
    leading.last_committed = leading.last_proposed.zxid;
    return leading;
}

Verdict propose(Leading& leading, Server& server, zab::Effects& out) {
    const zab::Request request{{1}, 1, 0, 10, 0, zab::Operation::set};
    server.pipeline.requests.push({request, {1}, {}});
    return leading.on_request(server, out);
}

}  // namespace

TEST_CASE("the last counter of an epoch is never proposed: the leader gives up before it") {
    struct Case {
        const char* name;
        std::uint32_t last_counter;
        bool stays;
    };
    static constexpr Case cases[] = {
        {"two are left", 0xffff'fffd, true},
        {"only the last is left", 0xffff'fffe, false},
        {"the first of an epoch", 0, true},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            Server server = three_voters();
            Leading leading = leader_at(c.last_counter);
            zab::Effects out;

            const Verdict verdict = propose(leading, server, out);

            CHECK_EQ(verdict == Verdict::stay, c.stays);
            CHECK_EQ(out.empty(), !c.stays);
            CHECK_EQ(leading.outstanding.size(), c.stays ? 1 : 0);
        }
    }
}

TEST_CASE("any voter that looks ends the wait for epochs when max_epoch_wait is over, no sooner") {
    struct Case {
        const char* name;
        std::optional<zab::Duration> limit;
        zab::Duration later;
        bool decided;
        bool leaves;
        zab::NodeId looks{2};  ///< None of them is known to have elected the leader.
    };
    static constexpr Case cases[] = {
        {"no limit", {}, zab::seconds(100), false, false},
        {"at the limit", zab::seconds(1), zab::seconds(1), false, false},
        {"past the limit", zab::seconds(1), zab::nanoseconds(1'000'000'001), false, true},
        {"past the limit, with a quorum's epochs", zab::seconds(1), zab::seconds(2), true, false},
        {"past the limit, an observer", zab::seconds(1), zab::seconds(2), false, false, {4}},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            Server server = three_voters(c.limit);
            server.now.monotonic = {7};
            Leading leading;
            zab::Effects out;
            leading.on_snapshot_written(server, out);
            leading.epoch_decided = c.decided;

            server.now.monotonic += c.later;

            CHECK_EQ(leading.on_looking_voter(server, c.looks) == Verdict::leave, c.leaves);
        }
    }
}

TEST_CASE("a read needs no zxid: it passes when none is left") {
    Server server = three_voters();
    Leading leading = leader_at(0xffff'fffe);
    zab::Effects out;
    server.pipeline.requests.push({{{1}, 1, 0, 0, 0, zab::Operation::get}, {}, {}});

    CHECK(leading.on_request(server, out) == Verdict::stay);
}

TEST_CASE("a learner is late when its oldest proposal has waited for syncLimit, pings or not") {
    struct Step {
        char what;  ///< 'p': a proposal is sent, 'a': acknowledged.
        std::uint32_t counter;
        std::int64_t at;
    };
    struct Case {
        const char* name;
        std::vector<Step> steps;
        std::int64_t asked;
        bool is_late;
    };
    const Case cases[] = {
        {"nothing was sent", {}, 100, false},
        {"just in time", {{'p', 1, 0}}, 9, false},
        {"too late", {{'p', 1, 0}}, 10, true},
        {"acknowledged", {{'p', 1, 0}, {'a', 1, 5}}, 50, false},
        {"only the first is acknowledged", {{'p', 1, 0}, {'p', 2, 3}, {'a', 1, 5}}, 12, false},
        {"and the second then is late", {{'p', 1, 0}, {'p', 2, 3}, {'a', 1, 5}}, 13, true},
        {"the newest counts after the oldest",
         {{'p', 1, 0}, {'p', 2, 3}, {'p', 3, 8}, {'a', 1, 9}},
         17,
         false},
        {"an ack of another proposal changes nothing", {{'p', 1, 0}, {'a', 7, 5}}, 10, true},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            zab::SyncLimitCheck check;
            for (const Step& step : c.steps) {
                const Zxid zxid = Zxid::of({2}, step.counter);
                if (step.what == 'p') {
                    check.on_proposal(zxid, {step.at});
                } else {
                    check.on_ack(zxid);
                }
            }
            CHECK_EQ(check.is_late({c.asked}, {10}), c.is_late);
        }
    }
}
