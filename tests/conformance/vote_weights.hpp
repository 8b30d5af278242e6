#pragma once

#include "protocol/config.hpp"
#include "protocol/election/vote.hpp"
#include "tests/conformance/case.hpp"

#include <optional>

namespace conformance {

/// "all weights 1", "weight of current = 0, of candidate = 1", {"weights": {"new": 0}}: what a case
/// says of the weights of two votes' leaders. Nothing: it tells voters some other way. Throws
/// Refused for what contradicts itself or the votes.
std::optional<zab::Config> weights_told(const Value& initial, const zab::Vote& candidate,
                                        const zab::Vote& held);

}  // namespace conformance
