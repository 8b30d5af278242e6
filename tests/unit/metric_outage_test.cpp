#include "analysis/metric/summarizer.hpp"
#include "tests/unit/metric_script.hpp"

#include <doctest/doctest.h>

namespace analysis {

namespace {

using Kind = trace::Kind;

constexpr std::uint16_t fault_pause = 3;
constexpr std::uint16_t fault_cut = 5;
constexpr std::uint16_t fault_heal = 6;

/// Server 2 takes over from the leader that fell; the survivors look at the times given.
void take_over(RunScript& script, std::int64_t first_looks, std::int64_t last_looks,
               std::int64_t elected, std::uint32_t epoch) {
    script.at(first_looks).simple(Kind::looking, n1);
    script.at(last_looks).simple(Kind::looking, n2);
    script.at(elected).elected(n1, n2).elected(n2, n2);
    script.at(elected + 120).simple(Kind::leading, n2);
    script.at(elected + 160).established(n2, epoch);
    script.at(elected + 170).serving(n2, n2, epoch);
}

/// A leader that writes are going through, and dies at 1000 ms with one write outstanding.
RunScript crashed_leader() {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1000).invoke(0, script.next_cxid());
    script.at(1001).simple(Kind::server_stopped, n3);
    return script;
}

}  // namespace

TEST_CASE("a leader's crash is an outage whose parts add up to it") {
    RunScript script = crashed_leader();
    script.at(1010).fail(0, 401);
    take_over(script, 1030, 1045, 1260, 2);
    script.at(1500).invoke(0, script.next_cxid());
    script.at(1503).complete(0, 402);
    script.steady_writes(1503, 1601);

    const Summary summary = script.finish(2000);

    REQUIRE(summary.outages.size() == 1);
    const Outage& outage = summary.outages.front();
    CHECK(outage.from == at_ms(1001));
    CHECK(outage.until == at_ms(1503));
    CHECK_FALSE(outage.open);
    CHECK((outage.trouble == Trouble::leader_stopped));
    CHECK(outage.node == n3);
    CHECK(outage.new_leader == n2);
    CHECK(outage.parts.detection == ms(44));
    CHECK(outage.parts.election == ms(215));
    CHECK(outage.parts.discovery == ms(120));
    CHECK(outage.parts.synchronization == ms(50));
    CHECK(outage.parts.reconnection == ms(73));
    CHECK(outage.parts.stall == ms(0));
    CHECK(outage.parts.sum() == outage.length());
    CHECK(summary.outage_threshold == ms(6));
    CHECK(summary.elections == 2);
}

TEST_CASE("an outage begins with the last write that got through after the leader's crash") {
    RunScript script = crashed_leader();
    script.at(1004).complete(0, 401);
    script.invoke(0, script.next_cxid());
    script.at(1010).fail(0, 402);
    take_over(script, 1030, 1045, 1260, 2);
    script.at(1500).invoke(0, script.next_cxid());
    script.at(1503).complete(0, 403);

    const Summary summary = script.finish(2000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().from == at_ms(1004));
    CHECK(summary.outages.front().parts.detection == ms(41));
    CHECK(summary.outages.front().parts.sum() == summary.outages.front().length());
}

TEST_CASE("a partition's outage begins with the cut and not when the leader gives up") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1000).invoke(0, script.next_cxid());
    script.at(1001).fault(fault_cut);
    script.at(6000).simple(Kind::looking, n3);
    script.at(6001).fail(0, 401);
    take_over(script, 6005, 6010, 6230, 2);
    script.at(6450).invoke(0, script.next_cxid());
    script.at(6453).complete(0, 402);

    const Summary summary = script.finish(7000);

    REQUIRE(summary.outages.size() == 1);
    const Outage& outage = summary.outages.front();
    CHECK(outage.from == at_ms(1001));
    CHECK((outage.trouble == Trouble::fault));
    CHECK(outage.parts.detection == ms(6005 - 1001));
    CHECK(outage.parts.sum() == outage.length());
}

TEST_CASE("a leader that gives up in silence was cut off since the last write") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1000).invoke(0, script.next_cxid());
    script.at(6000).simple(Kind::looking, n3);
    take_over(script, 6005, 6010, 6230, 2);
    script.at(6453).complete(0, 401);

    const Summary summary = script.finish(7000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().from == at_ms(1000));
    CHECK((summary.outages.front().trouble == Trouble::leader_looking));
    CHECK(summary.outages.front().parts.sum() == summary.outages.front().length());
}

TEST_CASE("a cut that heals in time is a stall under the same leader") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1000).invoke(0, script.next_cxid());
    script.at(1001).fault(fault_cut);
    script.at(3000).fault(fault_heal);
    script.at(3002).complete(0, 401);
    script.steady_writes(3002, 4000);

    const Summary summary = script.finish(4000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().from == at_ms(1001));
    CHECK(summary.outages.front().parts.stall == ms(2001));
    CHECK(summary.outages.front().parts.sum() == ms(2001));
    CHECK_FALSE(summary.outages.front().new_leader.has_value());
}

TEST_CASE("two leaders that fall make two outages") {
    RunScript script = crashed_leader();
    script.at(1010).fail(0, 401);
    take_over(script, 1030, 1045, 1260, 2);
    script.steady_writes(1500, 2000);
    script.at(1900 + 100).simple(Kind::server_started, n3);
    script.at(2010).simple(Kind::looking, n3).elected(n3, n2);
    script.at(2999).invoke(0, script.next_cxid());
    script.at(3000).simple(Kind::server_stopped, n2);
    script.at(3020).simple(Kind::looking, n1);
    script.at(3030).simple(Kind::looking, n3);
    script.at(3240).elected(n3, n3).elected(n1, n3);
    script.at(3300).simple(Kind::leading, n3);
    script.at(3400).established(n3, 3);
    script.at(3500).complete(0, script.next_cxid() - 1);

    const Summary summary = script.finish(4000);

    REQUIRE(summary.outages.size() == 2);
    CHECK(summary.outages[0].from == at_ms(1001));
    CHECK(summary.outages[0].new_leader == n2);
    CHECK(summary.outages[1].from == at_ms(3000));
    CHECK(summary.outages[1].new_leader == n3);
    CHECK(summary.outages[1].parts.detection == ms(30));
    CHECK(summary.outages[1].parts.election == ms(210));
    CHECK(summary.outages[1].parts.discovery == ms(60));
    CHECK(summary.outages[1].parts.synchronization == ms(100));
    CHECK(summary.outages[1].parts.reconnection == ms(100));
    REQUIRE(summary.reigns.size() == 3);
    CHECK((summary.reigns[1].end == ReignEnd::stopped));
    CHECK(summary.reigns[1].until == at_ms(3000));
}

TEST_CASE("without load there is no outage") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1500).simple(Kind::server_stopped, n3);
    take_over(script, 1530, 1545, 1760, 2);
    script.steady_writes(5000, 5100);

    const Summary summary = script.finish(6000);

    CHECK(summary.outages.empty());
}

TEST_CASE("a leader that fell while nobody wrote has no part in a later outage") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1500).simple(Kind::server_stopped, n3);
    take_over(script, 1530, 1545, 1760, 2);
    script.at(2500).simple(Kind::looking, n3).elected(n3, n2);
    script.at(8000).invoke(0, script.next_cxid());
    script.at(8001).simple(Kind::server_stopped, n2);
    script.at(8030).simple(Kind::looking, n1).simple(Kind::looking, n3);
    script.at(8250).elected(n1, n3).elected(n3, n3);
    script.at(8300).simple(Kind::leading, n3).at(8400).established(n3, 3);
    script.at(8500).complete(0, 401);

    const Summary summary = script.finish(9000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().from == at_ms(8001));
    CHECK(summary.outages.front().node == n2);
    CHECK(summary.outages.front().parts.detection == ms(29));
    CHECK(summary.outages.front().parts.sum() == ms(499));
}

TEST_CASE("a write that was invoked after the trouble shows that it is over") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1000).simple(Kind::server_stopped, n1);
    script.steady_writes(1000, 1100);
    script.at(3000).invoke(0, script.next_cxid());
    script.at(4000).complete(0, script.next_cxid() - 1);

    const Summary summary = script.finish(9000);

    CHECK(summary.outages.empty());  // Slow, but nothing disturbed it.
}

TEST_CASE("an outage begins with the first write that meets a fallen leader") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1500).simple(Kind::server_stopped, n3);
    script.at(1600).invoke(0, script.next_cxid());
    take_over(script, 1700, 1745, 1760, 2);
    script.at(2000).complete(0, 401);

    const Summary summary = script.finish(6000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().from == at_ms(1600));
    CHECK(summary.outages.front().parts.sum() == ms(400));
}

TEST_CASE("an outage that lasts at the end is reported as open") {
    RunScript script = crashed_leader();
    script.at(1010).fail(0, 401);
    script.at(1030).simple(Kind::looking, n1);
    script.at(1045).simple(Kind::looking, n2);

    SUBCASE("while nobody is elected, the election takes the rest") {
        const Summary summary = script.finish(5000);

        REQUIRE(summary.outages.size() == 1);
        CHECK(summary.outages.front().open);
        CHECK(summary.outages.front().until == at_ms(5000));
        CHECK(summary.outages.front().parts.detection == ms(44));
        CHECK(summary.outages.front().parts.election == ms(5000 - 1045));
        CHECK(summary.outages.front().parts.sum() == summary.outages.front().length());
    }
    SUBCASE("while the new leader's epoch is not agreed, discovery takes the rest") {
        script.at(1260).elected(n1, n2).elected(n2, n2);

        const Summary summary = script.finish(5000);

        REQUIRE(summary.outages.size() == 1);
        CHECK(summary.outages.front().parts.election == ms(215));
        CHECK(summary.outages.front().parts.discovery == ms(5000 - 1260));
    }
}

TEST_CASE("a leader that falls before the last outage is forgotten makes its own") {
    RunScript script = crashed_leader();
    script.at(1010).fail(0, 401);
    take_over(script, 1030, 1045, 1260, 2);
    script.at(1470).simple(Kind::looking, n3).elected(n3, n2);
    script.at(1500).invoke(0, script.next_cxid());
    script.at(1501).simple(Kind::server_stopped, n2);
    script.at(1502).simple(Kind::looking, n1).simple(Kind::looking, n3);
    script.at(1503).complete(0, 402).invoke(0, script.next_cxid());

    const Summary summary = script.finish(3000);

    REQUIRE(summary.outages.size() == 2);
    CHECK(summary.outages[0].until == at_ms(1503));
    CHECK(summary.outages[0].new_leader == n2);
    CHECK(summary.outages[1].from == at_ms(1503));
    CHECK(summary.outages[1].node == n2);
    CHECK(summary.outages[1].open);
    CHECK_FALSE(summary.outages[1].new_leader.has_value());
    CHECK(summary.outages[1].parts.detection == ms(0));
    CHECK(summary.outages[1].parts.election == ms(3000 - 1503));
}

TEST_CASE("a failed attempt to lead belongs to the election") {
    RunScript script = crashed_leader();
    script.at(1010).fail(0, 401);
    script.at(1030).simple(Kind::looking, n1);
    script.at(1045).simple(Kind::looking, n2);
    script.at(1260).elected(n1, n1).elected(n2, n1);
    script.at(1500).simple(Kind::looking, n1).simple(Kind::looking, n2);
    take_over(script, 1501, 1502, 1800, 2);
    script.at(2000).invoke(0, script.next_cxid());
    script.at(2003).complete(0, 402);

    const Summary summary = script.finish(3000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().parts.detection == ms(44));
    CHECK(summary.outages.front().parts.election == ms(1800 - 1045));
    CHECK(summary.outages.front().parts.sum() == summary.outages.front().length());
}

TEST_CASE("the second loss of a follower takes the quorum") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1000).simple(Kind::server_stopped, n1);
    script.steady_writes(1000, 2000);
    script.at(2000).invoke(0, script.next_cxid());
    script.at(2001).simple(Kind::server_stopped, n2);
    script.at(2020).simple(Kind::looking, n3);

    const Summary summary = script.finish(9000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().from == at_ms(2001));
    CHECK((summary.outages.front().trouble == Trouble::quorum_lost));
    CHECK(summary.outages.front().node == n2);
    CHECK(summary.outages.front().open);
}

TEST_CASE("a harmless fault long before does not lengthen an outage") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 900);
    script.at(950).fault(fault_pause);
    script.steady_writes(952, 1000);
    script.at(1500).invoke(0, script.next_cxid());
    script.at(1501).simple(Kind::server_stopped, n3);
    take_over(script, 1530, 1545, 1760, 2);
    script.at(2000).complete(0, script.next_cxid() - 1);

    const Summary summary = script.finish(3000);

    REQUIRE(summary.outages.size() == 1);
    CHECK(summary.outages.front().from == at_ms(1501));
}

TEST_CASE("a gap below three times the undisturbed p99.9 is no outage") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1000).invoke(0, script.next_cxid());
    script.at(1000).fault(fault_cut);
    std::int64_t completed = 0;
    SUBCASE("one below") { completed = 1005; }
    SUBCASE("exactly") { completed = 1006; }
    script.at(completed).complete(0, 401);

    const Summary summary = script.finish(2000);

    CHECK(summary.outages.size() == (completed == 1006 ? 1 : 0));
}

TEST_CASE("an outage that ended before the warm-up is left out") {
    RunScript script(at_ms(5000));
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1000).invoke(0, script.next_cxid());
    script.at(1001).simple(Kind::server_stopped, n3);
    take_over(script, 1030, 1045, 1260, 2);
    script.at(1500).complete(0, 401);
    script.steady_writes(6000, 6100);

    const Summary summary = script.finish(7000);

    CHECK(summary.outages.empty());
    CHECK(summary.elections == 0);
    CHECK(summary.reigns.size() == 2);
}

TEST_CASE("a copied summarizer goes on alone") {
    RunScript script = crashed_leader();
    RunScript copy = script;
    take_over(copy, 1030, 1045, 1260, 2);
    copy.at(1500).complete(0, 401);

    CHECK(script.finish(2000).outages.front().open);
    CHECK_FALSE(copy.finish(2000).outages.front().open);
}

}  // namespace analysis
