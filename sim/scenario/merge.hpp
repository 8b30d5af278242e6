#pragma once

#include "sim/scenario/json_value.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/scenario/mistakes.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What a scenario is made of before it is read: files that extend others, and overrides.
namespace sim::decode {

/// The format that is read and written. A file that names none is taken to be of this one.
inline constexpr std::string_view scenario_format = "zabsim.scenario/1";

/// Why a file whose key `format` has this value cannot be read; empty: it can.
std::string why_unreadable_format(const json::Value& value);

/// Lays `over` on `base`: objects are merged key by key, all else is replaced. One distribution
/// replaces another.
void lay_over(json::Value& base, json::Value over);

/// sources[0] with all that it extends.
struct Extended {
    std::optional<json::Value> root;  ///< Nothing, with mistakes: it cannot be read.
    bool is_whole = true;             ///< Else, with mistakes, one that it extends cannot be read.
};
Extended load_extended(Sources& sources, const FileReader& read_file, Mistakes& mistakes);

/// Applies `--set path=value`, each a source of its own.
void apply(std::span<const Override> sets, json::Value& root, Sources& sources, Mistakes& mistakes);

}  // namespace sim::decode
