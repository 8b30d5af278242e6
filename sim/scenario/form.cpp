#include "sim/scenario/form.hpp"

#include "sim/scenario/json_parse.hpp"

#include <algorithm>

namespace sim::decode {

namespace {

using json::Value;

std::vector<std::string_view> names_of(const std::vector<KeyOutline>& keys) {
    std::vector<std::string_view> names;
    for (const KeyOutline& key : keys) {
        names.push_back(key.name);
    }
    return names;
}

bool check_one_of(const Value& value, Reader& reader, const OneOf& one_of) {
    const json::Member* first = nullptr;
    for (const json::Member& member : value.members) {
        if (std::find(one_of.keys.begin(), one_of.keys.end(), member.key) == one_of.keys.end()) {
            continue;
        }
        if (first != nullptr) {
            return reader.wrong_key(member, "cannot stand beside " + in_quotes(first->key),
                                    "one of " + listed(one_of.keys));
        }
        first = &member;
    }
    if (first == nullptr && one_of.required) {
        return reader.lacks(value, "a key is missing here", "one of " + listed(one_of.keys));
    }
    return true;
}

Value text(std::string_view words) { return json::string(words); }

/// The schema of one key: what its form says, and its documentation beside it.
Value key_schema(KeyOutline key) {
    Value schema = std::move(key.schema);
    if (schema.find("$ref") != nullptr) {  // Draft 7 ignores whatever stands beside a $ref.
        schema = json::object({json::member("allOf", json::array({std::move(schema)}))});
    }
    const std::string description =
        std::string(key.doc.description) + " Takes " + key.accepted + ".";
    schema.members.insert(schema.members.begin(), json::member("description", text(description)));
    const bool is_table = key.default_value && !key.default_value->members.empty();
    if (key.default_value && !is_table) {  // The parts of a table have defaults of their own.
        schema.members.push_back(json::member("default", std::move(*key.default_value)));
    }
    if (std::optional<Value> example = json::parse_if_valid(key.doc.example)) {
        schema.members.push_back(json::member("examples", json::array({std::move(*example)})));
    }
    return schema;
}

Value required_keys(const std::vector<std::string_view>& names) {
    Value keys = json::array({});
    for (const std::string_view name : names) {
        keys.elements.push_back(text(name));
    }
    return json::object({json::member("required", std::move(keys))});
}

/// A schema for "exactly one", or "at most one", of some keys.
Value one_of_schema(const OneOf& one_of) {
    Value choices = json::array({});
    Value all = json::array({});
    for (const std::string_view name : one_of.keys) {
        choices.elements.push_back(required_keys({name}));
        all.elements.push_back(required_keys({name}));
    }
    if (!one_of.required) {
        Value any = json::object({json::member("anyOf", std::move(all))});
        choices.elements.push_back(json::object({json::member("not", std::move(any))}));
    }
    return json::object({json::member("oneOf", std::move(choices))});
}

}  // namespace

bool Reader::wrong(const Value& at, std::string reason, std::string accepted,
                   std::string suggestion) {
    mistakes_.add(
        {at.place, pointer_, std::move(reason), std::move(accepted), std::move(suggestion)});
    return false;
}

bool Reader::lacks(const Value& at, std::string reason, std::string accepted) {
    return is_whole_ && wrong(at, std::move(reason), std::move(accepted));
}

bool Reader::wrong_key(const json::Member& at, std::string reason, std::string accepted,
                       std::string suggestion) {
    mistakes_.add({at.place, pointer_ + json::pointer_step(at.key), std::move(reason),
                   std::move(accepted), std::move(suggestion)});
    return false;
}

Reader::Inside::Inside(Reader& reader, std::string_view key)
    : reader_(reader), outer_size_(reader.pointer_.size()) {
    reader_.pointer_ += json::pointer_step(key);
}

Reader::Inside::~Inside() { reader_.pointer_.resize(outer_size_); }

Value Definitions::refer(std::string_view name, const std::function<Value()>& make) {
    const auto has_name = [&](const json::Member& made) { return made.key == name; };
    if (std::none_of(made_.begin(), made_.end(), has_name)) {
        const std::size_t index = made_.size();
        made_.push_back(json::member(name, json::object()));
        Value made = make();
        made_[index].value = std::move(made);
    }
    const std::string reference = "#/definitions/" + std::string(name);
    return json::object({json::member("$ref", text(reference))});
}

void Definitions::refuse_example(std::string_view table, std::string_view key) {
    refused_.push_back(std::string(table) + '.' + std::string(key));
}

std::optional<Value> example_of(const Doc& doc) { return json::parse_if_valid(doc.example); }

bool is_alternative(const Outline& outline, std::string_view key) {
    return std::any_of(outline.one_of.begin(), outline.one_of.end(), [&](const OneOf& one_of) {
        return std::find(one_of.keys.begin(), one_of.keys.end(), key) != one_of.keys.end();
    });
}

bool wrong_kind(const Value& value, Reader& reader, std::string_view accepted) {
    return reader.wrong(value, std::string(json::kind_name(value.kind)) + " cannot stand here",
                        std::string(accepted));
}

bool wrong_member(const Value& object, Reader& reader, std::string_view key, std::string reason) {
    const Value* found = object.find(key);
    if (found == nullptr) {
        return reader.wrong(object, std::move(reason));
    }
    const Reader::Inside inside(reader, key);
    return reader.wrong(*found, std::move(reason));
}

bool check_keys(const Value& value, Reader& reader, const Outline& outline,
                const std::vector<KeyOutline>& keys) {
    const std::vector<std::string_view> names = names_of(keys);
    bool sound = true;
    for (const json::Member& member : value.members) {
        if (reader.has_enough()) {
            return false;
        }
        if (std::find(names.begin(), names.end(), member.key) == names.end()) {
            const std::string suggestion = closest(member.key, names);
            sound = reader.wrong_key(member, std::string(Mistake::unknown_key),
                                     suggestion.empty() ? listed(names) : "", suggestion);
        }
    }
    if (!sound) {
        return false;  // A mistyped key is one mistake: it is not missing as well.
    }
    for (const KeyOutline& key : keys) {
        if (key.required && value.find(key.name) == nullptr) {
            sound = reader.lacks(value, "the key " + in_quotes(key.name) + " is missing here");
        }
    }
    for (const OneOf& one_of : outline.one_of) {
        sound = check_one_of(value, reader, one_of) && sound;
    }
    return sound;
}

bool check_list(const Value& value, Reader& reader, std::size_t least, std::size_t most) {
    if (!value.is(Value::Kind::array)) {
        return wrong_kind(value, reader, "a list");
    }
    const std::size_t size = value.elements.size();
    if (size < least || size > most) {
        const std::string lower = least == most ? "" : std::to_string(least) + " to ";
        return reader.wrong(value, "a list of " + std::to_string(size),
                            lower + std::to_string(most) + " elements");
    }
    return true;
}

bool check_keyed(const Value& value, Reader& reader, std::size_t most) {
    if (!value.is(Value::Kind::object)) {
        return wrong_kind(value, reader, "an object");
    }
    if (value.members.size() > most) {
        return reader.wrong(value, std::to_string(value.members.size()) + " keys",
                            "up to " + std::to_string(most) + " keys");
    }
    return true;
}

Value object_schema(const Outline& outline, std::vector<KeyOutline> keys) {
    std::vector<std::string_view> required;
    Value properties = json::object();
    for (KeyOutline& key : keys) {
        if (key.required) {
            required.push_back(key.name);
        }
        const std::string_view name = key.name;
        properties.members.push_back(json::member(name, key_schema(std::move(key))));
    }
    Value schema = json::object({json::member("description", text(outline.description)),
                                 json::member("type", text("object")),
                                 json::member("properties", std::move(properties)),
                                 json::member("additionalProperties", json::boolean(false))});
    if (!required.empty()) {
        schema.members.push_back(std::move(required_keys(required).members.front()));
    }
    Value rules = json::array({});
    for (const OneOf& one_of : outline.one_of) {
        rules.elements.push_back(one_of_schema(one_of));
    }
    if (!rules.elements.empty()) {
        schema.members.push_back(json::member("allOf", std::move(rules)));
    }
    return schema;
}

Value list_schema(Value element, std::size_t least) {
    return json::object({json::member("type", text("array")),
                         json::member("items", std::move(element)),
                         json::member("minItems", json::number(least))});
}

Value keyed_schema(std::string_view pattern, Value element) {
    Value patterns = json::object({json::member(pattern, std::move(element))});
    return json::object({json::member("type", text("object")),
                         json::member("patternProperties", std::move(patterns)),
                         json::member("additionalProperties", json::boolean(false))});
}

Value any_of(std::vector<Value> schemas) {
    return json::object({json::member("anyOf", json::array(std::move(schemas)))});
}

}  // namespace sim::decode
