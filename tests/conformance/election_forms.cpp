#include "tests/conformance/election.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace conformance {

// The many ways to say what happens in an election, and what comes of it.

namespace {

/// "1..5" and "1-5": each of them.
std::string with_ranges_told(const std::string& words) {
    static const Regex range("\\b([0-9]{1,2})(?:\\.\\.\\.?|-)([0-9]{1,2})\\b(?! ?(?:ms|s)\\b)");
    Match found;
    if (!regex_search(words, found, range)) return words;
    const std::uint64_t first = std::stoull(found[1]), last = std::stoull(found[2]);
    if (first >= last) return words;
    std::string all = found.prefix().str() + std::to_string(first);
    for (std::uint64_t i = first + 1; i <= last; ++i) all += ", " + std::to_string(i);
    return all + found.suffix().str();
}

/// What mocks say.
std::string known_message(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("^([0-9]+) \\(mock\\) "), "mock $1 "},
        Rewrite{Regex("^(?:an? )?notification from (?:mock )?([0-9]+) (?:claims|has|with) "),
                "mock $1 sends notification with "},
        Rewrite{Regex("^((?:valid|malformed|an?|truncated|good|LOOKING|FOLLOWING|LEADING) .*"
                      "\\b(?:votes?|notifications?|messages?)) (?:from|of) (?:mock )?([0-9]+)$"),
                "mock $2 sends $1"},
        Rewrite{
            Regex(
                ",? (?:whose |its |the )?config(?:uration)?(?: bytes| string| part)? (?:is |are )?"
                "(?:not parse?able|un-?parse?able|cannot be parsed)$"),
            " with unparsable config"},
        Rewrite{Regex("\\b(LOOKING|FOLLOWING|LEADING) \\+ (?=LOOKING|FOLLOWING|LEADING)"),
                "$1 and "},
        Rewrite{Regex("^(mock ([0-9]+) .*) for itself\\b"), "$1 for $2"},
        Rewrite{Regex("^(mock ([0-9]+) sends [^;]*?), (?:then )?(?:takes|reads|gets|receives|"
                      "waits for|hears) (?:one|an?) (?:message|reply|notification|vote|answer)"
                      "(?: of [0-9]+)?,? (?:and |then )*sends ([^;]*)$"),
                "$1; mock $2 waits for one message; mock $2 sends $3"},
        Rewrite{Regex("^(mocks?(?: [0-9]+(?:(?:, ?| and )[0-9]+)*)?): "), "$1 sends "},
    };
    return rewritten(told, forms);
}

/// How an election ends, and who leaves it.
std::string known_end(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("^(?:the )?(first|second) (?:election|round) (?:is )?(?:over|done|"
                      "finished|completed)$"),
                "$1 election ends"},
        Rewrite{Regex("^(?:first )?election of ([0-9](?:(?:, ?| and )[0-9])*) (?:ends|is over|"
                      "completes|finishes)(?: \\(?(?:within|in|<=) ([0-9.]+ m?s)\\)?)?$"),
                "$1 elect within $2"},
        Rewrite{Regex(" within $"), ""},
        Rewrite{Regex("^([0-9]+) looks(?: for (?:a )?leader)?$"), "$1 starts LOOKING"},
        Rewrite{Regex("^(?:leader )?([0-9]+) (gives up|quits|steps down)(.*?) (?:without|for lack "
                      "of) (?:an? |the )?quorum of (?:FOLLOWERINFOs?|epochs?|accepted epochs?)$"),
                "leader $1 $2 waiting for epoch$3"},
        Rewrite{Regex("^(?:leader )?([0-9]+) gives up(?= (?:after|only|at) )"),
                "leader $1 gives up waiting for epoch"},
        Rewrite{Regex("\\bdrops out\\b(?! of)"), "quits"},
        Rewrite{Regex("\\b(quits(?: once)?) (?:right |just )?after (?:looking|voting|deciding|its "
                      "vote|its decision)$"),
                "$1 after the election"},
    };
    return rewritten(told, forms);
}

}  // namespace

std::string known_step(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("\\bevery (follower|observer|node|server|peer|voter)\\b"), "all $1s"},
        Rewrite{Regex("\\b(?:both|the (?:2|two)) (followers|observers)\\b"), "both $1"},
        Rewrite{Regex("^(kill|stop|shut ?down|crash) (?:2|two) (followers|observers)\\b"),
                "$1 both $2"},
        Rewrite{Regex("\\b(its|the|their|a|an|first|second) decision\\b"), "$1 election"},
        Rewrite{Regex("^waits? for (?:a |the )?leader$"), "wait for a leader elected"},
        Rewrite{Regex("\\b(all|quorum of) two\\b"), "$1 2"},
        Rewrite{Regex("\\b(all|quorum of) three\\b"), "$1 3"},
        Rewrite{Regex("\\b(all|quorum of) five\\b"), "$1 5"},
        Rewrite{Regex("^(?:once|when|after) (?:(?:they|all|both)(?: have| had)? )?decided,? "),
                "after the election, "},
        Rewrite{Regex("\\bafter (?:deciding|it(?: has)? decided|they(?: have)? decided)$"),
                "after its election"},
        Rewrite{Regex("\\b(starts?|begins?) (?:its )?election ([1-9])$"), "$1 election (round $2)"},
        Rewrite{Regex("^((?:node |server )?[0-9]+) round ([0-9]+)$"), "$1 in round $2"},
        Rewrite{Regex("^([0-9]+) (?:FOLLOWING|follows|is FOLLOWING) ([0-9]+)$"),
                "quorum of $1 and $2 with $2 leading"},
        Rewrite{Regex("^(all|everybody|everyone|all servers) (?:are |is )?(?:up|running)$"),
                "$1 start, then quorum up"},
        Rewrite{Regex("^((?:node |server )?[0-9]+) (?:votes?|elects|decides)(?: for (?:the )?"
                      "leader)?(?: first)?,? (?:and |then |and then |but )+"
                      "(?=quits|leaves|stops following|abandons)"),
                "$1 "},
        Rewrite{Regex("^([0-9]+(?:(?:, ?| and )[0-9]+)*) (?:is |are )?looking$"), "$1 LOOKING"},
        Rewrite{Regex("^first follower \\(([0-9]+)\\)"), "follower $1"},
        Rewrite{Regex("\\breturns to LOOKING\\b"), "goes back to LOOKING"},
        Rewrite{Regex("^(?:2|two) followers (?=stop|die|crash|leave|go)"), "both followers "},
        Rewrite{Regex("^only (.*) remains?$"), "$1 remain"},
        Rewrite{Regex("^leader of (?:the )?(?:round 1|first (?:round|election)) "), "leader "},
        Rewrite{Regex("\\b(joins?) (?:the |an? )?(?:established|running|existing|serving) "
                      "(?:ensemble|quorum|cluster|leader)$"),
                "$1"},
        Rewrite{Regex("\\b(starts?|restarts?|joins?|is|are) at (?=round [0-9])"), "$1 in "},
        Rewrite{Regex("^elect$"), "election"},
        Rewrite{Regex("^elected leader (?=[0-9])"), "leader "},
        Rewrite{Regex(", ([0-9]+) its first$"), ", $1 starts"},
        Rewrite{Regex(" with (?:the )?same (?:data|dir|data ?[dD]ir|log|disk)$"), ""},
        Rewrite{Regex("\\b(?:reach|reaches|are|become) (?:LEADING ?/ ?FOLLOWING|FOLLOWING ?/ ?"
                      "LEADING|LEADING or FOLLOWING|FOLLOWING or LEADING)\\b"),
                "decide"},
        Rewrite{Regex("^([0-9]+) is disloyal once: (?:it )?(?:leaves|quits|abandons) (?:the |its )"
                      "?(?:elected )?leader$"),
                "$1 leaves the leader once"},
        Rewrite{Regex("^start (?:the )?([0-9]+|[a-z]+) voters (?:\\+|and) (?:the )?"
                      "([0-9]+|[a-z]+) observers$"),
                "start $1 voters, then start $2 observers"},
        Rewrite{Regex("^(?:run |start )?concurrent clients$"), "run clients"},
        Rewrite{Regex("^(?:a |an )?(?:[0-9]+ )?clients? (?:put )?load (?:on|at) (?:all|every "
                      "server|everybody)$"),
                "run clients"},
    };
    return rewritten(known_end(known_message(with_ranges_told(told))), forms);
}

std::string known_claim(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("\\bnot only after (?=[0-9a-zA-Z])"), "before "},
        Rewrite{Regex("\\b(only after|not before|after) (?:the )?(?:epoch wait|wait for (?:the |a "
                      "quorum of )?epochs?)(?: (?:is over|ends|has ended|expires|has expired|"
                      "times out|elapses))?(?=$|[;,])"),
                "$1 maxTimeToWaitForEpoch"},
        Rewrite{Regex("\\bno (LEADING|LOOKING|FOLLOWING) in (?:its |the )?(?:state )?"
                      "(?:trace|history|states)(?=$|[;,])"),
                "never $1"},
        Rewrite{Regex("\\b(?:finished|done|over|completed) (?=within|in (?!spite))"), "ends "},
        Rewrite{Regex("\\b(waiting for (?:the |an? )?epoch(?: quorum)?) \\(([0-9.]+ m?s)\\)"),
                "$1 after $2"},
        Rewrite{Regex(" \\(([0-9.]+ m?s)\\)(?=$|[;,])"), " within $1"},
        Rewrite{Regex("\\b(?:no|never an?) (?:null|empty|missing) votes?\\b|\\bvotes? (?:is "
                      "|are )?(?:not|never) null\\b"),
                "decides"},
        Rewrite{Regex("\\b(?:no hang|(?:does not|do not|nobody|never|none|no thread) "
                      "hangs?)\\b"),
                "decides"},
        Rewrite{Regex("\\bunavailable\\b"), "not available"},
        Rewrite{Regex("(^|[;,] )no new (?:round|election)(?=$|[;,])"), "$1keeps its leader"},
        Rewrite{Regex("\\b[Ee]very ?one (?=serves|is |decides|follows)"), "all "},
        Rewrite{Regex("\\bkeeps? (?:its|their) (?:states?|votes?)\\b"), "keeps its leader"},
        Rewrite{Regex("\\b(?:does|do) not look(?: for (?:a |the )?leader)? again\\b"),
                "keeps its leader"},
        Rewrite{Regex("\\bno votes? counted\\b"), "not counted"},
        Rewrite{Regex("\\bstays? decided\\b"), "keeps its leader"},
        Rewrite{Regex("\\b(?:forms?|is up|up) after (?:the )?leader's ([0-9.]+ m?s) epoch "
                      "(?:wait|timeout)\\b"),
                "formed after leader gives up waiting for epoch after $1"},
        Rewrite{Regex("\\bgave up\\b"), "gives up"},
        Rewrite{Regex("\\bstepped down\\b"), "steps down"},
        Rewrite{Regex("(^|[;,] )(?:the )?(?:first )?leader (?=gives up|steps down|stops "
                      "leading)"),
                "$1"},
        Rewrite{Regex("\\b(?:(?:with|on) )?(?:the )?same leader as (?:before|(?:the )?first)\\b"),
                "leader unchanged"},
        Rewrite{Regex("\\b(terminates?|ends?|finish|finishes|decides?) with (?:one|the same|"
                      "a single) leader\\b"),
                "$1; agree on one leader"},
        Rewrite{Regex("\\b(follows?|FOLLOWING) (?:the |a )?new leader\\b"),
                "$1 the same leader; new leader"},
        Rewrite{Regex("\\belection (?:is )?done\\b"), "election ends"},
    };
    return rewritten(known_result(told), forms);
}

/// "2 with higher id", "0 with the lowest sid": of the id of who starts, among those that are up.
std::string Stage::without_ids(const std::string& step) {
    static const Regex form(
        "(.*\\b([0-9]+)\\b.*) with (?:(?:the|a|its) )?(higher|greater|larger|highest|largest|"
        "greatest|lower|smaller|lowest|smallest) (?:sid|id)");
    Match found;
    if (!regex_match(step, found, form)) return step;
    const NodeId node = node_of(found[2].str());
    const bool is_low = contains(found[3], "low|small");
    for (const NodeId other : listeners()) {
        if (!(other == node)) claim(step, is_low ? node < other : other < node);
    }
    return found[1];
}

/// "leader 2 waits for a quorum of epochs", "gives up after 1 s", "new election": of who leads
/// before anybody has told it their epochs.
bool Stage::play_first_lead(const std::string& step) {
    static const Regex waits(
        "(?:leader(?: ([0-9]+))?|it) (?:waits?|is waiting) for (?:an? )?(?:quorum of (?:epochs|"
        "accepted epochs|FOLLOWERINFOs?)|epochs?(?: quorum| of (?:an? )?quorum)?)");
    static const Regex whose("^(?:leader|it)(?: [0-9]+)? (?=gives|stops|quits|steps|abandons)");
    Match found;
    const std::string words = plain(step);
    if (quits_.empty()) return false;
    if (regex_match(words, found, waits)) {
        cluster->run_until([this] { return !leads().empty(); }, zab::seconds(20));
        const auto all = leads();
        claim(step, !all.empty() && !all.back().is_established);
        if (!all.empty() && found[1].matched) {
            claim(step, all.back().node == node_of(found[1].str()));
        }
        return true;
    }
    static const Regex named("^leader ([0-9]+) .*");
    if (regex_match(words, found, named)) {  // Who led.
        claim(step, !leads().empty() && leads().back().node == node_of(found[1].str()));
    }
    Verdict verdict;
    if (!check_first_lead(*this, regex_replace(words, whose, ""), verdict)) return false;
    claim(step, verdict.is_clean());
    return true;
}

/// "run clients", "hammer: 5 clients, 10 creates each".
bool Stage::play_clients(const std::string& step) {
    static const Regex counted(
        "(?:hammer:? |run |start )?([0-9]+) (?:concurrent |parallel )?clients?(?:,| with| and| do|:"
        ")? ([0-9]+) (?:creates?|writes?|sets?|requests?|ops|operations) each");
    Match found;
    const std::string words = plain(step);
    const bool is_counted = regex_match(words, found, counted);
    if (!is_counted && words != "run clients") return false;
    lead_stably(step);
    const std::size_t servers = cluster->members().size();
    if (!is_counted) {
        run_clients(servers, 5);
        return true;
    }
    if (found[1].length() > 3 || found[2].length() > 3) throw Refused("so many? " + step);
    run_clients(std::stoul(found[1]), std::stoul(found[2]));
    return true;
}

}  // namespace conformance
