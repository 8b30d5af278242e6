#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace tests {

/// What runs came to, by the runs' names, and the engine version that they belong to.
struct GoldenHashes {
    std::uint32_t behaviour = 0;
    std::map<std::string, std::string> hashes;

    friend bool operator==(const GoldenHashes&, const GoldenHashes&) = default;
};

/// Compares what was found with what the file holds. Empty: they agree, or `rewrites` and the file
/// now holds what was found. Else what is wrong, and then the file is as it was: hashes that moved
/// are neither passed nor written unless the behaviour was raised, because a seed and a version
/// must name one run for ever.
std::string settle(const std::filesystem::path& file, const GoldenHashes& found, bool rewrites);

}  // namespace tests
