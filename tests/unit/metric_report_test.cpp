#include "analysis/report/json.hpp"
#include "analysis/report/text.hpp"
#include "tests/unit/metric_script.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace analysis {

namespace {

using Json = nlohmann::json;
using Kind = trace::Kind;

/// Compares with tests/golden/`name`, or writes it when GOLDEN_REWRITE is set.
void check_golden(const std::string& name, const std::string& found) {
    // The project's folder: as told, else where this file is, else here.
    const char* told = std::getenv("ZABSIM_SOURCE_DIR");
    const std::filesystem::path here = std::filesystem::exists(__FILE__)
                                           ? std::filesystem::path(__FILE__).parent_path() / "../.."
                                           : std::filesystem::path(".");
    const auto folder = (told != nullptr ? std::filesystem::path(told) : here) / "tests/golden";
    if (std::getenv("GOLDEN_REWRITE") != nullptr) {
        std::filesystem::create_directories(folder);
        std::ofstream(folder / name) << found;
    }
    std::ifstream file(folder / name);
    REQUIRE_MESSAGE(file.good(), "no golden file " << name);
    const std::string expected{std::istreambuf_iterator<char>(file), {}};
    CHECK(found == expected);
}

void add_resources(RunScript& script) {
    std::uint64_t busy_ns = 431'000'000;
    for (const zab::NodeId node : {n1, n2, n3}) {
        for (const trace::Resource resource : {trace::Resource::core, trace::Resource::disk}) {
            script.record({.kind = Kind::resource,
                           .node = node,
                           .detail = static_cast<std::uint16_t>(resource),
                           .a = busy_ns,
                           .b = 2'000'000'000,
                           .c = 12'345});
            busy_ns += 100'000'000;
        }
    }
}

/// A leader that crashes under writes and reads, and another that takes over.
Summary crash_summary() {
    RunScript script(at_ms(500));
    script.established_ensemble().steady_writes(200, 1000);
    for (std::int64_t t = 600; t < 900; ++t) {
        const auto cxid = static_cast<zab::Cxid>(t);
        script.at(t).invoke(1, cxid, trace::Operation::get);
        script.at(t + 1 + t % 3).complete(1, cxid, trace::Operation::get);
    }
    script.at(1000).invoke(0, 401).invoke(2, 1, trace::Operation::create);
    script.at(1001).simple(Kind::server_stopped, n3);
    script.at(1010).fail(0, 401).fail(2, 1, trace::Operation::create);
    script.at(1030).simple(Kind::looking, n1).at(1045).simple(Kind::looking, n2);
    script.at(1260).elected(n1, n2).elected(n2, n2);
    script.at(1380).simple(Kind::leading, n2).at(1420).established(n2, 2);
    script.at(1430).serving(n2, n2, 2);
    script.steady_writes(1501, 1601);
    script.at(1700).invoke(2, 2, trace::Operation::create).at(1705);
    script.complete(2, 2, trace::Operation::create);
    script.at(1999).invoke(1, 2000, trace::Operation::get);
    for (int i = 0; i < 51; ++i) script.simple(Kind::commit, n2);
    for (int i = 0; i < 200; ++i) {
        script.record({.kind = Kind::receive, .node = n1, .peer = 2, .detail = 12});
    }
    add_resources(script);
    return script.finish(2000);
}

RunInfo crash_info() {
    return {.scenario = "leader-crash",
            .why = "How long can nobody write when the leader's process dies?",
            .seed = 42,
            .release = "fixed",
            .engine = "zabsim 0.1.0 behaviour 1",
            .voters = 3,
            .observers = 1,
            .clients = 20,
            .records = 1'234'567,
            .real_ns = 41'234'567,
            .trace_hash = 0x0123456789abcdef,
            .reproduce = "zabsim run leader-crash.json --seed 42"};
}

RunResult crash_run() {
    const std::vector<Expectation> expected = {{.metric = "write_outage",
                                                .relation = Relation::at_most,
                                                .bound = 10'000'000'000,
                                                .text = "write_outage <= 10s"},
                                               {.metric = "write_p99",
                                                .relation = Relation::below,
                                                .bound = 1'000'000,
                                                .text = "write_p99 < 1ms"},
                                               {.metric = "sync_p99",
                                                .relation = Relation::at_most,
                                                .bound = 1'000'000,
                                                .text = "sync_p99 <= 1ms"}};
    RunResult run{.info = crash_info(),
                  .summary = crash_summary(),
                  .verdict = {.properties_checked = 18,
                              .safety_violations = 0,
                              .liveness_violations = 0,
                              .messages = {},
                              .not_checked = {}},
                  .expectations = {}};
    run.expectations = judge(expected, run.summary);
    return run;
}

RunResult empty_run() {
    RunResult run{.info = crash_info(),
                  .summary = RunScript().finish(1000),
                  .verdict = {.properties_checked = 0,
                              .safety_violations = 0,
                              .liveness_violations = 0,
                              .messages = {},
                              .not_checked = {"everything: --check none"}},
                  .expectations = {}};
    run.info.real_ns.reset();
    run.info.observers = 0;
    return run;
}

RunResult violated_run() {
    RunResult run = empty_run();
    run.info.scenario = "bad\x1b[31mname";
    run.verdict = {.properties_checked = 18,
                   .safety_violations = 2,
                   .liveness_violations = 1,
                   .messages = {"total order: servers 1 and 2 differ at zxid 0x100000002"},
                   .not_checked = {}};
    return run;
}

SeedsResult seeds() {
    SeedsResult result{.scenario = "leader-crash",
                       .why = "How long can nobody write when the leader's process dies?",
                       .release = "fixed",
                       .engine = "zabsim 0.1.0 behaviour 1",
                       .properties_checked = 18,
                       .runs = {},
                       .real_ns = 3'000'000'000,
                       .reproduce = "zabsim run leader-crash.json --seeds 1..3"};
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SeedResult run = seed_result(crash_run());
        run.seed = seed;
        run.trace_hash += seed;
        run.values[0] = 400'000'000 + static_cast<std::int64_t>(seed) * 50'000'000;
        result.runs.push_back(std::move(run));
    }
    result.runs[1].unmet.clear();
    result.runs[2].unmet.clear();
    result.runs[2].holds = false;
    return result;
}

}  // namespace

TEST_CASE("the report of a run reads as it should") {
    check_golden("report-leader-crash.txt", run_text(crash_run(), {}));
}

TEST_CASE("the report of a run without anything says so") {
    check_golden("report-empty.txt", run_text(empty_run(), {}));
}

TEST_CASE("the report of a violated run is plain about it") {
    check_golden("report-violated.txt", run_text(violated_run(), {}));
}

TEST_CASE("the report of many seeds shows means and intervals") {
    check_golden("report-seeds.txt", seeds_text(seeds(), {}));
}

TEST_CASE("colour only adds escape sequences") {
    std::string coloured = run_text(crash_run(), {.colour = true});
    REQUIRE(coloured.find("\x1b[") != std::string::npos);

    for (std::size_t at = 0; (at = coloured.find('\x1b')) != std::string::npos;) {
        coloured.erase(at, coloured.find('m', at) - at + 1);
    }

    CHECK(coloured == run_text(crash_run(), {}));
}

TEST_CASE("the JSON report says the same numbers as the summary") {
    const RunResult run = crash_run();

    const Json json = Json::parse(run_json(run));

    CHECK(json["format"] == "zabsim.results/1.0");
    CHECK(json["trace_hash"] == "0x0123456789abcdef");
    CHECK(json["scenario"]["seed"] == "0x000000000000002a");
    CHECK(json["simulated_ns"] == 2'000'000'000);
    CHECK(json["warm_up_ns"] == 500'000'000);
    const Json& write = json["operations"]["write"];
    CHECK(write["ok"] == run.summary.writes().ok);
    CHECK(write["failed"]["connection_loss"] == 2);
    CHECK(write["latency"]["p99_9_ns"] == run.summary.writes().latency.quantile(p99_9)->ns);
    CHECK(json["operations"]["read"]["unfinished"] == 1);
    CHECK(json["operations"]["sync"]["latency"]["p50_ns"].is_null());
    REQUIRE(json["outages"].size() == 1);
    const Json& outage = json["outages"][0];
    CHECK(outage["length_ns"] == run.summary.outages[0].length().ns);
    std::int64_t sum = 0;
    for (const char* part : {"detection_ns", "election_ns", "discovery_ns", "synchronization_ns",
                             "reconnection_ns", "stall_ns"}) {
        sum += outage[part].get<std::int64_t>();
    }
    CHECK(outage["length_ns"] == sum);
    CHECK(outage["new_leader"] == 2);
    CHECK(json["leaders"].size() == 2);
    CHECK(json["messages"] == 200);
    CHECK(json["messages_per_1000_commits"] == 3921);
    CHECK(json["expectations"][0]["met"] == true);
    CHECK(json["expectations"][2]["met"] == false);
    CHECK(json["verdict"]["properties_checked"] == 18);
    CHECK(json["resources"].size() == 6);
}

TEST_CASE("the histogram in the JSON report can be read back") {
    const RunResult run = crash_run();
    const Json latency = Json::parse(run_json(run))["operations"]["write"]["latency"];
    Histogram::Sparse sparse{.precision = latency["precision"],
                             .count = latency["count"],
                             .sum_ns = latency["sum_ns"],
                             .min_ns = latency["min_ns"],
                             .max_ns = latency["max_ns"],
                             .buckets = {}};
    for (const Json& bucket : latency["buckets"]) sparse.buckets.push_back({bucket[0], bucket[1]});

    const auto restored = Histogram::from_sparse(sparse);

    REQUIRE(restored.has_value());
    CHECK((*restored == run.summary.writes().latency));
}

TEST_CASE("the JSON report of seeds has integers only") {
    const Json json = Json::parse(seeds_json(seeds()));

    CHECK(json["format"] == "zabsim.results/1.0");
    REQUIRE(json["runs"].size() == 3);
    CHECK(json["runs"][2]["holds"] == false);
    CHECK(json["runs"][0]["values"]["write_outage_ns"] == 450'000'000);
    const Json& outage = json["estimates"][0];
    CHECK(outage["metric"] == "write_outage");
    CHECK(outage["mean_ns"] == 500'000'000);
    // 4.303 × 50 ms / sqrt(3).
    CHECK(outage["half_width_95_ns"] == 124'216'910);
    for (const Json& estimate : json["estimates"]) {
        for (const Json& value : estimate) CHECK_FALSE(value.is_number_float());
    }
}

TEST_CASE("a text that is not UTF-8 does not stop the JSON report") {
    RunResult run = empty_run();
    run.info.why = "\xff\xfe";

    CHECK(Json::accept(run_json(run)));
}

}  // namespace analysis
