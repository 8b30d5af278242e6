#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// Literal tables of three functions, in units of 2^-40, printed by make_tables.py. Each row has
/// two nodes more than cells, because a cell is interpolated through its two ends and the next.
namespace sim {

inline constexpr int fraction_bits = 40;
inline constexpr std::int64_t fixed_one = std::int64_t{1} << fraction_bits;

inline constexpr std::size_t cells = 256;
inline constexpr std::size_t octaves = 42;
inline constexpr std::size_t octave_cells = 32;

/// log2(1 + i/256)
extern const std::array<std::int64_t, cells + 2> log2_table;

/// 2^(i/256)
extern const std::array<std::int64_t, cells + 2> exp2_table;

/// Row k, node i: the z that a standard normal variable exceeds with probability
/// 2^-(k+2) * (1 + i/32). Rows halve, so that the tail is as finely resolved as the body.
extern const std::array<std::int64_t, octaves*(octave_cells + 2)> normal_table;

}  // namespace sim
