#include "tests/conformance/election.hpp"
#include "tests/conformance/regex.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

// Who waits for what in an election.

std::vector<NodeId> Stage::everybody() const {
    if (!started_.empty()) return started_;
    auto all = cluster->members();
    std::erase_if(all, [this](NodeId node) { return mocks_.contains(node); });
    return all;
}

std::vector<NodeId> Stage::listeners() const {
    auto all = cluster->members();
    std::erase_if(all,
                  [this](NodeId node) { return mocks_.contains(node) || !cluster->is_up(node); });
    return all;
}

/// "all but T and one observer", "both followers and observer 5", "observer 5".
std::optional<std::vector<NodeId>> Stage::nodes_of_list(const std::string& who) const {
    static const Regex others("(?:all|everybody|everyone) (?:but|except(?: for)?) (.*)");
    static const Regex observer("(?:(an?|one|any) observer|observers? ([0-9, and]+))");
    Match found;
    if (regex_match(who, found, others)) {
        const auto kept = nodes_of(found[1]);
        auto all = everybody();
        if (!kept) return std::nullopt;
        std::erase_if(all, [&](NodeId node) { return is_among(node, *kept); });
        return all;
    }
    const auto& observers = cluster->config().observers;
    if (regex_match(who, found, observer)) {
        auto all = found[2].matched ? nodes_in(found[2]) : observers;
        if (all.empty()) throw Refused("who is " + who + "?");
        if (!found[2].matched) all.resize(1);
        for (const NodeId node : all) {
            if (!is_among(node, observers)) throw Refused("who is " + who + "?");
        }
        return all;
    }
    const auto parts = halves_at(who, " and ");
    if (!parts) return std::nullopt;
    auto all = nodes_of(parts->first);
    const auto more = nodes_of(parts->second);
    if (!all || !more) return std::nullopt;
    all->insert(all->end(), more->begin(), more->end());
    return all;
}

/// "all 3 servers", "all 5": as many as there are.
std::optional<std::vector<NodeId>> Stage::nodes_counted(const std::string& who) const {
    static const Regex counted(
        "(?:all )?([0-9]+|two|three|four|five) (?:[a-z]+ )?(nodes|servers|peers|voters|observers)|"
        "all ([0-9]+)");
    Match found;
    if (regex_match(who, found, counted)) {
        const zab::Config& config = cluster->config();
        const bool are_both = !config.observers.empty() && started_.empty();
        const auto all = found[2] == "observers"            ? config.observers
                         : found[2] == "voters" && are_both ? config.voters
                                                            : everybody();
        if (count_in(found[found[1].matched ? 1 : 3]) != all.size())
            throw Refused("who are " + who + "?");
        return all;
    }
    return std::nullopt;
}

/// "others": those that are not up; if there are none, or all of them have been killed, those that
/// are, but for whom the case gives a name.
std::vector<NodeId> Stage::nodes_beside(const std::string& who) const {
    auto all = everybody();
    std::erase_if(all, [this](NodeId node) { return cluster->is_up(node); });
    // Where all of them have been killed, the others are those that live on.
    const bool are_killed = !all.empty() && std::all_of(all.begin(), all.end(), [&](NodeId n) {
        return killed_.contains(n);
    });
    if (!are_killed && !all.empty()) return all;
    auto left = listeners();
    for (const auto& [name, node] : names) std::erase(left, node);
    for (const NodeId node : judged) std::erase(left, node);
    if (left.empty()) throw Refused("who are " + who + "?");
    return left;
}

std::optional<std::vector<NodeId>> Stage::nodes_of(const std::string& who) const {
    if (const auto all = nodes_counted(who)) return all;
    if (const auto several = nodes_of_list(who)) return several;
    if (contains(who, "[0-9]")) {
        if (!contains(who,
                      "^(?:(?:nodes?|servers?|peers?|followers?|sids?|leader) ?)?[0-9, and]+$")) {
            return std::nullopt;
        }
        auto all = nodes_in(who);
        const auto members = cluster->members();
        for (const NodeId node : all) {
            if (!is_among(node, members)) {
                throw Refused("there is no server " + std::to_string(node.value - 1));
            }
        }
        return all;
    }
    if (names.contains(who)) return std::vector{names.at(who)};
    if (contains(who, "^(?:(?:an?|one|first) )?follower$")) {
        const auto all = nodes_of("followers");
        if (!all || all->empty()) return std::nullopt;
        return std::vector{all->front()};
    }
    if (contains(who, "^(?:(?:all|both) )?observers$")) {
        const auto& all = cluster->config().observers;
        if (all.empty() || (who.starts_with("both") && all.size() != 2)) {
            throw Refused("who are " + who + "?");
        }
        return all;
    }
    if (contains(who, "^(?:(?:all|both) )?followers$")) {
        auto all = everybody();
        const auto leader = cluster->leader() ? cluster->leader() : before_;
        if (!leader) return std::nullopt;
        std::erase(all, *leader);
        const auto& observers = cluster->config().observers;
        std::erase_if(all, [&](NodeId node) { return is_among(node, observers); });
        if (who.starts_with("both") && all.size() != 2) throw Refused("who are " + who + "?");
        return all;
    }
    if (contains(who,
                 "^(?:(?:all|everybody|started|running|peers|nodes|servers|voters|members|both|"
                 "quorum|ensemble|of|the|them)(?: |$))+$")) {
        return everybody();
    }
    if (contains(who, "leader") && (cluster->leader() || before_)) {
        return std::vector{cluster->leader() ? *cluster->leader() : *before_};
    }
    if (contains(who, "^(?:others?|rest|remaining)")) return nodes_beside(who);
    return std::nullopt;
}

/// A clause without a subject goes on with that of the clause before.
std::vector<NodeId> Stage::subject(const std::string& who) {
    if (contains(who, "^follower [A-Z]$")) {
        const std::string name = who.substr(who.size() - 1);
        const auto followers = nodes_of("followers");
        if (!names.contains(name) && followers && !followers->empty()) {
            names[name] = followers->front();
        }
        return subject(name);
    }
    if (!who.empty() && who != "it" && who != "they") {
        // "3 start": as many as there are, where no server is called so.
        const auto all = everybody();
        const bool is_count =
            who == std::to_string(all.size()) && !is_among(node_of(who), cluster->members());
        const auto told = is_count ? std::optional(all) : nodes_of(who);
        if (!told) throw Refused("who is " + who + "?");
        subject_ = *told;
    }
    if (subject_.empty()) throw Refused("a step that is about nobody");
    return subject_;
}

/// "election among 3": as many, or that server.
std::vector<NodeId> Stage::among_whom(const std::string& who) {
    const auto all = everybody();
    if (who == std::to_string(all.size())) return all;
    return subject(who);
}

/// Who leads, or is about to.
void Stage::note_leader() {
    for (const NodeId node : cluster->members()) {
        if (state_of(*cluster, node) == "FOLLOWING") {
            before_ = cluster->peer(node).server().vote.vote.leader;
        }
        const std::string state = state_of(*cluster, node);
        if (state == "FOLLOWING" || state == "LEADING") {
            last_rounds_[node] = cluster->peer(node).server().round;
        }
    }
    if (cluster->leader()) before_ = cluster->leader();
}

zab::Duration Stage::left_of(zab::Duration limit) const {
    const zab::Duration gone = cluster->now() - started_at_;
    return gone < limit ? limit - gone : zab::Duration{};
}

/// Until they have decided: who is going to leave the leader must still be there for it.
void Stage::elect(const std::vector<NodeId>& nodes, std::optional<NodeId> leader,
                  const std::string& step) {
    for (const NodeId node : nodes) cluster->start(node);
    started_at_ = cluster->now();
    const auto decides = [&](NodeId node) {
        const auto all = elections_of(node);
        return !all.empty() && all.back().decided;
    };
    const auto is_over = [&] {
        return quits_.empty() ? std::all_of(nodes.begin(), nodes.end(), decides) : true;
    };
    if (!cluster->run_until(is_over, zab::seconds(20))) throw Refused("no quorum: " + step);
    if (leader) claim(step, !leads().empty() && leads().back().node == *leader);
}

/// "1 LOOKING again (round 2)", "1 looks with its round one higher".
bool Stage::await_election(const std::vector<NodeId>& nodes, const std::string& step) {
    static const Regex round("\\bround ([0-9]+)\\b");
    const bool is_higher = contains(step, "\\bround one higher\\b");
    const bool is_second = contains(step, "\\bsecond (?:election|round)\\b|\\bagain\\b");
    Match number;
    const bool has_round = regex_search(step, number, round);
    const std::uint64_t told = has_round ? std::stoull(number[1]) : 0;
    const auto looks = [&](NodeId node) {
        // Who has just started may have found its leader already.
        const auto all = elections_of(node);
        if (is_second && all.size() < 2) return false;
        const bool has_looked =
            !is_higher && first_rounds_.contains(node) &&
            (!has_round || (last_started_ == node && first_rounds_.at(node) == told)) &&
            !all.empty() && started_at_ <= all.back().began;
        if (has_looked) return true;
        if (!cluster->is_up(node) || state_of(*cluster, node) != "LOOKING") return false;
        const std::uint64_t now = cluster->peer(node).server().round;
        return (!is_higher || now == last_rounds_[node] + 1) && (!has_round || now == told);
    };
    return cluster->run_until([&] { return std::all_of(nodes.begin(), nodes.end(), looks); },
                              zab::seconds(120));
}

/// "0 decides", "first election ends", "a leader is elected": whoever of them is up has decided.
void Stage::await_decisions(std::vector<NodeId> nodes, const std::string& step) {
    const std::string words = plain(step);
    std::erase_if(nodes, [this](NodeId node) { return !cluster->is_up(node); });
    // Who follows one that has gone has not decided a second time yet.
    const bool is_second = contains(words, "\\b(?:second|last) (?:election|round)\\b");
    const auto has_decided = [this, is_second](NodeId node) {
        const bool is_in = cluster->is_up(node) && state_of(*cluster, node) != "LOOKING";
        if (!is_in || !is_second || has_mocks()) return is_in;
        return cluster->is_up(cluster->peer(node).server().vote.vote.leader);
    };
    claim(step,
          cluster->run_until([&] { return std::all_of(nodes.begin(), nodes.end(), has_decided); },
                             zab::seconds(120)));
    if (contains(words, "\\bleader (?:is )?elected")) {
        claim(step, std::any_of(nodes.begin(), nodes.end(), [this](NodeId node) {
                  return state_of(*cluster, node) == "LEADING";
              }));
    }
    Match round;
    static const Regex number("\\bround ([0-9]+)\\)?$");
    for (const NodeId node : nodes) {
        if (!regex_search(step, round, number)) break;
        claim(step, std::to_string(cluster->peer(node).server().round) == round[1]);
    }
    if (contains(words, "^[0-9a-z ]*[0-9] (?:is )?elected$") && nodes.size() == 1) {
        claim(step, state_of(*cluster, nodes.front()) == "LEADING");
        outcomes["first"] =
            fmt::format("{} {}", nodes.front().value - 1, state_of(*cluster, nodes.front()));
    }
}

namespace {

/// "wait 5 s", "2*initLimit*tick pass": and nothing else.
std::optional<zab::Duration> waited_in(const std::string& words, const zab::Config& config) {
    static const Regex around(
        "^(?:(?:wait|waits|sleep|sleeps|after|for|another) )+| (?:pass|passes|later|go by)$");
    const Timed told = timed_in("for " + regex_replace(words, around, ""), config);
    return told.words.empty() ? told.time : std::nullopt;
}

}  // namespace

/// "both decide on 2", "first election ends": of these servers, for this one.
void Stage::await_end(const std::string& of, const std::string& choice, const std::string& step) {
    const auto who = of.empty() ? everybody() : subject(of);
    // One alone decides nothing.
    const bool are_few = 2 * who.size() <= cluster->config().voters.size();
    if (listeners().empty()) start(are_few && mocks_.empty() ? everybody() : who);
    for (const NodeId node : who) {
        if (contains(of, "[0-9]") && !cluster->is_up(node)) throw Refused("it is not up: " + step);
    }
    await_decisions(who, step);
    // Who is elected knows it first: those who have elected it come to know it, too.
    if (contains(plain(step), "\\belected$") && mocks_.empty()) {
        const auto all = listeners();
        const auto have_decided = [&] {
            return std::none_of(all.begin(), all.end(), [this](NodeId node) {
                return state_of(*cluster, node) == "LOOKING";
            });
        };
        cluster->run_until(have_decided, zab::seconds(1));
    }
    for (const NodeId node : who) {
        if (choice.empty() || !cluster->is_up(node)) continue;
        const auto all = elections_of(node);
        claim(step, !all.empty() && all.back().leader == node_of(choice));
    }
}

/// "1 LOOKING again (round 2)", "1 enters round 2": who is not up starts.
bool Stage::play_anew(const std::string& words, const std::string& step) {
    static const Regex anew(
        who_pattern +
        " ?(?:(?:starts?|begins?) (?:(?:an?|its|their) )?(?:new|second|another|further|next) "
        "(?:election|round)|(?:(?:goes|moves|comes) (?:up )?(?:in)?to|enters) round "
        "[0-9]+|LOOKING|looks(?: "
        "for (?:an? )?leader)?|"
        "re-?elects|elects again|(?:goes )?back (?:to )?LOOKING|goes (?:to )?LOOKING|(?:is "
        ")?(?:already )?in round "
        "[0-9]+)(?: (?:with|in) (?:its )?round "
        "(?:[0-9]+|one higher))?");
    Match found;
    if (!regex_match(words, found, anew)) return false;
    const auto nodes = subject(found[1]);
    const bool are_new =
        contains(words, " (?:LOOKING|in|round|looks)\\b") &&
        std::none_of(nodes.begin(), nodes.end(), [this](NodeId n) { return cluster->is_up(n); });
    if (are_new) {
        start(nodes);
        claim_first_round(nodes, step);
    } else if (!await_election(nodes, step)) {
        throw Refused("step: " + step);
    }
    return true;
}

/// "wait until 0 is FOLLOWING", "first election ends", "0 decides".
bool Stage::play_waits(const std::string& step) {
    static const Regex state(
        "(?:wait(?:s)? (?:until|for|till) )?" + who_pattern +
        " ?(?:is |are |to be |goes |becomes? |to become )?(?:back )?(LOOKING|FOLLOWING|LEADING|"
        "leads?|leading|leader)");
    static const Regex ends(
        "(?:wait until )?(?:first |second )?(?:election|round)(?: (?:ends|is over|finishes|"
        "completes|done|(?:is )?decided))?|(?:waits? (?:until|for) )?(?:(?:an?|one|new) )?leader "
        "(?:is "
        ")?elected|"
        "(?:wait until )?" +
        who_pattern +
        " ?(?:(?:have |has )?(?:left|leaves?) LOOKING|(?:are |is )?(?:no longer|not) LOOKING|"
        "decides?(?: on (?:node |server )?([0-9]+))?|(?:is )?elected|finish(?:es)?|"
        "(?:finish(?:es)?|ends?|completes?) (?:(?:its|their|an?|one|first|"
        "second) )*(?:election|round [0-9]+))");
    static const Regex quorum(
        "(?:wait (?:until|for) )?(?:an? )?quorum (?:is )?(?:up|formed|forms|available)(?: again)?|"
        "waits? (?:until|for) (?:an? )?quorum|quorum");
    static const Regex leads("leader (?:is )?(?:node |server )?([0-9]+)");
    Match found;
    const std::string words = plain(step);
    if (play_anew(words, step) || play_stays(words, step)) {
        note_leader();
        return true;
    }
    const auto wait = [&](const std::vector<NodeId>& nodes, const auto& holds) {
        return cluster->run_until([&] { return std::all_of(nodes.begin(), nodes.end(), holds); },
                                  zab::seconds(120));
    };
    // Those that are said to be started run now.
    const bool is_nobody_up = listeners().empty() && mocks_.empty() && !started_.empty();
    if (is_nobody_up && regex_match(words, state)) start(started_);
    if (regex_match(words, quorum)) {
        lead_stably(step);
    } else if (regex_match(words, found, leads)) {
        await_decisions(listeners(), step);
        claim(step, state_of(*cluster, node_of(found[1].str())) == "LEADING");
    } else if (regex_match(words, found, state)) {
        const std::string wanted = contains(found[2], "^lead") ? "LEADING" : found[2].str();
        claim(step, wait(subject(found[1]),
                         [&](NodeId node) { return state_of(*cluster, node) == wanted; }));
    } else if (regex_match(words, found, ends)) {
        await_end(found[1], found[2], step);
    } else if (const auto time = waited_in(words, cluster->config())) {
        cluster->run(*time);
    } else {
        return false;
    }
    note_leader();
    return true;
}

std::vector<Stage::Election> Stage::elections_of(NodeId node) const {
    std::vector<Election> all;
    for (const trace::Record& record : cluster->records()) {
        if (!(record.node() == node)) continue;
        if (record.kind() == trace::Kind::looking) all.push_back({record.time(), std::nullopt, {}});
        if (record.kind() == trace::Kind::elected && !all.empty()) {
            all.back().decided = record.time();
            all.back().leader = {static_cast<std::uint16_t>(record.peer())};
        }
    }
    return all;
}

}  // namespace conformance
