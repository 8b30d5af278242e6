#pragma once

#include "sim/random/wide.hpp"

#include <compare>
#include <cstdint>

/// Exact decimals: what a scenario says as 0.001 is 0.001, on every machine.
namespace sim {

/// A probability in parts per 1e9: 0 is never, 1'000'000'000 is always; no value is above that.
struct Probability {
    static constexpr std::uint32_t certain_ppb = 1'000'000'000;

    std::uint32_t ppb = 0;
    constexpr auto operator<=>(const Probability&) const = default;
    constexpr Probability complement() const { return {certain_ppb - ppb}; }
};

/// That at least one of two independent things happens.
constexpr Probability either(Probability one, Probability other) {
    const std::uint64_t both = std::uint64_t{one.ppb} * other.ppb / Probability::certain_ppb;
    return {one.ppb + other.ppb - static_cast<std::uint32_t>(both)};
}

/// A dimensionless number in units of 1e-9: 1'000'000'000 leaves things as they are.
struct Factor {
    static constexpr std::int64_t one_nano = 1'000'000'000;

    std::int64_t nano = one_nano;
    constexpr auto operator<=>(const Factor&) const = default;
};

/// Whether something of this probability happens, given a uniform word. Of the 2^64 words, the
/// lowest ceil(2^64 * ppb / 1e9) say yes: never for 0, always for 1e9, else off by less than
/// 2^-64. For one word, yes at some probability implies yes at any higher one.
constexpr bool happens(Probability probability, std::uint64_t random) {
    return high_product(random, Probability::certain_ppb) < probability.ppb;
}

}  // namespace sim
