#include "sim/trace/digits.hpp"
#include "sim/trace/line_layout.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <set>
#include <string>

namespace trace {

namespace {

std::string decimal(std::uint64_t value) {
    std::array<char, max_decimal_digits> room{};
    return {room.data(), put_decimal(room.data(), value)};
}

std::string hex(std::uint64_t value) {
    std::array<char, max_hex_digits + 2> room{};
    return {room.data(), put_hex(room.data(), value)};
}

std::string by_library(std::uint64_t value, int base) {
    std::array<char, 64> room{};
    return {room.data(), std::to_chars(room.data(), room.data() + room.size(), value, base).ptr};
}

bool are_unique(std::span<const std::string_view> names) {
    return std::set<std::string_view>(names.begin(), names.end()).size() == names.size();
}

}  // namespace

TEST_CASE("each row stands at the place of its kind, and its name leads back to it") {
    REQUIRE(rows().size() == kind_count);

    for (std::size_t i = 0; i < kind_count; ++i) {
        CHECK(static_cast<std::size_t>(rows()[i].kind) == i);
        REQUIRE(kind_named(rows()[i].name));
        CHECK((*kind_named(rows()[i].name) == rows()[i].kind));
    }
    CHECK_FALSE(kind_named(""));
    CHECK_FALSE(kind_named("zzz"));
    CHECK_FALSE(kind_named("ac"));
}

TEST_CASE("no line has a key twice") {
    for (const Row& row : rows()) {
        std::set<std::string_view> keys = {"id",      "t_ns",     "kind",       "cause",
                                           "held_by", "wait_ns",  "service_ns", "wire_ns",
                                           "disk_ns", "timer_ns", "record"};
        for (const KeyLayout& key : own_keys(row.kind)) {
            CAPTURE(row.name);
            CAPTURE(key.key);
            CHECK(keys.insert(key.key).second);
        }
    }
}

TEST_CASE("every field has a key and a meaning, and every name is unique in its list") {
    for (const Row& row : rows()) {
        CAPTURE(row.name);
        CHECK_FALSE(row.meaning.empty());
        for (const KeyLayout& key : own_keys(row.kind)) {
            CHECK_FALSE(key.key.empty());
            CHECK_FALSE(key.meaning.empty());
            CHECK(are_unique(key.names));
            CHECK((key.form == Form::name) == !key.names.empty());
        }
    }
}

TEST_CASE("the names are as many as the enumerations have values") {
    CHECK(operation_names().size() == static_cast<std::size_t>(Operation::set_watches) + 1);
    CHECK(outcome_names().size() == static_cast<std::size_t>(Outcome::session_expired) + 1);
    CHECK(level_names().size() == static_cast<std::size_t>(Level::all) + 1);
    CHECK(operation_names()[static_cast<std::size_t>(Operation::sync)] == "sync");
    CHECK(outcome_names()[static_cast<std::size_t>(Outcome::no_node)] == "no_node");
}

TEST_CASE("each level shows what the lower ones show, and the highest shows all") {
    CHECK(kinds_at(Level::off) == 0);
    for (int i = 1; i < 5; ++i) {
        const KindSet lower = kinds_at(static_cast<Level>(i - 1));
        const KindSet higher = kinds_at(static_cast<Level>(i));
        CHECK((lower & ~higher) == 0);
        CHECK(lower != higher);
    }
    CHECK(kinds_at(Level::all) == (kind_bit(Kind::notified) << 1) - 1);
}

TEST_CASE("numbers are written as the library writes them") {
    std::vector<std::uint64_t> values = {0};
    for (unsigned bit = 0; bit < 64; ++bit) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        values.insert(values.end(), {power - 1, power, power + 1});
    }
    for (const std::uint64_t power : powers_of_ten) {
        values.insert(values.end(), {power - 1, power, power + 1, 9 * (power / 10)});
    }
    values.push_back(~std::uint64_t{0});

    for (const std::uint64_t value : values) {
        CHECK(decimal(value) == by_library(value, 10));
        CHECK(hex(value) == by_library(value, 16));
    }
}

}  // namespace trace
