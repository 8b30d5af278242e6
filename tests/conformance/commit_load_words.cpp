#include "tests/conformance/commit_load.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

namespace conformance {

// What a case says of a load: "10 clients, 25% writes".

namespace {

std::uint64_t percent_in(const std::string& words, std::uint64_t otherwise) {
    static const Regex percent("([0-9]+) ?%( reads?)?");
    static const Regex part("(?:write|update)[A-Za-z]*:? ([0-9.]+)");
    Match found;
    if (regex_search(words, found, percent)) {
        const std::uint64_t said = std::stoull(found[1]);
        return found[2].matched ? 100 - said : said;
    }
    if (regex_search(words, found, part)) {
        const double said = std::stod(found[1]);
        return static_cast<std::uint64_t>(said < 1 ? said * 100 : said);
    }
    if (says(words,
             "reads?[- ]?only|only reads|\\bthen (just |only )?reads?"
             "( only)?( (for|during|over) [0-9]+ ?(s|sec|seconds))?$"))
        return 0;
    if (says(words, "writes?[- ]?only|only writes")) return 100;
    return otherwise;
}

/// "25w/75r" is "25% writes", "8 x 0w/100r" is "8 read-only": as that test logs its loads.
std::string without_shorthand(const std::string& words) {
    static const Regex share("(?:([0-9]+) ?[xX] ?)?([0-9]+) ?w ?/ ?([0-9]+) ?r\\b");
    Match found;
    if (!regex_search(words, found, share)) return words;
    const std::uint64_t writes = std::stoull(found[2]);
    if (writes + std::stoull(found[3]) != 100) throw Refused("load: " + words);
    const bool is_read_only = writes == 0;
    std::string plain = found[1].matched ? found[1].str() + (is_read_only ? " " : " with ") : "";
    plain += is_read_only ? "read-only" : fmt::format("{}% writes", writes);
    return found.prefix().str() + plain + without_shorthand(found.suffix());
}

/// "16 sessions, half of them read only": "8 read-only, 8 with" whatever comes then.
std::string with_halves(const std::string& words) {
    static const Regex form(
        "([0-9]+) (?:clients|sessions),? (?:of which |of whom |and )?(?:one )?half (?:of "
        "(?:them|which|the "
        "(?:clients|sessions)) )?(?:is |are )?(?:read[- ]?only|only reads?|only reading)(?:,? "
        "(?:and )?"
        "(?:the )?(?:other half|others?|rest)(?: of them)?(?: is| are|:)?)?");
    Match found;
    if (!regex_search(words, found, form)) return words;
    const std::uint64_t half = std::stoull(found[1]) / 2;
    if (half * 2 != std::stoull(found[1])) throw Refused("load: " + words);
    return fmt::format("{}{} read-only, {} mixed{}", found.prefix().str(), half, half,
                       found.suffix().str());
}

/// "each client creates its node, then reads only": "one create each, then only reads".
std::string with_own_nodes(const std::string& words) {
    static const Regex form(
        "(?:each|every|all|the) (?:clients?|sessions?|of them)?,? ?(?:first |does |issues |makes |"
        "sends )?(?:creates?|writes?) (?:(?:its|their|an?|one|(two|three|[0-9]+)) )?(?:own )?"
        "z?(?:nodes?|creates?|writes?)");
    static const Regex behind("^(?:([0-9]+) (clients|sessions)): ");
    const std::string told = regex_replace(words, behind, "$1 $2, ");
    Match found;
    if (!regex_search(told, found, form)) return told;
    const std::string count = found[1].matched ? found[1].str() : "one";
    return found.prefix().str() + count + " create each" + found.suffix().str();
}

/// "8 read-only, 8 with 25% writes", "mixed", "10 clients, 25% writes, 75% reads".
void describe(Load& load, const std::string& told) {
    static const Regex bare(
        "(?:run )?(?:an? |the )?(?:random |mixed )?(?:work)?load(?: runs?)?|(?:then "
        ")?(?:stop|end)");
    if (regex_match(told, bare)) return;  // Of the kind that is told elsewhere.
    const std::string words = with_own_nodes(with_halves(without_shorthand(told)));
    static const std::string known =
        "^(run|until)\\b|\\b(clients?|sessions?|mixed|reads?|writes?|commits?|only|[0-9]+ ?s)\\b";
    static const char* const all =
        "runs?|until|for|during|just|many|several|clients?|sessions?|mixed|read|reads|readers?|"
        "write|writes|"
        "writers?|"
        "commits?|"
        "only|s|seconds?|ms|all|are|is|done|end|random|randomly|late|getData|create|creates|"
        "setData|"
        "set|get|per|each|by|at|start|begin|beginning|with|of|in|the|a|an|one|two|and|or|as|fast|"
        "possible|can|requests?|operations?|workload|load|while|interleaved|concurrent(?:ly)?|then|"
        "every|"
        "percent|each|their|first|delayed|delays?|after|order|non-local|local|issue|send|sends?|it";
    if (!says(words, known) || !made_of(regex_replace(words, compiled("[%+/]"), ""), all)) {
        throw Refused("load: " + words);
    }
    static const Regex only_read("([0-9]+) (?:clients? |sessions? )?read[- ]?only");
    static const Regex others("([0-9]+) (?:clients?|sessions?|with|mixed|writers?)");
    Match found;
    std::string rest = words;
    if (regex_search(words, found, only_read)) {
        load.readers = std::stoull(found[1]);
        rest = found.suffix();
    }
    if (regex_search(rest, found, others)) load.sessions = std::stoull(found[1]);
    load.write_percent = percent_in(rest, load.write_percent);
    static const Regex first(
        "\\b(?:(one|two|three|[0-9]+) )?(?:creates?|writes?)(?: (?:per|each|by each)\\b|,? (?:and "
        ")?then )");
    if (regex_search(words, found, first)) load.creates = count_in(found[1]).value_or(1);
}

}  // namespace

Load load_of(const Case& one) {
    Load load;
    for (const auto& [key, place, value] : one.initial.members) {
        const std::string words = value.text;
        if (says(key, "worker|threads?$") && !says(key, "client|session")) continue;
        if (says(key, "read.?only|^readers?$") && value.is(Value::Kind::number)) {
            load.readers = number(value, key);
        } else if (says(key, "client|session|thread|^writers?$|^mixed$") &&
                   value.is(Value::Kind::number)) {
            load.sessions = number(value, key);
        } else if (says(key, "percent|ratio|fraction|^writes$|^reads$")) {
            const std::uint64_t said = percent_in("write " + words, load.write_percent);
            load.write_percent = says(key, "read") ? 100 - said : said;
        } else if (says(key, "client|session|load|mix|request|operation|queued")) {
            // "clients": "10, 25% writes".
            static const Regex count("^([0-9]+)(?=,|;|:|$)");
            const std::string whose = says(key, "client") ? "clients" : "sessions";
            const bool is_count = says(key, "client|session");
            describe(load, is_count ? regex_replace(words, count, "$1 " + whose) : words);
        } else {
            throw Refused("initial." + key);
        }
    }
    for (const std::string& step : texts(one.stimulus, "stimulus")) describe(load, step);
    const std::uint64_t sessions = load.readers + load.sessions;
    if (sessions == 0 || sessions > 1'000 || load.write_percent > 100) {
        throw Refused("so many clients, or such a share of writes");
    }
    return load;
}

}  // namespace conformance
