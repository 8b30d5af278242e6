#include "tests/conformance/words.hpp"

#include "tests/conformance/regex.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace conformance {

using Kind = Value::Kind;

const Regex& compiled(const std::string& pattern, bool any_case) {
    static std::map<std::pair<std::string, bool>, Regex> all;
    const auto found = all.find({pattern, any_case});
    if (found != all.end()) return found->second;
    const auto how = any_case ? Regex::icase : Regex::as_written;
    return all.emplace(std::pair{pattern, any_case}, Regex(pattern, how)).first->second;
}

bool says(const std::string& words, const std::string& pattern) {
    return regex_search(words, compiled(pattern, true));
}

std::string without_asides(const std::string& words) {
    static const Regex aside(" *\\((?!s[0-9]+\\)|cxid |0x)[^)]*\\)", Regex::icase);
    return regex_replace(words, aside, "");
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
    static const Regex pair(
        "[<\\[(] *([0-9]+) *, *([0-9]+) *[>\\])](?: *\\.\\.\\.? *[<\\[(] *([0-9]+) *, *([0-9]+) "
        "*[>\\])])?");
    std::vector<zab::Zxid> all;
    for (MatchIterator i(value.text, pair), end; i != end; ++i) {
        const auto part = [&i](int group) {
            return static_cast<std::uint32_t>(std::stoul((*i)[static_cast<std::size_t>(group)]));
        };
        const bool is_range = (*i)[3].matched;  // "<0,5>..<0,8>": within one epoch.
        const std::uint32_t last = part(is_range ? 4 : 2);
        if (is_range && (part(3) != part(1) || last < part(2) || last - part(2) > 1'000'000)) {
            throw Refused(fmt::format("{}: the range {}", what, i->str()));
        }
        for (std::uint32_t counter = part(2); counter <= last; ++counter) {
            all.push_back(zab::Zxid::of({part(1)}, counter));
        }
    }
    if (!is_text(value) || (all.empty() && !says(value.text, "\\b(empty|nothing|no)\\b"))) {
        throw Refused(fmt::format("{}: which zxids?", what));
    }
    static const Regex filler("\\b(?:and|then|zxids?|txns?)\\b|[,; ]");
    const std::string rest = regex_replace(regex_replace(value.text, pair, ""), filler, "");
    if (!all.empty() && !rest.empty()) throw Refused(fmt::format("{}: {}", what, value.text));
    return all;
}

std::vector<std::uint64_t> numbers_in(const std::string& words) {
    static const Regex one("([0-9]+)(?: *(?:\\.\\.\\.?|-|to) *([0-9]+))?");
    std::vector<std::uint64_t> all;
    for (MatchIterator i(words, one), end; i != end; ++i) {
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

bool contains(const std::string& words, const char* pattern) {
    return regex_search(words, compiled(pattern));
}

std::string without_remarks(const std::string& words) {
    static const Regex remark("\\([^)]*\\)");
    static const Regex ends("^\\s+|\\s+$");
    return regex_replace(regex_replace(words, remark, ""), ends, "");
}

std::string plain(const std::string& words) {
    static const Regex filler("\\b(?:[Tt]he|then|now|also|again|finally|afterwards)\\b ?");
    static const Regex blanks("\\s+");
    static const Regex ends("^[\\s.,;]+|[\\s.,;]+$");
    std::string rest = regex_replace(without_remarks(words), filler, "");
    rest = regex_replace(rest, blanks, " ");
    return regex_replace(rest, ends, "");
}

std::vector<std::string> clauses(const std::string& words) {
    static const Regex separator("\\s*[;,]\\s*(?![0-9])");
    return regex_split(words, separator);
}

std::optional<std::pair<std::string, std::string>> halves_at(const std::string& words,
                                                             const std::string& between) {
    static const Regex ends_in_name("(?:^|[ ,<{\\[])(?:[A-Z]?[0-9]+|[A-Z])$");
    static const Regex begins_with_name(
        "^(?:(?:follower|node|server|peer|mock) )?"
        "(?:[A-Z]?[0-9]+|[A-Z])\\b.*");
    static const Regex ends_in_value("(?:round|epoch|zxid|version) [0-9]+$");
    const Regex& cut = compiled(between);
    for (MatchIterator i(words, cut), end; i != end; ++i) {
        const std::string first = words.substr(0, i->position());
        const std::string second = words.substr(first.size() + i->str().size());
        const bool is_remark = std::count(first.begin(), first.end(), '(') !=
                               std::count(first.begin(), first.end(), ')');
        const bool is_list = !i->str().starts_with(';') && regex_search(first, ends_in_name) &&
                             !regex_search(first, ends_in_value) &&
                             regex_match(second, begins_with_name);
        if (!first.empty() && !is_remark && !is_list) return std::pair{first, second};
    }
    return std::nullopt;
}

std::optional<std::pair<std::string, std::string>> halves(const std::string& words) {
    for (const char* between : {";\\s*", ",\\s*(?:and |then |but )*", "\\s\\+\\s",
                                "\\s(?:and then|then|but|while|and)\\s"}) {
        if (auto parts = halves_at(words, between)) return parts;
    }
    return std::nullopt;
}

bool is_negated(const std::string& words) {
    return contains(words, "\\b(?:no|not|never|none|neither|nor|nothing|without|absent)\\b");
}

void refuse_denied(const std::string& words) {
    static const char* const opposites =
        "\\b(?:cannot|nobody|nowhere|hardly|fails? to|refuses?|instead|fewer|minority|less than "
        "half|neither|lost|opposite)\\b|n't\\b|\\bno longer\\b";
    if (is_negated(words) || contains(words, opposites)) throw Refused("expected: " + words);
}

namespace {

/// Not so long that sums of times overflow.
std::int64_t count_of(const std::string& digits) {
    if (digits.size() > 7) throw Refused("a time beyond all bounds: " + digits);
    return std::stol(digits);
}

/// A leader pings twice a tick.
zab::Duration unit_named(const std::string& unit, const zab::Config& config) {
    if (unit.starts_with("ping")) return config.tick_time / 2;
    if (unit.starts_with("tick")) return config.tick_time;
    if (unit == "ms" || unit == "milliseconds") return zab::milliseconds(1);
    return zab::seconds(unit.starts_with("min") ? 60 : 1);
}

}  // namespace

std::optional<zab::Duration> duration_in(const std::string& words, const zab::Config& config) {
    static const Regex term(
        "(?:([0-9]+) ?\\* ?)?(initLimit|syncLimit)(?: ?\\* ?tick(?:Time)?| ?ticks?)?|"
        "([0-9]+)(?:\\.([0-9]{1,3}))? "
        "?(ms|milliseconds|s|sec|seconds|min|minutes|ticks?|pings?)\\b|"
        "maxTimeToWaitForEpoch");
    const bool counts_pings = contains(words, "\\bpings?\\b");
    zab::Duration sum{};
    bool is_told = false;
    for (MatchIterator i(words, term), end; i != end; ++i) {
        const Match& found = *i;
        is_told = true;
        if (found[2].matched) {
            const std::int64_t times = found[1].matched ? count_of(found[1]) : 1;
            const std::int64_t limit =
                found[2] == "initLimit" ? config.init_limit : config.sync_limit;
            sum = sum + config.tick_time * (times * limit) / (counts_pings ? 2 : 1);
            continue;
        }
        if (!found[3].matched) {
            sum = sum + config.max_epoch_wait.value_or(config.tick_time * config.init_limit);
            continue;
        }
        const std::string fraction = (found[4].str() + "000").substr(0, 3);
        const zab::Duration unit = unit_named(found[5], config);
        sum = sum + unit * count_of(found[3]) + unit * count_of(fraction) / 1000;
    }
    return is_told ? std::optional(sum) : std::nullopt;
}

const std::string& sum_of_times() {
    static const std::string term =
        "(?:(?:[0-9]+ ?\\* ?)?(?:initLimit|syncLimit)(?: ?\\* ?tick(?:Time)?s?| ?ticks?)?|"
        "maxTimeToWaitForEpoch|"
        "[0-9]+(?:\\.[0-9]{1,3})? ?(?:ms|milliseconds|s|sec|seconds?|min|minutes?|ticks?|pings?))";
    static const std::string sum = term + "(?: ?\\+ ?" + term + ")*";
    return sum;
}

Timed timed_in(const std::string& words, const zab::Config& config) {
    static const Regex tail(
        "(.*?),? ?\\b(only after|not before|within|in less than|less than|in|after|well before|"
        "before|for|no later than|not after|by|not)"
        "(?: (?:the|last|next|first|about|at most|>=?|<=?))* "
        "?((?:[A-Za-z]+ = )?" +
        sum_of_times() + ")");
    static const Regex head("(within " + sum_of_times() + "),? (.*)");
    Match found;
    if (regex_match(words, found, head)) {
        return timed_in(found[2].str() + " " + found[1].str(), config);
    }
    if (!regex_match(words, found, tail)) return {words, "", std::nullopt};
    return {found[1], found[2], duration_in(found[3], config)};
}

bool made_of(const std::string& words, const std::string& known) {
    const Regex& form = compiled("\\b(?:" + known + ")\\b|-?\\b[0-9]+\\b|[,;:.() -]");
    return regex_replace(words, form, "").empty();
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
            } else if (key == "initLimitMs") {
                const auto ms = static_cast<std::int64_t>(number(value, key));
                config.init_limit = static_cast<std::uint32_t>(
                    std::max<std::int64_t>(zab::milliseconds(ms).ns / config.tick_time.ns, 1));
            } else if (key == "syncLimit") {
                config.sync_limit = static_cast<std::uint32_t>(number(value, key));
            } else if (says(key,
                            "^(leader\\.)?(maxTimeToWaitForEpoch|(max)?EpochWait(Time)?|"
                            "waitForEpoch)(Ms)?$")) {
                const auto told = is_text(value) ? duration_in(value.text, config) : std::nullopt;
                config.max_epoch_wait =
                    told ? *told : zab::milliseconds(static_cast<std::int64_t>(number(value, key)));
            }
        }
    }
}

namespace {

/// "/foo3-9": each of its paths, or those next to it.
std::vector<std::string> paths_of_range(const Match& found, bool is_next) {
    const std::size_t first = found[2].length() == 0 ? 0 : std::stoul(found[2]);
    const std::size_t last = std::stoul(found[3]);
    const auto path = [&](std::size_t n) { return fmt::format("{}{}", found[1].str(), n); };
    std::vector<std::string> all;
    if (is_next && first > 0) all.push_back(path(first - 1));
    if (is_next) all.push_back(path(last + 1));
    for (std::size_t n = first; !is_next && n <= last; ++n) all.push_back(path(n));
    return all;
}

std::vector<std::string> paths_told(const std::string& words, bool is_next) {
    static const Regex path("(/[A-Za-z_/-]*)([0-9]*)(?:(?:\\.\\.+(?:\\1)?/?|-)([0-9]+))?");
    std::vector<std::string> all;
    for (MatchIterator i(words, path), end; i != end; ++i) {
        const bool is_range = (*i)[3].matched;
        if (!is_range && !is_next) all.push_back(i->str());
        if (!is_range) continue;
        for (const std::string& one : paths_of_range(*i, is_next)) all.push_back(one);
    }
    return all;
}

}  // namespace

std::vector<std::string> paths_in(const std::string& words) { return paths_told(words, false); }

std::vector<std::string> paths_next_to(const std::string& words) { return paths_told(words, true); }

std::optional<std::size_t> count_named(const std::string& words) {
    if (words == "a" || words == "another" || words == "one more") return 1;
    return words == "both" ? 2 : count_in(words);
}

}  // namespace conformance
