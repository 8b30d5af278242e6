#include "tests/conformance/talk.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// What the scripted other side says and does.

using zab::LinkKind;

namespace {

constexpr zab::Duration pause = zab::milliseconds(100);

constexpr std::pair<std::string_view, zab::MessageKind> packets[] = {
    {"FOLLOWERINFO", zab::MessageKind::follower_info},
    {"OBSERVERINFO", zab::MessageKind::observer_info},
    {"LEADERINFO", zab::MessageKind::leader_info},
    {"ACKEPOCH", zab::MessageKind::ack_epoch},
    {"NEWLEADER", zab::MessageKind::new_leader},
    {"UPTODATE", zab::MessageKind::up_to_date},
    {"PROPOSAL", zab::MessageKind::proposal},
    {"COMMIT", zab::MessageKind::commit},
    {"INFORM", zab::MessageKind::inform},
    {"DIFF", zab::MessageKind::diff},
    {"SNAP", zab::MessageKind::snap},
    {"TRUNC", zab::MessageKind::trunc},
    {"ACK", zab::MessageKind::ack},
    {"PING", zab::MessageKind::ping}};

std::uint32_t to_number(const std::string& digits) {
    return static_cast<std::uint32_t>(std::stoul(digits));
}

bool is_about_pings(const std::string& words) {
    return contains(words, "\\b(?:PING|ping)(?:s|ing)?\\b") &&
           !contains(words, "\\b(?:ACK|[Aa]cks?|[Aa]cked|PROPOSAL|proposal)\\b");
}

/// "no ACKEPOCH", "PROPOSAL unacked", "goes quiet": what nobody says.
bool tells_silence(const std::string& step) {
    return is_negated(step) ||
           contains(
               step,
               "\\b(?:un(?:acked|acknowledged|answered)|with(?:hold|held)|held back|holds back|"
               "ignores?|ignored|silen|stops|quiet|idle|mute|omits|omitted|missing|skipped|"
               "suppressed)\\b|"
               "\\b(?:withhold|silen|delayed past)");
}

}  // namespace

const char* const packet_names =
    "(?:FOLLOWERINFO|OBSERVERINFO|LEADERINFO|ACKEPOCH|NEWLEADER|UPTODATE|PROPOSAL|COMMIT|INFORM|"
    "DIFF|SNAP|TRUNC|ACK|PING)";

std::string packet_name(const zab::Message& message) {
    for (const auto& [name, kind] : packets) {
        if (zab::kind_of(message) == kind) return std::string(name);
    }
    return "";
}

std::optional<zab::Zxid> zxid_said(const zab::Message& message) {
    if (const auto* m = std::get_if<zab::FollowerInfo>(&message))
        return zab::Zxid::of(m->accepted_epoch, 0);
    if (const auto* m = std::get_if<zab::ObserverInfo>(&message))
        return zab::Zxid::of(m->accepted_epoch, 0);
    if (const auto* m = std::get_if<zab::LeaderInfo>(&message)) return zab::Zxid::of(m->epoch, 0);
    if (const auto* m = std::get_if<zab::NewLeader>(&message)) return zab::Zxid::of(m->epoch, 0);
    if (const auto* m = std::get_if<zab::AckEpoch>(&message)) return m->last_zxid;
    if (const auto* m = std::get_if<zab::Diff>(&message)) return m->zxid;
    if (const auto* m = std::get_if<zab::Trunc>(&message)) return m->zxid;
    if (const auto* m = std::get_if<zab::Snap>(&message)) return m->zxid;
    if (const auto* m = std::get_if<zab::Ack>(&message)) return m->zxid;
    if (const auto* m = std::get_if<zab::Proposal>(&message)) return m->txn.zxid;
    if (const auto* m = std::get_if<zab::Commit>(&message)) return m->zxid;
    if (const auto* m = std::get_if<zab::Inform>(&message)) return m->txn.zxid;
    return std::nullopt;
}

zab::LinkId Talk::link() {
    const zab::NodeId mock = role_ == Role::leader ? speaker_ : leader_;
    const auto found = cluster_->link_of_mock(mock, self_, LinkKind::learner);
    if (!found.has_value()) throw Refused("the server has closed the connection");
    return *found;
}

void Talk::say_snapshot(const Details& details) {
    std::vector<zab::Zxid> history = {{1}, {2}, {3}};
    if (details.zxid) history = {*details.zxid};
    if (details.zxid == zab::Zxid{}) history.clear();
    const zab::Snapshot tree = tree_up_to(history);
    snapshot_zxid_ = tree.position.zxid;
    cluster_->send(link(), zab::Snap{snapshot_zxid_, 0}, std::make_shared<zab::Snapshot>(tree));
}

void Talk::say_txn(const std::string& packet, const Details& details) {
    zab::Txn txn = txn_at(zxid_of(details, packet));
    spoken_of_.push_back(txn.zxid);
    if (details.opens_session) {
        opened_.push_back(txn.zxid);
        txn.type = zab::TxnType::create_session;
        txn.session = {4};
        txn.path = 30'000;  // Its timeout.
    }
    if (packet == "INFORM") cluster_->send(link(), zab::Inform{txn});
    if (packet == "PROPOSAL") cluster_->send(link(), zab::Proposal{txn});
}

bool Talk::say_as_leader(const std::string& packet, const Details& details) {
    const bool is_sync = packet == "SNAP" || packet == "DIFF" || packet == "TRUNC";
    if (looks_.size() == 1 && is_sync) {
        cluster_->send(link(), zab::LeaderInfo{epoch_});  // The case begins behind discovery.
        run(pause);
        look("LEADERINFO");
    }
    if (is_sync) sync_point_ = details.zxid.value_or(zab::Zxid{});
    if (packet == "LEADERINFO") {
        if (details.zxid && details.epoch && details.zxid->epoch() != *details.epoch) {
            throw Refused("LEADERINFO: its zxid tells another epoch");
        }
        epoch_ = details.zxid ? details.zxid->epoch() : details.epoch.value_or(epoch_);
        cluster_->send(link(), zab::LeaderInfo{epoch_});
    } else if (packet == "DIFF") {
        cluster_->send(link(), zab::Diff{sync_point_});
    } else if (packet == "TRUNC") {
        cluster_->send(link(), zab::Trunc{sync_point_});
    } else if (packet == "SNAP") {
        say_snapshot(details);
    } else if (packet == "NEWLEADER") {
        cluster_->send(link(), zab::NewLeader{details.zxid ? details.zxid->epoch()
                                                           : details.epoch.value_or(epoch_)});
    } else if (packet == "PROPOSAL" || packet == "INFORM") {
        say_txn(packet, details);
    } else if (packet == "COMMIT") {
        cluster_->send(link(), zab::Commit{zxid_of(details, packet)});
    } else if (packet == "UPTODATE") {
        cluster_->send(link(), zab::UpToDate{});
    } else if (packet == "PING") {
        cluster_->send(link(), zab::Ping{1});
    } else {
        return false;
    }
    return true;
}

bool Talk::say_as_learner(const std::string& packet, const Details& details) {
    if (packet == "FOLLOWERINFO") {
        if (details.zxid && details.epoch && details.zxid->epoch() != *details.epoch) {
            throw Refused("FOLLOWERINFO: its zxid tells another epoch");
        }
        cluster_->dial(speaker_, self_, LinkKind::learner);
        const zab::Epoch accepted =
            details.zxid ? details.zxid->epoch() : details.epoch.value_or(zab::Epoch{});
        cluster_->send(link(), zab::FollowerInfo{speaker_, accepted});
    } else if (packet == "ACKEPOCH") {
        cluster_->send(link(), zab::AckEpoch{details.zxid.value_or(zab::Zxid{}),
                                             details.epoch.value_or(zab::Epoch{})});
    } else if (packet == "ACK") {
        if (cluster_->peer(self_).leading() == nullptr) throw Refused("ACK: it does not lead");
        const auto named = names_.find(details.name);
        const zab::Epoch epoch = cluster_->peer(self_).leading()->epoch;
        const zab::Zxid plain_ack = zab::Zxid::of(epoch, 0);
        cluster_->send(link(), zab::Ack{named != names_.end() ? named->second
                                                              : details.zxid.value_or(plain_ack)});
    } else {
        return false;
    }
    return true;
}

bool Talk::say(const std::string& packet, std::optional<std::uint16_t> sid,
               const std::string& rest) {
    static const char* const tree =
        "and|with|tree|of|an?|the|its|snapshot|prepared|nodes?|data[0-9]*|empty|leader's|zxid|up|"
        "to|"
        "last|old|new|one";
    const bool is_tree = packet == "SNAP";  // Whatever it is said to hold.
    if (is_tree && !made_of(regex_replace(rest, compiled("[+<>]|/[a-z]\\w*"), " "), tree)) {
        return false;
    }
    auto details = is_tree ? Details{} : details_of(rest);
    static const Regex position(
        "^ (?:(?:with |at |of )?(?:its )?zxid )?(<[0-9]+, ?[0-9]+>|[0-9]+)(?= |$)");
    Match told;
    if (is_tree && regex_search(rest, told, position)) details->zxid = meant(told[1].str());
    if (!details.has_value()) return hear(packet, rest);
    if (!details->sid) details->sid = sid;
    if (details->sid && role_ == Role::leader) {
        const zab::NodeId mock{static_cast<std::uint16_t>(*details->sid + 1)};
        const auto& voters = cluster_->config().voters;
        if (mock == self_ || std::find(voters.begin(), voters.end(), mock) == voters.end()) {
            throw Refused(fmt::format("follower {} is not a mock", *details->sid));
        }
        speaker_ = mock;
    }
    wait_out();
    spoke_at_ = cluster_->now();
    pings_ = 0;
    const bool is_said =
        role_ == Role::leader ? say_as_learner(packet, *details) : say_as_leader(packet, *details);
    if (!is_said) return hear(packet, rest);
    run(pause);
    look(packet + rest);
    return true;
}

namespace {

/// "connection lost", "mock leader dies", "EOF".
bool ends_connection(const std::string& step) {
    return contains(
        step,
        "^(?:connection|link|socket)? ?(?:is )?(?:clos|lost|cut|dropp|abandoned)|"
        "^(?:mock )?(?:follower|leader|learner)[0-9 ]*(?:closes|dies|disconnects|"
        "abandons|goes away|vanishes|disappears|drops out|leaves|hangs up)|"
        "^(?:stream|input|connection|socket|link) ends\\b|^(?:EOF|end of (?:stream|input))$");
}

/// "follower hangs up after LEADERINFO", "… before ACKEPOCH": so it must be.
void refuse_early_end(const Talk& talk, const std::string& step) {
    static const std::string name = std::string("(") + packet_names + ")";
    static const Regex too_late("\\b(?:before|without|instead of) .*?" + name);
    static const Regex behind(
        "\\b(?:after|upon|behind) (?:the |its |reading |receiving |sending )*" + name);
    Match found;
    if (regex_search(step, found, behind)) {
        const auto all = talk.said();
        const bool is_heard =
            talk.has_said(found[1]) || std::any_of(all.begin(), all.end(), [&](const auto& one) {
                return packet_name(one) == found[1].str();
            });
        if (!is_heard) throw Refused("step: " + step);
    } else if (contains(step, "\\b(?:after|upon|behind)\\b")) {
        throw Refused("step: " + step);
    } else if (contains(step, packet_names) && !regex_search(step, too_late)) {
        throw Refused("step: " + step);
    }
    if (regex_search(step, found, too_late) && talk.has_said(found[1])) {
        throw Refused("step: " + step);
    }
}

/// The packet of "LEADERINFO read", "mock waits for NEWLEADER"; throws Refused when more is told.
std::optional<std::string> packet_read(const std::string& step) {
    static const std::string name = std::string("(") + packet_names + ")";
    static const Regex form(
        name +
        " (?:is |was |has been )?(?:read|received|seen|arrives|heard|sent)\\b(.*)|"
        "(.*)(?:reads?|receives?|waits? for|gets|has read|sees) (?:its |an? )?" +
        name + "( .*)?");
    static const char* const around =
        "mock|follower|learner|observer|leader|client|side|other|it|by|and|is|was|has|been|from|of|"
        "an?|zxid|epoch|until|script";
    static const Regex pair("<[0-9]+, ?[0-9]+>");
    Match found;
    if (!regex_match(step, found, form)) return std::nullopt;
    const std::string rest = found.str(2) + " " + found.str(3) + found.str(5);
    if (!made_of(regex_replace(rest, pair, ""), around)) throw Refused("step: " + step);
    return found[1].matched ? found[1] : found[4];
}

/// What else "up to UPTODATE" may be told of is no normal run.
void refuse_other_runs(const std::string& step) {
    static const char* const known =
        "normal|usual|runs?|handshakes?|sync|synced|synchroni[sz](?:ed|es|ation)|up|to|until|till|"
        "through|and|including|as|in|of|mock|follower|learner|leader|goes|exchange|packets|is|an?|"
        "with|discovery|all|everything|completed?|completes|done|finished|";
    if (!made_of(step, std::string(known) + packet_names)) throw Refused("step: " + step);
}

}  // namespace

bool Talk::play_clause(const std::string& words) {
    static const std::string name = std::string("(") + packet_names + ")";
    static const Regex says(
        "(?:[Tt]he |then |and )*(?:(?:mock )?(?:leader|follower|observer|learner)s? ?([0-9]+)? "
        "?(?:\\(mock\\) ?)?(?:sends?|"
        "answers? with|replies with|replies|answers)? )?(?:an? |its )?" +
        name + "\\b(.*)");
    static const Regex own_proposal(
        "(?:an? |one )?(?:PROPOSAL|proposal)(?: (?:of|for|from|by|at|an?|one|leader|create|"
        "set(?:Data)?|txn|transaction|write|made|issued|comes|goes|out|p|/[a-z]\\w*))*");
    static const Regex up_to(".*(?:up to|until|through|to|till) " + name + ".*");
    const std::string step = plain(words);
    Match found;
    const bool names_packet =
        contains(regex_replace(step, compiled("PINGs?"), "pings"), packet_names);
    if (play_fault(step)) return true;
    const bool is_held_back = tells_silence(step);
    if (is_held_back) propose_untold(step);
    if (ends_connection(step)) {
        refuse_early_end(*this, step);
        close();
    } else if (contains(step, "(?:\\bPINGs?\\b|\\bping(?:s|ing)?\\b|heartbeats?)") &&
               !names_packet) {
        answers_pings_ = answers_pings_ || !is_negated(step);
        if (is_held_back || contains(step, "\\bonly\\b") || duration_in(words, cluster_->config()))
            wait(words);
    } else if (is_held_back || contains(step, "\\b(?:wait|pass|elapse|sleep|later|hangs)")) {
        wait(words);
    } else if (const auto packet = packet_read(step)) {
        await(*packet);
        claim_zxid(*packet, step.substr(step.find(*packet) + packet->size()));
    } else if (contains(step, "\\b(?:normal|usual|handshake|synced|synchroni[sz]|up to|until)") &&
               !contains(step, "propos|creat")) {
        refuse_other_runs(step);
        go_normally_up_to(regex_match(step, found, up_to) ? found[1].str() : "UPTODATE");
    } else if (role_ == Role::leader && regex_match(step, own_proposal)) {
        propose(contains(words, "\\bset") ? zab::Operation::set : zab::Operation::create);
    } else if (Match whole; regex_match(words, whole, says)) {
        std::optional<std::uint16_t> sid;
        if (whole[1].matched) sid = server_id(to_number(whole[1]));
        return say(whole[2], sid, whole[3]);
    } else if (role_ == Role::leader && !names_packet &&
               contains(step,
                        "\\b(?:propos|creat|submit|writ|sets?(?:Data)?\\b|txn|transaction)")) {
        propose(contains(step, "\\bset") ? zab::Operation::set : zab::Operation::create);
    } else {
        return false;
    }
    return true;
}

/// "(UPTODATE read) leader proposes one txn; pings answered, the proposal not acked": clause by
/// clause, unless the whole is one.
void Talk::play(const std::string& words) {
    static const Regex reads("^\\(([A-Za-z]+)( <[^>]*>)? read\\) *");
    static const Regex answered(
        "(?:answer\\w*|repl\\w+|echo\\w*|ack\\w*|respond\\w*)(?: to)?(?: every| each| all| only)* "
        "(?:PING|ping)|(?:PING|ping)s?(?: are| is| still| only)* "
        "(?:repl(?:y|ies)|answered|echoed|replied|acked)|"
        "^(?:the )?(?:mock )?(?:follower|learner|observer)(?: (?:still|only|just|keeps?|goes "
        "on|and|"
        "always|on))* ping(?:s|ing)?\\b");
    Match found;
    std::string step = words;
    if (regex_search(words, found, reads)) {
        const std::string what = found[1];
        await(what == "ack" ? "ACK" : what);
        claim_zxid(what, found[2]);
        step = found.suffix();
    }
    const bool is_answered =
        regex_search(step, answered) && !contains(step,
                                                  "(?:no|not|never|without)(?: \\w+)? "
                                                  "(?:answer|acknowledg|repl|echo|PING|ping)");
    answers_pings_ = answers_pings_ || is_answered;
    static const Regex both("PROPOSAL ?(?:\\+|&|/|and|,) ?COMMIT (.*)");
    if (regex_match(step, found, both)) {
        const std::string of = found[1];
        play("PROPOSAL " + of);
        return play("COMMIT " + without_remarks(of));
    }
    static const Regex packet(packet_names);
    const auto count = std::distance(MatchIterator(step, packet), MatchIterator());
    const auto parts = halves(step);
    if (plain(step).empty()) return;
    if (parts && without_remarks(step).find(';') != std::string::npos) {
        play(parts->first);
        return play(parts->second);
    }
    // "FOLLOWERINFO 0, then nothing": said, then held back.
    const bool is_mixed = parts && contains(parts->second, "[A-Za-z]{3}") &&
                          (is_negated(parts->first) != is_negated(parts->second) ||
                           is_about_pings(parts->first) != is_about_pings(parts->second));
    if (((count < 2 && !is_mixed) || !parts) && play_clause(step)) return;
    if (!parts) throw Refused("step: " + words);
    play(parts->first);
    play(parts->second);
}

}  // namespace conformance
