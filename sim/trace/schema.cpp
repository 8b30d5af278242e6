#include "sim/trace/schema.hpp"

#include "sim/trace/line_layout.hpp"
#include "sim/trace/trace_file.hpp"

#include <fmt/format.h>

#include <iterator>

namespace trace {

namespace {

using Out = std::back_insert_iterator<std::string>;

/// The keys that lines of every kind may have.
struct CommonKey {
    std::string_view key;
    bool is_required;
    Place place;
    std::string_view meaning;
};

constexpr Place whole{0, 0, ~std::uint64_t{0}};
constexpr CommonKey common_keys[] = {
    {"id", true, whole, "the record's number: 0, 1, 2 … in the order in which things happened"},
    {"t_ns", true, place::time, "true time since the start of the run"},
    {"cause", false, whole, "id of the last enabler; absent: nothing caused it"},
    {"held_by", false, whole, "id of the record that it waited for; absent: none"},
    {"wait_ns", false, place::wait, "time spent waiting for a resource; absent: 0"},
    {"service_ns", false, place::service, "time spent being worked on; absent: 0"},
    {"wire_ns", false, place::other, "time spent on the wire"},
    {"disk_ns", false, place::other, "time spent by the disk"},
    {"timer_ns", false, place::other, "time until the timer"},
};

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

std::string quoted_list(std::span<const std::string_view> names) {
    std::string list;
    for (const std::string_view name : names) {
        list += (list.empty() ? "" : ", ") + quoted(name);
    }
    return list;
}

std::string integer_type(std::uint64_t max) {
    return fmt::format(R"("type": "integer", "minimum": 0, "maximum": {})", max);
}

constexpr std::string_view hex_type = R"("type": "string", "pattern": "^0x[0-9a-f]{1,16}$")";

std::string type_of(const KeyLayout& key) {
    switch (key.form) {
        case Form::integer: return integer_type(key.place.max);
        case Form::hex:
        case Form::zxid:
            return fmt::format(R"("type": "string", "pattern": "^0x[0-9a-f]{{1,{}}}$")",
                               hex_digits(key.place.max));
        case Form::name: return fmt::format(R"("enum": [{}])", quoted_list(key.names));
        case Form::absent:
        case Form::flags: break;
    }
    return {};
}

void put_header_schema(Out out) {
    fmt::format_to(out, R"(    "header": {{
      "description": "The first line.",
      "type": "object",
      "required": ["record", "format", "engine", "seed", "level", "scenario"],
      "properties": {{
        "record": {{"const": "header"}},
        "format": {{"type": "string", "pattern": "^{}{}\\.[0-9]+$"}},
        "engine": {{
          "type": "object",
          "required": ["behaviour", "commit"],
          "properties": {{"behaviour": {{{}}}, "commit": {{"type": "string"}}}}
        }},
        "seed": {{{}}},
        "level": {{"enum": [{}]}},
        "from_ns": {{{}}},
        "to_ns": {{{}}},
        "scenario": {{"type": "object"}}
      }},
      "dependencies": {{"from_ns": ["to_ns"], "to_ns": ["from_ns"]}}
    }},
)",
                   format_name, format_major, integer_type(0xffff'ffff), hex_type,
                   quoted_list(level_names()), integer_type(place::max_time),
                   integer_type(place::max_time));
}

void put_end_schema(Out out) {
    fmt::format_to(out, R"(    "end": {{
      "description": "The last line.",
      "type": "object",
      "required": ["record", "records", "lines", "t_ns", "verdict", "hash", "counts"],
      "properties": {{
        "record": {{"const": "end"}},
        "records": {{{0}}},
        "lines": {{{0}}},
        "t_ns": {{{1}}},
        "verdict": {{"type": "string"}},
        "hash": {{{2}}},
        "counts": {{
          "type": "object",
          "additionalProperties": {{{0}}}
        }}
      }}
    }})",
                   integer_type(whole.max), integer_type(place::max_time), hex_type);
}

void put_kind_schema(Out out, const Row& row) {
    std::string required = R"("id", "t_ns", "kind")";
    const std::vector<KeyLayout> keys = own_keys(row.kind);
    for (const KeyLayout& key : keys) {
        if (key.is_required) required += ", " + quoted(key.key);
    }
    fmt::format_to(out,
                   ",\n    {}: {{\n      \"description\": {},\n      \"type\": \"object\",\n"
                   "      \"required\": [{}],\n      \"properties\": {{\n"
                   "        \"kind\": {{\"const\": {}}}",
                   quoted(row.name), quoted(row.meaning), required, quoted(row.name));
    for (const CommonKey& key : common_keys) {
        fmt::format_to(out, ",\n        {}: {{{}, \"description\": {}}}", quoted(key.key),
                       integer_type(key.place.max), quoted(key.meaning));
    }
    for (const KeyLayout& key : keys) {
        fmt::format_to(out, ",\n        {}: {{{}, \"description\": {}}}", quoted(key.key),
                       type_of(key), quoted(key.meaning));
    }
    fmt::format_to(out, "\n      }}\n    }}");
}

std::string form_in_words(const KeyLayout& key) {
    switch (key.form) {
        case Form::integer: return "integer";
        case Form::hex: return "hex string";
        case Form::zxid: return "zxid: hex string, epoch in the high half";
        case Form::name: return fmt::format("one of {}", fmt::join(key.names, ", "));
        case Form::absent:
        case Form::flags: break;
    }
    return {};
}

constexpr std::string_view reference_head = R"(# Trace format {}{}.{}

A trace is JSON Lines: a header, one line per record, an end. Times and costs are integers in
nanoseconds; identities are hexadecimal strings. Keys stand in a fixed order. Readers
pass over keys, kinds and lines that they do not know, and refuse another major version.

## Header

`record` ("header"), `format`, `engine` (`behaviour`, which is raised whenever the same seed gives
another run, and `commit`), `seed`, `level`, `from_ns` and `to_ns` if the file shows only the
records with from <= t < to, and `scenario`, with every default filled in.

## End

`record` ("end"), `records` of the run, `lines` of this file that are records, `t_ns` when the run
ended, `verdict`, `hash` over all records of the run, `counts` of the run's records by kind. All but
`lines` are the same at every level. A file without this line is truncated.

## Keys of every record

For every record with a cause: t_ns - t_ns(cause) = wait_ns + service_ns + wire_ns + disk_ns +
timer_ns. At most one of the last three is there. `cause` and `held_by` may name records that a file
of a lower level or a window does not show.

| key | always there | meaning |
|---|---|---|
)";

std::string as_sentence(std::string_view meaning) {
    std::string sentence(meaning);
    char& first = sentence.front();
    if (first >= 'a' && first <= 'z') first = static_cast<char>(first - 'a' + 'A');
    return sentence + '.';
}

void put_kind_reference(Out out, const Row& row) {
    fmt::format_to(out, "\n### {}\n\n{} Level: {}.\n\n", row.name, as_sentence(row.meaning),
                   level_names()[static_cast<std::size_t>(row.level)]);
    const std::vector<KeyLayout> keys = own_keys(row.kind);
    if (keys.empty()) return;
    fmt::format_to(out, "| key | form | meaning |\n|---|---|---|\n");
    for (const KeyLayout& key : keys) {
        fmt::format_to(out, "| `{}` | {} | {} |\n", key.key, form_in_words(key), key.meaning);
    }
}

}  // namespace

std::string trace_schema() {
    std::string text = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "One line of a zabsim trace",
  "oneOf": [
    {"$ref": "#/definitions/header"},
    {"$ref": "#/definitions/end"})";
    const Out out(text);
    for (const Row& of_kind : rows()) {
        fmt::format_to(out, ",\n    {{\"$ref\": \"#/definitions/{}\"}}", of_kind.name);
    }
    fmt::format_to(out, "\n  ],\n  \"definitions\": {{\n");
    put_header_schema(out);
    put_end_schema(out);
    for (const Row& of_kind : rows()) put_kind_schema(out, of_kind);
    fmt::format_to(out, "\n  }}\n}}\n");
    return text;
}

std::string trace_reference() {
    std::string text = fmt::format(reference_head, format_name, format_major, format_minor);
    const Out out(text);
    for (const CommonKey& key : common_keys) {
        fmt::format_to(out, "| `{}` | {} | {} |\n", key.key, key.is_required ? "yes" : "no",
                       key.meaning);
    }
    fmt::format_to(out, "| `kind` | yes | one of the kinds below |\n\n## Kinds\n");
    for (const Row& of_kind : rows()) put_kind_reference(out, of_kind);
    return text;
}

}  // namespace trace
