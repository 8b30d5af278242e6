#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <algorithm>

namespace conformance {

// Who starts and stops in an election.

namespace {

/// "(round 2)", "with round 0", "round back to 0": the rounds of those who look begin at 1.
std::optional<std::uint64_t> round_in(const std::string& step) {
    static const Regex told("\\bround (?:back to )?([0-9]+)\\b");
    static const Regex fresh("\\b(?:fresh|blank|new|clean) round\\b");
    Match found;
    if (regex_search(step, fresh)) return 1;
    if (!regex_search(step, found, told)) return std::nullopt;
    return std::max<std::uint64_t>(std::stoull(found[1]), 1);
}

}  // namespace

void Stage::start(const std::vector<NodeId>& nodes) {
    const zab::Instant until = cluster->now() + zab::milliseconds(50);
    for (const NodeId node : nodes) {
        if (cluster->is_up(node)) continue;
        if (late_ == node) claim("it starts late", !cluster->records().empty());
        started_at_ = cluster->now();
        last_started_ = node;
        first_rounds_.erase(node);
        killed_.erase(node);
        events_.emplace_back(elections_of(node).empty() ? "start" : "restart");
        cluster->start(node);
    }
    const auto looks = [this](NodeId node) {
        if (first_rounds_.contains(node)) return true;
        const zab::Server& server = cluster->peer(node).server();
        const bool is_looking = state_of(*cluster, node) == "LOOKING" && server.round != 0;
        // It counts up from none; a higher round that waits for it already is taken over at once.
        if (is_looking) first_rounds_[node] = std::min<std::uint64_t>(server.round, 1);
        return is_looking;
    };
    cluster->run_until(
        [&] {
            return static_cast<std::size_t>(std::count_if(nodes.begin(), nodes.end(), looks)) ==
                   nodes.size();
        },
        until - cluster->now());
    cluster->run(until - cluster->now());
}

void Stage::kill(NodeId node) {
    events_.emplace_back("kill");
    cluster->kill(node);
}

bool Stage::is_last_event(const char* kind) const {
    return !events_.empty() && contains(events_.back(), kind);
}

/// One after the other: each is connected before the next one goes.
void Stage::rejoin(const std::vector<NodeId>& nodes, const std::string& step) {
    start(nodes);
    for (const NodeId node : nodes) {
        claim(step, cluster->run_until([&] { return cluster->serves(node); }, zab::seconds(60)));
    }
    claim_first_round(nodes, step);
}

/// They go and come back, and then the ensemble is looked at.
void Stage::restart(const std::vector<NodeId>& nodes, const std::string& step) {
    for (const NodeId node : nodes) kill(node);
    rejoin(nodes, step);
    const auto all = everybody();
    const auto serve_all = [&] {
        return std::all_of(all.begin(), all.end(),
                           [&](NodeId node) { return cluster->serves(node); });
    };
    const bool do_all_serve = cluster->run_until(serve_all, zab::seconds(60));
    restarts_.push_back(
        {is_quorum_up(), do_all_serve, std::all_of(all.begin(), all.end(), [&](NodeId node) {
             const std::string state = state_of(*cluster, node);
             return state == "FOLLOWING" || state == "LEADING";
         })});
}

/// "restart 3, then 2, then 1, each when others are in quorum"; "repeat 3 times": all steps so far.
bool Stage::play_restarts(const std::string& step) {
    static const Regex elected(
        "(.* restarts?)(?: once)?,? (?:right |just )?(?:after|once|when) (?:its |that |first "
        "|second )*"
        "election(?: (?:ends|is over|is done|has ended|finishes))?");
    static const Regex in_turn(
        "restart ((?:server |node )?[0-9]+(?:, (?:then )?(?:server |node )?[0-9]+)+)"
        "(?:,? (?:one by one|one after (?:the )?other|one after another|in turn))?"
        "(, each (?:after|when|once|while) (?:the )?(?:others|rest) (?:are|is|have|has) (?:back )?"
        "(?:in|joined|up|connected)(?: (?:in|to))?(?: the)?(?: quorum| ensemble)?)?");
    static const Regex again("(?:and )?(?:repeat(?:ed)?|repeats) ([0-9]+|[a-z]+)(?: times)?");
    static const Regex one("[0-9]+");
    Match found;
    const std::string words = plain(step);
    if (regex_match(words, found, elected)) {
        await_decisions(everybody(), step);
        return play_starts(found[1]);
    }
    if (regex_match(words, found, again) && count_named(found[1])) {
        const std::vector<std::string> before(steps_.begin(),
                                              std::find(steps_.begin(), steps_.end(), step));
        if (before.empty() || before.size() == steps_.size()) throw Refused("step: " + step);
        const std::size_t times = bounded(*count_named(found[1]), most_repeats, "times");
        for (std::size_t i = 0; i < times; ++i) {
            for (const std::string& told : before) play(told);
        }
        return true;
    }
    if (!regex_match(words, found, in_turn)) return false;
    if (listeners().empty()) lead_stably(step);
    const auto nodes = nodes_in(found[1]);
    for (const NodeId node : nodes) {
        for (const NodeId other : everybody()) {
            if (found[2].matched && !(other == node)) claim(step, cluster->serves(other));
        }
        restart(nodes_of(std::to_string(node.value - 1)).value(), step);
    }
    return true;
}

/// "1 stays up", "1 and 2 do not look": now, or from now on.
bool Stage::play_stays(const std::string& words, const std::string& step) {
    static const Regex stays(
        who_pattern +
        " ?(?:stays?|remains?|(?:stays?|remains?|keeps?|are left|is left) (?:as (?:they|it) "
        "(?:are|is)|up|running|alone|untouched))");
    static const Regex steady(who_pattern +
                              " ?(?:(?:do|does) not look|(?:never|not) LOOKING|stays? decided)"
                              "(?: for (?:an? )?leader)?(?: once more| a second time)?");
    Match found;
    if (regex_match(words, found, steady)) {
        for (const NodeId node : subject(found[1])) {
            steady_.emplace_back(node, elections_of(node).size());
        }
    } else if (regex_match(words, found, stays)) {
        const auto staying = subject(found[1]);
        for (const NodeId node : staying) {
            claim(step,
                  state_of(*cluster, node) != "LOOKING" && state_of(*cluster, node) != "down");
        }
        if (contains(words, "remains?$")) leave_only(staying, step);
    } else {
        return false;
    }
    return true;
}

/// Who is left is all there is: of others that are up, observers go.
void Stage::leave_only(const std::vector<NodeId>& nodes, const std::string& step) {
    const auto& observers = cluster->config().observers;
    for (const NodeId node : listeners()) {
        if (is_among(node, nodes)) continue;
        claim(step, is_among(node, observers));
        kill(node);
    }
}

void Stage::check_steady(Verdict& verdict) const {
    for (const auto& [node, looked] : steady_) {
        verdict.require("it does not look again", cluster->is_up(node) &&
                                                      elections_of(node).size() == looked &&
                                                      state_of(*cluster, node) != "LOOKING");
    }
}

/// "1 and 2 elect 2", "election among 3", "quorum of 0 and 1 up", "election decides for 2".
bool Stage::play_elections(const std::string& told, const std::string& step) {
    static const std::string quorum =
        "(?:an? )?(?:quorum|cluster|ensemble|(?:node )?([0-9]+)|leader)";
    static const Regex led(
        " with (?:(?:node |server )?([0-9]+) (?:as|for) leader|leader (?:node |server )?([0-9]+)|"
        "([0-9]+) (?:leading|as its leader))$");
    static const Regex both("(?:waits? (?:until|for|till) )?" + who_pattern +
                            " ?(?:form|elect|make)s?(?: " + quorum + "| (?:once|first))?");
    static const Regex among("(?:an? |first |second |new )?election (?:among|of|between) " +
                             who_pattern);
    static const Regex quorum_of("(?:an? |first |stable )*quorum of " + who_pattern +
                                 "(?: (?:is )?(?:up|formed|forms|there))?");
    static const Regex decides(
        "()(?:leader )?election (?:decides|ends|settles) (?:for|on|with) (?:node |server )?([0-9]+)"
        "(?: as leader)?");
    Match found, who;
    const std::string words = regex_replace(told, led, "");
    const bool is_of_all = regex_match(words, found, decides);
    if (!is_of_all && !regex_match(words, found, quorum_of) && !regex_match(words, found, both) &&
        !regex_match(words, found, among)) {
        return false;
    }
    const auto nodes = is_of_all ? everybody() : among_whom(found[1]);
    const auto claim_round = [&] {
        const auto round = round_in(step);
        for (const NodeId node : nodes) {
            if (round) claim(step, cluster->peer(node).server().round == *round);
        }
    };
    std::optional<NodeId> leader;
    if (found.size() > 2 && found[2].matched) leader = node_of(found[2].str());
    if (regex_search(told, who, led)) {
        if (leader) throw Refused("step: " + step);
        leader = node_of(who[1].str() + who[2].str() + who[3].str());
    }
    if (cluster->drops != nullptr && quits_.empty()) {
        elect(nodes, leader, step);
        claim_round();
        return true;
    }
    for (const NodeId node : nodes) start({node});
    if (!cluster->run_until([this] { return is_quorum_up(); }, zab::seconds(20))) {
        throw Refused("no quorum: " + step);
    }
    claim_place(nodes, step);
    if (leader) claim(step, cluster->leader() == leader);
    claim_round();
    return true;
}

bool Stage::play_starts(const std::string& step) {
    static const Regex told(
        who_pattern +
        " ?(?:is |are |both |all )?(?:starts?|started|restarts?|restarted|joins?|boots?|"
        "comes? up|comes? back)(?: LOOKING| looking| (?:(?:an?|its) )?(?:first )?election| late| "
        "later| last| first| "
        "voting| (?:with|in) (?:an? )?(?:empty|fresh|blank|new|clean) "
        "(?:election )?(?:memory|round|state|election|logical clock|clock)|"
        " for first time|"
        "(?: with| in)? (?:its )?round [0-9]+)*");
    static const Regex imperative("(?:start|restart|boot) " + who_pattern +
                                  "(?: of [0-9]+)?(?: again)?");
    static const Regex one_by_one("start ([0-9]+(?:, then [0-9]+)+)");
    static const Regex all("start all ([0-9]+), run concurrent clients");
    Match found;
    static const Regex alone("only (.*starts?)");
    const std::string words = plain(step);
    if (regex_match(words, found, alone)) {
        play(found[1]);
        const auto up = listeners();
        claim(step, std::all_of(up.begin(), up.end(),
                                [this](NodeId node) { return is_among(node, subject_); }));
    } else if (regex_match(step, found, one_by_one)) {
        subject_ = nodes_in(found[1]);
        for (const NodeId node : nodes_in(found[1])) start({node});
        cluster->run(zab::seconds(10));
    } else if (regex_match(step, found, all)) {
        if (std::stoul(found[1]) != cluster->members().size()) throw Refused("step: " + step);
        cluster->start_all();
        cluster->run(zab::seconds(20));
        run_clients(cluster->members().size(), 5);
    } else if (play_elections(words, step)) {
        return true;
    } else if (regex_match(words, found, told) || regex_match(words, found, imperative)) {
        const bool is_restart = contains(words, "restart") && mocks_.empty();
        const auto running = listeners();
        if (is_restart && running.empty()) lead_stably(step);
        const auto nodes = subject(found[1]);
        const bool are_late = !started_.empty() && running.empty() &&
                              std::none_of(nodes.begin(), nodes.end(), [this](NodeId node) {
                                  return is_among(node, started_);
                              });
        if (are_late) lead_stably(step);  // Those that are said to be started run already.
        if (is_restart && (running.empty() || running.size() == everybody().size())) {
            restart(nodes, step);
            return true;
        }
        if (contains(words, "restart")) {
            for (const NodeId node : nodes) kill(node);
        }
        if (play_further_round(nodes, step)) return true;
        start(nodes);
        claim_first_round(nodes, step);
        if (contains(words, "^all")) cluster->run(zab::seconds(20));
    } else {
        return false;
    }
    return true;
}

/// "1 starts election (round 2)": of servers that are up, and were in another round at first.
bool Stage::play_further_round(const std::vector<NodeId>& nodes, const std::string& step) {
    const auto told = round_in(step);
    const bool is_further = told && std::all_of(nodes.begin(), nodes.end(), [&](NodeId node) {
                                return cluster->is_up(node) && first_rounds_.contains(node) &&
                                       first_rounds_.at(node) < *told;
                            });
    if (!is_further) return false;
    if (!await_election(nodes, step)) throw Refused("step: " + step);
    note_leader();
    return true;
}

/// "(round 1)", "with round 0": a server that starts has memory of no round.
void Stage::claim_first_round(const std::vector<NodeId>& nodes, const std::string& step) {
    const auto wanted = round_in(step);
    if (!wanted) return;
    for (const NodeId node : nodes) claim(step, first_rounds_[node] == *wanted);
}

bool Stage::play_stops(const std::string& step) {
    static const Regex told(
        who_pattern +
        " ?(?:is |are )?(?:stops?|stopped|killed|dies?|down|shut ?down|shuts down|"
        "crash(?:es|ed)?|leaves|quits|exits|goes away|terminates|taken down)");
    static const Regex imperative("(?:kill|stop|shut ?down|crash) " + who_pattern);
    static const Regex elected(
        ",? (?:right |just )?(?:after (?:it|that)|(?:after|once|when) (?:its |that )?"
        "(?:first |second )?election(?: (?:ends|is over|is done|has ended|finishes))?)$");
    Match found;
    const std::string told_words = plain(step);
    const std::string words = regex_replace(told_words, elected, "");
    if (!regex_match(words, found, told) && !regex_match(words, found, imperative)) {
        return false;
    }
    const bool names_role = contains(found[1], "leader|follower");
    // Who is said to stop behind "start all" does so once they have a leader.
    const bool are_all_up = mocks_.empty() && listeners() == cluster->members();
    if ((names_role || are_all_up) && !cluster->leader() && !before_) lead_stably(step);
    if (words != told_words) await_decisions(everybody(), step);
    static const Regex role("(leader|follower) [0-9]+");
    Match called;
    const std::string who = found[1];
    const bool is_called = regex_match(who, called, role);
    for (const NodeId node : subject(who)) {
        const std::string state = called[1] == "leader" ? "LEADING" : "FOLLOWING";
        if (is_called) claim(step, state_of(*cluster, node) == state);
        if (cluster->leader() == node) names["old leader"] = node;
        kill(node);
        killed_.insert(node);
    }
    return true;
}

}  // namespace conformance
