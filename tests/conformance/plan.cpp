#include "protocol/leader/sync_plan.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace conformance {

// How a learner is synchronized, by what its leader holds.

namespace {

using Kind = Value::Kind;

std::string list_of(const std::vector<zab::Zxid>& zxids) {
    std::string all = "[";
    for (const zab::Zxid zxid : zxids) all += text(zxid);
    return all + "]";
}

zab::Txn txn_at(zab::Zxid zxid) { return {zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set}; }

/// The members of a leader that is told of in words: "leader at <0,7>; nothing in committedLog; txn
/// files hold <0,2>..<0,8>". What it says in other words has no meaning here.
Value leader_in_words(const std::string& words) {
    static const Regex at(
        "(?:leader(?:'s)? )?(?:is )?(?:at|last ?processed(?: zxid)?)[ :=]*(?:is )?(<[^>]*>)",
        Regex::icase);
    static const Regex committed(
        "(?:(nothing|none) in (?:its )?|(an? empty|no) )?committed ?log"
        "(?:[ :=]+(?:is |holds? |with )*(empty|<.*))?",
        Regex::icase);
    static const Regex logged(
        "(?:txn |transaction )?(?:log )?(?:files?|log(?: on disk)?)[ :=]*"
        "(?:are |is |holds? |with )*(empty|none|<.*)|no (?:txn |log )+files?",
        Regex::icase);
    static const Regex factor("snapshotSizeFactor[ :=]*(?:is )?(-?[0-9.]+)", Regex::icase);
    Value all = sim::json::object();
    for (const std::string& part : split_at(words, "; *|, (?=[a-zA-Z])")) {
        const std::string clause = plain(part);
        Match found;
        const auto add = [&](const char* key, const std::string& what) {
            all.members.push_back(sim::json::member(key, sim::json::string(what)));
        };
        if (regex_match(clause, found, at)) {
            add("leaderLastProcessed", found[1]);
        } else if (regex_match(clause, found, committed)) {
            const bool is_empty = found[1].matched || found[2].matched;
            if (is_empty == found[3].matched) throw Refused("initial: " + part);
            add("committedLog", is_empty ? "empty" : found[3].str());
        } else if (regex_match(clause, found, logged)) {
            add("onDiskLog", found[1].matched ? found[1].str() : "empty");
        } else if (regex_match(clause, found, factor)) {
            add("snapshotSizeFactor", found[1]);
        } else {
            throw Refused("initial: " + part);
        }
    }
    return all;
}

/// Of what iterates over a log: nothing is read from it.
bool yields_nothing(const std::string& words) {
    static const Regex form(
        "(?:is )?(?:an? )?(?:empty|exhausted)(?: iterator)?|EMPTY_ITERATOR|"
        "(?:returns|yields|gives|reads|finds) (?:nothing|no(?:ne| txns?| entries| entry))");
    return regex_match(words, form);
}

/// "txnLogSync": "on, log iterator returns nothing" as two members.
Value with_iterator(const Value& initial) {
    static const Regex form(
        "(on|enabled|yes|true),? (?:but )?(?:\\(|with )?(?:the |its |an? )?(?:txn ?)?(?:log )?"
        "iterator (.*?)\\)?",
        Regex::icase);
    static const Regex plainly("[a-z]+(?: \\(.*\\))?");
    Value all = initial;
    for (std::size_t i = 0; i < all.members.size(); ++i) {
        Value& value = all.members[i].value;
        Match found;
        if (all.members[i].key == "logIterator") all.members[i].key = "txnLogIterator";
        if (all.members[i].key != "txnLogSync" || !is_text(value)) continue;
        const std::string words = value.text;
        if (regex_match(words, plainly)) continue;
        if (!regex_match(words, found, form)) throw Refused("txnLogSync: " + words);
        value.text = found[1];
        const Value iterator = sim::json::string(found[2].str());
        all.members.push_back(sim::json::member("txnLogIterator", iterator));
        break;
    }
    return all;
}

/// A list of zxids; or in words: "<1,1>,<1,2> twice in a row", "<0,1>, then the same twice", where
/// the same is what `before` holds once.
struct Listed {
    std::vector<zab::Zxid> once, all;
};
Listed listed(const Value& value, const std::string& what, const std::vector<zab::Zxid>& before) {
    if (!is_text(value)) return {zxids(value, what), zxids(value, what)};
    static const Regex unreadable("unreadable(?: \\([a-z ]*\\))?");
    static const Regex unread(
        "(.*[>\\])]),? but (?:the |its |an? )?(?:log )?iterator (?:is )?(.*)");
    static const Regex explained("([A-Za-z ]+) \\([A-Za-z ]*\\)");
    Match outside;
    if (regex_match(value.text, unreadable)) return {};  // Nothing is read from it.
    if (regex_match(value.text, outside, unread) && yields_nothing(outside[2])) {
        zxids_of(sim::json::string(outside[1].str()), what);
        return {};
    }
    if (regex_match(value.text, outside, explained) &&
        !says(outside[1], "\\b(empty|nothing|no|none)\\b")) {
        throw Refused(what + ": " + value.text);
    }
    static const Regex times("^(.*?),? (twice|thrice)(?: in a row)?$");
    static const Regex same("^(?:the )?same(?: entries| txns| ones)?$");
    Listed out;
    for (const std::string& part : split_at(value.text, ",? (?:and )?then ")) {
        Match found;
        const bool repeats = regex_match(part, found, times);
        const std::string words = repeats ? found[1].str() : part;
        const bool is_same = regex_match(words, same);
        if (is_same && before.empty()) throw Refused(what + ": the same as what?");
        const auto some = is_same ? before : zxids_of(sim::json::string(words), what);
        out.once.insert(out.once.end(), some.begin(), some.end());
        for (std::size_t i = repeats ? count_in(found[2]).value() : 1; i > 0; --i) {
            out.all.insert(out.all.end(), some.begin(), some.end());
        }
    }
    return out;
}

std::vector<zab::Zxid> committed_of(const Value& initial, bool once) {
    const Value* log = initial.find("committedLog");
    if (log == nullptr) return {};
    const Listed all = listed(*log, "committedLog", {});
    return once ? all.once : all.all;
}

zab::Database database_of(const Value& initial) {
    zab::Database database;
    const auto committed = committed_of(initial, false);
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
    if (const Value* iterator = initial.find("txnLogIterator")) {
        if (!yields_nothing(iterator->text)) throw Refused("initial.txnLogIterator");
        if (log != nullptr) listed(*log, "onDiskLog", committed_of(initial, true));
        return disk;
    }
    if (log == nullptr) return disk;
    const auto logged = listed(*log, "onDiskLog", committed_of(initial, true)).all;
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
        const Value* forced =
            first_of(initial, {"forceSnapshotSync", "forceSnapSync", "forceSnap"});
        config.force_snapshot_sync = forced != nullptr && is_on(*forced, "forceSnapshotSync");
        if (!disk.log.empty()) logged_from_ = disk.log.at(0).txn.zxid;
        plan_ = zab::plan_sync({database_, config, database_.last_processed(), &disk}, learner);
        for (const zab::Txn& txn : plan_.proposals) sent_.push_back(txn.zxid);
    }

    void check(const std::string& key, const Value& value, Verdict& verdict) const {
        if (key == "mode" || key == "firstPacket" || key == "sync" || key == "syncMode") {
            verdict.check(key, without_asides(value.text), mode());
        } else if (key == "snap" || key == "needSnap") {
            verdict.check(key, truth(value, key), is_snap());
        } else if (key == "opZxid") {
            verdict.check(key, wanted(value, key), op_zxid());
        } else if (key == "op" || key == "opPacket") {
            const bool names_zxid = is_text(value) && value.text.find('<') != std::string::npos;
            const std::string got = is_snap() ? "none" : mode();
            verdict.check(key, is_nothing(value) ? "none" : value.text,
                          names_zxid ? got + " " + op_zxid() : got);
        } else if (key.ends_with("ackets") && value.is(Kind::array)) {
            check_packets(key, value, verdict);
        } else if (key == "forwardFrom") {
            verdict.check(key, wanted(value, key), text(plan_.last_queued));
        } else if (key == "proposals" || key == "commits" || key == "proposalsThenCommits") {
            verdict.check(key, list_of(zxids_of(value, key)), list_of(sent_));
        } else if (key == "duplicates") {
            const std::uint64_t count = is_nothing(value) ? 0 : number(value, key);
            verdict.check(key, std::to_string(count), std::to_string(repeated()));
        } else if (key == "queuedPackets" || key == "packets" || key == "queued") {
            const std::size_t packets = is_snap() ? 0 : 1 + 2 * sent_.size();
            verdict.check(key, packets_in(value, key), std::to_string(packets));
        } else {
            throw Refused("expected." + key);
        }
    }

    /// What is said of the learner beside its zxid: "older than the first logged txn".
    void check_claim(const std::string& words, Verdict& verdict) const {
        static const Regex form(
            "(older|lower|smaller|earlier|newer|higher|greater|later) than (?:leader's )?"
            "(?:(oldest|first|min|newest|last|max) (?:of )?(logged|on-disk|committed|processed)? ?"
            "(?:entry|one|txn|transaction|zxid|committed ?log|log)(?: (?:in|of) committed ?log)?|"
            "leader|last ?processed)",
            Regex::icase);
        Match found;
        const std::string clause = plain(words);
        if (!regex_match(clause, found, form)) throw Refused("stimulus: " + words);
        const zab::History& log = database_.committed_log();
        zab::Zxid than = database_.last_processed();
        if (says(found[2], "oldest|first|min")) {
            const bool is_logged = says(found[3], "logged|disk");
            const auto first = is_logged ? logged_from_ : first_committed();
            if (!first.has_value()) throw Refused("stimulus: there is none: " + words);
            than = *first;
        } else if (found[2].matched && !says(found[3], "processed")) {
            if (log.empty() || says(found[3], "logged|disk")) throw Refused("stimulus: " + words);
            than = log.last().zxid;
        }
        const bool is_older = says(found[1], "older|lower|smaller|earlier");
        verdict.require(words, is_older ? learner_ < than : learner_ > than);
    }

  private:
    std::optional<zab::Zxid> first_committed() const {
        const zab::History& log = database_.committed_log();
        return log.empty() ? std::nullopt : std::optional(log.at(0).txn.zxid);
    }
    /// ["DIFF <1,2>", "PROPOSAL <1,1>", "COMMIT <1,1>"]: all that is queued, in its order.
    void check_packets(const std::string& key, const Value& value, Verdict& verdict) const {
        std::string queued;
        if (!is_snap()) queued = mode() + " " + op_zxid() + " ";
        for (const zab::Zxid one : sent_) {
            queued += fmt::format("PROPOSAL {} COMMIT {} ", text(one), text(one));
        }
        std::string wanted_packets;
        for (const Value& one : value.elements) {
            const bool is_pair = one.elements.size() == 2;  // ["DIFF", [1, 2]]
            static const Regex form("([A-Z]+) *(<.*>)");
            Match found;
            if (is_pair) {
                wanted_packets += one.elements[0].text + " " + text(zxid(one.elements[1], key));
            } else if (is_text(one) && regex_match(one.text, found, form)) {
                const auto named = zxids_of(sim::json::string(found[2].str()), key);
                if (named.size() != 1) throw Refused(key + ": " + one.text);
                wanted_packets += found[1].str() + " " + text(named.front());
            } else {
                throw Refused(key + ": a packet and its zxid");
            }
            wanted_packets += " ";
        }
        verdict.check(key, wanted_packets, queued);
    }
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
        if (is_nothing(value) || says(value.text, "^(nothing|empty)$")) return "0";
        std::size_t count = 0;
        for (const std::string& part : split_at(value.text, " *\\+ *| and |, *")) {
            static const Regex some("([0-9]+) (?:proposals?|commits?)", Regex::icase);
            Match found;
            if (regex_match(part, found, some)) {
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
    std::optional<zab::Zxid> logged_from_;
};

/// The learner's zxid, and what else is said of it: "learner at <0,1>, older than the leader".
struct Learner {
    zab::Zxid zxid{};
    std::vector<std::string> claims;
};
std::optional<Learner> learner_in(const Value& stimulus) {
    if (const Value* named = first_of(stimulus, {"peerLastZxid", "learnerLastZxid", "peerZxid"})) {
        if (stimulus.members.size() != 1) throw Refused("stimulus is not one zxid");
        return Learner{zxid(*named, "peerLastZxid"), {}};
    }
    static const Regex form(
        "(?:an? |the )?(?:learner|peer|follower)(?:'s)? (?:(?:is|comes|reports|with|at|last|zxid) "
        ")*"
        "(<[0-9]+, ?[0-9]+>)(?:, (.*))?");
    Match found;
    if (!is_text(stimulus) || !regex_match(stimulus.text, found, form)) return std::nullopt;
    Learner learner{zxids_of(sim::json::string(found.str(1)), "the learner").front(), {}};
    if (found[2].matched) learner.claims = split_at(found[2], ", ");
    return learner;
}

}  // namespace

std::optional<Verdict> judge_plan(const Case& one) {
    if (one.area != "SYNC") return std::nullopt;
    const auto learner = learner_in(one.stimulus);
    if (!learner.has_value()) return std::nullopt;
    only("initial", one.initial,
         {"leaderLastProcessed", "lastProcessed", "committedLog", "txnLogSync",
          "snapshotSizeFactor", "onDiskLog", "txnLog", "txnLogIterator", "forceSnapshotSync",
          "forceSnapSync", "forceSnap", "logIterator"});
    const Value leader =
        is_text(one.initial) ? leader_in_words(one.initial.text) : with_iterator(one.initial);
    const Planned planned(leader, learner->zxid, one.release);
    Verdict verdict;
    for (const std::string& claim : learner->claims) planned.check_claim(claim, verdict);
    for (const auto& [key, place, value] : one.expected.members) {
        planned.check(key, value, verdict);
    }
    return verdict;
}

}  // namespace conformance
