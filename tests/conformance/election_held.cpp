#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <algorithm>

namespace conformance {

// Elections by their places, who is up, and what is said of ids and rounds.

using Kind = Value::Kind;

std::string told_state(const Stage& stage, NodeId node) {
    const std::string state = state_of(*stage.cluster, node);
    const bool is_observer = is_among(node, stage.cluster->config().observers);
    return is_observer && state == "FOLLOWING" && !stage.reads_observing ? "OBSERVING" : state;
}

std::string known_leader(const Stage& stage, const std::string& told, Verdict& verdict) {
    static const Regex around(
        "^(?:(?:is|still) )?(?:node |server )?([0-9]+),? (?:before and after|all the "
        "time|throughout"
        "|from beginning to end|as before)(?: (?:the |its )?(?:restart|return|reboot|join))?$");
    static const Regex since(
        "\\b(before|after) (?:the )?(?:restart|return|reboot|join|start)(?: of (?:node |server "
        ")?[0-9]+)?$");
    static const Regex kept(
        "\\b(?:keeps|retains|holds) (?:the )?(?:lead|leadership)\\b|\\bgoes on leading\\b");
    static const Regex was(
        ",? \\(?(?:was|after|formerly|previously|it was|instead of|before:?|no longer) (?:node "
        "|server "
        ")?([0-9]+)(?: before)?\\)?$");
    std::string words = regex_replace(told, around, "unchanged ($1)");
    words = regex_replace(regex_replace(words, since, "$1"), kept, "stays leader");
    static const Regex by(
        " (?:by|at|during|after) (?:the )?(?:restart|return|bounce) of (?:node |server "
        ")?([0-9]+)$");
    Match found;
    if (regex_search(words, found, by)) {
        verdict.require(words, stage.elections_of(node_of(found[1].str())).size() > 1);
        words = regex_replace(words, by, "");
    }
    if (!regex_search(words, found, was)) return words;
    const NodeId former = node_of(found[1].str());
    const auto all = stage.leads();
    verdict.require(told, std::any_of(all.begin(), all.end(), [&](const Stage::Lead& lead) {
                        return lead.node == former && lead.until;
                    }));
    verdict.require(told, !all.empty() && !(all.back().node == former));
    return found.prefix();
}

/// "first election: 1 and 2 elect 2": what follows, and that it is in that place.
bool Stage::play_placed(const std::string& step) {
    static const Regex form("(first|second) (?:leader )?(?:election|round): *(.*)");
    Match found;
    if (!regex_match(step, found, form)) return false;
    play(found[2]);
    claim_place(listeners(), found[1].str() + " election");
    return true;
}

/// Of a step "second election …": all of them have looked once, or somebody has before.
void Stage::claim_place(const std::vector<NodeId>& nodes, const std::string& step) {
    const auto looked = [this](NodeId node) { return elections_of(node).size(); };
    const auto has_before = [&](NodeId node) { return looked(node) > 1; };
    const bool is_anew = std::any_of(nodes.begin(), nodes.end(), has_before);
    if (contains(step, "^second (?:election|round)\\b")) {
        claim(step, std::any_of(nodes.begin(), nodes.end(),
                                [&](NodeId node) { return looked(node) == 2; }));
    } else if (contains(step, "^first (?:election|round)\\b")) {
        claim(step, !is_anew);
    }
}

/// "0, 1 up": who is not up starts; those that are a quorum form one.
bool Stage::play_up(const std::string& step) {
    static const Regex form(
        "(?:(?:nodes?|servers?|peers?) )?([0-9]+(?:(?:, ?(?:and )?| and )[0-9]+)*|all [0-9]+) "
        "(?:(?:is|are|both|all) )*(?:up|running|alive|started and running)(?: now| already)?");
    Match found;
    const std::string words = plain(step);
    if (!regex_match(words, found, form)) return false;
    const auto nodes = subject(found[1]);
    start(nodes);
    zab::NodeSet all;
    for (const NodeId node : listeners()) all.insert(node);
    const zab::Config& config = cluster->config();
    const bool is_quorum = zab::Quorum(config.voters, config.groups).is_quorum(all);
    if (nodes.size() > 1 && is_quorum && mocks_.empty() && quits_.empty()) lead_stably(step);
    return true;
}

std::optional<std::string> in_spite_of_id(const Stage& stage, NodeId node, const std::string& words,
                                          Verdict& verdict) {
    static const std::string how =
        "(highest|largest|greatest|biggest|lowest|smallest|higher|larger|greater|bigger|lower|"
        "smaller)";
    static const Regex form(
        "(?:(.*?),? )?(?:although|though|even though|even with|despite|in spite of|regardless of|"
        "notwithstanding|with) (?:(?:the|its|having|it|has|an?) )*"
        "(?:(?:sid|id)(?: (?:is|being))? (?:the )?" +
        how + "|" + how +
        " (?:server )?(?:sid|id))(?: (?:than|of) (?:(?:that|the one) of )?(?:node |server )?"
        "([0-9]+|(?:the )?(?:leader|others|all|three)))?((?: within| in| after) .*)?");
    Match found;
    if (!regex_match(words, found, form)) return std::nullopt;
    const std::string told = found[2].str() + found[3].str();
    const bool is_least = contains(told, "low|small");
    std::vector<NodeId> others;
    if (told.ends_with("est")) {
        others = stage.cluster->members();
    } else if (const std::string than = found[4]; contains(than, "[0-9]")) {
        others = nodes_in(than);
        if (is_among(node, others)) throw Refused("higher than itself? " + words);
    } else if (stage.cluster->leader() && !(*stage.cluster->leader() == node)) {
        others = {*stage.cluster->leader()};
    } else {
        others = stage.listeners();
    }
    std::erase(others, node);
    verdict.require(words,
                    !others.empty() && std::all_of(others.begin(), others.end(), [&](NodeId other) {
                        return is_least ? node < other : other < node;
                    }));
    return found[1].str() + found[5].str();
}

/// "rounds": {"0": 2, "1": 2}: in which each of them has decided.
bool check_rounds(Stage& stage, const Value& value, Verdict& verdict) {
    if (value.members.empty()) return false;
    for (const auto& [who, place, round] : value.members) {
        const auto nodes = stage.nodes_of(who);
        if (!nodes) throw Refused("rounds of " + who);
        for (const NodeId node : *nodes) {
            const std::string told = std::to_string(number(round, "a round"));
            if (!check_round(stage, node, "in round " + told, verdict)) return false;
        }
    }
    return true;
}

/// "winner": 1, "newLeader": 1, "oldLeader": 2: who leads in the end, and who led first.
bool check_winner(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex last(
        "(?:final|last|current|elected)Leader|winner|elected|leaderAtEnd|leaderInTheEnd");
    static const Regex fresh("(?:new|next|later)Leader");
    static const Regex earlier("(?:old|former|previous|initial|original)Leader|leaderBefore");
    if (!value.is(Kind::number)) return false;
    const std::uint64_t id = number(value, key);
    if (regex_match(key, earlier)) return check_nth_leader(stage, "firstLeader", value, verdict);
    if (regex_match(key, fresh)) {
        const std::string words = "new leader " + std::to_string(id);
        return check_new_leader(stage, {words, "", std::nullopt}, words, verdict);
    }
    if (!regex_match(key, last)) return false;
    check_servers(stage, {node_of(id)}, "LEADING", false, verdict);
    return true;
}

}  // namespace conformance
