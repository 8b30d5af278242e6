#pragma once

#include "sim/scenario/form.hpp"
#include "sim/scenario/units.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

/// The forms of single values.
namespace sim::decode {

/// How a quantity is written in a string (or as a plain number, where it has no unit).
template <class T>
struct Spelling {
    std::string_view definition;  ///< Its name in the schema.
    std::string_view accepted;
    std::string_view pattern;
    Parsed<T> (*parse)(std::string_view);
    std::string (*print)(T);
    bool plain_numbers = false;
};

extern const Spelling<zab::Duration> duration_spelling;
extern const Spelling<Bytes> bytes_spelling;
extern const Spelling<ByteRate> byte_rate_spelling;
extern const Spelling<Bandwidth> bandwidth_spelling;
extern const Spelling<Rate> rate_spelling;
extern const Spelling<Probability> probability_spelling;
extern const Spelling<Factor> factor_spelling;
extern const Spelling<zab::Zxid> zxid_spelling;

/// The text of a value that has this spelling, or nothing after having reported it.
std::optional<std::string_view> spelled_text(const json::Value& value, Reader& reader,
                                             std::string_view accepted, bool plain_numbers);
json::Value spelling_schema(Definitions& definitions, std::string_view definition,
                            std::string_view accepted, std::string_view pattern,
                            bool plain_numbers);

/// Values with a spelling, from `least` to `most`.
template <class T>
Form<T> spelled(const Spelling<T>& spelling, T least, T most) {
    const std::string range = spelling.print(least) + " to " + spelling.print(most);
    Form<T> form;
    form.accepted = std::string(spelling.accepted) + ", from " + range;
    form.read = [=, &spelling](const json::Value& value, Reader& reader, T& out) {
        const auto text = spelled_text(value, reader, spelling.accepted, spelling.plain_numbers);
        if (!text) {
            return false;
        }
        const Parsed<T> parsed = spelling.parse(*text);
        if (!parsed.value) {
            return reader.wrong(value, in_quotes(*text) + ": " + std::string(parsed.reason),
                                std::string(spelling.accepted));
        }
        if (amount(*parsed.value) < amount(least) || amount(*parsed.value) > amount(most)) {
            return reader.wrong(value, in_quotes(*text) + " is out of range", range);
        }
        out = *parsed.value;
        return true;
    };
    form.write = [&spelling](const T& value) { return json::string(spelling.print(value)); };
    form.schema = [&spelling](Definitions& definitions) {
        return spelling_schema(definitions, spelling.definition, spelling.accepted,
                               spelling.pattern, spelling.plain_numbers);
    };
    return form;
}

/// A form for another type that says the same.
template <class To, class From>
Form<To> adapted(const Form<From>& from, To (*to)(const From&), From (*back)(const To&)) {
    Form<To> form;
    form.accepted = from.accepted;
    form.read = [=](const json::Value& value, Reader& reader, To& out) {
        From inner = back(out);
        const bool sound = from.read(value, reader, inner);
        out = to(inner);
        return sound;
    };
    form.write = [=](const To& value) { return from.write(back(value)); };
    form.schema = from.schema;
    return form;
}

/// The longest time that a scenario may speak of: ten years.
constexpr zab::Duration longest_time = zab::seconds(315'360'000);

Form<zab::Duration> duration(zab::Duration least = {}, zab::Duration most = longest_time);
Form<Rate> rate();
Form<Bandwidth> bandwidth();
Form<Probability> probability();
Form<Factor> factor(Factor least, Factor most);
Form<zab::Zxid> zxid();
Form<std::uint64_t> byte_rate();

/// An amount of bytes in a field of type T.
template <class T>
Form<T> bytes(std::uint64_t least, std::uint64_t most) {
    return adapted<T, Bytes>(
        spelled(bytes_spelling, Bytes{least}, Bytes{most}),
        [](const Bytes& value) { return static_cast<T>(value.value); },
        [](const T& value) { return Bytes{value}; });
}

/// An integer without a unit. Reports what is none, or out of range.
std::optional<std::uint64_t> read_integer(const json::Value& value, Reader& reader,
                                          std::uint64_t least, std::uint64_t most);
json::Value integer_schema(std::uint64_t least, std::uint64_t most);
std::string integer_range(std::uint64_t least, std::uint64_t most);

template <class T>
Form<T> integer(std::uint64_t least, std::uint64_t most) {
    Form<T> form;
    form.accepted = integer_range(least, most);
    form.read = [=](const json::Value& value, Reader& reader, T& out) {
        const std::optional<std::uint64_t> read = read_integer(value, reader, least, most);
        out = read ? static_cast<T>(*read) : out;
        return read.has_value();
    };
    form.write = [](const T& value) { return json::number(value); };
    form.schema = [=](Definitions&) { return integer_schema(least, most); };
    return form;
}

Form<bool> flag();
Form<std::uint64_t> seed();
Form<zab::NodeId> server_id();
/// Those above are negative in ZooKeeper, where a zxid has a sign.
inline constexpr zab::Epoch last_epoch{0x7fff'ffff};
Form<zab::Epoch> epoch();
/// Free text.
Form<std::string> text(std::size_t most_bytes);
/// Letters, digits, "-" and "_": a name that other places refer to.
Form<std::string> name();

extern const Naming<zab::NodeId> by_server_id;
extern const Naming<std::string> by_name;

/// Reports a word that is none of those known.
bool unknown_word(const json::Value& value, Reader& reader,
                  const std::vector<std::string_view>& words);
json::Value words_schema(const std::vector<std::string_view>& words);

/// One of some words.
template <class E>
Form<E> choice(const std::vector<std::pair<std::string_view, E>>& words) {
    std::vector<std::string_view> names;
    for (const auto& [name, meaning] : words) {
        names.push_back(name);
    }
    Form<E> form;
    form.accepted = names.size() == 1 ? in_quotes(names.front()) : "one of " + listed(names);
    form.read = [=](const json::Value& value, Reader& reader, E& out) {
        for (const auto& [name, meaning] : words) {
            if (value.is(json::Value::Kind::string) && value.text == name) {
                out = meaning;
                return true;
            }
        }
        return unknown_word(value, reader, names);
    };
    form.write = [=](const E& value) {
        for (const auto& [name, meaning] : words) {
            if (meaning == value) {
                return json::string(name);
            }
        }
        return json::Value{};
    };
    form.schema = [=](Definitions&) { return words_schema(names); };
    return form;
}

}  // namespace sim::decode
