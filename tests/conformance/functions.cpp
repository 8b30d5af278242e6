#include "protocol/election/vote.hpp"
#include "protocol/leader/sync_plan.hpp"
#include "tests/conformance/interpreters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace conformance {

namespace {

using Kind = Value::Kind;

zab::NodeId shifted(std::uint64_t id, std::uint16_t shift) {
    return {static_cast<std::uint16_t>(id + shift)};
}

std::uint64_t number_or(const Value& value, std::string_view key, std::uint64_t otherwise) {
    const Value* found = value.find(key);
    return found == nullptr ? otherwise : number(*found, key);
}

zab::Vote vote_of(const Value& value) {
    const Value* id = value.find("sid");
    if (id == nullptr) id = &member(value, "leader");
    return {shifted(number(*id, "a vote's leader"), 0),
            zxid(member(value, "zxid"), "zxid"),
            {static_cast<std::uint32_t>(number(member(value, "peerEpoch"), "peerEpoch"))}};
}

zab::ServerState state_of(const Value& value) {
    static constexpr std::string_view names[] = {"LOOKING", "FOLLOWING", "LEADING", "OBSERVING"};
    const auto found = std::find(std::begin(names), std::end(names), value.text);
    if (found == std::end(names)) throw Refused("no such state: " + value.text);
    return static_cast<zab::ServerState>(found - std::begin(names));
}

zab::CastVote cast_of(const Value& value) {
    return {vote_of(value), number(member(value, "round"), "round"),
            state_of(member(value, "state")),
            static_cast<std::uint8_t>(number_or(value, "version", 0))};
}

/// "weight of candidate = 0", in words or as tables.
zab::Config rule_for(const Value& initial, const zab::Vote& candidate) {
    const Value* config = initial.find("config");
    if (config == nullptr || !is_text(*config)) return config_of(initial, 0);
    static const std::regex weight("weight of candidate = ([0-9]+)");
    std::smatch found;
    if (!std::regex_search(config->text, found, weight)) {
        throw Refused("config: " + config->text);
    }
    zab::Config out;
    out.voters = {{0}, {1}, {2}};
    if (std::find(out.voters.begin(), out.voters.end(), candidate.leader) == out.voters.end()) {
        out.voters.push_back(candidate.leader);
    }
    out.groups.groups = {out.voters};
    const auto weighs = static_cast<std::uint32_t>(std::stoul(found[1]));
    out.groups.weights = {{candidate.leader, weighs}};
    return out;
}

void only(const Value& expected, std::initializer_list<std::string_view> known) {
    for (const sim::json::Member& one : expected.members) {
        if (std::find(known.begin(), known.end(), one.key) == known.end()) {
            throw Refused("expected." + one.key);
        }
    }
}

std::string list_of(const std::vector<zab::Zxid>& zxids) {
    std::string all = "[";
    for (const zab::Zxid zxid : zxids) all += text(zxid);
    return all + "]";
}

zab::Txn txn_at(zab::Zxid zxid) { return {zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set}; }

zab::Database database_of(const Value& initial) {
    zab::Database database;
    const auto committed = zxids(member(initial, "committedLog"), "committedLog");
    if (!committed.empty()) {
        const zab::Zxid before{committed.front().value - 1};
        database.install({{before, 1}, {}, {}}, before);
    }
    for (const zab::Zxid zxid : committed) database.apply(txn_at(zxid));
    database.claim_processed(zxid(member(initial, "leaderLastProcessed"), "leaderLastProcessed"));
    return database;
}

zab::DiskImage disk_of(const Value& initial) {
    zab::DiskImage disk;
    const Value* log = initial.find("onDiskLog");
    if (log == nullptr) return disk;
    const auto logged = zxids(*log, "onDiskLog");
    for (const zab::Zxid zxid : logged) disk.log.push(txn_at(zxid));
    if (!logged.empty()) disk.log_files.push_back({logged.front(), 100 * logged.size()});
    return disk;
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
    const Value* voters = from.find("voters");
    if (voters != nullptr && voters->is(Kind::number)) {
        const std::uint64_t count = number(*voters, "voters");
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
    }
    if (const Value* weights = from.find("weights")) {
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

std::optional<Verdict> judge_votes(const Case& one) {
    const Value* challenger = one.stimulus.find("new");
    const Value* holder = one.stimulus.find("current");
    if (challenger == nullptr || holder == nullptr) return std::nullopt;
    only(one.expected, {"newWins"});
    const zab::Vote candidate = vote_of(*challenger);
    const zab::Config config = rule_for(one.initial, candidate);
    const zab::Quorum quorum(config.voters, config.groups);
    Verdict verdict;
    verdict.check("newWins", truth(member(one.expected, "newWins"), "newWins"),
                  zab::supersedes(candidate, vote_of(*holder), quorum));
    return verdict;
}

std::optional<Verdict> judge_tracker(const Case& one) {
    const Value* probe = one.stimulus.find("probe");
    if (probe == nullptr) return std::nullopt;
    only(one.expected, {"quorum", "checkLeader"});
    const Value* table = nullptr;
    for (const std::string_view name : {"votes", "outofelection", "recvset"}) {
        if (table == nullptr) table = one.initial.find(name);
    }
    if (table == nullptr) throw Refused("initial has no table of votes");
    zab::VoteTable votes;
    for (const sim::json::Member& vote : table->members) {
        votes[shifted(std::stoul(vote.key), 0)] = cast_of(vote.value);
    }
    const zab::Config config = config_of(one.initial, 0);
    const zab::Quorum quorum(config.voters, config.groups);
    const zab::CastVote told = cast_of(*probe);
    Verdict verdict;
    if (const Value* wanted = one.expected.find("quorum")) {
        const auto agreeing = zab::supporters(votes, told, config.release.votes);
        verdict.check("quorum", truth(*wanted, "quorum"), quorum.is_quorum(agreeing));
    }
    if (const Value* wanted = one.expected.find("checkLeader")) {
        const auto self = shifted(number(member(one.initial, "self"), "self"), 0);
        verdict.check("checkLeader", truth(*wanted, "checkLeader"),
                      zab::leader_is_confirmed(votes, self, told.vote.leader, told.round,
                                               number(member(one.initial, "round"), "round")));
    }
    return verdict;
}

std::optional<Verdict> judge_quorum(const Case& one) {
    const Value* acks = one.stimulus.find("acks");
    if (acks == nullptr) return std::nullopt;
    only(one.expected, {"quorum"});
    const zab::Config config = config_of(one.initial, 0);
    zab::NodeSet set;
    for (const zab::NodeId id : ids(*acks, "acks")) set.insert(id);
    Verdict verdict;
    verdict.check("quorum", truth(member(one.expected, "quorum"), "quorum"),
                  zab::Quorum(config.voters, config.groups).is_quorum(set));
    return verdict;
}

std::optional<Verdict> judge_plan(const Case& one) {
    const Value* learner = one.stimulus.find("peerLastZxid");
    if (learner == nullptr) return std::nullopt;
    only(one.expected, {"mode", "opZxid", "forwardFrom", "proposalsThenCommits", "queuedPackets"});
    const zab::Database database = database_of(one.initial);
    const zab::DiskImage disk = disk_of(one.initial);
    zab::Config config;
    config.release = one.release;
    const Value* from_disk = one.initial.find("txnLogSync");
    if (from_disk != nullptr && from_disk->text != "on") config.sync_from_disk = false;
    const zab::SyncPlan plan = zab::plan_sync({database, config, database.last_processed(), &disk},
                                              zxid(*learner, "peerLastZxid"));
    static constexpr std::string_view modes[] = {"DIFF", "TRUNC", "SNAP", "undecided"};
    const bool is_snap = plan.kind == zab::SyncPlan::Kind::snap;
    std::vector<zab::Zxid> sent;
    for (const zab::Txn& txn : plan.proposals) sent.push_back(txn.zxid);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (key == "mode") {
            verdict.check(key, value.text, std::string(modes[static_cast<std::size_t>(plan.kind)]));
        } else if (key == "opZxid") {
            verdict.check(key, text(zxid(value, key)), is_snap ? "none" : text(plan.zxid));
        } else if (key == "forwardFrom") {
            verdict.check(key, text(zxid(value, key)), text(plan.last_queued));
        } else if (key == "proposalsThenCommits") {
            verdict.check(key, list_of(zxids(value, key)), list_of(sent));
        } else {
            const std::size_t packets = is_snap ? 0 : 1 + 2 * sent.size();
            verdict.check(key, std::to_string(number(value, key)), std::to_string(packets));
        }
    }
    return verdict;
}

}  // namespace conformance
