#include "tests/conformance/election_words.hpp"

#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <array>

namespace conformance {

namespace {

/// "1", "1 and 2", "0, 1, 2".
const std::string ids = "(?:(?:nodes?|servers?|peers?) )?[0-9]+(?:(?:, ?(?:and )?| and )[0-9]+)*";
/// Them, or all there are; one group.
const std::string electors =
    "(" + ids +
    "|(?:(?:all|the|both) )*(?:[0-9]+|two|three|four|five)(?: (?:fresh )?(?:nodes|"
    "servers|peers|voters))?|all|both|they|everybody|everyone)";
const std::string ends_clause = "(?=$|[;,]| \\()";

/// Whose election it is, and which.
std::string placed(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("^(?:the )?(?:nodes|servers|peers|voters|peer|voter) (?=[0-9])"), ""},
        Rewrite{Regex("\\b([0-9]+) ?\\+ ?(?=[0-9]+ (?:elect|start|form|decide|vote|look|are|"
                      "up))"),
                "$1 and "},
        Rewrite{Regex("^([0-9]+)'s (?:process|server|peer|instance|machine) "), "$1 "},
        Rewrite{Regex("\\b(looks?|elects?|votes?|starts?|started|start [0-9]+) (?:once more|"
                      "anew|a second time|over again)\\b"),
                "$1 again"},
        Rewrite{Regex("^(first|second): *"), "$1 election: "},
        Rewrite{Regex("^(?:election|round) 1: *"), "first election: "},
        Rewrite{Regex("^(?:election|round) 2: *"), "second election: "},
        Rewrite{Regex("^election 1$"), "first election"},
        Rewrite{Regex("^election 2$"), "second election"},
        Rewrite{Regex("^" + electors + " votes?(?=$| and (?:decides?|elects?|agrees?)\\b)"),
                "$1 elect"},
        Rewrite{Regex("\\b(elects?(?: [0-9]+| a leader)?|decides?|finish(?:es)?) in (?:election "
                      ")?round ([0-9])$"),
                "$1 (round $2)"},
    };
    return rewritten(told, forms);
}

/// How an election is held.
std::string held(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("\\b(?:increments|raises|advances|increases|bumps|moves) its (?:election "
                      ")?(?:round|logical ?clock) to (?=[0-9])"),
                "goes to round "},
        // "1 and 2 start: election round 1"
        Rewrite{Regex("^(.*\\b(?:starts?|joins?|boots?|comes? up|up))(?: *:|,) "
                      "(?=(?:(?:first|second) )?(?:election|round)\\b)"),
                "$1; "},
        Rewrite{Regex("\\b(?:in|with|at|of) election round (?=[0-9])"), "in round "},
        Rewrite{Regex("^(first|second) (?:leader )?(?:election|round)(?: of| among|: ?| is "
                      "between| between) " +
                      electors + "$"),
                "$1 election among $2"},
        Rewrite{Regex("^(?:the )?(?:leader )?election(?: in| of| at|,)? (?:round )?([0-9]) "
                      "(?:of|among|between|by|with|:) " +
                      electors + "$"),
                "election among $2 (round $1)"},
        Rewrite{Regex("(^|; )(?:the )?(?:leader )?election(?: in| of| at|,)? round ([0-9])"
                      "(?: ends| is over| finishes| completes)?$"),
                "$1election ends (round $2)"},
        Rewrite{Regex("^(?:let )?(?:elect|(?:the )?(?:leader )?elections?|vote|voting) "
                      "(?:of|among|between|by|with)"
                      "(?: only)? " +
                      electors + ends_clause),
                "election among $1"},
        Rewrite{Regex("^(?:let|have|make) " + electors + " (?=elect\\b)"), "$1 "},
        Rewrite{Regex("^" + electors +
                      " (?:hold|run|have|conduct|perform|go through|do|carry "
                      "out|make|take part in|complete|finish)s? (?:an?|the|their|its|one|an? "
                      "first|the first|their first|first) (?:leader )?(?:election|vote)" +
                      ends_clause),
                "$1 elect"},
        Rewrite{Regex("^" + electors +
                      " (?:hold|run|have|conduct|perform|go through|do|"
                      "complete|finish)s? election(?: round)? ([0-9])$"),
                "$1 elect (round $2)"},
        Rewrite{Regex("^" + electors +
                      " (?:choose|pick|select|determine|agree on|decide on|"
                      "vote for|find|get)s? (?:an?|the|one|their) leader" +
                      ends_clause),
                "$1 elect a leader"},
        Rewrite{Regex("^" + electors +
                      " (?:choose|pick|select|agree on|vote for)s? (?:node |"
                      "server )?([0-9]+)(?: as (?:the |their )?leader)?" +
                      ends_clause),
                "$1 elect $2"},
    };
    return rewritten(told, forms);
}

/// Who wins it.
std::string won(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("^(?:(?:node|server|peer) )?([0-9]+) (?:wins|prevails|becomes (?:the )?"
                      "leader|comes out as (?:the )?leader|takes the lead|(?:is|gets) (?:the )?"
                      "(?:chosen|elected|voted)(?: as| to be)?(?: the)? leader|is chosen|is "
                      "elected|gets elected)(?: (?:the |its )?(?:first )?(?:election|vote))?" +
                      ends_clause),
                "$1 elected"},
        Rewrite{Regex("^(?:(?:node|server|peer) )?([0-9]+) wins (?:the |its )?second (?:"
                      "election|vote|round)$"),
                "second election ends; $1 elected"},
        Rewrite{Regex("^(?:first )?(?:election|vote) (?:is )?won by (?:node |server )?([0-9]+)"
                      "$"),
                "$1 elected"},
        Rewrite{Regex("^([0-9]+) follows(?: (?:the )?leader)?$"), "$1 FOLLOWING"},
        Rewrite{Regex("^leader ([0-9]+) (?:is )?(?:elected|chosen)" + ends_clause), "$1 elected"},
    };
    return rewritten(told, forms);
}

/// Who looks first, comes and goes.
std::string looked(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("^(?:two |2 )?(" + ids + ") looks?(?: for (?:an? |the |their )?leader)?$"),
                "$1 starts LOOKING"},
        Rewrite{Regex("^([0-9]+) looks? (?:for )?(?:a leader )?(?:for )?(?:its |the )?first "
                      "time$"),
                "$1 starts"},
        Rewrite{Regex("^([0-9]+) (?:(?:is|are) )?(?:launched|booted|added|brought up|comes)" +
                      ends_clause),
                "$1 starts"},
        Rewrite{Regex("\\bcomes late" + ends_clause), "starts late"},
        Rewrite{Regex("^(?:then )?([0-9]+) goes(?: away| off)?$"), "$1 stops"},
        Rewrite{Regex("\\b(leaves|quits) (?:the )?(?:ensemble|cluster|quorum)" + ends_clause),
                "stops"},
        Rewrite{Regex("^(?:take|bring) ((?:(?:node|server|peer) )?[0-9]+|leader) down$"),
                "stop $1"},
        Rewrite{Regex("^(?:take|bring) (?:(?:node|server|peer) )?([0-9]+) (?:back up|up|back)"
                      "(?: again)?$"),
                "start $1"},
        Rewrite{Regex("^(?:they|both|these|all of them) (?:(?:are|now) )*(?:serve|serving|"
                      "have a quorum|are in quorum)$"),
                "quorum up"},
        Rewrite{Regex("^(?:an? |the )?(?:ensemble|cluster|quorum) (?:of|with) (" + ids +
                      ") (?:is )?(?:up|running|established|stable|formed|serving|there)$"),
                "quorum of $1 up"},
    };
    return rewritten(told, forms);
}

/// Who starts, and who goes.
std::string started(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("^(?:(?:the|an?|late|latecomer|late starter|newcomer|new|fresh) )+"
                      "(?:(?:server|node|peer|one) )?([0-9]+) (?=starts?\\b|joins?\\b|comes? "
                      "up|boots?\\b|enters?\\b|up\\b)"),
                "$1 "},
        Rewrite{Regex("\\b(third|second|fourth|fifth) one (?=joins|starts|comes)"), "$1 peer "},
        Rewrite{Regex("\\b(joins?|starts?|boots?|comes? up) (?:freshly|fresh|afresh|anew|as an?"
                      " (?:fresh|new|empty) (?:server|node|peer|one)|from scratch|for the first"
                      " time|empty)" +
                      ends_clause),
                "$1"},
        Rewrite{Regex("^([0-9]+) (?:enters|comes in|appears|shows up|is added|is launched|is "
                      "brought up|is booted)" +
                      ends_clause),
                "$1 starts"},
        Rewrite{Regex("^(" + ids +
                      ") (?:(?:is|are) )?(?:up|running|alive) and (?:serv(?:e|es|"
                      "ing)|in (?:a )?quorum|stable|established)$"),
                "quorum of $1 up"},
        Rewrite{Regex("^(" + ids +
                      ") (?:(?:is|are|have) )?(?:established|serving|in (?:a )?"
                      "quorum|stable|formed a quorum|(?:an? )?(?:established|stable|running) "
                      "(?:quorum|ensemble|cluster))$"),
                "quorum of $1 up"},
        Rewrite{Regex("^([0-9]+) up \\(round ([0-9])\\)$"), "$1 starts (round $2)"},
        Rewrite{Regex("^([0-9]+) (?:is )?(?:gone|off|dead|removed|lost)" + ends_clause),
                "$1 stops"},
        Rewrite{Regex("\\b(leaves|stops|quits|exits) (?:afterwards?|thereafter|for good)" +
                      ends_clause),
                "$1"},
        Rewrite{Regex("^leader ([0-9]+) (?:is )?(?:gone|lost|dead|away)" + ends_clause),
                "leader $1 stops"},
    };
    return rewritten(told, forms);
}

/// Who comes back, and who goes on as before.
std::string returned(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("\\b(comes back|returns|rejoins|restarts|restarted|is back) (?:as|with|in"
                      ") (?:an? )?(?:new|fresh|second) (?:instance|process|one|peer|server|"
                      "node)" +
                      ends_clause),
                "restarts"},
        Rewrite{Regex("\\b(?:asks|votes) (?:for (?:a |the )?leader )?again\\b"), "looks again"},
        Rewrite{
            Regex("\\b(starts?|begins?|enters?|joins?) election(?: number)? ([0-9])" + ends_clause),
            "$1 election (round $2)"},
        Rewrite{Regex(",? (?:with|on|from|in|using|keeping|over) (?:(?:the|its|an?) )*(?:same|"
                      "old|own|unchanged) (?:(?:data|log|tmp|temp|disk) ?)?(?:dirs?|directory|"
                      "directories|[dD]ataDirs?|disks?|data|logs?|files|folders?)\\b"),
                ""},
        Rewrite{Regex("^(?:an? )?new (?:peer|server|node|instance|process|QuorumPeer|one) "
                      "(?:of |for |with (?:sid|id) )?([0-9]+)\\b"),
                "$1"},
        Rewrite{Regex("^((?:(?:node|server|peer) )?[0-9]+|it) (?:starts over|begins again|"
                      "restarts|comes back|is replaced)(?: with| as| by)? (?:an?|its) (?:new|"
                      "fresh|second) (?:instance|process|one|peer|server)" +
                      ends_clause),
                "$1 restarts"},
        Rewrite{Regex("(^|[;,] |\\bthen |\\band )(?:(?:an?|its|the) )?(?:new|fresh|second) "
                      "instance(?: of it)?\\b"),
                "$1it"},
        Rewrite{Regex("\\b(?:reboots?|(?:is|are) rebooted|rebooted|bounces|(?:is|are) bounced|"
                      "bounced|is cycled|restarts itself|goes down and (?:comes back|returns|up"
                      " again)(?: up)?(?: again)?)" +
                      ends_clause),
                "restarts"},
        Rewrite{Regex("^(?:bounce|reboot|cycle|restart of|reboot of) (?=[0-9]|follower|leader|"
                      "all)"),
                "restart "},
        Rewrite{Regex("(^|[;,] |\\band |\\bthen |[0-9] )(?:(?:is|are|then|and|comes?|goes|"
                      "brought) )*(?:up|started|back up|launched|booted) again" +
                      ends_clause),
                "$1starts"},
        Rewrite{Regex("\\b(?:stays?|remains?) (?:as )?(?:decided|settled)\\b"), "stay as they are"},
        Rewrite{Regex("^(" + ids +
                      "|others|the others|the rest) (?:(?:is|are) )?(?:keeps? "
                      "(?:running|going)|go(?:es)? on|continues?|untouched|not touched|"
                      "unaffected|undisturbed|live on|lives on|stays? up)" +
                      ends_clause),
                "$1 stay as they are"},
        Rewrite{Regex("\\b(?:(?:falls|switches|reverts|drops|turns|goes|is) )?back (?:in|to|"
                      "into) LOOKING\\b"),
                "goes back to LOOKING"},
        Rewrite{Regex("^([0-9]+) (?:enters|joins|goes into|goes through|begins|makes) (?:an?|"
                      "the|its) (new|second|another|further|next) (election|round)" +
                      ends_clause),
                "$1 starts a $2 $3"},
        Rewrite{Regex("^([0-9]+) starts over" + ends_clause), "$1 starts a new election"},
    };
    return rewritten(told, forms);
}

/// Who does not follow whom it has voted for.
std::string deserted(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("\\b(?:changes its mind|has second thoughts|turns away|turns its back)"
                      "(?: on (?:the |its )?leader)?(?=$|[;,]| once| and| \\()"),
                "does not follow leader"},
        Rewrite{Regex("^((?:(?:node|server|peer|follower|voter) )?[0-9]+) (abandons|deserts|"
                      "leaves|quits|gives up) (?:it|him|its choice|its candidate|the winner|the "
                      "elected one)\\b"),
                "$1 $2 its leader"},
        Rewrite{Regex("\\b(?:refuses|declines|fails|is unwilling) to follow\\b|\\bwill not "
                      "follow\\b|\\bdoes not become a follower\\b"),
                "does not follow"},
        Rewrite{Regex("^((?:(?:node|server|peer|follower|voter) )?[0-9]+) (?:goes (?:back )?(?:"
                      "to )?LOOKING|returns to LOOKING|looks again|looks for (?:a )?leader "
                      "again|(?:stays?|keeps?|remains?) LOOKING|starts a new election)"
                      "(?: once)? (?:instead of|rather than|without) (?:following|FOLLOWING|"
                      "follow|joining)(?: (?:the|its|elected|leader|it|[0-9]+))*" +
                      ends_clause),
                "$1 does not follow leader"},
    };
    return rewritten(told, forms);
}

/// A partial message, and votes that tell their fields behind a comma.
std::string said(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("^((?:(?:valid|good|an?|proper|whole|complete|first|second) )*(?:LOOKING|"
                      "FOLLOWING|LEADING) (?:vote|notification|message)) (?:of|from|by) (?:mock "
                      ")?([0-9]+)((?: for (?:node |server )?[0-9]+)(?:(?:,|:| with) "
                      ".*)?|(?:,|:| with) .*)$"),
                "mock $2 sends $1$3"},
        Rewrite{Regex("^(?:mock )?([0-9]+) votes for (?:itself|([0-9]+)), (?:still |now )?"
                      "(LOOKING|FOLLOWING|LEADING)(.*)$"),
                "mock $1 sends $3 vote for <$2|$1>$4"},
        Rewrite{Regex("<(?:([0-9]+)\\|[0-9]+|\\|([0-9]+))>"), "$1$2"},
    };
    return rewritten(told, forms);
}

/// Of rounds, and of a leader that there is already.
std::string retold(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("\\b(?:raises|increments|advances|increases|bumps|lifts) its (?:election )?"
                      "(?:round|logical ?clock) to (?:round )?(?=[0-9])"),
                "moves up to round "},
        Rewrite{Regex("\\b((?:follows|FOLLOWING)(?: [0-9]+)?|LEADING|leads|decides) in round "
                      "(?=[0-9])"),
                "$1; in round "},
        Rewrite{Regex("\\b(?:do|does) not (?:vote|elect|decide|look) (?:again|anew|once more|a "
                      "second time)\\b"),
                "keeps its leader"},
        Rewrite{Regex("\\b(?:accepts|recogni[sz]es|adopts|takes|goes with|agrees with|submits to|"
                      "is told of) (?:the )?(?:existing|elected|current|established|old|same|"
                      "running) leader\\b"),
                "rejoins leader"},
        Rewrite{Regex("\\b(?:the )?(?:elected |existing |established )?leader (?:is )?(?:confirmed|"
                      "told|reported|announced|learned|learnt) (?:to it )?(?:by|from) (?=[0-9])"),
                "rejoins leader from notifications of "},
        Rewrite{Regex("\\b(LEADING|FOLLOWING) (?:all the time|throughout|all along|the whole "
                      "time|without interruption)\\b"),
                "keeps $1"},
        Rewrite{Regex(",? \\b(?:at the latest|no later than|not later than)(?: after| in)? "
                      "(?=[0-9])|,? \\bafter (?:at most|no more than) (?=[0-9])"),
                " within "},
        Rewrite{Regex("(^|[;,] )(?:but|and) (?=only after|not before|within|not after)"), "$1"},
        Rewrite{Regex("^ +"), ""},
        Rewrite{Regex("([;,])  +"), "$1 "},
        Rewrite{Regex("\\b(?:is |are |gets )?(?:thrown away|rejected|disregarded|passed over|"
                      "swallowed|not processed|thrown out)\\b"),
                "ignored"},
    };
    return rewritten(told, forms);
}

}  // namespace

std::string restated_step(const std::string& told) {
    return said(deserted(returned(started(looked(won(held(placed(told))))))));
}

std::string restated_claim(const std::string& told) {
    static const std::string over_what =
        "(?: (?:the )?(?:lead|leadership|ensemble|quorum|cluster|leader's role|role)| as (?:the )?"
        "leader)?(?=$|[;,]| although| though| even| despite| in spite| regardless| within| with )";
    static const std::array forms{
        Rewrite{Regex("(^|[;,] )(?:the )?leader (?:is |stays |does )?(?:not (?:be )?(?:replaced|"
                      "deposed|superseded|lose (?:the )?lead(?:ership)?))(?=$|[;,])"),
                "$1leader unchanged"},
        Rewrite{Regex("\\b(?:(?:does|do|must|may|can|will|is) not|never|without|no) (?:takes? "
                      "over|taking over|takeover|become (?:the )?leader|becoming (?:the )?"
                      "leader|win|wins|depose (?:it|the leader)|become the new leader)" +
                      over_what),
                "never LEADING"},
        Rewrite{Regex("\\b(?:(?:is|does|must) )?not (?:get |be )?(?:replaced|deposed|dethroned|"
                      "superseded)\\b|\\b(?:keeps|retains) (?:the )?(?:lead|leadership)\\b|\\b"
                      "(?:keeps|goes on) leading\\b"),
                "stays LEADING"},
        Rewrite{Regex("\\b(?:re-?joins|returns|re-?enters|is back|comes back|goes back) as "
                      "(?:an? )?(?=FOLLOWING|LEADING|LOOKING|follower|leader)|(^|[;,] )back as "
                      "(?:an? )?"),
                "$1joins as "},
        Rewrite{Regex("\\bre-elects (?=[0-9])"), "elects "},
        Rewrite{Regex("(^|[;,] )(?:the )?leader (?:is |stays |does )?(?:not (?:be )?(?:replaced|"
                      "deposed|superseded|lose (?:the )?lead(?:ership)?))(?=$|[;,])"),
                "$1leader unchanged"},
        Rewrite{Regex("\\b(same leader) as before (?:the|its) (?:restart|return|reboot|join)\\b"),
                "$1 as before"},
        Rewrite{Regex("\\b(?:does|do) not (?:re-?join|come back|return)\\b"), "never decides"},
    };
    return rewritten(retold(told), forms);
}

}  // namespace conformance
