#include "sim/random/fixed_point.hpp"

#include "protocol/types/ensure.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace sim {
namespace {

constexpr int position_bits = 32;

/// The parabola through node[0], node[1] and node[2] at `position` in [0, 1) of the first cell, in
/// units of 2^-32 (Newton's forward differences). The differences have less than 36 bits.
std::int64_t interpolated(const std::int64_t* node, std::uint64_t position) {
    const auto t = static_cast<std::int64_t>(position);
    const std::int64_t slope = node[1] - node[0];
    const std::int64_t bend = node[2] - node[1] - slope;
    const std::int64_t half_square = (t * (t - (std::int64_t{1} << position_bits))) >> 33;
    const auto linear = static_cast<std::int64_t>((SignedWide{t} * slope) >> position_bits);
    const auto square =
        static_cast<std::int64_t>((SignedWide{half_square} * bend) >> position_bits);
    return node[0] + linear + square;
}

/// Bits 63-first to 63-first-31 of the word: the position inside a cell.
std::uint64_t position_after(std::uint64_t word, int first) {
    return (word << first) >> (64 - position_bits);
}

/// z for a standard normal tail of probability (tail + 1/2) / 2^64. Requires: tail < 2^63.
std::int64_t deviation_of_tail(std::uint64_t tail) {
    const std::uint64_t twice = 2 * tail + 1;
    const auto octave = static_cast<std::size_t>(std::countl_zero(twice));
    if (octave >= octaves) return normal_table[(octaves - 1) * (octave_cells + 2)];
    const std::uint64_t mantissa = twice << octave << 1;  // Without the leading one.
    const auto cell = static_cast<std::size_t>(mantissa >> 59);
    return interpolated(&normal_table[octave * (octave_cells + 2) + cell],
                        position_after(mantissa, 5));
}

}  // namespace

std::int64_t fixed_log2(std::uint64_t value) {
    zab::ensure(value > 0, "zero has no logarithm");
    const int zeros = std::countl_zero(value);
    const std::uint64_t mantissa = value << zeros << 1;  // Without the leading one.
    const auto cell = static_cast<std::size_t>(mantissa >> 56);
    return (63 - zeros) * fixed_one + interpolated(&log2_table[cell], position_after(mantissa, 8));
}

std::int64_t times_exp2(std::int64_t coefficient, std::int64_t exponent) {
    zab::ensure(coefficient >= 0, "a duration or a weight is not negative");
    zab::ensure(coefficient <= longest_duration.ns, "the product below has 103 bits");
    const std::int64_t whole = exponent >> fraction_bits;  // Rounded down, also below zero.
    const auto fraction = static_cast<std::uint64_t>(exponent & (fixed_one - 1));
    const auto cell = static_cast<std::size_t>(fraction >> (fraction_bits - 8));
    const std::int64_t power = interpolated(&exp2_table[cell], position_after(fraction, 32));
    if (coefficient == 0 || whole < -64) return 0;
    if (whole > 62) return longest_duration.ns;
    // Below 2^103 and shifted left by at most 22; or shifted right by at most 104.
    SignedWide product = SignedWide{coefficient} * power;
    const auto shift = static_cast<int>(fraction_bits - whole);
    if (shift > 0) {
        product = (product + (SignedWide{1} << (shift - 1))) >> shift;
    } else {
        product <<= -shift;
    }
    return static_cast<std::int64_t>(std::min(product, SignedWide{longest_duration.ns}));
}

std::int64_t tail_log2(std::uint64_t random) {
    const std::uint64_t tail = ~random;
    if ((tail >> 63) != 0) return 64 * fixed_one - fixed_log2(tail);
    return 65 * fixed_one - fixed_log2(2 * tail + 1);
}

std::int64_t normal_quantile(std::uint64_t random) {
    const bool is_upper = (random >> 63) != 0;
    const std::int64_t deviation = deviation_of_tail(is_upper ? ~random : random);
    return is_upper ? deviation : -deviation;
}

}  // namespace sim
