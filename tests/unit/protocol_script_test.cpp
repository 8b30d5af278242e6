#include "tests/support/peer_script.hpp"
#include "tests/unit/scenario_script.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace {

std::vector<std::filesystem::path> scripts() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(sim::source_folder() / "tests/scripts")) {
        if (entry.path().extension() == ".txt") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

TEST_CASE("in each script's conversation the server wants exactly what stands below the line") {
    const auto files = scripts();
    CHECK(files.size() >= 40);
    for (const std::filesystem::path& file : files) {
        INFO("script ", file.filename().string());
        const std::string text = sim::file_text(file);
        const std::string inputs = text.substr(0, text.find("----\n"));
        test::PeerScript script(file.parent_path());

        const std::string wanted = script.play(inputs);

        sim::check_golden(file, inputs + "----\n" + wanted);
    }
}

TEST_CASE("a script played twice in one process gives the same effects") {
    for (const std::filesystem::path& file : scripts()) {
        INFO("script ", file.filename().string());
        const std::string text = sim::file_text(file);
        const std::string once = test::PeerScript(file.parent_path()).play(text);
        CHECK_EQ(test::PeerScript(file.parent_path()).play(text), once);
    }
}
