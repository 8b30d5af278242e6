#include "tests/conformance/election.hpp"

#include <algorithm>
#include <regex>

namespace conformance {

// Who starts and stops in an election.

namespace {

/// "(round 2)", "with round 0", "round back to 0": the rounds of those who look begin at 1.
std::optional<std::uint64_t> round_in(const std::string& step) {
    static const std::regex told("\\bround (?:back to )?([0-9]+)\\b");
    std::smatch found;
    if (!std::regex_search(step, found, told)) return std::nullopt;
    return std::max<std::uint64_t>(std::stoull(found[1]), 1);
}

}  // namespace

void Stage::start(const std::vector<NodeId>& nodes) {
    const zab::Instant until = cluster->now() + zab::milliseconds(50);
    for (const NodeId node : nodes) {
        if (cluster->is_up(node)) continue;
        started_at_ = cluster->now();
        first_rounds_.erase(node);
        cluster->start(node);
    }
    const auto looks = [this](NodeId node) {
        if (first_rounds_.contains(node)) return true;
        const zab::Server& server = cluster->peer(node).server();
        const bool is_looking = state_of(*cluster, node) == "LOOKING" && server.round != 0;
        if (is_looking) first_rounds_[node] = server.round;
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

/// One after the other: each is connected before the next one goes.
void Stage::rejoin(const std::vector<NodeId>& nodes, const std::string& step) {
    start(nodes);
    for (const NodeId node : nodes) {
        claim(step, cluster->run_until([&] { return cluster->serves(node); }, zab::seconds(60)));
    }
    claim_first_round(nodes, step);
}

bool Stage::play_starts(const std::string& step) {
    static const std::regex told(
        who_pattern +
        " ?(?:is |are |both |all )?(?:starts?|started|restarts?|restarted|joins?|boots?|"
        "comes? up|comes? back)(?: LOOKING| looking| (?:(?:an?|its) )?(?:first )?election| late| "
        "later| last| first| "
        "voting| with (?:an? )?(?:empty|fresh|blank) memory| for first time|"
        "(?: with| in)? (?:its )?round [0-9]+)*");
    static const std::regex imperative("(?:start|restart|boot) " + who_pattern +
                                       "(?: of [0-9]+)?(?: again)?");
    static const std::regex one_by_one("start ([0-9]+(?:, then [0-9]+)+)");
    static const std::regex both("(?:waits? (?:until|for|till) )?" + who_pattern +
                                 " (?:form|elect|make)s?(?: (?:an? )?(?:quorum|(?:node "
                                 ")?([0-9]+)|leader)| (?:once|first))?");
    static const std::regex among("(?:an? )?election among " + who_pattern);
    static const std::regex all("start all [0-9]+, run concurrent clients");
    std::smatch found;
    const std::string words = plain(step);
    if (std::regex_match(step, found, one_by_one)) {
        for (const NodeId node : nodes_in(found[1])) start({node});
        cluster->run(zab::seconds(10));
    } else if (std::regex_match(step, all)) {
        cluster->start_all();
        cluster->run(zab::seconds(20));
        run_clients();
    } else if (std::regex_match(words, found, both) || std::regex_match(words, found, among)) {
        const auto nodes = among_whom(found[1]);
        const bool is_told = found.size() > 2 && found[2].matched;
        if (cluster->drops != nullptr && quits_.empty()) {
            elect(nodes, is_told ? std::optional(node_of(found[2].str())) : std::nullopt, step);
            return true;
        }
        for (const NodeId node : nodes) start({node});
        if (!cluster->run_until([this] { return is_quorum_up(); }, zab::seconds(20))) {
            throw Refused("no quorum: " + step);
        }
        if (is_told) claim(step, cluster->leader() == node_of(found[2].str()));
    } else if (std::regex_match(words, found, told) || std::regex_match(words, found, imperative)) {
        const bool is_restart = contains(words, "restart") && mocks_.empty();
        const auto running = listeners();
        if (is_restart && running.empty()) lead_stably(step);
        const auto nodes = subject(found[1]);
        if (contains(words, "restart")) {
            for (const NodeId node : nodes) cluster->kill(node);
        }
        if (is_restart && (running.empty() || running.size() == everybody().size())) {
            rejoin(nodes, step);
            return true;
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
    static const std::regex told(
        who_pattern +
        " ?(?:is |are )?(?:stops?|stopped|killed|dies?|down|shut ?down|shuts down|"
        "crash(?:es|ed)?|leaves|taken down)");
    static const std::regex imperative("(?:kill|stop|shut ?down|crash) " + who_pattern);
    std::smatch found;
    const std::string words = plain(step);
    if (!std::regex_match(words, found, told) && !std::regex_match(words, found, imperative)) {
        return false;
    }
    for (const NodeId node : subject(found[1])) cluster->kill(node);
    return true;
}

}  // namespace conformance
