#include "tests/conformance/phrases.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

bool contains(const std::string& words, const char* pattern) {
    return std::regex_search(words, std::regex(pattern));
}

std::string without_remarks(const std::string& words) {
    static const std::regex remark("\\([^)]*\\)");
    static const std::regex ends("^\\s+|\\s+$");
    return std::regex_replace(std::regex_replace(words, remark, ""), ends, "");
}

std::string plain(const std::string& words) {
    static const std::regex filler("\\b(?:[Tt]he|then|now|also|again|finally|afterwards)\\b ?");
    static const std::regex blanks("\\s+");
    static const std::regex ends("^[\\s.,;]+|[\\s.,;]+$");
    std::string rest = std::regex_replace(without_remarks(words), filler, "");
    rest = std::regex_replace(rest, blanks, " ");
    return std::regex_replace(rest, ends, "");
}

std::vector<std::string> clauses(const std::string& words) {
    static const std::regex separator("\\s*[;,]\\s*(?![0-9])");
    return {std::sregex_token_iterator(words.begin(), words.end(), separator, -1), {}};
}

std::optional<std::pair<std::string, std::string>> halves(const std::string& words) {
    for (const char* between : {";\\s*", ",\\s*(?:and |then |but )*(?![0-9]|[A-Z]\\b)", "\\s\\+\\s",
                                "\\s(?:and then|then|but|while|and)\\s"}) {
        std::smatch found;
        if (!std::regex_search(words, found, std::regex(between))) continue;
        return std::pair{found.prefix().str(), found.suffix().str()};
    }
    return std::nullopt;
}

bool is_negated(const std::string& words) {
    return contains(words, "\\b(?:no|not|never|none|neither|nor|nothing|without|absent)\\b");
}

std::optional<zab::Duration> duration_in(const std::string& words, const zab::Config& config) {
    static const std::regex term(
        "(?:([0-9]+) ?\\* ?)?(initLimit|syncLimit)(?: ?\\* ?tick(?:Time)?| ?ticks?)?|"
        "([0-9]+) ?(ms|milliseconds|s|sec|seconds|min|minutes|ticks?|pings?)\\b");
    const bool counts_pings = contains(words, "\\bpings?\\b");
    zab::Duration sum{};
    bool is_told = false;
    for (std::sregex_iterator i(words.begin(), words.end(), term), end; i != end; ++i) {
        const std::smatch& found = *i;
        is_told = true;
        if (found[2].matched) {
            const std::int64_t times = found[1].matched ? std::stol(found[1]) : 1;
            const std::int64_t limit =
                found[2] == "initLimit" ? config.init_limit : config.sync_limit;
            // A leader pings twice a tick.
            sum = sum + config.tick_time * (times * limit) / (counts_pings ? 2 : 1);
            continue;
        }
        const std::int64_t count = std::stol(found[3]);
        const std::string unit = found[4];
        if (unit.starts_with("ping"))
            sum = sum + config.tick_time * count / 2;
        else if (unit.starts_with("tick"))
            sum = sum + config.tick_time * count;
        else if (unit == "ms" || unit == "milliseconds")
            sum = sum + zab::milliseconds(count);
        else if (unit.starts_with("min"))
            sum = sum + zab::seconds(60 * count);
        else
            sum = sum + zab::seconds(count);
    }
    return is_told ? std::optional(sum) : std::nullopt;
}

void take_settings(const Value& initial, zab::Config& config) {
    const Value* nested = initial.find("config");
    for (const Value* from : {&initial, nested}) {
        if (from == nullptr || !from->is(Value::Kind::object)) continue;
        for (const auto& [key, place, value] : from->members) {
            if (key == "tickMs" || key == "tickTime" || key == "tickTimeMs") {
                config.tick_time = zab::milliseconds(static_cast<std::int64_t>(number(value, key)));
            } else if (key == "initLimit") {
                config.init_limit = static_cast<std::uint32_t>(number(value, key));
            } else if (key == "syncLimit") {
                config.sync_limit = static_cast<std::uint32_t>(number(value, key));
            }
        }
    }
}

std::vector<std::string> paths_in(const std::string& words) {
    static const std::regex path("(/[A-Za-z_/-]*)([0-9]*)(?:\\.\\.+(?:\\1)?/?([0-9]+))?");
    std::vector<std::string> all;
    for (std::sregex_iterator i(words.begin(), words.end(), path), end; i != end; ++i) {
        const std::smatch& found = *i;
        if (!found[3].matched) {
            all.push_back(found.str());
            continue;
        }
        const std::size_t first = found[2].length() == 0 ? 0 : std::stoul(found[2]);
        for (std::size_t n = first; n <= std::stoul(found[3]); ++n) {
            all.push_back(fmt::format("{}{}", found[1].str(), n));
        }
    }
    return all;
}

std::optional<std::size_t> count_named(const std::string& words) {
    static constexpr std::pair<std::string_view, std::size_t> named[] = {
        {"a", 1},    {"one", 1},   {"one more", 1}, {"another", 1}, {"two", 2},
        {"both", 2}, {"three", 3}, {"four", 4},     {"five", 5},    {"ten", 10}};
    for (const auto& [name, count] : named) {
        if (words == name) return count;
    }
    if (words.empty() || !std::all_of(words.begin(), words.end(), ::isdigit)) return std::nullopt;
    return std::stoul(words);
}

}  // namespace conformance
