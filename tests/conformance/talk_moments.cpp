#include "tests/conformance/talk.hpp"

#include <algorithm>
#include <cctype>

namespace conformance {

// What a case says of the moment behind a packet: what the server says next, and what changes then.

namespace {

using Look = Talk::Look;
using Messages = std::vector<zab::Message>;

/// A packet that a case names, and the zxid it must say, where that is told.
struct Wanted {
    std::string name;
    std::optional<zab::Zxid> zxid;
};

std::vector<Wanted> packets_in(const std::string& words) {
    static const Regex packet(std::string("(") + packet_names + ")s?(?: (<[0-9]+, ?[0-9]+>))?");
    static const char* const filler = "then|only|and|the|an?|followed|by|in|order|of|received|read";
    if (!made_of(regex_replace(words, packet, ""), filler)) return {};
    std::vector<Wanted> all;
    for (MatchIterator i(words, packet), end; i != end; ++i) {
        const bool tells_zxid = (*i)[2].matched;
        all.push_back({(*i)[1], tells_zxid ? zxid_in((*i)[2]) : std::nullopt});
    }
    return all;
}

bool is_it(const zab::Message& message, const Wanted& wanted) {
    return packet_name(message) == wanted.name &&
           (!wanted.zxid || zxid_said(message) == wanted.zxid);
}

bool is_ping(const zab::Message& message) { return packet_name(message) == "PING"; }

/// The look at which the script says this packet; past the last one: it never does.
std::size_t step_of(const Talk& talk, const std::string& packet) {
    const auto& looks = talk.looks();
    const auto is_it_said = [&](const Look& one) { return Talk::is_step(one, packet); };
    return static_cast<std::size_t>(std::find_if(looks.begin() + 1, looks.end(), is_it_said) -
                                    looks.begin());
}

/// Until where the script does nothing that goes on with the synchronization.
std::size_t end_of(const Talk& talk, std::size_t step) {
    static const Regex next("(?:LEADERINFO|DIFF|SNAP|TRUNC|NEWLEADER|UPTODATE)\\b.*");
    const auto& looks = talk.looks();
    for (std::size_t i = step + 1; i < looks.size(); ++i) {
        if (regex_match(looks[i].step, next)) return looks[i - 1].heard;
    }
    return looks.back().heard;
}

/// A learner says all of this until its leader goes on, and nothing else.
void check_window(const Talk& talk, const std::string& key, std::size_t step,
                  const std::vector<Wanted>& wanted, Verdict& verdict) {
    const auto all = talk.said();
    std::string told, got;
    std::size_t place = talk.looks()[step - 1].heard;
    for (const Wanted& one : wanted) {
        told += one.name + (one.zxid ? text(*one.zxid) : "") + " ";
        const bool tells_zxid = one.zxid && place < all.size() && zxid_said(all[place]);
        if (place < end_of(talk, step)) {
            got += packet_name(all[place]) + (tells_zxid ? text(*zxid_said(all[place])) : "") + " ";
        }
        ++place;
    }
    verdict.check(key, told, got);
    verdict.require(key + ": and no more", place >= end_of(talk, step));
}

/// Where a leader's packets begin that are said behind this one.
Messages::const_iterator behind(const Talk& talk, const Messages& all, const std::string& packet,
                                const std::string& first) {
    const bool is_proposed = packet == "PROPOSAL";
    const std::size_t step = step_of(talk, is_proposed ? "propose" : packet);
    auto from = all.begin();
    if (step < talk.looks().size()) {
        std::size_t heard = talk.looks()[step - 1].heard;
        for (; heard > 0 && from != all.end(); ++from) heard -= is_ping(*from) ? 0u : 1u;
        if (!is_proposed || first == packet) return from;
    }
    from = std::find_if(from, all.end(), [&](const auto& m) { return packet_name(m) == packet; });
    if (from == all.end()) throw Refused("the server never said " + packet);
    return from + 1;
}

/// A leader says each of them next, but for pings.
void check_next(Talk& talk, const std::string& key, const std::string& packet,
                const std::vector<std::string>& parts, Verdict& verdict) {
    const Messages all = talk.said(true);
    auto from = behind(talk, all, packet, packets_in(parts.front()).front().name);
    bool is_over = false;
    for (const std::string& words : parts) {
        const auto wanted = packets_in(words);
        if (wanted.empty() && !check_fate(talk, words, verdict)) throw Refused(key + ": " + words);
        if (is_over && !wanted.empty()) throw Refused(key + ": behind the end: " + words);
        is_over = wanted.empty();
        for (const Wanted& one : wanted) {
            const bool awaits_ping = one.name == "PING";
            if (!awaits_ping) from = std::find_if_not(from, all.end(), is_ping);
            const bool is_next = from != all.end() && is_it(*from, one);
            verdict.require(key + ": " + words, is_next);
            if (!is_next) return;
            from = awaits_ping ? std::find_if_not(from, all.end(), is_ping) : from + 1;
        }
    }
}

/// "afterAck" is "afterACK"; "afterInfo": of whoever speaks to the server.
std::string packet_of_key(const Talk& talk, const std::string& key) {
    static const Regex form(std::string("after ?(Ack|Info|Proposal|") + packet_names + ")");
    Match found;
    if (!regex_match(key, found, form)) return "";
    const std::string name = found[1];
    const bool leads = talk.role() == Talk::Role::leader;
    if (name == "Ack") return "ACK";
    if (name == "Info") return leads ? "FOLLOWERINFO" : "LEADERINFO";
    return name == "Proposal" ? "PROPOSAL" : name;
}

/// "epochsBeforeNEWLEADER", "beforeAckEpoch": the packet that comes then, as its step begins.
std::optional<std::string> packet_before(const std::string& key, bool leads) {
    static const Regex named(
        "[bB]efore(?:The)?(NEWLEADER|UPTODATE|COMMIT|ACKEPOCH|ACK|LEADERINFO|FOLLOWERINFO|"
        "NewLeader|"
        "UpToDate|Commit|AckEpoch|Ack|LeaderInfo|FollowerInfo|Info)");
    Match found;
    if (!regex_search(key, found, named)) return std::nullopt;
    std::string packet = found[1];
    std::transform(packet.begin(), packet.end(), packet.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return packet == "INFO" ? (leads ? "FOLLOWERINFO" : "LEADERINFO") : packet;
}

/// A leader begins to synchronize its learners when a quorum has acknowledged the epoch.
const Look& before_sync(const Talk& talk, bool leads) {
    if (leads) return talk.before("ACKEPOCH");
    for (const char* packet : {"DIFF", "SNAP", "TRUNC"}) {
        if (talk.has_said(packet)) return talk.before(packet);
    }
    throw Refused("nothing is synchronized");
}

/// "epochsDuringVote", "atHandshake": when that is, nobody knows here.
void refuse_other_moments(const std::string& key) {
    static const Regex moment(
        "(?:^|[a-z0-9])(?:[bB]efore|[dD]uring|[uU]ntil|[aA]fter|[aA]t)(?=[A-Z])");
    static const Regex last(
        ".*(?:[aA]fter|[aA]t)(?:The)?(?:Timeout|TimeOut|Shutdown|Restart|Reload|Reboot|End|Close|"
        "Closed|"
        "Wait|Waiting|GivingUp|Abandon\\w*|Silence|InitLimit|Disconnect|Crash)");
    if (regex_search(key, moment) && !regex_match(key, last)) {
        throw Refused("expected." + key + ": which moment?");
    }
}

}  // namespace

const Talk::Look& look_for(const Talk& talk, const std::string& key) {
    const bool leads = talk.role() == Talk::Role::leader;
    if (const auto before = packet_before(key, leads)) return talk.before(*before);
    if (contains(key, "[bB]efore(?:PROPOSAL|Proposal|Propose)")) {
        return talk.before(leads ? "propose" : "PROPOSAL");
    }
    if (contains(key, "[bB]efore(?:The)?(?:Sync|DIFF|SNAP|TRUNC|Diff|Snap|Trunc)")) {
        return before_sync(talk, leads);
    }
    if (contains(key, "(?:LEADERINFO|LeaderInfo|Info)")) {
        return talk.after(leads ? "FOLLOWERINFO" : "LEADERINFO");
    }
    if (contains(key, "UPTODATE|UpToDate")) return talk.after(leads ? "ACK " : "UPTODATE");
    static const Regex synced("[aA](?:fter|t)(DIFF|SNAP|TRUNC)");
    Match found;
    if (regex_search(key, found, synced) && !leads) return talk.after(found[1]);
    if (contains(key, "[aA]fter(?:The)?Sync(?:ed)?$")) {
        return talk.after(leads ? "ACK " : talk.has_said("UPTODATE") ? "UPTODATE" : "NEWLEADER");
    }
    if (contains(key, "COMMIT")) return talk.after("COMMIT");
    if (contains(key, "PROPOSAL|Proposal")) return talk.after(leads ? "propose" : "PROPOSAL");
    if (contains(key, "A(?:fter|t)A(?:CKEPOCH|ckEpoch)|^a(?:fter|t)A(?:CKEPOCH|ckEpoch)")) {
        return talk.after(leads ? "ACKEPOCH" : "LEADERINFO");
    }
    if (contains(key, "Ack|NEWLEADER|NewLeader|A(?:fter|t)ACK$|^a(?:fter|t)ACK$")) {
        return talk.after(leads ? "ACKEPOCH" : "NEWLEADER");
    }
    refuse_other_moments(key);
    return talk.looks().back();
}

bool check_said_after(Talk& talk, const std::string& key, const Value& value, Verdict& verdict) {
    const std::string packet = packet_of_key(talk, key);
    const bool leads = talk.role() == Talk::Role::leader;
    const bool is_list = value.is(Value::Kind::array) &&
                         std::all_of(value.elements.begin(), value.elements.end(), is_text);
    if (packet.empty() || (!is_text(value) && !is_list)) return false;
    // Of a learner's end more can be told, elsewhere.
    if (!leads && packet == "UPTODATE") return false;
    const auto parts = parts_of(value, key);
    if (parts.empty() || packets_in(parts.front()).empty()) return false;
    if (leads) {
        check_next(talk, key, packet, parts, verdict);
        return true;
    }
    const std::size_t step = step_of(talk, packet);
    if (step >= talk.looks().size()) throw Refused("there is no step " + packet);
    std::vector<Wanted> wanted;
    for (const std::string& words : parts) {
        const auto some = packets_in(words);
        if (some.empty()) check_clause(talk, words, talk.looks()[step], verdict);
        wanted.insert(wanted.end(), some.begin(), some.end());
    }
    check_window(talk, key, step, wanted, verdict);
    return true;
}

bool check_change(const Talk& talk, const std::string& words, bool is_accepted, Verdict& verdict) {
    static const Regex form(
        std::string(
            "(?:becomes|is|=)? ?(?:at )?([0-9]+) (?:only |just |right )?(before|after|behind|"
            "upon|on|when|once) (?:the |its )?(") +
        packet_names + ")(?: (?:is |was )?(?:sent|read|received|said))?");
    Match found;
    if (!regex_match(words, found, form)) return false;
    const auto& looks = talk.looks();
    const auto is_so = [&](const Look& one) {
        return std::to_string((is_accepted ? one.accepted : one.current).value) == found[1].str();
    };
    const auto change =
        static_cast<std::size_t>(std::find_if(looks.begin(), looks.end(), is_so) - looks.begin());
    verdict.require(words + ": it is never so", change < looks.size());
    std::size_t said = step_of(talk, found[3]);
    const bool is_by_script = said < looks.size();
    const auto all = talk.said();
    const auto place = std::find_if(all.begin(), all.end(), [&](const zab::Message& one) {
        return packet_name(one) == found[3].str();
    });
    if (!is_by_script) {
        if (place == all.end()) throw Refused("nobody said " + found[3].str());
        said = 0;
        while (looks[said].heard <= static_cast<std::size_t>(place - all.begin())) ++said;
        // Within one step nobody can see which came first.
        if (said == change) throw Refused("which came first? " + words);
    }
    const bool is_later = found[2] == "after" || found[2] == "behind";
    verdict.require(words, found[2] == "before" ? change < said
                           : is_later           ? change >= said
                                                : is_by_script && change == said);
    return true;
}

}  // namespace conformance
