#include "tests/conformance/case.hpp"

#include "sim/scenario/json_parse.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <charconv>

namespace conformance {

namespace {

using Kind = Value::Kind;

/// Says where in the file something is not of its form.
[[noreturn]] void refuse(const sim::Source& source, const Value& at, std::string reason) {
    sim::Mistakes mistakes;
    mistakes.add({.place = at.place, .reason = std::move(reason)});
    throw Malformed(mistakes.messages({source}).front());
}

const Value& any_member(const sim::Source& source, const Value& value, std::string_view key) {
    const Value* found = value.find(key);
    if (found == nullptr) refuse(source, value, fmt::format("\"{}\" is missing", key));
    return *found;
}

std::string text_member(const sim::Source& source, const Value& value, std::string_view key) {
    const Value& found = any_member(source, value, key);
    if (!found.is(Kind::string)) refuse(source, found, fmt::format("\"{}\" must be a text", key));
    return found.text;
}

}  // namespace

std::vector<Case> cases_of(const std::string& file, const std::string& text) {
    const sim::Source source{file, text};
    sim::Mistakes mistakes;
    const auto root = sim::json::parse(text, 0, mistakes);
    if (!root.has_value()) {
        const auto messages = mistakes.messages({source});
        throw Malformed(messages.empty() ? file + ": no JSON" : messages.front());
    }
    const Value* format = root->find("format");
    const Value* list = root->find("cases");
    if (format == nullptr || format->text != "zk-conformance-1") {
        refuse(source, format == nullptr ? *root : *format,
               "\"format\" must be \"zk-conformance-1\"");
    }
    if (list == nullptr || !list->is(Kind::array)) {
        refuse(source, list == nullptr ? *root : *list, "\"cases\" must be a list");
    }
    std::vector<Case> cases;
    for (const Value& one : list->elements) {
        cases.push_back({text_member(source, one, "id"),
                         text_member(source, one, "area"),
                         text_member(source, one, "source"),
                         text_member(source, one, "level"),
                         any_member(source, one, "initial"),
                         any_member(source, one, "stimulus"),
                         any_member(source, one, "expected"),
                         {}});
    }
    return cases;
}

std::string line_of(const Case& one, bool& passed, Doubts doubts) {
    passed = false;
    try {
        const Verdict verdict = run(one, doubts);
        passed = verdict.is_clean();
        return passed ? "ok " + one.id : "FAIL " + one.id + " " + verdict.text();
    } catch (const Refused& refused) {
        return "FAIL " + one.id + " cannot be interpreted: " + refused.what();
    } catch (const std::out_of_range&) {  // Of std::map::at, std::stoul: they name themselves only.
        return "FAIL " + one.id + " cannot be interpreted: a number is too large, or nobody's";
    } catch (const std::exception& wrong) {
        return "FAIL " + one.id + " cannot be interpreted: " + wrong.what();
    }
}

bool is_text(const Value& value) { return value.is(Kind::string); }

std::uint64_t number(const Value& value, std::string_view what) {
    std::uint64_t parsed = 0;
    const char* end = value.text.data() + value.text.size();
    const bool is_plain = value.is(Kind::number) || value.is(Kind::string);
    const bool is_hex = value.text.starts_with("0x");
    const char* begin = value.text.data() + (is_hex ? 2 : 0);
    const auto [rest, error] = std::from_chars(begin, end, parsed, is_hex ? 16 : 10);
    if (!is_plain || error != std::errc{} || rest != end) {
        throw Refused(fmt::format("{} is no number", what));
    }
    return parsed;
}

std::uint64_t server_number(const Value& value, std::string_view what) {
    static const Regex name("(?:S|sid|server|node|peer)[ -]?([0-9]+)", Regex::icase);
    Match found;
    if (!is_text(value) || !regex_match(value.text, found, name)) return number(value, what);
    return number(sim::json::string(found.str(1)), what);
}

bool truth(const Value& value, std::string_view what) {
    if (!value.is(Kind::boolean)) throw Refused(fmt::format("{} is neither true nor false", what));
    return value.text == "true";
}

zab::Zxid zxid(const Value& value, std::string_view what) {
    if (value.is(Kind::array) && value.elements.size() == 2) {
        const auto epoch = static_cast<std::uint32_t>(number(value.elements[0], what));
        const auto counter = static_cast<std::uint32_t>(number(value.elements[1], what));
        return zab::Zxid::of({epoch}, counter);
    }
    const auto said = is_text(value) ? zxid_in(value.text) : std::nullopt;
    return said.has_value() ? *said : zab::Zxid{number(value, what)};
}

std::vector<zab::Zxid> zxids(const Value& value, std::string_view what) {
    std::vector<zab::Zxid> all;
    if (!value.is(Kind::array)) throw Refused(fmt::format("{} is no list of zxids", what));
    for (const Value& one : value.elements) all.push_back(zxid(one, what));
    return all;
}

std::uint16_t server_id(std::uint64_t id) {
    constexpr std::uint64_t greatest = 65'000;
    if (id > greatest) throw Refused(fmt::format("server {}: ids are at most {}", id, greatest));
    return static_cast<std::uint16_t>(id);
}

std::size_t bounded(std::uint64_t count, std::uint64_t most, std::string_view what) {
    if (count > most) throw Refused(fmt::format("{} {}: at most {}", count, what, most));
    return count;
}

std::vector<zab::NodeId> ids(const Value& value, std::string_view what) {
    std::vector<zab::NodeId> all;
    for (const Value& one : value.elements) {
        all.push_back({server_id(server_number(one, what))});
    }
    return all;
}

std::vector<std::string> texts(const Value& value, std::string_view what) {
    if (is_text(value)) return {value.text};
    std::vector<std::string> all;
    for (const Value& one : value.elements) {
        if (!is_text(one)) throw Refused(fmt::format("{} holds something other than words", what));
        all.push_back(one.text);
    }
    if (!value.is(Kind::array)) throw Refused(fmt::format("{} is no list of words", what));
    return all;
}

std::vector<std::string> split_at(const std::string& words, const std::string& separator) {
    std::vector<std::string> parts = regex_split(words, compiled(separator));
    std::erase(parts, "");
    return parts;
}

const Value& member(const Value& value, std::string_view key) {
    const Value* found = value.find(key);
    if (found == nullptr) throw Refused(fmt::format("\"{}\" is missing", key));
    return *found;
}

std::string text(zab::Zxid zxid) {
    return fmt::format("<{},{}>", zxid.epoch().value, zxid.counter());
}

std::optional<zab::Zxid> zxid_in(const std::string& words) {
    static const Regex pair("<([0-9]+), ?([0-9]+)>");
    static const Regex plain("(?:^|\\s)([0-9]+)(?:\\s|$)");
    Match found;
    if (regex_search(words, found, pair)) {
        const auto epoch = static_cast<std::uint32_t>(std::stoul(found[1]));
        return zab::Zxid::of({epoch}, static_cast<std::uint32_t>(std::stoul(found[2])));
    }
    if (regex_search(words, found, plain)) return zab::Zxid{std::stoull(found[1])};
    return std::nullopt;
}

}  // namespace conformance
