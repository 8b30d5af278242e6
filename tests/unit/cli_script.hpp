#pragma once

#include "cli/run_cli.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace cli {

/// What one call of the program did.
struct Called {
    int exit = 0;
    std::string out;
    std::string talk;

    bool says(const std::string& text) const { return talk.find(text) != std::string::npos; }
    bool prints(const std::string& text) const { return out.find(text) != std::string::npos; }
};

inline Called call(const std::vector<std::string>& words, bool interrupts = false) {
    std::ostringstream out;
    std::ostringstream talk;
    const Environment environment{
        .out = out, .talk = talk, .interrupted = [interrupts] { return interrupts; }};
    const int exit = run_cli(words, environment);
    return {exit, out.str(), talk.str()};
}

/// A folder of files that goes away with the test.
class Folder {
  public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "zabsim-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string path(const std::string& name) const { return (path_ / name).string(); }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / name) << text;
        return path(name);
    }
    std::string read(const std::string& name) const {
        std::ifstream file(path_ / name);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                                      std::filesystem::directory_iterator()));
    }

  private:
    std::filesystem::path path_;
};

/// Three voters and one client for two seconds: elections, sessions and some writes.
inline const std::string tiny = R"({
  "name": "tiny", "why": "for tests", "duration": "2s",
  "ensemble": { "voters": 3 },
  "clients": [ { "count": 1, "load": { "closed": { "think_time": "10ms" } } } ]
})";

/// The value after `key` in a report, to the end of the line.
inline std::string value_after(const std::string& text, const std::string& key) {
    const std::size_t at = text.find(key);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + key.size();
    return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace cli
