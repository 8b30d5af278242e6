#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <regex>

namespace conformance {

using Kind = Value::Kind;

bool says(const std::string& words, const std::string& pattern) {
    return std::regex_search(words, std::regex(pattern, std::regex::icase));
}

std::string without_asides(const std::string& words) {
    static const std::regex aside(" *\\((?!s[0-9]+\\)|cxid |0x)[^)]*\\)", std::regex::icase);
    return std::regex_replace(words, aside, "");
}

void only(std::string_view where, const Value& value,
          std::initializer_list<std::string_view> known) {
    for (const sim::json::Member& one : value.members) {
        if (std::find(known.begin(), known.end(), one.key) == known.end()) {
            throw Refused(fmt::format("{}.{}", where, one.key));
        }
    }
}

const Value* first_of(const Value& value, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        if (const Value* found = value.find(name)) return found;
    }
    return nullptr;
}

std::uint64_t number_or(const Value& value, std::string_view key, std::uint64_t otherwise) {
    const Value* found = value.find(key);
    return found == nullptr ? otherwise : number(*found, key);
}

bool is_on(const Value& value, std::string_view what) {
    if (value.is(Kind::boolean)) return value.text == "true";
    if (says(value.text, "^(on|enabled|yes|true|with)\\b")) return true;
    if (says(value.text, "^(off|disabled|no|none|false|without)\\b")) return false;
    throw Refused(fmt::format("{} is neither on nor off", what));
}

bool is_nothing(const Value& value) {
    return value.is(Kind::null) ||
           (is_text(value) && (value.text == "-" || says(value.text, "^(none|n/a|null|no)\\b")));
}

std::vector<zab::Zxid> zxids_of(const Value& value, std::string_view what) {
    if (value.is(Kind::array)) return zxids(value, what);
    if (is_nothing(value)) return {};
    static const std::regex pair("[<\\[(] *([0-9]+) *, *([0-9]+) *[>\\])]");
    std::vector<zab::Zxid> all;
    for (std::sregex_iterator i(value.text.begin(), value.text.end(), pair), end; i != end; ++i) {
        const auto epoch = static_cast<std::uint32_t>(std::stoul((*i)[1]));
        all.push_back(zab::Zxid::of({epoch}, static_cast<std::uint32_t>(std::stoul((*i)[2]))));
    }
    if (!is_text(value) || (all.empty() && !says(value.text, "\\b(empty|nothing|no)\\b"))) {
        throw Refused(fmt::format("{}: which zxids?", what));
    }
    return all;
}

std::vector<std::uint64_t> numbers_in(const std::string& words) {
    static const std::regex one("([0-9]+)(?: *(?:\\.\\.\\.?|-|to) *([0-9]+))?");
    std::vector<std::uint64_t> all;
    for (std::sregex_iterator i(words.begin(), words.end(), one), end; i != end; ++i) {
        const std::uint64_t first = std::stoull((*i)[1]);
        const std::uint64_t last = (*i)[2].matched ? std::stoull((*i)[2]) : first;
        if (last - first > 1'000'000) throw Refused("a range: " + i->str());
        for (std::uint64_t number = first; number <= last; ++number) all.push_back(number);
    }
    return all;
}

std::optional<std::size_t> count_in(const std::string& word) {
    static const std::vector<std::vector<std::string_view>> names = {
        {"one", "first", "1st", "once", "single"},
        {"two", "second", "2nd", "twice"},
        {"three", "third", "3rd", "thrice"},
        {"four", "fourth", "4th"},
        {"five", "fifth", "5th"},
        {"six", "sixth", "6th"},
        {"seven"},
        {"eight"},
        {"nine"},
        {"ten"}};
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (std::find(names[i].begin(), names[i].end(), word) != names[i].end()) return i + 1;
    }
    std::size_t count = 0;
    const char* end = word.data() + word.size();
    const auto [rest, error] = std::from_chars(word.data(), end, count);
    if (error != std::errc{} || rest != end) return std::nullopt;
    return count;
}

}  // namespace conformance
