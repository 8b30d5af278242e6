#include "tests/conformance/regex.hpp"
#include "tests/conformance/story_synonyms.hpp"
#include "tests/conformance/words.hpp"

namespace conformance {

// Whoever goes and comes back, what is read of them and when: in the words that a story knows.

namespace {

const std::string begin = "(^|[;,:] ?|\\. )(?:and |then |but )*";
const std::string ends = "(?=$|[;,.]| \\(| and | but )";
const std::string group =
    "((?:the |both |two |all |other |remaining )*followers|all|everybody|everything|both|them|"
    "(?:the )?(?:follower |server |node )?(?:[A-Z]|S?[0-9]|F[0-9])"
    "(?:(?:, | and |,)(?:[A-Z]|S?[0-9]|F[0-9]))*|(?:the )?(?:old )?leader)";
const std::string old = "(?:the )?(?:old |former |previous |isolated )?(?:leader|L)";

std::string with_verbs(const std::string& words) {
    static const Rewrite all[] = {
        {Regex(begin + "(?:old leader|leader|L) loses (?:both |all |its |two )*followers" + ends),
         "$1followers down"},
        {Regex("\\bshut (everything|all|all servers|everybody|both followers|leader) down" + ends),
         "stop $1"},
        {Regex("^(/\\w+) (?:is )?(?:created|written)$"), "create $1"},
        // "down: both followers".
        {Regex(begin + "(down|up|stop|start|restart|kill|bounce): " + group + ends), "$1$3 $2"},
        {Regex("(^|; )(?:nodes |servers )?" + group +
               " (?:is |are )?(stop|start|restart|kill|bounce)" + ends),
         "$1$3 $2"},
        {Regex("^((?:the |both |two )*followers)$"), "start followers only"},
        {Regex("\\b" + group +
               " (?:(?:is|are|goes|go|gets?|taken|powered|switched|brought) )*(?:offline|"
               "halted|unavailable|lost|disconnected|away|gone|dead)" +
               ends),
         "$1 down"},
        {Regex(begin +
               "((?:the |both |two )*followers|both|all|A, B|A and B) (?:fail|leave|"
               "disappear|go away|die|crash)" +
               ends),
         "$1$2 down"},
        {Regex("\\b" + group +
               " (?:(?:is|are|goes|go|gets?|comes?|come|brought|powered|switched) )*(?:back )?"
               "(?:online|up|back)" +
               ends),
         "$1 up"},
        {Regex("\\b" + group + " (?:recover|return|reappear)(?=:|$|[;,.]| \\(| and | but )"),
         "$1 up"},
        {Regex("\\b((?:the |both |two )*followers) (?:(?:are |is )?(up|started|restarted|start|"
               "restart) alone|alone (?:are )?(up|started|restarted|start|restart))" +
               ends),
         "start followers only"},
    };
    return rewritten(words, all);
}

/// All of them, and how often.
std::string with_restarts(const std::string& words) {
    static const Rewrite all[] = {
        {Regex(begin +
               "(?:an? |the )?(?:full|complete|whole|total|general)"
               "(?: ensemble| cluster)? restart(?: of (?:all|everything|the ensemble|"
               "the cluster))?" +
               ends),
         "$1restart all"},
        {Regex(begin +
               "(?:the )?(?:whole |entire |full )*(?:ensemble|cluster|everything) "
               "(?:is )?(?:restarts|restarted)" +
               ends),
         "$1restart all"},
        {Regex("\\b(restart(?:s|ed)?|bounce[sd]?) (?:once (?:more|again)|one more time|(?:for )?"
               "(?:a |the )?second time|another time|anew)" +
               ends),
         "$1"},
        {Regex("\\bcreate (/\\w+)(?:,| and) (/\\w+),? (?:with )?(?:an? )?(?:full )?restarts?"
               "(?: of (?:all|everything))? (?:in )?between(?: them)?" +
               ends),
         "create $1; restart all; create $2"},
        {Regex(begin + "(?:stop|kill|shut ?down)(?:,| and|, then) (?:re)?start" + ends),
         "$1restart all"},
        {Regex("(^|; )(stop|start|restart)(?=$|;)"), "$1$2 all"},
        {Regex("^((?:follower )?(?:[A-Z]|S[0-9])) (?:is )?(?:reloads?|reloaded|bounces?)$"),
         "restart $1"},
        {Regex("\\b(up|(?:re)?starts?|(?:re)?started|back)(?: again)? from (?:its |the |their )?"
               "(?:own )?(?:disks?|snapshots?(?: and log)?|data)" +
               ends),
         "$1"},
        {Regex("\\brestart of (?:the )?(old leader|leader|L|all|followers)" + ends), "restart $1"},
        {Regex("\\b(old leader|leader|L|it) (?:is )?bounced" + ends), "restart $1"},
        // Whose failure is over.
        {Regex("(\\b(?:up|(?:re)?starts?|(?:re)?started|back|(?:re)?start [^;,]*?)),? "
               "\\(?(?:no|without(?: an?| any)?) (?:more )?(?:hooks?|errors?|failures?|faults?|"
               "injection|fault injection|error injection|injected (?:errors?|faults?|"
               "failures?)|exceptions?)\\)?" +
               ends),
         "$1 without errors"},
        {Regex("\\b(start|restart|boot) ([^;,]*?) normally" + ends), "$1 $2 without errors"},
    };
    return rewritten(words, all);
}

std::string with_old_leader(const std::string& words) {
    static const Rewrite all[] = {
        {Regex("\\b" + old +
               "'s (?:re-?)?elections? (?:is |are |gets |being )*(?:suspended|blocked|disabled|"
               "held|paused|stopped|prevented)" +
               ends),
         "leader suspended"},
        {Regex("\\b(?:suspend|block|disable|pause|hold|stop|prevent) (?:the )?(?:leader )?"
               "(?:re-?)?elections? (?:at|of|on|in|by|for) " +
               old + ends),
         "leader suspended"},
        {Regex("\\b(?:suspend|block|disable|pause|hold|stop|prevent) " + old +
               "'s (?:re-?)?elections?" + ends),
         "leader suspended"},
        {Regex("\\b(old leader|leader|L) (?:drops|goes|falls|reverts|switches|changes|turns)"
               "(?: back)? (?:to|into) LOOKING\\b"),
         "$1 gives up"},
        {Regex("\\b(?:old leader|leader|L)(?:'s)? (?:session )?(?:timeouts?|tick(?:Time)?) "
               "(?:is |are )?"
               "(?:raised|increased|extended|prolonged|lengthened)" +
               ends),
         "leader's tick raised"},
        {Regex("^(?:quorum (?:is )?lost|lose (?:the )?quorum|quorum loss): (.*)$"),
         "$1; quorum lost"},
        {Regex(
             " \\(((?:the )?(?:quorum (?:is )?(?:lost|kept|intact|held|remains|stays)|no (?:quorum|"
             "service)|quorum loss)(?: any (?:more|longer))?)\\)"),
         "; $1"},
        {Regex("\\b(old leader|leader|L) (?:is )?(?:let in|allowed to "
               "(?:re-?elect|elect|(?:re-?)?join|look|vote|return|take "
               "part)|admitted|freed|set free|unfrozen)" +
               ends),
         "$1 allowed back"},
        {Regex("\\b(old leader|leader|L)((?:,? [a-z]+)*,? (?:rejoins|joins|returns|follows|back)"
               "(?: [a-z]+)*),? (?:and )?(?:is )?(?:truncates?|truncated|TRUNCs)(?: it| its "
               "log| /\\w+)?" +
               ends),
         "$1$2 by TRUNC"},
        {Regex("\\b(old leader|leader|L) is truncated (?:on|at|when|upon) (?:its )?(?:rejoin|"
               "return|rejoining|it rejoins)" +
               ends),
         "$1 rejoins by TRUNC"},
        {Regex("\\b(start(?: both| the| two)* followers|followers (?:up|start|started|restart|"
               "back|restarted)) without (?:the )?leader" +
               ends),
         "$1 without old leader"},
        {Regex("\\b(start [^;,]*followers), (?:but )?not (?:the )?old leader" + ends),
         "$1 without old leader"},
    };
    return rewritten(words, all);
}

/// Which quorum they are.
std::string with_outcomes(const std::string& words) {
    static const Rewrite all[] = {
        {Regex("(?: ->|[,;:]) (?:an? |the )?(?:new )?quorum (?:is formed )?without " + old + ends),
         ", they form a quorum without old leader"},
        {Regex("(?: ->|[,;:]) (?:an? |the )?(?:new )?quorum(?: is)?(?: forms?| formed| up)?" +
               ends),
         ", they form a quorum"},
        {Regex("[,;] (?:they |both |and )*(?:serve|are serving|are in service)" + ends),
         ", they form a quorum"},
        {Regex("^(?:an? |the )?(?:new )?quorum(?: is)? (?:forms?|formed)" + ends),
         "they form a quorum"},
        {Regex("\\b(?:elect|choose|pick) (?:one of (?:them|themselves|the two)|one another|"
               "a leader of their own|their own leader)" +
               ends),
         "elect a new leader among them"},
        {Regex("(^|[;,] )(?:an? |the )?(?:new )?(?:leader )?election among (?:them(?:selves)?|"
               "the two|both|followers)" +
               ends),
         "$1they elect a new leader among them"},
        {Regex("(?: ->) (?:an? |the )?new leader" + ends), ", new leader elected"},
        {Regex("^((?:the )?(?:old leader|leader|[A-Z]|S[0-9])|restart (?:old leader|leader|L)) "
               "-> (LEADING|LOOKING|FOLLOWING)$"),
         "$1 becomes $2"},
        {Regex("^(restart) (old leader|leader|L) becomes FOLLOWING"),
         "restart $2; $2 is FOLLOWING"},
    };
    return rewritten(words, all);
}

}  // namespace

std::string with_quorums(const std::string& step) {
    return with_outcomes(with_old_leader(with_restarts(with_verbs(step))));
}

std::string with_reads(const std::string& step) {
    static const std::string what =
        "(/\\w+|it|the node|node|znode|the znode|the create|create|[a-z])";
    static const std::string place = "(?:the )?(old leader|leader|L|S[0-9])";
    static const Rewrite all[] = {
        {Regex("\\b(client )?(?:gets?|getData|get data|stats?|looks? up|fetch(?:es)?|"
               "quer(?:y|ies)) (?=(?:of )?(?:/|the node|the znode))"),
         "$1read "},
        {Regex(begin + what +
               " (?:is |can be )?(?:served|shown|seen|exposed|returned|visible|readable|read|"
               "found|present|exists|observed)"
               " (?:by|to|at|on|from|through|via) (?:an? |the |any |its )*"
               "(?:clients? (?:of|at|on|connected to) )?" +
               place + ends),
         "$1$2 visible at $3"},
        {Regex(begin + place + ": " + what +
               " (?:is )?(?:visible|present|readable|found|exists|there)" + ends),
         "$1$3 visible at $2"},
        {Regex(begin + "(?:client )?reads? (?:at|on|from) " + place + ": " + what +
               " (?:is )?(visible|present|readable|found|exists|there|absent|missing)" + ends),
         "$1read $3 at $2: $4"},
        {Regex(begin + place +
               " (?:answers|serves|returns)(?: to)?(?: an?| the)? "
               "(?:exists|read|get|getData)(?:\\(| (?:of )?)(/\\w+)\\)?(?: (?:with )?(?:true|ok|"
               "success|its stat|a stat))?" +
               ends),
         "$1$3 visible at $2"},
        {Regex(begin + "(?:client )?(?:exists|read|getData|get|stat) (?:at|on|from) " + place +
               "(?: is|:)? (?:ok|succeeds|true|works|found)" + ends),
         "$1node visible at $2"},
        {Regex(begin + place + " reads? " + what +
               ": (visible|present|readable|found|exists|there|absent|missing|ok)" + ends),
         "$1read $3 at $2: $4"},
        {Regex(begin + place + " answers (?:an? |the )?(?:client )?reads? of " + what + ends),
         "$1$3 visible at $2"},
        {Regex("(^|[;,:] ?)(?:the )?(?:create|it) visible at "), "$1node visible at "},
    };
    return rewritten(step, all);
}

namespace {

/// Restarts, with or without something created in between: each begins another epoch.
std::string with_growing_epochs(const std::string& step) {
    static const Rewrite all[] = {
        {Regex("\\b(?:several |some |many )?creates and (?:(?:full|several|some) )*restarts?"
               "(?:,? (?:that |which |to |so |of all )*(?:the )?(?:raise|grow|bump)s? (?:the )?"
               "epochs?| of all)?" +
               ends),
         "several restarts with creates"},
        // How often is not told, and nothing is created.
        {Regex("\\b(?:several |some |many |a few )?(?:full )?restarts (?:that |which |to )?"
               "(?:raise|grow|bump) (?:the )?epochs?" +
               ends),
         "restart all 3 times"},
        {Regex("\\b(?:an? |the )?(?:full )?restart (?:that |which |to )?"
               "(?:raises|grows|bumps) (?:the )?epoch" +
               ends),
         "restart all"},
        {Regex("\\bepochs? (?:is |are )?(?:raised|grown|bumped) (?:by|through|with) "
               "(?:(?:several|some|many|a few|full) )*restarts" +
               ends),
         "restart all 3 times"},
        {Regex("\\b(several|some|three|four|five) creates, each (?:followed by|with|before) "
               "(?:an? )?(?:full |complete )?restart(?: of all)?" +
               ends),
         "$1 restarts with creates"},
        {Regex("\\brestart (?:all|everything) (several|[0-9]+|two|three|four|five) times (?:with|"
               "and) creates" +
               ends),
         "$1 restarts with creates"},
        {Regex("\\bcreate and restart (?:everything|all)(?: servers)? (several|three|four|five) "
               "times" +
               ends),
         "$1 restarts with creates"},
    };
    return rewritten(step, all);
}

}  // namespace

/// Disks that lose everything, or what is behind their snapshots.
std::string with_lost_disks(const std::string& step) {
    static const std::string who =
        "((?:S?[0-9]|[A-Z])(?:(?:-|, ?| and )(?:S?[0-9]|[A-Z]))*|all|they)";
    static const std::string kept =
        "(?:[,;]? (?:but |and |with )*(?:not (?:the )?snapshots?|(?:keep|keeping)(?: the| all)? "
        "snapshots?|(?:the |all )?snapshots? (?:are |is |being )?(?:kept|stay|stays|remain|left|"
        "intact|survive)))?";
    static const Rewrite all[] = {
        {Regex("(^|[^/\\w.])([1-9])\\.\\.([1-9])\\b"), "$1$2-$3"},
        {Regex("\\b[sS]([0-9])(?:\\.\\.\\.?|-)[sS]?([0-9])\\b"), "S$1-S$2"},
        {Regex(begin + who +
               " (?:lose|loses|lost) (?:all )?(?:their |its )?(?:data|disks?|state|"
               "history|data ?dirs?|everything)" +
               ends),
         "$1wipe data of $2"},
        {Regex(begin + who + " (?:is |are )?(?:wiped|erased|emptied)" + ends), "$1wipe data of $2"},
        {Regex(begin +
               "(?:wipe|erase|empty|clear) (?:the )?(?:servers? |nodes? )?"
               "(S?[0-9](?:(?:-|, ?| and )S?[0-9])*)" +
               ends),
         "$1wipe data of $2"},
        {Regex(begin +
               "(?:(?:all|the|their|every|txn|transaction|of) )*log(?: files|s|files) "
               "(?:(?:is|are|were|get|all|everywhere) )*(?:deleted|removed|wiped|lost|"
               "erased)(?: everywhere| on all(?: servers)?| of all(?: servers)?)?" +
               kept + ends),
         "$1delete all logs"},
        {Regex(begin +
               "(?:delete|remove|wipe|erase) (?:(?:all|the|their|every|txn|transaction|"
               "of) )*log(?: files|s|files)" +
               kept + ends),
         "$1delete all logs"},
    };
    return rewritten(with_growing_epochs(step), all);
}

/// What holds before and behind a restart.
std::string with_times(const std::string& claim) {
    static const std::string restart =
        "(?:(?:the|its|L's|old leader's|a|that|second|another) )*(?:restart|bounce|reboot)"
        "(?: of (?:the )?(?:old leader|leader|L|it))?";
    static const Rewrite all[] = {
        {Regex("[,;]? (?:and )?(?:it )?(?:stays|remains|is still|still|keeps)(?: being)? (?:so|"
               "gone|absent|that way|truncated|away|missing|this way|there|present)"
               "(?: too| also| even)?,? (?:even |also )?(?:after|across|over|behind) " +
               restart + "(?: too)?" + ends),
         ", also after restart"},
        {Regex("[,;]? (?:and |also |even |still )*(before and after) " + restart + ends),
         ", $1 restart"},
        {Regex("[,;] (?:and )?(?:even|also|still)? ?(?:after|across) " + restart + "(?: too)?" +
               ends),
         ", also after restart"},
        {Regex("[,;]? (?:both )?after (?:the |its )?(?:rejoin|return|rejoining)(?:,| and) (?:also |"
               "even )?(?:after )?(?:the |its )?restart" +
               ends),
         " before and after restart"},
        {Regex("^(?:identical|same|equal) trees? (without|with) (/\\w+)$"), "trees equal; $1 $2"},
        {Regex(" \\((TRUNC|SNAP|DIFF)\\)$"), "; synced by $1"},
        {Regex(" \\(ZOOKEEPER-[0-9]+\\)"), ""},
        {Regex("^(?:the )?same (?:tree )?as (?:the )?others" + ends),
         "same tree as leader and other server"},
        {Regex("(?:;) with (?=/\\w+$)"), "; has "},
        {Regex("(?:;) without (?=/\\w+$)"), "; no "},
        {Regex(" \\((?:the )?(?:txns?|proposals?|records?|transactions?|DIFF)(?: of (?:the )?"
               "DIFF)? (?:is |are |were )?(durable|on disk|logged|synced|persisted) before "
               "(?:the |its |their )?(?:NEWLEADER ack|ack of NEWLEADER)\\)"),
         "; proposals are $1 before the NEWLEADER ack"},
    };
    return rewritten(claim, all);
}

}  // namespace conformance
