#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace trace {

constexpr std::size_t max_decimal_digits = 20;
constexpr std::size_t max_hex_digits = 16;

constexpr std::array<char, 200> decimal_pairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < 100; ++i) {
        pairs[2 * i] = static_cast<char>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
}();

constexpr std::array<char, 512> hex_pairs = [] {
    constexpr char digits[] = "0123456789abcdef";
    std::array<char, 512> pairs{};
    for (std::size_t i = 0; i < 256; ++i) {
        pairs[2 * i] = digits[i / 16];
        pairs[2 * i + 1] = digits[i % 16];
    }
    return pairs;
}();

constexpr std::array<std::uint64_t, max_decimal_digits> powers_of_ten = [] {
    std::array<std::uint64_t, max_decimal_digits> powers{};
    std::uint64_t power = 1;
    for (std::uint64_t& slot : powers) {
        slot = power;
        power *= 10;
    }
    return powers;
}();

constexpr std::size_t decimal_digits(std::uint64_t value) {
    // 1233 / 4096 is log10(2) closely enough for 64 bits; zero has one digit, as 1 has.
    const auto below = static_cast<std::size_t>((std::bit_width(value | 1) * 1233) >> 12);
    return below + ((value | 1) >= powers_of_ten[below] ? 1 : 0);
}

/// Writes `value` at `at`, two digits at a time, and returns the end. Needs max_decimal_digits.
inline char* put_decimal(char* at, std::uint64_t value) {
    char* const end = at + decimal_digits(value);
    char* left = end;
    while (value >= 100) {
        left -= 2;
        std::memcpy(left, &decimal_pairs[2 * (value % 100)], 2);
        value /= 100;
    }
    if (value >= 10) {
        std::memcpy(at, &decimal_pairs[2 * value], 2);
    } else {
        *at = static_cast<char>('0' + value);
    }
    return end;
}

/// Writes `value` without leading zeros or prefix and returns the end. Needs max_hex_digits.
inline char* put_hex(char* at, std::uint64_t value) {
    const auto digits = static_cast<std::size_t>((std::bit_width(value | 1) + 3) / 4);
    std::uint64_t rest = value << (4 * (max_hex_digits - digits));
    for (std::size_t i = 0; i < digits; i += 2) {  // The last pair may reach one past the end.
        std::memcpy(at + i, &hex_pairs[2 * (rest >> 56)], 2);
        rest <<= 8;
    }
    return at + digits;
}

}  // namespace trace
