#include "tests/conformance/talk.hpp"

#include <algorithm>
#include <cctype>

namespace conformance {

// What a case expects the one real server to have said, and in which order.

std::string list_of(const std::vector<zab::Zxid>& zxids) {
    std::string all = "[";
    for (const zab::Zxid zxid : zxids) all += text(zxid);
    return all + "]";
}

namespace {

using Look = Talk::Look;

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

const zab::Message* first_of(const std::vector<zab::Message>& all, const std::string& packet) {
    const auto found = std::find_if(
        all.begin(), all.end(), [&packet](const auto& one) { return packet_name(one) == packet; });
    return found == all.end() ? nullptr : &*found;
}

/// "LEADERINFO": what it says, or whether it is said at all.
void check_packet(Talk& talk, const std::string& packet, const Value& value, Verdict& verdict) {
    const auto all = talk.said(packet == "PING");
    const zab::Message* said = first_of(all, packet);
    static const Regex unsaid(
        "(?:is |was )?(?:not|never|no)(?: "
        "(?:is|been|sent|received|read|said|seen|yet))*|none|nothing");
    if (value.is(Value::Kind::boolean)) {
        verdict.check(packet + " is said", truth(value, packet), said != nullptr);
    } else if (is_text(value) && regex_match(without_remarks(value.text), unsaid)) {
        verdict.check(packet + " is said", false, said != nullptr);
    } else if (is_text(value) &&
               contains(value.text,
                        "^(?:is |was )?(?:sent|received|read|seen|said|heard|arrives|yes)$")) {
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

/// "PROPOSAL, then PINGs": what the leader says from then on, in this order; and what comes of it:
/// "connection closed by leader".
void check_order(Talk& talk, const std::string& key, const std::vector<std::string>& told,
                 Verdict& verdict) {
    static const Regex packet(packet_names);
    std::vector<std::string> heard;
    for (const zab::Message& message : talk.said(true)) heard.push_back(packet_name(message));
    auto from = heard.begin();
    if (key == "then") from = std::find(heard.begin(), heard.end(), "NEWLEADER");
    if (from == heard.end() && !heard.empty()) verdict.require(key, false);
    std::size_t count = 0;
    bool is_over = false;
    for (const std::string& words : told) {
        if (!made_of(words, packet_names + std::string("s?|then|only|and|the|followed|by|in|order|"
                                                       "received|read"))) {
            if (!check_fate(talk, words, verdict)) throw Refused(key + ": " + words);
            is_over = true;
            continue;
        }
        for (MatchIterator i(words, packet), end; i != end; ++i) {
            if (is_over) throw Refused(key + ": behind the end: " + words);
            ++count;
            from = std::find(from, heard.end(), i->str());
            verdict.require(key + ": " + words, from != heard.end());
            if (from == heard.end()) return;
            ++from;
        }
    }
    if (count == 0) throw Refused(key + ": no packet");
}

void check_last(Talk& talk, const std::string& words, Verdict& verdict) {
    const auto all = talk.said();
    const std::string last = all.empty() ? "nothing" : packet_name(all.back());
    if (contains(words, packet_names) && words.find(' ') == std::string::npos) {
        verdict.check("last", words, last);
        return;
    }
    static const Regex in_turn("([A-Z]+)(?:[,;]? then |[,;] )(.*)");
    Match found;
    if (regex_match(words, found, in_turn) && contains(found[1], packet_names)) {
        verdict.check("last", found[1], last);
        return check_last(talk, found[2], verdict);
    }
    if (!check_fate(talk, words, verdict)) throw Refused("expected: " + words);
}

void check_acks(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    std::vector<zab::Zxid> wanted;
    const std::size_t all = talk.acks_after(talk.looks().front()).size();
    for (const Value& one : value.elements) {
        // "NEWLEADER <1,0>": it must be what was acknowledged at this place.
        static const Regex form(
            "(?:ACK )?(?:of )?(?:(NEWLEADER|UPTODATE) )?(<[0-9]+, ?[0-9]+>|[a-z][0-9]?)");
        Match found;
        if (is_text(one) && !regex_match(one.text, found, form)) {
            throw Refused(key + ": " + one.text);
        }
        wanted.push_back(is_text(one) ? talk.meant(found[2].str()) : talk.meant(one));
        if (!is_text(one) || !found[1].matched) continue;
        const std::size_t before = all - talk.acks_after(talk.before(found[1])).size();
        verdict.check(key + ": " + one.text, std::to_string(wanted.size() - 1),
                      std::to_string(before));
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

}  // namespace

std::vector<std::string> parts_of(const Value& value, const std::string& key) {
    static const Regex pings("(?:only )?pings?(?: only)?");
    std::vector<std::string> parts;
    for (const std::string& one : texts(value, key)) {
        for (const std::string& part : split_at(one, "[;,] *(?![0-9])(?:and )?(?:then )?| then ")) {
            parts.push_back(regex_match(part, pings) ? "PINGs" : part);
        }
    }
    return parts;
}

bool check_packets(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex packet(std::string("(") + packet_names + "|PINGs)", Regex::icase);
    static const Regex ack("ack(NEWLEADER|UPTODATE)");
    static const Regex placed("(first|second|third|last)Ack");
    Match found;
    // "proposal" of a learner's case is the one that the script has made.
    const bool is_scripted = key == "proposal" && talk.role() != Talk::Role::leader;
    if (!is_scripted && regex_match(key, found, packet)) {
        std::string name = found[1];
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        check_packet(talk, name == "PINGS" ? "PING" : name, value, verdict);
    } else if (key == "first" && is_text(value)) {
        const auto all = talk.said();
        const std::string name = value.text.substr(0, value.text.find_first_of(" <"));
        verdict.check(key, name, all.empty() ? "nothing" : packet_name(all.front()));
        if (const auto zxid = zxid_in(value.text); zxid && !all.empty()) {
            verdict.check(key, text(*zxid), text(*zxid_said(all.front())));
        }
    } else if (key == "last" && !value.is(Value::Kind::object) &&
               talk.role() != Talk::Role::leader && check_last_acks(talk, value, verdict)) {
        return true;
    } else if (key == "last" && is_text(value)) {
        check_last(talk, value.text, verdict);
    } else if (regex_match(key, found, ack)) {
        const auto acks = talk.acks_after(talk.before(found[1]));
        verdict.check(key, text(talk.meant(value)), acks.empty() ? "none" : text(acks.front()));
    } else if (regex_match(key, found, placed)) {
        check_ack(talk, found[1], value, verdict);
    } else if (value.is(Value::Kind::number) &&
               contains(key,
                        "^(?:acks(?:Total|Sent|Count)?|(?:numberOf|total|num)Acks|ackCount)$")) {
        const std::size_t count = talk.acks_after(talk.looks().front()).size();
        verdict.check(key, std::to_string(number(value, key)), std::to_string(count));
    } else if (contains(key, "^acks") && value.is(Value::Kind::array)) {
        check_acks(talk, key, value, verdict);
    } else if (contains(key, "^(?:firstSync|sync|syncMode|mode)$")) {
        verdict.check(key, value.text, mode_said(talk));
    } else if (contains(key, "^(?:packets|said|order|sequence)$") &&
               talk.role() == Talk::Role::leader) {
        check_order(talk, key, parts_of(value, key), verdict);
    } else if (key == "then" && talk.role() == Talk::Role::leader &&
               contains(value.is(Value::Kind::array) ? texts(value, key).front() : value.text,
                        "^(?:UPTODATE|PROPOSAL|PINGs?)\\b")) {
        check_order(talk, key, parts_of(value, key), verdict);
    } else if (check_said_after(talk, key, value, verdict)) {
        return true;
    } else if (key == "afterUPTODATE") {
        check_outcomes(talk, value, key, verdict);
    } else {
        return false;
    }
    return true;
}

}  // namespace conformance
