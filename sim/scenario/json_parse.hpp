#pragma once

#include "sim/scenario/json_value.hpp"
#include "sim/scenario/mistakes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sim::json {

/// What a scenario file may be at most. Far above any use, far below running out of memory.
constexpr std::size_t most_bytes = 16u << 20;
constexpr std::size_t most_values = 1'000'000;
constexpr std::size_t most_keys = 20'000;  ///< Of one object.
constexpr std::size_t most_depth = 64;

/// Reads JSON with comments. Reports duplicate keys (and keeps the first), and everything that is
/// not JSON, not UTF-8 or beyond the limits; after those there is no value.
std::optional<Value> parse(std::string_view text, std::uint32_t source, Mistakes& mistakes);

/// Whether the text is one JSON value; used where plain text is accepted too.
std::optional<Value> parse_if_valid(std::string_view text);

}  // namespace sim::json
