#include "sim/trace/record_table.hpp"
#include "sim/trace/schema.hpp"
#include "tests/support/trace_samples.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace trace {

namespace {

using Json = nlohmann::json;

/// The patterns of our schema, by hand.
bool fits(const std::string& text, const std::string& pattern) {
    if (pattern == "^zabsim.trace/1\\.[0-9]+$") return text == "zabsim.trace/1.4";
    const bool is_short = pattern == "^0x[0-9a-f]{1,8}$";
    REQUIRE((is_short || pattern == "^0x[0-9a-f]{1,16}$"));
    return text.size() >= 3 && text.size() <= (is_short ? 10 : 18) && text.starts_with("0x") &&
           text.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
}

/// Whether `value` satisfies the part of draft-07 that our schema uses.
bool satisfies(const Json& value, const Json& schema) {
    if (schema.contains("const") && value != schema["const"]) return false;
    if (schema.contains("enum")) {
        const Json& names = schema["enum"];
        if (std::find(names.begin(), names.end(), value) == names.end()) return false;
    }
    if (schema.contains("type")) {
        const std::string type = schema["type"];
        if (type == "integer" && !value.is_number_integer()) return false;
        if (type == "string" && !value.is_string()) return false;
        if (type == "object" && !value.is_object()) return false;
    }
    if (schema.contains("minimum") && value < schema["minimum"]) return false;
    if (schema.contains("maximum") && value > schema["maximum"]) return false;
    if (schema.contains("pattern") && !fits(value, schema["pattern"])) return false;
    for (const Json& key : schema.value("required", Json::array())) {
        if (!value.contains(key.get<std::string>())) return false;
    }
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [key, part] : properties.items()) {
        if (value.contains(key) && !satisfies(value[key], part)) return false;
    }
    return true;
}

std::size_t matches(const Json& line, const Json& schema) {
    std::size_t count = 0;
    for (const auto& [name, part] : schema["definitions"].items()) {
        if (satisfies(line, part)) ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("every line of a trace satisfies exactly one part of the schema") {
    const Json schema = Json::parse(trace_schema());
    Header header = tests::header_of(Level::all);
    header.window = Window{};
    const std::string text = tests::trace_text(header, tests::sample_run(5 * kind_count, 31));

    CHECK(schema["oneOf"].size() == kind_count + 2);
    CHECK(schema["definitions"].size() == kind_count + 2);
    for (const std::string& line : tests::lines_of(text)) {
        CAPTURE(line);
        CHECK(matches(Json::parse(line), schema) == 1);
    }
}

TEST_CASE("the schema knows every key that a line has") {
    const Json schema = Json::parse(trace_schema());
    const std::string text =
        tests::trace_text(tests::header_of(Level::all), tests::sample_run(5 * kind_count, 32));

    for (const std::string& text_line : tests::lines_of(text)) {
        const Json line = Json::parse(text_line);
        const std::string name = line.value("kind", line.value("record", ""));
        for (const auto& [key, value] : line.items()) {
            CAPTURE(text_line);
            CHECK(schema["definitions"][name]["properties"].contains(key));
        }
    }
}

TEST_CASE("a line that the table does not allow breaks the schema") {
    const Json schema = Json::parse(trace_schema());
    static constexpr const char* broken[] = {
        R"({"id":0,"t_ns":0,"kind":"server_started"})",
        R"({"id":0,"t_ns":0,"kind":"server_started","node":-1})",
        R"({"id":0,"t_ns":0,"kind":"server_started","node":65536})",
        R"({"id":0,"t_ns":0.5,"kind":"server_started","node":1})",
        R"({"id":0,"t_ns":0,"kind":"timer","node":1,"timer":"unheard_of"})",
        R"({"id":0,"t_ns":0,"kind":"ack","node":1,"zxid":"12"})",
        R"({"id":0,"t_ns":0,"kind":"unheard_of","node":1})",
        R"({"record":"end"})",
    };

    for (const char* const line : broken) CHECK(matches(Json::parse(line), schema) == 0);
}

TEST_CASE("the reference page has every kind and every key") {
    const std::string page = trace_reference();

    for (const Row& row : rows()) {
        CHECK(page.find("\n### " + std::string(row.name) + "\n") != std::string::npos);
        for (const Field& field : {row.node, row.peer, row.detail, row.a, row.b, row.c}) {
            if (field.form == Form::absent) continue;
            CHECK(page.find("| `" + std::string(field.key) + "` |") != std::string::npos);
        }
    }
    for (const char* const key : {"id", "t_ns", "cause", "held_by", "wait_ns", "timer_ns"}) {
        CHECK(page.find("| `" + std::string(key) + "` |") != std::string::npos);
    }
}

}  // namespace trace
