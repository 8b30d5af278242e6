#include "sim/scenario/units.hpp"

#include "sim/random/wide.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>

namespace sim {

namespace {

constexpr std::string_view too_large = "too large";
constexpr std::string_view not_a_number = "not a number";
constexpr std::string_view unknown_unit = "not a number followed by a known unit";

/// mantissa × 10^exponent.
struct Decimal {
    std::uint64_t mantissa = 0;
    int exponent = 0;
};

constexpr int most_digits = 19;  // 10^19 fits into 64 bits.

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    return static_cast<std::size_t>(end - text.begin());
}

/// Reads [digits][.digits][e±digits]; a reason when the text is no such thing.
Parsed<Decimal> parse_decimal(std::string_view text) {
    const std::size_t whole = count_digits(text);
    std::string digits(text.substr(0, whole));
    text.remove_prefix(whole);
    int exponent = 0;
    if (text.starts_with('.')) {
        const std::size_t fraction = count_digits(text.substr(1));
        if (fraction == 0 || fraction > 1'000) {
            return {std::nullopt, not_a_number};
        }
        digits += text.substr(1, fraction);
        exponent -= static_cast<int>(fraction);
        text.remove_prefix(fraction + 1);
    }
    if (whole == 0) {
        return {std::nullopt, not_a_number};
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(text.substr(1).starts_with('+') ? 2 : 1);
        int power = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), power);
        if (error != std::errc{} || power > 1'000 || power < -1'000) {
            return {std::nullopt, error == std::errc::invalid_argument ? not_a_number : too_large};
        }
        exponent += power;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    }
    if (!text.empty()) {
        return {std::nullopt, not_a_number};
    }
    while (!digits.empty() && digits.back() == '0') {
        digits.pop_back();
        ++exponent;
    }
    digits.erase(0, digits.find_first_not_of('0'));
    if (digits.size() > most_digits) {
        return {std::nullopt, "more than 19 significant digits"};
    }
    Decimal decimal{0, digits.empty() ? 0 : exponent};
    std::from_chars(digits.data(), digits.data() + digits.size(), decimal.mantissa);
    return {decimal, {}};
}

struct Unit {
    std::string_view suffix;
    std::uint64_t multiplier;
};

constexpr Unit time_units[] = {
    {"ns", 1},
    {"us", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
};
constexpr Unit byte_units[] = {
    {"B", 1},          {"kB", 1'000},     {"MB", 1'000'000}, {"GB", 1'000'000'000},
    {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30},
};
constexpr Unit bit_rates[] = {
    {"bit/s", 1},
    {"kbit/s", 1'000},
    {"Mbit/s", 1'000'000},
    {"Gbit/s", 1'000'000'000},
    {"Tbit/s", 1'000'000'000'000},
};

/// A number that one of the units follows without a space.
Parsed<std::uint64_t> quantity(std::string_view text, std::span<const Unit> units) {
    const std::size_t digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || text.empty()) {
        return {std::nullopt, unknown_unit};
    }
    if (digits == std::string_view::npos) {
        return {std::nullopt, "a number without a unit"};
    }
    for (const Unit& unit : units) {
        if (text.substr(digits) == unit.suffix) {
            return exact(text.substr(0, digits), unit.multiplier);
        }
    }
    return {std::nullopt, unknown_unit};
}

/// The largest of the given units that divides the amount; they are tried in order.
std::string in_units(std::uint64_t amount, std::span<const Unit> units) {
    const Unit* best = &units.front();
    for (const Unit& unit : units) {
        if (amount != 0 && amount % unit.multiplier == 0 && unit.multiplier > best->multiplier) {
            best = &unit;
        }
    }
    return std::to_string(amount / best->multiplier) + std::string(best->suffix);
}

template <class T>
Parsed<T> failed(std::string_view reason) {
    return {std::nullopt, reason};
}

}  // namespace

Parsed<std::uint64_t> exact(std::string_view text, std::uint64_t multiplier) {
    const Parsed<Decimal> decimal = parse_decimal(text);
    if (!decimal.value) {
        return failed<std::uint64_t>(decimal.reason);
    }
    UnsignedWide product = UnsignedWide{decimal.value->mantissa} * multiplier;
    for (int i = decimal.value->exponent; i < 0; ++i) {
        if (product % 10 != 0) {
            return failed<std::uint64_t>("finer than its smallest unit");
        }
        product /= 10;
    }
    constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
    for (int i = 0; i < decimal.value->exponent && product <= largest; ++i) {
        product *= 10;
    }
    if (product > largest) {
        return failed<std::uint64_t>(too_large);
    }
    return {static_cast<std::uint64_t>(product), {}};
}

zab::Duration Rate::interval() const {
    const UnsignedWide second = UnsignedWide{1'000'000'000} * 1'000'000'000;
    return {static_cast<std::int64_t>((second + nano_per_second / 2) / nano_per_second)};
}

Parsed<zab::Duration> parse_duration(std::string_view text) {
    const Parsed<std::uint64_t> ns = quantity(text, time_units);
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    if (!ns.value) {
        return failed<zab::Duration>(ns.reason);
    }
    if (*ns.value > static_cast<std::uint64_t>(largest)) {
        return failed<zab::Duration>(too_large);
    }
    return {zab::Duration{static_cast<std::int64_t>(*ns.value)}, {}};
}

Parsed<Bytes> parse_bytes(std::string_view text) {
    const Parsed<std::uint64_t> bytes = quantity(text, byte_units);
    return bytes.value ? Parsed<Bytes>{Bytes{*bytes.value}, {}} : failed<Bytes>(bytes.reason);
}

Parsed<ByteRate> parse_byte_rate(std::string_view text) {
    const bool is_rate = text.ends_with("/s");
    const Parsed<Bytes> bytes = parse_bytes(is_rate ? text.substr(0, text.size() - 2) : text);
    if (!bytes.value || !is_rate) {
        return failed<ByteRate>(bytes.value ? unknown_unit : bytes.reason);
    }
    return {ByteRate{bytes.value->value}, {}};
}

Parsed<Bandwidth> parse_bandwidth(std::string_view text) {
    if (text == "unlimited") {
        return {Bandwidth{0}, {}};
    }
    const Parsed<std::uint64_t> bits = quantity(text, bit_rates);
    if (!bits.value) {
        return failed<Bandwidth>(bits.reason);
    }
    if (*bits.value == 0) {
        return failed<Bandwidth>("nothing would ever arrive");
    }
    return {Bandwidth{*bits.value}, {}};
}

Parsed<Rate> parse_rate(std::string_view text) {
    if (!text.ends_with("/s")) {
        return failed<Rate>("not a number of operations per second");
    }
    const Parsed<std::uint64_t> rate = exact(text.substr(0, text.size() - 2), 1'000'000'000);
    return rate.value ? Parsed<Rate>{Rate{*rate.value}, {}} : failed<Rate>(rate.reason);
}

Parsed<Probability> parse_probability(std::string_view text) {
    const bool is_percent = text.ends_with('%');
    const std::string_view digits = is_percent ? text.substr(0, text.size() - 1) : text;
    const std::uint64_t one = is_percent ? 10'000'000 : Probability::certain_ppb;
    const Parsed<std::uint64_t> ppb = exact(digits, one);
    if (!ppb.value) {
        return failed<Probability>(ppb.reason);
    }
    if (*ppb.value > Probability::certain_ppb) {
        return failed<Probability>("above 100%");
    }
    return {Probability{static_cast<std::uint32_t>(*ppb.value)}, {}};
}

Parsed<Factor> parse_factor(std::string_view text) {
    const Parsed<std::uint64_t> nano = exact(text, Factor::one_nano);
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    if (!nano.value || *nano.value > static_cast<std::uint64_t>(largest)) {
        return failed<Factor>(nano.value ? too_large : nano.reason);
    }
    return {Factor{static_cast<std::int64_t>(*nano.value)}, {}};
}

Parsed<zab::Zxid> parse_zxid(std::string_view text) {
    static constexpr std::string_view reason = "not a transaction's number";
    const auto read = [](std::string_view digits, auto& number, int base) {
        const char* end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, number, base);
        return error == std::errc{} && stop == end;
    };
    std::uint64_t value = 0;
    if (text.starts_with("0x")) {
        const bool good = read(text.substr(2), value, 16);
        return good ? Parsed<zab::Zxid>{zab::Zxid{value}, {}} : failed<zab::Zxid>(reason);
    }
    const std::size_t colon = text.find(':');
    std::uint32_t epoch = 0;
    std::uint32_t counter = 0;
    if (colon == std::string_view::npos || !read(text.substr(0, colon), epoch, 10) ||
        !read(text.substr(colon + 1), counter, 10)) {
        return failed<zab::Zxid>(reason);
    }
    return {zab::Zxid::of({epoch}, counter), {}};
}

Parsed<std::uint64_t> parse_milli(std::string_view text) { return exact(text, 1'000); }

std::string decimal_text(std::uint64_t units, int decimals) {
    std::string digits = std::to_string(units);
    const auto places = static_cast<std::size_t>(decimals);
    if (digits.size() <= places) {
        digits.insert(0, places + 1 - digits.size(), '0');
    }
    digits.insert(digits.size() - places, ".");
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') {
        digits.pop_back();
    }
    return digits;
}

std::string to_text(zab::Duration duration) {
    if (duration.ns == 0) {
        return "0s";
    }
    const auto up_to_seconds = std::span(time_units).first(4);
    return in_units(static_cast<std::uint64_t>(duration.ns), up_to_seconds);
}

std::string to_text(Bytes bytes) { return in_units(bytes.value, byte_units); }

std::string to_text(ByteRate rate) { return to_text(Bytes{rate.bytes_per_second}) + "/s"; }

std::string to_text(Bandwidth bandwidth) {
    return bandwidth == Bandwidth{} ? "unlimited" : in_units(bandwidth.bits_per_second, bit_rates);
}

std::string to_text(Rate rate) { return decimal_text(rate.nano_per_second, 9) + "/s"; }

std::string to_text(Probability probability) { return decimal_text(probability.ppb, 7) + "%"; }

std::string to_text(Factor factor) {
    return decimal_text(static_cast<std::uint64_t>(factor.nano), 9);
}

std::string to_text(zab::Zxid zxid) {
    return std::to_string(zxid.epoch().value) + ':' + std::to_string(zxid.counter());
}

}  // namespace sim
