#include "tests/conformance/story.hpp"

#include <algorithm>

namespace conformance {

// Servers that go and come back.

using test::Cluster;
using zab::NodeId;

namespace {

constexpr const char* go =
    "(?:down|stops?|stopped|kill|kills|killed|shut ?down|shuts down|crash|crashes|crashed|dies?|"
    "fails|goes down|taken down|power loss)";
constexpr const char* come =
    "(?:up|starts?|started|restarts?|restarted|joins?|joined|returns?|comes? back|boots?|recovers?|"
    "back|back up|reconnects?)";

bool contains_node(const std::vector<NodeId>& all, NodeId node) {
    return std::find(all.begin(), all.end(), node) != all.end();
}

}  // namespace

/// What everybody holds before a restart, for "before and after".
void Story::remember() {
    for (const NodeId node : cluster_->members()) {
        for (const auto& [path, id] : paths_) {
            if (cluster_->is_up(node) && value(node, path)) held_before_.insert({node, path});
        }
    }
}

/// How they are to be synchronized is the case's to say: ZooKeeper's tests force it, too.
void Story::up(const std::vector<NodeId>& who, bool by_snapshot) {
    const bool is_forced = cluster_->config().force_snapshot_sync;
    const auto force = [this](bool is_so) {
        cluster_->reconfigure([is_so](zab::Config& config) { config.force_snapshot_sync = is_so; });
    };
    if (by_snapshot) force(true);
    for (const NodeId node : who) {
        if (failing_.erase(node) > 0) cluster_->kill(node);  // It has died of that.
        cluster_->start(node);
    }
    settle();
    if (by_snapshot) force(is_forced);
}

/// A leader that loses all followers is left alone at the same instant: what it is asked from now
/// on cannot commit. Else the rest finds its order.
void Story::down(const std::vector<NodeId>& who) {
    Cluster& c = *cluster_;
    const auto leader = c.leader();
    const bool is_led = leader && !contains_node(who, *leader);
    const bool is_all = is_led && who.size() + 1 == c.members().size();
    if (leader && (!is_led || is_all || !names_.contains("old leader"))) {
        names_["old leader"] = *leader;
    }
    if (is_all) ensure_client();
    if (is_all && leader_tick_) {
        const zab::Duration before = c.config().tick_time;
        c.reconfigure(*leader, [this](zab::Config& config) { config.tick_time = *leader_tick_; });
        c.run(before);
    }
    for (const NodeId node : who) c.kill(node);
    const auto all = c.members();
    const auto left = std::count_if(all.begin(), all.end(), [&c](NodeId n) { return c.is_up(n); });
    if (left == 0) failing_.clear();
    if (is_all) return;
    if (c.stalls) settle();
    c.resume();
    is_unsettled_ = left > 0;
}

/// Nobody hears it in elections, and it hears nobody.
void Story::hide(NodeId node) {
    Cluster& c = *cluster_;
    hidden_ = node;
    c.refuses = [node](NodeId from, NodeId to, zab::LinkKind kind) {
        return kind == zab::LinkKind::election && (from == node || to == node);
    };
    c.drops = [node](const Cluster::Sent& sent) {
        return sent.kind == zab::LinkKind::election && (sent.from == node || sent.to == node);
    };
}

void Story::let_back() {
    if (!hidden_) return;
    cluster_->refuses = nullptr;
    cluster_->drops = nullptr;
    hidden_.reset();
    cluster_->run(cluster_->config().max_notification_interval);  // Until it asks again.
}

/// "leader L isolated from elections, its tick raised to 10 s", "isolate leader".
bool Story::play_isolation(const std::string& step) {
    static const std::regex isolated(
        "(.*?) ?(?:is )?(?:isolated|suspended|cut off|kept out|excluded|prevented from|"
        "(?:cannot|does not|can not|may not) take part|takes no part)\\b.*|"
        "(?:isolate|suspend|cut off|exclude) (.*?)(?: from .*)?");
    static const std::regex slower(
        ".*tick(?:Time)? ?(?:of leader |is )?(?:raised|increased|set) to (.*)|"
        "(?:leader [A-Z]: )?(?:its |leader's )?tick(?:Time)? (?:is )?(?:raised|increased)|"
        "(?:its|leader's) (?:tick(?:Time)?|(?:session )?timeouts?) (?:are|is) "
        "(?:long|raised|high)");
    std::smatch found;
    static const std::regex own(
        "(?:its |leader's )?elections? (?:is |are )?(?:suspended|blocked)|"
        "(?:is )?(?:kept from (?:electing|elections)|suspended)");
    auto told = split_at(plain(step), ",\\s*(?:and )?");
    for (std::string& one : told) {
        if (std::regex_match(one, own)) one = "leader suspended";
    }
    const bool is_known = std::all_of(told.begin(), told.end(), [&](const std::string& one) {
        return std::regex_match(one, slower) ||
               (std::regex_match(one, found, isolated) &&
                known_servers(found[2].matched ? found[2] : found[1]));
    });
    if (!is_known) return false;
    for (const std::string& one : told) {
        if (!std::regex_match(one, found, slower)) {
            std::regex_match(one, found, isolated);
            hide(servers(found[2].matched ? found[2] : found[1]).at(0));
            continue;
        }
        constexpr zab::Duration slow = zab::seconds(10);  // How long is not told.
        const auto tick =
            found[1].matched ? duration_in(found[1], cluster_->config()) : std::optional(slow);
        if (!tick) throw Refused("step: " + step);
        const NodeId leader = server("leader");
        const zab::Duration before = cluster_->config().tick_time;
        cluster_->reconfigure(leader, [&](zab::Config& config) { config.tick_time = *tick; });
        cluster_->run(before);  // The tick that runs ends as it began.
    }
    return true;
}

bool Story::play_downs(const std::string& step) {
    static const std::regex imperative("(?:stop|kill|shut ?down|crash)(?: down)? ([^;]*)");
    static const std::regex told(std::string("([^;]*?) (?:is |are |goes |go )?") + go);
    const std::string words = plain(step);
    std::smatch found;
    if (!std::regex_match(words, found, imperative) && !std::regex_match(words, found, told)) {
        return false;
    }
    const auto who = known_servers(found[1]);
    if (!who) return false;
    down(*who);
    return true;
}

/// Others form a quorum without the old leader, if it is to come back to one.
void Story::hide_old_leader_from(const std::vector<NodeId>& who) {
    if (!names_.contains("old leader") || hidden_) return;
    const NodeId old = names_.at("old leader");
    const bool is_left = cluster_->is_up(old) && !contains_node(who, old) &&
                         who.size() + 1 == cluster_->members().size();
    if (is_left && tells("quorum|elect|new leader|old leader|rejoin|FOLLOWING|allowed back")) {
        hide(old);
    }
}

/// "start followers while the old leader is still LEADING", "… without the old leader": what is
/// said of it must be so.
std::string Story::without_old_leader(const std::string& words, const std::string& step) {
    static const std::regex meanwhile(" while (?:old leader|leader|L) (?:is )?(?:still )?LEADING");
    static const std::regex alone(" without (?:old leader|L)$");
    if (std::regex_search(words, meanwhile)) {
        const NodeId leader = server("old leader");
        claim(step, cluster_->is_up(leader) && cluster_->peer(leader).leading() != nullptr);
    }
    if (std::regex_search(words, alone)) claim(step, !cluster_->is_up(server("old leader")));
    return std::regex_replace(std::regex_replace(words, meanwhile, ""), alone, "");
}

/// "start followers, each creates own node"; "S0 up (epoch 2) but its log/commit processors fail".
bool Story::play_ups(const std::string& step) {
    static const std::regex epoch("\\(epoch ([0-9]+)\\)");
    static const std::regex creates(",? ?(?:and )?each creates (?:its )?own node");
    static const std::regex fails(" but its log/commit processors fail");
    static const std::regex normal(" with normal sync");
    static const std::regex synced(
        ",? \\(?(?:(?:syncs?|synced|is synced) )?(?:by |gets? |via |with )?(DIFF|SNAP|TRUNC)"
        "(?: sync[^)]*)?\\)?$");
    static const std::regex snapshot("[^(]\\b(?:syncs?|synced) (?:by|via|with) SNAP$");
    static const std::regex cleanly(
        " (?:without (?:any |an )?(?:errors?|failures?|faults?|injection)|normally|cleanly)$");
    static const std::regex imperative("(?:start|restart|boot) ([^;]*)");
    static const std::regex told(std::string("(?:([^;]*?) )?(?:is |are )?") + come);
    std::smatch found, mode, term;
    std::string words = plain(step);
    words = without_old_leader(words, step);
    static const std::regex new_epoch(" ?\\((?:new|next|another) epoch\\)");
    const bool begins_epoch = std::regex_search(step, new_epoch);
    const std::uint32_t before = leaders_.empty() ? 0 : leaders_.rbegin()->first;
    const bool is_synced = std::regex_search(step, mode, synced);
    const std::string wanted_mode = is_synced ? mode[1].str() : "";
    for (const std::regex* part : {&creates, &fails, &normal, &synced, &cleanly}) {
        words = std::regex_replace(words, *part, "");
    }
    const bool is_imperative = std::regex_match(words, found, imperative);
    if (!is_imperative && !std::regex_match(words, found, told)) return false;
    const auto known = known_servers(found[1]);
    if (!known) return false;
    const std::vector<NodeId> who = *known;
    Cluster& c = *cluster_;
    if (std::regex_search(step, normal)) {
        c.reconfigure([](zab::Config& config) { config.force_snapshot_sync = false; });
    }
    if (contains(words, "\\brestart")) remember();
    for (const NodeId node : who) {
        if (contains(words, "\\brestart")) c.kill(node);
    }
    if (std::regex_search(step, fails)) {
        c.stalls = [node = who.at(0)](NodeId server, const zab::Start& start) {
            return server == node && start.stage == zab::Stage::sync;
        };
    }
    hide_old_leader_from(who);
    up(who, std::regex_search(step, snapshot));
    if (std::regex_search(step, creates)) create_some(who.size());
    if (std::regex_search(step, term, epoch) &&
        !leaders_.contains(static_cast<std::uint32_t>(std::stoul(term[1])))) {
        throw Refused("no leader of that epoch: " + step);
    }
    for (const NodeId node : who) {
        if (is_synced) claim(step, syncs_[node] == wanted_mode);
    }
    if (begins_epoch) claim(step, !leaders_.empty() && leaders_.rbegin()->first > before);
    return true;
}

/// "start followers; each fails when UPTODATE arrives (after its NEWLEADER ack)", "followers up:
/// DIFF sync, ack NEWLEADER, then die on UPTODATE": they come back to their leader, whose client
/// has lost it meanwhile.
bool Story::play_failing_ups(const std::string& step) {
    static const std::regex fails(
        "(.*?)[;,:]? (?:but |and )?(?:each|both|they|which)?,? ?(?:must |will )?(?:(?:(?:Socket)?"
        "Timeout|SocketTimeoutException|errors?|exceptions?|failures?|faults?) (?:is |are )?"
        "(?:injected|thrown)|fails?|dies?|die|crash\\w*|stops?|quits?|times? "
        "out|errors?|breaks?)\\b.*"
        "UPTODATE.*");
    static const std::regex starts(
        "(?:start|restart) (.*?)|(.*?) (?:is |are )?(?:up|starts?|restart(?:s|ed)?|"
        "back|joins?|rejoins?)");
    static const std::regex diff(
        "[,:;]? ?(?:and )?(?:(?:gets?|receives?|sync(?:ed|s)?)\\b[^,;:]*?)? ?(?:by |via |with )?"
        "DIFF(?: sync)?(?: from [A-Za-z ]+)?(?: with (/[A-Za-z0-9]+))?(?=$|,|;)");
    static const std::regex acks(
        "[,:;]? ?(?:and )?(?:they |each |both )?(?:acks? (?:of )?NEWLEADER|NEWLEADER acked)"
        "(?=$|,|;)");
    std::smatch found;
    const std::string words = plain(step);
    if (!std::regex_match(words, found, fails)) return false;
    std::string first = found[1];
    std::smatch held;
    const bool is_diff = std::regex_search(first, held, diff);
    const std::string in_diff = is_diff ? held[1].str() : "";
    const bool is_acked = contains(step, "\\back\\w*\\b.*NEWLEADER|NEWLEADER ack");
    first = std::regex_replace(std::regex_replace(first, acks, ""), diff, "");
    if (!std::regex_match(first, found, starts)) return false;
    const auto known = known_servers(found[1].matched ? found[1] : found[2]);
    if (!known) return false;
    const std::vector<NodeId> who = *known;
    const NodeId leader = server("old leader");
    settle();
    Cluster& c = *cluster_;
    failing_ = {who.begin(), who.end()};
    c.drops = [this](const Cluster::Sent& sent) {
        return failing_.contains(sent.to) && sent.as<zab::UpToDate>() != nullptr;
    };
    for (const NodeId node : who) {
        on_disk_at_ack_.erase(node);
        c.start(node);
    }
    if (!c.run_until([&] { return c.serves(leader); }, zab::seconds(60))) {
        throw Refused("the old leader never serves: " + step);
    }
    for (const NodeId node : who) {
        if (is_diff) claim(step, syncs_[node] == "DIFF");
        if (is_acked) claim(step, on_disk_at_ack_.contains(node));
        if (!in_diff.empty()) claim(step, in_diff == lost_ && had_lost_at_ack(node));
    }
    return true;
}

/// The old leader comes back to the others' quorum: "L allowed back, times out and rejoins as
/// FOLLOWING", "old leader gives up and follows".
bool Story::play_returns(const std::string& step) {
    static const std::regex returns(
        "(?:(old leader|leader [A-Z]|[A-Z])\\b.*?)?\\b(?:allowed|let|rejoins?|joins?|comes back "
        "without|gives? "
        "up|times? out|"
        "steps down|follows|resume[sd]?|unsuspended|(?:may|can) (?:elect|take part))\\b.*");
    static const char* const known =
        "old|new|leader|[A-Z]|allowed|let|back|in|to|and|times?|out|rejoins?|joins?|as|FOLLOWING|"
        "follows?|follower|gives?|up|steps?|down|resume[sd]?|comes|without|restart|unsuspended|the|"
        "their|its|quorum|"
        "elections?|ensemble|may|can|elect|take|part|after|others|another|LOOKING|a|is|leading";
    const std::string words = plain(step);
    std::smatch found;
    if (!made_of(words, known) || !std::regex_match(words, found, returns)) return false;
    if (!names_.contains("old leader")) return false;
    const NodeId node = servers(found[1].matched ? found[1].str() : "old leader").at(0);
    if (!(node == names_.at("old leader"))) return false;
    if (contains(words, "\\bwithout\\b")) claim(step, cluster_->is_up(node));
    if (contains(words, "restart") && !contains(words, "without restart$")) return false;
    let_back();
    cluster_->start(node);
    settle();
    if (contains(words, "FOLLOWING|follow|join")) {
        claim(step, cluster_->serves(node) && cluster_->peer(node).learning() != nullptr);
    }
    return true;
}

/// "they form a quorum", "new leader elected", "quorum up": as it must be by now.
bool Story::play_outcomes(const std::string& step) {
    static const std::regex leads(
        "(S?[0-9]|F[0-9]|[A-Z]) (?:leads|is elected|is (?:an? )?(?:new )?leader|becomes (?:an? "
        ")?(?:new )?leader)");
    const std::string words = plain(step);
    if (contains(words, ",| and ")) return false;
    if (std::smatch found; std::regex_match(words, found, leads)) {
        const NodeId node = server(found[1]);
        claim(step, cluster_->leader() == node);
        return true;
    }
    static const char* const known =
        "(?:the "
        ")?they|them|both|followers?|others?|servers?|nodes?|forms?|formed|an?|one|new|quorum|"
        "is|up|are|elects?|elected|leader|among|of|each|other|another|it|old|S?[0-9]|[A-Z]|F[0-9]|"
        "by|with|without|epoch|rest|remaining|two|three|for|wait|until|becomes|from|in";
    if (!made_of(words, known) || is_negated(words)) return false;
    if (!contains(words,
                  "(?:forms?|formed) (?:an? )?(?:new )?quorum|elect|^(?:new )?quorum(?: is up| "
                  "up|$)|new leader")) {
        return false;
    }
    const auto leader = cluster_->leader();
    claim(step, leader.has_value());
    if (contains(words, "new leader") && leader && names_.contains("old leader")) {
        claim(step, !(*leader == names_.at("old leader")));
    }
    if (hidden_ && leader) claim(step, !(*leader == *hidden_));
    if (contains(words, "\\bamong them\\b") && leader) {
        claim(step, contains_node(last_named_, *leader));
    }
    return true;
}

}  // namespace conformance
