#include "tests/conformance/talk.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

namespace {

using Look = Talk::Look;

std::string list_of(const std::vector<zab::Zxid>& zxids) {
    std::string all = "[";
    for (const zab::Zxid zxid : zxids) all += text(zxid);
    return all + "]";
}

/// `{"accepted": 1, "current": 1, "lastProcessed": [1, 2]}`: what the server holds at that moment.
void check_table(const Talk& talk, const Value& wanted, const Look& look, const std::string& key,
                 Verdict& verdict) {
    for (const auto& [name, place, value] : wanted.members) {
        if (contains(name, "^last(?:Processed|Zxid)")) {
            verdict.check(key + "." + name, text(talk.meant(value)), text(look.processed));
            continue;
        }
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

/// "ACK <1,0>" in order, and what else must have come of it.
void check_outcomes(Talk& talk, const Value& wanted, const std::string& key, Verdict& verdict) {
    const Look& start = talk.before("UPTODATE");
    std::vector<zab::Zxid> acks;
    bool tells_other = false;
    for (const std::string& words : texts(wanted, key)) {
        if (words.starts_with("ACK ")) {
            acks.push_back(talk.meant(words.substr(4)));
        } else if (words == "data-changed event") {
            verdict.require(words, deliveries_in(talk, talk.cluster().records()) > 0);
        } else if (words == "value durable") {
            const zab::Zxid last = talk.spoken_of().empty() ? acks.back() : talk.spoken_of().back();
            verdict.require(words, talk.looks().back().reloaded == last &&
                                       talk.cluster().disk(talk.self()).durable_end().zxid == last);
        } else {
            for (const std::string& clause : clauses(without_remarks(words))) {
                check_clause(talk, clause, talk.after("UPTODATE"), verdict);
            }
            tells_other = true;
        }
    }
    if (tells_other && acks.empty()) return;  // Then nothing is said of them.
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

/// The moment that a key speaks of: "epochsAtAck", "afterInfo", "leaderAfterTimeout"; else the
/// last one.
const Look& look_for(const Talk& talk, const std::string& key) {
    const bool leads = talk.role() == Talk::Role::leader;
    static const std::regex named("(before|Before)(NEWLEADER|UPTODATE|COMMIT|ACKEPOCH|ACK)");
    std::smatch found;
    if (std::regex_search(key, found, named)) return talk.before(found[2]);
    if (contains(key, "[bB]efore(?:PROPOSAL|Proposal|Propose)")) {
        return talk.before(leads ? "propose" : "PROPOSAL");
    }
    if (contains(key, "(?:LEADERINFO|LeaderInfo|Info)")) {
        return talk.after(leads ? "FOLLOWERINFO" : "LEADERINFO");
    }
    if (contains(key, "UPTODATE|UpToDate")) return talk.after(leads ? "ACK " : "UPTODATE");
    if (contains(key, "COMMIT")) return talk.after("COMMIT");
    if (contains(key, "PROPOSAL|Proposal")) return talk.after(leads ? "propose" : "PROPOSAL");
    if (contains(key, "Ack|NEWLEADER|NewLeader")) {
        return talk.after(leads ? "ACKEPOCH" : "NEWLEADER");
    }
    return talk.looks().back();
}

bool is_table(const Value& value) {
    return value.is(Value::Kind::object) && !value.members.empty() &&
           std::all_of(value.members.begin(), value.members.end(), [](const auto& one) {
               return contains(one.key, "^(?:accepted|current|last(?:Processed|Zxid)$)");
           });
}

const zab::Message* first_of(const std::vector<zab::Message>& all, const std::string& packet) {
    const auto found = std::find_if(
        all.begin(), all.end(), [&packet](const auto& one) { return packet_name(one) == packet; });
    return found == all.end() ? nullptr : &*found;
}

/// "LEADERINFO": what it says, or whether it is said at all.
void check_packet(Talk& talk, const std::string& packet, const Value& value, Verdict& verdict) {
    const auto all = talk.said();
    const zab::Message* said = first_of(all, packet);
    static const std::regex unsaid(
        "(?:is |was )?(?:not|never|no)(?: "
        "(?:is|been|sent|received|read|said|seen|yet))*|none|nothing");
    if (is_text(value) && std::regex_match(without_remarks(value.text), unsaid)) {
        verdict.check(packet + " is said", false, said != nullptr);
    } else if (is_text(value) &&
               contains(value.text, "^(?:is |was )?(?:sent|received|read|yes)$")) {
        verdict.check(packet + " is said", true, said != nullptr);
    } else if (said == nullptr) {
        verdict.require(packet + " is said", false);
    } else if (value.is(Value::Kind::object)) {
        const auto* ack = std::get_if<zab::AckEpoch>(said);
        for (const auto& [name, place, wanted] : value.members) {
            if (name == "zxid" || name == "lastZxid") {
                verdict.check(packet + ".zxid", text(talk.meant(wanted)), text(*zxid_said(*said)));
            } else if (ack != nullptr && (name == "epoch" || name == "currentEpoch")) {
                verdict.check(
                    packet + ".epoch", std::to_string(number(wanted, "epoch")),
                    ack->current_epoch ? std::to_string(ack->current_epoch->value) : "none");
            } else {
                throw Refused(packet + "." + name);
            }
        }
    } else {
        const auto zxid = zxid_said(*said);
        if (!zxid) throw Refused(packet + " says no zxid");
        verdict.check(packet, text(talk.meant(value)), text(*zxid));
    }
}

/// "becomes 1 (…)", "stays 0 after initLimit*tick", 0.
void check_epoch(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::regex told(
        "(becomes|is|stays|still|remains|=)? ?(?:at )?([0-9]+)"
        "(?:,? (?:after|for|within) (?:initLimit|syncLimit)(?:\\*tick| ticks)?)?");
    const std::string words = without_remarks(value.text);
    const auto epoch_at = [&key](const Look& look) {
        return (contains(key, "[aA]ccepted") ? look.accepted : look.current).value;
    };
    const Look& look = look_for(talk, key);
    std::smatch found;
    if (std::regex_match(words, found, told)) {
        verdict.check(key, found[2], std::to_string(epoch_at(look)));
        if (found[1] == "stays" || found[1] == "remains") {
            for (const Look& one : talk.looks()) {
                verdict.check(key, found[2], std::to_string(epoch_at(one)));
            }
        }
    } else if (contains(value.text, "^(?:is )?(?:unchanged|not (?:advanced|changed|written))")) {
        for (const Look& one : talk.looks()) {
            verdict.check(key, std::to_string(epoch_at(talk.looks().front())),
                          std::to_string(epoch_at(one)));
        }
    } else {
        throw Refused(key + ": " + value.text);
    }
}

/// "PROPOSAL, then PINGs": what the leader says from then on, in this order.
void check_order(Talk& talk, const std::string& key, const std::string& words, Verdict& verdict) {
    static const std::regex packet(packet_names);
    std::vector<std::string> heard;
    for (const zab::Message& message : talk.said(true)) heard.push_back(packet_name(message));
    if (!made_of(words, packet_names + std::string("s?|then|only|and|the|followed|by|in|order"))) {
        throw Refused(key + ": " + words);
    }
    auto from = heard.begin();
    if (contains(key, "afterA")) from = std::find(heard.begin(), heard.end(), "NEWLEADER");
    if (contains(key, "UPTODATE")) from = std::find(heard.begin(), heard.end(), "UPTODATE");
    if (from == heard.end() && !heard.empty()) verdict.require(key, false);
    std::size_t count = 0;
    for (std::sregex_iterator i(words.begin(), words.end(), packet), end; i != end; ++i, ++count) {
        from = std::find(from, heard.end(), i->str());
        verdict.require(key + ": " + words, from != heard.end());
        if (from == heard.end()) return;
        ++from;
    }
    if (count == 0) throw Refused(key + ": " + words);
}

void check_last(Talk& talk, const std::string& words, Verdict& verdict) {
    const auto all = talk.said();
    const std::string last = all.empty() ? "nothing" : packet_name(all.back());
    if (contains(words, packet_names) && words.find(' ') == std::string::npos) {
        verdict.check("last", words, last);
        return;
    }
    static const std::regex in_turn("([A-Z]+)(?:[,;]? then |[,;] )(.*)");
    std::smatch found;
    if (std::regex_match(words, found, in_turn) && contains(found[1], packet_names)) {
        verdict.check("last", found[1], last);
        return check_last(talk, found[2], verdict);
    }
    if (!check_fate(talk, words, verdict)) throw Refused("expected: " + words);
}

void check_acks(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    std::vector<zab::Zxid> wanted;
    for (const Value& one : value.elements) {
        const bool is_packet = is_text(one) && one.text.starts_with("ACK ");
        wanted.push_back(is_packet ? talk.meant(one.text.substr(4)) : talk.meant(one));
    }
    const Look& start = contains(key, "UPTODATE")    ? talk.before("UPTODATE")
                        : contains(key, "NEWLEADER") ? talk.before("NEWLEADER")
                                                     : talk.looks().front();
    verdict.check(key, list_of(wanted), list_of(talk.acks_after(start)));
}

/// "secondAck": of all that the server has said.
void check_ack(Talk& talk, const std::string& which, const Value& value, Verdict& verdict) {
    const auto acks = talk.acks_after(talk.looks().front());
    const std::size_t number = which == "last" ? acks.size() : count_in(which).value();
    const bool is_said = number > 0 && number <= acks.size();
    verdict.check(which + " ack", text(talk.meant(value)),
                  is_said ? text(acks[number - 1]) : "none");
}

/// Packets and what they carry.
bool check_packets(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::regex packet(std::string("(") + packet_names + ")");
    static const std::regex ack("ack(NEWLEADER|UPTODATE)");
    static const std::regex placed("(first|second|third|last)Ack");
    std::smatch found;
    if (std::regex_match(key, found, packet)) {
        check_packet(talk, key, value, verdict);
    } else if (key == "first" && is_text(value)) {
        const auto all = talk.said();
        const std::string name = value.text.substr(0, value.text.find_first_of(" <"));
        verdict.check(key, name, all.empty() ? "nothing" : packet_name(all.front()));
        if (const auto zxid = zxid_in(value.text); zxid && !all.empty()) {
            verdict.check(key, text(*zxid), text(*zxid_said(all.front())));
        }
    } else if (key == "last" && is_text(value)) {
        check_last(talk, value.text, verdict);
    } else if (std::regex_match(key, found, ack)) {
        const auto acks = talk.acks_after(talk.before(found[1]));
        verdict.check(key, text(talk.meant(value)), acks.empty() ? "none" : text(acks.front()));
    } else if (std::regex_match(key, found, placed)) {
        check_ack(talk, found[1], value, verdict);
    } else if (contains(key, "^acks") && value.is(Value::Kind::array)) {
        check_acks(talk, key, value, verdict);
    } else if (contains(key, "^(?:firstSync|sync|syncMode|mode)$")) {
        verdict.check(key, value.text, mode_said(talk));
    } else if (contains(key,
                        "^(?:packets|said|order|sequence|afterUPTODATE|afterProposal|afterA(?:ck|"
                        "CK))$") &&
               talk.role() == Talk::Role::leader) {
        std::string words;
        for (const std::string& one : texts(value, key)) words += one + ", ";
        check_order(talk, key, words, verdict);
    } else if (key == "afterUPTODATE") {
        check_outcomes(talk, value, key, verdict);
    } else {
        return false;
    }
    return true;
}

/// What the server holds, in memory and on disk.
bool check_state(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::regex epoch_key(
        "(?:leader|follower|observer)?(?:[cC]urrent|[aA]ccepted)Epoch(?:A[a-zA-Z]+)?");
    const bool at_ack = (key == "epochs" || key == "atAck") && talk.role() != Talk::Role::leader;
    if (is_table(value)) {
        check_table(talk, value, at_ack ? talk.after("NEWLEADER") : look_for(talk, key), key,
                    verdict);
    } else if (std::regex_match(key, epoch_key)) {
        check_epoch(talk, key, value, verdict);
    } else if (contains(key, "^last(?:Processed|Zxid)|^applied(?:At|After)[A-Z]")) {
        verdict.check(key, text(talk.meant(value)), text(look_for(talk, key).processed));
    } else if (key == "applied" || key == "logged" || key == "log") {
        const Look& last = talk.looks().back();
        std::vector<zab::Zxid> wanted;
        for (const Value& one : value.elements) wanted.push_back(talk.meant(one));
        verdict.check(key, list_of(wanted), list_of(key == "applied" ? last.applied : last.logged));
    } else if (key == "electionFinished") {
        const zab::Leading* leading = talk.cluster().peer(talk.self()).leading();
        verdict.check(key, truth(value, key), leading != nullptr && leading->election_finished);
    } else if (key == "visible" &&
               value.text == "old data until COMMIT, then data-changed event and new data") {
        verdict.require("old data until COMMIT", talk.before("COMMIT").applied.empty());
        verdict.require("new data behind COMMIT", !talk.after("COMMIT").applied.empty());
    } else if (key == "afterShutdown" && value.text.starts_with("both durable, last zxid ")) {
        check_after_shutdown(talk, value.text, verdict);
    } else {
        return false;
    }
    return true;
}

void check_key(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const std::regex fates(
        "connection|leader|follower|learner|observer|server|state|outcome|result|end");
    static const std::regex stores(
        "snapshots?|(?:at|before|after)[A-Z]\\w*|disk|log|reload(?:ed)?(?: from "
        "disk)?|durable|session|memory");
    if (check_packets(talk, key, value, verdict) || check_state(talk, key, value, verdict)) return;
    static const std::regex ends("after|later|then|finally|in the end");
    const bool is_end = std::regex_match(key, ends);
    const bool is_fate = is_end || std::regex_match(key, fates);
    if (!is_fate && !std::regex_match(key, stores)) throw Refused("expected." + key);
    // A snapshot is spoken of as it is when the new leader is acknowledged.
    const bool at_ack = key == "snapshot" && talk.role() != Talk::Role::leader;
    for (const std::string& part : texts(value, key)) {
        // A remark that can be checked is one more clause: "applied (last processed <1,2>)".
        static const std::regex epochs(" and (?=(?:current|accepted) ?[eE]poch)");
        static const std::regex remark(" *\\(((?:last |current|accepted)[^)]*)\\)");
        for (const std::string& words : clauses(std::regex_replace(
                 without_remarks(std::regex_replace(part, remark, ", $1")), epochs, ", "))) {
            if (is_fate && check_fate(talk, words, verdict)) continue;
            if (is_fate && !is_end) throw Refused("expected: " + words);
            const bool is_reload =
                contains(key, "^(?:disk|afterReload|afterShutdown|reload|durable)");
            check_clause(talk, is_reload ? words + " on disk" : words,
                         at_ack || key == "atAck" ? talk.after("NEWLEADER") : look_for(talk, key),
                         verdict);
        }
    }
}

}  // namespace

std::optional<Verdict> judge_talk(const Case& one) {
    if (one.level != "peer" || one.area == "FLE") return std::nullopt;
    Talk talk(one);
    for (const std::string& step : texts(one.stimulus, "stimulus")) talk.play(step);
    talk.finish();
    Verdict verdict;
    for (const auto& [words, holds] : talk.claims()) verdict.require(words, holds);
    // Whatever ends the server comes last.
    for (const bool ends : {false, true}) {
        for (const auto& [key, place, value] : one.expected.members) {
            if ((key == "afterShutdown") == ends) check_key(talk, key, value, verdict);
        }
    }
    return verdict;
}

}  // namespace conformance
