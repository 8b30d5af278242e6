#include "sim/trace/json_members.hpp"

#include <array>

namespace trace {

namespace {

constexpr std::size_t max_depth = 200;

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::optional<unsigned> hex_digit(char c) {
    if (is_digit(c)) return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

/// Walks through JSON text. Each take_… moves past what it takes, or notes the first mistake and
/// returns false.
class Cursor {
  public:
    explicit Cursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

    bool take_members(MemberList& out);
    std::optional<Mistake> mistake() const {
        if (reason_ == nullptr) return std::nullopt;
        return Mistake{at_, reason_};
    }

  private:
    bool fail(const char* reason) {
        reason_ = reason;
        return false;
    }
    bool is_at(char c) const { return at_ != end_ && *at_ == c; }
    void skip_space() {
        while (at_ != end_ && is_space(*at_)) ++at_;
    }
    bool take(char c, const char* reason) {
        if (!is_at(c)) return fail(reason);
        ++at_;
        return true;
    }
    bool take_key(std::string_view& key);
    bool take_value(JsonValue& value);
    bool take_string(std::string_view& text);
    bool take_escape();
    bool take_number();
    bool take_digits();
    bool take_word();
    bool take_scalar();
    bool take_nested();
    bool take_opening(std::size_t& depth, bool& is_value_next);
    bool take_after_value(std::size_t& depth, bool& is_value_next);

    const char* at_;
    const char* end_;
    const char* reason_ = nullptr;
    std::array<char, max_depth> closers_{};  ///< Of the brackets that are open.
};

bool Cursor::take_members(MemberList& out) {
    out.members.clear();
    skip_space();
    out.begin = at_;
    if (!take('{', "a line is one JSON object, beginning with '{'")) return false;
    skip_space();
    bool is_first = true;
    while (!is_at('}')) {
        if (!is_first && !take(',', "',' or '}' is missing")) return false;
        is_first = false;
        if (out.members.size() == max_members) return fail("an object has too many members");
        Member& member = out.members.emplace_back();
        if (!take_key(member.key) || !take_value(member.value)) return false;
        skip_space();
    }
    ++at_;
    skip_space();
    if (at_ != end_) return fail("nothing may follow the object on its line");
    return true;
}

bool Cursor::take_key(std::string_view& key) {
    skip_space();
    if (!is_at('"')) return fail("a key in quotes is missing");
    if (!take_string(key)) return false;
    skip_space();
    return take(':', "':' is missing after the key");
}

bool Cursor::take_value(JsonValue& value) {
    skip_space();
    if (at_ == end_) return fail("a value is missing");
    const char* const begin = at_;
    if (*at_ == '"') {
        value.type = JsonValue::Type::string;
        return take_string(value.text);
    }
    if (*at_ == '{' || *at_ == '[') {
        value.type = *at_ == '{' ? JsonValue::Type::object : JsonValue::Type::array;
        if (!take_nested()) return false;
    } else {
        value.type =
            *at_ == '-' || is_digit(*at_) ? JsonValue::Type::number : JsonValue::Type::word;
        if (!take_scalar()) return false;
    }
    value.text = {begin, static_cast<std::size_t>(at_ - begin)};
    return true;
}

bool Cursor::take_string(std::string_view& text) {
    const char* const begin = ++at_;
    while (at_ != end_ && *at_ != '"') {
        if (static_cast<unsigned char>(*at_) < ' ') {
            return fail("a string holds a control character");
        }
        if (*at_++ == '\\' && !take_escape()) return false;
    }
    if (at_ == end_) return fail("a string has no end");
    text = {begin, static_cast<std::size_t>(at_ - begin)};
    ++at_;
    return true;
}

bool Cursor::take_escape() {
    constexpr std::string_view single = "\"\\/bfnrt";
    if (at_ == end_) return fail("a string has no end");
    const char escaped = *at_++;
    if (single.find(escaped) != std::string_view::npos) return true;
    if (escaped != 'u') return fail("a string holds an unknown escape");
    for (int i = 0; i < 4; ++i) {
        if (at_ == end_ || !hex_digit(*at_)) return fail("\\u needs four hexadecimal digits");
        ++at_;
    }
    return true;
}

bool Cursor::take_scalar() {
    if (at_ == end_) return fail("a value is missing");
    if (*at_ == '"') {
        std::string_view text;
        return take_string(text);
    }
    return *at_ == '-' || is_digit(*at_) ? take_number() : take_word();
}

bool Cursor::take_number() {
    if (*at_ == '-') ++at_;
    if (is_at('0')) {
        ++at_;
        if (at_ != end_ && is_digit(*at_)) return fail("a number has a leading zero");
    } else if (!take_digits()) {
        return false;
    }
    if (is_at('.')) {
        ++at_;
        if (!take_digits()) return false;
    }
    if (is_at('e') || is_at('E')) {
        ++at_;
        if (is_at('+') || is_at('-')) ++at_;
        return take_digits();
    }
    return true;
}

bool Cursor::take_digits() {
    const char* const begin = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != begin || fail("a digit is missing");
}

bool Cursor::take_word() {
    const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
    for (const std::string_view word : {"true", "false", "null"}) {
        if (rest.starts_with(word)) {
            at_ += word.size();
            return true;
        }
    }
    return fail("this is not a JSON value");
}

bool Cursor::take_nested() {
    std::size_t depth = 0;
    bool is_value_next = true;
    do {
        skip_space();
        if (!is_value_next) {
            if (!take_after_value(depth, is_value_next)) return false;
        } else if (is_at('{') || is_at('[')) {
            if (!take_opening(depth, is_value_next)) return false;
        } else {
            if (!take_scalar()) return false;
            is_value_next = false;
        }
    } while (depth > 0);
    return true;
}

bool Cursor::take_opening(std::size_t& depth, bool& is_value_next) {
    if (depth == max_depth) return fail("values are nested too deeply");
    const char closer = *at_++ == '{' ? '}' : ']';
    closers_[depth++] = closer;
    skip_space();
    is_value_next = !is_at(closer);
    if (!is_value_next || closer == ']') return true;
    std::string_view key;
    return take_key(key);
}

bool Cursor::take_after_value(std::size_t& depth, bool& is_value_next) {
    const char closer = closers_[depth - 1];
    if (is_at(closer)) {
        ++at_;
        --depth;
        return true;
    }
    if (!take(',', closer == '}' ? "',' or '}' is missing" : "',' or ']' is missing")) return false;
    is_value_next = true;
    std::string_view key;
    return closer == ']' || take_key(key);
}

}  // namespace

const Member* MemberList::find(std::string_view key) const {
    for (const Member& member : members) {
        if (member.key == key) return &member;
    }
    return nullptr;
}

std::optional<Mistake> split_members(std::string_view text, MemberList& out) {
    Cursor cursor(text);
    cursor.take_members(out);
    return cursor.mistake();
}

std::optional<std::uint64_t> integer_of(const JsonValue& value, std::uint64_t max) {
    if (value.type != JsonValue::Type::number || value.text.size() > 20) return std::nullopt;
    constexpr std::uint64_t top = ~std::uint64_t{0};
    std::uint64_t number = 0;
    for (const char c : value.text) {
        if (!is_digit(c)) return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (number > top / 10 || number * 10 > top - digit) return std::nullopt;
        number = number * 10 + digit;
    }
    return number <= max ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> hex_of(const JsonValue& value) {
    const std::string_view text = value.text;
    const bool is_sized = text.size() >= 3 && text.size() <= 18;
    if (value.type != JsonValue::Type::string || !is_sized || !text.starts_with("0x")) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    for (const char c : text.substr(2)) {
        const auto digit = hex_digit(c);
        if (!digit) return std::nullopt;
        number = (number << 4) | *digit;
    }
    return number;
}

std::optional<std::uint64_t> name_of(const JsonValue& value,
                                     std::span<const std::string_view> names) {
    if (value.type != JsonValue::Type::string) return std::nullopt;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == value.text) return i;
    }
    return std::nullopt;
}

const char* position_of(const JsonValue& value) {
    return value.text.data() - (value.type == JsonValue::Type::string ? 1 : 0);
}

}  // namespace trace
