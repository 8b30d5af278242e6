#include "tests/conformance/election.hpp"
#include "tests/conformance/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

using test::Cluster;
using zab::NodeId;

/// One write is committed but not applied when the sync is decided, another one is applied before
/// the snapshot is written; the learner dies as it acknowledges NEWLEADER.
void Story::race_with_snap(NodeId learner, const std::string& before, const std::string& after) {
    Cluster& c = *cluster_;
    const NodeId leader = server("leader");
    names_["old leader"] = leader;
    ensure_client();
    const zab::PathId node = path_id("node");
    const auto set = [&](const std::string& value) {
        c.ask(*client_, zab::Operation::set, node);
        const zab::Leading& leading = *c.peer(leader).leading();
        const zab::Zxid wanted = leading.last_proposed.zxid.next();
        c.run_until([&] { return leading.last_committed >= wanted; }, zab::seconds(5));
        values_[node][wanted.value] = value;
    };
    // Committed, but not yet in the tree, when the sync is decided …
    c.freezes = [leader](NodeId who, zab::Stage stage, NodeId) {
        return who == leader && stage == zab::Stage::commit;
    };
    set(before);
    c.start(learner);
    c.drops = [this, learner](const Cluster::Sent& sent) {
        if (sent.from == learner && sent.as<zab::Ack>() != nullptr) cluster_->kill(learner);
        return sent.from == learner && sent.as<zab::Ack>() != nullptr;
    };
    const auto is_decided = [&] {
        for (const zab::Handler& handler : c.peer(leader).leading()->handlers) {
            if (handler.sid == learner && handler.phase == zab::Handler::Phase::serializing) {
                return true;
            }
        }
        return false;
    };
    if (!c.run_until(is_decided, zab::seconds(20)))
        throw Refused("no SNAP for server " + std::to_string(learner.value));
    // … and another one is in the tree before that is written.
    c.freezes = [leader, learner](NodeId who, zab::Stage stage, NodeId peer) {
        return who == leader && stage == zab::Stage::handler && peer == learner;
    };
    c.wake();
    set(after);
    c.thaw();
    settle();
}

/// What must happen while a SNAP is on its way, at exact places.
bool Story::play_snap_races(const std::string& step) {
    Cluster& c = *cluster_;
    static const Regex race(
        "([A-Z]) joins by SNAP; set ([0-9]+) during start-forwarding; set "
        "([0-9]+) after sync start, before serialisation");
    static const Regex at_ack("([A-Z]) stops right at its NEWLEADER ack");
    static const Regex fails(
        "([A-Z]) (?:up|joins)?,? ?(?:gets|by|via|with) (SNAP|DIFF|TRUNC)[;,] (?:but )?fails when "
        "NEWLEADER "
        "arrives");
    static const Regex again("([A-Z]) reconnects with normal sync");
    Match found;
    if (regex_match(step, found, race)) {
        race_with_snap(server(found[1]), found[2], found[3]);
    } else if (regex_match(step, found, at_ack)) {
        if (c.is_up(server(found[1]))) throw Refused("it never came to that: " + step);
        c.drops = nullptr;
    } else if (regex_match(step, found, fails)) {
        const NodeId learner = server(found[1]);
        const bool is_forced = found[2] == "SNAP";
        c.reconfigure([=](zab::Config& config) { config.force_snapshot_sync = is_forced; });
        c.drops = [this, learner](const Cluster::Sent& sent) {
            if (!(sent.to == learner) || sent.as<zab::NewLeader>() == nullptr) return false;
            cluster_->reconfigure([](zab::Config& config) { config.force_snapshot_sync = false; });
            cluster_->drops = nullptr;
            return true;
        };
        c.start(learner);
        if (!c.run_until([&c] { return c.drops == nullptr; }, zab::seconds(30))) {
            throw Refused("no NEWLEADER: " + step);
        }
        claim(step + ", is " + syncs_[learner], syncs_[learner] == found[2].str());
    } else if (regex_match(step, found, again)) {
        settle();
        if (!c.serves(server(found[1]))) throw Refused("it does not serve: " + step);
    } else {
        return false;
    }
    return true;
}

/// Ephemeral nodes live as long as their session.
bool Story::play_sessions(const std::string& step) {
    static const Regex creates(
        "(?:client )?creates? (?:an? )?ephemeral(?: node)? (/?[a-z]+)(?: (?:at|on) leader)?|"
        "(?:an? )?ephemeral(?: node)?(?: (/?[a-z]+))? (?:is )?created(?: (?:at|on) leader)?");
    static const Regex closes(
        "(?:(?:its |it |that )*(?:client )?closes(?: (?:its )?session)?|(?:its )?session (?:is "
        ")?closed)");
    const std::string words = plain(step);
    Match found;
    Cluster& c = *cluster_;
    if (regex_match(words, found, creates)) {
        ensure_client();
        const std::string told = found[1].str() + found[2].str();
        const std::string path = told.empty() ? "ephemeral" : told;
        write(path, "ephemeral");
        ephemerals_[path] = session_;
    } else if (!ephemerals_.empty() && regex_match(words, closes)) {
        c.ask(*client_, zab::Operation::close_session);
        c.run(zab::seconds(40));
        client_.reset();
        session_ = {};
    } else if (play_reads_that_fail(step)) {
        return true;
    } else {
        return false;
    }
    return true;
}

/// Creations, each behind an election: the epoch grows every time.
void Story::grow_epochs(std::size_t times, const std::string& step) {
    bounded(times, most_repeats, "restarts");
    for (std::size_t i = 0; i < times; ++i) {
        create_some(1);
        const std::uint32_t before = leaders_.empty() ? 0 : leaders_.rbegin()->first;
        down(cluster_->members());
        up(cluster_->members());
        claim(step, !leaders_.empty() && leaders_.rbegin()->first > before);
    }
}

/// "wipe data of 1-4"; "3 restarts with creates"; "5 starts with old data".
bool Story::play_disks(const std::string& step) {
    static const Regex wiped(
        "(?:wipe|clear|erase|delete|empty) (?:all )?(?:data|disks?|data ?dirs?|everything)(?: "
        "(?:of|on|from|at))? (.*)");
    static const Regex stale(
        "(.*?) ((?:is |are )?(?:starts?|started|joins?|joined|up|boots?|comes? up)) with (?:(?:its|"
        "their|an?|old|stale|previous|full|kept|all|own|of) )*(?:data|disks?|logs?|state|history)");
    static const Regex restarts("(several|[0-9]+|[a-z]+) restarts? with creates?");
    const std::string words = plain(step);
    Match found;
    if (regex_match(words, found, restarts)) {
        const auto times =
            found[1] == "several" ? std::optional<std::size_t>(3) : count_named(found[1]);
        if (!times) return false;
        grow_epochs(*times, step);
        return true;
    }
    if (regex_match(words, found, stale)) {
        const auto who = known_servers(found[1]);
        if (!who) return false;
        for (const NodeId node : *who) {
            const zab::DiskImage& image = cluster_->disk(node).image();
            claim(step, !image.log.empty() || image.snapshot);
        }
        return play_ups(found[1].str() + " " + found[2].str());
    }
    if (!regex_match(words, found, wiped)) return false;
    const auto who = known_servers(found[1]);
    if (!who) return false;
    if (!before_wipe_) before_wipe_ = cluster_->violations();
    // "1-4 lose their data", and later "1-4 start", "5 starts": that all are stopped first, goes
    // without saying.
    const bool runs = std::any_of(who->begin(), who->end(),
                                  [this](NodeId node) { return cluster_->is_up(node); });
    if (runs && contains(step, "^wipe data of") && tells("\\b(?:starts?|up|joins?)\\b")) {
        down(cluster_->members());
        last_named_ = *who;
    }
    for (const NodeId node : *who) {
        if (cluster_->is_up(node)) throw Refused("it runs: " + step);
        cluster_->disk(node).preset(zab::History{}, std::nullopt, zab::Epoch{}, zab::Epoch{});
    }
    return true;
}

/// "old leader stays down".
bool Story::play_stays(const std::string& step) {
    static const Regex stays(
        "(.*?) ?(?:stays?|stayed|remains?|remained|keeps?(?: on)?|(?:is |are )?kept|is left|"
        "goes on|continues?(?: to)?|still)(?: as| to be)? "
        "(down|up|running|LEADING|leading|leader|leads?)");
    const std::string words = plain(step);
    Match found;
    if (!regex_match(words, found, stays)) return false;
    const auto who = known_servers(found[1]);
    if (!who) return false;
    auto others = cluster_->members();
    std::erase_if(others, [&](NodeId node) {
        return cluster_->is_up(node) || std::find(who->begin(), who->end(), node) != who->end();
    });
    // Of one that stays down when all are, something is said only where the others do not.
    const bool come_back = found[2] == "down" &&
                           !tells("\\b(?:up|(?:re)?starts?|back|joins?)\\b") &&
                           others.size() + who->size() == cluster_->members().size();
    if (come_back) up(others);
    for (const NodeId node : *who) {
        const bool is_down = !cluster_->is_up(node);
        const bool leads = !is_down && cluster_->peer(node).leading() != nullptr;
        const bool is_up_told = found[2] == "up" || found[2] == "running";
        claim(step, found[2] == "down" ? is_down : is_up_told ? !is_down : leads);
    }
    return true;
}

/// "S2 LEADING -> LOOKING -> FOLLOWING".
bool Story::play_roles(const std::string& step) {
    static const Regex changes(
        "(.*?):? ((?:LEADING|LOOKING|FOLLOWING)(?: -> (?:LEADING|LOOKING|FOLLOWING))+)");
    static const Regex looks("(.*?) (?:is |goes |becomes |comes )?(?:back )?(?:to )?LOOKING");
    const std::string words = plain(step);
    Match found;
    if (regex_match(words, found, looks)) {
        const auto one = known_servers(found[1]);
        return one && one->size() == 1 &&
               play_roles(found[1].str() + " LEADING -> LOOKING -> FOLLOWING");
    }
    if (!regex_match(words, found, changes)) return false;
    const auto who = known_servers(found[1]);
    if (!who || who->size() != 1) return false;
    const NodeId node = who->front();
    if (hidden_ == node) let_back();
    settle();
    const auto wanted = split_at(found[2], " -> ");
    const auto roles = roles_of(*cluster_, node, 0);
    const bool is_so =
        std::search(roles.begin(), roles.end(), wanted.begin(), wanted.end()) != roles.end();
    claim(step, is_so && !roles.empty() && roles.back() == wanted.back());
    return true;
}

bool Story::had_lost_at_ack(NodeId node) const {
    const auto ack = on_disk_at_ack_.find(node);
    if (lost_.empty() || ack == on_disk_at_ack_.end()) return false;
    return values_.at(paths_.at(lost_)).rbegin()->first <= ack->second.value;
}

}  // namespace conformance
