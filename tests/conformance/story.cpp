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

/// A write that the leader logs, and nobody else.
bool is_lost_write(const std::string& step) {
    static const std::regex writes("^(?:async |client )*(?:create|set|write)s?\\b");
    static const std::regex lost(
        "\\b(?:fails?|failure|error|loss|lost|uncommitted|not (?:be )?commit\\w*|reach\\w* only|"
        "only (?:on|by|at|in|the|leader)|logged by [a-zA-Z ]+ only|(?:leader|L)(?:'s)? disk)");
    return std::regex_search(plain(step), writes) && std::regex_search(step, lost);
}

}  // namespace

Story::Story(const Case& one) {
    zab::Config config;
    config.release = one.release;
    read_initial(one.initial, config);
    take_settings(one.initial, config);
    cluster_ = std::make_unique<test::Cluster>(config);
    cluster_->on_sent = [this](const test::Cluster::Sent& sent) {
        if (sent.as<zab::Diff>() != nullptr) syncs_[sent.to] = "DIFF";
        if (sent.as<zab::Trunc>() != nullptr) syncs_[sent.to] = "TRUNC";
        if (sent.as<zab::Snap>() != nullptr) syncs_[sent.to] = "SNAP";
    };
    steps_ = texts(one.stimulus, "stimulus");
    const std::vector<NodeId> later = preset_logs(one.initial);
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
    if (restarted != nullptr && truth(*restarted, "restartedOnce")) {
        for (const NodeId node : cluster_->members()) cluster_->kill(node);
        cluster_->start_all();
        settle();
    }
    if (const Value* nodes = one.initial.find("nodes")) name_servers(*nodes);
    ensure_client();  // It is there before anybody goes.
}

void Story::read_initial(const Value& initial, zab::Config& config) {
    std::size_t count = 3;
    for (const auto& [key, place, value] : initial.members) {
        if (key == "nodes" || key == "servers" || key == "voters") {
            const std::size_t told = value.is(Kind::number)  ? number(value, key)
                                     : value.is(Kind::array) ? value.elements.size()
                                                             : value.members.size();
            count = std::max(count, told);
            if (value.is(Kind::number)) count = told;
        } else if (key == "forceSnap") {
            config.force_snapshot_sync = truth(value, key);
        } else if (key == "leaderTimeoutMs") {
            leader_tick_ = zab::milliseconds(static_cast<std::int64_t>(number(value, key)));
        } else if (!contains(key,
                             "^(?:node[s0-9].*|committed|restartedOnce|note|"
                             "tick.*|initLimit|syncLimit)$")) {
            throw Refused("initial." + key);
        }
    }
    for (std::size_t i = 0; i < count; ++i) config.voters.push_back(node_of(i));
}

/// "node1", "nodes2,3": their logs hold creations of epoch 1. Those who start only later.
std::vector<NodeId> Story::preset_logs(const Value& initial) {
    static const std::regex creates("([0-9]+) creates");
    static const std::regex digits("[0-9]+");
    std::vector<NodeId> later;
    for (const auto& [key, place, value] : initial.members) {
        std::smatch found;
        if (!key.starts_with("node") || key == "nodes" || !is_text(value) ||
            !std::regex_search(value.text, found, creates)) {
            continue;
        }
        const std::size_t logged = std::stoul(found[1]);
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
    return later;
}

/// `{"L": "leader", "A": "follower"}`; `{"S2": "leader epoch 1"}`.
void Story::name_servers(const Value& nodes) {
    for (const auto& [name, place, value] : nodes.members) {
        const bool leads = is_text(value) && value.text.starts_with("leader");
        if (!is_text(value) || (!leads && !value.text.starts_with("follower"))) {
            throw Refused("nodes." + name);
        }
        if (leads && !contains(name, "[0-9]")) names_[name] = server("leader");
        if ((server(name) == server("leader")) != leads) {
            throw Refused(name + " is not " + value.text);
        }
    }
}

/// Whether this step or a later one says so.
bool Story::tells(const char* pattern) const {
    return std::any_of(steps_.begin() + static_cast<std::ptrdiff_t>(at_), steps_.end(),
                       [pattern](const std::string& step) { return contains(step, pattern); });
}

/// Until nothing changes any more, whoever runs.
void Story::settle() {
    is_unsettled_ = false;
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

/// A letter that stands for a follower is given to the next one when it is first used.
NodeId Story::server(const std::string& name) {
    const auto named = names_.find(name);
    if (named != names_.end()) return named->second;
    static const std::regex numbered("(?:S|node|server )?([0-9])");
    static const std::regex letter("[A-Z]");
    std::smatch found;
    if (std::regex_match(name, found, numbered)) return node_of(std::stoul(found[1]));
    const auto leader = cluster_->leader();
    if ((name == "leader" || name == "new leader") && leader) return *leader;
    if (name == "L")
        return names_["L"] = server(names_.contains("old leader") ? "old leader" : "leader");
    if (!std::regex_match(name, letter)) throw Refused("who is " + name + "?");
    const NodeId first = server(names_.contains("old leader") ? "old leader" : "leader");
    for (const NodeId node : cluster_->members()) {
        const bool is_taken = std::any_of(names_.begin(), names_.end(),
                                          [node](const auto& one) { return one.second == node; });
        if (!(node == first) && !is_taken) return names_[name] = node;
    }
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
    const zab::Zxid logged = cluster_->disk(leader).image().log.last().zxid;
    if (!waits && !(logged == cluster_->peer(leader).leading()->last_proposed.zxid)) {
        throw Refused("the write of " + path + " is not on the leader's disk");
    }
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

/// "create /a=1 -> <1,2>": and this must be its zxid.
void Story::write_as_told(const std::string& path, const std::string& step) {
    static const std::regex told("=([A-Za-z0-9]+)");
    static const std::regex arrow("-> (<[0-9]+,[0-9]+>|epoch [0-9]+)");
    std::smatch found;
    write(path, std::regex_search(step, found, told) ? found[1].str() : "created");
    if (!std::regex_search(step, found, arrow)) return;
    const std::string wanted = found[1];
    const zab::Zxid zxid{values_[path_id(path)].rbegin()->first};
    const bool names_epoch = wanted.starts_with("epoch ");
    if (wanted != (names_epoch ? fmt::format("epoch {}", zxid.epoch().value) : text(zxid))) {
        throw Refused(fmt::format("{}, but it is {}", step, text(zxid)));
    }
}

/// "set /L=2", "create 3 at new leader", "create -> <1,2>", "10 creates /foo0..9", "one more
/// create"; "create /a reaches only leader disk".
bool Story::play_writes(const std::string& step) {
    static const std::regex several(
        "(?:client )?([0-9]+|[a-z]+|one more)(?: more)? (?:creates?|nodes? created?|writes?)( "
        ".*)?");
    static const std::regex one(
        "(?:async |client )?(?:set|creates?|writes?) ?(/[A-Za-z0-9_/]+|[A-Za-z0-9]+(?==)|[0-9]+)?"
        "(?:=[A-Za-z0-9]+)?(?:,? /[A-Za-z0-9_/.]+)*(?: (?:at|by|on) (?:new |old )?(?:leader|L))?"
        "(?: ?-> .*)?");
    static const std::regex told("=([A-Za-z0-9]+)");
    const std::string words = plain(step);
    std::smatch found;
    const auto paths = paths_in(step);
    if (std::regex_match(words, found, several) && count_named(found[1])) {
        const std::size_t count = *count_named(found[1]);
        if (paths.empty()) create_some(count);
        if (!paths.empty() && paths.size() != count) throw Refused("step: " + step);
        for (const std::string& path : paths) write(path, "created");
        return true;
    }
    std::smatch value;
    if (is_lost_write(step)) {
        if (paths.size() > 1 || without_remarks(step).find(';') != std::string::npos) return false;
        write(paths.empty() ? "/lost" : paths.front(),
              std::regex_search(words, value, told) ? value[1].str() : "lost", false);
        return true;
    }
    if (!std::regex_match(words, found, one)) return false;
    if (paths.size() > 1) {
        for (const std::string& path : paths) write(path, "created");
        return true;
    }
    const std::string path =
        found[1].length() != 0 ? found[1].str() : fmt::format("some-{}", next_path_++);
    write_as_told(path, step);
    return true;
}

/// "read /L"; "read /a at leader: present"; "exists(/a) at L: ok"; "read all 20 at A".
bool Story::play_reads(const std::string& step) {
    static const std::regex reads(
        "(?:client )?(?:reads?|exists|check) ?\\(?(/[A-Za-z0-9_]+|all [0-9]+)"
        "(?: nodes)?\\)?(?: (?:at|on|from) (?:the )?(\\w+(?: leader)?))?"
        "(?::| is| =|,)? ?(\\w+)?(?: .*)?");
    static const std::regex visible(
        "(/[A-Za-z0-9_]+) (?:is )?(?:visible|present|readable|found|there) (?:at|on|from) (.*)");
    static const std::regex has("(.*) (?:has|sees|holds) (/[A-Za-z0-9_]+|all [0-9]+)(?: nodes)?");
    std::smatch found;
    const std::string words = plain(step);
    const bool is_visible = std::regex_match(words, found, visible);
    if (is_visible || std::regex_match(words, found, has)) {
        const std::string who = found[is_visible ? 2 : 1];
        const std::string what = found[is_visible ? 1 : 2];
        return play_reads("read " + what + " at " + who + (is_visible ? ": present" : ": ok"));
    }
    if (!std::regex_match(step, found, reads)) return false;
    const NodeId node = server(found[2].matched ? found[2].str() : "leader");
    if (!found[1].str().starts_with("/")) {
        claim(step, std::to_string(created_.size()) == found[1].str().substr(4));
        for (const std::string& path : created_) claim(step + path, value(node, path).has_value());
        return true;
    }
    read_ = value(node, found[1]);
    const bool is_there = contains(found[3], "^(?:present|ok|found|exists|visible|there|not)");
    if (found[3].matched && !is_there && !contains(found[3], "^(?:absent|missing|null|none)")) {
        throw Refused("step: " + step);
    }
    if (found[3].matched) claim(step, read_.has_value() == (is_there && found[3] != "not"));
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

/// A step, or several in one: "A down; create node=1".
void Story::play(const std::string& step) {
    if (is_unsettled_ && !is_lost_write(step)) settle();
    static constexpr Step whole[] = {&Story::play_snap_races, &Story::play_sessions,
                                     &Story::play_failing_ups};
    static constexpr Step single[] = {
        &Story::play_isolation, &Story::play_writes, &Story::play_reads,   &Story::play_returns,
        &Story::play_downs,     &Story::play_ups,    &Story::play_outcomes};
    const auto knows = [&](Step one) { return (this->*one)(step); };
    const bool is_several = without_remarks(step).find(';') != std::string::npos;
    const bool is_known = std::any_of(std::begin(whole), std::end(whole), knows) ||
                          (!is_several && std::any_of(std::begin(single), std::end(single), knows));
    if (is_known) return;
    const auto parts = halves(step);
    if (!parts) throw Refused("step: " + step);
    play(parts->first);
    play(parts->second);
}

void Story::play_all() {
    for (at_ = 0; at_ < steps_.size(); ++at_) {
        // How those who start will fail must be known before they do.
        const bool fails_next = at_ + 1 < steps_.size() &&
                                contains(steps_[at_ + 1], "^(?:each|both|they)\\b.*UPTODATE");
        std::string step = steps_[at_];
        if (fails_next) step += "; " + steps_[++at_];
        play(step);
    }
    if (is_unsettled_ && failing_.empty()) settle();
}

}  // namespace conformance
