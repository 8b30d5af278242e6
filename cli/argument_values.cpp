#include "cli/argument_values.hpp"

#include "cli/nearest.hpp"
#include "sim/scenario/units.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace cli {

std::uint64_t seed_from(const std::string& text) {
    const bool is_hex = text.starts_with("0x");
    const char* const begin = text.data() + (is_hex ? 2 : 0);
    const char* const end = text.data() + text.size();
    std::uint64_t seed = 0;
    const auto [stop, error] = std::from_chars(begin, end, seed, is_hex ? 16 : 10);
    if (error != std::errc{} || stop != end || begin == end) {
        throw UsageError(
            fmt::format("a seed is an integer from 0 to 2^64 - 1, also as 0x…, not "
                        "\"{}\"",
                        text));
    }
    return seed;
}

SeedRange seeds_from(const std::string& text) {
    constexpr std::uint64_t most = 1'000'000;
    const std::size_t dots = text.find("..");
    if (dots == std::string::npos) {
        throw UsageError("--seeds is a range like 1..200, not \"" + text + "\"");
    }
    const SeedRange range{seed_from(text.substr(0, dots)), seed_from(text.substr(dots + 2))};
    if (range.first > range.last) throw UsageError("--seeds " + text + ": the range is empty");
    if (range.last - range.first >= most) {
        throw UsageError(fmt::format("--seeds {}: at most {} seeds at a time", text, most));
    }
    return range;
}

sim::Override set_from(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw UsageError("--set is path=value like ensemble.voters=7, not \"" + text + "\"");
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

trace::Level level_from(const std::string& text) {
    const auto names = trace::level_names();
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == text) return static_cast<trace::Level>(i);
    }
    const std::vector<std::string> known(names.begin(), names.end());
    throw UsageError(fmt::format("--level is one of {}, not \"{}\"{}", fmt::join(names, ", "), text,
                                 did_you_mean(text, known)));
}

zab::Duration until_from(const std::string& text) {
    const sim::Parsed<zab::Duration> parsed = sim::parse_duration(text);
    if (!parsed.value) {
        throw UsageError(fmt::format("--until is a time like 20s or 1500ms, not \"{}\"{}{}", text,
                                     parsed.reason.empty() ? "" : ": ", parsed.reason));
    }
    return *parsed.value;
}

std::uint64_t number_from(std::string_view option, const std::string& text, std::uint64_t least,
                          std::uint64_t most) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end || number < least || number > most) {
        throw UsageError(
            fmt::format("{} is an integer from {} to {}, not \"{}\"", option, least, most, text));
    }
    return number;
}

std::chrono::seconds real_time_from(std::string_view option, const std::string& text) {
    constexpr std::int64_t ns_per_s = 1'000'000'000;
    const sim::Parsed<zab::Duration> parsed = sim::parse_duration(text);
    if (!parsed.value || parsed.value->ns < ns_per_s) {
        throw UsageError(
            fmt::format("{} is a time of at least a second, like 60s, not \"{}\"", option, text));
    }
    return std::chrono::seconds(parsed.value->ns / ns_per_s);
}

Shard shard_from(const std::string& text) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    if (slash == text.size()) {
        throw UsageError("--shard is I/N, as in 2/8, not \"" + text + "\"");
    }
    Shard shard;
    shard.of = number_from("--shard I/N: N", text.substr(slash + 1), 1, 1'000'000);
    shard.index = number_from("--shard I/N: I", text.substr(0, slash), 1, shard.of);
    return shard;
}

}  // namespace cli
