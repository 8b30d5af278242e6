#pragma once

#include "sim/random/wide.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>

namespace sim {

/// A rate, as the time that a byte takes, in units of 2^-20 ns; 0: unlimited. Rounded down: off by
/// less than 1 ns in a mebibyte. A multiplication where a division would be made for every message.
struct Pace {
    static constexpr unsigned fraction_bits = 20;
    std::uint64_t fixed_ns_per_byte = 0;

    static constexpr Pace of(Bandwidth bandwidth) {
        if (bandwidth.bits_per_second == 0) {
            return {};
        }
        const auto ns = UnsignedWide{8'000'000'000} << fraction_bits;
        return {static_cast<std::uint64_t>(ns / bandwidth.bits_per_second)};
    }
};

/// How long so many bytes take.
constexpr std::int64_t wire_ns(std::uint64_t bytes, Pace pace) {
    const auto product = UnsignedWide{bytes} * pace.fixed_ns_per_byte;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(product >> Pace::fraction_bits));
}

}  // namespace sim
