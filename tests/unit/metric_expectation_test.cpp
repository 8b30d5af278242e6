#include "analysis/metric/expectation.hpp"
#include "tests/unit/metric_script.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>

namespace analysis {

namespace {

ExpectationResult judged(const Summary& summary, const std::string& metric, Relation relation,
                         std::int64_t bound) {
    const std::array<Expectation, 1> one = {
        {{.metric = metric, .relation = relation, .bound = bound, .text = metric}}};
    return judge(one, summary).front();
}

/// 400 writes of 2 ms in 800 ms, and one read that fails.
Summary quiet_run() {
    RunScript script(at_ms(200));
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1000).invoke(1, 1, trace::Operation::get).fail(1, 1, trace::Operation::get);
    script.simple(trace::Kind::commit, n3);
    script.record({.kind = trace::Kind::receive, .node = n1, .peer = 3});
    script.record({.kind = trace::Kind::receive, .node = n3, .peer = 1});
    return script.finish(1000);
}

}  // namespace

TEST_CASE("bounds are judged by their relation") {
    const Summary summary = quiet_run();
    constexpr std::int64_t two_ms = 2'000'000;
    struct Case {
        const char* metric;
        Relation relation;
        std::int64_t bound;
        bool is_met;
    };
    const Case cases[] = {
        {"write_p99", Relation::at_most, two_ms, true},
        {"write_p99", Relation::below, two_ms, false},
        {"write_p99", Relation::below, two_ms + 1, true},
        {"write_max", Relation::at_least, two_ms, true},
        {"write_max", Relation::above, two_ms, false},
        {"writes_per_second", Relation::at_least, 500'000, true},
        {"writes_per_second", Relation::above, 500'000, false},
        {"elections", Relation::at_most, 0, true},
        {"failed_operations", Relation::at_most, 1'000, true},
        {"failed_operations", Relation::below, 1'000, false},
        {"write_outage", Relation::at_most, 0, true},
        {"outages", Relation::at_most, 0, true},
        {"messages_per_write", Relation::at_most, 2'000, true},
        {"messages_per_write", Relation::below, 2'000, false},
    };
    for (const Case& c : cases) {
        CAPTURE(c.metric);
        CAPTURE(c.bound);
        CHECK(judged(summary, c.metric, c.relation, c.bound).is_met == c.is_met);
    }
}

TEST_CASE("a result says what was measured") {
    const Summary summary = quiet_run();

    CHECK(judged(summary, "write_p50", Relation::at_most, 0).measured == "2.000 ms");
    CHECK(judged(summary, "writes_per_second", Relation::at_most, 0).measured == "500/s");
    CHECK(judged(summary, "failed_operations", Relation::at_most, 0).measured == "1");
}

TEST_CASE("an expectation on what did not happen is not met") {
    const Summary nothing = RunScript().finish(1000);
    for (const std::string_view metric : expectation_metrics()) {
        if (metric == "elections") continue;
        const auto result = judged(nothing, std::string(metric), Relation::at_least, -1);
        CAPTURE(metric);
        CHECK_FALSE(result.is_met);
        CHECK(result.measured.starts_with("no"));
    }
    CHECK_FALSE(judged(quiet_run(), "sync_p99", Relation::at_most, 1'000'000'000).is_met);
    CHECK_FALSE(judged(quiet_run(), "read_p99", Relation::at_most, 1'000'000'000).is_met);
}

TEST_CASE("an outage that is not over meets no upper bound") {
    RunScript script;
    script.established_ensemble().steady_writes(200, 1000);
    script.at(1000).invoke(0, 401).simple(trace::Kind::server_stopped, n3);
    const Summary summary = script.finish(1500);

    const auto upper = judged(summary, "write_outage", Relation::at_most, 10'000'000'000);
    const auto lower = judged(summary, "write_outage", Relation::at_least, 400'000'000);

    CHECK_FALSE(upper.is_met);
    CHECK(upper.measured == "at least 500.000 ms: an outage lasted at the end of the run");
    CHECK(lower.is_met);
}

TEST_CASE("every metric has a name of its own") {
    const auto names = expectation_metrics();

    CHECK(std::set(names.begin(), names.end()).size() == names.size());
    CHECK(std::ranges::find(names, "write_p999") != names.end());
    CHECK(find_metric("write_p99") != nullptr);
    CHECK(find_metric("write_p98") == nullptr);
}

}  // namespace analysis
