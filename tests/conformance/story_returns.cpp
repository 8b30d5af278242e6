#include "tests/conformance/story.hpp"

#include <algorithm>

namespace conformance {

// A leader that its followers have left, who form a quorum without it; and how it comes back.

using test::Cluster;
using zab::NodeId;

namespace {

/// What a leader does that comes back to a quorum of others.
const std::string comes_back =
    "\\b(?:allowed|let|(?:re)?joins?|comes back|(?:is )?back as|returns?|reconnects?|gives up|gave "
    "up|times? out|"
    "timed out|quits?|(?:steps|stepped) down|follows?|becomes (?:an? )?(?:follower|FOLLOWING)|"
    "FOLLOWING|resume[sd]?|unsuspend(?:ed)?|unblock(?:ed)?|released?|stops leading|"
    "(?:may|can) (?:elect|take part|vote))\\b";
/// Who: "old leader", "leader", "L", "wait until it".
const std::string who_comes =
    "(?:(?:wait |allow |release |unsuspend |unblock |resume |let |for |until )*)"
    "(old leader|leader [A-Z]|leader|[A-Z]|it)\\b";
const std::string isolation_ends =
    "(?:end|lift|stop|heal) (?:its |old |leader's )*(?:isolation|suspension)(?: of (?:old "
    ")?leader)?"
    "|(?:its |old |leader's )*(?:isolation|suspension) (?:ends|is over|over|is lifted|lifted)";

}  // namespace

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

/// What everybody holds now, for "before and after".
Story::Moment Story::moment() const {
    Moment now;
    for (const NodeId node : cluster_->members()) {
        if (!cluster_->serves(node)) continue;
        now.serving.insert(node);
        for (const auto& [path, id] : paths_) {
            if (value(node, path)) now.held.insert({node, path});
        }
    }
    return now;
}

namespace {

/// "its tick raised to 10 s", "slow down leader's tick", "with a long tick": the time in group 1
/// or 2, if it is told.
const Regex& slower_tick() {
    return compiled(
        ".*tick(?:Time)? ?(?:of leader |is )?(?:raised|increased|set) to (.*)|"
        "(?:raise|increase|lengthen|slow(?: down)?) (?:its|leader's|leader [A-Z]'s|[A-Z]'s) "
        "tick(?:Time| time)?(?: to (.*))?|"
        "(?:leader [A-Z]: )?(?:its |leader's )?tick(?:Time)? (?:is "
        ")?(?:raised|increased|long|slow)|"
        "(?:leader|leader [A-Z]|[A-Z]) (?:with|has|(?:is )?kept (?:LEADING|leading) (?:by|with)) "
        "(?:an? )?(?:long|raised|slow) tick(?:Time)?|"
        "(?:its|leader's) (?:tick(?:Time)?|(?:session )?timeouts?) (?:are|is) "
        "(?:long|raised|high)");
}

}  // namespace

/// "leader L isolated from elections, its tick raised to 10 s", "isolate leader".
bool Story::play_isolation(const std::string& step) {
    static const Regex isolated(
        "(.*?) ?(?:is )?(?:isolated|suspended|cut off|kept out|excluded|blocked from|(?:does not|"
        "cannot) (?:go LOOKING|look|(?:re-?)?elect|vote|(?:re)?join|time out|step down)|kept from "
        "(?:(?:re-?)?electing|(?:re-?)?elections?|"
        "looking|voting|(?:re)?joining|stepping down|timing out)|prevented from|held back|barred|"
        "(?:cannot|does not|can not|may not) take part|takes no part)\\b.*|"
        "(?:isolate|suspend|cut off|exclude) (.*?)(?: from .*)?");
    static const Regex own(
        "(?:its |leader's )?elections? (?:is |are )?(?:suspended|blocked)|"
        "(?:suspend|block|stop) (?:its|leader's) elections?|"
        "(?:is )?(?:kept from (?:electing|elections|rejoining|looking)|suspended|isolated)");
    auto told = split_at(plain(step), ",\\s*(?:and )?");
    for (std::string& one : told) {
        if (regex_match(one, own)) one = "leader suspended";
    }
    Match found;
    if (contains(step, "\\bold leader\\b") && !names_.contains("old leader")) {
        names_["old leader"] = server("leader");  // That it will be.
    }
    const bool is_known = std::all_of(told.begin(), told.end(), [&](const std::string& one) {
        return regex_match(one, slower_tick()) ||
               (regex_match(one, found, isolated) &&
                known_servers(found[2].matched ? found[2] : found[1]));
    });
    if (!is_known) return false;
    for (const std::string& one : told) {
        if (!regex_match(one, found, slower_tick())) {
            regex_match(one, found, isolated);
            hide(servers(found[2].matched ? found[2] : found[1]).at(0));
            continue;
        }
        const std::string time = found[1].str() + found[2].str();
        slow_down(server("leader"), time.empty() ? slow_tick : tick_in(time, step));
    }
    return true;
}

zab::Duration Story::tick_in(const std::string& words, const std::string& step) const {
    const auto tick = duration_in(words, cluster_->config());
    if (!tick) throw Refused("step: " + step);
    return *tick;
}

void Story::slow_down(NodeId leader, zab::Duration tick) {
    const zab::Duration before = cluster_->config().tick_time;
    cluster_->reconfigure(leader, [tick](zab::Config& config) { config.tick_time = tick; });
    cluster_->run(before);  // The tick that runs ends as it began.
    is_slow_ = true;
}

/// Whether the old leader, which leads on, is yet to be asked for the write that is to be lost.
bool Story::awaits_lost_write() const {
    const auto old = names_.find("old leader");
    if (old == names_.end() || !leads(old->second)) return false;
    return std::any_of(steps_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, steps_.end(),
                       is_lost_write);
}

/// Whether its followers come back before it is asked for that.
bool Story::loses_followers_first() const {
    const auto next = steps_.begin() + static_cast<std::ptrdiff_t>(at_) + 1;
    const auto write = std::find_if(next, steps_.end(), is_lost_write);
    return write != steps_.end() && std::any_of(steps_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                write, [](const std::string& step) {
                                                    return says(step,
                                                                "\\b(re)?starts?\\b|\\b(up|back)\\b"
                                                                "|restarted|quorum|elect");
                                                });
}

/// A step of somebody's return, as far as it stands so in words.
bool Story::tells_return() const {
    return std::any_of(
        steps_.begin() + static_cast<std::ptrdiff_t>(at_), steps_.end(), [](const auto& step) {
            return regex_search(plain(step), compiled("\\b" + who_comes + ".*" + comes_back)) ||
                   regex_search(plain(step), compiled(isolation_ends));
        });
}

/// Others form a quorum without the old leader, if it is to come back to one.
void Story::hide_old_leader_from(const std::vector<NodeId>& who) {
    if (!names_.contains("old leader") || hidden_) return;
    const NodeId old = names_.at("old leader");
    const bool is_left = cluster_->is_up(old) &&
                         std::find(who.begin(), who.end(), old) == who.end() &&
                         who.size() + 1 == cluster_->members().size();
    if (is_left && (tells_return() || tells("quorum|elect|new leader|old leader"))) hide(old);
}

/// "start followers while the old leader is still LEADING", "… without the old leader": without
/// that; and what is said of it must be so.
std::string Story::without_old_leader(const std::string& words) {
    static const Regex told(
        " while (?:old leader|leader|L) (?:is )?(?:still )?(?:LEADING|leads|cut off|isolated|"
        "suspended|kept out)| without (?:old leader|L)$");
    return regex_replace(words, told, "");
}

void Story::claim_old_leader(const std::string& step) {
    const std::string words = plain(step);
    if (without_old_leader(words) == words) return;
    const NodeId old = server("old leader");
    if (contains(words, "LEADING|leads")) {
        claim(step, leads(old));
    } else if (contains(words, " while ")) {
        if (!hidden_) hide(old);
        claim(step, hidden_ == old);
    } else {
        // One that runs must be kept out of their quorum; then it comes back to that.
        if (cluster_->is_up(old) && !hidden_ && tells_return()) hide(old);
        claim(step, !cluster_->is_up(old) || hidden_ == old);
    }
}

bool Story::leads(NodeId node) const {
    return cluster_->is_up(node) && cluster_->peer(node).leading() != nullptr;
}

/// The old leader comes back to the others' quorum: "L allowed back, times out and rejoins as
/// FOLLOWING", "old leader gives up and follows", "end isolation".
bool Story::play_returns(const std::string& step) {
    static const char* const known =
        "old|new|leader|[A-Z]|allowed|let|back|in|to|and|times?|timed|out|(?:re)?joins?|as|"
        "FOLLOWING|follows?|follower|gives?|gave|up|steps?|stepped|down|resume[sd]?|comes|without|"
        "restart|unsuspend(?:ed)?|unblock(?:ed)?|the|their|its|quorum|elections?|ensemble|may|can|"
        "elect|take|part|"
        "vote|after|others|another|LOOKING|a|is|it|one|them|leading|wait|for|until|allow|released?|"
        "returns?|reconnects?|quits?|becomes|stops|timeout|followers|->";
    // "rejoins, TRUNC": how it must be synchronized.
    static const Regex by_mode(
        "(.*?),? (?:and )?(?:by |via |with |gets |is )?(?:an? )?(TRUNC|SNAP|DIFF)(?: sync)?");
    Match synced;
    std::string words = regex_replace(plain(step), compiled(" ?-> ?"), " becomes ");
    std::string mode;
    if (regex_match(words, synced, by_mode)) {
        mode = synced[2];
        words = std::string(synced[1]);
    }
    const bool ends = regex_match(words, compiled(isolation_ends));
    Match found;
    const bool is_told =
        regex_search(words, found, compiled("^(?:" + who_comes + ".*?)?" + comes_back)) &&
        made_of(words, known);
    if ((!ends && !is_told) || !names_.contains("old leader")) return false;
    const NodeId old = names_.at("old leader");
    const std::string who = found[1].matched && !ends ? found[1].str() : "old leader";
    const bool is_bare = who == "leader";  // Who else could it be that comes back?
    if (!is_bare && !(servers(who).at(0) == old)) return false;
    if (is_bare && cluster_->leader() == old && !hidden_) return false;
    if (contains(words, "\\bwithout\\b")) claim(step, cluster_->is_up(old));
    if (contains(words, "restart") && !contains(words, "without restart$")) return false;
    if (is_bare) names_["leader"] = old;
    last_named_ = {old};
    before_return_ = moment();
    let_back();
    cluster_->start(old);
    settle();
    returned_by_ = syncs_[old];
    if (!mode.empty()) claim(step, returned_by_ == mode);
    if (contains(words, "\\bas (?:an? |the )?(?:old |new )?(?:leader|LEADING)\\b")) {
        claim(step, cluster_->leader() == old);
    }
    if (contains(words, "FOLLOWING|follow|join")) {
        claim(step, cluster_->serves(old) && cluster_->peer(old).learning() != nullptr);
    }
    return true;
}

/// "they form a quorum", "new leader elected", "quorum up": as it must be by now.
bool Story::play_outcomes(const std::string& step) {
    static const Regex is_leader(
        "(S?[0-9]|F[0-9]|[A-Z]) (?:leads|is elected|is (?:an? )?(?:new )?leader|becomes (?:an? "
        ")?(?:new )?leader)");
    static const Regex serve(
        "(?:wait (?:until|till|for) )?(?:both )?(.*?) (?:serves?|(?:is|are) (?:serving|in "
        "service))");
    static const Regex alone(" without (?:old leader|leader|L|it)\\b");
    const std::string told = plain(step);
    if (contains(told, ",| and ")) return false;
    if (Match found; regex_match(told, found, is_leader)) {
        const NodeId node = server(found[1]);
        claim(step, cluster_->leader() == node);
        return true;
    }
    if (Match found; regex_match(told, found, serve)) {
        const auto who = known_servers(found[1]);
        if (!who) return false;
        for (const NodeId node : *who) claim(step, cluster_->serves(node));
        return true;
    }
    static const char* const known =
        "(?:the "
        ")?they|them|both|followers?|others?|servers?|nodes?|forms?|formed|an?|one|new|quorum|"
        "is|up|are|elects?|elected|leader|among|of|each|other|another|it|old|S?[0-9]|[A-Z]|F[0-9]|"
        "by|with|epoch|rest|remaining|two|three|for|wait|until|becomes|from|in|themselves|their|"
        "own";
    const std::string words = regex_replace(told, alone, "");
    if (!made_of(words, known) || is_negated(words)) return false;
    if (!contains(words,
                  "(?:forms?|formed) (?:an? )?(?:new )?quorum|elect|^(?:wait for |wait until )?"
                  "(?:an? )?(?:new )?quorum(?: is up| up|$)|new leader")) {
        return false;
    }
    const auto leader = cluster_->leader();
    claim(step, leader.has_value());
    const bool is_other = words != told || contains(words, "new leader");
    if (is_other && leader && names_.contains("old leader")) {
        claim(step, !(*leader == names_.at("old leader")));
    }
    if (hidden_ && leader) claim(step, !(*leader == *hidden_));
    if (contains(words, "\\bamong them(?:selves)?\\b") && leader) {
        claim(step,
              std::find(last_named_.begin(), last_named_.end(), *leader) != last_named_.end());
    }
    return true;
}

}  // namespace conformance
