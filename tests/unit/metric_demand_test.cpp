#include "analysis/metric/expectation.hpp"
#include "tests/unit/metric_script.hpp"

#include <doctest/doctest.h>

// An outage is over when a write is acknowledged: one that nothing ends lasts to the end of the
// run, as long as somebody wants to write.

namespace analysis {

namespace {

using Kind = trace::Kind;

constexpr std::uint16_t fault_cut = 5;

RunScript& client(RunScript& script, Kind kind, std::uint64_t number = 0) {
    return script.record({.kind = kind, .node = n1, .b = number});
}

/// Of three voters and one client, who behaves as said and wrote until 1000 ms.
RunScript written_until_a_cut(const ClientWants& wants) {
    RunScript script(Summarizer::Options{
        .warm_up = {}, .voters = {n1, n2, n3}, .groups = {}, .clients = {wants}});
    script.established_ensemble();
    client(script.at(150), Kind::client_connected);
    script.steady_writes(200, 1000);
    return script;
}

/// A client that is cut off with a write under way, and never comes back.
RunScript cut_off(const ClientWants& wants) {
    RunScript script = written_until_a_cut(wants);
    script.at(1000).invoke(0, script.next_cxid());
    script.at(1001).fault(fault_cut);
    client(script.at(1100), Kind::client_disconnected);
    script.fail(0, 401);
    return script;
}

/// An open load's write that has waited for a connection for so long is told of.
void ask_late(RunScript& script, std::int64_t queued_ms, zab::Cxid cxid) {
    script.record(
        {.kind = Kind::invoke,
         .node = n1,
         .detail = trace::operation_detail(RunScript::Operation::set, RunScript::Outcome::ok),
         .a = static_cast<std::uint64_t>(ms(queued_ms).ns),
         .b = 0,
         .c = cxid});
}

}  // namespace

TEST_CASE("a cut that outlasts the run is an outage until its end, though a leader leads") {
    const RunScript script = cut_off({.count = 1, .writes = true});

    const Summary summary = script.finish(9000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().from == at_ms(1001));
    CHECK(summary.outages.front().until == at_ms(9000));
    CHECK(summary.outages.front().open);
    CHECK(summary.outages.front().parts.stall == summary.outages.front().length());
    const Expectation most{"write_outage", Relation::at_most, ms(10'000).ns, "<= 10s"};
    CHECK_FALSE(judge(std::span(&most, 1), summary).front().is_met);
}

TEST_CASE("an outage lasts only as long as somebody wants to write") {
    ClientWants wants{.count = 1, .writes = true};
    std::int64_t until = 1100;  // Its write failed, and it wants no other.
    SUBCASE("a client that has asked for all that it wanted") { wants.most = 401; }
    SUBCASE("a client that only reads") { wants.writes = false; }
    SUBCASE("a client that leaves") {
        wants.leave = at_ms(4000);
        until = 4000;
    }
    const RunScript script = cut_off(wants);

    const Summary summary = script.finish(9000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().until == at_ms(until));
    CHECK_FALSE(summary.outages.front().open);
}

TEST_CASE("a write of a client that has left is waited for no longer") {
    RunScript script = written_until_a_cut(
        {.count = 1, .writes = true, .leave = at_ms(2000), .leaves_at_once = true});
    script.at(1999).invoke(0, script.next_cxid());
    script.at(3000).simple(Kind::server_stopped, n3);

    CHECK(script.finish(9000).outages.empty());
}

TEST_CASE("what waits for a connection is wanted when it is due") {
    ClientWants wants{.count = 1, .writes = true};
    std::int64_t from = 0;  // No outage.
    SUBCASE("after the time to think") {
        wants.think_time = ms(3000);
        from = 4000;
    }
    SUBCASE("never, when the time to think is longer than the run") {
        wants.think_time = ms(30'000);
    }
    RunScript script = written_until_a_cut(wants);
    script.at(1001).fault(fault_cut);
    client(script.at(1100), Kind::client_disconnected);

    const Summary summary = script.finish(9000);

    REQUIRE(summary.outages.size() == (from == 0 ? 0 : 1));
    if (from == 0) return;
    CHECK(summary.outages.front().from == at_ms(from));
    CHECK(summary.outages.front().open);
}

TEST_CASE("what an open load still waits to ask is an outage from its arrival to the end") {
    RunScript script = written_until_a_cut({.count = 1, .writes = true, .is_open = true});
    script.at(1001).fault(fault_cut);
    client(script.at(1100), Kind::client_disconnected);
    std::int64_t from = 0;  // No outage.
    SUBCASE("nothing has arrived") {}
    SUBCASE("something has") {
        from = 4000;
        ask_late(script.at(9000), 5000, 401);
    }

    const Summary summary = script.finish(9000);

    REQUIRE(summary.outages.size() == (from == 0 ? 0 : 1));
    if (from == 0) return;
    CHECK(summary.outages.front().from == at_ms(from));
    CHECK(summary.outages.front().until == at_ms(9000));
    CHECK(summary.outages.front().open);
}

TEST_CASE("a client that was told of its change goes on, one that waits for it does not") {
    RunScript script = written_until_a_cut({.count = 1, .writes = true});
    const zab::Cxid watch = script.next_cxid();
    script.at(1000).invoke(0, watch, RunScript::Operation::watch);
    script.at(1002).complete(0, watch, RunScript::Operation::watch);
    bool is_told = false;
    SUBCASE("told") {
        is_told = true;
        client(script, Kind::notified);
    }
    SUBCASE("waiting") {}
    script.at(1003).fault(fault_cut);
    client(script.at(1100), Kind::client_disconnected);

    CHECK(script.finish(9000).outages.size() == (is_told ? 1 : 0));
}

TEST_CASE("an outage begins with the arrival of what waited for a connection") {
    RunScript script = written_until_a_cut({.count = 1, .writes = true, .is_open = true});
    script.at(1001).simple(Kind::server_stopped, n3);
    client(script, Kind::client_disconnected);
    script.at(1030).simple(Kind::looking, n1).simple(Kind::looking, n2);
    script.at(1260).elected(n1, n2).elected(n2, n2);
    script.at(1400).established(n2, 2).serving(n2, n2, 2);
    client(script.at(1500), Kind::client_connected);
    ask_late(script, 490, 401);
    script.at(1503).complete(0, 401);

    const Summary summary = script.finish(2000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().from == at_ms(1010));
    CHECK(summary.outages.front().until == at_ms(1503));
    CHECK_FALSE(summary.outages.front().open);
}

TEST_CASE("an outage of an open load lasts until its clients leave without an answer") {
    RunScript script = written_until_a_cut({.count = 1,
                                            .writes = true,
                                            .leave = at_ms(4000),
                                            .leaves_at_once = true,
                                            .is_open = true});
    script.at(1001).fault(fault_cut);
    client(script.at(1100), Kind::client_disconnected);
    ask_late(script.at(4000), 2500, 401);
    script.at(9000).simple(Kind::server_stopped, n3);

    const Summary summary = script.finish(9000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().from == at_ms(1500));
    CHECK(summary.outages.front().until == at_ms(4000));
    CHECK_FALSE(summary.outages.front().open);
}

TEST_CASE("a run in which no write got through has no measured outage") {
    RunScript script(
        Summarizer::Options{.warm_up = {},
                            .voters = {n1, n2, n3},
                            .groups = {},
                            .clients = {{.count = 1, .writes = true, .is_open = true}}});
    ask_late(script.at(9000), 5000, 1);
    const Summary summary = script.finish(9000);
    for (const char* name : {"write_outage", "outages"}) {
        CAPTURE(name);
        const Expectation most{name, Relation::at_most, ms(10'000).ns, "<= 10s"};
        CHECK_FALSE(judge(std::span(&most, 1), summary).front().is_met);
    }
}

}  // namespace analysis
