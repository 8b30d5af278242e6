#include "sim/scenario/json_parse.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace sim::json {

namespace {

/// Follows the parser through the text: it tells which token it has read, but not where it began.
class Cursor {
  public:
    explicit Cursor(std::string_view text) : text_(text) {
        if (text_.starts_with("\xef\xbb\xbf")) {
            at_ = 3;  // A byte order mark, which the parser skips too.
        }
    }

    /// Moves to the next key, value or bracket and returns its first byte.
    std::size_t token_start() {
        skip_space();
        while (is_separator()) {
            ++at_;
            skip_space();
        }
        return at_;
    }

    /// The first byte of the token that the parser refused, of which it has read up to `end`.
    std::size_t refused_token(std::size_t end) {
        const std::size_t last = std::min(std::max<std::size_t>(end, 1) - 1, text_.size());
        skip_space();
        while (at_ < last && is_separator()) {
            ++at_;
            skip_space();
        }
        return std::min(at_, last);
    }

    void skip(std::size_t bytes) { at_ = std::min(at_ + bytes, text_.size()); }

    void skip_string() {
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\') {
                ++at_;
            }
        }
        skip(1);
    }

    std::string_view take_number() {
        const std::size_t begin = at_;
        at_ = std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size());
        return text_.substr(begin, at_ - begin);
    }

  private:
    bool is_separator() const {
        return at_ < text_.size() && (text_[at_] == ',' || text_[at_] == ':');
    }

    void skip_space() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (text_.substr(at_).starts_with("//") || text_.substr(at_).starts_with("/*")) {
                skip_comment();
            } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
                ++at_;
            } else {
                return;
            }
        }
    }

    /// As the parser does: a carriage return ends a line too.
    void skip_comment() {
        const bool is_line = text_[at_ + 1] == '/';
        const std::size_t end =
            is_line ? text_.find_first_of("\r\n", at_) : text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + (is_line ? 1 : 2);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// A container whose end was not read yet.
struct Frame {
    Value value;
    std::string key;  ///< Of the member that is being read.
    Place key_place;
    bool is_duplicate = false;
    std::set<std::string, std::less<>> keys;
};

/// Receives the parser's events and builds the document.
class Builder {
  public:
    using Json = nlohmann::json;

    Builder(std::string_view text, std::uint32_t source, Mistakes& mistakes)
        : text_(text), cursor_(text), source_(source), mistakes_(mistakes) {}

    bool null() { return word(Value::Kind::null, 4, ""); }
    bool boolean(bool is_true) {
        return word(Value::Kind::boolean, is_true ? 4 : 5, is_true ? "true" : "false");
    }
    bool number_integer(Json::number_integer_t) { return number(); }
    bool number_unsigned(Json::number_unsigned_t) { return number(); }
    bool number_float(Json::number_float_t, const Json::string_t&) { return number(); }
    bool binary(Json::binary_t&) { return false; }  // JSON has none.
    bool string(Json::string_t& text) {
        Value value = begin(Value::Kind::string);
        value.text = std::move(text);
        cursor_.skip_string();
        return place(std::move(value));
    }
    bool start_object(std::size_t) { return open(Value::Kind::object); }
    bool start_array(std::size_t) { return open(Value::Kind::array); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool key(Json::string_t& name);
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& error);

    Value take() { return std::move(root_); }

  private:
    Value begin(Value::Kind kind) {
        Value value;
        value.kind = kind;
        value.place = {source_, static_cast<std::uint32_t>(cursor_.token_start())};
        return value;
    }
    bool word(Value::Kind kind, std::size_t bytes, std::string_view text) {
        Value value = begin(kind);
        value.text = text;
        cursor_.skip(bytes);
        return place(std::move(value));
    }
    bool number() {
        Value value = begin(Value::Kind::number);
        value.text = cursor_.take_number();
        return place(std::move(value));
    }
    bool open(Value::Kind kind);
    bool close();
    bool place(Value value);
    std::string pointer() const;
    bool refuse(Place place, std::string reason) {
        mistakes_.add({place, pointer(), std::move(reason), {}, {}});
        return false;
    }

    std::string_view text_;
    Cursor cursor_;
    std::uint32_t source_;
    Mistakes& mistakes_;
    std::vector<Frame> open_;
    std::size_t values_ = 0;
    Value root_;
};

bool Builder::key(Json::string_t& name) {
    Frame& frame = open_.back();
    frame.key_place = {source_, static_cast<std::uint32_t>(cursor_.token_start())};
    cursor_.skip_string();
    frame.key = std::move(name);
    frame.is_duplicate = !frame.keys.insert(frame.key).second;
    if (frame.is_duplicate) {
        mistakes_.add(
            {frame.key_place, pointer(), "this key is given twice in one object", {}, {}});
    }
    if (frame.keys.size() > most_keys) {
        return refuse(frame.key_place,
                      "more keys in one object than the limit of " + std::to_string(most_keys));
    }
    return true;
}

bool Builder::open(Value::Kind kind) {
    Value value = begin(kind);
    if (open_.size() == most_depth) {
        return refuse(value.place, "nested deeper than the limit of " + std::to_string(most_depth));
    }
    cursor_.skip(1);
    open_.emplace_back();
    open_.back().value = std::move(value);
    return true;
}

bool Builder::close() {
    cursor_.token_start();
    cursor_.skip(1);
    Value value = std::move(open_.back().value);
    open_.pop_back();
    return place(std::move(value));
}

bool Builder::place(Value value) {
    if (++values_ > most_values) {
        return refuse(value.place, "more values than the limit of " + std::to_string(most_values));
    }
    if (open_.empty()) {
        root_ = std::move(value);
    } else if (Frame& frame = open_.back(); frame.value.is(Value::Kind::array)) {
        frame.value.elements.push_back(std::move(value));
    } else if (!frame.is_duplicate) {
        frame.value.members.push_back({frame.key, frame.key_place, std::move(value)});
    }
    return true;
}

std::string Builder::pointer() const {
    std::string out;
    for (const Frame& frame : open_) {
        const bool is_array = frame.value.is(Value::Kind::array);
        if (is_array || !frame.key.empty()) {
            out += pointer_step(is_array ? std::to_string(frame.value.elements.size()) : frame.key);
        }
    }
    return out;
}

bool Builder::parse_error(std::size_t position, const std::string&,
                          const nlohmann::detail::exception& error) {
    std::string_view reason = error.what();
    for (const std::string_view prefix : {"] ", "column ", ": "}) {
        const std::size_t found = reason.find(prefix);
        if (found == std::string_view::npos) {
            break;
        }
        reason.remove_prefix(found + prefix.size());
    }
    reason = reason.substr(0, reason.find("; last read"));
    if (reason.starts_with("syntax error")) {
        reason.remove_prefix(std::min(reason.find(" - "), reason.size() - 3) + 3);
    }
    std::size_t offset = cursor_.refused_token(position);
    if (reason.find("end of input; ") != std::string::npos) {
        offset = text_.size();
    } else if (reason.find("invalid string") != std::string::npos) {
        offset =
            std::max<std::size_t>(position, 1) - 1;  // The bad character, not the whole string.
    }
    const auto at = static_cast<std::uint32_t>(std::min(offset, text_.size()));
    mistakes_.add({{source_, at}, {}, "not valid JSON: " + printable(reason), {}, {}});
    return false;
}

}  // namespace

std::optional<Value> parse(std::string_view text, std::uint32_t source, Mistakes& mistakes) {
    if (text.size() > most_bytes) {
        const std::string limit = std::to_string(most_bytes >> 20) + " MiB";
        mistakes.add({{source, 0}, {}, "larger than the limit of " + limit, {}, {}});
        return std::nullopt;
    }
    // The parser takes it for the end of the text.
    if (const std::size_t null = text.find('\0'); null != std::string_view::npos) {
        const auto at = static_cast<std::uint32_t>(null);
        mistakes.add({{source, at}, {}, "not valid JSON: a null byte", {}, {}});
        return std::nullopt;
    }
    Builder builder(text, source, mistakes);
    using Json = nlohmann::json;
    const bool complete = Json::sax_parse(text.data(), text.data() + text.size(), &builder,
                                          Json::input_format_t::json, true, true);
    if (!complete) {
        return std::nullopt;
    }
    return builder.take();
}

std::optional<Value> parse_if_valid(std::string_view text) {
    Mistakes ignored;
    std::optional<Value> value = parse(text, 0, ignored);
    return ignored.empty() ? std::move(value) : std::nullopt;
}

}  // namespace sim::json
