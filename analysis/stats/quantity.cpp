#include "analysis/stats/quantity.hpp"

#include <fmt/format.h>

#include <array>

namespace analysis {

namespace {

/// Without the sign, so that the most negative number has one too.
std::uint64_t magnitude(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    return value < 0 ? 0 - bits : bits;
}

const char* sign(std::int64_t value) { return value < 0 ? "-" : ""; }

/// amount / unit with three decimals, or without when the unit is one.
std::string in_unit(std::uint64_t amount, std::uint64_t unit) {
    if (unit == 1) return count_text(amount);
    const std::uint64_t step = unit / 1000;
    const std::uint64_t rounded = amount / step + (amount % step * 2 >= step ? 1 : 0);
    return fmt::format("{}.{:03}", count_text(rounded / 1000), rounded % 1000);
}

constexpr std::uint64_t ns_per_second = 1'000'000'000;

}  // namespace

std::string count_text(std::uint64_t count) {
    std::string digits = std::to_string(count);
    for (std::size_t left = digits.size(); left > 3;) {
        left -= 3;
        digits.insert(left, ",");
    }
    return digits;
}

std::string thousandths_text(std::int64_t thousandths) {
    const std::uint64_t amount = magnitude(thousandths);
    std::string text = sign(thousandths) + count_text(amount / 1000);
    if (amount % 1000 == 0) return text;
    text += fmt::format(".{:03}", amount % 1000);
    while (text.back() == '0') text.pop_back();
    return text;
}

std::string duration_text(zab::Duration duration) {
    struct Unit {
        std::uint64_t ns;
        const char* name;
    };
    static constexpr std::array<Unit, 4> units = {
        {{ns_per_second, "s"}, {1'000'000, "ms"}, {1'000, "us"}, {1, "ns"}}};
    const std::uint64_t amount = magnitude(duration.ns);
    for (const Unit& unit : units) {
        if (amount < unit.ns) continue;
        return fmt::format("{}{} {}", sign(duration.ns), in_unit(amount, unit.ns), unit.name);
    }
    return "0 s";
}

std::string seconds_text(zab::Instant instant) {
    return fmt::format("{}{} s", sign(instant.ns), in_unit(magnitude(instant.ns), ns_per_second));
}

std::string percent_text(std::int64_t per_mille) {
    return fmt::format("{}{}.{} %", sign(per_mille), count_text(magnitude(per_mille) / 10),
                       magnitude(per_mille) % 10);
}

}  // namespace analysis
