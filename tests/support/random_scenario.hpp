#pragma once

#include <cstdint>
#include <string>

namespace tests {

/// A small scenario in which much goes wrong, as JSON: a pure function of the seed. Every server
/// keeps its promises (nothing is lost that was synced), so every guarantee must hold.
std::string random_scenario(std::uint64_t seed);

}  // namespace tests
