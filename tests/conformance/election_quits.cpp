#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// Voters that leave their leader before they have told it their epoch, and what it does then.

namespace {

/// Of a step "follower 0 quits once", "one of the two followers abandons its leader".
struct Quit {
    std::optional<NodeId> who;
    std::size_t times = 1;
};

std::optional<Quit> quit_in(const std::string& step) {
    static const std::string subject =
        "(?:after (?:the )?election,? )?(?:(?:the )?(?:disloyal "
        ")?(?:follower|node|server|peer|voter) )?"
        "([0-9]+|(?:an?|one|any|first) (?:follower|voter)|one of (?:the )?(?:two |both |[0-9]+ )?"
        "(?:followers|voters)) ";
    static const std::string leaves =
        "((?:is hooked to |is )?(?:(?:quits?|leaves?|stops?|gives? up|drops? out of|abandons?|"
        "deserts?)(?: (?:following|FOLLOWING|followLeader|(?:its |the )?leader))?|goes (?:back "
        ")?(?:to )?"
        "LOOKING|does not "
        "follow(?: (?:its "
        "|the "
        ")?leader)?|disloyal))";
    static const std::string how =
        "((?:,? \\(?(?:once|looks again|then looks again|and then looks again|at "
        "once|immediately|one "
        "time|twice|[0-9]+ times|back to LOOKING|and "
        "looks again|before (?:its )?FOLLOWERINFO|(?:right )?after (?:the |leader "
        ")*(?:election|voting))\\)?)"
        "*)";
    static const Regex quits(subject + leaves + how);
    // Without any of these it stops altogether.
    static const Regex plays_on(
        "FOLLOW|follow|leader|disloyal|LOOKING|looks again|\\b(?:one time|twice|times)\\b|"
        "(?:^|[^t]) \\(?once\\b");
    static const Regex times("\\b([0-9]+) times\\b");
    Match found, count;
    const std::string bare = without_remarks(step);
    if (!regex_match(step, found, quits) && !regex_match(bare, found, quits)) {
        return std::nullopt;
    }
    if (!regex_search(found[2].str() + found[3].str(), plays_on)) return std::nullopt;
    // Any server may look again; a follower leaves its leader by that.
    const bool is_look = found[2].str().starts_with("goes");
    if (is_look && !contains(found[0], "follower|voter")) return std::nullopt;
    Quit quit;
    if (contains(found[1], "[0-9]")) {
        const std::string who = found[1];
        if (contains(who, "^[0-9]+$")) quit.who = node_of(who);
    }
    if (contains(step, "\\btwice\\b")) quit.times = 2;
    if (regex_search(step, count, times)) quit.times = std::stoul(count[1]);
    return quit;
}

}  // namespace

/// It must be known before anybody follows.
void Stage::foresee_quits() {
    std::vector<std::string> all;
    for (const std::string& step : steps_) all.push_back(known_step(known_passing(step)));
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto quit = quit_in(all[i]);
        if (const auto parts = halves(all[i]); parts && !quit) {
            all.insert(all.end(), {parts->first, parts->second});
        }
        if (!quit) continue;
        quitter_ = quit->who;
        cluster->drops = [this, left = quit->times](const test::Cluster::Sent& sent) mutable {
            const bool is_his = !quitter_ || sent.from == *quitter_;
            if (left == 0 || !is_his || sent.as<zab::FollowerInfo>() == nullptr) return false;
            --left;
            quitter_ = sent.from;
            quits_.push_back(cluster->now());
            return true;
        };
    }
}

bool Stage::play_quits(const std::string& step) {
    static const Regex sends(
        "(it|[0-9]+) (?:sends|broadcasts) (LOOKING|FOLLOWING|LEADING) (?:notifications?|votes?)");
    static const Regex answer(
        "([0-9]+(?:(?:, ?| and )[0-9]+)*) (?:answers?|replies|reply)(?: it)? with "
        "(?:(?:its|their|an?"
        ") )?(LOOKING|FOLLOWING|LEADING)(?: ?/ ?| or | and )(LOOKING|FOLLOWING|LEADING) "
        "(?:votes?|notifications?)");
    static const Regex none_left(
        "no (?:majority|quorum) (?:of followers )?(?:is left|remains|left)");
    Match found;
    const std::string words = plain(step);
    if (const auto quit = quit_in(step)) {
        start(everybody());
        const bool has_quit = cluster->run_until(
            [&] {
                return quits_.size() >= quit->times && state_of(*cluster, *quitter_) == "LOOKING";
            },
            zab::seconds(60));
        claim(step, has_quit);
        if (has_quit) subject_ = {*quitter_};
    } else if (regex_match(words, found, none_left)) {
        const auto left = everybody().size() - (quits_.empty() ? 0u : 1u);
        claim(step, 2 * left <= cluster->config().voters.size());
    } else if (regex_match(words, found, answer)) {
        for (const NodeId node : nodes_in(found[1])) {
            if (mocks_.contains(node)) return false;
            const auto has_said = [&] {
                return std::any_of(spoken_.begin(), spoken_.end(), [&](const Spoken& one) {
                    return one.from == node && one.at >= started_at_ &&
                           (one.state == found[2].str() || one.state == found[3].str());
                });
            };
            claim(step, cluster->run_until(has_said, zab::seconds(2)));
        }
    } else if (regex_match(words, found, sends)) {
        const auto who = found[1] == "it" ? subject_ : nodes_in(found[1]);
        if (who.size() != 1 || mocks_.contains(who.front())) return false;
        const std::size_t before = spoken_.size();
        const auto is_said = [&] {
            return std::any_of(spoken_.begin() + static_cast<std::ptrdiff_t>(before), spoken_.end(),
                               [&](const Spoken& one) {
                                   return one.from == who.front() && one.state == found[2].str();
                               });
        };
        claim(step, cluster->run_until(is_said, zab::seconds(2)));
    } else {
        return false;
    }
    return true;
}

void Stage::listen() {
    cluster->on_sent = [this](const test::Cluster::Sent& sent) {
        const auto* vote = sent.as<zab::Notification>();
        if (vote == nullptr) return;
        const char* const state = vote->state == zab::ServerState::looking     ? "LOOKING"
                                  : vote->state == zab::ServerState::following ? "FOLLOWING"
                                                                               : "LEADING";
        spoken_.push_back({cluster->now(), sent.from, sent.to, state});
    };
}

std::vector<Stage::Lead> Stage::leads() const {
    std::vector<Lead> all;
    for (const trace::Record& record : cluster->records()) {
        const bool is_elected = record.kind() == trace::Kind::elected;
        if (is_elected && record.peer() == record.node().value) {
            all.push_back({record.node(), record.time(), std::nullopt, false});
        }
        const bool is_end =
            record.kind() == trace::Kind::looking || record.kind() == trace::Kind::server_stopped;
        for (Lead& lead : all) {
            if (!(lead.node == record.node()) || lead.until) continue;
            if (is_end) lead.until = record.time();
            if (record.kind() == trace::Kind::established) lead.is_established = true;
        }
    }
    return all;
}

/// "gives up waiting for the epoch quorum after 1 s", "on a LOOKING notification of its voter:
/// stops leading"; then "new election": of who led first.
bool check_first_lead(Stage& stage, const std::string& words, Verdict& verdict) {
    static const Regex ends(
        "\\b(?:gives? up|stops? leading|stops? waiting|quits?|steps? down|abandons?|leaves)\\b");
    static const Regex notified(
        "^on (?:an?|the|its)? ?LOOKING (?:notification|vote)s? (?:of|from) (?:its |the |a )?"
        "(?:voter|follower|quitter)\\b");
    static const Regex anew(
        "^(?:a )?(?:new|second|another) election$|^(?:looks|goes (?:back )?(?:to )?LOOKING|LOOKING)"
        "(?: for (?:a |its )?leader)? again$");
    static const char* const known =
        "on|an?|the|its?|LOOKING|notifications?|votes?|of|from|voter|follower|quitter|gives?|up|"
        "stops?|leading|waiting|for|epoch|quorum|quits?|steps?|down|abandons?|leaves|once|when|"
        "leader|new|second|another|election|looks|again|goes|back|to";
    const Timed timed =
        timed_in(regex_replace(words, compiled("\\b(?:about|roughly|some) (?=[0-9])"), ""),
                 stage.cluster->config());
    // Who leaves LOOKING has decided: that is no end of a lead.
    if (!made_of(timed.words, known) || contains(timed.words, "[0-9]|^leaves LOOKING")) {
        return false;
    }
    const bool is_end = regex_search(words, ends);
    const bool is_notified = regex_search(words, notified);
    if (!is_end && !is_notified && !regex_match(words, anew)) return false;
    // It may still be about to.
    stage.cluster->run_until(
        [&] { return !stage.leads().empty() && stage.leads().front().until.has_value(); },
        zab::seconds(60));
    const auto all = stage.leads();
    if (all.empty()) {
        verdict.require(words + ": nobody led", false);
        return true;
    }
    const Stage::Lead& lead = all.front();
    const std::string where = fmt::format("{} (server {})", words, lead.node.value - 1);
    if (!is_end && !is_notified) {
        verdict.require(where, stage.elections_of(lead.node).size() > 1);
        return true;
    }
    verdict.require(where, lead.until.has_value());
    if (!lead.until) return true;
    const zab::Duration led = *lead.until - lead.from;
    if (contains(words, "epoch")) verdict.require(where, !lead.is_established);
    if (const auto told = duration_in(words, stage.cluster->config())) {
        // What ends it is a notification, and these come at intervals that double.
        const bool is_bound = contains(words, "\\b(?:within|before|less than)\\b");
        const zab::Duration latest = is_bound ? *told : *told * 2 + zab::seconds(1);
        verdict.require(fmt::format("{}, after {} ms", where, led.ns / 1'000'000),
                        led <= latest && (is_bound || led >= *told));
    }
    if (is_notified) verdict.require(where, stage.was_told_of_looking(lead));
    return true;
}

std::vector<NodeId> Stage::first_electors() const {
    std::optional<zab::Instant> decided;
    for (const NodeId node : cluster->members()) {
        const auto all = elections_of(node);
        if (all.empty() || !all.front().decided) continue;
        if (!decided || *all.front().decided < *decided) decided = all.front().decided;
    }
    auto electors = cluster->members();
    std::erase_if(electors, [&](NodeId node) {
        const auto all = elections_of(node);
        return all.empty() || !decided || *decided < all.front().began;
    });
    if (electors.empty()) throw Refused("nobody has decided yet");
    return electors;
}

std::optional<zab::Duration> Stage::served_after(std::optional<NodeId> who) const {
    for (const trace::Record& record : cluster->records()) {
        if (record.kind() != trace::Kind::serving || record.time() < started_at_) continue;
        if (who && !(record.node() == *who)) continue;
        return record.time() - started_at_;
    }
    return std::nullopt;
}

/// Where another expectation has let that time pass, what is so now may have come too late.
bool Stage::has_served_in_time(const Timed& told, std::optional<NodeId> who) const {
    if (!told.time || left_of(*told.time) > zab::Duration{}) return true;
    const auto served = served_after(who);
    return served && *served <= *told.time;
}

std::optional<zab::Duration> Stage::decided_within() const {
    zab::Duration latest{};
    for (const NodeId node : cluster->members()) {
        if (!cluster->is_up(node) || mocks_.contains(node)) continue;
        const auto all = elections_of(node);
        if (all.empty() || !all.back().decided) return std::nullopt;
        latest = std::max(latest, *all.back().decided - started_at_);
    }
    return latest;
}

/// Nobody served before whoever led first had stopped to.
bool Stage::is_served_only_after_first_lead() const {
    const auto has_ended = [this] {
        const auto so_far = leads();
        return !so_far.empty() && so_far.front().until.has_value();
    };
    cluster->run_until(has_ended, zab::seconds(60));
    const auto all = leads();
    if (all.empty() || !all.front().until) return false;
    cluster->run_until([this] { return is_quorum_up(); }, zab::seconds(60));
    for (const trace::Record& record : cluster->records()) {
        if (record.kind() == trace::Kind::serving) return *all.front().until <= record.time();
    }
    return false;
}

/// All that is said of who led first; false: the first words say something else.
bool tells_of_first_lead(Stage& stage, const Value& value, Verdict& verdict) {
    static const Regex earlier("(?:and )?(?:not|(?:well |long )?before)(?: after)? (?:the )?(" +
                               sum_of_times() + ")");
    if (!is_text(value)) return false;
    const auto all = clauses_of(known_result(value.text));
    for (std::size_t i = 0; i < all.size(); ++i) {
        Match limit;
        if (i > 0 && regex_match(all[i], limit, earlier)) {
            const auto lead = stage.leads().front();
            const auto time = duration_in(limit[1], stage.cluster->config());
            verdict.require(all[i], lead.until && *lead.until - lead.from < *time);
            continue;
        }
        const bool is_known = check_first_lead(stage, all[i], verdict);
        if (!is_known && i == 0) return false;
        if (!is_known) check_servers(stage, {stage.leads().front().node}, all[i], false, verdict);
    }
    return true;
}

/// That its voter looks for a leader again, just before it stopped leading.
bool Stage::was_told_of_looking(const Lead& lead) const {
    return std::any_of(spoken_.begin(), spoken_.end(), [&](const Spoken& one) {
        return quitter_ && one.from == *quitter_ && one.to == lead.node && one.state == "LOOKING" &&
               one.at <= *lead.until && *lead.until - one.at <= zab::milliseconds(20);
    });
}

/// Who comes back learns from servers that are not looking whom they follow.
bool Stage::was_told_by(NodeId node, NodeId other) const {
    const auto all = elections_of(node);
    if (all.empty() || !all.back().decided) return false;
    return std::any_of(spoken_.begin(), spoken_.end(), [&](const Spoken& one) {
        return one.from == other && one.to == node && one.state != "LOOKING" &&
               one.at >= all.back().began && one.at <= *all.back().decided;
    });
}

}  // namespace conformance
