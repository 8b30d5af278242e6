#include "sim/scenario/scalars.hpp"
#include "sim/scenario/tables.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sim::decode {

namespace {

constexpr std::string_view request_accepted =
    "a request such as \"set 17 100B\", \"get 17\", \"sync 17\", \"watch 17\" or \"create 1KiB\"";
constexpr std::string_view request_pattern =
    "^(create( [0-9.]+[A-Za-z]+)?|set [0-9]+( [0-9.]+[A-Za-z]+)?|(get|sync|watch) [0-9]+)$";

struct Named {
    std::string_view name;
    zab::Operation operation;
    bool has_path;
    bool has_bytes;
};
constexpr std::array<Named, 5> operations = {{
    {"create", zab::Operation::create, false, true},
    {"set", zab::Operation::set, true, true},
    {"get", zab::Operation::get, true, false},
    {"sync", zab::Operation::sync, true, false},
    {"watch", zab::Operation::watch, true, false},
}};

/// Takes the next word out of `text`, which has single spaces between its words.
std::string_view next_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

Parsed<AskedRequest> refused(std::string_view reason) { return {std::nullopt, reason}; }

Parsed<AskedRequest> parse_request(std::string_view text) {
    if (text.ends_with(' ')) return refused("it ends with a space");
    const std::string_view name = next_word(text);
    const auto* found = std::find_if(operations.begin(), operations.end(),
                                     [&](const Named& named) { return named.name == name; });
    if (found == operations.end()) return refused("its first word is no operation");
    AskedRequest out{.operation = found->operation};
    if (found->has_path) {
        const std::string_view path = next_word(text);
        const char* end = path.data() + path.size();
        const auto [stop, error] = std::from_chars(path.data(), end, out.path);
        if (path.empty() || error != std::errc{} || stop != end) {
            return refused("the number of a path must follow");
        }
    }
    if (found->has_bytes && !text.empty()) {
        const Parsed<Bytes> bytes = parse_bytes(next_word(text));
        if (!bytes.value) return refused(bytes.reason);
        if (bytes.value->value > Limits::payload) return refused("a payload has at most 1048575B");
        out.bytes = static_cast<std::uint32_t>(bytes.value->value);
    }
    if (!text.empty()) return refused("something follows that does not belong to it");
    return {out, {}};
}

std::string print_request(AskedRequest request) {
    const auto* found = std::find_if(operations.begin(), operations.end(), [&](const Named& named) {
        return named.operation == request.operation;
    });
    std::string out(found->name);
    if (found->has_path) out += ' ' + std::to_string(request.path);
    if (found->has_bytes) out += ' ' + to_text(Bytes{request.bytes});
    return out;
}

}  // namespace

Form<AskedRequest> request() {
    Form<AskedRequest> form;
    form.accepted = request_accepted;
    form.read = [](const json::Value& value, Reader& reader, AskedRequest& out) {
        if (!value.is(json::Value::Kind::string)) {
            return wrong_kind(value, reader, request_accepted);
        }
        const Parsed<AskedRequest> parsed = parse_request(value.text);
        if (!parsed.value) {
            return reader.wrong(value, in_quotes(value.text) + ": " + std::string(parsed.reason),
                                std::string(request_accepted));
        }
        out = *parsed.value;
        return true;
    };
    form.write = [](const AskedRequest& value) { return json::string(print_request(value)); };
    form.schema = [](Definitions& definitions) {
        return spelling_schema(definitions, "request", request_accepted, request_pattern, false);
    };
    return form;
}

}  // namespace sim::decode
