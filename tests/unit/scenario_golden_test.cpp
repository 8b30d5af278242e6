#include "cli/loading.hpp"
#include "tests/unit/scenario_script.hpp"

#include <algorithm>

namespace sim {

namespace {

std::vector<std::filesystem::path> json_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

/// Loads a file as if its folder were the current one, so that messages do not depend on it.
LoadResult load_in_folder(const std::filesystem::path& file) {
    LoadOptions options;
    options.read_file = [&](const std::string& path) {
        return read_regular_file((file.parent_path() / path).string());
    };
    std::vector<Override> sets;
    std::ifstream lines(std::filesystem::path(file).replace_extension(".set"));
    for (std::string line; std::getline(lines, line);) {
        const std::size_t equals = line.find('=');
        sets.push_back({line.substr(0, equals), line.substr(equals + 1)});
    }
    return load_scenario(file.filename().string(), sets, options);
}

}  // namespace

TEST_CASE("each malformed scenario is refused with the messages beside it") {
    const auto files = json_files(source_folder() / "tests/golden/malformed");
    CHECK(files.size() >= 45);
    for (const std::filesystem::path& file : files) {
        const LoadResult result = load_in_folder(file);
        std::string text;
        for (const std::string& mistake : result.mistakes) text += mistake + "\n";
        CHECK_MESSAGE(!result.scenario.has_value(), file.string());
        check_golden(std::filesystem::path(file).replace_extension(".txt"), text);
    }
}

TEST_CASE("each well-formed scenario resolves to the text beside it, and that to itself") {
    for (const std::filesystem::path& file :
         json_files(source_folder() / "tests/golden/wellformed")) {
        const LoadResult result = load_in_folder(file);
        for (const std::string& mistake : result.mistakes) FAIL_CHECK(mistake);
        check_golden(std::filesystem::path(file).replace_extension(".txt"), result.resolved + "\n");
        const LoadResult again = load_text(result.resolved);
        CHECK(again.scenario == result.scenario);
        CHECK(again.resolved == result.resolved);
    }
}

TEST_CASE("every shipped scenario loads, says why, and is what its own text gives again") {
    const auto root = source_folder() / "scenarios";
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        const std::filesystem::path& file = entry.path();
        if (file.extension() != ".json" || file.filename() == "scenario.schema.json") continue;
        ++count;
        const LoadResult result = load_scenario(file.string());
        for (const std::string& mistake : result.mistakes) FAIL_CHECK(mistake);
        REQUIRE(result.scenario.has_value());
        CHECK_MESSAGE(!result.scenario->why.empty(), file.string());
        CHECK_MESSAGE(load_text(result.resolved).scenario == result.scenario, file.string());
    }
    CHECK(count >= 2);
}

TEST_CASE("the schema for editors is the one that the tables give") {
    check_golden(source_folder() / "scenarios/scenario.schema.json",
                 scenario_schema(cli::load_options().known));
}

TEST_CASE("the reference page has a row for every key of the schema") {
    const std::string page = scenario_reference(cli::load_options().known);

    for (const char* const key : {"| `voters` |", "| `log_normal` |", "| `power_loss` |",
                                  "| `write_p999` |", "## ensemble", "## server_start"})
        CHECK_MESSAGE(page.find(key) != std::string::npos, key);
}

}  // namespace sim
