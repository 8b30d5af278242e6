#include "tests/conformance/regex.hpp"
#include "tests/conformance/story_synonyms.hpp"
#include "tests/conformance/words.hpp"

namespace conformance {

// Followers whose connection breaks as UPTODATE comes, in whatever words that is told.

namespace {

/// Whether a clause says nothing else than that whoever was named fails as it comes.
bool tells_failure(const std::string& clause) {
    static const char* const known =
        "each|both|all|they|their|them|who|whose|which|it|its|the|an?|with|but|and|then|also|"
        "(?:of )?these|inject(?:ed|ion)?|failures?|fails?|failing|failed|faults?|errors?|err|out|"
        "(?:java\\.net\\.)?SocketTimeout(?:Exception)?|SocketException|IOException|time-?outs?|"
        "times?|timed|socket|connections?|links?|sessions?|exceptions?|throws?|throwing|thrown|"
        "dies?|dying|crash(?:es|ed|ing)?|stops?|quits?|exits?|aborts?|breaks?|broken|lost|loses?|"
        "losing|drops?|dropped|cut|off|closes?|closed|killed|gone|on|at|when|upon|while|during|"
        "reading|reads?|receiving|receipt|receives?|of|for|as|waiting|arrives?|arriving|arrival|"
        "comes|in|"
        "processing|handling|packet|message|UPTODATE|is|are|gets?|getting|right|just|never|"
        "reach(?:es)?|sees?|before";
    static const char* const fails =
        "\\b(?:fail|err|fault|[tT]ime|timed|Socket|IOEx|exception|throw|die|dying|crash|stop|quit|"
        "exit|abort|break|broken|lost|lose|losing|drop|cut|clos|killed|inject|never)";
    static const Regex odd_before(
        "\\bbefore (?!(?:they |it |the "
        ")*(?:read|reading|process|processing|handling|receiving|"
        "receipt|arrival)\\b)");
    static const Regex odd_never(
        "\\bnever (?!(?:reach(?:es)?|arrives?|comes|gets?|receives?|sees?|read)\\b)");
    static const char* const gone_well = "\\bnever (?:fail|die|crash|stop|quit|throw|time|lost)";
    return contains(clause, "\\bUPTODATE\\b") && contains(clause, fails) &&
           made_of(clause, known) && !contains(clause, gone_well) &&
           !regex_search(clause, odd_before) && !regex_search(clause, odd_never);
}

/// "followers up with an error at UPTODATE": those who come first.
std::string with_failure(const std::string& clause) {
    static const Regex comes(
        "(.*?\\b(?:(?:re)?start (?:the |both |two |old "
        ")*(?:followers|others)|up|back|online|(?:re)?starts?|(?:re)?started|(?:re)?joins?|(?:re)?"
        "joined|"
        "returns?|recover|come up|(?:re)?start (?:the |both |two |old )*(?:followers|others)|"
        "(?:re)?start [A-Z](?:, | and )[A-Z]|"
        "(?:re)?sync(?:s|ed)?|DIFF(?:[ -]sync(?:ed|s)?)?))\\b(?: again)?,? (?=.*UPTODATE)(?:with |"
        "but |and |then )*(.*)");
    static const char* const failing = "each fails at UPTODATE";
    if (tells_failure(clause)) return failing;
    Match found;
    if (regex_match(clause, found, comes) && tells_failure(found[2])) {
        return found[1].str() + ", " + failing;
    }
    return clause;
}

}  // namespace

bool tells_failing_starts(const std::string& words) { return tells_failure(words); }

std::string with_failing_starts(const std::string& told) {
    if (!contains(told, "\\bUPTODATE\\b") || contains(told, "\\bafter UPTODATE")) return told;
    static const Rewrite all[] = {
        {Regex(" \\((?!(?:right |just |only |both |each )*(?:after|without))([^()]*)\\)"), ", $1"},
        {Regex("\\bDIFF(?: sync)?,? (?:incl\\.|incl|including|containing|that has|has|carrying|"
               "that carries|brings) (/\\w+)"),
         "DIFF with $1"},
        {Regex(
             " with (?:an? |the )?(?:injected )?(?:faults?|errors?|failures?|hooks?)(?: injection| "
             "injected)?(?=[:,;])"),
         ""},
        {Regex("\\b((?:re)?joins?) (?:the )?(?:old leader|leader|L)\\b"), "$1"},
        {Regex("\\b(?:re)?syncs?(?: up)?,? (?:by |via )?DIFF\\b"), "get DIFF"},
        {Regex("\\bDIFF-(?:synced|syncs?|sync'ed)\\b"), "DIFF"},
        {Regex("^((?:[A-Z]|S?[0-9]|followers)(?:(?:, | and )(?:[A-Z]|S?[0-9]))*) (?:re)?syncs?"
               "(?=[,;])"),
         "$1 up"},
        {Regex("(^|[,;:] ?)(?:and |then |they |both |each )*(?:send |sends )?(?:an? |the )?"
               "NEWLEADER (?:acks?|(?:is )?acked)(?=$|[,;])"),
         "$1ack NEWLEADER"},
        {Regex("(^|[,;:] ?)(?:and |then |they |both |each |followers )*(?:ACKs?|acks|"
               "acknowledges?) (?:the |its |their )?NEWLEADER(?=$|[,;])"),
         "$1ack NEWLEADER"},
    };
    static const Regex between("([,;:]\\s*| (?:and then|but then|then|but|and)(?= ))");
    std::string step = rewritten(told, all);
    if (contains(step, "\\back NEWLEADER\\b")) {  // So it is not even earlier.
        step = regex_replace(step, compiled("\\bbefore UPTODATE\\b"), "on UPTODATE");
    }
    // The clause in which it stands, cut as far as possible and joined again as it must be.
    std::string before, clause = step, behind;
    for (MatchIterator i(step, between), end; i != end; ++i) {
        const auto at = i->position();
        const std::string rest = step.substr(at + i->str().size());
        if (contains(step.substr(0, at), "\\bUPTODATE\\b")) break;
        if (contains(rest, "\\bUPTODATE\\b")) {
            before = step.substr(0, at);
            clause = rest;
        }
    }
    static const Regex ends("^([^,;]*UPTODATE[^,;]*)([,;].*)$");
    Match found;
    if (regex_match(clause, found, ends)) {
        behind = found[2];
        clause = std::string(found[1]);
    }
    const std::string known = with_failure(clause);
    if (known == clause && !tells_failure(clause)) {
        const std::string whole = with_failure(step);
        return whole == step ? told : whole;
    }
    return before + (before.empty() ? "" : ", ") + known + behind;
}

}  // namespace conformance
