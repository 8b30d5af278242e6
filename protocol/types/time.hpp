#pragma once

#include <compare>
#include <cstdint>

namespace zab {

/// A length of simulated time, in nanoseconds. Signed: differences may be negative.
struct Duration {
    std::int64_t ns = 0;

    constexpr auto operator<=>(const Duration&) const = default;
    constexpr Duration operator+(Duration other) const { return {ns + other.ns}; }
    constexpr Duration operator-(Duration other) const { return {ns - other.ns}; }
    constexpr Duration operator*(std::int64_t factor) const { return {ns * factor}; }
    constexpr Duration operator/(std::int64_t divisor) const { return {ns / divisor}; }
    constexpr Duration& operator+=(Duration other) {
        ns += other.ns;
        return *this;
    }
};

constexpr Duration nanoseconds(std::int64_t n) { return {n}; }
constexpr Duration microseconds(std::int64_t n) { return {n * 1'000}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }

/// A point of simulated time: nanoseconds since the start of the run (true time), or on one
/// server's clock where the name says so.
struct Instant {
    std::int64_t ns = 0;

    constexpr auto operator<=>(const Instant&) const = default;
    constexpr Instant operator+(Duration d) const { return {ns + d.ns}; }
    constexpr Instant operator-(Duration d) const { return {ns - d.ns}; }
    constexpr Duration operator-(Instant other) const { return {ns - other.ns}; }
    constexpr Instant& operator+=(Duration d) {
        ns += d.ns;
        return *this;
    }
};

}  // namespace zab
