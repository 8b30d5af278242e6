#pragma once

#include "cli/loading.hpp"
#include "sim/scenario/json_value.hpp"

#include <cstdint>
#include <functional>

namespace cli {

/// More requests than that nobody reads; they stay drawn.
constexpr std::uint64_t most_listed_requests = 100'000;

enum class Listing : std::uint8_t { done, too_many, interrupted };

/// Writes what the clients of `world` ask for into `scenario`, its document: from then on the
/// requests are decisions that can be read and left out, one by one, and no longer draws. The run
/// stays the same. Runs the world once to its end, or to `interrupted`.
Listing list_requests(sim::json::Value& scenario, const Loaded& world, std::uint64_t seed,
                      const std::function<bool()>& interrupted);

}  // namespace cli
