#include "tests/conformance/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

using zab::NodeId;

/// A write that the leader logs, and nobody else.
bool Story::is_lost_write(const std::string& step) {
    static const Regex writes("^(?:async |client |leader |L )*(?:create|set|write)s?\\b");
    static const Regex lost(
        "\\b(?:fails?|failure|error|time-?out|times? out|timed out|[cC]onnection ?[lL]oss|unacked|"
        "unanswered|hangs|no (?:quorum|answer|reply)|never (?:be )?(?:completes?|committed|acked|"
        "returns?|answered)|"
        "loss|lost|uncommitted|outstanding|by itself|not (?:be )?"
        "commit\\w*|reach\\w* only|only reach\\w*|logged (?:at|on|by) [A-Z][0-9]? only|"
        "only (?:on|by|at|in|the|leader)|\\bdisk only|logged (?:by|at|on) [a-zA-Z ]+ "
        "only|(?:leader|L)(?:'s)? "
        "disk)");
    return regex_search(plain(step), writes) && regex_search(step, lost);
}

namespace {

/// All texts and keys in a value.
std::string words_of(const Value& value) {
    std::string all = is_text(value) ? value.text : "";
    for (const Value& one : value.elements) all += " " + words_of(one);
    for (const sim::json::Member& one : value.members) all += " " + one.key + words_of(one.value);
    return all;
}

}  // namespace

Story::Story(const Case& one) {
    zab::Config config;
    config.release = one.release;
    const Value initial = story_initial(one.initial);
    read_initial(initial, config);
    take_settings(initial, config);
    steps_ = story_steps(one.stimulus);
    if (const Value* before = initial.find("before")) {
        const auto earlier = story_steps(*before);
        steps_.insert(steps_.begin(), earlier.begin(), earlier.end());
    }
    if (const Value* told = first_of(initial, {"followers", "follower"})) fail_as_told(*told);
    if (tells("[sS]ession") && tells("[sS]napshot")) {
        config.max_session_ticks = 100'000;  // Its client does not come back, but its end is none.
    }
    cluster_ = std::make_unique<test::Cluster>(config);
    cluster_->on_sent = [this](const test::Cluster::Sent& sent) {
        if (sent.as<zab::Diff>() != nullptr) syncs_[sent.to] = "DIFF";
        if (sent.as<zab::Trunc>() != nullptr) syncs_[sent.to] = "TRUNC";
        if (sent.as<zab::Snap>() != nullptr) syncs_[sent.to] = "SNAP";
        const auto* vote = sent.as<zab::Notification>();
        if (vote != nullptr) note_candidate(sent.from, *vote);
        const auto* ack = sent.as<zab::Ack>();
        if (ack == nullptr || ack->zxid.counter() != 0) return;
        // The first one is for NEWLEADER.
        on_disk_at_ack_.try_emplace(sent.from, cluster_->disk(sent.from).durable_end().zxid);
    };
    expected_ = words_of(one.expected);
    find_numbering(one.expected);
    if (const Value* first = initial.find("firstServer")) {
        is_one_based_ = number(*first, "firstServer") == 1;
    }
    std::vector<NodeId> later = preset_logs(initial);
    for (const NodeId node : not_yet_started(initial)) later.push_back(node);
    for (const NodeId node : cluster_->members()) {
        if (std::find(later.begin(), later.end(), node) == later.end()) cluster_->start(node);
    }
    settle();
    if (const Value* committed = initial.find("committed")) {
        for (const std::string& words : texts(*committed, "committed")) {
            const std::size_t sign = words.find('=');
            write(words.substr(0, sign), words.substr(sign + 1));
        }
    }
    const Value* restarted = initial.find("restartedOnce");
    if (restarted != nullptr && truth(*restarted, "restartedOnce")) {
        for (const NodeId node : cluster_->members()) cluster_->kill(node);
        cluster_->start_all();
        settle();
    }
    if (const Value* nodes = initial.find("nodes")) name_servers(*nodes);
    name_roles(initial);
    ensure_client();  // It is there before anybody goes.
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
    note_leader();
}

void Story::note_leader() {
    const auto leader = cluster_->leader();
    if (!leader) return;
    const std::uint32_t epoch = cluster_->peer(*leader).leading()->epoch.value;
    leaders_[epoch] = *leader;
    note_contest(epoch);
}

zab::PathId Story::path_id(const std::string& path) {
    return paths_.try_emplace(path, static_cast<zab::PathId>(paths_.size() + 1)).first->second;
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
    const NodeId losing = waits ? NodeId{} : losing_leader();
    const bool is_connected = !waits && client_ && !cluster_->has_lost(*client_) &&
                              client_epoch_ == cluster_->peer(losing).leading()->epoch;
    if (!is_connected) ensure_client();
    const bool is_new = std::find(created_.begin(), created_.end(), path) == created_.end();
    const zab::PathId id = path_id(path);
    const std::size_t request =
        cluster_->ask(*client_, is_new ? zab::Operation::create : zab::Operation::set, id);
    const NodeId leader = waits ? *cluster_->leader() : losing;
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

/// Many at a time when they are many: a client need not wait for one answer to ask again.
void Story::create_some(std::size_t count) {
    constexpr std::size_t few = 50;
    bounded(count, most_creates, "creates");
    if (count <= few) {
        for (std::size_t i = 0; i < count; ++i) {
            write(fmt::format("/some-{}", next_path_++), "created");
        }
        return;
    }
    ensure_client();
    std::vector<std::pair<std::string, std::size_t>> asked;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string path = fmt::format("/some-{}", next_path_++);
        asked.emplace_back(path, cluster_->ask(*client_, zab::Operation::create, path_id(path)));
        if (i % few == 0) cluster_->run(zab::milliseconds(500));
    }
    cluster_->run(zab::seconds(2));
    for (const auto& [path, request] : asked) {
        const auto& reply = cluster_->asked(request).reply;
        if (!reply.has_value()) throw Refused("no answer to the write of " + path);
        values_[path_id(path)][reply->zxid.value] = "created";
        created_.push_back(path);
    }
}

bool Story::can_create(std::size_t count) {
    try {
        create_some(count);
    } catch (const Refused&) {
        return false;
    }
    return true;
}

/// "create /a=1 -> <1,2>": and this must be its zxid.
void Story::write_as_told(const std::string& path, const std::string& step) {
    static const Regex told("=([A-Za-z0-9]+)");
    static const Regex arrow("-> (<[0-9]+,[0-9]+>|epoch [0-9]+)");
    Match found;
    write(path, regex_search(step, found, told) ? found[1].str() : "created");
    if (!regex_search(step, found, arrow)) return;
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
    static const Regex several(
        "(?:client )?([0-9]+|[a-z]+|one more)(?: more)? (?:async |asynchronous |sync "
        ")?(?:creates?|nodes? "
        "created?|writes?)( .*)?");
    static const Regex one(
        "(?:async |client )?(?:set|creates?|writes?) ?(/[A-Za-z0-9_/]+|[A-Za-z0-9]+(?==)|[0-9]+)?"
        "(?:=[A-Za-z0-9]+)?(?:,? /[A-Za-z0-9_/.]+)*(?: (?:at|by|on) (?:new |old )?(?:leader|L))?"
        "(?: ?-> .*)?");
    static const Regex some(
        "(?:client )?(?:creates?|writes?) (?:(?:some )?more(?: nodes)?|(?:some )?nodes)|"
        "(?:(?:some|many|more|further|a few) )+(?:creates|writes)");
    const std::string words = plain(step);
    Match found;
    const auto paths = paths_in(step);
    if (regex_match(words, some)) {
        create_some(3);  // How many is not told.
        return true;
    }
    if (regex_match(words, found, several) && count_named(found[1])) {
        const std::size_t count = bounded(*count_named(found[1]), most_creates, "creates");
        if (paths.size() == 1 && contains(step, "/[a-zA-Z]+\\*")) {  // "10 creates /foo*"
            for (std::size_t i = 0; i < count; ++i) {
                write(paths.front() + std::to_string(i), "created");
            }
            return true;
        }
        if (paths.empty()) create_some(count);
        if (!paths.empty() && paths.size() != count) throw Refused("step: " + step);
        for (const std::string& path : paths) write(path, "created");
        return true;
    }
    if (is_lost_write(step)) return play_lost_write(step, paths);
    if (!regex_match(words, found, one)) return false;
    if (paths.size() > 1) {
        for (const std::string& path : paths) write(path, "created");
        return true;
    }
    const std::string path =
        found[1].length() != 0 ? found[1].str() : fmt::format("/some-{}", next_path_++);
    write_as_told(path, step);
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

NodeId Story::old_leader() const {
    const auto old = names_.find("old leader");
    if (old == names_.end()) throw Refused("who is the old leader?");
    return old->second;
}

std::optional<zab::Epoch> Story::epoch_of(const std::string& path) const {
    const auto known = paths_.find(path);
    if (known == paths_.end() || !values_.contains(known->second)) return std::nullopt;
    return zab::Zxid{values_.at(known->second).rbegin()->first}.epoch();
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
void Story::play(const std::string& told) {
    static const Regex former(
        "\\b(?:[Ff]ormer|[Pp]revious|[Dd]eposed|[Oo]riginal|[Ii]solated|[Ss]tale) leader\\b");
    static const Regex forms(" forms? (?:an? |the )?(?:new )?quorum(?=$|[;,])");
    const std::string step = regex_replace(regex_replace(told, former, "old leader"), forms, " up");
    static const Regex aside(
        "([^(]*) \\(((?:both |the )*followers (?:are )?(?:killed|stopped|down))\\)");
    if (Match two; regex_match(step, two, aside)) {  // No remark: it happens.
        play(two[1]);
        return play(two[2]);
    }
    static const Regex meanwhile(
        "(.*?)(?: with| while|[,;](?: and| with| while| both)*) ((?:both )?followers) (?:are |is )?"
        "(?:down|stopped|killed|dead)(| \\([^)]*\\))");
    if (Match two; is_lost_write(step) && regex_match(step, two, meanwhile)) {
        play(two[2].str() + " down");
        return play(two[1].str() + two[3].str());
    }
    if (is_unsettled_ && !is_lost_write(step)) settle();
    static const Regex in_turn("((?:re)?start|stop|kill) ([^;]*?),? then ((?:S?[0-9]|[A-Z])+)");
    Match found;
    if (regex_match(step, found, in_turn)) {
        play(found[1].str() + " " + found[2].str());
        return play(found[1].str() + " " + found[3].str());
    }
    static constexpr Step whole[] = {&Story::play_fuzzy,       &Story::play_snap_races,
                                     &Story::play_sessions,    &Story::play_failing_ups,
                                     &Story::play_cut_syncs,   &Story::play_roles,
                                     &Story::play_timed_downs, &Story::play_repeats};
    static constexpr Step single[] = {
        &Story::play_disks,  &Story::play_loads,    &Story::play_stays,      &Story::play_isolation,
        &Story::play_writes, &Story::play_reads,    &Story::play_returns,    &Story::play_downs,
        &Story::play_ups,    &Story::play_outcomes, &Story::play_background, &Story::play_asides,
        &Story::play_named,  &Story::play_clients,  &Story::play_corruption};
    const auto knows = [&](Step one) { return (this->*one)(step); };
    const bool is_several = without_remarks(step).find(';') != std::string::npos;
    const bool is_known = std::any_of(std::begin(whole), std::end(whole), knows) ||
                          (!is_several && std::any_of(std::begin(single), std::end(single), knows));
    if (is_known) return;
    auto parts = halves(step);
    if (!parts) parts = halves_at(step, ":\\s+");
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
        if (is_loaded_ && !is_unsettled_) create_in_background();
    }
    if (is_unsettled_ && failing_.empty()) settle();
    names_.erase("leader");  // Who leads now is asked for from here on.
}

}  // namespace conformance
