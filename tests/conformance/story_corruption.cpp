#include "tests/conformance/story.hpp"

#include <algorithm>

namespace conformance {

// Snapshots that can no longer be read, and servers that then refuse to start.

using zab::NodeId;

namespace {

/// The record of its last start, or of its refusal.
bool has_refused(const test::Cluster& cluster, NodeId node) {
    bool is_refused = false;
    for (const trace::Record& record : cluster.records()) {
        if (!(record.node() == node)) continue;
        if (record.kind() == trace::Kind::server_started) is_refused = false;
        if (record.kind() == trace::Kind::refused_to_start) is_refused = true;
    }
    return is_refused && !cluster.is_up(node);
}

}  // namespace

/// "corrupt all snapshots of leader", "its snapshots corrupted".
bool Story::play_corruption(const std::string& step) {
    static const std::string which = "(?:(?:all|every|each|the|of) )*";
    static const std::string files = "snapshots?(?: files?)?";
    static const std::string harm =
        "(?:corrupt(?:s|ed)?|overwrit(?:e|es|ten)|damaged?|garbled?|destroy(?:s|ed)?|spoil(?:s|ed|"
        "t)?"
        "|trash(?:es|ed)?|broken|unreadable)";
    static const Regex active(harm + " " + which + "(?:(.*?)'s " + which + files + "|" + files +
                              " (?:of|at|on) (.*))");
    static const Regex passive(which + "(?:(.*?)(?:'s)? )?" + which + files +
                               "(?: (?:of|at|on) (.*?))? (?:is |are |get |all )*" + harm);
    const std::string words = plain(step);
    Match found;
    if (!regex_match(words, found, active) && !regex_match(words, found, passive)) {
        return false;
    }
    const std::string told = found[1].str() + found[2].str();
    const auto who = known_servers(contains(told, "^(?:its|their)$") ? "it" : told);
    if (!who) return false;
    for (const NodeId node : *who) {
        if (cluster_->leader() == node && told.ends_with("leader")) names_["old leader"] = node;
        if (!corrupt_snapshots(node)) throw Refused("it has no snapshot: " + step);
        names_["corrupted"] = node;
    }
    return true;
}

/// False: it has none that could still be read.
bool Story::corrupt_snapshots(NodeId node) {
    bool is_any = false;
    while (cluster_->disk(node).corrupt(sim::Rot::snapshot, 0)) is_any = true;
    return is_any;
}

/// "2000 more creates ok": they are tried, at whoever leads.
bool check_more_creates(Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex form(
        "(?:([0-9]+) |an?other |one |an? )?(?:more |further |new )?(?:creates?|writes?) "
        "(?:(?:is|are|then|still) )*(?:ok|succeeds?|works?|possible|accepted|committed)");
    Match found;
    if (!regex_match(words, found, form)) return false;
    verdict.require(words, story.cluster().serves(node));
    if (!(story.cluster().leader() == node)) return true;
    verdict.require(words, story.can_create(found[1].matched ? std::stoul(found[1]) : 1));
    return true;
}

/// "fails to start", "start throws", "refuses to load": it is not up, as its files are as they are.
bool check_refusal(const Story& story, NodeId node, const std::string& words, Verdict& verdict) {
    static const Regex refuses(
        "(?:it )?(?:fails to|cannot|can not|can't|does not|never|refuses to|unable to|is unable "
        "to) "
        "(?:(?:re)?start|load|boot|come up)(?: (?:its )?(?:database|snapshots?|data))?"
        "(?: again| up)?|(?:its )?(?:(?:re)?start|boot|load)(?:ing)? (?:throws|fails|is refused)"
        "(?: an?)?(?: exception| error| IOException)?|(?:not|never) started");
    if (!regex_match(words, refuses)) return false;
    const bool has = has_refused(story.cluster(), node);
    if (!has && contains(words, "^(?:it )?(?:does not|cannot|never|not)")) return false;
    verdict.require(words, has);
    return true;
}

}  // namespace conformance
