#include "tests/conformance/election.hpp"
#include "tests/conformance/election_words.hpp"
#include "tests/conformance/regex.hpp"

#include <algorithm>
#include <array>

namespace conformance {

// What steps say in passing, and further words for what happens and what comes of it.

std::string known_passing(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("[cC]onfig ?[lL]ength (?:is )?(?:<|below|less than|smaller than) ?0\\b"),
                "negative config length"},
        Rewrite{Regex(",? (?:with|on|from|in|using|keeping) (?:(?:the|its|an?) )*(?:same|old|"
                      "own|unchanged) (?:data ?)?(?:dir(?:ectory)?|[dD]ataDir|disk|data|logs?|"
                      "files)\\b"),
                ""},
        Rewrite{Regex("^((?:kill|stop|shut ?down|crash) )?(?:the )?(?:elected|chosen|"
                      "established|acting|current|old) leader\\b(?! [0-9]+ by)"),
                "$1leader"},
        Rewrite{Regex("\\b(?:goes down|halts|is halted|disappears|is gone|is terminated|is "
                      "turned off|is taken down|falls over|is lost)(?=$|[,;]| and | after | "
                      "once | when )"),
                "stops"},
        Rewrite{Regex("(\\bwaits? for (?:an? |the )?epochs?)(?:,? (?:in vain|without success|"
                      "but (?:none|nothing) (?:comes|arrives)))"),
                "$1"},
        Rewrite{Regex("(\\b(?:quits?|leaves?|abandons?|stops following|gives up|deserts)\\b.*?)"
                      ",? (?:right |just |immediately |directly )?after (?:it|that|deciding|"
                      "its decision|the decision|being elected)(?= \\(|$|,)"),
                "$1 after election"},
        Rewrite{Regex(",? before (?:(?:it|having) )?(?:(?:has|ever|is) )*(?:connect(?:s|ing|ed)"
                      "?|register(?:s|ing|ed)?|join(?:s|ing|ed)?|sync(?:s|ing)?|send(?:s|ing)? "
                      "(?:its )?FOLLOWERINFO|sends anything)(?: (?:to|with|at))?(?:(?: the| "
                      "its)? leader)?$"),
                ", before FOLLOWERINFO"},
        Rewrite{
            Regex("^(?:node |server |peer )?([0-9]+) (?:goes through|has|runs|holds|does|"
                  "makes|takes part in|enters|performs) (?:(?:an?|its|the) )?(second|new|another|"
                  "further) election (?:together )?with (?:node |server |peer )?([0-9]+)$"),
            "$1 starts a $2 election, $1 and $3 decide"},
        Rewrite{Regex("^(.*?),? (?:after|once|when|as soon as) (?:they|all|these|these two|the "
                      "quorum|quorum|an? quorum|ensemble|the ensemble|cluster|the cluster) "
                      "(?:(?:are|is|have|has) )*(?:serv(?:es?|ing)|formed an? quorum|form an? "
                      "quorum|formed|up|established|in service|stable|available|running)$"),
                "quorum up; $1"},
        Rewrite{Regex("^(?:after|once|when|as soon as) (?:they|all|these|these two|the quorum|"
                      "quorum|an? quorum|ensemble|the ensemble|cluster|the cluster) (?:(?:are|"
                      "is|have|has) )*(?:serv(?:es?|ing)|formed an? quorum|form an? quorum|"
                      "formed|up|established|in service|stable|available|running),? (.*)$"),
                "quorum up; $1"},
        Rewrite{Regex("^(.*?),? (?:after|once|when|as soon as) ((?:node |server )?[0-9]+(?:(?:, "
                      "?| and )[0-9]+)+) (?:serve|are serving|are up|have formed a quorum|form a "
                      "quorum|are in service)$"),
                "quorum of $2 up; $1"},
        Rewrite{Regex(",? (?:with|in|at) (?:an?|its) (?:still )?(lower|smaller|older|earlier|"
                      "higher|greater|larger|newer|later) (?:election )?(?:round|logical clock|"
                      "logicalclock)(?: number)?$"),
                ", its round is $1"},
    };
    return rewritten(restated_step(told), forms);
}

std::string known_result(const std::string& told) {
    static const std::array forms{
        Rewrite{Regex("\\b(in|within|after|by|before) (?:<=?|≤|at most|max\\.?) ?(?=[0-9])"),
                "$1 "},
        Rewrite{Regex(",? (?:<=?|≤|in at most|at most) ?(?=[0-9.]+ ?(?:ms|s|sec|seconds?|"
                      "ticks?|min|minutes?)\\b)"),
                " within "},
        Rewrite{Regex("\\b(?:ends?|finish(?:es)?|have|has|gets?|(?:are|is) left|comes? out) "
                      "(?:up )?(?:with )?(?:an? )?non-?(?:null|empty) votes?\\b"),
                "decides"},
        Rewrite{Regex("\\bvotes? (?:is |are |was |were )?(?:decided|final|settled)\\b"),
                "election decided"},
        Rewrite{Regex("\\b(?:(?:is|are|gets?|comes?|goes) )?out of LOOKING\\b"), "leaves LOOKING"},
        Rewrite{Regex("\\blookForLeader(?:\\(\\))? (?:returns|ends|comes back|terminates|"
                      "finishes|completes)\\b"),
                "decides"},
        Rewrite{Regex("\\b(?:the )?leader (?:(?:does|did|will|has|is|was) not (?:been |be )?"
                      "(?:changed?|replaced)|never changes|is kept|stays the same)\\b"),
                "leader unchanged"},
        Rewrite{Regex("\\bno (?:change of leader|leader change|change of the leader)\\b"),
                "leader unchanged"},
        Rewrite{Regex("^(?:its |the )?(first|second|third) election (?:is )?(?:ends?|ended|"
                      "finishes|finished|completes|completed|done|over|terminates|decides|"
                      "decided)\\b"),
                "finishes its $1 election"},
        Rewrite{Regex("\\bcatch(?:es)? up (?:to|with) round (?=[0-9])"), "moves up to round "},
        Rewrite{Regex("\\b(?:learns?|finds? out|hears?|knows?|gets?) (?:of |about )?(?:(?:the|"
                      "its|who is) )*(?:leader|who leads) (?:from|by|through|via) (?:the )?"
                      "(?:votes?|notifications?|messages?|answers?|replies) (?:of|from) "
                      "(?=[0-9])"),
                "rejoins leader from notifications of "},
        Rewrite{Regex(",? (?:and )?(?:not|instead of|rather than)(?: only)?(?: after)? (?:the "
                      ")?(initLimit(?: ?\\* ?tick(?:Time)?| ticks)?)\\b"),
                ", not after $1"},
        Rewrite{Regex("\\b(?:elected|leading|leader|LEADING|leads) or (?:a )?(?:following|"
                      "follower|FOLLOWING|follows)\\b"),
                "LEADING or FOLLOWING"},
        Rewrite{Regex("\\b(?:following|follower|FOLLOWING|follows) or (?:a )?(?:elected|leading|"
                      "leader|LEADING|leads)\\b"),
                "FOLLOWING or LEADING"},
        Rewrite{Regex("\\bhas (?:itself|also) (?=decided)"), ""},
        Rewrite{Regex("\\b(?:itself|also) (?=decides|decided)"), ""},
    };
    return rewritten(restated_claim(told), forms);
}

/// "its round is behind", "1 is one round ahead": of who starts, and those that are up.
bool Stage::play_passing(const std::string& step) {
    static const std::string opens = "(?:(?:and|but|where|while|although|though|with) )*";
    static const std::string than =
        "(?: (?:than|of) (?:(?:that|the one|the round|those) of )?(?:(?:the )?(?:others?|rest)|"
        "(?:node |server )?([0-9]+)(?:'s)?))?";
    static const std::string how =
        "(behind|lower|smaller|older|earlier|lagging|less|ahead|higher|greater|newer|later|larger)";
    static const Regex round_is(
        opens +
        "(?:(?:(?:its|whose|their) |(?:node |server )?([0-9]+)'s )(?:election )?(?:round|"
        "logical ?clock|electionEpoch)(?: (?:is|lags|stays|being|are))?|round of (?:node "
        "|server )?([0-9]+) is) (?:still )?(one |a round |1 )?" +
        how + than);
    static const Regex is_round(opens +
                                "()(?:it |(?:node |server )?([0-9]+) )?(?:(?:is|lags|runs|"
                                "being|still) )*(one|a|1) round " +
                                how + than);
    Match found;
    const std::string words = plain(step);
    if (play_asking(words, step)) return true;
    if (!regex_match(words, found, round_is) && !regex_match(words, found, is_round)) {
        return false;
    }
    const std::string who = found[1].str() + found[2].str();
    if (who.empty() && subject_.size() != 1) throw Refused("whose round? " + step);
    const NodeId node = who.empty() ? subject_.front() : node_of(who);
    auto others = found[5].matched ? nodes_in(found[5]) : listeners();
    std::erase(others, node);
    const bool is_behind = contains(found[4], "behind|lower|small|old|earl|lag|less");
    if (others.empty() || !cluster->is_up(node)) throw Refused("behind whom? " + step);
    // Who starts takes over a higher round at once.
    const auto round_of = [this](NodeId one) {
        return last_started_ == one ? first_round_of(one) : cluster->peer(one).server().round;
    };
    for (const NodeId other : others) {
        if (!cluster->is_up(other)) throw Refused("behind whom? " + step);
        const std::uint64_t low = round_of(is_behind ? node : other);
        const std::uint64_t high = round_of(is_behind ? other : node);
        claim(step, found[3].matched ? low + 1 == high : low < high);
    }
    return true;
}

/// "0 asks 1 and 2", "hears from both": messages that are said since it started.
bool Stage::play_asking(const std::string& words, const std::string& step) {
    static const Regex asks(
        "(?:and )?(?:it |(?:node |server )?([0-9]+) )?(?:asks|queries|polls|notifies|contacts|(?:"
        "sends|broadcasts) (?:(?:its|an?|LOOKING) )*(?:votes?|notifications?) to) (.*)");
    static const Regex hears(
        "(?:and )?(?:it |(?:node |server )?([0-9]+) )?(?:hears|learns|gets (?:(?:an )?answers?|"
        "votes|notifications|replies)) (?:from|of) (.*)");
    Match found;
    const bool is_question = regex_match(words, found, asks);
    if (!is_question && !regex_match(words, found, hears)) return false;
    if (!found[1].matched && subject_.size() != 1) throw Refused("who asks? " + step);
    const NodeId node = found[1].matched ? node_of(found[1].str()) : subject_.front();
    auto others = contains(found[2], "^(?:(?:the )?others|both|all|everybody|rest)$")
                      ? std::optional(listeners())
                      : nodes_of(found[2]);
    if (!others || mocks_.contains(node)) return false;
    std::erase(*others, node);
    if (others->empty() || (found[2] == "both" && others->size() != 2)) throw Refused(step);
    for (const NodeId other : *others) {
        const auto is_said = [&] {
            return std::any_of(spoken_.begin(), spoken_.end(), [&](const Spoken& one) {
                const bool is_asked = one.from == node && one.to == other;
                const bool is_heard = one.from == other && one.to == node;
                return one.at >= started_at_ &&
                       (is_question ? is_asked && one.state == "LOOKING" : is_heard);
            });
        };
        claim(step, cluster->run_until(is_said, zab::seconds(5)));
    }
    return true;
}

}  // namespace conformance
