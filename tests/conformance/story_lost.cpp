#include "tests/conformance/regex.hpp"
#include "tests/conformance/story.hpp"
#include "tests/conformance/story_synonyms.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace conformance {

// Writes that only a leader logs: what is said of such a write is taken away piece by piece, until
// nothing but the write is left. What has another meaning is left, too, and then it is none.

namespace {

const std::string it = "(?: it| this| that)?";

/// Nobody commits it, or acknowledges it.
const std::string not_committed =
    "\\b(?:(?:cannot|can not|could not|never|not|does not|do not|is not|without being) (?:be )?"
    "(?:get )?(?:commit(?:ted)?|ack(?:ed|nowledged)?|completed?|completes|answered|replicated?)" +
    it +
    "(?: (?:by|to|from) (?:any(?:one|body)(?: else)?|(?:a |any )?quorum|any (?:follower|other "
    "server)|followers|others))?|"
    "(?:without|has no|gets? no|there is no|with no|no) (?:quorum|acks?|answer|reply|majority|"
    "(?:follower|one else|other server) (?:acks|has|logs|gets))(?: of acks| for)?" +
    it + "|nobody(?: else)? (?:acks|has|logs|gets)" + it +
    "|(?:acked|acknowledged|logged) by (?:nobody|none|no one|no follower)(?: else)?"
    "|quorum (?:is )?lost|lost "
    "quorum|uncommitted|unacked|unacknowledged|unanswered|pending|outstanding|in "
    "flight|hangs|stalls|"
    "stuck|blocks)(?= |$)";
/// What the client sees.
const std::string failed =
    "\\b(?:client )?(?:(?:sees|gets|receives|has|ends|returns|throws) )?(?:in |with |by |for )*"
    "(?:an? |the )?(?:connection ?loss|ConnectionLoss(?:Exception)?|errors?|failures?|time-?outs?|"
    "times out|timed out|fails|failed|failing|fail|exception)"
    "(?: (?:at|for|to) (?:the |its )?client)?(?= |$)";
const std::string leader =
    "(?:its own|its|own|it|itself|there|locally|(?:old |isolated )?leader|L|S[0-9])";
/// Where it is, and nowhere else.
const std::string placed =
    "\\b(?:(?:only|just|alone) )*(?:(?:lands|stays|remains|kept|ends up|reaches|logged|written|"
    "persists|persisted|stored|recorded|appended|sits|lies|proposed|acked|acks it|acks|logs it|has "
    "it) )?"
    "(?:(?:only|just|alone) )*(?:(?:on|in|at|to|by|onto|into) )?(?:(?:only|just|alone) )*"
    "(?:(?:txn |transaction )?(?:disk|log) of )?" +
    leader + "(?:'s)?(?: own)?(?: (?:txn |transaction )?(?:disk|log))?(?: only| alone)?(?= |$)";

/// A step without what only joins its parts.
std::string joined(const std::string& told) {
    static const Rewrite all[] = {
        {Regex("[(),;:]| ?->| - |\\.$"), " "},
        {Regex("\\b(?:[Tt]he|then|now|but|and|which|though|although|still|however|yet|so|"
               "because|as|is|was|are|has been)\\b"),
         " "},
        {Regex("\\s+"), " "},
        {Regex("^ | $"), ""},
    };
    return rewritten(told, all);
}

/// What is told of the write, and what is left when that is taken away.
struct Lost {
    std::string rest;
    std::string places;  ///< "at S2 at L"
    bool is_marked = false;
    bool has_quorum = true;  ///< Else its followers are gone, though nobody has said it before.
};

bool take(Lost& lost, const std::string& pattern) {
    Match found;
    if (!regex_search(lost.rest, found, compiled(pattern))) return false;
    lost.is_marked = true;
    lost.has_quorum = lost.has_quorum && !contains(found.str(), "\\b(?:no|without) (?:a )?quorum$");
    lost.rest = joined(found.prefix().str() + " " + found.suffix().str());  // Ends `found`.
    return true;
}

/// False: no place is left in it. "at leader" alone only tells who is asked.
bool take_place(Lost& lost) {
    Match found;
    std::string from = lost.rest;  // `found` points into it.
    for (;;) {
        if (!regex_search(from, found, compiled(placed))) return false;
        const std::string all = joined(found.str());
        // Who proposes it stands before what it does.
        const bool is_subject = regex_match(all, compiled("leader|L|S[0-9]|it|old leader")) &&
                                contains(found.suffix().str(),
                                         "^ ?(?:alone |only )?(?:has )?(?:logs|logged|proposes|"
                                         "proposed|appends|appended|accepts|writes)\\b");
        if (!is_subject) break;
        from = found.suffix().str();
    }
    const std::string place = found.str();
    const std::string behind = found.suffix();
    const std::string before = lost.rest.substr(0, lost.rest.size() - behind.size() - place.size());
    static const char* const only =
        "\\b(?:only|just|alone|disk|log|logged|written|persisted|stored|recorded|appended|acked|"
        "lands|stays|remains|reaches|locally|itself)\\b";
    lost.is_marked = lost.is_marked || contains(place, only);
    Match who;
    if (regex_search(place, who, compiled("\\b(old leader|leader|L|S[0-9])\\b"))) {
        lost.places += " at " + who[1].str();
    }
    lost.rest = joined(before + " " + behind);
    return true;
}

/// As the player of such writes knows it; nothing: it is no such write.
std::optional<std::string> lost_write_in(const std::string& told) {
    static const std::string path = "(/\\w+(?:=\\w+)?|[a-z][A-Za-z0-9]*(?:=\\w+)?)";
    static const std::string what =
        "(?:(?:an? |one )?(?:creates?|created|set|write|txn|transaction|proposal|creation)(?: "
        "(?:create|of|for|node|znode|an?|txn))*)";
    static const Regex core(
        "(?:(?:async|client(?:'s)?|an?|one) )*" + what + "(?: " + path +
        ")?(?: logged| created)?(?: txn| transaction)?|" +
        "(/\\w+)(?: created| set| written| logged)?|"
        "(old leader|leader|L|S[0-9]) (?:alone |only )?(?:has )?(?:logs|logged|proposes|proposed|"
        "appends|appended|accepts|writes)(?: " +
        what + ")? " + path + "(?: it)?");
    static const Regex no_name(
        "(?:at|by|on|in|to|it|is|only|logged|alone|some|more|ephemerals?|load|node|znode|nothing|"
        "not|no|never|client|leader|followers?|reaches|fails?|async|all|both|go|continue)(?:=.*)?");
    if (!contains(told,
                  "\\b(?:[cC]reat\\w*|set|[wW]rites?|txn|transaction|proposal|logs|logged|"
                  "appends|proposes)\\b") ||
        contains(told, "UPTODATE|DIFF|SNAP|TRUNC")) {
        return std::nullopt;
    }
    Lost lost{joined(regex_replace(told, compiled("'s? own "), "'s ")), "", false};
    while (take(lost, not_committed)) {
    }
    while (take(lost, failed)) {
    }
    const bool was_marked = lost.is_marked;
    while (take_place(lost)) {
    }
    Match found;
    if (!regex_match(lost.rest, found, core)) return std::nullopt;
    const std::string name = found[1].str() + found[2].str() + found[4].str();
    // A path alone must be said to be created.
    const bool is_write = !found[2].matched || contains(told, "\\b(?:created|set|written)\\b");
    if (!lost.is_marked || !is_write || regex_match(name, no_name)) return std::nullopt;
    const bool is_only = was_marked || contains(told, "\\b(?:only|alone|just|itself)\\b");
    if (!is_only) return std::nullopt;
    if (found[3].matched) lost.places += " at " + found[3].str();
    return fmt::format("create{}{} fails, on leader disk{}", name.empty() ? "" : " " + name,
                       lost.places, lost.has_quorum ? "" : " (no quorum)");
}

}  // namespace

std::string with_lost_writes(const std::string& step) {
    if (auto whole = lost_write_in(step)) return *whole;
    // In a step of several: behind a semicolon, or behind a comma as far as to the end.
    static const Regex between("[;,] ");
    static const char* const other_step =
        "\\b(?:followers|both|all|down|up|(?:re)?starts?|stop|kill|reads?)\\b";
    std::vector<std::pair<std::string, std::string>> cuts;
    for (MatchIterator i(step, between), end; i != end; ++i) {
        const std::string first = step.substr(0, i->position());
        const bool is_remark = std::count(first.begin(), first.end(), '(') !=
                               std::count(first.begin(), first.end(), ')');
        if (!is_remark) cuts.emplace_back(first, step.substr(first.size() + 2));
    }
    for (const auto& [first, second] : cuts) {
        if (contains(first, "\\b(?:[cC]reate|set|write|txn|logs)")) continue;
        if (auto known = lost_write_in(second)) return first + "; " + *known;
    }
    std::reverse(cuts.begin(), cuts.end());  // As much as belongs to it.
    for (const auto& [first, second] : cuts) {
        if (!contains(second, other_step)) continue;
        if (auto known = lost_write_in(first)) return *known + "; " + with_lost_writes(second);
    }
    return step;
}

/// Who is asked for the write that shall be lost: the old leader, where it leads on.
zab::NodeId Story::losing_leader() const {
    const auto old = names_.find("old leader");
    if (old != names_.end() && leads(old->second)) return old->second;
    const auto leading = cluster_->leader();
    if (!leading) throw Refused("there is no leader to write to");
    return *leading;
}

/// The one path that is spoken of from here on and that nobody has written, or will.
std::optional<std::string> Story::only_new_path() const {
    std::set<std::string> all, later;
    std::string words = expected_;
    for (std::size_t i = at_ + 1; i < steps_.size(); ++i) {
        words += " " + steps_[i];
        if (!contains(steps_[i], "\\b(?:[cC]reat|[sS]ets?\\b|[wW]rit)")) continue;
        for (const std::string& path : paths_in(steps_[i])) later.insert(path);
    }
    for (const std::string& path : paths_in(words)) {
        if (!knows(path) && !later.contains(path)) all.insert(path);
    }
    if (all.size() != 1) return std::nullopt;
    return *all.begin();
}

/// Without a quorum its leader's followers are gone: where they all still run, from now on.
void Story::lose_followers() {
    auto followers = cluster_->members();
    std::erase(followers, losing_leader());
    const bool run = std::all_of(followers.begin(), followers.end(),
                                 [this](zab::NodeId node) { return cluster_->is_up(node); });
    if (run) play("followers down");
}

/// "create /a fails, but is on leader disk", "create x at S2 -> error (logged by S2 only)".
bool Story::play_lost_write(const std::string& step, const std::vector<std::string>& paths) {
    static const Regex told("=([A-Za-z0-9]+)");
    static const Regex name("\\b(?:create|set|write) ([a-z][A-Za-z0-9]*)");
    static const Regex place("\\b(?:at|on|by) (S[0-9]|[A-Z]|(?:old |new )?leader)(?= |$|,|:|\\))");
    if (paths.size() > 1 || without_remarks(step).find(';') != std::string::npos) return false;
    Match value, found;
    const std::string words = plain(step);
    const bool is_named = regex_search(words, found, name) &&
                          !contains(found[1], "^(?:at|by|on|in|fails?|reaches|is|only|logged)$");
    lost_ = !paths.empty() ? paths.front()
            : is_named     ? "/" + found[1].str()
                           : only_new_path().value_or("/unnamed");
    for (MatchIterator i(step, place), end; i != end; ++i) {
        const zab::NodeId losing = losing_leader();
        const bool is_one = (*i)[1] == "leader" || server((*i)[1]) == losing;
        if (!is_one) throw Refused("it does not lead: " + step);
    }
    if (step.ends_with("(no quorum)")) lose_followers();
    write(lost_, regex_search(words, value, told) ? value[1].str() : "lost", false);
    return true;
}

}  // namespace conformance
