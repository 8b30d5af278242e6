#pragma once

#include "sim/scenario/json_value.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/scenario/mistakes.hpp"

#include <optional>
#include <span>
#include <string>

/// What a scenario is made of before it is read: files that extend others, and overrides.
namespace sim::decode {

/// Lays `over` on `base`: objects are merged key by key, all else is replaced. One distribution
/// replaces another.
void lay_over(json::Value& base, json::Value over);

/// Parses sources[0] and all that it extends. Nothing, with mistakes, when one cannot be read.
std::optional<json::Value> load_extended(Sources& sources, const FileReader& read_file,
                                         Mistakes& mistakes);

/// Applies `--set path=value`, each a source of its own.
void apply(std::span<const Override> sets, json::Value& root, Sources& sources, Mistakes& mistakes);

}  // namespace sim::decode
