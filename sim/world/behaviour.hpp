#pragma once

#include <cstdint>

namespace sim {

/// The engine version. A run is a function of (behaviour, scenario, seed): raise it by hand in the
/// change that moves any trace hash.
constexpr std::uint32_t behaviour = 20;

}  // namespace sim
