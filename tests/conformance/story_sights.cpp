#include "tests/conformance/story.hpp"

#include <fmt/format.h>

namespace conformance {

// What steps say that somebody reads or sees.

using zab::NodeId;

/// "/zkL visible at leader", "leader: /zkL readable", "client sees /zkL at L", "followers serve: no
/// /zkL": what somebody sees.
bool Story::play_sights(const std::string& step) {
    static const std::string path = "(/[A-Za-z0-9_]+|all [0-9]+)(?: nodes)?";
    static const std::string there = "(?:visible|present|readable|found|there)";
    static const std::string sees = "(?:has|have|sees?|finds?|holds?|serves?|shows?|reads?)";
    static const Regex forms[] = {
        Regex("()" + path + " (?:is )?" + there + " (?:at|on|from) (.*)"),
        Regex("client " + sees + " ()" + path + " (?:at|on|from) ([^:,;=>]*)"),
        Regex("(?:at )?(?:(.*?) " + sees + ":?|(.*?):) (no )?(?:exists )?" + path + "(?: (?:is )?" +
              there + ")?"),
    };
    static const Regex read(
        "^(?:client )?(?:an? )?reads? (?:at|on|from) (?=.* (?:sees|finds|shows) )");
    static const Regex reader("^(leader|S?[0-9]|[A-Z]) reads? (?=(?:sees|finds|shows) )");
    const std::string words = regex_replace(regex_replace(plain(step), read, ""), reader, "$1 ");
    Match found;
    if (regex_match(words, found, forms[0]) || regex_match(words, found, forms[1])) {
        return play_reads("read " + found[2].str() + " at " + found[3].str() + ": present");
    }
    if (!regex_match(words, found, forms[2])) return false;
    const auto who = known_servers(found[1].str() + found[2].str());
    if (!who) return false;
    for (const NodeId node : *who) claim(step, cluster_->serves(node));
    const std::string what = found[4];
    if (!what.starts_with("/")) {
        claim(step, std::to_string(created_.size()) == what.substr(4) && !found[3].matched);
        for (const std::string& one : created_) claim(step, value(who->front(), one).has_value());
        return true;
    }
    read_path_ = what;
    for (const NodeId node : *who) {
        read_ = value(node, what);
        claim(step, read_.has_value() != found[3].matched);
    }
    return true;
}

namespace {

/// "read it everywhere", "check the node on every server": what was written, if that is one.
std::string read_everywhere(const Story& story, const std::string& words) {
    static const Regex form(
        "(?:client )?(?:reads?|exists|check)(?: it| (?:the )?z?node)?( /\\w+)? "
        "(?:everywhere|(?:at|on|from) (?:all|every|each)(?: servers?| nodes?)?)");
    Match found;
    const std::string told = plain(words);
    if (!regex_match(told, found, form)) return words;
    if (found[1].matched) return "read" + found[1].str() + " at all";
    const bool is_one = story.created().size() + (story.lost().empty() ? 0 : 1) == 1;
    if (!is_one) return words;
    return "read " + (story.lost().empty() ? story.created().front() : story.lost()) + " at all";
}

}  // namespace

/// "read /L"; "read /a at leader: present"; "exists(/a) at L: ok"; "read all 20 at A".
bool Story::play_reads(const std::string& told) {
    static const Regex at_quorum("\\b(?:at|on|from) (?:the )?new quorum$");
    static const Regex of_client(
        "^client (?:at|on|of) (\\S+) (sees|finds|reads) (/[A-Za-z0-9_]+)$");
    const std::string step = regex_replace(
        regex_replace(read_everywhere(*this, with_paths(told)), at_quorum, "at leader"), of_client,
        "client $2 $3 at $1");
    static const Regex reads(
        "(?:client )?(?:reads?|exists|check) ?\\(?(/[A-Za-z0-9_-]+|all [0-9]+)"
        "(?: nodes)?\\)?(?: (?:at|on|from) (?:the )?(\\w+(?: leader)?))?"
        "(?::| is| =|,| ->)? ?(\\w+)?(?: .*)?");
    static const Regex whole(
        "(?:client )?reads? ?(?:(everything|all) (?:at|on|from) (.*)|(?:at|on|from) (.*)|"
        "(everything|all))");
    if (play_sights(step)) return true;
    Match found;
    const std::string words = plain(step);
    if (regex_match(words, found, whole)) {
        const auto who = known_servers(found[2].str() + found[3].str());  // None: who came last.
        if (!who) return false;
        for (const NodeId node : *who) claim(step, cluster_->serves(node));
        for (const std::string& path : created_) {
            if (!found[3].matched) claim(step + path, value(who->front(), path).has_value());
        }
        return true;
    }
    if (!regex_match(step, found, reads)) return false;
    const std::vector<NodeId> where = servers(found[2].matched ? found[2].str() : "leader");
    const NodeId node = where.front();
    if (!found[1].str().starts_with("/")) {
        claim(step, std::to_string(created_.size()) == found[1].str().substr(4));
        for (const std::string& path : created_) claim(step + path, value(node, path).has_value());
        return true;
    }
    read_ = value(node, found[1]);
    read_path_ = found[1];
    for (const NodeId other : where) claim(step, value(other, read_path_) == read_);
    const bool is_there = contains(found[3],
                                   "^(?:present|ok|found|exists|visible|there|not|"
                                   "succeeds|works|yes|true)$");
    if (found[3].matched && !is_there &&
        !contains(found[3], "^(?:absent|missing|null|none|no|false)$")) {
        throw Refused("step: " + step);
    }
    if (found[3].matched) claim(step, read_.has_value() == (is_there && found[3] != "not"));
    return true;
}

}  // namespace conformance
