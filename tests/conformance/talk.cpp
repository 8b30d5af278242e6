#include "tests/conformance/talk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace conformance {

namespace {

using zab::LinkKind;

constexpr zab::Duration pause = zab::milliseconds(100);

bool tells_settings(const Value& initial) {
    const Value* nested = initial.find("config");
    return std::any_of(
               initial.members.begin(), initial.members.end(),
               [](const auto& one) { return says(one.key, "^(tick|initLimit|syncLimit)"); }) ||
           (nested != nullptr && tells_settings(*nested));
}

}  // namespace

zab::Txn txn_at(zab::Zxid zxid) { return {zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set}; }

zab::Snapshot tree_up_to(const std::vector<zab::Zxid>& history) {
    zab::Database database;
    for (const zab::Zxid zxid : history) database.apply(txn_at(zxid));
    return database.snapshot();
}

Talk::Talk(const Case& one) {
    static constexpr std::pair<std::string_view, Role> roles[] = {{"learner", Role::follower},
                                                                  {"follower", Role::follower},
                                                                  {"observer", Role::observer},
                                                                  {"leader", Role::leader}};
    const Value* described = nullptr;
    for (const auto& [name, role] : roles) {
        if (const Value* found = one.initial.find(name)) {
            described = found;
            role_ = role;
        }
    }
    if (described == nullptr) throw Refused("initial names neither follower, observer nor leader");
    zab::Config config = config_of(one.initial, 1);
    config.release = one.release;
    take_settings(one.initial, config);
    tells_limits_ = tells_settings(one.initial);
    if (config.voters.empty()) config.voters = {{1}, {2}, {3}};
    if (role_ == Role::observer) config.observers = {{9}};
    self_ = role_ == Role::observer ? zab::NodeId{9} : config.voters.front();
    leader_ = role_ == Role::leader ? self_ : config.voters.at(1);
    learner_ = role_ == Role::leader ? config.voters.at(1) : self_;
    speaker_ = learner_;
    cluster_ = std::make_unique<test::Cluster>(config);
    for (const zab::NodeId voter : config.voters) {
        if (!(voter == self_)) cluster_->mock(voter);
    }
    static const Regex fresh(
        "(?:fresh|new|empty|no history)(?:,? (?:and |with )*(?:both |all )?epochs? (?:are )?0)?|"
        "(?:both )?epochs? 0,? (?:and |with )*(?:fresh|empty(?: history)?|no history)");
    if (is_text(*described) && !regex_match(described->text, fresh)) {
        throw Refused(described->text);
    }
    if (const Value* prepared = one.initial.find("leaderSnapshotZxid")) {
        if (!made_of(prepared->text, "last|of|an?|the|prepared|tree|zxid|snapshot")) {
            throw Refused("leaderSnapshotZxid: " + prepared->text);
        }
    }
    set_up(*described);
    cluster_->start(self_);
    cluster_->run(zab::milliseconds(20));
    if (role_ == Role::leader) {
        become_leader();
    } else {
        join_mock_leader();
    }
    look("");
}

void Talk::set_up(const Value& described) {
    std::vector<zab::Zxid> history;
    if (const Value* given = described.find("history")) history = zxids(*given, "history");
    const auto epoch = [&described](std::string_view key) -> std::optional<zab::Epoch> {
        const Value* found = described.find(key);
        if (found == nullptr) return std::nullopt;
        return zab::Epoch{static_cast<std::uint32_t>(number(*found, key))};
    };
    const Value* only_snapshot = described.find("snapshotOnly");
    zab::History log;
    std::optional<zab::Snapshot> snapshot;
    if (only_snapshot != nullptr && truth(*only_snapshot, "snapshotOnly")) {
        snapshot = tree_up_to(history);
        log.reset(snapshot->position);
    } else {
        for (const zab::Zxid zxid : history) log.push(txn_at(zxid));
    }
    cluster_->disk(self_).preset(log, snapshot, epoch("acceptedEpoch"), epoch("currentEpoch"));
    if (log.empty()) fail_truncation();
    if (const Value* told = described.find("log")) lose_log(*told);
}

void Talk::speak(zab::NodeId mock, const zab::Notification& notification) {
    auto link = cluster_->link_of_mock(mock, self_, LinkKind::election);
    if (!link.has_value()) {
        link = cluster_->dial(mock, self_, LinkKind::election);
        cluster_->send(*link, zab::Hello{mock});
    }
    cluster_->send(*link, notification);
}

void Talk::join_mock_leader() {
    const zab::Server& server = cluster_->peer(self_).server();
    zab::Notification vote{leader_, server.current_epoch, server.database.last_processed(),
                           server.round, zab::ServerState::leading};
    for (const zab::NodeId voter : cluster_->config().voters) {
        if (voter == self_) continue;
        vote.state = voter == leader_ ? zab::ServerState::leading : zab::ServerState::following;
        speak(voter, vote);
    }
    const auto is_connected = [this] {
        return cluster_->link_of_mock(leader_, self_, LinkKind::learner).has_value();
    };
    if (!cluster_->run_until(is_connected, zab::seconds(5))) {
        throw Refused("the server does not follow the mock leader");
    }
    cluster_->run(pause);
}

void Talk::become_leader() {
    const zab::Server& server = cluster_->peer(self_).server();
    speak(learner_, {self_, server.current_epoch, server.database.last_processed(), server.round,
                     zab::ServerState::looking});
    cluster_->run(zab::seconds(1));
    if (cluster_->peer(self_).leading() == nullptr) {
        throw Refused("the server does not lead by its mock's vote");
    }
}

bool Talk::is_self(const std::string& who) const {
    if (contains(who, "mock|script|other|peer|side")) return false;
    if (contains(who, "leader")) return role_ == Role::leader;
    if (contains(who, "follower")) return role_ == Role::follower;
    if (contains(who, "observer")) return role_ == Role::observer;
    return !contains(who, "learner") || role_ != Role::leader;
}

bool Talk::is_in_role() const {
    const zab::Peer& peer = cluster_->peer(self_);
    return role_ == Role::leader ? peer.leading() != nullptr : peer.learning() != nullptr;
}

/// What the other side does without being told to, and what it notices.
void Talk::attend() {
    const auto since = End{cluster_->now() - spoke_at_, pings_};
    for (; attended_ < cluster_->heard.size(); ++attended_) {
        const auto [link, message] = cluster_->heard[attended_];
        const auto* ping = std::get_if<zab::Ping>(&message);
        if (ping == nullptr) continue;
        ++pings_;
        if (answers_pings_) cluster_->send(link, zab::PingReply{ping->number});
    }
    const zab::NodeId mock = role_ == Role::leader ? speaker_ : leader_;
    const bool is_linked = cluster_->link_of_mock(mock, self_, LinkKind::learner).has_value();
    if (was_linked_ && !is_linked && !closed_) closed_ = since;
    was_linked_ = is_linked;
    if (!looks_.empty() && !left_ && (!cluster_->is_up(self_) || !is_in_role())) left_ = since;
}

bool Talk::run_until(const std::function<bool()>& holds, zab::Duration limit) {
    return cluster_->run_until(
        [&] {
            attend();
            return holds();
        },
        limit);
}

void Talk::run(zab::Duration time) {
    const zab::Instant until = cluster_->now() + time;
    run_until([] { return false; }, time);
    cluster_->run(until - cluster_->now());
    attend();
}

void Talk::look(const std::string& step) {
    Look seen{.step = step, .heard = said().size()};
    const bool is_up = cluster_->is_up(self_);
    if (!is_up && !has_exited()) throw Refused("the server has ended at: " + step);
    zab::Database reloaded;
    const zab::DiskImage& disk = cluster_->disk(self_).image();
    reloaded.load(disk);
    seen.reloaded = reloaded.last_processed();
    if (is_up) {
        const zab::Server& server = cluster_->peer(self_).server();
        seen.accepted = server.accepted_epoch;
        seen.current = server.current_epoch;
        seen.processed = server.database.last_processed();
        seen.sessions = server.database.sessions().size();
    }
    seen.reloaded_sessions = reloaded.sessions().size();
    for (const trace::Record& record : cluster_->records()) {
        if (record.kind() == trace::Kind::snapshot_written) {
            ++seen.snapshots;
            seen.are_synced = seen.are_synced && record.c() == 1;
        }
        seen.appended += record.kind() == trace::Kind::append ? 1u : 0u;
    }
    for (const zab::Zxid zxid : spoken_of_) {
        const zab::History none;
        const zab::History& log =
            is_up ? cluster_->peer(self_).server().database.committed_log() : none;
        if (log.find(zxid).has_value() && log.last().zxid >= zxid) seen.applied.push_back(zxid);
        if (disk.log.find(zxid).has_value()) seen.logged.push_back(zxid);
    }
    looks_.push_back(std::move(seen));
}

/// "ACK" is no "ACKEPOCH".
bool Talk::is_step(const Look& look, const std::string& words) {
    const std::string name = words.substr(0, words.find(' '));
    if (!look.step.starts_with(name)) return false;
    if (name.size() < words.size() - (words.ends_with(' ') ? 1 : 0)) {
        return look.step.starts_with(words);
    }
    return look.step.size() == name.size() ||
           std::isalpha(static_cast<unsigned char>(look.step[name.size()])) == 0;
}

const Talk::Look& Talk::after(const std::string& words) const {
    for (const Look& one : looks_) {
        if (is_step(one, words)) return one;
    }
    throw Refused("there is no step " + words);
}

const Talk::Look& Talk::before(const std::string& words) const {
    for (std::size_t i = 1; i < looks_.size(); ++i) {
        if (is_step(looks_[i], words)) return looks_[i - 1];
    }
    throw Refused("there is no step " + words);
}

bool Talk::has_said(const std::string& packet) const {
    return std::any_of(looks_.begin(), looks_.end(),
                       [&](const Look& one) { return is_step(one, packet); });
}

/// Of a session that the script has opened only to write something.
bool Talk::is_own(const zab::Message& message) const {
    const auto* proposal = std::get_if<zab::Proposal>(&message);
    const auto* commit = std::get_if<zab::Commit>(&message);
    const auto is_of = [this](zab::Zxid zxid) {
        return std::find(own_.begin(), own_.end(), zxid) != own_.end();
    };
    return (proposal != nullptr && is_of(proposal->txn.zxid)) ||
           (commit != nullptr && is_of(commit->zxid));
}

std::vector<zab::Message> Talk::said(bool with_pings) const {
    std::vector<zab::Message> all;
    for (const auto& [link, message] : cluster_->heard) {
        const zab::MessageKind kind = zab::kind_of(message);
        const bool is_election =
            kind == zab::MessageKind::hello || kind == zab::MessageKind::notification;
        const bool is_ping = kind == zab::MessageKind::ping || kind == zab::MessageKind::ping_reply;
        if (!is_election && (with_pings || !is_ping) && !is_own(message)) all.push_back(message);
    }
    return all;
}

std::vector<zab::Zxid> Talk::acks_after(const Look& look) const {
    std::vector<zab::Zxid> acks;
    const auto all = said();
    for (std::size_t i = look.heard; i < all.size(); ++i) {
        if (const auto* ack = std::get_if<zab::Ack>(&all[i])) acks.push_back(ack->zxid);
    }
    return acks;
}

zab::Zxid Talk::meant(const std::string& words) const {
    const auto named = names_.find(words);
    if (named != names_.end()) return named->second;
    if (const auto written = zxid_in(words)) return *written;
    throw Refused("no zxid: " + words);
}

zab::Zxid Talk::meant(const Value& value) const {
    return is_text(value) ? meant(value.text) : zxid(value, "a zxid");
}

}  // namespace conformance
