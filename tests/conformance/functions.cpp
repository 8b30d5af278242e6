#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

namespace {

using Kind = Value::Kind;

zab::NodeId shifted(std::uint64_t id, std::uint16_t shift) {
    return {static_cast<std::uint16_t>(server_id(id) + shift)};
}

/// "5 voters", "majority of 5", "voters 1..5, observers 6 and 7".
zab::Config config_in_words(const std::string& words) {
    static const Regex count(
        "^(?:majority,? )?(?:of )?([0-9]+)(?: voters| servers)?"
        "(?:, majority)?$");
    static const Regex listed("voters:? ([0-9., and]+?)(?:[,;]? observers:? ([0-9., and]+))?");
    zab::Config out;
    Match found;
    const auto push = [](std::uint64_t id, std::vector<zab::NodeId>& to) {
        to.push_back(shifted(id, 0));
    };
    if (regex_match(words, found, count)) {
        const std::size_t voters = bounded(std::stoull(found[1]), most_servers, "voters");
        for (std::size_t i = 0; i < voters; ++i) push(i, out.voters);
    } else if (regex_match(words, found, listed)) {
        for (const std::uint64_t id : numbers_in(found[1])) push(id, out.voters);
        for (const std::uint64_t id : numbers_in(found[2])) push(id, out.observers);
    } else {
        throw Refused("config: " + words);
    }
    return out;
}

/// "4 and 5: 0, others 1", "all 1": as a table.
Value weights_in_words(const std::string& words, const zab::Config& config) {
    static const Regex one(
        "(?:(?:of|server|servers|node|nodes) )*([0-9]+(?:(?:, ?| and |\\.\\.)[0-9]+)*|all "
        "others|others|"
        "(?:the )?rest|all|each|every server)(?: have| has| is| are)?(?::| =|=)? ?"
        "(?:weight )?([0-9]+)");
    Value table = sim::json::object();
    for (const std::string& part : split_at(words, "; *|, *(?=[a-z])|, *(?=[0-9]+ ?[:=])")) {
        Match found;
        if (!regex_match(part, found, one)) throw Refused("weights: " + words);
        const Value weight = sim::json::number(std::stoull(found[2]));
        const std::string who = found[1];
        const bool is_rest = who.find_first_of("0123456789") == std::string::npos;
        for (const std::uint64_t id : numbers_in(who)) {
            table.members.push_back(sim::json::member(std::to_string(id), weight));
        }
        for (const zab::NodeId voter : config.voters) {
            const std::string key = std::to_string(voter.value);
            if (is_rest && !table.find(key))
                table.members.push_back(sim::json::member(key, weight));
        }
    }
    return table;
}

/// "counted": [1, 2]: the voters with a weight among those that have acknowledged.
void check_counting(const Value& told, const zab::Config& config, const zab::NodeSet& acks,
                    Verdict& verdict) {
    const auto weighs = [&config](zab::NodeId id) {
        const auto& weights = config.groups.weights;
        const auto found =
            std::ranges::find_if(weights, [&](auto& one) { return one.voter == id; });
        return found == weights.end() || found->weight > 0;
    };
    std::string wanted, got;
    for (const zab::NodeId id : ids(told, "counted")) wanted += std::to_string(id.value) + " ";
    for (const zab::NodeId id : config.voters) {
        if (acks.contains(id) && weighs(id)) got += std::to_string(id.value) + " ";
    }
    verdict.check("counted", wanted, got);
}

}  // namespace

zab::Config config_of(const Value& initial, std::uint16_t shift) {
    const Value* config = initial.find("config");
    const Value& from = config != nullptr && config->is(Kind::object) ? *config : initial;
    zab::Config out;
    const auto take = [shift](const Value* list, std::vector<zab::NodeId>& to) {
        if (list == nullptr) return;
        for (const zab::NodeId id : ids(*list, "servers")) to.push_back(shifted(id.value, shift));
        std::sort(to.begin(), to.end());
    };
    const Value* voters = first_of(from, {"voters", "participants"});
    if (voters != nullptr && voters->is(Kind::number)) {
        const std::uint64_t count = bounded(number(*voters, "voters"), most_servers, "voters");
        for (std::uint64_t i = 0; i < count; ++i) out.voters.push_back(shifted(i, shift));
    } else {
        take(voters, out.voters);
    }
    take(from.find("observers"), out.observers);
    if (const Value* groups = from.find("groups")) {
        for (const sim::json::Member& group : groups->members) {
            take(&group.value, out.groups.groups.emplace_back());
            for (const zab::NodeId id : out.groups.groups.back()) {
                if (voters == nullptr) out.voters.push_back(id);
            }
        }
        std::sort(out.voters.begin(), out.voters.end());
        // A group may hold observers, too.
        std::erase_if(out.voters, [&out](zab::NodeId id) {
            return std::ranges::find(out.observers, id) != out.observers.end();
        });
    }
    if (const Value* told = from.find("weights")) {
        const Value read = is_text(*told) ? weights_in_words(told->text, out) : *told;
        const Value* weights = &read;
        for (const sim::json::Member& one : weights->members) {
            out.groups.weights.push_back(
                {shifted(std::stoul(one.key), shift),
                 static_cast<std::uint32_t>(number(one.value, "a weight"))});
        }
        if (out.groups.groups.empty()) out.groups.groups.push_back(out.voters);
    }
    const Value* quorum = from.find("quorum");
    if (quorum != nullptr && quorum->text != "majority" && quorum->text != "hierarchical") {
        throw Refused("quorum: " + quorum->text);
    }
    return out;
}

zab::Config rule_of(const Value& initial) {
    const Value* config = initial.find("config");
    const bool is_said = config != nullptr && is_text(*config);
    return is_said ? config_in_words(config->text) : config_of(initial, 0);
}

std::optional<Verdict> judge_quorum(const Case& one) {
    const Value* acks = first_of(one.stimulus, {"acks", "ackSet", "ackset"});
    if (acks == nullptr) return std::nullopt;
    only("initial", one.initial, {"config", "voters", "observers", "groups", "weights", "quorum"});
    only("expected", one.expected, {"quorum", "containsQuorum", "counted", "counting"});
    const zab::Config config = rule_of(one.initial);
    zab::NodeSet set;
    if (is_text(*acks)) {
        const auto said = numbers_in(acks->text);
        static const char* const known =
            "acks?|of|from|by|servers?|nodes?|voters?|and|to|none|empty";
        if (!made_of(regex_replace(acks->text, compiled("[{}\\[\\]]"), ""), known)) {
            throw Refused("acks: " + acks->text);
        }
        if (said.empty() && !is_nothing(*acks)) throw Refused("acks: " + acks->text);
        for (const std::uint64_t id : said) set.insert(shifted(id, 0));
    }
    for (const zab::NodeId id : ids(*acks, "acks")) set.insert(id);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (key.starts_with("count")) {
            check_counting(value, config, set, verdict);
            continue;
        }
        verdict.check(key, truth(value, key),
                      zab::Quorum(config.voters, config.groups).is_quorum(set));
    }
    return verdict;
}

}  // namespace conformance
