#include "tests/conformance/election.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace conformance {

// What came of one election of several: who led, who agreed, in which round.

namespace {

using Election = Stage::Election;

/// Of a server's first election, or of its last.
std::optional<Election> election_of(const Stage& stage, NodeId node, bool is_first) {
    const auto all = stage.elections_of(node);
    if (all.empty()) return std::nullopt;
    return is_first ? all.front() : all.back();
}

/// Whom more than half of all voters have decided on, in their first elections or in their last.
std::optional<NodeId> chosen(const Stage& stage, bool is_first) {
    std::map<NodeId, std::size_t> votes;
    for (const NodeId node : stage.cluster->config().voters) {
        const auto one = election_of(stage, node, is_first);
        const bool counts =
            one && one->decided &&
            (is_first || (stage.cluster->is_up(node) && stage.cluster->is_up(one->leader)));
        if (counts) ++votes[one->leader];
    }
    for (const auto& [leader, count] : votes) {
        if (2 * count > stage.cluster->config().voters.size()) return leader;
    }
    return std::nullopt;
}

/// Whether more than half of the voters decided on it, for this time as leader.
bool is_of_quorum(const Stage& stage, const Stage::Lead& lead) {
    const zab::Instant last = lead.until.value_or(stage.cluster->now());
    const auto decided_on_it = [&](NodeId node) {
        const auto all = stage.elections_of(node);
        return std::any_of(all.begin(), all.end(), [&](const Election& one) {
            return one.decided && one.leader == lead.node && *one.decided <= last &&
                   lead.from <= *one.decided + zab::seconds(1);
        });
    };
    const auto& voters = stage.cluster->config().voters;
    const auto count = std::count_if(voters.begin(), voters.end(), decided_on_it);
    return 2 * static_cast<std::size_t>(count) > voters.size();
}

std::string name_of(std::optional<NodeId> node) {
    return node ? std::to_string(node->value - 1) : "nobody";
}

}  // namespace

/// "2 elected by 1 and 2", of the first election or the last.
bool check_elected_by(Stage& stage, bool is_first, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:node |server |leader )?([0-9]+),? (?:is |was )?(?:elected|chosen|voted for|followed) "
        "by "
        "([0-9]+(?:(?:, ?(?:and )?| and )[0-9]+)*|all|everybody|both)");
    Match found;
    if (!regex_match(words, found, form)) return false;
    const auto by = stage.nodes_of(found[2]);
    if (!by || (found[2] == "both" && by->size() != 2)) throw Refused("by whom? " + words);
    const auto have_decided = [&] {
        return std::all_of(by->begin(), by->end(), [&](NodeId node) {
            const auto one = election_of(stage, node, is_first);
            return one && one->decided;
        });
    };
    stage.cluster->run_until(have_decided, in_the_end);
    for (const NodeId node : *by) {
        const auto one = election_of(stage, node, is_first);
        const bool is_so = one && one->decided && one->leader == node_of(found[1].str());
        verdict.require(fmt::format("{}: {}", words, node.value - 1), is_so);
    }
    return true;
}

/// "majority agrees on another leader", "leader decides, too": of the first election or the last.
bool check_majority(Stage& stage, bool is_first, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:(?:the|an?) )?(?:majority|quorum|more than half)(?: of (?:the )?(?:peers|servers|nodes|"
        "voters|them))?(?: \\([<>= 0-9]+\\))? (?:agrees?|decides?|follows?|joins?|votes?)(?:(?: "
        "on| for)? "
        "(?:(?:an?|the) )?(one|same|single|another|new|different|other)?(?: one)?(?: living)?"
        "(?: leader)?)?");
    static const Regex itself(
        "(?:the )?leader (?:itself )?(?:joined|decides|decided|agrees|follows itself)"
        "(?:,? (?:too|also))?");
    Match found;
    const bool is_of_leader = regex_match(words, itself);
    if (!is_of_leader && !regex_match(words, found, form)) return false;
    if (is_of_leader) {
        const auto has_decided = [&] {
            const auto whom = chosen(stage, is_first);
            const auto own = whom ? election_of(stage, *whom, is_first) : std::nullopt;
            return own && own->decided && own->leader == *whom;
        };
        verdict.require(words, stage.cluster->run_until(has_decided, in_the_end));
        return true;
    }
    stage.cluster->run_until([&] { return chosen(stage, is_first).has_value(); }, in_the_end);
    const auto leader = chosen(stage, is_first);
    const std::string what = fmt::format("{}: {}", words, name_of(leader));
    verdict.require(what, leader.has_value());
    if (contains(found[1].str(), "another|new|different|other")) {
        if (is_first) throw Refused("another than whom? " + words);
        verdict.require(what, leader != chosen(stage, true));
    }
    return true;
}

/// "leader1": 2, "secondLeader": 1: those who were followed, in their order.
bool check_nth_leader(Stage& stage, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex form("leader([1-9])|(first|second|third)Leader|leaderOf([1-9])");
    Match found;
    if (!regex_match(key, found, form)) return false;
    const std::size_t place = *count_in(found[1].str() + found[2].str() + found[3].str());
    const auto followed = [&stage] {
        auto all = stage.leads();
        std::erase_if(all, [&](const Stage::Lead& lead) { return !is_of_quorum(stage, lead); });
        return all;
    };
    stage.cluster->run_until([&] { return followed().size() >= place; }, in_the_end);
    const auto all = followed();
    std::optional<NodeId> leader;
    if (all.size() >= place) leader = all[place - 1].node;
    verdict.check(key, std::to_string(server_number(value, key)), name_of(leader));
    return true;
}

/// "decided": "more than 15 peers", "all", 3.
bool check_how_many_decide(Stage& stage, const Value& value, Verdict& verdict) {
    static const Regex form(
        "(more than|at least|exactly|all)? ?(half|[0-9]+|two|three|four|five)?"
        "(?: (?:of (?:the |them)?)?(?:peers|servers|nodes|voters)?)?");
    static const Regex with_leader("(.*)[,;] (?:the )?leader (?:is )?among (?:them|those)");
    const std::size_t voters = stage.cluster->config().voters.size();
    Match parts;
    if (is_text(value) && regex_match(value.text, parts, with_leader)) {
        if (!check_how_many_decide(stage, sim::json::string(parts.str(1)), verdict)) return false;
        const auto leader = chosen(stage, false);
        verdict.require(value.text, leader && state_of(*stage.cluster, *leader) == "LEADING");
        return true;
    }
    static const std::array compared{
        Rewrite{Regex("^(?:>=|≥|no (?:fewer|less) than|not (?:fewer|less) than) ?"), "at least "},
        Rewrite{Regex("^> ?"), "more than "},
        Rewrite{Regex("^([0-9]+|[a-z]+) or more"), "at least $1"},
    };
    const std::string words = is_text(value) ? rewritten(value.text, compared) : "";
    std::string how = "exactly";
    std::size_t wanted = 0;
    Match found;
    if (!is_text(value)) {
        wanted = number(value, "decided");
    } else if (regex_match(words, found, form) && (found[1].matched || found[2].matched)) {
        how = found[1].str();
        const bool is_half = found[2] == "half";
        if (is_half && how != "more than") throw Refused("decided: " + value.text);
        wanted = is_half            ? voters / 2
                 : found[2].matched ? *count_in(found[2])
                                    : stage.everybody().size();
        if (how == "all" && wanted != stage.everybody().size()) {
            throw Refused("decided: " + value.text);
        }
    } else {
        return false;
    }
    const auto count = [&stage] {
        const auto all = stage.listeners();
        return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](NodeId node) {
            return state_of(*stage.cluster, node) != "LOOKING";
        }));
    };
    const auto holds = [&] {
        return how == "more than"  ? count() > wanted
               : how == "at least" ? count() >= wanted
                                   : count() == wanted;
    };
    stage.cluster->run_until(holds, in_the_end);
    if (how.empty() || how == "exactly") stage.cluster->run(zab::seconds(2));
    verdict.require(fmt::format("decided: {} {}, {} have", how, wanted, count()), holds());
    return true;
}

/// "round": 2: that in which all that are up have decided.
void check_common_round(Stage& stage, std::uint64_t wanted, Verdict& verdict) {
    const auto all = stage.listeners();
    const auto have_decided = [&] {
        return std::all_of(all.begin(), all.end(), [&](NodeId node) {
            return state_of(*stage.cluster, node) != "LOOKING";
        });
    };
    verdict.require("all decide", stage.cluster->run_until(have_decided, in_the_end));
    for (const NodeId node : all) {
        verdict.check(fmt::format("round of {}", node.value - 1), std::to_string(wanted),
                      std::to_string(stage.cluster->peer(node).server().round));
    }
}

/// "moves up to round 2", "takes over the higher round of 1".
bool check_round(Stage& stage, NodeId node, const std::string& said, Verdict& verdict) {
    static const Regex moves(
        "(?:(?:moves?|goes|jumps?|comes?|gets?) (?:up )?to|adopts?|takes? over|takes?|joins?|is in|"
        "in) (?:(?:the|a|higher|later|greater) )*round (?:of (?:node |server )?)?([0-9]+)");
    static const Regex latest(
        "(?:(?:moves?|goes|jumps?|comes?|gets?) (?:up )?to|adopts?|takes? over|takes?|joins?) "
        "(?:an? )?(?:higher|later|greater|newer) round(?: of others?)?");
    static const Regex both_ends(
        "(?:moves?|goes|jumps?|rises|advances|switches|changes|comes?|gets?) from (?:round )?"
        "([0-9]+) (?:up )?to (?:round )?([0-9]+)");
    test::Cluster& c = *stage.cluster;
    Match found;
    if (regex_match(said, found, both_ends)) {
        verdict.check(said, found[1].str(), std::to_string(stage.first_round_of(node)));
        return check_round(stage, node, "moves up to round " + found[2].str(), verdict);
    }
    static const Regex whose("\\b([0-9]+)'s (?:(?:higher|later|greater|second) )?round$");
    const std::string words = regex_replace(said, whose, "round of $1");
    const bool is_latest = regex_match(plain(words), latest);
    if (!is_latest && !regex_match(words, found, moves)) return false;
    // Who follows one that has gone is about to look again.
    const auto has_decided = [&] {
        return state_of(c, node) != "LOOKING" && (stage.has_mocks() || !c.is_up(node) ||
                                                  c.is_up(c.peer(node).server().vote.vote.leader));
    };
    c.run_until(has_decided, in_the_end);
    if (!c.is_up(node)) {
        verdict.require(words + ": it is down", false);
        return true;
    }
    const std::uint64_t round = c.peer(node).server().round;
    if (is_latest) {
        for (const NodeId other : stage.listeners()) {
            verdict.require(words, c.peer(other).server().round <= round);
        }
        // By its own next election it would have come there, too.
        const bool is_first = stage.elections_of(node).size() == 1;
        verdict.require(words, is_first && stage.first_round_of(node) < round);
    } else if (contains(words, "round of")) {
        const NodeId other = node_of(found[1].str());
        verdict.require(words, c.is_up(other) && round == c.peer(other).server().round);
    } else {
        verdict.check(words, found[1].str(), std::to_string(round));
    }
    return true;
}

}  // namespace conformance
