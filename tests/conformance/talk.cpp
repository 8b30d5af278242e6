#include "tests/conformance/talk.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

namespace {

using zab::LinkKind;

constexpr zab::Duration pause = zab::milliseconds(100);

zab::Txn txn_at(zab::Zxid zxid) { return {zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set}; }

zab::Snapshot tree_up_to(const std::vector<zab::Zxid>& history) {
    zab::Database database;
    for (const zab::Zxid zxid : history) database.apply(txn_at(zxid));
    return database.snapshot();
}

}  // namespace

std::string without_remarks(const std::string& words) {
    static const std::regex remark("\\([^)]*\\)");
    static const std::regex ends("^\\s+|\\s+$");
    return std::regex_replace(std::regex_replace(words, remark, ""), ends, "");
}

std::vector<std::string> clauses(const std::string& words) {
    static const std::regex separator("\\s*[;,]\\s*(?![0-9])");
    std::vector<std::string> all(
        std::sregex_token_iterator(words.begin(), words.end(), separator, -1),
        std::sregex_token_iterator());
    return all;
}

Talk::Talk(const Case& one) {
    static constexpr std::pair<std::string_view, Role> roles[] = {
        {"follower", Role::follower}, {"observer", Role::observer}, {"leader", Role::leader}};
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
    if (config.voters.empty()) config.voters = {{1}, {2}, {3}};
    if (role_ == Role::observer) config.observers = {{9}};
    self_ = role_ == Role::observer ? zab::NodeId{9} : config.voters.front();
    leader_ = role_ == Role::leader ? self_ : config.voters.at(1);
    learner_ = role_ == Role::leader ? config.voters.at(1) : self_;
    cluster_ = std::make_unique<test::Cluster>(config);
    for (const zab::NodeId voter : config.voters) {
        if (!(voter == self_)) cluster_->mock(voter);
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

zab::LinkId Talk::link() {
    const zab::NodeId mock = role_ == Role::leader ? learner_ : leader_;
    const auto found = cluster_->link_of_mock(mock, self_, LinkKind::learner);
    if (!found.has_value()) throw Refused("the server has closed the connection");
    return *found;
}

/// A zxid written out, or one of a name that stands for the next proposal of the epoch.
zab::Zxid Talk::zxid_of(const std::string& words) {
    if (const auto written = zxid_in(words)) return *written;
    static const std::regex name("\\b([a-z][a-z0-9]*)\\b");
    std::smatch found;
    if (!std::regex_search(words, found, name)) throw Refused("no zxid in: " + words);
    const auto counter = static_cast<std::uint32_t>(names_.size() + 1);
    return names_.try_emplace(found[1], zab::Zxid::of(epoch_, counter)).first->second;
}

void Talk::say_snapshot() {
    const zab::Snapshot tree = tree_up_to({{1}, {2}, {3}});
    snapshot_zxid_ = tree.position.zxid;
    cluster_->send(link(), zab::Snap{snapshot_zxid_, 0}, std::make_shared<zab::Snapshot>(tree));
}

void Talk::say_proposal(const std::string& words) {
    static const std::regex committed("\\+ COMMIT (.*)$");
    const zab::Zxid zxid = zxid_of(words.substr(words.find(' ')));
    spoken_of_.push_back(zxid);
    cluster_->send(link(), zab::Proposal{txn_at(zxid)});
    std::smatch found;
    if (std::regex_search(words, found, committed)) {
        cluster_->send(link(), zab::Commit{zxid_of(found[1])});
    }
}

bool Talk::say_as_leader(const std::string& step) {
    static const std::regex sync("(SNAP|DIFF|TRUNC).*");
    if (looks_.size() == 1 && std::regex_match(step, sync)) {
        cluster_->send(link(), zab::LeaderInfo{epoch_});  // The case begins behind discovery.
        cluster_->run(pause);
    }
    if (step.starts_with("LEADERINFO")) {
        epoch_ = zxid_of(step).epoch();
        cluster_->send(link(), zab::LeaderInfo{epoch_});
    } else if (step.starts_with("DIFF")) {
        cluster_->send(link(), zab::Diff{zxid_in(step).value_or(zab::Zxid{})});
    } else if (step.starts_with("TRUNC")) {
        cluster_->send(link(), zab::Trunc{zxid_of(step)});
    } else if (step.starts_with("SNAP")) {
        say_snapshot();
    } else if (step.starts_with("NEWLEADER")) {
        cluster_->send(link(), zab::NewLeader{zxid_of(step).epoch()});
    } else if (step.starts_with("PROPOSAL")) {
        say_proposal(step);
    } else if (step.starts_with("COMMIT")) {
        cluster_->send(link(), zab::Commit{zxid_of(step.substr(6))});
    } else if (step.starts_with("INFORM")) {
        const zab::Zxid zxid = zxid_of(step.substr(6));
        spoken_of_.push_back(zxid);
        cluster_->send(link(), zab::Inform{txn_at(zxid)});
    } else if (step == "UPTODATE") {
        cluster_->send(link(), zab::UpToDate{});
    } else {
        return false;
    }
    return true;
}

bool Talk::say_as_learner(const std::string& step) {
    static const std::regex epoch_ack("ACKEPOCH(?: epoch ([0-9]+))? zxid (.*)");
    std::smatch found;
    if (step.starts_with("FOLLOWERINFO")) {
        cluster_->dial(learner_, self_, LinkKind::learner);
        static const std::regex sender(" from sid [0-9]+");
        const std::string words = std::regex_replace(step, sender, "");
        cluster_->send(link(), zab::FollowerInfo{learner_, zxid_of(words).epoch()});
    } else if (std::regex_match(step, found, epoch_ack)) {
        const zab::Epoch current{found[1].matched ? static_cast<std::uint32_t>(std::stoul(found[1]))
                                                  : 0};
        cluster_->send(link(), zab::AckEpoch{zxid_of(found[2]), current});
    } else if (step.starts_with("ACK")) {
        const auto written = zxid_in(step);
        const zab::Epoch epoch = cluster_->peer(self_).leading()->epoch;
        cluster_->send(link(), zab::Ack{written.value_or(zab::Zxid::of(epoch, 0))});
    } else if (step.starts_with("connection closed") || step.starts_with("close")) {
        cluster_->close(link());
    } else {
        return false;
    }
    return true;
}

void Talk::play(const std::string& words) {
    const std::string step = without_remarks(words);
    const bool is_known =
        step.empty() || (role_ == Role::leader ? say_as_learner(step) : say_as_leader(step));
    if (!is_known) throw Refused("step: " + words);
    cluster_->run(pause);
    look(step);
}

void Talk::look(const std::string& step) {
    Look seen{.step = step, .heard = said().size()};
    const zab::Server& server = cluster_->peer(self_).server();
    seen.accepted = server.accepted_epoch;
    seen.current = server.current_epoch;
    seen.processed = server.database.last_processed();
    zab::Database reloaded;
    reloaded.load(cluster_->disk(self_).image());
    seen.reloaded = reloaded.last_processed();
    for (const trace::Record& record : cluster_->records()) {
        if (record.kind() == trace::Kind::snapshot_written) {
            ++seen.snapshots;
            seen.are_synced = seen.are_synced && record.c() == 1;
        }
        seen.appended += record.kind() == trace::Kind::append ? 1u : 0u;
    }
    for (const zab::Zxid zxid : spoken_of_) {
        const zab::History& log = server.database.committed_log();
        if (log.find(zxid).has_value() && log.last().zxid >= zxid) seen.applied.push_back(zxid);
    }
    looks_.push_back(std::move(seen));
}

const Talk::Look& Talk::after(const std::string& words) const {
    for (const Look& one : looks_) {
        if (one.step.starts_with(words)) return one;
    }
    throw Refused("there is no step " + words);
}

const Talk::Look& Talk::before(const std::string& words) const {
    for (std::size_t i = 1; i < looks_.size(); ++i) {
        if (looks_[i].step.starts_with(words)) return looks_[i - 1];
    }
    throw Refused("there is no step " + words);
}

std::vector<zab::Message> Talk::said() const {
    std::vector<zab::Message> all;
    for (const auto& [link, message] : cluster_->heard) {
        const zab::MessageKind kind = zab::kind_of(message);
        const bool is_election =
            kind == zab::MessageKind::hello || kind == zab::MessageKind::notification;
        if (!is_election && kind != zab::MessageKind::ping &&
            kind != zab::MessageKind::ping_reply) {
            all.push_back(message);
        }
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
