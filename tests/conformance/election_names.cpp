#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <fmt/format.h>

#include <utility>

namespace conformance {

// How servers are called, and how they are to begin.

using Kind = Value::Kind;

namespace {

using Names = std::vector<std::pair<Regex, std::string>>;

void rename(std::string& words, const Names& names) {
    for (const auto& [name, number] : names) words = regex_replace(words, name, number);
}

void rename(Value& value, const Names& names) {
    if (is_text(value)) rename(value.text, names);
    for (Value& one : value.elements) rename(one, names);
    for (sim::json::Member& one : value.members) {
        rename(one.key, names);
        rename(one.value, names);
    }
}

}  // namespace

Case with_numbers(const Case& one) {
    static const Regex letter("[A-Z]");
    Names names{{Regex("\\bS([0-9]+)\\b"), "$1"}};
    const Value* config = one.initial.find("config");
    const Value* voters =
        (config != nullptr && config->is(Kind::object) ? *config : one.initial).find("voters");
    for (std::size_t i = 0; voters != nullptr && i < voters->elements.size(); ++i) {
        const std::string& name = voters->elements[i].text;
        if (!regex_match(name, letter)) continue;
        names.emplace_back(Regex("\\b" + name + "\\b"), std::to_string(i));
    }
    Case numbered = one;
    for (Value* value : {&numbered.initial, &numbered.stimulus, &numbered.expected}) {
        rename(*value, names);
    }
    return numbered;
}

namespace {

/// A list of ids, or of their names.
std::vector<std::uint64_t> numbers_of(const Value& value, const std::string& what) {
    std::vector<std::uint64_t> all;
    if (is_text(value)) return numbers_in(value.text);
    for (const NodeId id : ids(value, what)) all.push_back(id.value);
    return all;
}

}  // namespace

/// "nodes": a state for each, "9 fresh", "1 and 2 up".
void Stage::read_nodes(const Value& nodes) {
    static const Regex fresh("([0-9]+)(?: fresh)?(?: (?:nodes|servers|peers|voters))?");
    const zab::Config& config = cluster->config();
    static const Regex up("([0-9, and]+) (?:are )?(?:up|running|started)");
    Match found;
    if (is_text(nodes) && regex_match(nodes.text, found, up)) {
        started_ = nodes_in(found[1]);
        return start(started_);
    }
    if (is_text(nodes)) {
        const bool is_count = regex_match(nodes.text, found, fresh);
        const std::size_t count = is_count ? std::stoul(found[1]) : 0;
        const bool are_all = count == cluster->members().size() && !nodes.text.ends_with("voters");
        if (!are_all && count != config.voters.size()) throw Refused("nodes: " + nodes.text);
    }
    for (const sim::json::Member& one : nodes.members) {
        const NodeId node = node_of(one.key);
        if (is_text(one.value) && read_node(node, one.value.text)) continue;
        only("nodes." + one.key, one.value, {"history", "acceptedEpoch", "currentEpoch"});
        const auto epoch = [&one](std::string_view key) {
            return zab::Epoch{static_cast<std::uint32_t>(number(member(one.value, key), key))};
        };
        zab::History log;
        for (const zab::Zxid zxid : zxids(member(one.value, "history"), "history")) {
            log.push({zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set});
        }
        cluster->disk(node).preset(log, std::nullopt, epoch("acceptedEpoch"),
                                   epoch("currentEpoch"));
    }
}

void Stage::refuse_strangers(const std::vector<NodeId>& nodes, const std::string& what) const {
    for (const NodeId node : nodes) {
        if (is_among(node, cluster->members())) continue;
        throw Refused(what + ": there is no server " + std::to_string(node.value - 1));
    }
}

void Stage::read_initial(const Value& initial) {
    for (const auto& [key, place, value] : initial.members) {
        if (contains(key, "^(?:started|up|running)$")) {
            if (value.is(Kind::number)) {
                const auto all = cluster->members();
                const std::uint64_t count = number(value, key);
                if (count > all.size()) throw Refused("initial." + key);
                started_.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
                continue;
            }
            started_ = is_text(value) ? nodes_in(value.text) : std::vector<NodeId>{};
            for (const NodeId id : ids(value, key)) started_.push_back(node_of(id.value));
            refuse_strangers(started_, key);
        } else if (key == "nodes") {
            if (!are_nodes_config_) read_nodes(value);
        } else if (key == "down") {
            std::vector<NodeId> down;
            for (const NodeId id : ids(value, key)) down.push_back(node_of(id.value));
            refuse_strangers(down, key);
            started_ = cluster->members();
            std::erase_if(started_, [&down](NodeId node) { return is_among(node, down); });
        } else if (key == "established") {
            establish(value);
        } else if (contains(key, "^(?:self|real|realNode|mocks?|fakes?|scripted)$")) {
            const bool is_mock = !contains(key, "^(?:self|real)");
            std::vector<NodeId> told;
            for (const std::uint64_t id : value.is(Kind::array) || is_text(value)
                                              ? numbers_of(value, key)
                                              : std::vector{number(value, key)}) {
                told.push_back(node_of(id));
            }
            refuse_strangers(told, key);
            if (told.empty()) throw Refused("initial." + key);
            for (const NodeId node : told) read_node(node, is_mock ? "mock" : "real");
        } else if (contains(key, "^[0-9]{1,3}$") && is_text(value)) {
            refuse_strangers({node_of(key)}, "initial");
            if (!read_node(node_of(key), value.text)) throw Refused("initial." + key);
        } else if (!contains(key,
                             "^(?:config|voters|observers|groups|weights|quorum|servers|note|"
                             "tick.*|initLimit(?:Ms)?|syncLimit|(?:leader\\.)?maxTimeToWait.*|"
                             "(?:max)?[eE]pochWait.*|waitForEpoch.*)$")) {
            throw Refused("initial." + key);
        }
    }
}

/// `{"leader": 1, "followers": [0]}`.
void Stage::establish(const Value& roles) {
    only("established", roles, {"leader", "follower", "followers"});
    std::vector<NodeId> all;
    for (const auto& [key, place, value] : roles.members) {
        if (value.is(Kind::array)) {
            for (const NodeId id : ids(value, key)) all.push_back(node_of(id.value));
        } else {
            for (const NodeId id : nodes_in(value.text)) all.push_back(id);
        }
    }
    start(all);
    if (!cluster->run_until([this] { return is_quorum_up(); }, zab::seconds(20))) {
        throw Refused("established: no quorum");
    }
    const NodeId leader = node_of(number(member(roles, "leader"), "leader"));
    if (!(cluster->leader() == leader)) throw Refused("established: another one leads");
}

std::optional<std::pair<std::vector<NodeId>, std::string>> Stage::subject_of(
    const std::string& clause) const {
    static const Regex counted(
        "(?:all |every |each |the )*(?:([0-9]+|two|three|four|five) )?(started |running "
        ")?(servers?|"
        "nodes?|peers?|voters?|ones|threads?) (?:are |is )?([a-zA-Z].*)|all "
        "([0-9]+|two|three|four|five) (?:are "
        ")?([a-zA-Z].*)");
    static const Regex numbered(
        "(?:nodes? |servers? )?([0-9]+(?:(?:, ?(?:and )?| and )[0-9]+)*) (?!(?:ms|s|ticks?)\b)"
        "([a-zA-Z].*)");
    static const Regex left(
        "(?:the )?(?:remaining|surviving) (?:two )?(?:nodes|servers|peers|voters|ones) "
        "(?:are )?([a-zA-Z].*)");
    Match found;
    if (regex_match(clause, found, left)) return std::pair{listeners(), found[1].str()};
    if (regex_match(clause, found, counted)) {
        const auto all = everybody();
        const std::string count = found[1].matched ? found[1].str() : found[5].str();
        if (!count.empty() && count_in(count) != all.size()) {
            throw Refused(fmt::format("there are {} servers: {}", all.size(), clause));
        }
        return std::pair{all, found[4].matched ? found[4].str() : found[6].str()};
    }
    if (!regex_match(clause, found, numbered)) return std::nullopt;
    return std::pair{nodes_in(found[1]), found[2].str()};
}

/// "2, with the highest sid and an empty history, starts": what is said of 2 must be so.
std::string Stage::without_attributes(const std::string& step) {
    static const Regex attributed("([0-9]+), (?:with|having|which has) ([^,]*), (.*)");
    Match found;
    if (!regex_match(step, found, attributed)) return step;
    const NodeId node = node_of(found[1].str());
    const auto members = cluster->members();
    for (const std::string& told : split_at(found[2], "\\s+and\\s+")) {
        if (contains(told, "(?:largest|highest|biggest|greatest) (?:sid|id)$")) {
            claim(step, node == members.back());
        } else if (contains(told, "(?:smallest|lowest|least) (?:sid|id)$")) {
            claim(step, node == members.front());
        } else if (contains(told, "(?:empty|no) (?:history|log|disk|data)$")) {
            const zab::DiskImage& image = cluster->disk(node).image();
            claim(step, image.log.empty() && !image.snapshot);
        } else {
            throw Refused("step: " + step);
        }
    }
    return found[1].str() + " " + found[3].str();
}

/// "third peer (2) shut down": 2, which must be in that place.
std::string Stage::without_places(const std::string& step) {
    static const Regex placed(
        "\\b(?:the )?(first|second|third|fourth|fifth) (?:peer|server|node|voter) \\(([0-9]+)\\)");
    static const Regex alone(
        "\\b(?:the )?(first|second|third|fourth|fifth) (?:peer|server|node|voter)\\b(?! \\()|"
        "^(?:the )?(second|third|fourth|fifth) (?=starts|joins|comes)");
    Match found;
    if (regex_search(step, found, alone)) {
        const auto members = cluster->members();
        const std::size_t place = *count_in(found[1].str() + found[2].str());
        if (place > members.size()) throw Refused("step: " + step);
        return found.prefix().str() + std::to_string(members[place - 1].value - 1) +
               (found[2].matched ? " " : "") + found.suffix().str();
    }
    if (!regex_search(step, found, placed)) return step;
    const auto members = cluster->members();
    const std::size_t place = *count_in(found[1]);
    claim(step, place <= members.size() && members[place - 1] == node_of(found[2].str()));
    return found.prefix().str() + found[2].str() + found.suffix().str();
}

}  // namespace conformance
