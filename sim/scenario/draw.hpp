#pragma once

#include "sim/scenario/draft.hpp"
#include "sim/scenario/json_value.hpp"
#include "sim/scenario/known_names.hpp"

#include <cstdint>

namespace sim::decode {

/// Replaces `chaos` in a scenario by what it draws with this seed: overrides are laid over the
/// scenario, faults come after its own. A scenario with mistakes is left as it is: who decodes it
/// will name them.
void draw_chaos(json::Value& root, std::uint64_t seed, const KnownNames& known);

/// The shortest run in which the chaos of a scenario has room, in milliseconds; 0: it has none.
std::uint64_t least_duration_of_chaos(const Draft& draft);

}  // namespace sim::decode
