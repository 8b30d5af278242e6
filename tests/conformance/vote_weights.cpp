#include "tests/conformance/vote_weights.hpp"

#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <map>

namespace conformance {

// What two votes weigh, in words.

namespace {

using Kind = Value::Kind;

/// Who weighs, for a regular expression: a name or a number, and the number behind a name.
const std::string who_weighs =
    "(?:(?:the|both|server|node|sid|id|leader|voter|peer|vote) )*"
    "(candidate|new|challenger|proposed|current|cur|old|own|holder|held|incumbent|all|each|every|"
    "everybody|everyone|any|others|rest|[0-9]+)"
    "(?: (?:other|one|vote|votes|server|servers|node|nodes|peer|peers|voter|voters|sid|sids|leader|"
    "leaders|holder|candidate)(?:'s)?)*( [0-9]+)?(?:'s)?";
const std::string weight_pattern = "([0-9]{1,6}|zero|one)";

struct Weights {
    std::map<std::uint16_t, std::uint32_t> of;  ///< Those that are named.
    std::optional<std::uint32_t> all, rest;
};

/// One part of what is told: of whom, and how much.
class Reader {
  public:
    Reader(std::string words, const zab::Vote& candidate, const zab::Vote& held)
        : words_(std::move(words)), candidate_(candidate), held_(held) {}

    /// False: it says nothing of weights.
    bool read_all() {
        if (!says(words_, "weigh")) return false;
        static const Regex opening("^(?:(?:with|the) )?weights?: *", Regex::icase);
        const std::string told = regex_replace(words_, opening, "");
        for (const std::string& part : split_at(told, " *[,;] *(?:(?:and|but) )?| (?:and|but) ")) {
            read(part);
        }
        return true;
    }
    zab::Config config() const {
        zab::Config out;
        out.voters = {{0}, {1}, {2}};
        for (const zab::NodeId node : {candidate_.leader, held_.leader}) add(node, out);
        for (const auto& [id, weight] : weights_.of) add({id}, out);
        out.groups.groups = {out.voters};
        for (const zab::NodeId node : out.voters) {
            const auto found = weights_.of.find(node.value);
            const std::uint32_t weight = found != weights_.of.end()
                                             ? found->second
                                             : weights_.all.value_or(weights_.rest.value_or(1));
            out.groups.weights.push_back({node, weight});
        }
        return out;
    }

  private:
    static void add(zab::NodeId node, zab::Config& out) {
        for (const zab::NodeId other : out.voters) {
            if (other == node) return;
        }
        out.voters.push_back(node);
    }
    [[noreturn]] void refuse() const { throw Refused("config: " + words_); }

    void read(const std::string& part) {
        static const Regex equal(
            "(?:(?:all|every|each|the|no|of|servers?|nodes?|voters?|are|is|weights?|weighs?|have) "
            ")*(?:(?:uniform|equal|identical|default|unit|the same|same) ?(?:weights?)?|equally|"
            "alike)|(?:(?:with|without|no|any|server|voter|group) )+weights|unweighted",
            Regex::icase);
        static const Regex told("(?:(?:only|weights?|that|of|for) )*" + who_weighs +
                                    "(?:,? ?(?:weights|weight|weighs|weigh|has|have|is|are|an?|"
                                    "the|of|with|to|equals?|all|=|:) ?)* ?" +
                                    weight_pattern,
                                Regex::icase);
        static const Regex before("(?:with |an? |only |weights? |of |= )*" + weight_pattern +
                                      " (?:weight )?(?:for|to|of|at|on) " + who_weighs,
                                  Regex::icase);
        static const Regex none("(?:only )?" + who_weighs +
                                    " (?:(?:is|are|has|have) )?(?:without(?: any| an?)?|no|"
                                    "zero|weightless|unweighted)(?: weights?)?",
                                Regex::icase);
        static const Regex none_of("(?:zero|no) weights?(?::| for| of| on| has)? ?" + who_weighs,
                                   Regex::icase);
        static const Regex weights_all("weights (?:(?:are|all|is|=|:|of) )*" + weight_pattern,
                                       Regex::icase);
        Match found;
        if (regex_match(part, equal)) {
            take_all(1);
        } else if (regex_match(part, found, weights_all)) {
            take_all(weight_of(found[1]));
        } else if (regex_match(part, found, none) || regex_match(part, found, none_of)) {
            take(found[1], found[2], 0);
        } else if (regex_match(part, found, before)) {
            take(found[2], found[3], weight_of(found[1]));
        } else if (regex_match(part, found, told)) {
            const std::uint32_t weight = weight_of(found[3]);
            // Then the others' would be another one.
            if (says(part, "\\bonly\\b") && weight != 0) refuse();
            take(found[1], found[2], weight);
        } else {
            refuse();
        }
    }
    static std::uint32_t weight_of(const std::string& told) {
        if (told == "zero") return 0;
        return static_cast<std::uint32_t>(*count_in(told));
    }
    void take_all(std::uint32_t weight) {
        const bool is_other = weights_.all && *weights_.all != weight;
        if (is_other || !weights_.of.empty()) refuse();
        weights_.all = weight;
    }
    void take(const std::string& who, const std::string& number, std::uint32_t weight) {
        if (says(who, "^(others|rest)$")) {
            if (weights_.rest || weights_.all) refuse();
            weights_.rest = weight;
            return;
        }
        if (says(who, "^(all|each|every|everybody|everyone|any)$")) {
            if (!number.empty()) refuse();
            return take_all(weight);
        }
        const bool is_named = !says(who, "[0-9]");
        const bool is_new = says(who, "^(candidate|new|challenger|proposed)$");
        const zab::NodeId node = !is_named ? zab::NodeId{server_id(std::stoull(who))}
                                 : is_new  ? candidate_.leader
                                           : held_.leader;
        // "candidate 8" is the server that the vote is for.
        const bool is_other = !number.empty() && (!is_named || std::stoull(number) != node.value);
        if (is_other || weights_.all) refuse();
        const auto [known, is_first] = weights_.of.emplace(node.value, weight);
        if (!is_first && known->second != weight) refuse();
    }

    std::string words_;
    const zab::Vote& candidate_;
    const zab::Vote& held_;
    Weights weights_;
};

/// {"new": 0, "current": 1}, "candidateWeight": 0: as words.
std::string in_words(const Value& initial) {
    static const Regex of_one(
        "(new|candidate|challenger|current|holder)Weight|weightOf(?:The)?(New|Candidate|"
        "Challenger|Current|Holder)");
    std::string words;
    const auto say = [&words](const std::string& who, const Value& weight) {
        words += fmt::format("{}weight of {} = {}", words.empty() ? "" : ", ", who,
                             number(weight, "a weight"));
    };
    Match found;
    for (const sim::json::Member& one : initial.members) {
        if (regex_match(one.key, found, of_one)) {
            say(found[1].str() + found[2].str(), one.value);
        }
    }
    const Value* table = first_of(initial, {"weights", "weight"});
    if (table == nullptr) return words;
    // By their numbers others read them.
    if (!table->is(Kind::object) || table->members.empty()) return words;
    for (const sim::json::Member& one : table->members) {
        if (says(one.key, "^[0-9]+$")) return words;
    }
    for (const sim::json::Member& one : table->members) say(one.key, one.value);
    return words;
}

}  // namespace

std::optional<zab::Config> weights_told(const Value& initial, const zab::Vote& candidate,
                                        const zab::Vote& held) {
    const Value* config = initial.find("config");
    std::string words = in_words(initial);
    if (words.empty() && config != nullptr && is_text(*config)) {
        words = config->text;
    } else if (!words.empty() && config != nullptr && is_text(*config)) {
        throw Refused("config: " + config->text);  // Which of them?
    }
    Reader reader(words, candidate, held);
    if (!reader.read_all()) return std::nullopt;
    return reader.config();
}

}  // namespace conformance
