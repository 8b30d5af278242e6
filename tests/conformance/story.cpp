#include "tests/conformance/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

namespace {

using Kind = Value::Kind;
using zab::NodeId;

NodeId node_of(std::uint64_t sid) { return {static_cast<std::uint16_t>(sid + 1)}; }

zab::Txn creation(zab::Zxid zxid, zab::PathId path) {
    return {zxid, {}, zxid.counter(), path, 0, zab::TxnType::create};
}

std::size_t count_in(const std::string& words, const char* pattern) {
    std::smatch found;
    return std::regex_search(words, found, std::regex(pattern)) ? std::stoul(found[1]) : 0;
}

}  // namespace

Story::Story(const Case& one) {
    zab::Config config;
    config.release = one.release;
    config.voters = {node_of(0), node_of(1), node_of(2)};
    const Value* forced = one.initial.find("forceSnap");
    config.force_snapshot_sync = forced != nullptr && truth(*forced, "forceSnap");
    cluster_ = std::make_unique<test::Cluster>(config);
    std::vector<NodeId> later;
    for (const auto& [key, place, value] : one.initial.members) {
        const std::size_t logged = is_text(value) ? count_in(value.text, "([0-9]+) creates") : 0;
        if (!key.starts_with("node") || key == "nodes" || logged == 0) continue;
        // "node1", "nodes2,3": their logs hold creations of epoch 1.
        static const std::regex digits("[0-9]+");
        for (std::sregex_iterator i(key.begin(), key.end(), digits), end; i != end; ++i) {
            const NodeId node{static_cast<std::uint16_t>(std::stoul(i->str()))};
            zab::History log;
            for (std::uint32_t n = 1; n <= logged; ++n) {
                const zab::PathId path = path_id(fmt::format("/{}", n - 1));
                log.push(creation(zab::Zxid::of({1}, n), path));
                values_[path][zab::Zxid::of({1}, n).value] = "created";
            }
            cluster_->disk(node).preset(log, std::nullopt, zab::Epoch{1}, zab::Epoch{1});
            names_["node" + i->str()] = node;
            if (value.text.starts_with("standalone")) later.push_back(node);
        }
    }
    for (const NodeId node : cluster_->members()) {
        if (std::find(later.begin(), later.end(), node) == later.end()) cluster_->start(node);
    }
    settle();
    if (const Value* committed = one.initial.find("committed")) {
        for (const std::string& words : texts(*committed, "committed")) {
            const std::size_t sign = words.find('=');
            write(words.substr(0, sign), words.substr(sign + 1));
        }
    }
    const Value* restarted = one.initial.find("restartedOnce");
    if (restarted == nullptr || !truth(*restarted, "restartedOnce")) return;
    for (const NodeId node : cluster_->members()) cluster_->kill(node);
    cluster_->start_all();
    settle();
}

/// Until nothing changes any more, whoever runs.
void Story::settle() {
    cluster_->run(zab::seconds(60));
    for (const NodeId node : cluster_->members()) {
        if (!cluster_->is_up(node)) continue;
        const zab::Leading* leading = cluster_->peer(node).leading();
        if (leading != nullptr && cluster_->leader() == node) leaders_[leading->epoch.value] = node;
    }
}

zab::PathId Story::path_id(const std::string& path) {
    return paths_.try_emplace(path, static_cast<zab::PathId>(paths_.size() + 1)).first->second;
}

NodeId Story::server(const std::string& name) const {
    const auto named = names_.find(name);
    if (named != names_.end()) return named->second;
    static const std::regex numbered("(?:S|node|server )?([0-9])");
    std::smatch found;
    if (std::regex_match(name, found, numbered)) return node_of(std::stoul(found[1]));
    if (name == "leader" && cluster_->leader()) return *cluster_->leader();
    throw Refused("who is " + name + "?");
}

/// A client at the leader, with the session it had if it had one.
void Story::ensure_client() {
    const auto leader = cluster_->leader();
    if (!leader.has_value()) throw Refused("there is no leader to write to");
    const zab::Epoch epoch = cluster_->peer(*leader).leading()->epoch;
    if (client_.has_value() && client_epoch_ == epoch) return;
    client_ = cluster_->connect(*leader, session_);
    client_epoch_ = epoch;
    cluster_->run(zab::milliseconds(500));
    session_ = cluster_->session_of(*client_);
    if (session_ == zab::SessionId{}) throw Refused("the client is not let in");
}

void Story::write(const std::string& path, const std::string& value, bool waits) {
    ensure_client();
    const bool is_new = std::find(created_.begin(), created_.end(), path) == created_.end();
    const zab::PathId id = path_id(path);
    const std::size_t request =
        cluster_->ask(*client_, is_new ? zab::Operation::create : zab::Operation::set, id);
    const zab::NodeId leader = *cluster_->leader();
    cluster_->run(zab::milliseconds(500));
    const auto& reply = cluster_->asked(request).reply;
    if (waits && !reply.has_value()) throw Refused("no answer to the write of " + path);
    if (!waits && reply.has_value()) throw Refused("the write of " + path + " should not commit");
    const zab::Zxid zxid =
        reply ? reply->zxid : cluster_->peer(leader).leading()->last_proposed.zxid;
    values_[id][zxid.value] = value;
    if (is_new && waits) created_.push_back(path);
}

void Story::create_some(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        write(fmt::format("/some-{}", next_path_++), "created");
    }
}

/// "set /L=2", "create 3 at new leader", "create -> <1,2>", "10 creates", "one more create".
bool Story::play_writes(const std::string& step) {
    static const std::regex set("set (/?[A-Za-z0-9/]+)=([0-9]+)");
    static const std::regex create(
        "create (/?[A-Za-z0-9]+)?=?([0-9]*) ?(?:at new leader ?)?"
        "(?:-> (<[0-9]+,[0-9]+>|epoch [0-9]+))?");
    static const std::regex lost_set("async set (/[A-Za-z0-9]+)=([0-9]+) reaches only leader disk");
    static const std::regex lost_create(
        "client create (/[A-Za-z0-9]+) at leader fails "
        "\\(connection loss\\) but is on leader disk");
    static const std::regex several("([0-9]+|one more) creates?");
    std::smatch found;
    if (std::regex_match(step, found, set)) {
        write(found[1], found[2]);
    } else if (std::regex_match(step, found, lost_set)) {
        write(found[1], found[2], false);
    } else if (std::regex_match(step, found, lost_create)) {
        write(found[1], "lost", false);
    } else if (std::regex_match(step, found, several)) {
        create_some(found[1] == "one more" ? 1 : std::stoul(found[1]));
    } else if (std::regex_match(step, found, create)) {
        const std::string path =
            found[1].length() != 0 ? found[1].str() : fmt::format("some-{}", next_path_++);
        write(path, found[2].length() != 0 ? found[2].str() : "created");
        const std::string wanted = found[3];
        const zab::Zxid zxid{values_[path_id(path)].rbegin()->first};
        const bool names_epoch = wanted.starts_with("epoch ");
        if (!wanted.empty() &&
            wanted != (names_epoch ? fmt::format("epoch {}", zxid.epoch().value) : text(zxid))) {
            throw Refused(fmt::format("{}, but it is {}", step, text(zxid)));
        }
    } else {
        return false;
    }
    return true;
}

bool Story::play_reads(const std::string& step) {
    static const std::regex reads("read (/[A-Za-z0-9]+)");
    std::smatch found;
    if (!std::regex_match(step, found, reads)) return false;
    read_ = value(server("leader"), found[1]);
    return true;
}

std::optional<std::string> Story::value(NodeId node, const std::string& path) const {
    const auto known = paths_.find(path);
    if (known == paths_.end()) throw Refused("nobody wrote " + path);
    if (!cluster_->is_up(node)) return std::nullopt;
    const zab::Database& database = cluster_->peer(node).server().database;
    const zab::Zxid writer = database.tree().last_writer(known->second);
    if (writer == zab::Zxid{}) return std::nullopt;
    const auto ephemeral = ephemerals_.find(path);
    if (ephemeral != ephemerals_.end() && !database.has_session(ephemeral->second)) {
        return std::nullopt;
    }
    return values_.at(known->second).at(writer.value);
}

bool Story::are_all_equal() const {
    const auto all = cluster_->members();
    return std::all_of(all.begin(), all.end(), [&](NodeId node) {
        return cluster_->serves(node) &&
               cluster_->peer(node).server().database.position() ==
                   cluster_->peer(all.front()).server().database.position();
    });
}

void Story::play(const std::string& step) {
    for (std::string clause : {step}) {
        static constexpr Step known[] = {&Story::play_snap_races, &Story::play_sessions,
                                         &Story::play_writes,     &Story::play_reads,
                                         &Story::play_downs,      &Story::play_ups};
        const bool is_known = std::any_of(std::begin(known), std::end(known),
                                          [&](Step one) { return (this->*one)(clause); });
        if (is_known) continue;
        // Several things in one step: "A down; create node=1".
        const std::size_t end = clause.find("; ");
        if (end == std::string::npos) throw Refused("step: " + clause);
        play(clause.substr(0, end));
        play(clause.substr(end + 2));
    }
}

}  // namespace conformance
