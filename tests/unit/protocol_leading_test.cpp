#include "protocol/leader/leading.hpp"
#include "protocol/server.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
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

/// Two learners that were heard of until half tick 9.
void add_followers(Leading& leading) {
    for (const std::uint16_t sid : {std::uint16_t{1}, std::uint16_t{2}}) {
        zab::Handler& handler = leading.handlers.emplace_back();
        handler.link = {sid, 1};
        handler.sid = {sid};
        handler.participant = handler.sending = true;
        handler.phase = zab::Handler::Phase::streaming;
        handler.deadline = 9;
    }
}

/// Who is sent a PING, and whose connection is closed.
std::vector<std::uint32_t> pinged(const zab::Effects& out) {
    std::vector<std::uint32_t> slots;
    for (const zab::Effect& effect : out.list()) {
        const auto* send = std::get_if<zab::Send>(&effect);
        if (send != nullptr && std::holds_alternative<zab::Ping>(send->message)) {
            slots.push_back(send->link.slot);
        }
    }
    return slots;
}

std::vector<std::uint32_t> closed(const zab::Effects& out) {
    std::vector<std::uint32_t> slots;
    for (const zab::Effect& effect : out.list()) {
        if (const auto* close = std::get_if<zab::CloseLink>(&effect)) {
            slots.push_back(close->link.slot);
        }
    }
    return slots;
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

TEST_CASE("a leader that has lost its quorum leaves without a ping, up to 3.4 after one") {
    for (const char* release : {"fixed", "3.9.3", "3.5.3", "3.4.10"}) {
        CAPTURE(release);
        const bool pings_first = release == std::string_view("3.4.10");
        Server server = three_voters();
        zab::Config config = *server.config;
        config.release = zab::release_named(release);
        server.config = std::make_shared<const zab::Config>(config);
        Leading leading = leader_at(1);
        add_followers(leading);
        leading.half_ticks = 9;
        zab::Effects out;

        CHECK(leading.on_tick(server, out) == Verdict::leave);

        CHECK_EQ(pinged(out).size(), pings_first ? 2 : 0);
    }
}

TEST_CASE("who has not acknowledged a proposal for syncLimit is closed and not pinged any more") {
    Server server = three_voters();
    Leading leading = leader_at(1);
    add_followers(leading);
    leading.handlers.front().sync_limit.on_proposal(Zxid::of({2}, 1), {});
    server.now.monotonic += server.ticks(server.config->sync_limit);
    zab::Effects out;

    CHECK(leading.on_tick(server, out) == Verdict::stay);

    CHECK_EQ(closed(out), std::vector<std::uint32_t>{1});
    CHECK_EQ(pinged(out), std::vector<std::uint32_t>{2});
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
