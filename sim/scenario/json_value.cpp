#include "sim/scenario/json_value.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

namespace sim::json {

namespace {

void append_escaped(std::string& out, std::string_view text) {
    static constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00";
            out += hex[byte >> 4];
            out += hex[byte & 0xf];
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_scalar(std::string& out, const Value& value) {
    if (value.is(Value::Kind::string)) {
        append_escaped(out, value.text);
    } else {
        out += value.is(Value::Kind::null) ? "null" : value.text;
    }
}

/// A container that is being printed, and which of its children comes next.
struct Open {
    const Value* value;
    std::size_t next = 0;

    std::size_t size() const {
        return value->is(Value::Kind::object) ? value->members.size() : value->elements.size();
    }
};

/// Walks with a stack of its own, so that depth costs heap and not stack.
class Printer {
  public:
    explicit Printer(bool indented) : indented_(indented) {}

    std::string print(const Value& root) {
        begin(root);
        while (!open_.empty()) {
            step();
        }
        return std::move(out_);
    }

  private:
    void begin(const Value& value) {
        if (value.is(Value::Kind::object)) {
            out_ += '{';
            open_.push_back({&value});
        } else if (value.is(Value::Kind::array)) {
            out_ += '[';
            open_.push_back({&value});
        } else {
            append_scalar(out_, value);
        }
    }

    void step() {
        Open& top = open_.back();
        const bool is_object = top.value->is(Value::Kind::object);
        if (top.next == top.size()) {
            const bool was_empty = top.size() == 0;
            open_.pop_back();
            if (!was_empty) {
                new_line();
            }
            out_ += is_object ? '}' : ']';
            return;
        }
        if (top.next > 0) {
            out_ += ',';
        }
        new_line();
        const std::size_t index = top.next++;
        if (is_object) {
            const Member& member = top.value->members[index];
            append_escaped(out_, member.key);
            out_ += indented_ ? ": " : ":";
            begin(member.value);
        } else {
            begin(top.value->elements[index]);
        }
    }

    void new_line() {
        if (indented_) {
            out_ += '\n';
            out_.append(2 * open_.size(), ' ');
        }
    }

    bool indented_;
    std::string out_;
    std::vector<Open> open_;
};

std::string unescaped(std::string_view step) {
    std::string key;
    for (std::size_t i = 0; i < step.size(); ++i) {
        if (step[i] == '~' && i + 1 < step.size()) {
            ++i;
            key += step[i] == '1' ? '/' : '~';
        } else {
            key += step[i];
        }
    }
    return key;
}

const Value* child(const Value& parent, std::string_view step) {
    if (parent.is(Value::Kind::object)) {
        return parent.find(unescaped(step));
    }
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    const bool is_index = error == std::errc{} && end == step.data() + step.size();
    return is_index && index < parent.elements.size() ? &parent.elements[index] : nullptr;
}

}  // namespace

const Member* Value::find_member(std::string_view key) const {
    for (const Member& member : members) {
        if (member.key == key) {
            return &member;
        }
    }
    return nullptr;
}

const Value* Value::find(std::string_view key) const {
    const Member* found = find_member(key);
    return found == nullptr ? nullptr : &found->value;
}

Value* Value::find(std::string_view key) {
    for (Member& member : members) {
        if (member.key == key) {
            return &member.value;
        }
    }
    return nullptr;
}

std::string_view kind_name(Value::Kind kind) {
    switch (kind) {
        case Value::Kind::null: return "null";
        case Value::Kind::boolean: return "true or false";
        case Value::Kind::number: return "a number";
        case Value::Kind::string: return "a string";
        case Value::Kind::array: return "a list";
        case Value::Kind::object: return "an object";
    }
    return "";
}

Value string(std::string_view text) {
    Value value;
    value.kind = Value::Kind::string;
    value.text = text;
    return value;
}

Value number(std::uint64_t number) {
    Value value;
    value.kind = Value::Kind::number;
    value.text = std::to_string(number);
    return value;
}

Value boolean(bool is_true) {
    Value value;
    value.kind = Value::Kind::boolean;
    value.text = is_true ? "true" : "false";
    return value;
}

Value array(std::vector<Value> elements) {
    Value value;
    value.kind = Value::Kind::array;
    value.elements = std::move(elements);
    return value;
}

Value object(std::vector<Member> members) {
    Value value;
    value.kind = Value::Kind::object;
    value.members = std::move(members);
    return value;
}

Member member(std::string_view key, Value value) {
    return {std::string(key), {}, std::move(value)};
}

std::string compact(const Value& value) { return Printer(false).print(value); }

std::string pretty(const Value& value) { return Printer(true).print(value) + "\n"; }

std::string pointer_step(std::string_view key) {
    std::string step = "/";
    for (const char c : key) {
        if (c == '~' || c == '/') {
            step += c == '~' ? "~0" : "~1";
        } else {
            step += c;
        }
    }
    return step;
}

const Value& nearest(const Value& root, std::string_view pointer) {
    const Value* value = &root;
    while (!pointer.empty()) {
        pointer.remove_prefix(1);  // The slash.
        const std::size_t end = std::min(pointer.find('/'), pointer.size());
        const Value* next = child(*value, pointer.substr(0, end));
        if (next == nullptr) {
            return *value;
        }
        value = next;
        pointer.remove_prefix(end);
    }
    return *value;
}

}  // namespace sim::json
