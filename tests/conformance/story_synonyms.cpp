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
        {Regex("\\b(followers|all|both|everybody|" + one + ") (?:are |is |switched )*off" + ends),
         "$1 down"},
        {Regex("\\b(followers|all|both|everybody|" + one +
               ") (?:are |is |switched )*(?:on|"
               "running)" +
               ends),
         "$1 up"},
        {Regex("[;,] (?:and )?one(?: of them)? (?:leads|is elected|becomes leader|is leader)" +
               ends),
         ", new leader elected among them"},
        {Regex("\\b(followers (?:up|(?:re)?start|(?:re)?started|back)) without it" + ends),
         "$1 without old leader"},
        {Regex("\\b(?:[Bb]ounce|[Cc]ycle|[Rr]eboot|(?:stop|kill) and (?:re)?start) (?=" + one +
               "|both|all|them|everything|it\\b|[0-9])"),
         "restart "},
        {Regex("\\b(restarts?|restarted|reboots?|up|started|starts?) (?:in|into|under|with) "
               "(?:an? |the )?(new|next|another) epoch" +
               ends),
         "$1 ($2 epoch)"},
        {Regex("\\b(joins|starts|up) (?:late|later|last|only now|afterwards)" + ends), "$1"},
        {Regex("\\b((?:re)?start) (" + one + ")(?::| by| with| via|,)(?: an?)? " + mode + ends),
         "$2 $1s by $3"},
        {Regex("\\b(back|up|(?:re)?starts?|(?:re)?started|returns?|(?:re)?joins?) "
               "(?:with|via|through|using|over) (?:an? |the )?" +
               mode + "\\b"),
         "$1 by $2"},
        {Regex("\\b(up|(?:re)?starts|(?:re)?joins|back)(?: again)? \\(" + mode +
               "\\)(?= under| while| during)"),
         "$1 by $2"},
        {Regex("\\bby " + mode + " under (?:the )?(?:load|writes|creates)\\b"),
         "by $1 while creates go on"},
        {Regex("\\bre-?sync(?:s|ed|hroni[sz]es) (?:by|via|with|through) (?:an? )?" + mode),
         "gets $1"},
        {Regex("\\b(" + one + ") (starts|restarts)( by \\w+)?[;,] (?:stop|kill) \\1 after "),
         "$1 $2$3, killed after "},
        {Regex("\\b(" + one +
               ") connects(?: to (?:the |that |an? )?(?:leader|quorum|ensemble|cluster))?" + ends),
         "$1 up"},
        {Regex("\\bup (?:only )?for ((?:[0-9.]+) ?(?:ms|s|seconds?|ticks?))" + ends),
         "up, killed after $1"},
        {Regex("\\b(" + one +
               ") (?:is )?(?:down|stopped|away) (?:from|between) ([0-9]+) "
               "(?:to|and|until|till) ([0-9]+)" +
               ends),
         "$1 down at $2, $1 up at $3"},
        {Regex("^(?:only (?:the )?(?:two |both )?followers|(?:the )?(?:two |both )?followers "
               "(?:only|alone))$"),
         "start followers only"},
        {Regex("\\b(start|restart) only (" + one + "|both followers)" + ends), "$1 $2 only"},
    };
    return rewritten(words, all);
}

/// Who leaves, and comes back from its disk; all of them, so many times.
std::string with_leavers(const std::string& words) {
    static const Rewrite all[] = {
        {Regex("[;,] (?:it )?(?:leaves|quits|stops|gives up) (?:leading|leadership)"
               "(?: for (?:the )?lack of (?:followers|an? quorum))?" +
               ends),
         ", gives up"},
        {Regex("\\b(stops), (?:(?:re)?loads|(?:re)?starts|boots) from (?:its )?(?:disk|snapshot|"
               "data)(?:, (?:and )?(?:re)?joins)?" +
               ends),
         "restarts"},
        {Regex("\\brestart (?:all )?twice" + ends), "restart all 2 times"},
        {Regex("^restart (?:all )?once$"), "restart all"},
        {Regex("^restart (three times|[2-9] times)$"), "restart all $1"},
        {Regex("^(?:client )?(?:getChildren|list|ls)(?: of)?(?: (?:/|the )?root| /)?$"),
         "read all at leader"},
    };
    return rewritten(words, all);
}

/// A write that only the leader logs; an old leader that is kept out, or not any longer.
std::string with_losses(const std::string& words) {
    static const Rewrite all[] = {
        {Regex("\\b(?:the )?client's (create|set|write)"), "client $1"},
        {Regex(" \\((?:with |while |when |as )?(?:the |both |its )*followers (?:were|are|being) "
               "(?:down|stopped|killed|off|gone)\\)"),
         " (no quorum)"},
        {Regex("^((?:client )?creates? (?:(?!ephemeral)[^;,])*), (?:and |then )?(?:client )?"
               "closes(?: it| (?:the |its )?(?:session|connection))?$"),
         "$1"},
        {Regex("(^|[;,] ?)((?:client )?reads?)(?: them| it)?(?=$|[;,])"), "$1$2 all"},
        {Regex("^((?:the )?(?:async |client )*(?:create|set|write)[^;]*); ((?:the )?client "
               "(?:sees|gets|has|receives))"),
         "$1, $2"},
        {Regex("^(old leader|leader|L) (?:alone )?(?:logs|has logged) (?:an? |the )?create "
               "(/\\w+)[,;]? (?:and |but )*(?:no (?:quorum|majority|follower|one else)|nobody"
               "(?: else)?) (?:acks|logs|has|sees)(?: it)?" +
               ends),
         "create $2 logged by $1 only"},
        {Regex("^(old leader|leader|L) (?:alone )?(?:(?:proposes|logs|writes),? and |"
               "proposes, logs and )(?:self-acks|acks(?: itself)?|acks it itself|"
               "acknowledges itself|acknowledges)(?: an?| the)? create (/\\w+)(?: itself| alone|"
               " only)?" +
               ends),
         "create $2 logged by $1 only"},
        {Regex("^(old leader|leader|L) proposes (?:an? |the )?create (/\\w+),? (?:and |but )?"
               "logs it (?:itself|alone|only)(?:[;,] (?:but |and )?no quorum)?$"),
         "create $2 logged by $1 only"},
        {Regex("[;,] (?:but |and )*(?:the )?(old leader|leader|L) has (?:logged it|it "
               "(?:logged|on (?:its )?disk|in its log))" +
               ends),
         ", logged by $1"},
        {Regex("^(?:resume|allow|restore|end the suspension of|unblock) (?:the )?(old leader|"
               "leader|L)(?:'s elections?)?$"),
         "$1 resumes"},
        {Regex("^(?:set |install |with |using )*(?:an? |the )?hook(?: on \\w+| set| installed)*"
               "[:,] "),
         ""},
        {Regex("\\b(old leader|leader|L) (?:exposes|exhibits|returns|answers with) "
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
        {Regex("\\b(?:the |their )?(?:reads?|reading) of UPTODATE " + fails + "\\b"),
         "fail at UPTODATE"},
        {Regex("\\b(?:the |their )?UPTODATE reads? " + fails + "\\b"), "fail at UPTODATE"},
        {Regex("\\b(?:on|at|when|upon) (?:reading )?UPTODATE,? (?:both|they|each|it) " + fails +
               "\\b"),
         "fail at UPTODATE"},
        {Regex("\\b(?:the |their |its )?(?:connection|socket|link)s? (?:is |are |gets )?(?:lost|"
               "cut|broken|closed|dropped|reset) (?:at|on|when|upon|by) (?:reading )?UPTODATE"),
         "fail at UPTODATE"},
        {Regex("\\b(?:they |each |both )?(?:crash|die|stop|fail|quit)(?:e?s)? (?:right |just )?"
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
        {Regex("(^|[;,] ?)(?:and |but )?(?:truncates|removes|drops|discards|loses) "
               "(/\\w+|(?:the )?(?:failed |lost "
               "|uncommitted )?(?:create|node|znode|txn))" +
               ends),
         "$1$2 truncated"},
        {Regex("(^|[;,] ?)(FOLLOWING|follows|follower|up|serving) (?:without|and has no|with no|"
               "but has no) (?=/)"),
         "$1$2; no "},
        {Regex("(^|[;,] ?)(?:the )?leader's (?:accepted |current )?epoch (?:is )?(?:below|less "
               "than|lower than|smaller than|behind|before) (?:its|the)(?: own)? "
               "(?:acceptedEpoch|accepted epoch|own|epoch)" +
               ends),
         "$1ahead of leader"},
        {Regex("^(?:(?:truncated|absent|gone|removed|missing)[;,] (?:and )?)?"
               "(?:exists |present |is |there )*(?:on|at) no (?:server|node)$"),
         "absent everywhere"},
        {Regex("(^|[ ,])(?=[a-z]+[0-9]+\\.\\.[0-9]+\\b)"), "$1/"},
        {Regex("^(has|with) ([a-z])$"), "$1 /$2"},
        {Regex("\\b(?:is |was )?(?:dropped|thrown away|rolled back|discarded)\\b"), "truncated"},
        {Regex("^(?:the )?(?:node|z?node|create|txn) (?:is )?(?:not|never) lost$"),
         "the failed create present"},
        {Regex("^refuses (?:the |its )?(?:leader|quorum)(?: that is behind)?$"),
         "does not come up (ahead of leader)"},
        {Regex("^(?:the )?create (?:is )?(?=(?:absent|gone|missing|truncated|present|there|visible)"
               "\\b)"),
         "the failed create "},
        {Regex(", (?:just )?(?:as|like) (?:the )?leader(?: does)?$"), " as leader"},
        {Regex("(^|[;,] ?)(?:is )?(follows|FOLLOWING) (?:one|either) of (?:the )?(?:other )?"
               "(?:two|others|followers)" +
               ends),
         "$1follows a new leader"},
        {Regex("(^|[;,] ?)(?:misses|lacks|has lost|loses|lost) nothing" + ends), "$1none missing"},
        {Regex("(^|[;,] ?)no (?:creates?|nodes?) (?:is |are )?(?:missing|lost)" + ends),
         "$1none missing"},
        {Regex("^(?:has )?(?:the )?(?:same )?(tree|data|state|history) of (?:the )?leader$"),
         "same $1 as leader"},
    };
    return rewritten(words, all);
}

}  // namespace conformance
