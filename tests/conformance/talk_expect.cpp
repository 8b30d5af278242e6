#include "tests/conformance/talk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace conformance {

namespace {

using Look = Talk::Look;

std::string list_of(const std::vector<zab::Zxid>& zxids) {
    std::string all = "[";
    for (const zab::Zxid zxid : zxids) all += text(zxid);
    return all + "]";
}

template <class M>
const M* first_said(const Talk& talk) {
    static std::vector<zab::Message> all;
    all = talk.said();
    for (const zab::Message& message : all) {
        if (const auto* found = std::get_if<M>(&message)) return found;
    }
    throw Refused("the server never said what is expected");
}

void check_epochs(const Value& wanted, const Look& look, const std::string& key, Verdict& verdict) {
    for (const auto& [name, place, value] : wanted.members) {
        const bool is_accepted = name.starts_with("accepted");
        if (!is_accepted && !name.starts_with("current")) throw Refused(key + "." + name);
        verdict.check(key + "." + name, std::to_string(number(value, name)),
                      std::to_string((is_accepted ? look.accepted : look.current).value));
    }
}

std::string mode_said(const Talk& talk) {
    for (const zab::Message& message : talk.said()) {
        if (std::holds_alternative<zab::Diff>(message)) return "DIFF";
        if (std::holds_alternative<zab::Trunc>(message)) return "TRUNC";
        if (std::holds_alternative<zab::Snap>(message)) return "SNAP";
    }
    return "none";
}

std::size_t deliveries_in(const Talk& talk, const std::vector<trace::Record>& records) {
    std::size_t count = 0;
    for (const trace::Record& record : records) {
        count += record.kind() == trace::Kind::deliver && record.node() == talk.self() ? 1u : 0u;
    }
    return count;
}

/// What a case says in words about snapshot, log and memory.
void check_clause(Talk& talk, const std::string& words, const Look& look, Verdict& verdict) {
    const Look& last = talk.looks().back();
    const bool nothing_new = look.appended == talk.looks().front().appended && look.applied.empty();
    if (words == "taken once") {
        verdict.require(words, last.snapshots == 1);
    } else if (words == "no snapshot taken" || words == "never taken" || words == "none") {
        verdict.require(words, look.snapshots == 0);
    } else if (words == "synced") {
        verdict.require(words, look.are_synced);
    } else if (words == "synced snapshot taken") {
        verdict.require(words, look.snapshots > 0 && look.are_synced);
    } else if (words == "before the ack") {
        verdict.require(words,
                        look.snapshots > 0 && !talk.acks_after(talk.looks().front()).empty());
    } else if (words == "reload from disk gives the snapshot zxid") {
        verdict.require(words, look.reloaded == talk.snapshot_zxid());
    } else if (words == "proposal neither on disk nor applied") {
        verdict.require(words, nothing_new);
    } else {
        throw Refused("expected: " + words);
    }
}

/// "ACK <1,0>" in order, and what else must have come of it.
void check_outcomes(Talk& talk, const Value& wanted, const std::string& key, Verdict& verdict) {
    const Look& start = talk.before("UPTODATE");
    std::vector<zab::Zxid> acks;
    for (const std::string& words : texts(wanted, key)) {
        if (words.starts_with("ACK ")) {
            acks.push_back(talk.meant(words.substr(4)));
        } else if (words == "data-changed event") {
            verdict.require(words, deliveries_in(talk, talk.cluster().records()) > 0);
        } else if (words == "value durable") {
            verdict.require(words,
                            talk.looks().back().reloaded == acks.back() &&
                                talk.cluster().disk(talk.self()).durable_end().zxid == acks.back());
        } else {
            throw Refused(key + ": " + words);
        }
    }
    verdict.check(key, list_of(acks), list_of(talk.acks_after(start)));
}

void check_after_shutdown(Talk& talk, const std::string& words, Verdict& verdict) {
    if (!words.starts_with("both durable, last zxid ")) throw Refused("afterShutdown: " + words);
    talk.cluster().lose_power(talk.self());
    zab::Database reloaded;
    reloaded.load(talk.cluster().disk(talk.self()).image());
    verdict.check("last zxid on disk", text(talk.meant(words.substr(24))),
                  text(reloaded.last_processed()));
}

using Judge = std::function<void(Talk&, const Value&, const std::string& key, Verdict&)>;

void check_learner_key(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    if (key == "FOLLOWERINFO") {
        verdict.check(key, text(talk.meant(value)),
                      text(zab::Zxid::of(first_said<zab::FollowerInfo>(talk)->accepted_epoch, 0)));
    } else if (key == "first" && value.text.starts_with("OBSERVERINFO")) {
        verdict.check(key, text(talk.meant(value.text.substr(12))),
                      text(zab::Zxid::of(first_said<zab::ObserverInfo>(talk)->accepted_epoch, 0)));
    } else if (key == "ACKEPOCH") {
        const auto* ack = first_said<zab::AckEpoch>(talk);
        verdict.check("ACKEPOCH.zxid", text(talk.meant(member(value, "zxid"))),
                      text(ack->last_zxid));
        verdict.check("ACKEPOCH.epoch", std::to_string(number(member(value, "epoch"), "epoch")),
                      ack->current_epoch ? std::to_string(ack->current_epoch->value) : "none");
    } else if (key == "epochsAfterLEADERINFO") {
        check_epochs(value, talk.after("LEADERINFO"), key, verdict);
    } else if (key == "epochsAtAck" || key == "epochs") {
        check_epochs(value, talk.after("NEWLEADER"), key, verdict);
    } else if (key == "beforeNEWLEADER") {
        for (const std::string& words : clauses(value.text)) {
            check_clause(talk, words, talk.before("NEWLEADER"), verdict);
        }
    } else if (key == "snapshot" || key == "atAck") {
        for (const std::string& words : clauses(value.text)) {
            check_clause(talk, words, talk.after("NEWLEADER"), verdict);
        }
    } else if (key == "ackNEWLEADER" || key == "ackUPTODATE") {
        const auto acks = talk.acks_after(talk.before(key.substr(3)));
        verdict.check(key, text(talk.meant(value)), acks.empty() ? "none" : text(acks.front()));
    } else if (key == "acksAfterUPTODATE") {
        std::vector<zab::Zxid> wanted;
        for (const Value& one : value.elements) wanted.push_back(talk.meant(one));
        verdict.check(key, list_of(wanted), list_of(talk.acks_after(talk.before("UPTODATE"))));
    } else if (key == "afterUPTODATE") {
        check_outcomes(talk, value, key, verdict);
    } else if (key == "applied") {
        verdict.check(key, list_of(zxids(value, key)), list_of(talk.looks().back().applied));
    } else if (key == "visible" &&
               value.text == "old data until COMMIT, then data-changed event and new data") {
        verdict.require("old data until COMMIT", talk.before("COMMIT").applied.empty());
        verdict.require("new data behind COMMIT", !talk.after("COMMIT").applied.empty());
    } else if (key == "afterShutdown") {
        check_after_shutdown(talk, value.text, verdict);
    } else {
        throw Refused("expected." + key);
    }
}

void check_leader_key(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    if (key == "LEADERINFO") {
        verdict.check(key, text(talk.meant(value)),
                      text(zab::Zxid::of(first_said<zab::LeaderInfo>(talk)->epoch, 0)));
    } else if (key == "NEWLEADER") {
        verdict.check(key, text(talk.meant(value)),
                      text(zab::Zxid::of(first_said<zab::NewLeader>(talk)->epoch, 0)));
    } else if (key == "afterInfo" || key == "leaderAfterInfo") {
        check_epochs(value, talk.after("FOLLOWERINFO"), key, verdict);
    } else if (key == "firstSync" || key == "sync") {
        verdict.check(key, value.text, mode_said(talk));
    } else if (key == "last") {
        const auto all = talk.said();
        const bool is_served = !all.empty() && std::holds_alternative<zab::UpToDate>(all.back());
        verdict.check(key, value.text, is_served ? "UPTODATE" : "something else");
    } else if (key == "leaderCurrentEpoch") {
        static const std::regex becomes("becomes ([0-9]+)");
        std::smatch found;
        if (!std::regex_search(value.text, found, becomes)) throw Refused(key + ": " + value.text);
        verdict.check(key, found[1], std::to_string(talk.looks().back().current.value));
    } else {
        throw Refused("expected." + key);
    }
}

}  // namespace

std::optional<Verdict> judge_talk(const Case& one) {
    if (one.level != "peer") return std::nullopt;
    Talk talk(one);
    for (const std::string& step : texts(one.stimulus, "stimulus")) talk.play(step);
    Verdict verdict;
    // Whatever ends the server comes last.
    for (const bool ends : {false, true}) {
        for (const auto& [key, place, value] : one.expected.members) {
            if ((key == "afterShutdown") != ends) continue;
            if (talk.role() == Talk::Role::leader) {
                check_leader_key(talk, key, value, verdict);
            } else {
                check_learner_key(talk, key, value, verdict);
            }
        }
    }
    return verdict;
}

}  // namespace conformance
