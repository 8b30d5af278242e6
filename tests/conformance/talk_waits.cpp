#include "tests/conformance/talk.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// What the scripted other side waits for, holds back, and has a client ask for.

namespace {

constexpr zab::Duration pause = zab::milliseconds(100);

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
    static const std::regex by_leader("LEADERINFO|NEWLEADER|UPTODATE|DIFF|SNAP|TRUNC");
    static const std::regex by_learner("FOLLOWERINFO|OBSERVERINFO|ACKEPOCH");
    static const std::regex form(" *(?:<[0-9]+, ?[0-9]+>)?(?: (?:comes|follows|arrives))?");
    const std::regex& own = role_ == Role::leader ? by_leader : by_learner;
    if (!std::regex_match(packet, own) || !std::regex_match(rest, form)) return false;
    await(packet);
    claim_zxid(packet, rest);
    return true;
}

/// Nothing more is said: for as long as the words tell, or for longer than anybody waits.
void Talk::wait(const std::string& words) {
    const zab::Config& config = cluster_->config();
    const auto told = duration_in(words, config);
    const auto time = told.value_or(config.tick_time * config.init_limit + zab::seconds(5));
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
