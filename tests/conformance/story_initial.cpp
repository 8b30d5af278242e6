#include "tests/conformance/story.hpp"

#include <algorithm>

namespace conformance {

// An initial state in words, or server by server: "3 voters, a quorum of 2 started".

using sim::json::Value;

namespace {

const char* const runs =
    "(?:is |are |in |form |part of |the |an? )*(?:up|started|running|quorum|on|online|(?:in )?"
    "(?:the )?quorum)(?: first)?";
const char* const is_off =
    "(?:is |are |was |has |never |not |yet |been )*(?:down|off|offline|absent|stopped|"
    "not (?:yet )?started|never started|not running|joins later|starts later|started later)";

void put(std::vector<sim::json::Member>& all, const char* key, Value value) {
    const auto told =
        std::find_if(all.begin(), all.end(), [key](const auto& one) { return one.key == key; });
    if (told == all.end()) return all.push_back(sim::json::member(key, std::move(value)));
    if (sim::json::compact(told->value) != sim::json::compact(value)) {
        throw Refused(std::string("initial tells twice of ") + key);
    }
}

Value numbers(const std::vector<std::uint64_t>& all) {
    std::vector<Value> elements;
    for (const std::uint64_t one : all) elements.push_back(sim::json::number(one));
    return sim::json::array(std::move(elements));
}

/// `{"1,2": "quorum", "3": "down"}`: how many there are, and who is down.
bool put_states(std::vector<sim::json::Member>& all, const Value& nodes) {
    std::vector<std::uint64_t> up, down;
    for (const auto& [key, place, value] : nodes.members) {
        static const std::regex names(
            "(?:(?:nodes?|servers?|S) ?)?[0-9](?:(?:,|, | and |-|\\.\\.)"
            "[0-9])*");
        if (!is_text(value) || !std::regex_match(key, names)) return false;
        const bool is_up = std::regex_match(value.text, compiled(runs));
        if (!is_up && !std::regex_match(value.text, compiled(is_off))) return false;
        for (const std::uint64_t one : numbers_in(key)) (is_up ? up : down).push_back(one);
    }
    if (nodes.members.empty()) return false;
    put(all, "nodes", sim::json::number(up.size() + down.size()));
    if (!down.empty()) put(all, "down", numbers(down));
    return true;
}

/// "3 voters", "a quorum of 2 started", "2 of 3 started", "3 servers, 2 started".
bool put_config(std::vector<sim::json::Member>& all, const std::string& words) {
    static const std::string count = "([0-9]|two|three|four|five)";
    static const std::regex servers("(?:an? )?(?:ensemble of )?" + count +
                                    "(?:-node| |-server )?(?: ?(?:voters?|servers?|nodes?|"
                                    "participants?|members?|peers?|ensemble))");
    static const std::regex some("(?:only )?(?:an? |the )?(?:quorum of |quorum: )?" + count +
                                 "(?: of (?:them|" + count +
                                 "))?(?: (?:voters?|servers?|nodes?))? "
                                 "(?:are |is )?(?:started|up|running)");
    for (const std::string& part : split_at(words, "[,;] *(?:of which |but |and )?|: ")) {
        std::smatch found;
        if (std::regex_match(part, found, servers)) {
            put(all, "nodes", sim::json::number(*count_in(found[1])));
        } else if (std::regex_match(part, found, some)) {
            if (found[2].matched) put(all, "nodes", sim::json::number(*count_in(found[2])));
            put(all, "started", sim::json::number(*count_in(found[1])));
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

Value story_initial(const Value& initial) {
    static const std::regex who_runs(
        "(?:only )?(?:(?:nodes?|servers?) )?((?:[0-9](?:, ?| and ))*[0-9])");
    std::vector<sim::json::Member> all;
    for (const sim::json::Member& one : initial.members) {
        const auto& [key, place, value] = one;
        std::smatch found;
        if (key == "nodes" && value.is(Value::Kind::object) && put_states(all, value)) continue;
        const bool is_config = key == "config" || key == "ensemble" || key == "nodes" ||
                               key == "servers" || key == "cluster";
        if (is_config && is_text(value) && put_config(all, value.text)) continue;
        const bool is_started = key == "started" || key == "running" || key == "up";
        if (is_started && is_text(value) && std::regex_match(value.text, found, who_runs)) {
            const auto told = numbers_in(found[1]);
            const bool is_count = found[1].length() == 1;  // "started": "2"
            put(all, "started", is_count ? sim::json::number(told.front()) : numbers(told));
            continue;
        }
        if (key == "quorum" && value.is(Value::Kind::array)) {
            put(all, "started", value);
        } else if (key == "running" || key == "up") {
            put(all, "started", value);
        } else {
            all.push_back(one);
        }
    }
    return sim::json::object(std::move(all));
}

}  // namespace conformance
