#pragma once

#include "sim/trace/record_table.hpp"

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace trace {

/// Where a field lies in a record's words: bits `shift` and up, values 0 to `max`.
struct Place {
    std::uint8_t word = 0;
    std::uint8_t shift = 0;
    std::uint64_t max = 0;

    std::uint64_t mask() const { return max << shift; }
};

namespace place {
constexpr std::uint64_t max_time = 0x7fff'ffff'ffff'ffff;
constexpr Place time{0, 0, max_time};
constexpr Place cost{1, 8, 0xff};
constexpr Place node{1, 16, 0xffff};
constexpr Place peer{1, 32, 0xffff};
constexpr Place detail{1, 48, 0xffff};
constexpr Place operation{1, 48, 0xff};
constexpr Place outcome{1, 56, 0xff};
constexpr Place cause_back{2, 0, 0xffff'ffff};
constexpr Place held_back{2, 32, 0xffff'ffff};
constexpr Place wait{3, 0, max_time};
constexpr Place service{4, 0, 0xffff'ffff};
constexpr Place c{4, 32, 0xffff'ffff};
constexpr Place other{5, 0, max_time};
constexpr Place a{6, 0, ~std::uint64_t{0}};
constexpr Place b{7, 0, ~std::uint64_t{0}};
}  // namespace place

/// How many hexadecimal digits a value of at most `max` has.
constexpr unsigned hex_digits(std::uint64_t max) {
    return (static_cast<unsigned>(std::bit_width(max)) + 3) / 4;
}

/// One key that lines of a kind have: `Form::absent` and `Form::flags` do not occur here.
struct KeyLayout {
    std::string_view key;
    Form form{};
    std::span<const std::string_view> names;
    Place place;
    std::string_view meaning;
    bool is_required = true;
};

/// The kind's own keys in the order in which they are written; the node, if any, is the first.
/// Writer, reader, schema and reference page all go by this.
std::vector<KeyLayout> own_keys(Kind kind);

/// The key of what `Record::other_ns` was spent on. Requires a cost other than none.
std::string_view cost_key(Cost cost);

}  // namespace trace
