#include "tests/conformance/story.hpp"
#include "tests/conformance/story_synonyms.hpp"

namespace conformance {

// Paths that words only hint at, and starts whose failure the initial state tells.

std::string Story::with_paths(const std::string& words) const {
    static const Regex failed(
        "\\b(?:the )?(?:failed|lost|uncommitted|unacked|isolated) (?:create|txn|transaction|write|"
        "node|znode)\\b|\\b(?:the )?(?:node|znode|txn|transaction)(?= (?:is "
        ")?(?:present|absent|there|"
        "exists|missing|gone|visible|kept|lost))|\\b(?:the "
        ")?(?:node|znode|txn|transaction|create)(?=$|;)");
    static const Regex name("\\b(exists|read|reads|check) \\(?([a-z][A-Za-z0-9]*)\\b");
    static const Regex seen("\\b(sees?|has|have|serves?|shows?|finds?|reads?) it$");
    std::string told = words;
    if (!lost_.empty()) told = regex_replace(told, seen, "$1 " + lost_);
    Match found;
    if (regex_search(told, found, name) && knows("/" + found[2].str())) {
        told = regex_replace(told, name, "$1 /$2");
    }
    static const Regex bare_name(
        "\\b(has|have|no|holds?|contains?|sees?|serves?|without|keeps?|shows?|exposes?|exhibits?|"
        "finds?|returns?|reads?) ([a-z][A-Za-z0-9_]*)"
        "(?=$|[;,])");
    if (regex_search(told, found, bare_name) && knows("/" + found[2].str())) {
        told = regex_replace(told, bare_name, "$1 /$2");
    }
    static const Regex bare_state(
        "^([a-z][A-Za-z0-9_]*)(?= (?:is |still "
        ")*(?:present|absent|there|missing|gone|visible|exists)\\b)");
    if (regex_search(told, found, bare_state) && knows("/" + found[1].str())) {
        told = "/" + told;
    }
    static const Regex unnamed(
        "^((?:client )?(?:reads?|exists)) (?=(?:at|on|from) (?:the )?(?:old |new )?\\w+"
        "(?: succeeds| works| is ok)?(?:$|:))");
    if (!lost_.empty() && !contains(told, "/")) {
        told = regex_replace(told, unnamed, "$1 " + lost_ + " ");
    }
    static const Regex only_one("\\b(?:the )?(?:node|znode)\\b");
    if (lost_.empty() && created_.size() == 1) {
        return regex_replace(told, only_one, created_.front());
    }
    return lost_.empty() ? told : regex_replace(told, failed, lost_);
}

/// "followers": "fail at UPTODATE": those that are started next, but for a start without errors.
void Story::fail_as_told(const Value& told) {
    static const Regex starts(
        "\\b(?:followers|both|A and B|A, B)(?: are| is)? "
        "(?:up|start(?:s|ed)?|restart(?:s|ed)?|back|"
        "(?:re)?joins?|come back)\\b|\\b(?:re)?start (?:the |both |two )*followers\\b");
    if (!is_text(told) || !tells_failing_starts(told.text)) return;
    for (std::string& step : steps_) {
        Match found;
        if (contains(step, "without errors") || !regex_search(step, found, starts)) continue;
        step = with_failing_starts(step + ", each fails at UPTODATE");
        return;
    }
    throw Refused("initial.followers: " + told.text);
}

}  // namespace conformance
