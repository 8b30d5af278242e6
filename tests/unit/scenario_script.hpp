#pragma once

#include "sim/scenario/loader.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

/// What the tests of the scenario loader share.
namespace sim {

/// The project's folder: ZABSIM_SOURCE_DIR, else found from this file, else here.
inline std::filesystem::path source_folder() {
    if (const char* folder = std::getenv("ZABSIM_SOURCE_DIR")) return folder;
    const auto found = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    return std::filesystem::exists(found / "scenarios") ? found : std::filesystem::path(".");
}

inline std::string file_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE_MESSAGE(file.good(), "no file " << path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Compares with a file of the project, or writes it when GOLDEN_REWRITE is set.
inline void check_golden(const std::filesystem::path& path, const std::string& found) {
    if (std::getenv("GOLDEN_REWRITE") != nullptr) {
        std::ofstream(path, std::ios::binary) << found;
        return;
    }
    INFO("GOLDEN_REWRITE=1 writes ", path.string());
    CHECK(file_text(path) == found);
}

/// Loads text among files that exist only in memory.
inline LoadResult load_text(const std::string& text, std::vector<Override> sets = {},
                            std::map<std::string, std::string> files = {}) {
    LoadOptions options;
    options.read_file = [files](const std::string& path) {
        const auto found = files.find(path);
        return found == files.end() ? FileText{std::nullopt, "no such file"}
                                    : FileText{found->second, {}};
    };
    return load_scenario_text(text, "test.json", sets, options);
}

/// The scenario of sound text.
inline Scenario sound(const std::string& text, std::vector<Override> sets = {},
                      std::map<std::string, std::string> files = {}) {
    const LoadResult result = load_text(text, std::move(sets), std::move(files));
    for (const std::string& mistake : result.mistakes) FAIL_CHECK(mistake);
    REQUIRE(result.scenario.has_value());
    return *result.scenario;
}

/// The mistakes of wrong text, one a line.
inline std::string mistakes(const std::string& text, std::vector<Override> sets = {},
                            std::map<std::string, std::string> files = {}) {
    const LoadResult result = load_text(text, std::move(sets), std::move(files));
    CHECK(!result.scenario.has_value());
    std::string lines;
    for (const std::string& mistake : result.mistakes) lines += mistake + "\n";
    return lines;
}

}  // namespace sim
