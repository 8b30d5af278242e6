#include "tests/conformance/story.hpp"

namespace conformance {

// Expectations that are sentences, with the server that they are about: of the end, or of how it
// was before all were stopped.

using zab::NodeId;

namespace {

const Regex& sentence() {
    return compiled(
        "(?:the )?((?:new |old )?leader|(?:new )?quorum|both followers|followers|others|all|"
        "everybody|every server|all servers|follower [A-Z]|leader [A-Z]|[A-Z]|S[0-9]|F[0-9])"
        "(?: still| also)? ((?:has|have|holds?|contains?|sees?|serves?|shows?|keeps?|is|are|leads?|"
        "follows?|does|do|no|without)\\b.*|/.*)");
}

std::vector<NodeId> subjects(Story& story, const std::string& told) {
    if (contains(told, "^every|^all")) return story.without_left_out();
    if (contains(told, "quorum$")) {
        std::vector<NodeId> all = story.cluster().members();
        std::erase(all, story.server("old leader"));
        return all;
    }
    return story.servers(told == "new leader" ? "leader" : told);
}

/// Of what was then, only who held which path is known.
void check_before(Story& story, const std::string& words, Verdict& verdict) {
    if (!story.before_down()) throw Refused("nobody stopped all: " + words);
    Match found;
    const bool is_sentence = regex_match(words, found, sentence());
    std::vector<NodeId> who;
    if (is_sentence) {
        // Who leads by now is somebody else.
        const bool is_leader = contains(found[1], "^(?:old )?leader$");
        who = subjects(story, is_leader ? "old leader" : found[1].str());
        if (contains(found[1], "new leader|quorum")) throw Refused("expected: " + words);
    } else {
        who = {story.before_down()->serving.begin(), story.before_down()->serving.end()};
    }
    const std::string rest = story.with_paths(is_sentence ? found[2].str() : words);
    const auto is_there = presence_in(rest);
    const auto paths = paths_in(rest);
    if (!is_there || paths.empty() || who.empty()) throw Refused("expected: " + words);
    for (const std::string& path : paths) {
        if (!story.knows(path)) throw Refused("nobody wrote " + path);
        for (const NodeId node : who)
            check_at(*story.before_down(), node, path, *is_there, verdict);
    }
}

}  // namespace

bool check_sentences(Story& story, const std::string& key, const std::string& words,
                     Verdict& verdict) {
    static const Regex before(
        "before(?:The)?(?:Kill|Stop|Shut[dD]own|Crash|Down|FullStop|(?:All|Everybody|Full)"
        "(?:Down|Stop(?:ped)?|Kill(?:ed)?)|Kill ?All|Stop ?All)");
    static const Regex neutral(
        "after(?:wards|Start|Restart|Kill|Recovery|All|Boot|Rejoin)?|finally|final(?:State)?|(?:in "
        "?[tT]he ?)?[eE]nd|then|result|outcome|state|later|eventually");
    if (regex_match(key, before)) {
        check_before(story, words, verdict);
        return true;
    }
    if (!regex_match(key, neutral)) return false;
    const auto parts = split_at(words, "; *|, (?:and |but )?");
    Match found;
    // What has no subject of its own is said of the last one.
    if (parts.empty() || !regex_match(parts.front(), found, sentence())) return false;
    std::string subject;
    for (const std::string& part : parts) {
        const bool is_sentence = regex_match(part, found, sentence());
        if (is_sentence) subject = found[1];
        const std::string rest = story.with_paths(is_sentence ? found[2].str() : part);
        for (const NodeId node : subjects(story, subject)) {
            check_clause(story, node, rest, verdict);
        }
    }
    return true;
}

}  // namespace conformance
