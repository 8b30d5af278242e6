#pragma once

#include "sim/scenario/json_value.hpp"
#include "sim/scenario/known_names.hpp"
#include "sim/scenario/mistakes.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// The tables of the scenario format. A Form says how one type of value is written: it reads it
/// from JSON, prints it back and describes it for the schema, so that the three cannot disagree.
namespace sim::decode {

/// Where reading is, and what was wrong so far.
class Reader {
  public:
    /// `is_whole`: nothing of the document is missing because a file could not be read.
    Reader(Mistakes& mistakes, KnownNames known, bool is_whole = true)
        : mistakes_(mistakes), known_(known), is_whole_(is_whole) {}

    /// Reports a mistake at a value, which is at the current pointer. Returns false.
    bool wrong(const json::Value& at, std::string reason, std::string accepted = {},
               std::string suggestion = {});
    /// Reports a mistake at the key of a member of the current object. Returns false.
    bool wrong_key(const json::Member& at, std::string reason, std::string accepted = {},
                   std::string suggestion = {});
    /// Reports what a value lacks, unless it may be in what could not be read. Returns false.
    bool lacks(const json::Value& at, std::string reason, std::string accepted = {});
    const KnownNames& known() const { return known_; }
    /// Whether looking for more mistakes is a waste of time.
    bool has_enough() const { return mistakes_.is_full(); }

    /// While it lives, the reader is inside this key or element.
    class Inside {
      public:
        Inside(Reader& reader, std::string_view key);
        ~Inside();
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;

      private:
        Reader& reader_;
        std::size_t outer_size_;
    };

  private:
    Mistakes& mistakes_;
    KnownNames known_;
    bool is_whole_;
    std::string pointer_;
};

/// The named parts of a schema, in the order in which they were first needed.
class Definitions {
  public:
    explicit Definitions(const KnownNames& known) : known_(known) {}

    const KnownNames& known() const { return known_; }
    /// A reference to the definition of this name, made by `make` at the first use.
    json::Value refer(std::string_view name, const std::function<json::Value()>& make);
    /// A key's own example that its form does not take; a test wants none.
    void refuse_example(std::string_view table, std::string_view key);
    const std::vector<std::string>& refused_examples() const { return refused_; }
    std::vector<json::Member> take() { return std::move(made_); }

  private:
    KnownNames known_;
    std::vector<json::Member> made_;
    std::vector<std::string> refused_;
};

template <class T>
struct Form {
    std::string accepted;  ///< For messages: what it takes instead of the wrong thing.
    /// Reports what is wrong; false if anything was. `T` keeps its value where it was not read.
    std::function<bool(const json::Value&, Reader&, T&)> read;
    std::function<json::Value(const T&)> write;
    std::function<json::Value(Definitions&)> schema;
};

/// What the schema and the reference page say about a key. `example` is JSON.
struct Doc {
    std::string_view description;
    std::string_view example;
};

/// One key of an object: a row of a table.
template <class Owner>
struct Key {
    std::string_view name;
    Doc doc;
    std::function<bool(const json::Value&, Reader&, Owner&)> read;
    /// Nothing: the key is not printed.
    std::function<std::optional<json::Value>(const Owner&)> write;
    std::function<json::Value(Definitions&)> schema;
    std::string accepted;
    bool required = false;

    Key mandatory() && {
        required = true;
        return std::move(*this);
    }
};

/// Keys of which an object has at most one, or exactly one.
struct OneOf {
    std::vector<std::string_view> keys;
    bool required = true;
};

/// What is known about an object without the type that it is read into.
struct Outline {
    std::string_view name;  ///< Of its definition in the schema.
    std::string_view description;
    std::vector<OneOf> one_of;
};

template <class Owner>
struct Table {
    Outline outline;
    std::vector<Key<Owner>> keys;
    /// Called before the keys are read; sets defaults that depend on the value. Optional.
    std::function<void(const json::Value&, Owner&)> prepare;
    /// Called when all keys are sound: rules between them. Optional.
    std::function<bool(const json::Value&, Reader&, const Owner&)> check;
};

/// Whether the key stands for one of several, so that leaving it out means nothing by itself.
bool is_alternative(const Outline& outline, std::string_view key);

struct KeyOutline {
    std::string_view name;
    Doc doc;
    std::string accepted;
    bool required = false;
    std::optional<json::Value> default_value;
    json::Value schema;
};

bool wrong_kind(const json::Value& value, Reader& reader, std::string_view accepted);
/// Reports whatever is wrong with an object's keys themselves: unknown, missing, or too many.
bool check_keys(const json::Value& value, Reader& reader, const Outline& outline,
                const std::vector<KeyOutline>& keys);
/// Reports a mistake at the value of a key, or at the object when it has no such key.
bool wrong_member(const json::Value& object, Reader& reader, std::string_view key,
                  std::string reason);
bool check_list(const json::Value& value, Reader& reader, std::size_t least, std::size_t most);
bool check_keyed(const json::Value& value, Reader& reader, std::size_t most);

json::Value object_schema(const Outline& outline, std::vector<KeyOutline> keys);
json::Value list_schema(json::Value element, std::size_t least);
json::Value keyed_schema(std::string_view pattern, json::Value element);
json::Value any_of(std::vector<json::Value> schemas);

/// A key whose value is read into `projection(owner)`: a pointer to a member, or a function.
template <class Owner, class Projection, class T>
// NOLINTNEXTLINE(performance-unnecessary-value-param): the reader it makes keeps a copy.
Key<Owner> key(std::string_view name, Projection projection, Form<T> form, Doc doc) {
    using Field = std::remove_cvref_t<std::invoke_result_t<Projection, Owner&>>;
    Key<Owner> out{name, doc, {}, {}, form.schema, form.accepted};
    if constexpr (std::is_same_v<Field, std::optional<T>>) {
        out.read = [=](const json::Value& value, Reader& reader, Owner& owner) {
            return form.read(value, reader, std::invoke(projection, owner).emplace());
        };
        out.write = [=](const Owner& owner) -> std::optional<json::Value> {
            const Field& field = std::invoke(projection, owner);
            return field ? std::optional(form.write(*field)) : std::nullopt;
        };
    } else {
        static_assert(std::is_same_v<Field, T>, "a key's form must fit its field");
        out.read = [=](const json::Value& value, Reader& reader, Owner& owner) {
            return form.read(value, reader, std::invoke(projection, owner));
        };
        out.write = [=](const Owner& owner) -> std::optional<json::Value> {
            return form.write(std::invoke(projection, owner));
        };
    }
    return out;
}

/// A field of a field, for `key`.
template <class Owner, class Middle, class T>
auto in(Middle Owner::*outer, T Middle::*inner) {
    return [=](auto& owner) -> auto& { return (owner.*outer).*inner; };
}

/// A key that stands for one alternative of a variant.
template <class Variant, class Alternative>
Key<Variant> alternative(std::string_view name, const Form<Alternative>& form, Doc doc) {
    return {name,
            doc,
            [=](const json::Value& value, Reader& reader, Variant& out) {
                return form.read(value, reader, out.template emplace<Alternative>());
            },
            [=](const Variant& from) -> std::optional<json::Value> {
                const auto* held = std::get_if<Alternative>(&from);
                return held == nullptr ? std::nullopt : std::optional(form.write(*held));
            },
            form.schema,
            form.accepted};
}

std::optional<json::Value> example_of(const Doc& doc);

/// Reads a key's own example as if it stood in a file.
template <class Owner>
void try_example(std::string_view table, const Key<Owner>& key, Definitions& definitions) {
    Mistakes mistakes;
    Reader reader(mistakes, definitions.known());
    Owner owner{};
    const std::optional<json::Value> example = example_of(key.doc);
    if (!example || !key.read(*example, reader, owner) || !mistakes.empty()) {
        definitions.refuse_example(table, key.name);
    }
}

/// The names of a table's keys; with definitions, also their schemas and what they are written as
/// in `Owner{}`.
template <class Owner>
std::vector<KeyOutline> outlines(const Table<Owner>& table, Definitions* definitions) {
    std::vector<KeyOutline> out;
    for (const Key<Owner>& key : table.keys) {
        KeyOutline outline{key.name, key.doc, key.accepted, key.required, std::nullopt, {}};
        if (definitions != nullptr) {
            const bool is_optional = !key.required && !is_alternative(table.outline, key.name);
            outline.default_value = is_optional ? key.write(Owner{}) : std::nullopt;
            outline.schema = key.schema(*definitions);
            try_example(table.outline.name, key, *definitions);
        }
        out.push_back(std::move(outline));
    }
    return out;
}

/// An object described by a table.
template <class Owner>
Form<Owner> object(Table<Owner> rows) {
    const auto table = std::make_shared<const Table<Owner>>(std::move(rows));
    Form<Owner> form;
    form.accepted = "an object";
    form.read = [table, keys = outlines(*table, nullptr)](const json::Value& value, Reader& reader,
                                                          Owner& owner) {
        if (!value.is(json::Value::Kind::object)) {
            return wrong_kind(value, reader, "an object");
        }
        if (table->prepare) {
            table->prepare(value, owner);
        }
        bool sound = check_keys(value, reader, table->outline, keys);
        for (const Key<Owner>& key : table->keys) {
            if (const json::Value* found = value.find(key.name)) {
                const Reader::Inside inside(reader, key.name);
                sound = key.read(*found, reader, owner) && sound;
            }
        }
        return sound && (!table->check || table->check(value, reader, owner));
    };
    form.write = [table](const Owner& owner) {
        json::Value out = json::object();
        for (const Key<Owner>& key : table->keys) {
            if (std::optional<json::Value> value = key.write(owner)) {
                out.members.push_back(json::member(key.name, std::move(*value)));
            }
        }
        return out;
    };
    form.schema = [table](Definitions& definitions) {
        return definitions.refer(table->outline.name, [&] {
            return object_schema(table->outline, outlines(*table, &definitions));
        });
    };
    return form;
}

/// One form for what is an object, one for all else.
template <class T>
Form<T> either(const Form<T>& plain, const Form<T>& object, std::string accepted) {
    Form<T> form;
    form.accepted = std::move(accepted);
    form.read = [=](const json::Value& value, Reader& reader, T& out) {
        const Form<T>& chosen = value.is(json::Value::Kind::object) ? object : plain;
        return chosen.read(value, reader, out);
    };
    form.write = object.write;
    form.schema = [=](Definitions& definitions) {
        json::Value first = plain.schema(definitions);
        return any_of({std::move(first), object.schema(definitions)});
    };
    return form;
}

/// A list of `least` to `most` values of one form.
template <class T>
Form<std::vector<T>> list(const Form<T>& element, std::size_t least, std::size_t most) {
    Form<std::vector<T>> form;
    form.accepted = "a list, each element " + element.accepted;
    form.read = [=](const json::Value& value, Reader& reader, std::vector<T>& out) {
        if (!check_list(value, reader, least, most)) {
            return false;
        }
        out.assign(value.elements.size(), T{});
        bool sound = true;
        for (std::size_t i = 0; i < out.size(); ++i) {
            const Reader::Inside inside(reader, std::to_string(i));
            sound = element.read(value.elements[i], reader, out[i]) && sound;
        }
        return sound;
    };
    form.write = [=](const std::vector<T>& values) {
        json::Value out = json::array({});
        for (const T& value : values) {
            out.elements.push_back(element.write(value));
        }
        return out;
    };
    form.schema = [=](Definitions& definitions) {
        return list_schema(element.schema(definitions), least);
    };
    return form;
}

/// How the keys of an object that the user names are written.
template <class K>
struct Naming {
    std::string_view accepted;
    std::string_view pattern;
    std::optional<K> (*read)(std::string_view);
    std::string (*write)(const K&);
};

/// An object whose keys the user chooses: server ids, or names. In the order written.
template <class K, class T>
Form<std::vector<std::pair<K, T>>> keyed(Naming<K> naming, const Form<T>& element,
                                         std::size_t most) {
    using Pairs = std::vector<std::pair<K, T>>;
    Form<Pairs> form;
    form.accepted =
        "an object, each key " + std::string(naming.accepted) + ", each value " + element.accepted;
    form.read = [=](const json::Value& value, Reader& reader, Pairs& out) {
        if (!check_keyed(value, reader, most)) {
            return false;
        }
        bool sound = true;
        for (const json::Member& member : value.members) {
            const std::optional<K> name = naming.read(member.key);
            if (!name) {
                sound = reader.wrong_key(member, "no such key", std::string(naming.accepted));
                continue;
            }
            const Reader::Inside inside(reader, member.key);
            sound =
                element.read(member.value, reader, out.emplace_back(*name, T{}).second) && sound;
        }
        return sound;
    };
    form.write = [=](const Pairs& pairs) {
        json::Value out = json::object();
        for (const auto& [name, value] : pairs) {
            out.members.push_back(json::member(naming.write(name), element.write(value)));
        }
        return out;
    };
    form.schema = [=](Definitions& definitions) {
        return keyed_schema(naming.pattern, element.schema(definitions));
    };
    return form;
}

}  // namespace sim::decode
