#include "protocol/leader/sync_plan.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

namespace conformance {

namespace {

using Kind = Value::Kind;

zab::NodeId shifted(std::uint64_t id, std::uint16_t shift) {
    return {static_cast<std::uint16_t>(id + shift)};
}

std::string list_of(const std::vector<zab::Zxid>& zxids) {
    std::string all = "[";
    for (const zab::Zxid zxid : zxids) all += text(zxid);
    return all + "]";
}

zab::Txn txn_at(zab::Zxid zxid) { return {zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set}; }

zab::Database database_of(const Value& initial) {
    zab::Database database;
    const Value* log = initial.find("committedLog");
    const auto committed =
        log == nullptr ? std::vector<zab::Zxid>{} : zxids_of(*log, "committedLog");
    if (!committed.empty()) {
        const zab::Zxid before{committed.front().value - 1};
        database.install({{before, 1}, {}, {}}, before);
    }
    for (const zab::Zxid zxid : committed) database.apply(txn_at(zxid));
    const Value* last = first_of(initial, {"leaderLastProcessed", "lastProcessed"});
    if (last == nullptr) throw Refused("initial.leaderLastProcessed is missing");
    database.claim_processed(zxid(*last, "leaderLastProcessed"));
    return database;
}

zab::DiskImage disk_of(const Value& initial) {
    zab::DiskImage disk;
    const Value* log = first_of(initial, {"onDiskLog", "txnLog"});
    if (log == nullptr) return disk;
    const auto logged = zxids_of(*log, "onDiskLog");
    for (const zab::Zxid zxid : logged) disk.log.push(txn_at(zxid));
    if (!logged.empty()) disk.log_files.push_back({logged.front(), 100 * logged.size()});
    return disk;
}

/// Whether the log on disk may serve learners: "on", "off (snapshotSizeFactor -1)", or by that
/// factor itself, which is negative where it may not.
bool syncs_from_disk(const Value& initial) {
    bool is_allowed = true;
    if (const Value* said = initial.find("txnLogSync")) is_allowed = is_on(*said, "txnLogSync");
    const Value* factor = initial.find("snapshotSizeFactor");
    if (factor == nullptr) return is_allowed;
    const bool is_negative = says(factor->text, "^-[0-9.]+$");
    if (!is_negative && !says(factor->text, "^[0-9.]+$")) throw Refused("snapshotSizeFactor");
    return is_allowed && !is_negative;
}

/// A plan, asked about one expectation after the other.
class Planned {
  public:
    Planned(const Value& initial, zab::Zxid learner, zab::Release release)
        : database_(database_of(initial)), learner_(learner) {
        const zab::DiskImage disk = disk_of(initial);
        zab::Config config;
        config.release = release;
        config.sync_from_disk = syncs_from_disk(initial);
        plan_ = zab::plan_sync({database_, config, database_.last_processed(), &disk}, learner);
        for (const zab::Txn& txn : plan_.proposals) sent_.push_back(txn.zxid);
    }

    void check(const std::string& key, const Value& value, Verdict& verdict) const {
        if (key == "mode" || key == "firstPacket") {
            verdict.check(key, without_asides(value.text), mode());
        } else if (key == "snap" || key == "needSnap") {
            verdict.check(key, truth(value, key), is_snap());
        } else if (key == "opZxid") {
            verdict.check(key, wanted(value, key), op_zxid());
        } else if (key == "forwardFrom") {
            verdict.check(key, wanted(value, key), text(plan_.last_queued));
        } else if (key == "proposals" || key == "commits" || key == "proposalsThenCommits") {
            verdict.check(key, list_of(zxids_of(value, key)), list_of(sent_));
        } else if (key == "duplicates") {
            const std::uint64_t count = is_nothing(value) ? 0 : number(value, key);
            verdict.check(key, std::to_string(count), std::to_string(repeated()));
        } else if (key == "queuedPackets") {
            const std::size_t packets = is_snap() ? 0 : 1 + 2 * sent_.size();
            verdict.check(key, packets_in(value, key), std::to_string(packets));
        } else {
            throw Refused("expected." + key);
        }
    }

  private:
    bool is_snap() const { return plan_.kind == zab::SyncPlan::Kind::snap; }
    std::string mode() const {
        static constexpr std::string_view modes[] = {"DIFF", "TRUNC", "SNAP", "undecided"};
        return std::string(modes[static_cast<std::size_t>(plan_.kind)]);
    }
    std::string op_zxid() const { return is_snap() ? "none" : text(plan_.zxid); }
    std::size_t repeated() const {
        std::set<zab::Zxid> once(sent_.begin(), sent_.end());
        return sent_.size() - once.size();
    }
    /// 5, or "DIFF + 2 proposals + 2 commits".
    static std::string packets_in(const Value& value, const std::string& key) {
        if (!is_text(value) || says(value.text, "^[0-9]+$")) {
            return std::to_string(number(value, key));
        }
        if (is_nothing(value)) return "0";
        std::size_t count = 0;
        for (const std::string& part : split_at(value.text, " *\\+ *| and |, *")) {
            static const std::regex some("([0-9]+) (?:proposals?|commits?)", std::regex::icase);
            std::smatch found;
            if (std::regex_match(part, found, some)) {
                count += std::stoul(found[1]);
            } else if (says(part, "^(just |only )?(DIFF|TRUNC)( only)?$")) {
                ++count;
            } else {
                throw Refused(key + ": " + part);
            }
        }
        return std::to_string(count);
    }
    /// A zxid, "none", or the name of one: "lastProcessed", "max of committedLog", "opZxid".
    std::string wanted(const Value& value, const std::string& key) const {
        if (is_nothing(value)) return "none";
        if (!is_text(value)) return text(zxid(value, key));
        const zab::History& log = database_.committed_log();
        if (says(value.text, "op ?zxid")) return op_zxid();
        if (says(value.text, "last ?processed")) return text(database_.last_processed());
        if (says(value.text, "\\b(peer|learner)")) return text(learner_);
        if (!log.empty() && says(value.text, "(max|end|last|newest).*committed ?log")) {
            return text(log.last().zxid);
        }
        if (!log.empty() && says(value.text, "(min|start|first|oldest).*committed ?log")) {
            return text(log.at(0).txn.zxid);
        }
        const auto said = zxids_of(value, key);
        if (said.size() != 1) throw Refused(key + ": " + value.text);
        return text(said.front());
    }

    zab::Database database_;
    zab::Zxid learner_;
    zab::SyncPlan plan_;
    std::vector<zab::Zxid> sent_;
};

/// "5 voters", "majority of 5", "voters 1..5, observers 6 and 7".
zab::Config config_in_words(const std::string& words) {
    static const std::regex count(
        "^(?:majority,? )?(?:of )?([0-9]+)(?: voters| servers)?"
        "(?:, majority)?$");
    static const std::regex listed("voters:? ([0-9., and]+?)(?:[,;]? observers:? ([0-9., and]+))?");
    zab::Config out;
    std::smatch found;
    const auto push = [](std::uint64_t id, std::vector<zab::NodeId>& to) {
        to.push_back(shifted(id, 0));
    };
    if (std::regex_match(words, found, count)) {
        for (std::uint64_t i = 0; i < std::stoull(found[1]); ++i) push(i, out.voters);
    } else if (std::regex_match(words, found, listed)) {
        for (const std::uint64_t id : numbers_in(found[1])) push(id, out.voters);
        for (const std::uint64_t id : numbers_in(found[2])) push(id, out.observers);
    } else {
        throw Refused("config: " + words);
    }
    return out;
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

zab::Config rule_of(const Value& initial) {
    const Value* config = initial.find("config");
    const bool is_said = config != nullptr && is_text(*config);
    return is_said ? config_in_words(config->text) : config_of(initial, 0);
}

std::optional<Verdict> judge_quorum(const Case& one) {
    const Value* acks = first_of(one.stimulus, {"acks", "ackSet", "ackset"});
    if (acks == nullptr) return std::nullopt;
    only("initial", one.initial, {"config", "voters", "observers", "groups", "weights", "quorum"});
    only("expected", one.expected, {"quorum", "containsQuorum"});
    const zab::Config config = rule_of(one.initial);
    zab::NodeSet set;
    if (is_text(*acks)) {
        const auto said = numbers_in(acks->text);
        if (said.empty() && !is_nothing(*acks)) throw Refused("acks: " + acks->text);
        for (const std::uint64_t id : said) set.insert(shifted(id, 0));
    }
    for (const zab::NodeId id : ids(*acks, "acks")) set.insert(id);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        verdict.check(key, truth(value, key),
                      zab::Quorum(config.voters, config.groups).is_quorum(set));
    }
    return verdict;
}

std::optional<Verdict> judge_plan(const Case& one) {
    const Value* learner = first_of(one.stimulus, {"peerLastZxid", "learnerLastZxid", "peerZxid"});
    if (learner == nullptr || one.area != "SYNC") return std::nullopt;
    only("initial", one.initial,
         {"leaderLastProcessed", "lastProcessed", "committedLog", "txnLogSync",
          "snapshotSizeFactor", "onDiskLog", "txnLog"});
    if (one.stimulus.members.size() != 1) throw Refused("stimulus is not one zxid");
    const Planned planned(one.initial, zxid(*learner, "peerLastZxid"), one.release);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        planned.check(key, value, verdict);
    }
    return verdict;
}

}  // namespace conformance
