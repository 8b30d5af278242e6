#include "analysis/metric/summarizer.hpp"
#include "tests/unit/metric_script.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

namespace analysis {

TEST_CASE("whether a quorum is lost follows the ensemble's own rule") {
    const zab::NodeId n4{4};
    const auto is_lost_without = [n4](const zab::QuorumGroups& rule,
                                      std::initializer_list<zab::NodeId> stopped) {
        RunScript script({.warm_up = {}, .voters = {n1, n2, n3, n4}, .groups = rule});
        script.established_ensemble();
        script.at(100).elected(n4, n3);
        script.steady_writes(200, 1000);
        for (const zab::NodeId node : stopped) {
            script.at(2000).simple(trace::Kind::server_stopped, node);
        }
        script.at(2001).invoke(0, script.next_cxid());
        const Summary summary = script.finish(9000);
        return !summary.outages.empty() && summary.outages.front().trouble == Trouble::quorum_lost;
    };
    const zab::QuorumGroups halves{.groups = {}, .weights = {}, .half_decides = true};
    const zab::QuorumGroups weighty{.groups = {{n1, n2, n3, n4}}, .weights = {{n1, 0}, {n2, 0}}};

    CHECK(is_lost_without({}, {n1, n2}));
    CHECK(!is_lost_without(halves, {n1, n2}));
    CHECK(is_lost_without(halves, {n1, n2, n4}));
    CHECK(!is_lost_without(weighty, {n1, n2}));
    CHECK(is_lost_without(weighty, {n4}));
}

}  // namespace analysis
