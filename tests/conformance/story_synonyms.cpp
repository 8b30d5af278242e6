#include "tests/conformance/story_synonyms.hpp"

#include "tests/conformance/words.hpp"

namespace conformance {

namespace {

// Whoever goes and comes back.
const std::string one =
    "(?:(?:the )?(?:follower |server |node )?(?:[A-Z]|S?[0-9]|F[0-9])|"
    "(?:the )?(?:old leader|leader|followers?))";
const std::string mode = "(SNAP|DIFF|TRUNC)";
const std::string ends = "(?=$|[;,])";

/// How long somebody runs, how often, and how it is synchronized.
std::string with_returns(const std::string& words) {
    static const Rewrite all[] = {
        {std::regex("\\b(followers|all|both|everybody|" + one + ") (?:are |is |switched )*off" +
                    ends),
         "$1 down"},
        {std::regex("\\b(followers|all|both|everybody|" + one +
                    ") (?:are |is |switched )*(?:on|"
                    "running)" +
                    ends),
         "$1 up"},
        {std::regex("[;,] (?:and )?one(?: of them)? (?:leads|is elected|becomes leader|is leader)" +
                    ends),
         ", new leader elected among them"},
        {std::regex("\\b(followers (?:up|(?:re)?start|(?:re)?started|back)) without it" + ends),
         "$1 without old leader"},
        {std::regex("\\b(?:[Bb]ounce|[Cc]ycle|[Rr]eboot|(?:stop|kill) and (?:re)?start) (?=" + one +
                    "|both|all|them|everything|it\\b|[0-9])"),
         "restart "},
        {std::regex("\\b(restarts?|restarted|reboots?|up|started|starts?) (?:in|into|under|with) "
                    "(?:an? |the )?(new|next|another) epoch" +
                    ends),
         "$1 ($2 epoch)"},
        {std::regex("\\b(joins|starts|up) (?:late|later|last|only now|afterwards)" + ends), "$1"},
        {std::regex("\\b((?:re)?start) (" + one + ")(?::| by| with| via|,)(?: an?)? " + mode +
                    ends),
         "$2 $1s by $3"},
        {std::regex("\\b(back|up|(?:re)?starts?|(?:re)?started|returns?|(?:re)?joins?) "
                    "(?:with|via|through|using|over) (?:an? |the )?" +
                    mode + "\\b"),
         "$1 by $2"},
        {std::regex("\\b(up|(?:re)?starts|(?:re)?joins|back)(?: again)? \\(" + mode +
                    "\\)(?= under| while| during)"),
         "$1 by $2"},
        {std::regex("\\bby " + mode + " under (?:the )?(?:load|writes|creates)\\b"),
         "by $1 while creates go on"},
        {std::regex("\\bre-?sync(?:s|ed|hroni[sz]es) (?:by|via|with|through) (?:an? )?" + mode),
         "gets $1"},
        {std::regex("\\b(" + one + ") (starts|restarts)( by \\w+)?[;,] (?:stop|kill) \\1 after "),
         "$1 $2$3, killed after "},
        {std::regex("\\b(" + one +
                    ") connects(?: to (?:the |that |an? )?(?:leader|quorum|ensemble|cluster))?" +
                    ends),
         "$1 up"},
        {std::regex("\\bup (?:only )?for ((?:[0-9.]+) ?(?:ms|s|seconds?|ticks?))" + ends),
         "up, killed after $1"},
        {std::regex("\\b(" + one +
                    ") (?:is )?(?:down|stopped|away) (?:from|between) ([0-9]+) "
                    "(?:to|and|until|till) ([0-9]+)" +
                    ends),
         "$1 down at $2, $1 up at $3"},
        {std::regex("^(?:only (?:the )?(?:two |both )?followers|(?:the )?(?:two |both )?followers "
                    "(?:only|alone))$"),
         "start followers only"},
        {std::regex("\\b(start|restart) only (" + one + "|both followers)" + ends), "$1 $2 only"},
    };
    return rewritten(words, all);
}

/// Who leaves, and comes back from its disk; all of them, so many times.
std::string with_leavers(const std::string& words) {
    static const Rewrite all[] = {
        {std::regex("[;,] (?:it )?(?:leaves|quits|stops|gives up) (?:leading|leadership)"
                    "(?: for (?:the )?lack of (?:followers|an? quorum))?" +
                    ends),
         ", gives up"},
        {std::regex(
             "\\b(stops), (?:(?:re)?loads|(?:re)?starts|boots) from (?:its )?(?:disk|snapshot|"
             "data)(?:, (?:and )?(?:re)?joins)?" +
             ends),
         "restarts"},
        {std::regex("\\brestart (?:all )?twice" + ends), "restart all 2 times"},
        {std::regex("^restart (?:all )?once$"), "restart all"},
        {std::regex("^restart (three times|[2-9] times)$"), "restart all $1"},
        {std::regex("^(?:client )?(?:getChildren|list|ls)(?: of)?(?: (?:/|the )?root| /)?$"),
         "read all at leader"},
    };
    return rewritten(words, all);
}

/// A write that only the leader logs; an old leader that is kept out, or not any longer.
std::string with_losses(const std::string& words) {
    static const Rewrite all[] = {
        {std::regex("\\b(?:the )?client's (create|set|write)"), "client $1"},
        {std::regex(
             " \\((?:with |while |when |as )?(?:the |both |its )*followers (?:were|are|being) "
             "(?:down|stopped|killed|off|gone)\\)"),
         " (no quorum)"},
        {std::regex("^((?:client )?creates? (?:(?!ephemeral)[^;,])*), (?:and |then )?(?:client )?"
                    "closes(?: it| (?:the |its )?(?:session|connection))?$"),
         "$1"},
        {std::regex("(^|[;,] ?)((?:client )?reads?)(?: them| it)?(?=$|[;,])"), "$1$2 all"},
        {std::regex("^((?:the )?(?:async |client )*(?:create|set|write)[^;]*); ((?:the )?client "
                    "(?:sees|gets|has|receives))"),
         "$1, $2"},
        {std::regex("^(old leader|leader|L) (?:alone )?(?:logs|has logged) (?:an? |the )?create "
                    "(/\\w+)[,;]? (?:and |but )*(?:no (?:quorum|majority|follower|one else)|nobody"
                    "(?: else)?) (?:acks|logs|has|sees)(?: it)?" +
                    ends),
         "create $2 logged by $1 only"},
        {std::regex(
             "^(old leader|leader|L) (?:alone )?(?:(?:proposes|logs|writes),? and |"
             "proposes, logs and )(?:self-acks|acks(?: itself)?|acks it itself|"
             "acknowledges itself|acknowledges)(?: an?| the)? create (/\\w+)(?: itself| alone|"
             " only)?" +
             ends),
         "create $2 logged by $1 only"},
        {std::regex("^(old leader|leader|L) proposes (?:an? |the )?create (/\\w+),? (?:and |but )?"
                    "logs it (?:itself|alone|only)(?:[;,] (?:but |and )?no quorum)?$"),
         "create $2 logged by $1 only"},
        {std::regex("[;,] (?:but |and )*(?:the )?(old leader|leader|L) has (?:logged it|it "
                    "(?:logged|on (?:its )?disk|in its log))" +
                    ends),
         ", logged by $1"},
        {std::regex("^(?:resume|allow|restore|end the suspension of|unblock) (?:the )?(old leader|"
                    "leader|L)(?:'s elections?)?$"),
         "$1 resumes"},
        {std::regex(
             "^(?:set |install |with |using )*(?:an? |the )?hook(?: on \\w+| set| installed)*"
             "[:,] "),
         ""},
        {std::regex("\\b(old leader|leader|L) (?:exposes|exhibits|returns|answers with) "
                    "(?=/|(?:the )?(?:z?node|create)" +
                    ends + ")"),
         "$1 serves "},
    };
    return rewritten(words, all);
}

/// A connection that breaks as UPTODATE comes.
std::string with_uptodate(const std::string& words) {
    static const std::string fails =
        "(?:fails?|throws|time-?s? ?out|times? out|breaks?|is (?:lost|cut)|errors?|crash|die|stop)";
    static const Rewrite all[] = {
        {std::regex("\\b(?:the |their )?(?:reads?|reading) of UPTODATE " + fails + "\\b"),
         "fail at UPTODATE"},
        {std::regex("\\b(?:the |their )?UPTODATE reads? " + fails + "\\b"), "fail at UPTODATE"},
        {std::regex("\\b(?:on|at|when|upon) (?:reading )?UPTODATE,? (?:both|they|each|it) " +
                    fails + "\\b"),
         "fail at UPTODATE"},
        {std::regex(
             "\\b(?:the |their |its )?(?:connection|socket|link)s? (?:is |are |gets )?(?:lost|"
             "cut|broken|closed|dropped|reset) (?:at|on|when|upon|by) (?:reading )?UPTODATE"),
         "fail at UPTODATE"},
        {std::regex(
             "\\b(?:they |each |both )?(?:crash|die|stop|fail|quit)(?:e?s)? (?:right |just )?"
             "before (?:processing|handling|applying|acting on|they process|they handle) "
             "UPTODATE"),
         "fail at UPTODATE"},
    };
    return rewritten(words, all);
}

}  // namespace

std::string step_in_known_words(const std::string& words) {
    return with_uptodate(with_losses(with_returns(with_leavers(words))));
}

std::string claim_in_known_words(const std::string& words) {
    static const Rewrite all[] = {
        {std::regex("(^|[;,] ?)(?:and |but )?(?:truncates|removes|drops|discards|loses) "
                    "(/\\w+|(?:the )?(?:failed |lost "
                    "|uncommitted )?(?:create|node|znode|txn))" +
                    ends),
         "$1$2 truncated"},
        {std::regex(
             "(^|[;,] ?)(FOLLOWING|follows|follower|up|serving) (?:without|and has no|with no|"
             "but has no) (?=/)"),
         "$1$2; no "},
        {std::regex(
             "(^|[;,] ?)(?:the )?leader's (?:accepted |current )?epoch (?:is )?(?:below|less "
             "than|lower than|smaller than|behind|before) (?:its|the)(?: own)? "
             "(?:acceptedEpoch|accepted epoch|own|epoch)" +
             ends),
         "$1ahead of leader"},
        {std::regex("^(?:(?:truncated|absent|gone|removed|missing)[;,] (?:and )?)?"
                    "(?:exists |present |is |there )*(?:on|at) no (?:server|node)$"),
         "absent everywhere"},
        {std::regex("(^|[ ,])(?=[a-z]+[0-9]+\\.\\.[0-9]+\\b)"), "$1/"},
        {std::regex("^(has|with) ([a-z])$"), "$1 /$2"},
        {std::regex("\\b(?:is |was )?(?:dropped|thrown away|rolled back|discarded)\\b"),
         "truncated"},
        {std::regex("^(?:the )?(?:node|z?node|create|txn) (?:is )?(?:not|never) lost$"),
         "the failed create present"},
        {std::regex("^refuses (?:the |its )?(?:leader|quorum)(?: that is behind)?$"),
         "does not come up (ahead of leader)"},
        {std::regex(
             "^(?:the )?create (?:is )?(?=(?:absent|gone|missing|truncated|present|there|visible)"
             "\\b)"),
         "the failed create "},
        {std::regex(", (?:just )?(?:as|like) (?:the )?leader(?: does)?$"), " as leader"},
        {std::regex("(^|[;,] ?)(?:is )?(follows|FOLLOWING) (?:one|either) of (?:the )?(?:other )?"
                    "(?:two|others|followers)" +
                    ends),
         "$1follows a new leader"},
        {std::regex("(^|[;,] ?)(?:misses|lacks|has lost|loses|lost) nothing" + ends),
         "$1none missing"},
        {std::regex("(^|[;,] ?)no (?:creates?|nodes?) (?:is |are )?(?:missing|lost)" + ends),
         "$1none missing"},
        {std::regex("^(?:has )?(?:the )?(?:same )?(tree|data|state|history) of (?:the )?leader$"),
         "same $1 as leader"},
    };
    return rewritten(words, all);
}

}  // namespace conformance
