#include "tests/conformance/unread.hpp"

#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

namespace conformance {

using Kind = Value::Kind;

namespace {

/// What nobody can have a meaning for.
const char* const nonsense = "qzx";

/// Words that may stand anywhere without a change of what is said.
bool is_filler(const std::string& word) {
    static const Regex filler(
        "the|an?|then|and|now|is|are|be|was|were|has|have|been|will|must|its?|they|their|them|"
        "that|this|of|to|at|in|on|by|for|from|with|as|so|zxid|ms",
        Regex::icase);
    return regex_match(word, filler);
}

/// Words that a reader may have taken in along with others of their clause: they stand for nothing
/// by themselves, so that what is left of the clause tells what it tells. No number, state, packet,
/// or word that turns something into its opposite is among them.
bool is_soft(const std::string& area, const std::string& word) {
    static const Regex common(
        "servers?|nodes?|peers?|voters?|clients?|sessions?|leader|followers?|learner|observer|mock|"
        "connection|socket|txns?|transactions?|messages?|votes?|log|disk|data|tree|id|both|each|"
        "every|all|again|still|also|too|there|normally|ms|s|own|who|which|while|when|whose|does|"
        "but|or|itself|new|old|until|till|up|out|one|two|three|four|five|other|more|first|last|"
        "yet");
    static const Regex of_commits(
        "add|arrives?|moved|transferred|parked|loops?|commit(?:s|ted)?|reads?|writes?|cxids?|"
        "requests?|queues?|empty|"
        "pending|"
        "processed|"
        "done|"
        "wait|remaining|remains|behind|local|non-local|exactly|only|non-?empty|same|session|order|"
        "FIFO|per|time|just|consecutive|gaps|increasing|invariants|kinds|progress|sent|read-only|"
        "run|"
        "never-ending|random|late|getData|everything|after|start|sessions|[sS][0-9]+|[RW][0-9]+|[0-"
        "9-]+|no|none");
    static const Regex of_talks(
        "handled|proposes?|proposed|proposals?|creates?|sends?|within|only|repl(?:y|ies)|submitted|"
        "answer(?:s|ed|ing)?|echo(?:es|ed|ing)?|respond(?:s|ed)?|ack(?:s|ed)?|PINGs?|pings?|"
        "calls?|waits?|waitForEpochAck|pass|normal|run|clos(?:es|ed)|although|tentative|prepared|"
        "epoch|old|left|failed|rename|currentEpoch|ACK|ACKEPOCH|PROPOSAL|UPTODATE|[0-9]+|"
        "initLimit\\*tick|comes?|leader's|takes?|part|go(?:es|ing)?|continues?|flow(?:s|ing)?|"
        "keeps?|on",
        Regex::icase);
    static const Regex of_stories(
        "fails?|failure|errors?|gets?|gives|proposed|reaches|sees?|logged|itself|outstanding|times|"
        "reading|"
        "rejoins?|"
        "isolated|kept|may|follows?|during|sync|connection|loss|creates?|files?|deleted|exception|"
        "L|L's|S[0-9]|allowed|back|elect|elected|arrives|among|leader's|after|before|restart|value|"
        "reads?|than|right|immediately|"
        "NullPointerException|iterator|zxids|epoch|elections?|re-?elect(?:ing|ions?)|foo|bar|baz|"
        "isolated|only|stays|acked|by|ConnectionLoss|time-?outs?|hangs|un(?:acked|acknowledged|"
        "committed|answered)|pending|lands");
    static const Regex of_sessions(
        "several|fresh|unknown|untracked|fake|seen|nor|local|global|another|touch|ones?|exists|"
        "checkGlobal|data|[0-9]+|0x[0-9a-f]+|also");
    if (regex_match(word, common)) return true;
    if (area == "COMMIT") return regex_match(word, of_commits);
    if (area == "ZAB") return regex_match(word, of_talks);
    if (area == "REC") return regex_match(word, of_stories);
    if (area == "SESS") return regex_match(word, of_sessions);
    if (area == "SYNC") return word == "iterator" || word == "yields" || word == "sent";
    if (area == "FLETRK") return word == "same" || word == "peer" || word == "probe";
    return false;
}

/// In what is expected the words that deny are tried by leaving them out; in a step that withholds
/// an answer they only say what nobody does anyway.
bool is_denial_tried(bool is_expected, const std::string& word, const std::string& clause) {
    static const Regex denial("no|not|none|never|neither|nor|without|nothing");
    static const Regex withheld(
        ".*\\b(?:no|never|not|without|before|instead|only|nothing)\\b.*\\b(?:ACK|ACKEPOCH|acks?|"
        "acked|acknowledg\\w*|answer\\w*|PINGs?|pings?|call it|calls? "
        "wait\\w+|PROPOSAL|nothing)\\b.*|"
        ".*\\b(?:PROPOSAL never|PINGs only|touch until .*|[Ll]eader does not)\\b.*");
    static const Regex withholds("no|not|never|without|before|instead|only|nothing");
    if (is_expected) return regex_match(word, denial);
    return regex_match(word, withholds) && !contains(clause, "^not ") &&
           regex_match(clause, withheld);
}

/// Clauses that tell what comes of the rest of their step anyway.
bool tells_outcome(const std::string& clause) {
    static const Regex known(
        "(?:the )?client (?:sees|gets|has|receives) (?:(?:an? |the )?(?:failure|error|time-?out|"
        "[cC]onnection ?[lL]oss)|no (?:answer|reply))|"
        "outstanding|unacked|uncommitted|(?:it |and |but )*"
        "(?:time-?out|times out|no quorum|[cC]onnection ?[lL]oss|errors?|fails)|"
        "(?:it |which |but |and )*(?:is |was |gets )*(?:only |just "
        ")?(?:acked|acknowledged|logged|persists|"
        "written|persisted|stored|recorded) (?:only )?(?:by|at|on) (?:the )?(?:(?:old )?leader"
        "(?: [A-Z])?|[A-Z]|S[0-9]|it|itself)(?:'s (?:own )?(?:disk|log))?(?: only| alone)?|"
        "(?:it |(?:the )?txn |(?:the )?write |(?:the )?create |which |but |is |stays |only )*in "
        "(?:the )?"
        "(?:its|(?:old )?leader(?:'s)?|L's) (?:own )?log(?: only| alone)?|"
        "(?:is |it |but |which |txn |(?:the )?create |(?:the )?write |only |lands )*(?:on )?(?:the "
        ")?"
        "(?:its|(?:old )?leader(?:'s)?|L's) disk(?: only)?|"
        "(?:but )?(?:old leader|leader|L) (?:alone )?acks (?:it|its|own|the)(?: own)?"
        "(?: proposal| txn)?(?: itself| alone)?|"
        "(?:but )?(?:(?:the )?(?:proposal|txn|write|create) )?(?:is )?logged(?: there| locally)?|"
        "logged (?:by|at|on) "
        "(?:the )?(?:leader|L) "
        "only|(?:PINGs?|pings?)(?: are)? answered|"
        "(?:but |and )?(?:old leader|leader|L) has it (?:on (?:its )?disk|in its log|logged)|"
        "never acks (?:the |its )?proposal|times out(?: and rejoins as FOLLOWING)?|PROPOSAL read");
    return regex_match(clause, known);
}

/// Members that do not matter to what such a case asks.
bool is_idle(const std::string& where) {
    static const Regex known(
        "initial\\.(?:config\\.)?(?:voters|observers|workers|commitWorkers|numCommitThreads|"
        "writePercent|readPercent|reads|electingFollowers|leaderSnapshotZxid|ensemble|followers|"
        "server|leader\\."
        "history|leader\\.lastZxid)");
    return regex_match(where, known);
}

/// Members that explain a case, and say nothing of it.
bool explains(const std::string& key) {
    static const Regex known("_?(?:notes?|comments?|remarks?|source|why|reason|description)",
                             Regex::icase);
    return regex_match(key, known);
}

/// Tries nonsense in the places of a case, one after the other.
class Probe {
  public:
    Probe(const Case& one, bool (*passes)(const Case&)) : case_(one), passes_(passes) {}

    void try_all() {
        for (Value* part : {&case_.initial, &case_.stimulus, &case_.expected}) {
            is_expected_ = part == &case_.expected;
            if (is_expected_ || !part->members.empty() || !part->elements.empty() ||
                is_text(*part)) {
                try_in(*part, is_expected_             ? "expected"
                              : part == &case_.initial ? "initial"
                                                       : "stimulus");
            }
        }
        if (!unread_.empty()) throw Refused("not read: " + unread_);
    }

  private:
    void try_in(Value& value, const std::string& where) {
        if (is_idle(where) && value.elements.empty()) return;
        if (is_text(value)) return try_words(value.text, where);
        if (value.members.empty() && value.elements.empty()) return try_value(value, where);
        for (Value& element : value.elements) try_in(element, where);
        for (sim::json::Member& one : value.members) {
            if (explains(one.key)) continue;
            const std::string inner = where + "." + one.key;
            // A key of one word is read where its value is.
            if (one.key.find(' ') != std::string::npos) try_words(one.key, inner);
            try_in(one.value, inner);
        }
    }
    /// A number, "true", null or an empty list.
    void try_value(Value& value, const std::string& where) {
        const Value told = value;
        value = sim::json::string(nonsense);
        // Three servers are what talks with one of them are about, unless they tell of others.
        const bool is_usual = case_.area == "ZAB" && where == "initial.nodes" && told.text == "3";
        if (!is_idle(where) && !is_usual && passes_(case_)) note(where);
        value = told;
    }
    void try_words(std::string& text, const std::string& where) {
        // Paths are names; "initLimit*tick" is one word.
        static const Regex word(
            " \\([^)]*\\)|^\\([^)]*\\)|\\bconfig(?:uration)?(?: string| bytes| text)? "
            "\"[^\"]*\"$|/[\\w./*-]*|[A-Za-z0-9_'*+=-]*[A-Za-z0-9_]");
        const std::string told = text;
        for (MatchIterator i(told, word), end; i != end; ++i) {
            const std::string one = i->str();
            // What is quoted as a configuration is for its reader to judge.
            if (contains(one, "^[ /(=]|\"$") || is_filler(one)) continue;
            const auto passes_with = [&](const std::string& other) {
                text =
                    told.substr(0, i->position()) + other + told.substr(i->position() + one.size());
                return passes_(case_);
            };
            if (!passes_with(nonsense) || !passes_with(next_to(one))) continue;
            text = told;
            const std::string clause = clause_at(told, i->position());
            const bool is_told =
                is_soft(case_.area, one) || is_denial_tried(is_expected_, one, clause);
            if (tells_outcome(clause) || (is_told && !passes_without(text, clause))) continue;
            note(fmt::format("\"{}\" in {}: {}", one, where, told));
        }
        text = told;
    }
    /// What stands between commas and semicolons there.
    static std::string clause_at(const std::string& told, std::size_t at) {
        const std::size_t before = told.find_last_of(",;", at);
        const std::size_t begin = before == std::string::npos ? 0 : before + 1;
        const std::size_t first = told.find_first_not_of(' ', begin);
        return told.substr(first, told.find_first_of(",;", at) - first);
    }
    /// Whether nobody reads the clause at all.
    bool passes_without(std::string& text, const std::string& clause) {
        static const Regex word("[A-Za-z0-9]+");
        const std::string told = text;
        text.replace(told.find(clause), clause.size(), regex_replace(clause, word, nonsense));
        const bool passes = passes_(case_);
        text = told;
        return passes;
    }
    /// "51" as "52", "s3" as "s4": a number that counts makes a difference.
    static std::string next_to(const std::string& word) {
        static const Regex last("(.*?)([0-9]{1,9})([^0-9]*)");
        Match found;
        if (!regex_match(word, found, last)) return nonsense;
        return found[1].str() + std::to_string(std::stoul(found[2]) + 1) + found[3].str();
    }
    void note(const std::string& what) { unread_ += (unread_.empty() ? "" : "; ") + what; }

    Case case_;
    std::string unread_;
    bool (*passes_)(const Case&);
    bool is_expected_ = false;
};

}  // namespace

void refuse_unread(const Case& one, bool (*passes)(const Case&)) { Probe(one, passes).try_all(); }

}  // namespace conformance
