#pragma once

#include <cstdint>

namespace zab {

/// Mixes one word into a running digest: order-dependent, every input bit reaches every output
/// bit (the finaliser of SplitMix64 over a xor with a rotated state).
constexpr std::uint64_t mix(std::uint64_t state, std::uint64_t word) {
    std::uint64_t x = ((state << 23) | (state >> 41)) + word + 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/// A digest being built: fingerprints of peers, checkers and worlds.
struct Digest {
    std::uint64_t value = 0;
    constexpr Digest& add(std::uint64_t word) {
        value = mix(value, word);
        return *this;
    }
};

}  // namespace zab
