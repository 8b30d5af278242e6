#pragma once

#include "cli/loading.hpp"
#include "sim/scenario/json_value.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace cli {

/// The scenario with its faults placed in the story instead of in time: each that struck at a time
/// comes `after` the last step before it of the server that it hit (the n-th record of that kind
/// there), and hits that server by its id. So the story survives a change of costs, which moves all
/// times. Faults that found no target are left out; "all" stays "all".
///
/// Runs the world once to its end, or to `interrupted`: then nothing.
std::optional<sim::json::Value> anchored(const Loaded& world, std::uint64_t seed,
                                         const std::function<bool()>& interrupted);

}  // namespace cli
