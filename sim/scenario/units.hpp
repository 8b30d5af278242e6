#pragma once

#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"
#include "sim/random/decimal.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Quantities as a scenario writes them. Exact: what cannot be represented is refused, not rounded.
namespace sim {

template <class T>
struct Parsed {
    std::optional<T> value;
    std::string_view reason;  ///< Why there is no value.
};

/// Operations per second in units of 1e-9.
struct Rate {
    std::uint64_t nano_per_second = 0;
    /// The mean time between two operations, rounded to a nanosecond. Requires a rate above 0.
    zab::Duration interval() const;
    friend bool operator==(const Rate&, const Rate&) = default;
};

struct Bytes {
    std::uint64_t value = 0;
    friend bool operator==(const Bytes&, const Bytes&) = default;
};

struct ByteRate {
    std::uint64_t bytes_per_second = 0;
    friend bool operator==(const ByteRate&, const ByteRate&) = default;
};

/// decimal × multiplier as an integer. `text` is a JSON number, or a part of one, without a sign.
Parsed<std::uint64_t> exact(std::string_view text, std::uint64_t multiplier);

Parsed<zab::Duration> parse_duration(std::string_view text);   ///< "250us", "1.5ms", "1h".
Parsed<Bytes> parse_bytes(std::string_view text);              ///< "100B", "1kB", "1KiB".
Parsed<ByteRate> parse_byte_rate(std::string_view text);       ///< "200MB/s".
Parsed<Bandwidth> parse_bandwidth(std::string_view text);      ///< "1Gbit/s", "unlimited".
Parsed<Rate> parse_rate(std::string_view text);                ///< "100/s".
Parsed<Probability> parse_probability(std::string_view text);  ///< "1%", "0.001".
Parsed<Factor> parse_factor(std::string_view text);            ///< "3", "0.99".
Parsed<zab::Zxid> parse_zxid(std::string_view text);           ///< "1:5", "0x100000005".

/// What orders the values of one kind.
constexpr std::uint64_t amount(zab::Duration d) { return static_cast<std::uint64_t>(d.ns); }
constexpr std::uint64_t amount(Bytes bytes) { return bytes.value; }
constexpr std::uint64_t amount(ByteRate rate) { return rate.bytes_per_second; }
constexpr std::uint64_t amount(Bandwidth rate) { return rate.bits_per_second; }
constexpr std::uint64_t amount(Rate rate) { return rate.nano_per_second; }
constexpr std::uint64_t amount(Probability probability) { return probability.ppb; }
constexpr std::uint64_t amount(Factor f) { return static_cast<std::uint64_t>(f.nano); }

/// The shortest text that parses to the same value, in the largest unit that divides it.
std::string to_text(zab::Duration duration);
std::string to_text(Bytes bytes);
std::string to_text(ByteRate rate);
std::string to_text(Bandwidth bandwidth);
std::string to_text(Rate rate);
std::string to_text(Probability probability);
std::string to_text(Factor factor);
std::string to_text(zab::Zxid zxid);

/// `units` × 10^-`decimals`: decimal_text(1500, 3) is "1.5".
std::string decimal_text(std::uint64_t units, int decimals);

/// As `parse_factor`, in units of 10^-3; used for bounds on rates and counts.
Parsed<std::uint64_t> parse_milli(std::string_view text);

}  // namespace sim
