#include "sim/scenario/loader.hpp"
#include "sim/scenario/tables.hpp"

#include <utility>

namespace sim {

namespace {

using json::Value;

Value schema_document(const KnownNames& known) {
    decode::Definitions definitions(known);
    Value reference = decode::scenario().schema(definitions);
    return json::object({
        json::member("$schema", json::string("http://json-schema.org/draft-07/schema#")),
        json::member("title", json::string("zabsim scenario")),
        json::member("allOf", json::array({std::move(reference)})),
        json::member("definitions", json::object(definitions.take())),
    });
}

/// Text for a cell of a Markdown table.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') {
            out += '\\';
        }
        out += c;
    }
    return out;
}

/// The name of the definition that a key's schema refers to, when it is that of an object.
std::string linked(const Value& schema, const Value& definitions) {
    std::vector<const Value*> todo = {&schema};
    while (!todo.empty()) {
        const Value& value = *todo.back();
        todo.pop_back();
        if (const Value* reference = value.find("$ref")) {
            const std::string name = reference->text.substr(reference->text.rfind('/') + 1);
            const Value* target = definitions.find(name);
            if (target != nullptr && target->find("properties") != nullptr) {
                return name;
            }
            continue;
        }
        for (const char* const key : {"allOf", "anyOf", "items", "patternProperties"}) {
            const Value* inner = value.find(key);
            if (inner == nullptr) {
                continue;
            }
            if (std::string_view(key) == "items") {
                todo.push_back(inner);
            }
            for (const Value& element : inner->elements) {
                todo.push_back(&element);
            }
            for (const json::Member& member : inner->members) {
                todo.push_back(&member.value);
            }
        }
    }
    return {};
}

void append_row(std::string& out, const json::Member& property, const Value& definitions) {
    const Value& schema = property.value;
    const std::string link = linked(schema, definitions);
    out += "| `" + property.key + "` | " + cell(schema.find("description")->text);
    if (!link.empty()) {
        out += " See [" + link + "](#" + link + ").";
    }
    out += " | ";
    const Value* initial = schema.find("default");
    if (initial != nullptr && (link.empty() || !initial->is(Value::Kind::object))) {
        out += '`' + cell(json::compact(*initial)) + '`';
    }
    out += " | ";
    if (const Value* examples = schema.find("examples")) {
        out += '`' + cell(json::compact(examples->elements.front())) + '`';
    }
    out += " |\n";
}

/// The definition of the whole file comes first, then its parts in the order of their use.
void append_section(std::string& out, const json::Member& definition, const Value& definitions) {
    const Value* properties = definition.value.find("properties");
    if (properties == nullptr) {
        return;
    }
    out += "\n## " + definition.key + "\n\n" + definition.value.find("description")->text;
    out += "\n\n| key | meaning | default | example |\n|---|---|---|---|\n";
    for (const json::Member& property : properties->members) {
        append_row(out, property, definitions);
    }
}

}  // namespace

std::string scenario_schema(const KnownNames& known) {
    return json::pretty(schema_document(known));
}

std::vector<std::string> refused_examples(const KnownNames& known) {
    decode::Definitions definitions(known);
    decode::scenario().schema(definitions);
    return definitions.refused_examples();
}

std::string scenario_reference(const KnownNames& known) {
    const Value document = schema_document(known);
    const Value& definitions = *document.find("definitions");
    std::string out =
        "# Scenario files\n\n"
        "JSON with comments. Quantities are strings with units and are exact. Unknown keys are "
        "refused. Every key has a default unless its section needs it.\n";
    for (const json::Member& definition : definitions.members) {
        append_section(out, definition, definitions);
    }
    return out;
}

}  // namespace sim
