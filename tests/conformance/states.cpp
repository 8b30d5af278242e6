#include "tests/conformance/states.hpp"

#include "tests/conformance/words.hpp"

#include <algorithm>
#include <regex>

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
    static const std::regex form(
        "(SyncConnected|Disconnected|Expired)(?: (?:is|was|event|state|reported|seen|told|comes))*"
        "(?: (?:only|exactly|just))? (once|twice|[0-9]+ times|never)");
    static const std::regex no_twice(
        "no (?:duplicates?|duplicated? (?:states?|events?|reports?)|(?:state|event)s?(?: is)?"
        "(?: reported)? twice)(?: in a row)?");
    std::smatch found;
    if (std::regex_match(words, no_twice)) {
        verdict.require(words, duplicates_in(states) == 0);
        return true;
    }
    if (!std::regex_match(words, found, form)) return false;
    const auto count = std::count(states.begin(), states.end(), found[1].str());
    const std::string times = split_at(found[2], " ").front();
    const std::size_t wanted = times == "never" ? 0 : count_in(times).value();
    verdict.check(words, std::to_string(wanted), std::to_string(count));
    return true;
}

void check_states(const std::string& key, const Value& value, const States& states,
                  Verdict& verdict) {
    if (is_text(value) && check_reports(value.text, states, verdict)) return;
    std::vector<std::string> wanted;
    if (is_text(value)) wanted = split_at(value.text, " *-> *|, *(?:then )?| then |; *");
    for (const Value& one : value.elements) wanted.push_back(state_in(one));
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

bool is_about_states(const std::string& key) {
    return says(key, "^(client ?)?(states?( ?(events|changes|order|sequence|reports))?|events)$");
}

}  // namespace conformance
