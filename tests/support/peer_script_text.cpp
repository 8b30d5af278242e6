#include "tests/support/peer_script_text.hpp"

#include "sim/trace/record_table.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <sstream>
#include <type_traits>

namespace test {

namespace {

constexpr std::string_view state_names[] = {"looking", "following", "leading", "observing"};

std::string name_of(zab::Operation operation) {
    return std::string(trace::operation_names()[static_cast<std::size_t>(operation)]);
}

zab::Operation operation_of(const std::string& name) {
    const auto names = trace::operation_names();
    return static_cast<zab::Operation>(index_of({names.begin(), names.end()}, name));
}

constexpr std::string_view refusals[] = {"unknown", "expired", "moved"};

zab::Txn txn_of(const Words& words) {
    const zab::Zxid zxid = words.zxid("zxid");
    const bool creates = words.has("creates");
    if (words.has("error")) {
        const std::size_t why =
            index_of({std::begin(refusals), std::end(refusals)}, words.text("error"));
        return {zxid, words.session("session"), words.number("cxid"), static_cast<zab::PathId>(why),
                0,    zab::TxnType::error};
    }
    return {zxid,
            words.session(creates ? "creates" : "session"),
            words.has("cxid") ? words.number("cxid")
            : creates         ? 0
                              : zxid.counter(),
            words.number("path"),
            words.number("bytes"),
            creates ? zab::TxnType::create_session : zab::TxnType::set};
}

std::string txn_text(const zab::Txn& txn) {
    std::string text = "zxid=" + text_of(txn.zxid);
    const bool creates = txn.type == zab::TxnType::create_session;
    if (creates) text += " creates=" + text_of(txn.session);
    if (!creates && txn.session.value != 0) text += " session=" + text_of(txn.session);
    if (txn.cxid != (creates ? 0 : txn.zxid.counter())) text += fmt::format(" cxid={}", txn.cxid);
    if (txn.type == zab::TxnType::error) return text + fmt::format(" error={}", refusals[txn.path]);
    if (txn.path != 0) text += fmt::format(" path={}", txn.path);
    return text;
}

zab::Request request_of(const Words& words) {
    return {words.session("session"), words.number("cxid"),   words.number("path"),
            words.number("bytes"),    words.number("client"), operation_of(words.text("op"))};
}

std::string request_text(const zab::Request& request) {
    return fmt::format("op={} session={} cxid={}", name_of(request.operation),
                       text_of(request.session), request.cxid);
}

zab::Notification notification_of(const Words& words) {
    const std::vector<std::string_view> states(std::begin(state_names), std::end(state_names));
    return {words.node("leader"), words.epoch("epoch"), words.zxid("zxid"), words.number("round"),
            static_cast<zab::ServerState>(index_of(states, words.text("state")))};
}

std::string notification_text(const zab::Notification& n) {
    return fmt::format("leader={} epoch={} zxid={} round={} state={}", n.leader.value,
                       n.peer_epoch.value, text_of(n.zxid), n.round,
                       state_names[static_cast<std::size_t>(n.state)]);
}

zab::AckEpoch ack_epoch_of(const Words& words) {
    zab::AckEpoch ack{words.zxid("zxid"), std::nullopt};
    if (words.text("current") != "none") ack.current_epoch = words.epoch("current");
    return ack;
}

std::string fields(const zab::Hello& m) { return fmt::format("sid={}", m.sid.value); }
std::string fields(const zab::Notification& m) { return notification_text(m); }
std::string fields(const zab::LeaderInfo& m) { return fmt::format("epoch={}", m.epoch.value); }
std::string fields(const zab::AckEpoch& m) {
    const bool counts = m.current_epoch.has_value();
    return fmt::format("zxid={} current={}", text_of(m.last_zxid),
                       counts ? std::to_string(m.current_epoch->value) : "none");
}
std::string fields(const zab::NewLeader& m) { return fmt::format("epoch={}", m.epoch.value); }
std::string fields(const zab::UpToDate&) { return {}; }
std::string fields(const zab::Forward& m) { return request_text(m.request); }
std::string fields(const zab::ClientRequest& m) { return request_text(m.request); }
std::string fields(const zab::Revalidate& m) { return "session=" + text_of(m.session); }
std::string fields(const zab::RevalidateReply& m) {
    return fmt::format("session={} valid={}", text_of(m.session), m.valid ? 1 : 0);
}
std::string fields(const zab::Connect& m) {
    return fmt::format("session={} seen={}", text_of(m.session), text_of(m.last_seen));
}
std::string fields(const zab::ConnectReply& m) { return "session=" + text_of(m.session); }
std::string fields(const zab::ClientReply& m) {
    const std::string refused = m.outcome == zab::Outcome::session_expired ? " refused" : "";
    return fmt::format("op={} cxid={} zxid={}", name_of(m.operation), m.cxid, text_of(m.zxid)) +
           refused;
}
std::string fields(const zab::WatchEvent& m) {
    return fmt::format("zxid={} path={}", text_of(m.zxid), m.path);
}
std::string fields(const zab::ClientPingReply& m) {
    return fmt::format("number={} zxid={}", m.number, text_of(m.zxid));
}
std::string fields(const zab::Telegram& m) {
    return fmt::format("kind={} number={}", m.kind, m.number);
}
std::string fields(const zab::Touch& m) {
    std::string text;
    for (const zab::SessionId session : m.sessions) {
        if (session.value == 0) continue;
        text += fmt::format("{}session={}", text.empty() ? "" : " ", text_of(session));
    }
    return text;
}
/// Messages that hold one transaction, one zxid, one request's name or one number.
template <class T>
std::string fields(const T& m) {
    if constexpr (requires { m.txn; }) {
        return txn_text(m.txn);
    } else if constexpr (requires { m.cxid; }) {
        return fmt::format("session={} cxid={}", text_of(m.session), m.cxid);
    } else if constexpr (requires { m.zxid; }) {
        return "zxid=" + text_of(m.zxid);
    } else if constexpr (requires { m.accepted_epoch; }) {
        return fmt::format("sid={} accepted={}", m.sid.value, m.accepted_epoch.value);
    } else {
        return fmt::format("number={}", m.number);
    }
}

}  // namespace

Words::Words(const std::string& line) {
    std::istringstream stream(line);
    for (std::string word; stream >> word;) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos) {
            plain_.push_back(word);
        } else {
            named_[word.substr(0, equals)] = word.substr(equals + 1);
        }
    }
}

std::string Words::at(std::size_t index) const {
    return index < plain_.size() ? plain_[index] : std::string();
}

std::string Words::text(const std::string& key) const {
    const auto found = named_.find(key);
    return found == named_.end() ? std::string() : found->second;
}

std::uint32_t Words::number(const std::string& key) const {
    return has(key) ? number_of(text(key)) : 0;
}

zab::NodeId Words::node(const std::string& key) const {
    return {static_cast<std::uint16_t>(number(key))};
}

zab::Zxid Words::zxid(const std::string& key) const {
    return has(key) ? zxid_of(text(key)) : zab::Zxid{};
}

zab::SessionId Words::session(const std::string& key) const {
    return text(key).find('/') == std::string::npos ? zab::SessionId{} : session_of(text(key));
}

zab::SessionId session_of(const std::string& text) {
    const std::size_t slash = text.find('/');
    REQUIRE_MESSAGE(slash != std::string::npos, "a session is written server/number: " << text);
    return {(std::uint64_t{number_of(text.substr(0, slash))} << 56) |
            number_of(text.substr(slash + 1))};
}

zab::Zxid zxid_of(const std::string& text) {
    const std::size_t dot = text.find('.');
    REQUIRE_MESSAGE(dot != std::string::npos, "a zxid is written epoch.counter, not " << text);
    return zab::Zxid::of({number_of(text.substr(0, dot))}, number_of(text.substr(dot + 1)));
}

std::uint32_t number_of(const std::string& text) {
    const bool is_number = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c >= '0' && c <= '9';
    });
    REQUIRE_MESSAGE(is_number, "a number was expected, not " << text);
    return static_cast<std::uint32_t>(std::stoul(text));
}

std::string text_of(zab::Zxid zxid) {
    return fmt::format("{}.{}", zxid.epoch().value, zxid.counter());
}

std::string text_of(zab::SessionId session) {
    return fmt::format("{}/{}", session.value >> 56, session.value & 0x00ff'ffff'ffff'ffff);
}

std::string text_of(zab::Duration duration) { return fmt::format("{}ms", duration.ns / 1'000'000); }

std::size_t index_of(const std::vector<std::string_view>& names, const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    REQUIRE_MESSAGE(found != names.end(), "there is no \"" << name << "\" here");
    return static_cast<std::size_t>(found - names.begin());
}

const std::vector<std::string_view>& stage_names() {
    static const std::vector<std::string_view> names{"main", "election", "io",       "request",
                                                     "sync", "commit",   "snapshot", "handler"};
    return names;
}

const std::vector<std::string_view>& timer_names() {
    const auto all = trace::timer_names();
    static const std::vector<std::string_view> names(all.begin(), all.end());
    return names;
}

const std::vector<std::string_view>& work_names() {
    static const std::vector<std::string_view> names{
        "shut_down_role", "finish_election",      "open_port",
        "start_serving",  "write_accepted_epoch", "write_current_epoch",
        "sync_log",       "truncate_log",         "read_log",
        "write_snapshot", "serialize_snapshot"};
    return names;
}

const std::vector<std::string_view>& link_kind_names() {
    static const std::vector<std::string_view> names{"election", "learner", "client"};
    return names;
}

const std::vector<std::string_view>& reason_names() {
    static const std::vector<std::string_view> names{"closed", "reset", "timed_out", "refused",
                                                     "unanswered"};
    return names;
}

const std::vector<std::string_view>& note_names() {
    static const std::vector<std::string_view> names{"booted",
                                                     "looking",
                                                     "elected",
                                                     "following",
                                                     "leading",
                                                     "established",
                                                     "serving",
                                                     "request",
                                                     "forward",
                                                     "propose",
                                                     "ack",
                                                     "commit",
                                                     "deliver",
                                                     "read",
                                                     "synchronized",
                                                     "snapshot_sent",
                                                     "snapshot_installed",
                                                     "history"};
    return names;
}

zab::Message message_of(const Words& words) {
    const auto names = trace::message_names();
    const auto kind =
        static_cast<zab::MessageKind>(index_of({names.begin(), names.end()}, words.at(0)));
    switch (kind) {
        case zab::MessageKind::hello: return zab::Hello{words.node("sid")};
        case zab::MessageKind::notification: return notification_of(words);
        case zab::MessageKind::follower_info:
            return zab::FollowerInfo{words.node("sid"), words.epoch("accepted")};
        case zab::MessageKind::observer_info:
            return zab::ObserverInfo{words.node("sid"), words.epoch("accepted")};
        case zab::MessageKind::leader_info: return zab::LeaderInfo{words.epoch("epoch")};
        case zab::MessageKind::ack_epoch: return ack_epoch_of(words);
        case zab::MessageKind::diff: return zab::Diff{words.zxid("zxid")};
        case zab::MessageKind::trunc: return zab::Trunc{words.zxid("zxid")};
        case zab::MessageKind::snap: return zab::Snap{words.zxid("zxid"), 0};
        case zab::MessageKind::new_leader: return zab::NewLeader{words.epoch("epoch")};
        case zab::MessageKind::ack: return zab::Ack{words.zxid("zxid")};
        case zab::MessageKind::up_to_date: return zab::UpToDate{};
        case zab::MessageKind::proposal: return zab::Proposal{txn_of(words)};
        case zab::MessageKind::commit: return zab::Commit{words.zxid("zxid")};
        case zab::MessageKind::inform: return zab::Inform{txn_of(words)};
        case zab::MessageKind::forward: return zab::Forward{request_of(words)};
        case zab::MessageKind::sync:
            return zab::Sync{words.session("session"), words.number("cxid")};
        case zab::MessageKind::sync_reply:
            return zab::SyncReply{words.session("session"), words.number("cxid")};
        case zab::MessageKind::ping: return zab::Ping{words.number("number")};
        case zab::MessageKind::ping_reply: return zab::PingReply{words.number("number")};
        case zab::MessageKind::revalidate: return zab::Revalidate{words.session("session")};
        case zab::MessageKind::revalidate_reply:
            return zab::RevalidateReply{words.session("session"), words.number("valid") == 1};
        case zab::MessageKind::connect:
            return zab::Connect{words.session("session"), words.zxid("seen"),
                                words.number("client"), 10'000};
        case zab::MessageKind::client_request: return zab::ClientRequest{request_of(words)};
        case zab::MessageKind::client_ping: return zab::ClientPing{words.number("number")};
        case zab::MessageKind::touch: return zab::Touch{{words.session("session")}};
        case zab::MessageKind::connect_reply:
        case zab::MessageKind::client_reply:
        case zab::MessageKind::client_ping_reply:
        case zab::MessageKind::telegram:
        case zab::MessageKind::watch_event: break;
    }
    FAIL("a server is never sent a " << words.at(0));
    return zab::UpToDate{};
}

std::string text_of(const zab::Message& message) {
    const std::string name(trace::message_names()[message.index()]);
    const std::string rest = std::visit([](const auto& m) { return fields(m); }, message);
    return rest.empty() ? name : name + " " + rest;
}

}  // namespace test
