#include "tests/conformance/story.hpp"
#include "tests/conformance/story_synonyms.hpp"

namespace conformance {

// Other ways to write the steps and the expectations of a story: in the words that it knows.

namespace {

/// "follower2", "f2": F2.
std::string with_names(const std::string& words) {
    static const Rewrite all[] = {
        {Regex("\\b(?:follower |server )?[fF]ollower[_-]?([1-9])\\b"), "F$1"},
        {Regex("\\b(?:follower |server )?f([1-9])\\b"), "F$1"},
        {Regex("\\bfollower (F[1-9])\\b"), "$1"},
        {Regex("\\bs([0-9])\\.\\.s?([0-9])\\b"), "S$1-S$2"},
        {Regex("\\bs([0-9])\\b"), "S$1"},
    };
    return rewritten(words, all);
}

/// "10 x /foo", "10 creates foo": "10 creates /foo*".
std::string with_creates(const std::string& words) {
    static const Rewrite all[] = {
        {Regex("\\bcreate ([0-9]+) (?:z?nodes )?(?:/([a-z]+)|(foo|bar|baz))\\*?(?=$|;|,)"),
         "$1 creates /$2$3*"},
        {Regex("\\b([0-9]+) ?(?:x|\u00d7|(?:more )?(?:creates?|z?nodes|writes)(?: of)?) ?"
               "(?:/([a-z]+)|(foo|bar|baz))\\*?(?=$|;|,)"),
         "$1 creates /$2$3*"},
        {Regex("\\b([Cc]reates?) (?:an?|one) (?:z?node)(?= \\(| in | -> |$|[;,])"), "create"},
        {Regex("^((?:client )?creates?(?: /\\w+)?),? \\(?(?:in )?epoch ([0-9]+)\\)?$"),
         "$1 -> epoch $2"},
        {Regex("\\bcreates? ([a-z]+)([0-9]*)\\.\\.(?:/?\\1)?([0-9]+)"), "create /$1$2..$3"},
        {Regex("\\b(down|stopped|killed) (?:for|during) ([0-9]+)s? (?:of )?"
               "(?:txns|transactions|creates|writes)\\b"),
         "$1; $2 creates"},
    };
    return rewritten(words, all);
}

/// Who goes, who comes back, and what it has lost.
std::string with_moves(const std::string& words) {
    static const Rewrite all[] = {
        {Regex("\\b(?:delete|wipe|clear|erase|empty) (?:the )?([\\w ]+?)'s "
               "(?:data|disk|data ?dir|state|files)(?=$|[;,])"),
         "wipe data of $1"},
        {Regex("(?!delete|wipe|clear|erase)\\b((?:one |the |an? )?[\\w]+)'s (?:data|disk|data ?dir)"
               " (?:is |are |gets )?(?:deleted|wiped|cleared|erased|emptied|lost|removed)"
               "(?=$|[;,])"),
         "wipe data of $1"},
        {Regex("\\b(?:data|disk) of ([\\w, -]+?) (?:is |are )?"
               "(?:deleted|wiped|cleared|erased|emptied|lost|removed)(?=$|[;,])"),
         "wipe data of $1"},
        {Regex("^((?:follower |server |node )?(?:[A-Z]|S?[0-9])),? with (?:its |the |their )?"
               "(?:old|stale|own|full|previous) (?:data|disk|data ?dir|history),? "
               "(?:is |comes )?(up|starts|joins|back)$"),
         "$1 $2 with old data"},
        {Regex("^((?:client )?creates? /\\w+)(?:,| is)? "
               "(?:committed|ok|succeeds|works|done|acked)$"),
         "$1"},
        {Regex("\\bread (/\\w+) (?:everywhere|on all servers|on every server|at all servers)"
               "(?=$|[;,:])"),
         "read $1 at all"},
        {Regex("\\b(?:up|(?:re)?starts?|(?:re)?started)(?: again)? under (?:the )?load\\b"),
         "up while creates go on"},
        // A write that only the leader logs.
        {Regex("^(old leader|leader|L) (?:alone )?logs (?:an? |the )?(?:create )?(/?\\w+)"
               "(?: (?:alone|only|by itself|and nobody else))?$"),
         "create $2 logged by $1 only"},
        {Regex("^only (?:the )?(old leader|leader|L) logs (?:an? |the )?(?:create )?(/?\\w+)$"),
         "create $2 logged by $1 only"},
        {Regex("\\b(logged (?:by|at|on) (?:the )?(?:old leader|leader|L)) alone\\b"), "$1 only"},
        {Regex("^(?:an? |the )?(?:uncommitted|failed|unacked|lost) create(?: of)?( /\\w+)? "
               "(?:is )?(?:only )?(on|in|at) (?:the )?(old leader|leader|L)(?:'s (?:disk|log))?"
               "(?: only| alone)?(?=$|[;,])"),
         "create$1 fails, on leader disk"},
    };
    return rewritten(words, all);
}

/// How often all go at once, from where they come back, and how a connection breaks.
std::string with_breaks(const std::string& words) {
    static const Rewrite all[] = {
        // Who goes: all of them.
        {Regex("(^|[;,] ?)(?:an? |the )?(?:full|complete|total|whole) (?:stop|shut ?down|"
               "outage)(?: of (?:the )?(?:ensemble|cluster))?(?=$|[;,])"),
         "$1all down"},
        {Regex(": (?:an? |the )?(new|next|another) epoch(?=$|[;,])"), " ($1 epoch)"},
        {Regex("\\b((?:follower |server )?(?:[A-Z]|S?[0-9])|(?:the )?followers?) "
               "(?:(?:is )?(?:re)?loads?(?:ed)?(?: its)?(?: (?:data|database|tree|snapshot|"
               "state))*|restarts|is restarted|(?:re)?boots) from (?:the |its |that |this )?"
               "(?:disk|snapshot|data dir)(?=$|[;,])"),
         "restart $1"},
        {Regex("\\b((?:re)?(?:start|boot) (?:the )?(?:follower |server )?(?:[A-Z]|S?[0-9]|follower)"
               ") from (?:the |its |that |this )?(?:disk|snapshot|data dir)(?=$|[;,])"),
         "$1"},
        // How a connection breaks.
        {Regex("\\b(?:drops?|loses?|closes?|cuts?|breaks?|resets?) (?:the |its |their )?"
               "(?:leader |learner )?(?:connection|socket|link)s?(?: to (?:the )?leader)?"
               "(?= (?:on|at|when|upon) (?:reading |receiving )?UPTODATE)"),
         "fail"},
        {Regex("\\b(?:the )?(?:readPacket|packet reads?|reads? of (?:the )?packet) "
               "(?:fails?|throws|times? out|errors?|breaks?)"
               "(?= (?:on|at|when|upon|for) (?:reading )?UPTODATE)"),
         "fail"},
        {Regex("\\b(?:the |their |its )?(?:socket|connection|read)(?:'s)? (?:timeouts?|times? "
               "out|timed out|errors?|breaks?|closes|drops|fails?)(?= (?:is |are )?"
               "(?:injected |thrown )?(?:on|at|when|upon) (?:reading )?UPTODATE)"),
         "fail"},
    };
    return rewritten(words, all);
}

std::string camel_case(const std::string& words) {
    std::string key;
    bool is_next = false;
    for (const char letter : words) {
        if (letter != ' ') key += is_next ? static_cast<char>(letter & ~0x20) : letter;
        is_next = letter == ' ';
    }
    return key;
}

}  // namespace

std::vector<std::string> story_steps(const Value& stimulus) {
    static const Regex of_last(
        "^(?:is |gets |then |and )*(?:killed|stopped|dies|crashes) "
        "(?:during|while|mid|amid|in).*");
    std::vector<std::string> all;
    for (const std::string& told : texts(stimulus, "stimulus")) {
        const std::string step =
            with_lost_writes(with_breaks(with_moves(with_creates(with_names(with_failing_starts(
                step_in_known_words(with_lost_disks(with_reads(with_quorums(told))))))))));
        if (!all.empty() && regex_match(step, of_last)) {
            all.back() += ", " + step;
        } else {
            all.push_back(step);
        }
    }
    return with_points(all);
}

std::string story_words(const std::string& words) {
    static const Rewrite all[] = {
        {Regex(" \\((durable|on disk|logged|synced|persisted) before (?:the|its|their) "
               "(?:(?:NEWLEADER )?acks?|ack of NEWLEADER)\\)"),
         "; proposals are $1 before the NEWLEADER ack"},
        {Regex("(^|[;,] ?)(?:and |with |but )*(?:(?:no|without(?: an?| any)?) "
               "(?:holes?|gaps?|loss)|nothing (?:is )?lost|none (?:is )?lost)(?=$|[;,])"),
         "$1none missing"},
        {Regex("^(all )?([0-9]+) of \\2 (?=nodes|creates|znodes)"), "all $2 "},
        {Regex("^(all [0-9]+)$"), "$1 nodes"},
        {Regex("^(?:all )?([0-9]+)(?: nodes)? (?:are )?(?:found|read|seen|there|present)$"),
         "all $1 nodes"},
        {Regex(", (?=[0-9]+ (?:more |further |new )?(?:creates|writes) )"), "; "},
        {Regex("^(?:all )?([a-z]+) and ([a-z]+) (?:are )?complete$"), "/$1* and /$2* present"},
        {Regex("^all ([a-z]+) and ([a-z]+)$"), "/$1* and /$2* present"},
        {Regex("^(?:service|cluster|ensemble|quorum) (?:is )?(?:up|serves|available)$|"
               "(; ?|, )(?:service|cluster|ensemble|quorum) (?:is )?(?:up|serves|available)$"),
         "$1up"},
        {Regex("^([^;,]* (?:the )?(?:node|znode|/\\w+)) (?:too|as well)$"), "$1"},
        {Regex(", (?:and )?s,? (?:too|included|as well)$"), " and new session"},
        {Regex("^equal trees$"), "trees equal"},
        {Regex("(^|[;,] ?)(?:has |in |at |the )*(epochs?|tree|data|state|sessions) of (?:the )?"
               "leader(?=$|[;,])"),
         "$1same $2 as leader"},
        {Regex("\\bsame (?:number|count|set) of (?=ephemerals?|sessions|z?nodes)"), "same "},
        {Regex("(^|[;,] ?)(?:and |with |has |in |at |the )*leader's (epochs?|tree|data|state|"
               "sessions|(?:last )?zxid)(?=$|[;,])"),
         "$1same $2 as leader"},
        {Regex("^((?:the )?same (?:(?!\\b(?:as|with|to)\\b)[\\w ])+), ([\\w ]+) and ([\\w ]+)$"),
         "$1 and $2 and $3 as leader"},
        {Regex("^((?:the )?same [\\w ]+), ([\\w ]+) and ([\\w ]+) as "), "$1 and $2 and $3 as "},
    };
    return rewritten(with_names(claim_in_known_words(with_times(words))), all);
}

std::string story_key(const std::string& key) {
    static const Regex words(
        "(?:new|old|after|before|when|once|read)(?: (?:the "
        ")?(?:quorum|leader|restart|rejoin|return|"
        "join|before|at|old|followers?))+");
    static const Regex article("\\bthe ");
    static const Regex at_leader(
        "(?:(?:visible|exists|seen|served|shown|present|readable)?(?:At|By|On)|at)(?:The)?(?:Old)?"
        "Leader|(?:visible|exists|seen|served|present|readable)(?:At|On)L|(?:old)?[lL]eaderRead|"
        "readOfLeader");
    static const Regex at_new(
        "(?:visible|exists|seen|served|present|readable|found)(?:At|By|On)?(?:The)?NewLeader");
    if (regex_match(key, at_new)) return "newLeader";
    static const Regex of_followers("(?:old|former|two|both)[fF]ollowers");
    static const Regex of_reader("read(?:At|By|From|Of|On)?(?:Follower)?([A-KM-Z]|S[0-9])");
    if (regex_match(key, of_reader)) return regex_replace(key, of_reader, "$1");
    if (regex_match(key, at_leader)) return "readAtLeader";
    if (regex_match(key, of_followers)) return "followers";
    if (regex_match(key, words)) return camel_case(regex_replace(key, article, ""));
    static const Regex range("\\b([1-9])\\.\\.([1-9])\\b");
    return with_names(regex_replace(key, range, "$1-$2"));
}

}  // namespace conformance
