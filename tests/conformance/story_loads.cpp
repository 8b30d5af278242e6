#include "tests/conformance/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// Writes in number or beside what else goes on, disks that lose their logs, and followers whose
// reads fail.

using test::Cluster;
using zab::NodeId;

/// "restart all twice"; "A up while creates go on": with those writes on their way.
bool Story::play_repeats(const std::string& step) {
    static const Regex repeated("((?:re)?start .*?) (twice|thrice|[a-z0-9]+ times)");
    static const Regex meanwhile(
        "(.*?)(?:(?:^| )(?:is |comes )?(?:up|starts?|restarts?|(?:re)?joins?|back))(?: by "
        "(SNAP|DIFF|TRUNC))? "
        "(?:while (?:client )?(?:creates|writes) (?:go on|continue|are (?:running|going on))|"
        "(?:during|amid|among) (?:more |further |other )?(?:creates|writes))");
    static const Regex imperative("^((?:re)?start) (.*?) (?=while |during |amid )");
    static const Regex amid(
        "(.*?)(?:^| )(?:is |gets )?(?:killed|stopped|stops|dies|crash(?:es|ed)|down) "
        "(?:while (?:client )?(?:creates|writes) (?:go on|continue|are (?:running|going on))|"
        "(?:during|amid|among) (?:more |further |other )?(?:creates|writes))");
    Match found;
    const std::string words = regex_replace(plain(step), imperative, "$2 $1s ");
    if (regex_match(words, found, amid)) {
        const auto who = known_servers(found[1]);
        if (!who) return false;
        create_some(created_meanwhile);
        down(*who);
        create_some(created_meanwhile);
        return true;
    }
    static const Regex rolling(
        "(?:an? )?rolling restart(?: of (?:all|every)(?: servers?)?)?"
        "(?:(?::|,)? (?:each|every) server (?:is )?(?:stopped and started|restarted))?");
    if (regex_match(words, rolling)) {
        for (const NodeId node : cluster_->members()) {
            down_for_restart({node});
            up({node});
            claim(step, cluster_->leader().has_value() && cluster_->serves(node));
        }
        return true;
    }
    if (regex_match(words, found, repeated)) {
        const auto times = count_named(split_at(found[2], " ").front());
        if (!times) return false;
        bounded(*times, most_repeats, "times");
        for (std::size_t i = 0; i < *times; ++i) play(found[1]);
        return true;
    }
    if (!regex_match(words, found, meanwhile)) return false;
    const auto who = known_servers(found[1]);
    if (!who) return false;
    ensure_client();
    if (contains(words, "\\brestart")) down_for_restart(*who);
    for (const NodeId node : *who) cluster_->start(node);
    create_some(created_meanwhile);
    settle();
    for (const NodeId node : *who) {
        if (found[2].matched) claim(step, syncs_[node] == found[2].str());
    }
    return true;
}

/// A client of that server, be it a follower, creates a node.
void Story::create_at(NodeId node, const std::string& told) {
    if (!cluster_->is_up(node)) throw Refused("it is down");
    const std::uint64_t client = cluster_->connect(node);
    cluster_->run(zab::milliseconds(500));
    const std::string path = told.empty() ? fmt::format("/some-{}", next_path_++) : told;
    const std::size_t request = cluster_->ask(client, zab::Operation::create, path_id(path));
    cluster_->run(zab::milliseconds(500));
    const auto& reply = cluster_->asked(request).reply;
    if (!reply.has_value() || reply->outcome != zab::Outcome::ok) {
        throw Refused("no answer to the write of " + path);
    }
    values_[path_id(path)][reply->zxid.value] = "created";
    created_.push_back(path);
}

/// What their newest snapshots do not hold is gone.
void Story::delete_logs(const std::vector<NodeId>& who, const std::string& step) {
    if (!before_wipe_) before_wipe_ = cluster_->violations();
    for (const NodeId node : who) {
        if (cluster_->is_up(node)) throw Refused("it runs: " + step);
        const zab::DiskImage image = cluster_->disk(node).image();
        zab::History log;
        if (image.snapshot) log.reset(image.snapshot->position);
        cluster_->disk(node).preset(log, image.snapshot, image.accepted_epoch, image.current_epoch);
    }
    client_.reset();  // Its session may be gone, too: another one comes.
    session_ = {};
}

/// "fewer than 500 creates", "create at 1", "delete all logs", "crashes at once".
bool Story::play_loads(const std::string& step) {
    static const Regex fewer("(?:fewer|less) than ([0-9]+) (?:creates?|writes?)");
    static const Regex at(
        "(?:client )?creates? (?:an? |one )?(?:node )?(?:(/[A-Za-z0-9]+) )?(?:at|on) "
        "(S?[0-9]|[A-Z])");
    static const Regex logs(
        "(?:delete|remove|wipe) (?:all |their |every )*(?:txn |transaction )?logs?(?: files?)?"
        "(?: (?:of|on|from|at) (.*))?");
    static const Regex at_once(
        "(.*?) ?((?:crash|die|stop|fail)(?:e?s|ed)?|(?:is |goes )?down|(?:is )?killed) "
        "(?:at once|immediately|right away)");
    Match found;
    const std::string words = plain(step);
    if (regex_match(words, found, fewer)) {
        const std::size_t count = std::stoul(found[1]);
        if (count < 2) throw Refused("step: " + step);
        create_some(count - 1);
        return true;
    }
    if (!is_lost_write(step) && regex_match(words, found, at)) {
        create_at(server(found[2]), found[1]);
        return true;
    }
    if (regex_match(words, found, logs)) {
        const auto who = known_servers(found[1].matched ? found[1].str() : "all");
        if (!who) return false;
        // That they are stopped first goes without saying, where they are started behind it.
        const bool run = std::any_of(who->begin(), who->end(),
                                     [this](NodeId node) { return cluster_->is_up(node); });
        if (run && tells("\\b(?:starts?|up|joins?)\\b")) down(cluster_->members());
        delete_logs(*who, step);
        return true;
    }
    if (!regex_match(words, found, at_once)) return false;
    const auto who = known_servers(found[1]);
    if (!who) return false;
    down(*who);
    return true;
}

/// "follower F's packet reads start failing": what it is sent breaks its connection, until it
/// "recovers and resyncs".
bool Story::play_reads_that_fail(const std::string& step) {
    static const Regex fails(
        "(?:(one) follower|(?:follower )?([A-Z]))'s packet reads? starts? (?:to fail|failing)");
    static const Regex recovers(
        "(?:follower|(?:follower )?([A-Z])) recovers(?: and (?:resyncs|syncs again))?"
        "(; leader restarted)?");
    Cluster& c = *cluster_;
    Match found;
    const std::string words = plain(step);
    if (regex_match(words, found, fails)) {
        if (found[1].matched) {
            for (const NodeId node : c.members()) {
                if (!(node == server("leader"))) observed_ = node;
            }
        } else {
            observed_ = server(found[2]);
            if (c.leader() == *observed_) throw Refused("it leads: " + step);
        }
        c.drops = [node = *observed_](const Cluster::Sent& sent) {
            return sent.to == node && sent.as<zab::Proposal>() != nullptr;
        };
        return true;
    }
    if (!regex_match(words, found, recovers) || !observed_) return false;
    if (found[1].matched && !(server(found[1]) == *observed_)) {
        throw Refused("it has not failed: " + step);
    }
    c.drops = nullptr;
    settle();
    claim(step, c.serves(*observed_));
    if (!found[2].matched) return true;
    const NodeId leader = server("leader");
    names_["old leader"] = leader;
    c.kill(leader);
    settle();
    up({leader});
    return true;
}

}  // namespace conformance
