#include "tests/conformance/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// Nodes by a name without a slash, servers with nothing on their disks, and servers that run for so
// long.

using zab::NodeId;

/// Whether what is expected, or another step, has this word.
bool Story::is_told_elsewhere(const std::string& name) const {
    const std::string word = "\\b" + name + "\\b";
    if (contains(expected_, word.c_str())) return true;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        if (i != at_ && contains(steps_[i], word.c_str())) return true;
    }
    return false;
}

/// "create n in epoch 1", "create node n at 1", "3 joins empty", "SNAP" of whom was named last.
bool Story::play_named(const std::string& step) {
    static const Regex creates(
        "(?:(?:async )?(?:create|write)|(?:async )?client (?:creates?|writes?)) (?:z?node |path )?"
        "(/?[a-z][A-Za-z0-9_]*)"
        "(?: (?:at|on|via|by|through) (?:server |node )?(S?[0-9]|[A-Z]|leader))?"
        "(?:,? (?:in|under|during|with|of) epoch ([0-9]{1,6}))?");
    static const Regex no_name(
        "ephemerals?|some|more|many|several|nodes?|znodes?|load|at|by|on|in|under|fails?|reaches|"
        "is|are|only|logged|async|an?|one|another|nothing|none|no|stops?|ends?|ceases?|continues?|"
        "goes|"
        "go|runs?|during|while|via|through|with|of|and|it|them");
    static const Regex empty(
        "(.*?) (?:is |are )?(?:starts?|started|joins?|joined|up|boots?|comes? up) "
        "(?:empty|blank|fresh|from scratch|with(?: an?)? (?:empty|blank|fresh) (?:disk|log|data"
        "(?: ?dir)?|database|tree)|with (?:no|nothing on) (?:its )?(?:data|disk|log|state|history)|"
        "without (?:any )?(?:data|state|history|logs?))");
    static const Regex mode(
        "(?:by |via |gets |with )?(SNAP|DIFF|TRUNC)(?: sync)?((?: under"
        "| while| amid| during).*)?");
    const std::string words = plain(step);
    Match found;
    if (!is_lost_write(step) && regex_match(words, found, creates) &&
        !regex_match(found[1].str(), no_name)) {
        const bool is_path = found[1].str().starts_with("/");
        if (!is_path && !is_told_elsewhere(found[1])) return false;
        const std::string path = (is_path ? "" : "/") + found[1].str();
        if (!found[2].matched || found[2] == "leader") {
            write(path, "created");
        } else {
            create_at(server(found[2]), path);
        }
        const zab::Zxid zxid{values_[path_id(path)].rbegin()->first};
        if (found[3].matched) claim(step, zxid.epoch().value == std::stoul(found[3]));
        return true;
    }
    if (regex_match(words, found, empty)) {
        const auto who = known_servers(found[1]);
        if (!who) return false;
        for (const NodeId node : *who) {
            const zab::DiskImage& image = cluster_->disk(node).image();
            claim(step, !cluster_->is_up(node) && image.log.empty() && !image.snapshot);
        }
        hide_old_leader_from(*who);
        up(*who);
        return true;
    }
    if (!regex_match(words, found, mode) || last_named_.empty()) return false;
    const bool are_down = std::none_of(last_named_.begin(), last_named_.end(),
                                       [this](NodeId node) { return cluster_->is_up(node); });
    if (!are_down) {  // "F up, then SNAP".
        for (const NodeId node : last_named_) claim(step, syncs_[node] == found[1].str());
        return !found[2].matched;
    }
    static const Regex loaded(" (?:under|amid|during) (?:the )?(?:load|creates|writes)$");
    play("up by " + found[1].str() + regex_replace(found[2].str(), loaded, " while creates go on"));
    return true;
}

/// "restarted, killed after 300 ms, restarted": it does not run for longer than that.
bool Story::play_timed_downs(const std::string& step) {
    static const Regex form(
        "(?:(.*?) ?(?:is |are |comes )?(?:up|back|(?:re)?starts?|(?:re)?started|(?:re)?joins?)"
        "(?: by (SNAP|DIFF|TRUNC))?(?:,| and| but|;) (?:and |then |but )*)?(?:is |are |gets |it )*"
        "(?:killed|stopped|stops|crash(?:es|ed)|dies|down|shut down)(?: again)? "
        "(?:(?:after|within) (?:only |just |about )*)?(" +
        sum_of_times() + ")(?: later)?(?:[,;] (.*))?");
    static const Regex later(
        "(.*?) (?:is |are )?(?:killed|stopped|stops|crash(?:es|ed)|dies|"
        "down|shut down)(?: again)? (?:after )?(" +
        sum_of_times() + ")(?: later)?");
    const std::string words = plain(step);
    Match found;
    if (is_loaded_ && regex_match(words, found, later)) {  // It has run all the time.
        const auto who = known_servers(found[1]);
        const auto time = duration_in(found[2], cluster_->config());
        if (who && time) {
            cluster_->run(*time);
            down(*who);
            return true;
        }
    }
    if (!regex_match(words, found, form)) return false;
    const auto who = known_servers(found[1]);
    const auto time = duration_in(found[3], cluster_->config());
    if (!who || !time || !contains(words, "^.*?(?:up|back|start|join)")) return false;
    if (contains(words, "\\brestart")) down_for_restart(*who);
    for (const NodeId node : *who) {
        if (cluster_->is_up(node)) throw Refused("it runs: " + step);
        cluster_->start(node);
    }
    const zab::Instant until = cluster_->now() + *time;
    if (is_loaded_) create_in_background();
    if (cluster_->now() < until) cluster_->run(until - cluster_->now());
    for (const NodeId node : *who) {
        if (found[2].matched) claim(step, syncs_[node] == found[2].str());
    }
    down(*who);
    if (found[4].matched) play(found[4]);
    return true;
}

}  // namespace conformance
