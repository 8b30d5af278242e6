#include "tests/support/golden_hashes.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

namespace tests {

namespace {

std::optional<std::string> text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    return std::string{std::istreambuf_iterator<char>(file), {}};
}

GoldenHashes parsed(const std::string& text) {
    GoldenHashes golden;
    std::istringstream words(text);
    std::string word;
    words >> word >> golden.behaviour;
    for (std::string name, hash, records; words >> name >> hash >> records;) {
        golden.hashes[name] = hash + ' ' + records;
    }
    return golden;
}

std::string written(const GoldenHashes& golden) {
    std::string text = fmt::format("behaviour {}\n", golden.behaviour);
    for (const auto& [name, hash] : golden.hashes) text += fmt::format("{} {}\n", name, hash);
    return text;
}

std::string moved(const GoldenHashes& known, const GoldenHashes& found) {
    std::string text;
    for (const auto& [name, hash] : found.hashes) {
        const auto before = known.hashes.find(name);
        if (before == known.hashes.end() || before->second == hash) continue;
        text += fmt::format("  {}: {} was {}\n", name, hash, before->second);
    }
    return text;
}

/// Why `found` may not take the place of `known`.
std::string refusal(const GoldenHashes& known, const GoldenHashes& found) {
    if (found.behaviour < known.behaviour) {
        return fmt::format("`behaviour` fell from {} to {}: it only rises\n", known.behaviour,
                           found.behaviour);
    }
    const std::string what = moved(known, found);
    if (what.empty() || found.behaviour > known.behaviour) return {};
    return fmt::format(
        "runs are not what they were at behaviour {}: raise it in sim/world/behaviour.hpp, then "
        "GOLDEN_REWRITE=1 (where it was raised since the last commit, restore the file first)\n{}",
        known.behaviour, what);
}

}  // namespace

std::string settle(const std::filesystem::path& file, const GoldenHashes& found, bool rewrites) {
    const auto text = text_of(file);
    if (!text) return fmt::format("{} is missing: take it from version control\n", file.string());
    const GoldenHashes known = parsed(*text);
    const std::string reason = refusal(known, found);
    if (!reason.empty() || *text == written(found)) return reason;
    if (!rewrites) {
        return fmt::format("{} is not of these runs: GOLDEN_REWRITE=1 writes it\n{}", file.string(),
                           moved(known, found));
    }
    std::ofstream(file, std::ios::binary) << written(found);
    return {};
}

}  // namespace tests
