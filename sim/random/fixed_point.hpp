#pragma once

#include "protocol/types/time.hpp"
#include "sim/random/tables.hpp"
#include "sim/random/wide.hpp"

#include <cstdint>

/// Logarithm, power and normal quantile in integers, in units of 2^-40. Each is a table with
/// quadratic interpolation: no libm, hence the same bits on every machine. The errors stated here
/// are tested.
namespace sim {

/// The longest duration that anything drawn has: about 146 years. Beyond it results saturate, so
/// that an instant plus a delay does not overflow.
inline constexpr zab::Duration longest_duration = {std::int64_t{1} << 62};

/// 1 / ln 2 and ln 2 in units of 2^-40.
inline constexpr std::int64_t fixed_log2_e = 1'586'259'972'792;
inline constexpr std::int64_t fixed_ln2 = 762'123'384'786;

/// a * b for fixed-point numbers (or a number and a fixed-point number), rounded to the nearest.
/// Requires: the result has 64 bits.
constexpr std::int64_t fixed_product(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>((SignedWide{a} * b + fixed_one / 2) >> fraction_bits);
}

/// log2(value), rising in value. Requires: value > 0. Off by less than 2e-8.
std::int64_t fixed_log2(std::uint64_t value);

/// coefficient * 2^exponent, rounded to the nearest; relative error below 1e-8 and half a unit.
/// At most longest_duration.ns. Requires: coefficient in [0, longest_duration.ns].
std::int64_t times_exp2(std::int64_t coefficient, std::int64_t exponent);

/// -log2 of the probability that a uniform word exceeds `random`, which itself counts half: in
/// [0, 65], never falling in random. Off by less than 2e-8.
std::int64_t tail_log2(std::uint64_t random);

/// The standard normal quantile of a uniform word: never falling in random, odd around the
/// middle, off by less than 2.5e-6; at most 7.4 (which it would exceed once in 2^43 draws).
std::int64_t normal_quantile(std::uint64_t random);

}  // namespace sim
