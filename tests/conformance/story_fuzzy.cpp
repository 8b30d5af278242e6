#include "tests/conformance/story.hpp"

#include <algorithm>

namespace conformance {

// A snapshot that a server writes while the creation of a session is committed there, and whose
// sessions it has once it was restarted.

using zab::NodeId;

namespace {

const char* const moment =
    "\\b(?:while|when|as|during|inside|within|in|at|on|upon|amid|with|middle)\\b";
/// A letter or a number that is a server's name, not a word of its own.
const std::string& server_name() {
    static const std::string name =
        "\\b(?:follower |server |node )?([B-Z]|A(?! )|A(?= (?:takes|"
        "writes|snapshots|is|while|when|as|during))|S?[0-9])\\b";
    return name;
}

/// `is_opening`: the session of which it is one has been told of.
bool tells_snapshot(const std::string& words, bool is_opening) {
    static const char* const known =
        "follower|server|node|leader|it|takes?|taken|writes?|written|makes?|made|saves?|saved|"
        "snapshots?|snapshott(?:ed|ing)|fuzzy|an?|is|are|being|gets|of|its?|tree|database|while|"
        "when|as|during|inside|within|in|at|on|upon|amid|middle|with|commits?|committing|"
        "committed|applies|applied|applying|processe[sd]|processing|runs?|createSession|"
        "commitSession|sessions?|session's|creations?|creat(?:es?|ed|ing)|opens?|opened|global|"
        "new|next|that|this|client(?:'s)?|hook|txn|transaction|same|moment|time|just|right|"
        "exactly|very|and|for|by|through|via|catches|triggers?|triggered|[A-Z]|S[0-9]|s";
    return contains(words, "\\b[sS]napshot") && contains(words, moment) &&
           (contains(words, "[sS]ession|\\bcommit|\\bcreation") ||
            (is_opening && contains(words, "\\b(?:that|this|same) (?:very )?(?:moment|time)"))) &&
           made_of(words, known) && !is_negated(words);
}

/// "client opens a session at A", "new global session".
bool tells_opening(const std::string& words) {
    static const char* const known =
        "client|opens?|opened|creates?|created|connects?|connected|starts?|establishe[sd]|gets?|"
        "an?|new|another|fresh|global|sessions?|is|at|on|to|with|via|through|follower|server|node|"
        "leader|of|[A-Z]|S?[0-9]|[a-z]|(?:create|open)Session";
    static const char* const opens =
        "\\b(?:create|open)Session\\b|\\b(?:new|global|fresh|another) (?:global )?session\\b|"
        "\\b(?:opens?|opened|creates?|created|connects?|connected|starts?|establish\\w*|gets?)\\b";
    return contains(words, "\\bsession\\b|\\bclient connect|\\w+Session\\b") &&
           contains(words, opens) && !contains(words, "[sS]napshot") && made_of(words, known);
}

/// Whom the words name, if they name anybody.
std::optional<std::string> place_in(const std::string& words) {
    Match found;
    if (regex_search(words, found, compiled(server_name()))) return found[1].str();
    if (regex_search(words, found, compiled("\\b(follower|leader)\\b"))) return found[1].str();
    return std::nullopt;
}

std::set<std::uint64_t> sessions_at(const Story& story, NodeId node) {
    std::set<std::uint64_t> ids;
    for (const auto& session : story.cluster().peer(node).server().database.sessions()) {
        ids.insert(session.id.value);
    }
    return ids;
}

}  // namespace

/// A snapshot that begins before the session is in the database, and ends when it is.
void Story::snapshot_in_session(NodeId node, NodeId opened_at, const std::string& step) {
    test::Cluster& c = *cluster_;
    if (!c.serves(node) || !c.serves(opened_at)) throw Refused("it does not serve: " + step);
    std::set<std::uint64_t> known = sessions_at(*this, node);
    zab::Snapshot before;
    zab::SessionId fresh{};
    const std::uint64_t client = c.connect(opened_at);
    const bool is_committed = c.run_until(
        [&] {
            const zab::Database& database = c.peer(node).server().database;
            for (const auto& session : database.sessions()) {
                if (!known.contains(session.id.value)) fresh = session.id;
            }
            if (fresh == zab::SessionId{}) before = database.snapshot();
            return !(fresh == zab::SessionId{});
        },
        zab::seconds(5));
    if (!is_committed) throw Refused("no session is created: " + step);
    c.peer(node).server().database.finish(before);
    c.disk(node).add_snapshot(before, zab::SnapshotWrite::background, c.now().ns);
    c.run(zab::milliseconds(500));
    claim(step, c.session_of(client) == fresh);
    claim(step, c.disk(node).image().snapshot.has_value());
    fuzzy_ = {node, fresh};
}

bool Story::play_fuzzy(const std::string& step) {
    const std::string words = plain(step);
    if (tells_snapshot(words, opens_at_.has_value())) {
        const auto told = place_in(words);
        if (!told && !opens_at_ && !tells("\\bA\\b")) return false;
        const NodeId node = servers(told ? *told : opens_at_ ? *opens_at_ : "A").at(0);
        const NodeId opened_at = opens_at_ ? servers(*opens_at_).at(0) : node;
        last_named_ = {node};
        snapshot_in_session(node, opened_at, step);
        opens_at_.reset();
        return true;
    }
    static const char* const later =
        "\\b[sS]napshot.*(?:[sS]ession|commit|creation)|"
        "(?:[sS]ession|commit|creation).*\\b[sS]napshot|"
        "\\b[sS]napshots?.*\\b(?:that|this|same) (?:very )?(?:moment|time)";
    if (contains(words, "[;,]") || !tells_opening(words)) return false;
    if (fuzzy_ && !tells(later)) {  // Of the hook an earlier step has told.
        const NodeId node = servers(place_in(words).value_or("A")).at(0);
        const std::uint64_t client = cluster_->connect(node);
        cluster_->run(zab::milliseconds(500));
        claim(step, !(cluster_->session_of(client) == zab::SessionId{}));
        return true;
    }
    if (!tells(later)) return false;
    opens_at_ = place_in(words);  // It is opened by who writes the snapshot.
    return true;
}

bool check_sessions(const Story& story, NodeId node, const std::string& told, Verdict& verdict) {
    static const char* const known =
        "has|have|contains?|containing|includes?|holds?|keeps?|knows?|sees?|serves?|present|there|"
        "is|are|all|every|each|any|same|equal|identical|consistent|superset|also|still|new|global|"
        "fresh|created|sessions?|tables?|sets?|of|the|its?|in|on|at|with|as|to|and|from|disk|"
        "leader(?:'s|s)?|after|restart|database|known";
    static const Regex kept(
        "\\b(?:no|not a|without any|without an?) (?:global )?(?:sessions?|one) "
        "(?:is |are )?(?:lost|missing)\\b|"
        "\\b(?:global )?sessions? (?:is |are )?(?:not|never) (?:lost|missing)\\b|"
        "\\bnone (?:is )?(?:lost|missing)\\b");
    static const Regex by_name("^(knows|has|sees|contains|holds|keeps) [a-z]\\b(?! \\w*node)");
    static const Regex as_leader(",? (?:as|like|just as) (?:the )?leader does$");
    if (!story.fuzzy()) return false;
    if (!contains(told, "[sS]ession|^all$|none") && !regex_search(told, by_name)) return false;
    static const Rewrite known_words[] = {{by_name, "$1 session"},
                                          {as_leader, " as leader"},
                                          {kept, "all sessions"},
                                          {Regex(" =+ "), " equal "}};
    const std::string words = rewritten(without_remarks(told), known_words);
    if (!made_of(words, known) || is_negated(words)) throw Refused("expected: " + told);
    const test::Cluster& c = story.cluster();
    const auto leader = c.leader();
    verdict.require(told, leader.has_value() && c.serves(node));
    if (!leader || !c.serves(node)) return true;
    const auto own = sessions_at(story, node), others = sessions_at(story, *leader);
    verdict.require(told, std::includes(own.begin(), own.end(), others.begin(), others.end()));
    verdict.require(told, own.contains(story.fuzzy()->second.value));
    verdict.require(told, others.contains(story.fuzzy()->second.value));
    if (contains(words, "\\b(?:same|equal|identical)\\b")) verdict.require(told, own == others);
    return true;
}

bool check_session_key(Story& story, const std::string& key, const Value& value, Verdict& verdict) {
    static const Regex lost("(?:lost|missing)(?:Global)?(?:[sS]essions?|(?:On|At|In)[A-Z])");
    static const Regex table(
        "(?:global)?[sS]essions?(?:Table|Set|Ids)?(?:On|At|Of)?([A-Z](?![a-z])|Follower)?|"
        "(?:new|the)?(?:Global)?[sS]ession");
    Match found;
    if (!story.fuzzy()) return false;
    const NodeId writer = story.fuzzy()->first;
    if (regex_match(key, lost)) {
        const bool is_empty = value.is(Value::Kind::array) && value.elements.empty();
        if (!is_empty && !is_nothing(value) && value.text != "0")
            throw Refused(key + ": " + value.text);
        return check_sessions(story, writer, "all sessions", verdict);
    }
    if (!regex_match(key, found, table) || !is_text(value)) return false;
    static const Regex name(
        "(?:^| (?=on|at))(?:on |at )?(?:follower )?\\b([A-Z]|S[0-9]|everywhere|every server|"
        "all servers)(?:(?:,| and) leader)?\\b ?");
    static const Regex both(
        " ?\\b(?:on|at) (?:follower )?([A-Z]|S[0-9]) and (?:on |at )?(?:the )?leader\\b");
    std::vector<NodeId> who{writer};
    static const Regex within(
        "^(?:the )?(?:those of (?:the )?leader|leader's)(?: sessions| set)? (?:(?:are|is|an?|all) "
        ")*"
        "(?:subset of|contained in|included in|within|among|in) (?:those of )?"
        "(?:follower )?([A-Z]|S[0-9])(?:'s)?(?: sessions)?$");
    std::string words = regex_replace(value.text, within, "$1 contains all sessions of the leader");
    if (Match where; regex_search(words, where, both)) {
        who = story.servers(where[1]);
        words = where.prefix().str() + " as leader" + where.suffix().str();
    } else if (regex_search(words, where, name)) {
        const bool is_all = where[1].length() > 2;
        who = is_all ? story.cluster().members() : story.servers(where[1]);
        words = where.prefix().str() + where.suffix().str();
    } else if (found[1].matched && found[1].length() == 1) {
        who = story.servers(found[1]);
    }
    const std::string told = contains(words, "[sS]ession") ? words : "sessions " + words;
    for (const NodeId node : who) check_sessions(story, node, told, verdict);
    return true;
}

}  // namespace conformance
