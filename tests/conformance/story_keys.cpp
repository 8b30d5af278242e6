#include "tests/conformance/story.hpp"

namespace conformance {

// Keys that tell what is spoken of: what was lost, what is durable, what all have.

/// `"durable": "DIFF proposals on follower disk before the NEWLEADER ack"`: of all followers.
bool check_durable(const Story& story, const std::string& key, const std::string& words,
                   Verdict& verdict) {
    static const Regex keys(
        "durab(?:le|ility)|(?:on)?[dD]isk|logged|persisted|proposals?|DIFF|diff|order");
    static const Regex form(
        "(?:(?:the )?(?:DIFF )?(?:proposals?|txns?|transactions?) )?(?:of (?:the )?DIFF )?"
        "(?:is |are |were )?(?:(?:on|in) (?:the )?(?:both )?followers?'? (?:disks?|logs?)|on disk|"
        "(?:logged|synced|durable|persisted)(?: (?:on|by|at) (?:the |both |each )?followers?'?"
        "(?: disks?)?)?) before (?:the |its |their )?"
        "(?:NEWLEADER acks?|acks? of NEWLEADER)");
    static const Regex at_ack("at(?:(?:The)?(?:NEWLEADER|NewLeader))?A(?:ck|CK)");
    const std::string said = regex_match(key, at_ack) ? words + " before the NEWLEADER ack" : words;
    const bool is_key = regex_match(key, keys) || said != words;
    if (!is_key || !regex_match(said, form)) return false;
    const zab::NodeId old = story.old_leader();
    for (const zab::NodeId node : story.cluster().members()) {
        if (!(node == old)) verdict.require(words, story.had_lost_at_ack(node));
    }
    return true;
}

/// `"create": "connection loss at client"`: nobody answered the write that was to be lost, or else
/// it were none. False: the words are about something else.
bool check_lost_answer(const Story& story, const std::string& key, const std::string& words,
                       Verdict& verdict) {
    static const Regex keys(
        "(?:(?:lost|failed|uncommitted)?[cC]reate|(?:lost|failed)?[wW]rite|clientCreate|client|"
        "clientResult|createResult|request)(?: ?[rR]esult)?");
    static const Regex fails(
        "(?:(?:the )?client )?(?:(?:sees|gets|has|receives) )?(?:an? |the )?(?:"
        "[cC]onnection ?[lL]oss|fails?|failed|errors?|times out|time-?out|exception|"
        "not (?:committed|answered|acked)|never (?:committed|answered|acked)|no (?:answer|reply))"
        "(?: (?:at|for|to|by) (?:the |its )?client)?");
    static const Regex succeeds(
        "(?:is )?(?:ok|succeeds|succeeded|committed|answered|acked|acknowledged)");
    const bool fails_told = regex_match(words, fails);
    if (story.lost().empty() || !regex_match(key, keys)) return false;
    if (!fails_told && !regex_match(words, succeeds)) return false;
    verdict.require(key + ": " + words, fails_told);
    return true;
}

/// `"sessions": "same set on F and leader"`, `"epochF": "= epochL"`: what is the same as the
/// leader's. False: the words are about something else.
bool check_shared(Story& story, const std::string& key, const std::string& words,
                  Verdict& verdict) {
    static const Regex what("(sessions|ephemerals|epochs?|last ?(?:processed)?[zZ]xids?)");
    static const Regex where(
        "(?:the )?(?:same|equal|identical)(?: (?:set|count|number|table|ids?|one|value)s?)?"
        "(?: (?:per|of each|in each) session)?(?: (?:on|at|for|of) (.*?))?");
    static const Regex one("(epoch|lastZxid) ?(?:[oO]f )?([A-Z]|S[0-9])");
    static const Regex as_leader(
        "(?:=|==|equals?|same as|is|as)? ?(?:(?:epoch|lastZxid) ?(?:of )?)?(?:L|(?:the )?"
        "leader(?:'s)?)(?: (?:epoch|lastZxid))?");
    static const Regex and_leader("(?:,? and |, )(?:the )?(?:leader|L)$");
    Match found, place;
    if (regex_match(key, found, one) && regex_match(words, as_leader)) {
        const std::string told =
            found[1] == "epoch" ? "same epoch as leader" : "same zxid as leader";
        check_words(story, story.servers(found[2]), told, verdict);
        return true;
    }
    if (!regex_match(key, what) || !regex_match(words, place, where)) return false;
    const std::string who = regex_replace(place[1].str(), and_leader, "");
    const bool is_all = who.empty() || contains(who, "^(?:all|every|each|everywhere)");
    check_words(story, is_all ? story.without_left_out() : story.servers(who),
                "same " + key + " as leader", verdict);
    return true;
}

}  // namespace conformance
