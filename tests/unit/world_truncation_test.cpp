#include "tests/unit/network_world.hpp"

// Logs that a leader has cut, by TRUNC or by a snapshot behind which they go on.
namespace test {

namespace {

using trace::Kind;

/// 4 and 5 hold what no quorum has; 5 is back before its leader has proposed anything, 4 after.
Run run_divergent() {
    return run(sim::sound(R"({
        "duration": "20s", "ensemble": { "voters": 5 }, "network": { "delay": "100us" },
        "clients": [ { "count": 1, "start": "8s" } ],
        "start": { "servers": { "1": { "history": [ "1:1-1:100" ] },
                                "2": { "history": [ "1:1-1:100" ] },
                                "3": { "history": [ "1:1-1:100" ] },
                                "4": { "down": true, "history": [ "1:1-1:104" ] },
                                "5": { "down": true, "history": [ "1:1-1:110" ] } } },
        "faults": [ { "at": "5s", "restart": 5 }, { "at": "12s", "restart": 4 } ] })"));
}

}  // namespace

TEST_CASE("a log that is cut names the leader for whom, by TRUNC and by SNAP") {
    const Run run = run_divergent();
    check_clean(run);
    for (const zab::NodeId cut : {zab::NodeId{5}, zab::NodeId{4}}) {
        const auto followed = run.all(Kind::following, at_server(cut.value));
        const auto truncated = run.all(Kind::truncated, at_server(cut.value));
        REQUIRE_FALSE(followed.empty());
        REQUIRE_FALSE(truncated.empty());
        CHECK_EQ(followed.back().peer(), 3);
        for (const trace::Record& r : truncated) CHECK_EQ(r.peer(), followed.back().peer());
    }
    CHECK_GT(run.count(Kind::snapshot_sent, between(12, 20)), 0);
    CHECK_EQ(run.count(Kind::snapshot_sent, between(5, 8)), 0);
}

}  // namespace test
