#include "protocol/election/vote.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/vote_weights.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace conformance {

namespace {

using Kind = Value::Kind;

zab::NodeId server(std::uint64_t id) { return {server_id(id)}; }

zab::ServerState state_of(std::string name) {
    static constexpr std::string_view names[] = {"LOOKING", "FOLLOWING", "LEADING", "OBSERVING"};
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return std::toupper(c); });
    const auto found = std::find(std::begin(names), std::end(names), name);
    if (found == std::end(names)) throw Refused("no such state: " + name);
    return static_cast<zab::ServerState>(found - std::begin(names));
}

/// One part of a vote: what it is called as a member, and how it is said in words.
struct Part {
    std::string_view name;
    std::initializer_list<std::string_view> members;
    const char* words;
    void (*take)(zab::CastVote&, const Value&);
};

const Part parts[] = {
    {"leader",
     {"sid", "leader", "id"},
     "\\b(?:for|sid|leader|id)\\b(?: (?:leader|server|sid|id))?[ =:]*([0-9]+|S[0-9]+)",
     [](zab::CastVote& vote, const Value& value) {
         vote.vote.leader = server(server_number(value, "a vote's leader"));
     }},
    {"zxid",
     {"zxid"},
     "\\bzxid[ =:]*([<\\[(][0-9]+, *[0-9]+[>\\])]|0x[0-9a-f]+|[0-9]+)",
     [](zab::CastVote& vote, const Value& value) {
         vote.vote.zxid = is_text(value) && !says(value.text, "^[0-9]")
                              ? zxids_of(value, "zxid").front()
                              : zxid(value, "zxid");
     }},
    {"round",
     {"round", "electionEpoch", "logicalClock", "logicalclock"},
     "\\b(?:round|election ?epoch|logical ?clock)[ =:]*(0x[0-9a-f]+|[0-9]+)",
     [](zab::CastVote& vote, const Value& value) { vote.round = number(value, "round"); }},
    {"peerEpoch",
     {"peerEpoch", "epoch"},
     "\\b(?:peer ?)?epoch[ =:]*(0x[0-9a-f]+|[0-9]+)",
     [](zab::CastVote& vote, const Value& value) {
         vote.vote.peer_epoch = {static_cast<std::uint32_t>(number(value, "peerEpoch"))};
     }},
    {"version",
     {"version"},
     "\\bversion[ =:]*(0x[0-9a-f]+|[0-9]+)",
     [](zab::CastVote& vote, const Value& value) {
         vote.version = static_cast<std::uint8_t>(number(value, "version"));
     }},
    {"state",
     {"state"},
     "\\b(LOOKING|FOLLOWING|LEADING|OBSERVING)\\b",
     [](zab::CastVote& vote, const Value& value) { vote.state = state_of(value.text); }},
};

/// A vote while it is read: what was not said of it yet.
struct Reading {
    zab::CastVote vote{};
    std::set<std::string_view> said;
};

/// What is said of a vote, over what is known of it already.
void read(const Value& value, Reading& into) {
    std::string words = is_text(value) ? value.text : "";
    for (const Part& part : parts) {
        const Regex& form = compiled(part.words, true);
        Match found;
        if (const Value* member = first_of(value, part.members)) {
            part.take(into.vote, *member);
        } else if (regex_search(words, found, form)) {
            part.take(into.vote, sim::json::string(found.str(1)));
            words = found.prefix().str() + found.suffix().str();  // "election epoch" is no epoch.
        } else {
            continue;
        }
        into.said.insert(part.name);
    }
}

/// The version counts only where it is told, and a round or a state only in an election.
const zab::CastVote& whole(const Reading& reading, std::initializer_list<std::string_view> needed) {
    for (const std::string_view name : needed) {
        if (!reading.said.contains(name)) throw Refused(fmt::format("a vote's {}", name));
    }
    return reading.vote;
}

zab::CastVote cast_of(const Value& value, const Reading* probe) {
    Reading reading;
    if (probe != nullptr && is_text(value) && says(value.text, "\\b(probe|same|alike|equal)\\b")) {
        reading = *probe;
    }
    only("a vote", value,
         {"sid", "leader", "id", "zxid", "round", "electionEpoch", "logicalClock", "logicalclock",
          "peerEpoch", "epoch", "version", "state", "sender", "from"});
    if (is_text(value)) {
        static const char* const rest =
            "same|as|probe|votes?|the|but|with|and|alike|equal|to|in|state|is|all|server|leader";
        std::string bare = value.text;
        for (const Part& one : parts) {
            bare = regex_replace(bare, compiled(one.words, true), "");
        }
        if (!made_of(bare, rest) || contains(bare, "[0-9]")) throw Refused("a vote: " + value.text);
    }
    read(value, reading);
    return whole(reading, {"leader", "zxid", "round", "peerEpoch", "state"});
}

zab::Vote vote_of(const Value& value) {
    Reading reading;
    only("a vote", value, {"sid", "leader", "id", "zxid", "peerEpoch", "epoch"});
    if (value.elements.size() == 3) {  // As totalOrderPredicate takes them.
        for (const std::size_t i : {0u, 1u}) parts[i].take(reading.vote, value.elements[i]);
        parts[3].take(reading.vote, value.elements[2]);
        return reading.vote.vote;
    }
    read(value, reading);
    return whole(reading, {"leader", "zxid", "peerEpoch"}).vote;
}

/// "0, 1, 3 LOOKING and 4 LEADING, all for leader 4, zxid <2,1>, round 1, peerEpoch 1": who is in
/// which state, and what is said of all. After ";": others, of whom what is not said is the same.
zab::VoteTable table_in_words(const std::string& words, const Reading& probe) {
    static const Regex senders(
        "((?:[0-9]+(?:\\.\\.[0-9]+)?(?:, ?(?:and )?| and | & |: ?| )+)+)"
        "(?:is |are )?(?:all )?(LOOKING|FOLLOWING|LEADING|OBSERVING)",
        Regex::icase);
    zab::VoteTable votes;
    Reading common;
    if (says(words, "\\bprobe\\b")) common = probe;
    for (const std::string& part : split_at(words, "; *")) {
        read(sim::json::string(part), common);
        std::string bare = part;  // Only the senders' numbers are left.
        for (const Part& one : parts) {
            if (one.name == "state") continue;
            bare = regex_replace(bare, compiled(one.words, true), "");
        }
        for (MatchIterator i(bare, senders), end; i != end; ++i) {
            for (const std::uint64_t sender : numbers_in((*i)[1])) {
                common.vote.state = state_of((*i)[2]);
                votes[server(sender)] =
                    whole(common, {"leader", "zxid", "round", "peerEpoch", "state"});
            }
        }
        static const char* const rest =
            "same|as|probe|votes?|all|and|but|is|are|the|with|of|alike|equal|to|servers?|from|also|"
            "state|in";
        if (!made_of(regex_replace(bare, senders, ""), rest) ||
            contains(regex_replace(bare, senders, ""), "[0-9]")) {
            throw Refused("votes: " + words);
        }
    }
    if (votes.empty()) throw Refused("votes: " + words);
    return votes;
}

zab::VoteTable table_of(const Value& table, const Reading& probe) {
    if (is_text(table)) return table_in_words(table.text, probe);
    zab::VoteTable votes;
    for (const sim::json::Member& vote : table.members) {
        for (const std::uint64_t sender : numbers_in(vote.key)) {
            votes[server(sender)] = cast_of(vote.value, &probe);
        }
    }
    for (const Value& vote : table.elements) {
        const Value* sender = first_of(vote, {"sender", "from"});
        if (sender == nullptr) throw Refused("a vote's sender");
        votes[server(server_number(*sender, "a vote's sender"))] = cast_of(vote, &probe);
    }
    return votes;
}

std::string list_of(const zab::NodeSet& servers, const zab::VoteTable& votes) {
    std::string all;
    for (const auto& [sender, vote] : votes) {
        if (servers.contains(sender)) all += fmt::format("{} ", sender.value);
    }
    return all;
}

/// Who agrees: all of them, or how many.
void check_supporters(const Value& wanted, const zab::NodeSet& agreeing,
                      const zab::VoteTable& votes, Verdict& verdict) {
    if (wanted.is(Kind::number)) {
        const auto count = static_cast<std::size_t>(
            std::count_if(votes.begin(), votes.end(),
                          [&](const auto& vote) { return agreeing.contains(vote.first); }));
        verdict.check("supporters", std::to_string(number(wanted, "supporters")),
                      std::to_string(count));
        return;
    }
    std::set<std::uint64_t> said;
    if (is_text(wanted)) {
        for (const std::uint64_t id : numbers_in(wanted.text)) said.insert(id);
        if (said.empty() && !is_nothing(wanted)) throw Refused("supporters: " + wanted.text);
    } else {
        for (const zab::NodeId id : ids(wanted, "supporters")) said.insert(id.value);
    }
    std::string all;
    for (const std::uint64_t id : said) all += fmt::format("{} ", id);
    verdict.check("supporters", all, list_of(agreeing, votes));
}

/// Keys for those whose votes are the one asked about.
const char* const supporters_key =
    "^(supporters|supporting|agreeing|acks|ackset|ackers|match(es|ing)|equal|senders|backers|"
    "counted|counting)$";

/// Who asks, one of the voters.
void check_self(const Value& initial, const zab::Config& config) {
    const Value* self = initial.find("self");
    if (self == nullptr) return;
    const zab::NodeId asking = server(server_number(*self, "self"));
    if (std::find(config.voters.begin(), config.voters.end(), asking) == config.voters.end()) {
        throw Refused("initial.self is no voter");
    }
}

/// By what the order of two votes is decided: the first in which they differ.
std::string decider(const zab::Vote& one, const zab::Vote& other, const zab::Quorum& quorum) {
    if (quorum.weight(one.leader) == 0) return "weight";
    if (!(one.peer_epoch == other.peer_epoch)) return "peerEpoch";
    if (!(one.zxid == other.zxid)) return "zxid";
    return one.leader == other.leader ? "nothing" : "sid";
}

std::string deciding_name(const Value& value, const std::string& key) {
    static const std::pair<const char*, const char*> names[] = {
        {"^((higher|larger) )?((peer|current) ?)?epoch$", "peerEpoch"},
        {"^((higher|larger) )?(last )?zxid$", "zxid"},
        {"^((higher|larger) )?((server|node) ?)?(sid|id)$", "sid"},
        {"^(zero )?weight( 0)?$", "weight"},
        {"^(nothing|none|equal|equality|tie)$", "nothing"}};
    for (const auto& [form, name] : names) {
        if (is_text(value) && says(value.text, form)) return name;
    }
    throw Refused("expected." + key);
}

}  // namespace

std::optional<Verdict> judge_votes(const Case& one) {
    const Value* challenger = first_of(one.stimulus, {"new", "candidate", "challenger"});
    const Value* holder = first_of(one.stimulus, {"current", "cur", "own", "holder"});
    if (challenger == nullptr || holder == nullptr) return std::nullopt;
    only("initial", one.initial,
         {"config", "voters", "observers", "groups", "weights", "weight", "candidateWeight",
          "newWeight", "currentWeight", "quorum", "self"});
    const zab::Vote candidate = vote_of(*challenger);
    const zab::Vote held = vote_of(*holder);
    const auto told = weights_told(one.initial, candidate, held);
    const zab::Config config = told ? *told : rule_of(one.initial);
    const zab::Quorum quorum(config.voters, config.groups);
    const bool wins = zab::supersedes(candidate, held, quorum);
    check_self(one.initial, config);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (says(key, "^(decided|won|settled)?(By|because|reason|rule|criterion)$")) {
            verdict.check(key, deciding_name(value, key), decider(candidate, held, quorum));
            continue;
        }
        if (says(key, "^(current|own|old|holder)(Wins|Kept|Stays)$|^keepsCurrent$")) {
            verdict.check(key, truth(value, key), !wins);
            continue;
        }
        if (!says(key,
                  "^(new(Wins|Better|IsBetter)|wins|winner|supersedes|better|replaces|adopted|"
                  "predicate|totalOrderPredicate)$")) {
            throw Refused("expected." + key);
        }
        if (value.is(Kind::boolean)) {
            verdict.check(key, truth(value, key), wins);
        } else if (key == "newWins" || !says(value.text, "^(new|current)$")) {
            throw Refused("expected." + key);
        } else {
            verdict.check(key, value.text, std::string(wins ? "new" : "current"));
        }
    }
    return verdict;
}

std::optional<Verdict> judge_tracker(const Case& one) {
    const Value* asked = first_of(one.stimulus, {"probe", "vote", "notification"});
    // Or the leader and the round that checkLeader is asked about.
    if (asked == nullptr && one.stimulus.find("leader") != nullptr) asked = &one.stimulus;
    if (asked == nullptr || one.area != "FLETRK") return std::nullopt;
    const Value* table =
        first_of(one.initial, {"votes", "outofelection", "outOfElection", "recvset"});
    if (table == nullptr) throw Refused("initial has no table of votes");
    Reading probe;
    read(*asked, probe);
    const bool is_about_votes =
        one.expected.members.size() != 1 || one.expected.find("checkLeader") == nullptr;
    const zab::CastVote told =
        is_about_votes ? cast_of(*asked, nullptr) : whole(probe, {"leader", "round"});
    const zab::VoteTable votes = table_of(*table, probe);
    const zab::Config config = rule_of(one.initial);
    const zab::Quorum quorum(config.voters, config.groups);
    const auto agreeing = zab::supporters(votes, told, config.release.votes);
    check_self(one.initial, config);
    const Value* round = first_of(one.initial, {"round", "logicalclock", "logicalClock"});
    if (round != nullptr) number(*round, "round");
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (says(key, supporters_key)) {
            check_supporters(value, agreeing, votes, verdict);
        } else if (key == "checkLeader") {
            if (round == nullptr) throw Refused("initial.round");
            verdict.check(key, truth(value, key),
                          zab::leader_is_confirmed(
                              votes, server(server_number(member(one.initial, "self"), "self")),
                              told.vote.leader, told.round, number(*round, "round")));
        } else if (says(key, "^((has|is)?Quorum|hasAllQuorums|termPredicate|majority)$")) {
            verdict.check(key, truth(value, key), quorum.is_quorum(agreeing));
        } else {
            throw Refused("expected." + key);
        }
    }
    return verdict;
}

}  // namespace conformance
