#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// A JSON document that remembers where each key and value was written.
namespace sim::json {

/// A byte of an input: which one (an index into Sources), and how far into it.
struct Place {
    std::uint32_t source = 0;
    std::uint32_t offset = 0;
    friend auto operator<=>(const Place&, const Place&) = default;
};

struct Member;

// A tree by nature; the reader limits its depth.
struct Value {  // NOLINT(misc-no-recursion)
    enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

    Kind kind = Kind::null;
    std::string text;             ///< A string's content; a number or a boolean as it was written.
    std::vector<Value> elements;  ///< Of an array.
    std::vector<Member> members;  ///< Of an object, in the order written, keys unique.
    Place place;

    bool is(Kind wanted) const { return kind == wanted; }
    /// The value of a key, or null when this is no object or has no such key.
    const Value* find(std::string_view key) const;
    Value* find(std::string_view key);
    const Member* find_member(std::string_view key) const;
};

struct Member {  // NOLINT(misc-no-recursion)
    std::string key;
    Place place;
    Value value;
};

/// "a string", "an object", …: for messages.
std::string_view kind_name(Value::Kind kind);

Value string(std::string_view text);
Value number(std::uint64_t number);
Value boolean(bool is_true);
Value array(std::vector<Value> elements);
Value object(std::vector<Member> members = {});
Member member(std::string_view key, Value value);

/// One line, no spaces: the same value gives the same bytes on every machine.
std::string compact(const Value& value);
/// Two spaces of indent, ends with a line feed.
std::string pretty(const Value& value);

/// "ensemble" as a step of a JSON pointer: "/" before it, "~" and "/" in it escaped (RFC 6901).
std::string pointer_step(std::string_view key);

/// The value that a JSON pointer names, or the innermost one on the way that exists.
const Value& nearest(const Value& root, std::string_view pointer);

}  // namespace sim::json
