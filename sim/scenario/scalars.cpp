#include "sim/scenario/scalars.hpp"

#include <algorithm>
#include <charconv>

namespace sim::decode {

namespace {

using json::Value;

constexpr std::string_view name_pattern = "^[A-Za-z0-9_-]{1,64}$";
constexpr std::string_view name_accepted = "a name of 1 to 64 letters, digits, \"-\" and \"_\"";

bool is_name(std::string_view text) {
    const bool is_sized = !text.empty() && text.size() <= 64;
    return is_sized && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-';
           });
}

std::optional<zab::NodeId> id_of(std::string_view text) {
    std::uint16_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool is_number = error == std::errc{} && stop == end && !text.starts_with('0');
    return is_number && number <= zab::max_node_id ? std::optional(zab::NodeId{number})
                                                   : std::nullopt;
}

template <class T>
std::string print(T value) {
    return to_text(value);
}

Value typed(std::string_view type) {
    return json::object({json::member("type", json::string(type))});
}

}  // namespace

const Spelling<zab::Duration> duration_spelling = {
    "duration", "a duration such as \"250us\", \"1.5ms\", \"2s\", \"10m\" or \"1h\"",
    "^[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h)$", parse_duration, print};
const Spelling<Bytes> bytes_spelling = {"bytes", "a size such as \"100B\", \"1kB\" or \"1KiB\"",
                                        "^[0-9]+(\\.[0-9]+)?(B|kB|MB|GB|KiB|MiB|GiB)$", parse_bytes,
                                        print};
const Spelling<ByteRate> byte_rate_spelling = {
    "byte_rate", "bytes per second such as \"200MB/s\" or \"64KiB/s\"",
    "^[0-9]+(\\.[0-9]+)?(B|kB|MB|GB|KiB|MiB|GiB)/s$", parse_byte_rate, print};
const Spelling<Bandwidth> bandwidth_spelling = {
    "bandwidth", "a bandwidth such as \"100Mbit/s\" or \"1Gbit/s\", or \"unlimited\"",
    "^(unlimited|[0-9]+(\\.[0-9]+)?[kMGT]?bit/s)$", parse_bandwidth, print};
const Spelling<Rate> rate_spelling = {
    "rate", "operations per second such as \"100/s\" or \"0.5/s\"",
    "^[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?/s$", parse_rate, print};
const Spelling<Probability> probability_spelling = {"probability",
                                                    "a probability such as \"1%\" or 0.001",
                                                    "^[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?%?$",
                                                    parse_probability,
                                                    print,
                                                    true};
const Spelling<Factor> factor_spelling = {"factor",
                                          "a number such as 3 or \"0.99\"",
                                          "^[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?$",
                                          parse_factor,
                                          print,
                                          true};
const Spelling<zab::Zxid> zxid_spelling = {
    "zxid", "a zxid, epoch and counter, such as \"1:5\" or \"0x100000005\"",
    "^([0-9]{1,10}:[0-9]{1,10}|0x[0-9a-fA-F]{1,16})$", parse_zxid, print};

std::optional<std::string_view> spelled_text(const Value& value, Reader& reader,
                                             std::string_view accepted, bool plain_numbers) {
    const bool is_number = value.is(Value::Kind::number);
    if (is_number && plain_numbers && value.text.starts_with('-')) {
        reader.wrong(value, value.text + " is negative", std::string(accepted));
        return std::nullopt;
    }
    if (value.is(Value::Kind::string) || (is_number && plain_numbers)) {
        return value.text;
    }
    if (is_number) {
        reader.wrong(value, printable(value.text) + " has no unit", std::string(accepted));
    } else {
        wrong_kind(value, reader, accepted);
    }
    return std::nullopt;
}

Value spelling_schema(Definitions& definitions, std::string_view definition,
                      std::string_view accepted, std::string_view pattern, bool plain_numbers) {
    return definitions.refer(definition, [&] {
        Value spelled = typed("string");
        spelled.members.push_back(json::member("pattern", json::string(pattern)));
        if (plain_numbers) {
            Value number = typed("number");
            number.members.push_back(json::member("minimum", json::number(0)));
            spelled = any_of({std::move(spelled), std::move(number)});
        }
        spelled.members.insert(spelled.members.begin(),
                               json::member("description", json::string(accepted)));
        return spelled;
    });
}

Form<zab::Duration> duration(zab::Duration least, zab::Duration most) {
    return spelled(duration_spelling, least, most);
}

Form<Rate> rate() { return spelled(rate_spelling, Rate{1'000}, Rate{1'000'000'000'000'000'000}); }

Form<Bandwidth> bandwidth() {
    Form<Bandwidth> form =
        spelled(bandwidth_spelling, Bandwidth{0}, Bandwidth{1'000'000'000'000'000});
    form.accepted = bandwidth_spelling.accepted;
    return form;
}

Form<Probability> probability() {
    return spelled(probability_spelling, Probability{0}, Probability{Probability::certain_ppb});
}

Form<Factor> factor(Factor least, Factor most) { return spelled(factor_spelling, least, most); }

Form<zab::Zxid> zxid() {
    Form<zab::Zxid> form;
    form.accepted = zxid_spelling.accepted;
    form.read = [](const Value& value, Reader& reader, zab::Zxid& out) {
        if (!value.is(Value::Kind::string)) {
            return wrong_kind(value, reader, zxid_spelling.accepted);
        }
        const Parsed<zab::Zxid> parsed = parse_zxid(value.text);
        if (!parsed.value) {
            return reader.wrong(value, in_quotes(value.text) + ": " + std::string(parsed.reason),
                                std::string(zxid_spelling.accepted));
        }
        out = *parsed.value;
        return true;
    };
    form.write = [](const zab::Zxid& value) { return json::string(to_text(value)); };
    form.schema = [](Definitions& definitions) {
        return spelling_schema(definitions, zxid_spelling.definition, zxid_spelling.accepted,
                               zxid_spelling.pattern, false);
    };
    return form;
}

Form<std::uint64_t> byte_rate() {
    return adapted<std::uint64_t, ByteRate>(
        spelled(byte_rate_spelling, ByteRate{1}, ByteRate{1'000'000'000'000}),
        [](const ByteRate& value) { return value.bytes_per_second; },
        [](const std::uint64_t& value) { return ByteRate{value}; });
}

std::string integer_range(std::uint64_t least, std::uint64_t most) {
    return "an integer from " + std::to_string(least) + " to " + std::to_string(most);
}

std::optional<std::uint64_t> read_integer(const Value& value, Reader& reader, std::uint64_t least,
                                          std::uint64_t most) {
    const std::string accepted = integer_range(least, most);
    if (!value.is(Value::Kind::number)) {
        wrong_kind(value, reader, accepted);
        return std::nullopt;
    }
    const std::string shown = printable(value.text);
    const bool is_negative = value.text.starts_with('-');
    const std::string_view digits = std::string_view(value.text).substr(is_negative ? 1 : 0);
    Parsed<std::uint64_t> number{0, {}};
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, *number.value);
    // Else it is too large, or written in another way: 1e3, 2.0.
    if (error != std::errc{} || stop != end) number = exact(digits, 1);
    if (!number.value) {
        const bool is_fraction = number.reason.starts_with("finer");
        reader.wrong(value, shown + (is_fraction ? " is not an integer" : " is out of range"),
                     accepted);
        return std::nullopt;
    }
    if ((is_negative && *number.value > 0) || *number.value < least || *number.value > most) {
        reader.wrong(value, shown + " is out of range", accepted);
        return std::nullopt;
    }
    return number.value;
}

Value integer_schema(std::uint64_t least, std::uint64_t most) {
    return json::object({json::member("type", json::string("integer")),
                         json::member("minimum", json::number(least)),
                         json::member("maximum", json::number(most))});
}

Form<bool> flag() {
    Form<bool> form;
    form.accepted = "true or false";
    form.read = [](const Value& value, Reader& reader, bool& out) {
        if (!value.is(Value::Kind::boolean)) {
            return wrong_kind(value, reader, "true or false");
        }
        out = value.text == "true";
        return true;
    };
    form.write = [](const bool& value) { return json::boolean(value); };
    form.schema = [](Definitions&) { return typed("boolean"); };
    return form;
}

Form<std::uint64_t> seed() {
    static constexpr std::string_view accepted =
        "an integer from 0 to 18446744073709551615, or \"0x…\" with up to 16 hex digits";
    Form<std::uint64_t> form;
    form.accepted = accepted;
    form.read = [](const Value& value, Reader& reader, std::uint64_t& out) {
        if (!value.is(Value::Kind::string)) {
            const auto most = std::numeric_limits<std::uint64_t>::max();
            const std::optional<std::uint64_t> number = read_integer(value, reader, 0, most);
            out = number.value_or(out);
            return number.has_value();
        }
        const Parsed<zab::Zxid> hex = parse_zxid(value.text);
        if (!hex.value || !value.text.starts_with("0x")) {
            return reader.wrong(value, in_quotes(value.text) + " is no seed",
                                std::string(accepted));
        }
        out = hex.value->value;
        return true;
    };
    form.write = [](const std::uint64_t& value) {
        char digits[16];
        const auto end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
        return json::string("0x" + std::string(digits, end));
    };
    form.schema = [](Definitions&) {
        Value hex = typed("string");
        hex.members.push_back(json::member("pattern", json::string("^0x[0-9a-fA-F]{1,16}$")));
        return any_of({integer_schema(0, std::numeric_limits<std::uint64_t>::max()), hex});
    };
    return form;
}

Form<zab::NodeId> server_id() {
    return adapted<zab::NodeId, std::uint16_t>(
        integer<std::uint16_t>(1, zab::max_node_id),
        [](const std::uint16_t& value) { return zab::NodeId{value}; },
        [](const zab::NodeId& id) { return id.value; });
}

Form<zab::Epoch> epoch() {
    return adapted<zab::Epoch, std::uint32_t>(
        integer<std::uint32_t>(0, last_epoch.value),
        [](const std::uint32_t& value) { return zab::Epoch{value}; },
        [](const zab::Epoch& value) { return value.value; });
}

Form<std::string> text(std::size_t most_bytes) {
    Form<std::string> form;
    form.accepted = "text of up to " + std::to_string(most_bytes) + " bytes";
    form.read = [=, accepted = form.accepted](const Value& value, Reader& reader,
                                              std::string& out) {
        if (!value.is(Value::Kind::string)) {
            return wrong_kind(value, reader, accepted);
        }
        if (value.text.size() > most_bytes) {
            return reader.wrong(value, std::to_string(value.text.size()) + " bytes", accepted);
        }
        out = value.text;
        return true;
    };
    form.write = [](const std::string& value) { return json::string(value); };
    form.schema = [](Definitions&) { return typed("string"); };
    return form;
}

Form<std::string> name() {
    Form<std::string> form = text(64);
    form.accepted = name_accepted;
    form.read = [](const Value& value, Reader& reader, std::string& out) {
        if (!value.is(Value::Kind::string)) {
            return wrong_kind(value, reader, name_accepted);
        }
        if (!is_name(value.text)) {
            return reader.wrong(value, in_quotes(value.text) + " is no name",
                                std::string(name_accepted));
        }
        out = value.text;
        return true;
    };
    form.schema = [](Definitions&) {
        Value schema = typed("string");
        schema.members.push_back(json::member("pattern", json::string(name_pattern)));
        return schema;
    };
    return form;
}

const Naming<zab::NodeId> by_server_id = {
    "a server's id, \"1\" to \"4095\"", "^[1-9][0-9]{0,3}$", id_of,
    [](const zab::NodeId& id) { return std::to_string(id.value); }};

const Naming<std::string> by_name = {name_accepted, name_pattern,
                                     [](std::string_view text) {
                                         return is_name(text) ? std::optional(std::string(text))
                                                              : std::nullopt;
                                     },
                                     [](const std::string& text) { return text; }};

bool unknown_word(const Value& value, Reader& reader, const std::vector<std::string_view>& words) {
    const std::string accepted = words.size() == 1 ? in_quotes(words.front()) : listed(words);
    if (!value.is(Value::Kind::string)) {
        return wrong_kind(value, reader, accepted);
    }
    return reader.wrong(value, in_quotes(value.text) + " is none of those known", accepted,
                        closest(value.text, words));
}

Value words_schema(const std::vector<std::string_view>& words) {
    Value schema = typed("string");
    Value values = json::array({});
    for (const std::string_view word : words) {
        values.elements.push_back(json::string(word));
    }
    schema.members.push_back(json::member("enum", std::move(values)));
    return schema;
}

}  // namespace sim::decode
