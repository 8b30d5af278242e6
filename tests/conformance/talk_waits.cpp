#include "tests/conformance/talk.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// What the scripted other side waits for, holds back, and has a client ask for.

namespace {

constexpr zab::Duration pause = zab::milliseconds(100);

bool is_by_leader(const std::string& packet) {
    static const Regex names("LEADERINFO|NEWLEADER|UPTODATE|DIFF|SNAP|TRUNC");
    return regex_match(packet, names);
}

bool is_by_learner(const std::string& packet) {
    static const Regex names("FOLLOWERINFO|OBSERVERINFO|ACKEPOCH");
    return regex_match(packet, names);
}

/// "silence until the leader gives up": without the end of it; which end that is.
std::string without_end(const std::string& words, std::string& end) {
    static const std::string self = "(leader|follower|learner|observer|server|it)";
    static const std::string has = " (?:has |is )*";
    static const Regex leaves(
        ",? ?\\b(?:until|till) (?:the )?" + self + has +
        "(?:gives?|given|gave|giving) up(?: (?:on )?(?:waiting|leading|leadership|following))?$|"
        ",? ?\\b(?:until|till) (?:the )?" +
        self + has +
        "(?:times? out|timed out|quits?|abandons?(?: (?:the )?(?:leadership|epoch))?|"
        "abandoned|stops (?:waiting|leading)|shuts down|goes (?:back )?(?:to )?LOOKING)$");
    static const Regex closes(",? ?\\b(?:until|till) (?:the )?" + self + has +
                              "(?:closes|closed|drops|dropped|cuts?) (?:the |its )?"
                              "(?:connection|link|socket)$|"
                              ",? ?\\b(?:until|till) (?:the )?(?:connection|link|socket) is "
                              "(?:closed|dropped|cut)(?: by (?:the )?" +
                              self + ")?$");
    Match found;
    const bool is_left = regex_search(words, found, leaves);
    if (!is_left && !regex_search(words, found, closes)) return words;
    const std::string who = found[1].matched ? found[1].str() : found[2].str();
    end = (is_left ? "left " : "closed ") + who;
    return found.prefix();
}

}  // namespace

/// The script goes on when the server has said that.
void Talk::await(const std::string& packet) {
    if (role_ == Role::leader && packet == "PROPOSAL" && spoken_of_.empty()) return propose();
    wait_out();
    const auto is_heard = [&] {
        return std::any_of(cluster_->heard.begin(), cluster_->heard.end(),
                           [&](const auto& one) { return packet_name(one.second) == packet; });
    };
    if (!run_until(is_heard, zab::seconds(10))) throw Refused("the server never said " + packet);
    run(pause);
    look("read " + packet);
}

/// What such a packet of the server says must be what the step tells: "LEADERINFO <1,0>".
void Talk::claim_zxid(const std::string& packet, const std::string& rest) {
    const auto wanted = zxid_in(rest);
    if (!wanted) return;
    const bool is_said =
        std::any_of(cluster_->heard.begin(), cluster_->heard.end(), [&](const auto& one) {
            return packet_name(one.second) == packet && zxid_said(one.second) == wanted;
        });
    claims_.emplace_back(packet + rest, is_said);
}

/// A packet that only the server itself can have said; false: it is the script's to say.
bool Talk::hear(const std::string& packet, const std::string& rest) {
    static const Regex form(
        " *(?:<[0-9]+, ?[0-9]+>)?(?: (?:comes|follows|arrives|(?:is |was "
        ")?(?:read|received|seen)))?");
    const bool is_own = role_ == Role::leader ? is_by_leader(packet) : is_by_learner(packet);
    if (!is_own || !regex_match(rest, form)) return false;
    await(packet);
    claim_zxid(packet, rest);
    return true;
}

/// "no answer to LEADERINFO", "ACKEPOCH never sent": what is held back must be what is owed.
void Talk::check_held_back(const std::string& words) const {
    static const Regex packet(packet_names);
    const auto all = said();
    for (MatchIterator i(words, packet), end; i != end; ++i) {
        const std::string name = i->str();
        const bool is_heard = std::any_of(
            all.begin(), all.end(), [&](const auto& one) { return packet_name(one) == name; });
        if (role_ == Role::leader && is_by_leader(name) && !is_heard) {
            throw Refused("the server has not said " + name);
        }
        if (role_ == Role::leader && contains(name, "FOLLOWERINFO|ACKEPOCH") && has_said(name)) {
            throw Refused(name + " has been said");
        }
    }
}

/// Nothing more is said: for as long as the words tell, or for longer than anybody waits.
void Talk::wait(const std::string& words_told) {
    std::string end;
    const std::string told = without_end(without_remarks(words_told), end);
    if (!end.empty()) {
        const std::string who = end.substr(end.find(' ') + 1);
        if (duration_in(told, cluster_->config()) || (!who.empty() && !is_self(who))) {
            throw Refused("step: " + words_told);
        }
        wait(told.empty() ? "silence" : told);
        wait_out();
        const bool is_so = end.starts_with("left") ? left_.has_value() : closed_.has_value();
        if (!is_so) throw Refused("it does not: " + words_told);
        return;
    }
    const std::string words = regex_replace(words_told, compiled(">=? ?"), "more than ");
    static const Regex sum("\\b" + sum_of_times() + "\\b");
    static const Regex mock("(?:follower|learner|mock|sid) [0-9]+|/[a-z]\\w*");
    static const std::string known =
        std::string(packet_names) +
        "s?|no|not|never|nothing|none|without|instead|silen(?:t|ce)|un(?:acked|acknowledged|"
        "answered)|with(?:held|holds?)|held|holds|back|waits?|waiting|sleeps?|pass(?:es|ed)?|past|"
        "elapses?|elapsed|later|hangs|stops?|omits|omitted|missing|skipped|suppressed|delayed|"
        "for|more|longer|than|until|till|after|beyond|within|before|to|the|an?|its|any|is|are|was|"
        "of|it|them|from|by|at|then|now|and|but|only|just|still|ever|even|again|least|over|on|in|"
        "acks?|acked|acking|acknowledg\\w*|answer\\w*|repl\\w+|respon\\w+|echo\\w*|pings?|"
        "heartbeats?|proposals?|txns?|transactions?|creates?|set(?:Data)?|writes?|sends?|sent|says?"
        "|"
        "said|comes?|anything|else|followers?|learner|mock|peer|observer|leader|server|does|do|did|"
        "goes|stays|remains|keeps?|left|quiet|idle|mute|passive|although|though|while|time|one|"
        "every|each|all|packets?|messages?|word|further|finally|afterwards|read|received|client|"
        "that|this|period|exceeding|exceeded|answering|there|forever|end|has|been|epoch|own|other|"
        "ignores?|ignored|falls|timeouts?|side|submitted|connection|proposed|keeping|so";
    const zab::Config& config = cluster_->config();
    static const Regex owner("\\b(leader|follower|learner|mock)'s\\b");
    const std::string rest =
        regex_replace(regex_replace(regex_replace(words, sum, ""), mock, ""), owner, "$1");
    if (!made_of(without_remarks(rest), known) || contains(without_remarks(rest), "[0-9]")) {
        throw Refused("step: " + words);
    }
    static const char* const twice =
        "\\b(?:not|never|nothing|no longer|none)\\b(?: \\w+)? (?:un(?:acked|acknowledged|answered)|"
        "with(?:held|hold)|ignor|missing|omitted|skipped|suppressed|silent|quiet|idle|mute)";
    if (contains(words, twice)) throw Refused("step: " + words);
    check_held_back(words);
    const auto limit = duration_in(words, config);
    auto time = limit.value_or(config.tick_time * config.init_limit + zab::seconds(5));
    Match found;
    const bool is_beyond = regex_search(words, found, sum) &&
                           contains(found.prefix(), "\\b(?:past|than|after|beyond|exceed\\w*) $");
    if (is_beyond) time = time + config.tick_time;
    if (!silence_ || *silence_ < time) silence_ = time;
}

/// Waits are made up for at the end, and one for all: "no ACK for it; pings answered".
void Talk::wait_out() {
    if (!silence_) return;
    const zab::Duration time = *silence_;
    silence_.reset();
    run(time);
    look("wait");
}

/// A connection that the script has closed stays closed for longer than anybody waits.
void Talk::finish() {
    if (looks_.back().step == "close") wait("");
    wait_out();
}

void Talk::go_normally_up_to(const std::string& packet) {
    static const std::vector<std::string> as_learner = {"FOLLOWERINFO 0", "ACKEPOCH epoch 0 zxid 0",
                                                        "ACK"};
    static const std::vector<std::string> as_leader = {"LEADERINFO <1,0>", "DIFF",
                                                       "NEWLEADER <1,0>", "UPTODATE"};
    for (const std::string& words : role_ == Role::leader ? as_learner : as_leader) {
        const std::string name = words.substr(0, words.find(' '));
        if (!say(name, {}, words.substr(name.size()))) throw Refused("no normal run: " + words);
        const auto all = said();
        const bool is_heard = std::any_of(all.begin(), all.end(), [&](const zab::Message& one) {
            return packet_name(one) == packet;
        });
        if (is_heard || name == packet) return;
    }
    if (role_ == Role::leader && packet == "UPTODATE") throw Refused("no UPTODATE comes");
}

/// A client of the leader writes. Its session is a proposal too, which the mock acknowledges: the
/// one that matters is the one behind it.
void Talk::propose(zab::Operation operation) {
    wait_out();
    const auto proposal = [this](bool opens_session) -> std::optional<zab::Zxid> {
        for (const auto& [link, message] : cluster_->heard) {
            const auto* one = std::get_if<zab::Proposal>(&message);
            const bool is_told =
                one != nullptr && (one->txn.type == zab::TxnType::create_session) == opens_session;
            if (is_told) return one->txn.zxid;
        }
        return std::nullopt;
    };
    const std::uint64_t client = cluster_->connect(self_);
    const auto opens = [&] { return proposal(true).has_value(); };
    if (!run_until(opens, zab::seconds(5))) throw Refused("the leader takes no client");
    own_.push_back(*proposal(true));
    cluster_->send(link(), zab::Ack{own_.back()});
    run(pause);
    spoke_at_ = cluster_->now();
    pings_ = 0;
    cluster_->ask(client, operation, 1);
    const auto writes = [&] { return proposal(false).has_value(); };
    if (!run_until(writes, zab::seconds(5))) throw Refused("the leader proposes nothing");
    spoken_of_.push_back(*proposal(false));
    names_["p"] = spoken_of_.back();
    look("propose");
}

/// "create /test: PROPOSAL not acked": where nothing has been proposed, it is now.
void Talk::propose_untold(const std::string& step) {
    static const char* const what =
        "(?:PROPOSAL|[Pp]roposal|[Cc]reate|setData|txn|transaction|write)s?\\b";
    static const std::string none = std::string("\\b(?:no|without)(?: an?| any)? ") + what;
    if (role_ != Role::leader || !spoken_of_.empty()) return;
    if (!contains(step, what) || contains(step, none.c_str())) return;
    propose(contains(step, "\\bset") ? zab::Operation::set : zab::Operation::create);
}

void Talk::close() {
    wait_out();
    if (closed_) return look("close");  // The server was first.
    const zab::LinkId own_end = link();
    was_linked_ = false;  // Not the server's doing.
    cluster_->close(own_end);
    run(pause);
    look("close");
}

}  // namespace conformance
