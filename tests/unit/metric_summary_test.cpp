#include "analysis/metric/pending_operations.hpp"
#include "analysis/metric/summarizer.hpp"
#include "sim/trace/record_names.hpp"
#include "tests/unit/metric_script.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace analysis {

namespace {

using Kind = trace::Kind;
using trace::Operation;
using trace::Outcome;

std::uint16_t message(std::string_view name) {
    const auto found = std::ranges::find(trace::names::messages, name);
    REQUIRE(found != std::end(trace::names::messages));
    return static_cast<std::uint16_t>(found - std::begin(trace::names::messages));
}

trace::Record::Fields received(std::string_view name, std::uint16_t from) {
    return {.kind = Kind::receive, .node = n1, .peer = from, .detail = message(name)};
}

}  // namespace

TEST_CASE("an operation counts when it completes and its latency from its invocation") {
    RunScript script(at_ms(1000));
    script.at(980).invoke(0, 1).invoke(0, 2);
    script.at(999).complete(0, 1);
    script.at(1000).complete(0, 2);
    script.at(1100).invoke(0, 3).at(1107).complete(0, 3);

    const Summary summary = script.finish(2000);

    const OperationSummary& sets = summary.of(Operation::set);
    CHECK(sets.ok == 2);
    CHECK(sets.latency.count() == 2);
    CHECK(sets.latency.max() == ms(20));
    CHECK(sets.latency.min() == ms(7));
    CHECK(summary.span() == ms(1000));
}

TEST_CASE("operations are told apart by kind and outcome") {
    RunScript script;
    script.at(10).invoke(0, 1, Operation::create).invoke(0, 2, Operation::get);
    script.invoke(1, 1, Operation::sync).invoke(1, 2, Operation::create).invoke(1, 3);
    script.at(11).complete(0, 1, Operation::create).complete(0, 2, Operation::get);
    script.at(12).complete(1, 1, Operation::sync);
    script.complete(1, 2, Operation::create, Outcome::node_exists);
    script.at(13).fail(1, 3, Operation::set, Outcome::session_expired);
    script.at(14).invoke(5, 9, Operation::get);

    const Summary summary = script.finish(100);

    CHECK(summary.of(Operation::create).ok == 1);
    CHECK(summary.of(Operation::create).failed[static_cast<std::size_t>(Outcome::node_exists)] ==
          1);
    CHECK(summary.of(Operation::create).latency.count() == 1);
    CHECK(summary.of(Operation::set).ok == 0);
    CHECK(summary.of(Operation::set).failed_in_total() == 1);
    CHECK(summary.of(Operation::sync).latency.max() == ms(2));
    CHECK(summary.reads().ok == 1);
    CHECK(summary.reads().unfinished == 1);
    CHECK(summary.writes().ok == 1);
    CHECK(summary.writes().failed_in_total() == 2);
    CHECK(summary.untracked == 0);
}

TEST_CASE("a read that leaves a watch is a read, and a session's end an operation") {
    RunScript script;
    script.at(10).invoke(0, 1, Operation::get).invoke(0, 2, Operation::watch);
    script.invoke(0, 3, Operation::close_session);
    script.at(11).complete(0, 1, Operation::get).at(13).complete(0, 2, Operation::watch);
    script.complete(0, 3, Operation::close_session);

    const Summary summary = script.finish(100);

    CHECK(summary.reads().ok == 2);
    CHECK(summary.reads().latency.max() == ms(3));
    CHECK(summary.of(Operation::watch).ok == 1);
    CHECK(summary.of(Operation::close_session).ok == 1);
    CHECK(summary.untracked == 0);
}

TEST_CASE("a change's way to those who watch it is measured from its commit") {
    RunScript script(at_ms(100));
    const auto about = [&script](trace::Kind kind, std::uint32_t counter) {
        script.record({.kind = kind, .node = n1, .a = zab::Zxid::of({1}, counter).value});
    };
    script.at(50);
    about(trace::Kind::commit, 1);
    script.at(99);
    about(trace::Kind::notified, 1);  // Before the warm-up.
    script.at(110);
    about(trace::Kind::notified, 1);
    script.at(120);
    about(trace::Kind::commit, 2);
    for (const std::int64_t when : {125, 127}) {
        script.at(when);
        about(trace::Kind::notified, 2);
    }
    about(trace::Kind::notified, 7);  // Nobody knows when that was committed.

    const Summary summary = script.finish(200);

    CHECK(summary.watches.notifications.count() == 3);
    CHECK(summary.watches.notifications.min() == ms(5));
    CHECK(summary.watches.notifications.max() == ms(60));
    CHECK(summary.watches.untimed == 1);
    CHECK(summary.commits == 1);
}

TEST_CASE("a reply to what was never asked is only counted") {
    RunScript script;
    script.at(10).complete(0, 1).fail(3, 3);
    script.invoke(PendingOperations::client_limit, 1);
    script.record({.kind = Kind::invoke, .node = n1, .detail = 0xffff, .b = 1, .c = 1});

    const Summary summary = script.finish(100);

    CHECK(summary.untracked == 4);
    CHECK_FALSE(summary.writes().is_used());
}

TEST_CASE("a record that goes back in time is not believed") {
    RunScript script;
    script.at(10).invoke(0, 1);
    script.at(5).complete(0, 1);
    script.at(-5).invoke(0, 2);

    const Summary summary = script.finish(100);

    CHECK(summary.untracked == 2);
    CHECK(summary.writes().unfinished == 1);
}

TEST_CASE("a number used again leaves the first operation unfinished") {
    RunScript script;
    script.at(10).invoke(0, 1);
    script.at(20).invoke(0, 1);
    script.at(23).complete(0, 1);

    const Summary summary = script.finish(100);

    CHECK(summary.writes().unfinished == 1);
    CHECK(summary.writes().latency.max() == ms(3));
}

TEST_CASE("pending operations are found again whatever their numbers") {
    PendingOperations pending;
    constexpr std::array<zab::Cxid, 8> numbers = {0, 4, 8, 1, 1000, 1003, 0xffffffff, 17};
    std::size_t visited = 0;

    for (const zab::Cxid cxid : numbers) {
        CHECK(pending.add(2, {.invoked = at_ms(cxid), .cxid = cxid, .kind = {}}).is_tracked);
    }
    pending.for_each([&visited](const PendingOperations::Operation&) { ++visited; });

    CHECK(visited == numbers.size());
    CHECK_FALSE(pending.take(1, 4).has_value());
    CHECK_FALSE(pending.take(2, 5).has_value());
    for (const zab::Cxid cxid : numbers) {
        const auto taken = pending.take(2, cxid);
        REQUIRE(taken.has_value());
        CHECK(taken->invoked == at_ms(cxid));
        CHECK_FALSE(pending.take(2, cxid).has_value());
    }
}

TEST_CASE("numbers that lie absurdly far apart do not exhaust the memory") {
    PendingOperations pending;

    CHECK(pending.add(0, {.invoked = {}, .cxid = 0, .kind = {}}).is_tracked);
    CHECK_FALSE(pending.add(0, {.invoked = {}, .cxid = 0x80000000, .kind = {}}).is_tracked);
    CHECK(pending.take(0, 0).has_value());
}

TEST_CASE("messages between servers are counted against commits after the warm-up") {
    RunScript script(at_ms(1000));
    script.at(999).record(received("proposal", 3)).simple(Kind::commit, n3);
    script.at(1000);
    script.record(received("proposal", 3)).record(received("ack", 2)).record(received("ping", 2));
    script.record(received("client_request", 0)).record(received("client_reply", 1));
    script.simple(Kind::commit, n3).simple(Kind::commit, n3);

    const Summary summary = script.finish(2000);

    CHECK(summary.messages == 3);
    CHECK(summary.commits == 2);
}

TEST_CASE("the busiest resources come first") {
    RunScript script;
    const auto use = [&script](zab::NodeId node, std::uint16_t number, std::uint64_t busy_ns) {
        script.record({.kind = Kind::resource,
                       .node = node,
                       .peer = number,
                       .detail = static_cast<std::uint16_t>(trace::Resource::disk),
                       .a = busy_ns,
                       .b = 1000,
                       .c = 7});
    };
    use(n1, 0, 100);
    use(n2, 1, 900);
    use(n3, 0, 100);
    use(n2, 0, 900);

    const Summary summary = script.finish(2000);

    REQUIRE(summary.resources.size() == 4);
    CHECK(summary.resources[0].node == n2);
    CHECK(summary.resources[0].number == 0);
    CHECK(summary.resources[0].per_mille() == 900);
    CHECK(summary.resources[1].number == 1);
    CHECK(summary.resources[2].node == n1);
    CHECK(summary.resources[3].node == n3);
}

TEST_CASE("the timeline of leaders shows who led from when until when") {
    RunScript script;
    script.established_ensemble();
    script.at(500).simple(Kind::looking, n1);
    script.at(600).elected(n1, n3).serving(n1, n3, 1);
    script.at(900).established(n2, 2);
    script.at(910).serving(n2, n2, 2);
    script.at(950).simple(Kind::looking, n3);

    const Summary summary = script.finish(1000);

    REQUIRE(summary.reigns.size() == 2);
    CHECK(summary.reigns[0].leader == n3);
    CHECK(summary.reigns[0].serving == at_ms(100));
    CHECK(summary.reigns[0].until == at_ms(900));
    CHECK((summary.reigns[0].end == ReignEnd::superseded));
    CHECK(summary.reigns[1].leader == n2);
    CHECK(summary.reigns[1].epoch == zab::Epoch{2});
    CHECK_FALSE(summary.reigns[1].until.has_value());
}

}  // namespace analysis
