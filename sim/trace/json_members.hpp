#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trace {

/// What is wrong with a text, and where.
struct Mistake {
    const char* at = nullptr;
    std::string reason;
};

struct JsonValue {
    enum class Type : std::uint8_t { number, string, object, array, word };
    Type type{};
    std::string_view text;  ///< As written; a string without its quotes, escapes and all.
};

struct Member {
    std::string_view key;  ///< As written, without its quotes.
    JsonValue value;
};

/// The members of one JSON object, as views into its text. Reusable without allocation.
struct MemberList {
    const char* begin = nullptr;  ///< The object's first character.
    std::vector<Member> members;

    /// The first member of that name, or null.
    const Member* find(std::string_view key) const;
};

/// More members than any of our lines could have.
constexpr std::size_t max_members = 256;

/// Splits `text`, which must be one JSON object and white space, into its members. What is nested
/// is checked for its syntax and kept as text.
std::optional<Mistake> split_members(std::string_view text, MemberList& out);

/// The value of a decimal integer without sign, fraction and exponent, if it is one up to `max`.
std::optional<std::uint64_t> integer_of(const JsonValue& value, std::uint64_t max);

/// The value of a string "0x…" of 1 to 16 hexadecimal digits, if it is one.
std::optional<std::uint64_t> hex_of(const JsonValue& value);

/// The place of a string in a list of names, if it is there.
std::optional<std::uint64_t> name_of(const JsonValue& value,
                                     std::span<const std::string_view> names);

/// Where the value stands in the text, its quote included.
const char* position_of(const JsonValue& value);

}  // namespace trace
