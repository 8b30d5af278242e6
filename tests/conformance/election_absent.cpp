#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <algorithm>

namespace conformance {

// Who cannot be reached, and who is played by the case itself.

namespace {

/// "unresolvable host", "bad election address": nobody finds that server.
bool is_bad_address(const std::string& words) {
    static const Regex form(
        "(?:(?:an?|with|at|has) )*(?:bad|wrong|invalid|unresolvable|unresolved|unreachable|unknown|"
        "non-?existent|bogus) (?:(?:election|quorum|peer) )?(?:address(?:es)?|host(?:[ -]?name)?|"
        "name)|(?:(?:its|the) )?(?:(?:election|quorum) )?(?:address|host(?:[ -]?name)?|name) "
        "(?:does not resolve|(?:is|cannot be|is not|never) "
        "(?:unresolvable|unresolved|resolved|resolvable|unreachable|unknown|wrong|bad|invalid)|"
        "fails to resolve)|unresolvable|unreachable");
    static const Regex good("\\b(?:is resolved|is resolvable)\\b|never un|not un|be un");
    return regex_match(words, form) && !regex_search(words, good);
}

}  // namespace

/// "2 voters; address of 2 does not resolve", "3 voters, 1 has a bad host name".
bool Stage::read_unresolved(const std::string& words, zab::Config& config) {
    static const Regex form(
        "([0-9]+|two|three|four|five) (?:voters|nodes|servers|peers)(?:[;,] (?:but )?|: |, and | "
        "\\(|, of which )(.*?)\\)?");
    static const Regex of_one(
        "(?:the )?((?:election |quorum )?(?:address|host(?: ?name)?|name)) (?:of|for) "
        "(?:node |server |peer )?([0-9]+) (.*)");
    static const Regex whose("(?:node |server |peer )?([0-9]+)(?:'s| has| at| with| is|:)? (.*)");
    Match found, one;
    if (!regex_match(words, found, form)) return false;
    const std::string told = found[2];
    std::string what, who;
    if (regex_match(told, one, of_one)) {
        who = one[2];
        what = one[1].str() + " " + one[3].str();
    } else if (regex_match(told, one, whose)) {
        who = one[1];
        what = one[2];
    }
    if (who.empty() || !is_bad_address(what)) return false;
    const NodeId node = node_of(who);
    const std::size_t count = bounded(*count_in(found[1]), most_servers, "voters");
    // The ids begin at 1 where there would be no such server otherwise.
    const std::uint64_t first = node.value == count + 1 ? 1 : 0;
    for (std::size_t i = 0; i < count; ++i) config.voters.push_back(node_of(i + first));
    if (!is_among(node, config.voters)) throw Refused("there is no such server: " + words);
    unresolved_.push_back(node);
    return true;
}

/// A name that cannot be resolved is one that cannot be dialled.
void Stage::refuse_unreachable() {
    if (!unreachable_ && unresolved_.empty()) return;
    cluster->refuses = [this](NodeId from, NodeId to, zab::LinkKind) {
        const bool is_refused =
            is_among(to, unresolved_) || (unreachable_ && *unreachable_ == std::pair{from, to});
        if (is_refused) refused_dials.emplace_back(from, to);
        return is_refused;
    };
}

/// "fresh, LOOKING", "absent", "bad election address": what a server is at first; false: something
/// else.
bool Stage::read_node(NodeId node, const std::string& words) {
    static const Regex here(
        "(?:LOOKING|looking|fresh|real|up|empty|new|alive|running|started|no history|round 1)");
    static const Regex gone(
        "(?:down|absent|missing|off|offline|not (?:started|there|running|up|present)|unstarted|"
        "never started|stopped|dead)");
    static const Regex played("(?:an? )?(?:mock|mocked|fake|scripted|played)");
    bool is_here = false, is_gone = false, is_played = false;
    for (const std::string& part : split_at(words, ",? and |[,;] *")) {
        if (regex_match(part, here)) {
            is_here = true;
        } else if (regex_match(part, gone)) {
            is_gone = true;
        } else if (regex_match(part, played)) {
            is_played = true;
        } else if (is_bad_address(part)) {
            unresolved_.push_back(node);
            is_gone = true;
        } else {
            return false;
        }
    }
    const bool is_both =
        (is_played && is_among(node, started_)) || (is_here && mocks_.contains(node));
    if (is_both || ((is_here || is_gone) && is_played)) throw Refused("a mock is " + words);
    if (is_here && is_gone && !is_among(node, unresolved_)) throw Refused("it is " + words);
    if (is_here) started_.push_back(node);
    if (is_played) {
        cluster->mock(node);
        mocks_.insert(node);
    }
    return is_here || is_gone || is_played;
}

/// "mock 1: 12-byte message", "a vote from 1": of whom steps tell messages, and who is not started,
/// is a mock. Of "one real node" everybody else is.
void Stage::read_mocks(const Case& one) {
    static const Regex called("\\b(?:mock|fake) ([0-9]+)");
    static const Regex speaks(
        "^([0-9]+) (?:sends|answers|replies)\\b|\\b(?:votes?|notifications?|messages?|bytes|config)"
        "\\)? (?:from|of) (?:node |server |peer |sid )?([0-9]+)");
    std::vector<NodeId> all;
    for (const std::string& step : steps_) {
        for (const Regex* form : {&called, &speaks}) {
            if (form == &speaks && one.level != "peer") continue;
            for (MatchIterator i(step, *form), end; i != end; ++i) {
                all.push_back(node_of(i->str(1) + (i->size() > 2 ? i->str(2) : "")));
            }
        }
    }
    for (const NodeId node : all) {
        const bool is_real = started_.empty() || is_among(node, started_);
        if (is_real || mocks_.contains(node) || !is_among(node, cluster->members())) continue;
        cluster->mock(node);
        mocks_.insert(node);
    }
}

/// "1 runs 30 s", "1 is up for 1 min": who is not up starts.
bool Stage::play_runs(const std::string& step) {
    static const Regex form(
        who_pattern +
        " ?(?:runs?|lives?|is (?:left )?(?:up|running|alone)|are (?:left )?(?:up|running|alone)|"
        "stays? up|keeps? (?:running|trying|looking)|is observed|is watched|looks|tries)");
    const Timed told = timed_in(plain(regex_replace(step,
                                                    compiled(" (?=[0-9.]+ ?(?:s|ms|sec|"
                                                             "seconds|min|minutes)$)"),
                                                    " for ")),
                                cluster->config());
    static const Regex doubled("(.*) for");
    Match found;
    std::string words = told.words;
    if (regex_match(words, found, doubled)) words = found[1];
    if (!told.time || told.how != "for" || !regex_match(words, found, form)) return false;
    const auto nodes = subject(found[1]);
    start(nodes);
    cluster->run(*told.time);
    for (const NodeId node : nodes) claim(step, cluster->is_up(node));
    note_leader();
    return true;
}

}  // namespace conformance
