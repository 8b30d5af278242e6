#include "tests/conformance/story.hpp"

#include <algorithm>

namespace conformance {

// Writes that go on beside the steps, and servers that die while they are synchronized.

using test::Cluster;
using zab::NodeId;

/// "continuous creates", "creates go on": some now, and some behind each step from here on.
bool Story::play_background(const std::string& step) {
    static const Regex load(
        "(?:clients? |many |some |async |the )*(?:(?:concurrent|continuous|constant|ongoing|steady|"
        "background|endless|parallel)(?: async)? (ephemeral )?(?:creates?|writes?|create load)|"
        "(?:start (?:of )?)?(?:async )?(ephemeral )?(?:creates?|writes?|load)(?: nodes)? "
        "(?:go(?:es)? on|runs?|running|continues?|keeps? (?:running|going|coming)|"
        "under load|in (?:the )?background|continuously|concurrently|all the time|"
        "from (?:many|several) clients)|"
        "(EPHEMERAL(?:_SEQUENTIAL)?|ephemeral sequential) (?:creates?|nodes)|"
        "(?:(?:steady|heavy|constant|continuous|ongoing|parallel|create|write|background|client) )*"
        "load|"
        "keeps? (?:creating|writing))(?: (?:an? )?(?:nodes|async))?");
    static const Regex ephemerals(
        "(?:client )?(?:creates? )?([0-9]+)s?(?: async)? ephemeral (?:creates?|nodes)(?: "
        "created)?");
    static const Regex pauses(
        "(?:list|ls|getChildren(?: of)?) /|compare(?: (?:all )?(?:trees|databases|servers))?|end|"
        "wait(?: for (?:all |the )*(?:pending|outstanding)?(?: ?(?:requests|creates|writes|answers|"
        "txns|ops))?)?|settle|quiesce|(?:creates|writes|load) (?:stops?|ends?|ended|done)");
    const std::string words = plain(step);
    Match found;
    if (regex_match(words, found, load)) {
        is_loaded_ = true;
        loads_ephemerals_ = found[1].matched || found[2].matched || found[3].matched;
        create_in_background();
        return true;
    }
    if (regex_match(words, found, ephemerals)) {
        create_ephemerals(std::stoul(found[1]));
        return true;
    }
    if (!regex_match(words, pauses)) return false;
    settle();
    return true;
}

void Story::create_ephemerals(std::size_t count) {
    const std::size_t before = created_.size();
    create_some(count);
    for (std::size_t i = before; i < created_.size(); ++i) ephemerals_[created_[i]] = session_;
}

/// Where somebody leads that could answer.
void Story::create_in_background() {
    const auto leader = cluster_->leader();
    const auto all = cluster_->members();
    const bool can_commit = leader && std::any_of(all.begin(), all.end(), [&](NodeId node) {
                                return !(node == *leader) && cluster_->serves(node);
                            });
    if (!is_loaded_ || !can_commit) return;
    if (loads_ephemerals_) {
        create_ephemerals(created_meanwhile);
    } else {
        create_some(created_meanwhile);
    }
}

/// "follower up, killed during sync": as the first of what it lacks is on its way.
bool Story::play_cut_syncs(const std::string& step) {
    static const Regex cut(
        "(?:(?:re)?start (.*?)|(.*?) (?:is |are "
        ")?(?:up|(?:re)?starts?|(?:re)?started|(?:re)?joins?|"
        "back))(?: by (SNAP|DIFF|TRUNC))?,? (?:but |and |it )*(?:is |gets )*"
        "(?:killed|stopped|stops|dies|crash(?:es|ed)) "
        "(?:during|while|mid|amid|in (?:the )?(?:middle|midst) of)[ -](?:it |its |the |still )*"
        "(?:(?:re)?sync(?:ing|s|hroni[sz]ation|hronized)?|SNAP|DIFF)");
    Cluster& c = *cluster_;
    Match found;
    const std::string words = plain(step);
    if (!regex_match(words, found, cut)) return false;
    const auto who = known_servers(found[1].str() + found[2].str());
    if (!who || who->size() != 1) return false;
    const NodeId node = who->front();
    if (contains(words, "\\brestart")) down_for_restart(*who);
    if (c.is_up(node)) throw Refused("it runs: " + step);
    if (is_unsettled_) settle();
    bool is_begun = false;
    c.drops = [&is_begun, node](const Cluster::Sent& sent) {
        // Nothing of it behind its kind arrives.
        is_begun = is_begun || (sent.to == node && (sent.as<zab::Diff>() != nullptr ||
                                                    sent.as<zab::Trunc>() != nullptr ||
                                                    sent.as<zab::Snap>() != nullptr));
        return is_begun && sent.to == node && sent.kind == zab::LinkKind::learner;
    };
    c.start(node);
    const bool is_so = c.run_until([&is_begun] { return is_begun; }, zab::seconds(60));
    c.drops = nullptr;
    c.kill(node);
    if (!is_so) throw Refused("it is not synchronized: " + step);
    claim(step, !c.serves(node));
    if (found[3].matched) claim(step, syncs_[node] == found[3].str());
    return true;
}

/// "no write": in the epoch of whoever leads.
bool Story::claim_unwritten(const std::string& words, const std::string& step) {
    static const Regex unwritten(
        "(?:with |and )?(?:no|without(?: an?)?) (?:more |further |new )?"
        "(?:writes?|creates?|txns?|transactions?)(?: (?:in it|there|yet|in (?:this|that) epoch))?");
    if (!regex_match(words, unwritten)) return false;
    const auto leader = cluster_->leader();
    const zab::Zxid last =
        leader ? cluster_->peer(*leader).server().database.last_processed() : zab::Zxid{};
    // A leader that has proposed nothing in its epoch stands at the zxid that began it.
    claim(step, leader && last == zab::Zxid::of(cluster_->peer(*leader).leading()->epoch, 0));
    return true;
}

/// "A may lead", "synced by F1", "3 never started", "A up and synced".
bool Story::play_asides(const std::string& step) {
    static const std::string name = "(S?[0-9]|F[0-9]|[A-Z])";
    static const Regex may(name + " (?:may|can|could|should) (?:lead|be (?:elected|leader))|" +
                           name + " (?:is )?elected(?: leader)?");
    static const Regex by(
        "(?:(.*?) )?(?:is |gets |and )*(?:syncs|synced|synchronized) "
        "(?:by|from|with|to) " +
        name);
    static const Regex synced(
        "(?:(.*?) )?(?:is |are |and |gets |fully )*(?:synced|in sync|caught up|up to date)");
    static const Regex never(
        "(.*?) (?:is |was |has )?(?:never|not)(?: yet| been)* (?:started|up|running)");
    static const Regex gets(
        "(.*?) (?:gets?|receives?|syncs?(?: by| with| via)?) (?:an? )?(DIFF|SNAP|TRUNC)");
    static const Regex epoch("(?:in |with |it is |they are in )?(?:new )?epoch ([0-9]{1,6})");
    const std::string words = plain(step);
    Match found;
    if (claim_unwritten(words, step)) return true;
    if (regex_match(words, found, may)) {
        const NodeId node = server(found[1].str() + found[2].str());
        claim(step, cluster_->leader() == node);
        return true;
    }
    if (regex_match(words, found, never)) {
        const auto who = known_servers(found[1]);
        if (!who) return false;
        for (const NodeId node : *who) claim(step, !has_started(node));
        return true;
    }
    if (regex_match(words, found, epoch)) {
        const auto leader = cluster_->leader();
        claim(step,
              leader && cluster_->peer(*leader).leading()->epoch.value == std::stoul(found[1]));
        return true;
    }
    const bool is_by = regex_match(words, found, by);
    if (!is_by && regex_match(words, found, gets)) {
        const auto who = known_servers(found[1]);
        const bool is_down = who && std::none_of(who->begin(), who->end(), [this](NodeId node) {
                                 return cluster_->is_up(node);
                             });
        return is_down && play_ups(found[1].str() + " up by " + found[2].str());
    }
    if (!is_by && !regex_match(words, found, synced)) return false;
    const auto who = known_servers(found[1]);  // None: who was named last.
    if (!who) return false;
    const bool is_down = std::none_of(who->begin(), who->end(),
                                      [this](NodeId node) { return cluster_->is_up(node); });
    if (is_down) up(*who);
    for (const NodeId node : *who) claim(step, cluster_->serves(node));
    if (is_by) claim(step, cluster_->leader() == server(found[2]));
    return true;
}

bool Story::has_started(NodeId node) const {
    const auto& records = cluster_->records();
    return std::any_of(records.begin(), records.end(), [node](const trace::Record& record) {
        return record.node() == node && record.kind() == trace::Kind::server_started;
    });
}

}  // namespace conformance
