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
    "(?:up|starts?|started|restarts?|restarted|(?:re)?joins?|(?:re)?joined|returns?|comes? "
    "back|boots?|recovers?|"
    "back|back up|reconnects?)";

bool contains_node(const std::vector<NodeId>& all, NodeId node) {
    return std::find(all.begin(), all.end(), node) != all.end();
}

}  // namespace

/// How they are to be synchronized is the case's to say: ZooKeeper's tests force it, too.
void Story::up(const std::vector<NodeId>& who, bool by_snapshot) {
    if (hidden_ && contains_node(who, *hidden_)) let_back();
    const bool is_forced = cluster_->config().force_snapshot_sync;
    const auto force = [this](bool is_so) {
        cluster_->reconfigure([is_so](zab::Config& config) { config.force_snapshot_sync = is_so; });
    };
    if (by_snapshot) force(true);
    for (const NodeId node : who) {
        if (failing_.erase(node) > 0) cluster_->kill(node);  // It has died of that.
        cluster_->start(node);
    }
    started_at_ = {at_, who};
    if (awaits_lost_write() && !contains_node(who, names_.at("old leader"))) {
        // No longer than it takes them: the old leader shall still lead.
        const auto serve = [&] {
            return std::all_of(who.begin(), who.end(),
                               [this](NodeId node) { return cluster_->serves(node); });
        };
        if (!cluster_->run_until(serve, zab::seconds(60))) throw Refused("they never serve");
        note_leader();
    } else {
        settle();
    }
    if (by_snapshot) force(is_forced);
}

/// A leader that loses all followers is left alone at the same instant: what it is asked from now
/// on cannot commit. Else the rest finds its order.
void Story::down(const std::vector<NodeId>& who) {
    Cluster& c = *cluster_;
    const auto leader = c.leader();
    const bool is_led = leader && !contains_node(who, *leader);
    const bool is_all = is_led && who.size() + 1 == c.members().size();
    // Whose snapshots were corrupted stays the one that the case is about.
    const bool is_named =
        names_.contains("old leader") && (names_.contains("corrupted") || !(!is_led || is_all));
    if (leader && !is_named) {
        names_["old leader"] = *leader;
    }
    if (is_all) ensure_client();
    const auto members = c.members();
    const bool is_everybody = std::all_of(members.begin(), members.end(), [&](NodeId node) {
        return !c.is_up(node) || contains_node(who, node);
    });
    if (is_everybody) before_down_ = moment();
    if (is_all && leader_tick_) {
        slow_down(*leader, *leader_tick_);
    } else if (is_all && !is_slow_ && loses_followers_first()) {
        slow_down(*leader, slow_tick);  // It must lead on until then.
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

/// Those of them who run.
void Story::down_for_restart(const std::vector<NodeId>& who) {
    std::vector<NodeId> running = who;
    std::erase_if(running, [this](NodeId node) { return !cluster_->is_up(node); });
    if (running.empty()) return;
    before_restart_ = moment();
    const auto leader = cluster_->leader();
    const bool leaves_leader = leader && !contains_node(running, *leader) &&
                               running.size() + 1 == cluster_->members().size();
    if (leaves_leader) return down(running);
    for (const NodeId node : running) cluster_->kill(node);
}

bool Story::play_downs(const std::string& step) {
    static const Regex imperative("(?:stop|kill|shut ?down|crash)(?: down)? ([^;]*)");
    static const Regex told(std::string("([^;]*?) (?:is |are |goes |go )?") + go);
    // Who was named last.
    static const Regex bare(
        "()(?:is |are |gets |goes |shut )*(?:killed|stopped|stops|crash(?:es|ed)|dies|down)");
    const std::string words = plain(step);
    Match found;
    if (!regex_match(words, found, imperative) && !regex_match(words, found, told) &&
        !regex_match(words, found, bare)) {
        return false;
    }
    const auto who = known_servers(found[1]);
    if (!who) return false;
    down(*who);
    return true;
}

/// "start followers, each creates own node"; "S0 up (epoch 2) but its log/commit processors fail".
bool Story::play_ups(const std::string& step) {
    static const Regex epoch("\\(epoch ([0-9]+)\\)");
    static const Regex creates(",? ?(?:and )?each creates (?:its )?own node");
    static const Regex fails(" but its log/commit processors fail");
    static const Regex normal(" with normal sync");
    static const Regex synced(
        ",? \\(?(?:(?:syncs?|synced|is synced) )?(?:by |gets? |via |with )?(DIFF|SNAP|TRUNC)"
        "(?: sync[^)]*)?\\)?$");
    static const Regex snapshot("[^(]\\b(?:syncs?|synced) (?:by|via|with) SNAP$");
    static const Regex cleanly(
        " (?:without (?:any |an )?(?:errors?|failures?|faults?|injection)|normally|cleanly)$");
    static const Regex imperative("(?:start|restart|boot) ([^;]*)");
    static const Regex told(std::string("(?:([^;]*?) )?(?:is |are )?") + come);
    Match found, mode, term;
    std::string words = plain(step);
    words = without_old_leader(words);
    static const Regex new_epoch(" ?\\((?:new|next|another) epoch\\)");
    const bool begins_epoch = regex_search(step, new_epoch);
    const std::uint32_t before = leaders_.empty() ? 0 : leaders_.rbegin()->first;
    const bool is_synced = regex_search(step, mode, synced);
    const std::string wanted_mode = is_synced ? mode[1].str() : "";
    static const Regex first(" (?:for first time|for the first time|first time)$");
    for (const Regex* part : {&creates, &fails, &normal, &synced, &cleanly, &first}) {
        words = regex_replace(words, *part, "");
    }
    const bool is_imperative = regex_match(words, found, imperative);
    if (!is_imperative && !regex_match(words, found, told)) return false;
    const auto known = known_servers(found[1]);
    if (!known) return false;
    const std::vector<NodeId> who = *known;
    Cluster& c = *cluster_;
    if (regex_search(step, normal)) {
        c.reconfigure([](zab::Config& config) { config.force_snapshot_sync = false; });
    }
    claim_old_leader(step);
    for (const NodeId node : who) {
        if (regex_search(step, first)) claim(step, !has_started(node));
    }
    if (contains(words, "\\brestart")) down_for_restart(who);
    if (regex_search(step, fails)) {
        c.stalls = [node = who.at(0)](NodeId server, const zab::Start& start) {
            return server == node && start.stage == zab::Stage::sync;
        };
    }
    hide_old_leader_from(who);
    up(who, regex_search(step, snapshot));
    if (regex_search(step, creates)) create_some(who.size());
    if (regex_search(step, term, epoch) &&
        !leaders_.contains(static_cast<std::uint32_t>(std::stoul(term[1])))) {
        throw Refused("no leader of that epoch: " + step);
    }
    for (const NodeId node : who) {
        if (is_synced) claim(step, syncs_[node] == wanted_mode);
    }
    if (begins_epoch) claim(step, !leaders_.empty() && leaders_.rbegin()->first > before);
    return true;
}

namespace {

/// "each fails when UPTODATE arrives", "with UPTODATE read failing": who, and what stands behind.
const Regex& fails_at_uptodate() {
    static const Regex form(
        "(.*?)[;,:]? (?:but |and )?(?:each|both|they|which)?,? ?(?:must |will )?(?:(?:(?:Socket)?"
        "Timeout|SocketTimeoutException|errors?|exceptions?|failures?|faults?) (?:is |are )?"
        "(?:injected|thrown)|fail(?:s|ing)?|dies?|die|dying|crash\\w*|stops?|quits?|exits?|ends?|"
        "aborts?|times? out|errors?|breaks?)\\b(?:[ "
        "(;,]*\\b(?:when|at|on|upon|after|as|soon|right|just|"
        "only|the|its|their|NEWLEADER|ack\\w*|of|read\\w*|receiv\\w+|message|packet|is|are|by|"
        "for|while|waiting|in|process\\w*|handl\\w*|and|it|they|connection|behind|DIFF)\\b)* "
        "UPTODATE(.*)|"
        "(.*?)(?: with|[,;:]) (?:the |their )?UPTODATE (?:read "
        ")?(?:failing|failures?|fails|errors?)");
    return form;
}

/// "fail after the NEWLEADER ack": then they have read UPTODATE at most.
std::string failing_at_uptodate(const std::string& step) {
    static const Regex behind_ack(
        "\\b(fail|die|crash|stop|quit|end|break)(e?s|) (?:right |just |only )?after (?:the |its "
        "|their )?(?:NEWLEADER ack|ack of NEWLEADER|acking NEWLEADER)$");
    if (contains(step,
                 "UPTODATE.*\\bbefore\\b.*(?:NEWLEADER|\\back)|"
                 "\\bafter (?:they |having )?(?:process|handl|appl|act)\\w* UPTODATE"))
        throw Refused("step: " + step);
    return regex_replace(step, behind_ack, "$1$2 at UPTODATE (after its NEWLEADER ack)");
}

}  // namespace

/// "start followers; each fails when UPTODATE arrives (after its NEWLEADER ack)", "followers up:
/// DIFF sync, ack NEWLEADER, then die on UPTODATE": they come back to their leader, whose client
/// has lost it meanwhile.
bool Story::play_failing_ups(const std::string& told) {
    static const Regex starts(
        "(?:start|restart) (.*?)|(.*?) (?:is |are )?(?:up|start(?:s|ed)?|restart(?:s|ed)?|"
        "back|joins?|rejoins?)");
    static const Regex diff(
        "[,:;]? ?(?:they |each |both |and )*(?:(?:gets?|receives?|sync(?:ed|s)?)\\b[^,;:]*?)? "
        "?(?:by |via |with )?"
        "DIFF(?:[ -]sync(?:s|ed)?)?(?: from [A-Za-z ]+)?(?: with (/[A-Za-z0-9]+))?(?=$|,|;)");
    static const Regex acks(
        "[,:;]? ?(?:and |they |each |both )*(?:acks? (?:of )?NEWLEADER|NEWLEADER acked)"
        "(?=$|,|;)");
    Match found;
    const std::string step = failing_at_uptodate(told);
    const std::string words = plain(step);
    if (!regex_match(words, found, fails_at_uptodate())) return false;
    std::string first = found[1].str() + found[3].str();
    const std::string behind = found[2];
    Match held;
    const bool is_got = regex_search(first, held, diff);
    const std::string in_diff = is_got ? held[1].str() : "";
    static const char* const comes =
        "when|arrives?|comes|is|read|received|reading|message|after|behind|following|the|DIFF|it";
    if (!made_of(behind, comes)) return false;
    const bool is_diff = is_got || contains(behind, "\\bDIFF\\b");
    const bool is_acked = contains(step, "\\back\\w*\\b.*NEWLEADER|NEWLEADER ack");
    first = regex_replace(regex_replace(first, acks, ""), diff, "");
    // "A and B get DIFF": for that they must have been started.
    const bool is_start = regex_match(first, found, starts);
    if (!is_start && !is_got) return false;
    const auto known = known_servers(is_start ? found[1].str() + found[2].str() : first);
    if (!known) return false;
    const std::vector<NodeId>& who = *known;
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

}  // namespace conformance
