#pragma once

#include <cstdint>

namespace sim {

/// 128-bit integers, for products of two 64-bit numbers. Both compilers have them as an extension.
__extension__ using UnsignedWide = unsigned __int128;
__extension__ using SignedWide = __int128;

/// The upper half of a product: with `random` uniform, an integer in [0, limit).
constexpr std::uint64_t high_product(std::uint64_t random, std::uint64_t limit) {
    return static_cast<std::uint64_t>((UnsignedWide{random} * limit) >> 64);
}

}  // namespace sim
