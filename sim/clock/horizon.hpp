#pragma once

#include <algorithm>
#include <cstdint>

namespace sim {

/// Beyond the end of every run, which takes ten years at most. What takes longer takes this: a
/// handful of such times add up to an instant without an overflow.
inline constexpr std::int64_t horizon_ns = std::int64_t{1} << 59;

constexpr std::int64_t within_horizon(std::int64_t ns) { return std::min(ns, horizon_ns); }

}  // namespace sim
