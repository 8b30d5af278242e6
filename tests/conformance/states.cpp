#include "tests/conformance/states.hpp"

#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <algorithm>

namespace conformance {

namespace {

/// A state, or an event with its type ("None", as it concerns no node) and its state.
std::string state_in(const Value& event) {
    if (is_text(event)) return event.text;
    std::string state;
    for (const Value& part : event.elements) {
        if (part.text == "None" || is_nothing(part)) continue;
        if (!state.empty() || !is_text(part)) throw Refused("an event: " + part.text);
        state = part.text;
    }
    if (state.empty()) throw Refused("an event without a state");
    return state;
}

std::uint64_t duplicates_in(const States& states) {
    std::uint64_t count = 0;
    for (std::size_t i = 1; i < states.size(); ++i) count += states[i] == states[i - 1] ? 1u : 0u;
    return count;
}

}  // namespace

bool check_reports(const std::string& words, const States& states, Verdict& verdict) {
    static const Regex form(
        "(SyncConnected|Disconnected|Expired)(?: (?:is|was|event|state|reported|seen|told|comes))*"
        "(?: (?:only|exactly|just))? (once|twice|[0-9]+ times|never)");
    static const Regex no_twice(
        "no (?:duplicates?|duplicated? (?:states?|events?|reports?)|(?:state|event)s?(?: is)?"
        "(?: reported)? twice)(?: in a row)?");
    static const Regex counted(
        "(?:exactly |only |just )?(one|two|three|no|[0-9]+) (SyncConnected|Disconnected|Expired)"
        "(?: (?:events?|reports?|states?))?(?: only)?");
    Match found;
    if (regex_match(words, found, counted)) {
        const std::size_t wanted = found[1] == "no" ? 0 : count_in(found[1]).value();
        const auto got = std::count(states.begin(), states.end(), found[2].str());
        verdict.check(words, std::to_string(wanted), std::to_string(got));
        return true;
    }
    if (regex_match(words, no_twice)) {
        verdict.require(words, duplicates_in(states) == 0);
        return true;
    }
    if (!regex_match(words, found, form)) return false;
    const auto count = std::count(states.begin(), states.end(), found[1].str());
    const std::string times = split_at(found[2], " ").front();
    const std::size_t wanted = times == "never" ? 0 : count_in(times).value();
    verdict.check(words, std::to_string(wanted), std::to_string(count));
    return true;
}

namespace {

void check_states(const std::string& key, const Value& value, const States& states,
                  Verdict& verdict) {
    if (is_text(value) && check_reports(value.text, states, verdict)) return;
    std::vector<std::string> wanted;
    static const Regex each(
        "[;,] each (?:state )?(?:reported )?(?:only |exactly |just )?once$|"
        " \\(each (?:state )?(?:reported )?(?:only |exactly |just )?once\\)$");
    static const Regex never_twice(
        "[;,] (?:(?:and )?(?:none|no (?:state|event))(?: is| reported)* (?:twice|repeated|"
        "duplicated)|(?:without|no) (?:any )?duplicates?)$");
    std::string words = value.text;
    if (is_text(value) && regex_search(words, never_twice)) {
        words = regex_replace(words, never_twice, "");
        for (const std::string& one : states) {
            verdict.require(value.text, std::count(states.begin(), states.end(), one) == 1);
        }
    }
    if (is_text(value) && contains(words, "each .*once\\)?$")) {
        words = regex_replace(words, each, "");
        for (const std::string& one : states) {
            verdict.require(value.text, std::count(states.begin(), states.end(), one) == 1);
        }
    }
    if (is_text(value)) wanted = split_at(words, " *-> *|, *(?:then )?| then |; *");
    for (const Value& one : value.elements) wanted.push_back(state_in(one));
    static const Regex counted(
        "(?:exactly |only |just )?(?:one|1|an?|a single|single) "
        "(SyncConnected|Disconnected|Expired)"
        "(?: (?:event|report|state))?");
    static const Regex remarked("([A-Z][A-Za-z]+) \\(?((?:only |exactly |just )?once)\\)?");
    for (std::string& one : wanted) {
        Match found;
        if (regex_match(one, found, counted)) {
            check_reports("one " + found[1].str(), states, verdict);
            one = std::string(found[1]);
        }
        if (!regex_match(one, found, remarked)) continue;
        check_reports(found[1].str() + " " + found[2].str(), states, verdict);
        one = std::string(found[1]);
    }
    const auto listed = [](const std::vector<std::string>& names) {
        std::string all;
        for (const std::string& name : names) all += name + " ";
        return all;
    };
    verdict.check(key, listed(wanted), listed(states));
}

void check_duplicates(const std::string& key, const Value& value, const States& states,
                      Verdict& verdict) {
    const bool is_none = is_nothing(value) || value.text == "false";
    verdict.check(key, std::to_string(is_none ? 0 : number(value, key)),
                  std::to_string(duplicates_in(states)));
}

}  // namespace

std::optional<std::string> state_called(const std::string& key) {
    if (key == "disconnected") return "Disconnected";  // "expired" is said of other things, too.
    const bool is_one = contains(key, "^(?:SyncConnected|Disconnected|Expired)$");
    return is_one ? std::optional(key) : std::nullopt;
}

bool check_story(const std::string& words, const States& states, Verdict& verdict) {
    const auto parts = split_at(words, ",? (?:and )?then |[,;] *(?:and )?(?:finally )?");
    const auto is_known = [&states](const std::string& part) {
        Verdict unused;
        return state_called(part) || check_reports(part, states, unused);
    };
    const bool tells_reports = std::any_of(parts.begin(), parts.end(), [&](const auto& part) {
        return !state_called(part) && is_known(part);
    });
    if (!tells_reports || !std::all_of(parts.begin(), parts.end(), is_known)) return false;
    for (const std::string& part : parts) {
        if (check_reports(part, states, verdict)) continue;
        verdict.require(part, !states.empty() && states.back() == *state_called(part));
    }
    return true;
}

void check_client_end(const std::string& words, std::optional<zab::Duration> ended_after,
                      std::uint64_t timeout_ms, Verdict& verdict) {
    static const Regex ended(
        "(?:its )?(?:session )?(?:is )?(not |never )?(?:[Ee]xpired|[Ee]xpires|SESSIONEXPIRED)(?: "
        "(?:by|of) itself)?(?: (.*))?");
    static const Regex bound(
        "(?:and |but )?(?:(?:only )?(after|not before|within|before|by|in))? ?"
        "(>=|>|<=|<|at least|at most|more than|less than)? ?(?:([0-9]+) ?\\*? ?)?"
        "(?:the |its )?(?:session )?(?:[Tt]imeouts?)");
    Match found, limit;
    const auto parts = split_at(words, ", *| and ");
    std::string rest = parts.front();
    if (!regex_match(rest, found, ended)) throw Refused("client: " + words);
    verdict.check(words, !found[1].matched, ended_after.has_value());
    if (found[1].matched || !ended_after) return;
    std::vector<std::string> bounds(parts.begin() + 1, parts.end());
    if (found[2].matched) bounds.insert(bounds.begin(), found[2].str());
    for (const std::string& one : bounds) {
        if (!regex_match(one, limit, bound)) throw Refused("client: " + one);
        const std::int64_t times = limit[3].matched ? std::stol(limit[3]) : 1;
        const zab::Duration told = zab::milliseconds(times * static_cast<std::int64_t>(timeout_ms));
        if (!limit[1].matched && !limit[2].matched) throw Refused("client: " + one);
        const std::string sign = limit[2];
        const bool is_most =
            sign.empty() ? says(limit[1], "within|^before|by|in") : says(sign, "<|most|less");
        verdict.require(one, is_most ? *ended_after <= told : *ended_after >= told);
    }
}

bool is_about_states(const std::string& key) {
    return says(key,
                "^(client ?|watcher ?|keeper ?|reported ?|observed ?)?(states?( ?(events|changes|"
                "order|sequence|reports|seen))?|events|watcher|sequence|state ?trace)$");
}

namespace {

bool are_states(const Value& value) {
    return !value.elements.empty() &&
           std::all_of(value.elements.begin(), value.elements.end(), [](const Value& one) {
               return contains(one.text, "^(?:SyncConnected|Disconnected|Expired)\\b");
           });
}

}  // namespace

bool check_state_key(const std::string& key, const Value& value, const States& states,
                     Verdict& verdict) {
    if (is_about_states(key) || (key == "results" && are_states(value))) {
        check_states(key, value, states, verdict);
        return true;
    }
    static const Regex at_end("(?:the |state |event )?(first|last|final)(?: ?(?:state|event))?",
                              Regex::icase);
    if (Match found;
        regex_match(key, found, at_end) && is_text(value) && state_called(value.text)) {
        const bool is_first = says(found[1], "first");
        const std::string got = states.empty() ? "nothing"
                                : is_first     ? states.front()
                                               : states.back();
        verdict.check(key, value.text, got);
        return true;
    }
    const bool is_repeat = says(key, "^(repeat|repeats|repeated|reported|reports|notes?)$");
    if (key == "duplicates" || (is_repeat && is_nothing(value))) {
        check_duplicates(key, value, states, verdict);
        return true;
    }
    const auto state = state_called(key);
    if (!is_repeat && !state) return false;
    if (is_repeat && !is_text(value)) throw Refused("expected." + key);
    const std::string told = !state           ? value.text
                             : is_text(value) ? *state + " " + value.text
                                              : *state + " " + value.text + " times";
    if (!check_reports(told, states, verdict)) throw Refused("expected." + key);
    return true;
}

}  // namespace conformance
