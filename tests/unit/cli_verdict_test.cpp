#include "cli/judgement.hpp"
#include "cli/trace_study.hpp"
#include "sim/trace/writer.hpp"
#include "sim/world/behaviour.hpp"
#include "tests/support/random_scenario.hpp"
#include "tests/support/trace_samples.hpp"
#include "tests/unit/cli_script.hpp"
#include "tests/unit/mutant_world.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

// A trace file gets the verdict of its run: the same violations at the same records, and as many
// properties checked.

namespace cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Runs with a trace, checks the file, and compares what both say of the guarantees.
void compare(const std::string& file, const std::vector<std::string>& options,
             const std::string& level, analysis::Protocol protocol = analysis::Protocol::zab) {
    CAPTURE(file);
    CAPTURE(level);
    const Folder folder;
    const std::string trace = folder.path("t.jsonl");
    std::vector<std::string> words = {"run", file, "--json", "--trace", trace, "--level", level};
    words.insert(words.end(), options.begin(), options.end());

    const Called run = call(words);
    const Called checked = call({"check", trace, "--json"});

    CAPTURE(run.talk);
    CAPTURE(checked.talk);
    REQUIRE(!run.out.empty());
    REQUIRE(!checked.out.empty());
    const json live = json::parse(run.out)["verdict"];
    CHECK(json::parse(checked.out)["verdict"] == live);
    CHECK(live["properties_checked"] == analysis::all_properties(protocol).size());
    CHECK(checked.exit == (live["violated"].empty() ? 0 : 1));
}

/// As many seconds as show the first half second of load.
std::vector<std::string> shortened(const sim::Scenario& scenario) {
    zab::Duration start = zab::seconds(1);
    for (const sim::ClientGroup& group : scenario.clients) start = std::max(start, group.start);
    const std::int64_t ms = std::min(start.ns, scenario.duration.ns) / 1'000'000 + 500;
    return {"--until", std::to_string(ms) + "ms"};
}

std::vector<fs::path> shipped_scenarios() {
    std::vector<fs::path> files;
    const fs::path folder = sim::source_folder() / "scenarios";
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string name = fs::relative(entry.path(), folder).generic_string();
        const bool is_scenario = entry.path().extension() == ".json" &&
                                 name != "scenario.schema.json" && !name.starts_with("profiles/");
        if (is_scenario) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// Whether each record of the first violation of each property stands in the text as the file has
/// it, with its place there, and no other record does.
bool shows_witnesses(const std::string& text, const std::string& file,
                     const std::vector<analysis::Violation>& violations) {
    std::set<std::string> properties;
    std::vector<std::string> expected, found;
    const std::vector<std::string> lines = tests::lines_of(tests::contents(file));
    for (const analysis::Violation& violation : violations) {
        if (!properties.insert(violation.property).second) continue;
        for (const trace::RecordId id : violation.witness) {
            const std::string begin = "{\"id\":" + std::to_string(id) + ",";
            for (std::size_t i = 0; i < lines.size(); ++i) {
                if (!lines[i].starts_with(begin)) continue;
                expected.push_back("      " + file + ":" + std::to_string(i + 1) + ": " + lines[i]);
            }
        }
    }
    for (const std::string& line : tests::lines_of(text)) {
        if (line.starts_with("      " + file + ":")) found.push_back(line);
    }
    return !expected.empty() && found == expected;
}

}  // namespace

TEST_CASE("every shipped scenario's trace gets the verdict of its run") {
    const auto files = shipped_scenarios();
    CHECK(files.size() >= 14);
    for (const fs::path& file : files) {
        const sim::LoadResult loaded = sim::load_scenario(file.string());
        REQUIRE(loaded.scenario.has_value());
        const bool is_textbook = loaded.scenario->protocol == sim::Protocol::textbook;
        compare(file.string(), shortened(*loaded.scenario), "protocol",
                is_textbook ? analysis::Protocol::textbook : analysis::Protocol::zab);
    }
}

TEST_CASE("random scenarios' traces get the verdict of their runs at every level that can answer") {
    const Folder folder;
    const char* const levels[] = {"protocol", "messages", "all"};
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const std::string file = folder.write("random.json", tests::random_scenario(seed));
        compare(file, {}, levels[seed % 3]);
    }
}

TEST_CASE("a broken run's trace shows the same violations at the same records") {
    std::set<std::string> broken;
    for (const test::Mutant& mutant : test::mutants_of_disks()) {
        CAPTURE(std::string(mutant.name));
        const Folder folder;
        const std::string file = folder.path("t.jsonl");
        const sim::LoadResult loaded = sim::load_text(mutant.scenario);
        analysis::CheckerSet checkers(ensemble_of(*loaded.scenario));
        trace::JsonWriter writer(file, {.behaviour = sim::behaviour,
                                        .commit = "",
                                        .seed = 3,
                                        .level = trace::Level::protocol,
                                        .scenario = loaded.resolved});
        trace::Outlets outlets;
        outlets.add(writer, writer.kinds());
        outlets.add(checkers, checkers.kinds());
        const sim::World world = test::run_to_end(mutant, outlets);
        const trace::Recorder& recorder = world.recorder();
        const auto failure = writer.finish({.records = recorder.next_id(),
                                            .time = world.now(),
                                            .verdict = "violated",
                                            .hash = recorder.hash(),
                                            .counts = recorder.counts()});
        REQUIRE(!failure);

        const Called checked = call({"check", file, "--json"});
        const Called shown = call({"check", file});

        const analysis::Verdict live = verdict_of(checkers);
        const json read = json::parse(checked.out)["verdict"];
        CHECK(checked.exit == 1);
        CHECK(read["properties_checked"] == live.properties_checked);
        CHECK(read["safety_violations"] == live.safety_violations);
        CHECK(read["messages"] == live.messages);
        CHECK(read["not_checked"] == live.not_checked);
        CHECK(shows_witnesses(shown.out, file, checkers.violations()));
        for (const analysis::Violation& found : checkers.violations())
            broken.insert(found.property);
    }
    CHECK(broken.size() >= 7);
}

}  // namespace cli
