#include "cli/hunt/coverage.hpp"

#include "cli/hunt/coverage_report.hpp"
#include "cli/hunt/trial.hpp"
#include "cli/loading.hpp"
#include "sim/trace/record_table.hpp"
#include "tests/unit/cli_script.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace cli {

namespace {

using trace::Kind;
using Fields = trace::Record::Fields;

const std::vector<std::string> hunt = {
    "fuzz", "scenarios/chaos/default.json", "--set", "duration=10s", "--jobs", "2"};

std::vector<std::string> with(std::vector<std::string> words, std::vector<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

/// Three voters and an observer.
sim::SiteSet sites_of(const std::vector<Fields>& records) {
    sim::Scenario scenario;
    for (std::uint16_t id = 1; id <= 4; ++id) {
        sim::ServerSpec server;
        server.id = {id};
        server.voter = id < 4;
        scenario.servers.push_back(server);
    }
    sim::SiteSet sites(scenario);
    for (const Fields& fields : records) sites.observe(trace::Record(fields), 0);
    return sites;
}

bool has(const std::vector<Fields>& records, sim::Site site) {
    return sites_of(records).has(static_cast<std::size_t>(site));
}

Fields at(std::uint16_t server, Kind kind, std::uint64_t a = 0, std::uint32_t c = 0,
          std::uint16_t peer = 0) {
    return {.kind = kind, .node = {server}, .peer = peer, .a = a, .c = c};
}

/// Server 2, logged up to <1, 9>, follows server 1.
std::vector<Fields> follower_of(std::vector<Fields> more) {
    std::vector<Fields> records = {at(2, Kind::server_started), at(2, Kind::looking, 0, 1),
                                   at(2, Kind::append, 0x1'0000'0009),
                                   at(2, Kind::following, 0, 0, 1)};
    records.insert(records.end(), more.begin(), more.end());
    return records;
}

sim::TupleSet tuples_of(const zab::Input& input) {
    const auto config = std::make_shared<zab::Config>();
    config->voters = {{1}, {2}, {3}};
    const zab::Peer peer({1}, config);  // It boots.
    sim::TupleSet tuples;
    tuples.add(&peer, input);
    return tuples;
}

std::string line(std::uint64_t seed, const std::string& coverage) {
    return to_line(
        {.scenario = "0x1", .behaviour = 6, .seed = seed, .hash = "0x2", .coverage = coverage});
}

nlohmann::json site_in(const std::string& json, const std::string& name) {
    const auto report = nlohmann::json::parse(json);
    for (const auto& site : report["sites"]) {
        if (site["site"] == name) return site;
    }
    return {};
}

}  // namespace

TEST_CASE("coverage: every tuple has a name of its own") {
    std::set<std::string> names;
    for (std::uint32_t number = 0; number < sim::tuple_count; ++number) {
        names.insert(sim::tuple_text(sim::tuple_of(number)));
    }
    CHECK(names.size() == sim::tuple_count);
    CHECK(names.contains("follower serving: receive proposal"));
    CHECK(names.contains("handler reading_log: done read_log of handler"));
    CHECK(names.contains("leader broadcast: learner link down: timed_out"));
}

TEST_CASE("coverage: the compiler's names of messages and timers are those of the trace") {
    CHECK(std::ranges::equal(sim::value_names<zab::MessageKind>, trace::message_names()));
    CHECK(std::ranges::equal(sim::value_names<zab::TimerKind>, trace::timer_names()));
    CHECK(sim::value_names<zab::Learning::Phase>.back() == "serving");
}

TEST_CASE("coverage: looking on changes no run") {
    std::ifstream file("scenarios/chaos/default.json");
    const std::string chaos{std::istreambuf_iterator<char>(file), {}};
    for (const std::uint64_t seed : {3u, 7u, 11u}) {
        CAPTURE(seed);
        const LoadedText world = load_text(chaos, "scenarios/chaos/default.json", seed);
        REQUIRE(world.loaded.has_value());
        Trial trial{.scenario = world.loaded->scenario, .seed = seed};
        const TrialOutcome blind = try_out(trial, [] { return false; });
        trial.tells_coverage = true;
        const TrialOutcome seeing = try_out(trial, [] { return false; });
        CHECK(seeing.hash == blind.hash);
        CHECK(seeing.records == blind.records);
        CHECK(blind.coverage.empty());
        CHECK_FALSE(seeing.coverage.empty());
    }
}

TEST_CASE("coverage: an exclusion that is wrong is told, with the tuple and its reason") {
    const zab::Message proposal = zab::Proposal{};
    const sim::TupleSet wrong =
        tuples_of(zab::Received{{}, zab::LinkKind::learner, &proposal, nullptr});
    const std::string told = sim::broken_claim(wrong);
    CHECK(told.find("booting any: receive proposal: a process starts once") != std::string::npos);
    CHECK(sim::broken_claim(tuples_of(zab::Started{})).empty());
}

TEST_CASE(
    "coverage: a result keeps what was reached, and another build's or a damaged one is none") {
    const CoverageTable& table = CoverageTable::of_this_build();
    const sim::TupleSet tuples = tuples_of(zab::Started{});
    const std::string text =
        table.encode(tuples, sites_of({at(1, Kind::propose, 0x1'ffff'ffff, 1)}));
    const auto reached = table.decode(text);
    REQUIRE(reached.has_value());
    CHECK(std::ranges::count(*reached, true) == 2);
    for (std::size_t item = 0; item < table.size(); ++item) {
        const std::string name = table.name(item);
        CAPTURE(name);
        CHECK((*reached)[item] == (name == "booting any: started" || name == "counter_ran_out"));
    }
    CHECK_FALSE(table.decode("00000000" + text.substr(8)).has_value());
    CHECK_FALSE(table.decode(text.substr(0, text.size() - 1)).has_value());
    CHECK_FALSE(table.decode(text.substr(0, text.size() - 1) + "!").has_value());
}

TEST_CASE("coverage: a planted site is told with its lowest seed, in whatever order they came") {
    const Folder folder;
    const CoverageTable& table = CoverageTable::of_this_build();
    const std::string planted =
        table.encode({}, sites_of({at(1, Kind::propose, 0x1'ffff'ffff, 1)}));
    const std::string none = table.encode({}, sites_of({}));
    folder.write("results.jsonl",
                 line(9, planted) + line(2, none) + line(4, planted) + line(5, none));
    const Called merge =
        call({"merge", folder.path("results.jsonl"), "--coverage", folder.path("coverage.json")});
    CHECK(merge.exit == 0);
    CHECK(merge.prints(" tuples and 1 of "));
    CHECK(merge.prints("the last of them by seed 4\n"));
    const auto site = site_in(folder.read("coverage.json"), "counter_ran_out");
    CHECK(site["first_seed"] == 4);
    CHECK(site["seeds"] == 2);
}

TEST_CASE("coverage: of two results of a seed the one that tells counts, and both must agree") {
    const Folder folder;
    const CoverageTable& table = CoverageTable::of_this_build();
    const std::string planted =
        table.encode({}, sites_of({at(1, Kind::propose, 0x1'ffff'ffff, 1)}));
    folder.write("silent.jsonl", line(1, "") + line(2, ""));
    folder.write("foreign.jsonl", line(1, "00000000:AAAA"));
    folder.write("telling.jsonl", line(1, planted));
    folder.write("other.jsonl", line(1, table.encode({}, sites_of({}))));
    const auto merged = [&](const std::vector<std::string>& names) {
        std::vector<std::string> words = {"merge"};
        for (const std::string& name : names) words.push_back(folder.path(name + ".jsonl"));
        return call(words);
    };
    const Called one = merged({"silent", "foreign", "telling"});
    CHECK(one.prints("1 of the 2 seeds do not tell what they reached"));
    CHECK(merged({"telling", "foreign", "silent"}).out == one.out);
    CHECK(merged({"foreign", "telling", "silent"}).out == one.out);
    CHECK(merged({"telling", "other"}).says("seed 1 has two different results"));
    CHECK(merged({"silent"}).out.find("coverage") == std::string::npos);
}

TEST_CASE("coverage: jobs, shards, their order and a kill in between come to the same file") {
    const Folder folder;
    const auto file = [&](const std::string& name) { return folder.read(name + ".json"); };
    const auto fuzz = [&](const std::string& name, const std::vector<std::string>& more) {
        return call(with(with(hunt, {"--seeds", "1..12", "--out", folder.path(name), "--coverage",
                                     folder.path(name + ".json")}),
                         more));
    };
    CHECK(fuzz("whole", {}).exit == 0);
    for (const std::string shard : {"1", "2", "3"}) fuzz("s" + shard, {"--shard", shard + "/3"});
    call({"merge", folder.path("s3"), folder.path("s1"), folder.path("s2"), "--coverage",
          folder.path("merged.json")});
    CHECK(file("whole").size() > 10'000);
    CHECK(file("merged") == file("whole"));
    const std::string results = folder.read("whole/results.jsonl");
    folder.write("whole/results.jsonl", results.substr(0, results.size() / 2));
    fuzz("whole", {});
    CHECK(file("merged") == file("whole"));
    CHECK(file("s1") != file("whole"));
}

TEST_CASE("coverage: a file that cannot be written ends the campaign with 6 before it begins") {
    const Folder folder;
    const Called fuzz = call(with(hunt, {"--seeds", "1..2", "--out", folder.path("found"),
                                         "--coverage", folder.path("none/coverage.json")}));
    CHECK(fuzz.exit == 6);
    CHECK(fuzz.says("none/coverage.json: error: cannot create it"));
    CHECK_FALSE(std::filesystem::exists(folder.path("found")));
}

TEST_CASE("coverage: the textbook's servers have no table") {
    const Folder folder;
    const Called fuzz = call({"fuzz", "scenarios/textbook/reordered-command-textbook.json",
                              "--seeds", "1..2", "--jobs", "1", "--out", folder.path("found")});
    CHECK(fuzz.prints("2 seeds, "));
    CHECK_FALSE(fuzz.prints("coverage"));
}

TEST_CASE("coverage: a site is where its record is, and where what was before it fits") {
    using sim::Site;
    const auto cut = [](std::uint64_t to) {
        return follower_of({at(2, Kind::truncated, to, 0, 1)});
    };
    CHECK(has(cut(0x1'0000'0007), Site::learner_was_ahead));
    CHECK_FALSE(has(cut(0x1'0000'0009), Site::learner_was_ahead));
    CHECK(has(cut(0x0'0000'0007), Site::cut_back_into_an_earlier_epoch));
    CHECK_FALSE(has(cut(0x1'0000'0007), Site::cut_back_into_an_earlier_epoch));
    const auto stopped = [](Kind before, Kind between) {
        return follower_of(
            {at(2, before, 0x1'0000'0009), at(2, between), at(2, Kind::server_stopped)});
    };
    CHECK(has(stopped(Kind::snapshot_installed, Kind::history), Site::stopped_in_snap));
    CHECK_FALSE(has(stopped(Kind::snapshot_installed, Kind::synchronized), Site::stopped_in_snap));
    CHECK_FALSE(has(stopped(Kind::append, Kind::history), Site::stopped_in_snap));
    CHECK(has(stopped(Kind::append, Kind::history), Site::stopped_in_diff));
    const auto two = [](std::uint32_t second) {
        return std::vector<Fields>{
            at(1, Kind::server_started),        at(3, Kind::server_started),
            at(1, Kind::leading, 0, 1),         at(1, Kind::established, 0, 1),
            at(3, Kind::leading, 0, second),    at(3, Kind::established, 0, second),
            at(1, Kind::propose, 0x1'0000'0001)};
    };
    CHECK(has(two(2), Site::two_leaders_established));
    CHECK(has(two(2), Site::deposed_leader_proposed));
    CHECK_FALSE(has(two(1), Site::deposed_leader_proposed));
    const std::vector<Fields> session = {
        {.kind = Kind::client_connected, .node = {1}, .a = 5, .b = 0},
        {.kind = Kind::client_connected, .node = {2}, .a = 5, .b = 0}};
    CHECK(has(session, Site::session_moved));
    CHECK_FALSE(has({session[0], session[0]}, Site::session_moved));
    const auto committed = [](std::uint32_t acks) {
        return std::vector<Fields>{at(1, Kind::commit, 0x1'0000'0001, acks)};
    };
    CHECK(has(committed(3), Site::committed_beyond_a_quorum));
    CHECK_FALSE(has(committed(2), Site::committed_beyond_a_quorum));
}

}  // namespace cli
