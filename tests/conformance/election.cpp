#include "tests/conformance/election.hpp"

#include "tests/conformance/regex.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

using Kind = Value::Kind;

NodeId node_of(std::uint64_t sid) { return {static_cast<std::uint16_t>(server_id(sid) + 1)}; }
NodeId node_of(const std::string& sid) { return node_of(std::stoul(sid)); }

std::vector<NodeId> nodes_in(const std::string& words) {
    static const Regex digits("[0-9]+");
    std::vector<NodeId> all;
    for (MatchIterator i(words, digits), end; i != end; ++i) {
        all.push_back(node_of(i->str()));
    }
    return all;
}

bool is_among(NodeId node, const std::vector<NodeId>& all) {
    return std::find(all.begin(), all.end(), node) != all.end();
}

std::string state_of(const test::Cluster& cluster, NodeId node) {
    if (!cluster.is_up(node)) return "down";
    switch (cluster.peer(node).role()) {
        case zab::RoleKind::leading: return "LEADING";
        case zab::RoleKind::learning: return "FOLLOWING";
        case zab::RoleKind::booting:
        case zab::RoleKind::looking:
        case zab::RoleKind::leaving:
        case zab::RoleKind::ended: return "LOOKING";
    }
    return "";
}

Stage::Stage(const Case& one) {
    zab::Config config = config_of(one.initial, 1);
    config.release = one.release;
    take_settings(one.initial, config);
    steps_ = texts(one.stimulus, "stimulus");
    const Value* words = one.initial.find("config");
    const Value* servers = one.initial.find("servers");
    const Value* nodes = one.initial.find("nodes");  // {"nodes": 3}
    if (nodes != nullptr && nodes->is(Kind::number)) servers = nodes;
    const std::size_t told =
        servers == nullptr ? 0 : bounded(number(*servers, "servers"), most_servers, "servers");
    for (std::size_t i = 0; i < told; ++i) {
        config.voters.push_back(node_of(i));
    }
    std::optional<std::pair<NodeId, NodeId>> blind;  // Who does not know whom.
    if (words != nullptr && is_text(*words)) {
        static const Regex late(
            "(.*)[;,] ([0-9]+) (?:starts?|joins?|is started) (?:late|later|last)");
        Match found;
        const bool is_late = regex_match(words->text, found, late);
        if (is_late) late_ = node_of(found[2].str());
        blind = read_words(is_late ? found[1].str() : words->text, config);
    }
    if (nodes != nullptr && config.voters.empty()) read_voters(*nodes, config);
    if (config.voters.empty()) throw Refused("initial names no voters");
    cluster = std::make_unique<test::Cluster>(config);
    if (blind.has_value()) {
        std::erase(config.voters, blind->second);
        cluster->configure(blind->first, config);
    }
    listen();
    foresee_quits();
    read_initial(one.initial);
    read_mocks(one);
    refuse_unreachable();
}

/// "nodes": {"0": "mock", "1": {…}}, "30 fresh", "3 voters, 1 observer": where nothing else tells
/// who there is.
void Stage::read_voters(const Value& nodes, zab::Config& config) {
    for (const sim::json::Member& one : nodes.members) {
        if (!contains(one.key, "^[0-9]{1,3}$")) throw Refused("nodes." + one.key);
        config.voters.push_back(node_of(one.key));
    }
    std::sort(config.voters.begin(), config.voters.end());
    if (!is_text(nodes)) return;
    are_nodes_config_ = true;
    read_words(nodes.text, config);
}

/// "3 voters, 2 observers (one down)": the observers come behind the voters.
bool Stage::read_observers(const std::string& words, zab::Config& config) {
    static const Regex form(
        "([0-9]+) voters(?:,| and|;) ([0-9]+|one|two) observers?"
        "(?:(?: \\(|, )(one|[0-9]+)(?: of (?:them|these|which))?(?: is| are)? down\\)?)?");
    Match found;
    if (!regex_match(words, found, form)) return false;
    const std::size_t voters = bounded(std::stoul(found[1]), most_servers, "voters");
    const std::size_t observers = bounded(*count_in(found[2]), most_servers, "observers");
    const std::size_t down = found[3].matched ? *count_in(found[3]) : 0;
    if (down > observers) throw Refused("config: " + words);
    for (std::size_t i = 0; i < voters; ++i) config.voters.push_back(node_of(i));
    for (std::size_t i = 0; i < observers; ++i) config.observers.push_back(node_of(voters + i));
    for (std::size_t i = 0; i < voters + observers - down; ++i) started_.push_back(node_of(i));
    return true;
}

std::optional<std::pair<NodeId, NodeId>> Stage::read_words(const std::string& words,
                                                           zab::Config& config) {
    static const Regex fresh(
        "([0-9]+) (?:fresh|(?:fresh )?(?:voters|nodes|peers|servers))(?:, (?:all )?fresh)?"
        "(?:, (?:only )?([0-9]+) (?:of (?:them|these) )?(?:are )?(?:started|running|up)(?: "
        "\\(([0-9, ]+)\\))?)?");
    static const Regex without(
        "(?:node )?([0-9]+) has (?:an? )?config without (?:node )?([0-9]+)[;,] "
        "((?:(?:nodes?|and|&) |, |[0-9]+ ?)+) (?:both )?(?:know|have|knows) (?:all|everybody)");
    Match found;
    if (read_observers(words, config) || read_unresolved(words, config)) return std::nullopt;
    if (regex_match(words, found, fresh)) {
        const std::size_t voters = bounded(std::stoul(found[1]), most_servers, "voters");
        for (std::size_t i = 0; i < voters; ++i) config.voters.push_back(node_of(i));
        if (found[2].matched && std::stoul(found[2]) > voters) throw Refused("config: " + words);
        for (std::uint64_t i = 0; found[2].matched && i < std::stoul(found[2]); ++i) {
            started_.push_back(node_of(i));
        }
        if (found[3].matched) started_ = nodes_in(found[3]);
        return std::nullopt;
    }
    static const Regex unreachable(
        "([0-9]+) (?:voters|nodes|servers)[;,] (?:node |server )?([0-9]+) has (?:an? )?"
        "(?:unreachable|unresolvable|wrong|bad) address (?:for|of) (?:node |server )?([0-9]+)");
    if (regex_match(words, found, unreachable)) {
        const NodeId from = node_of(found[2].str()), to = node_of(found[3].str());
        const std::size_t count = bounded(std::stoull(found[1]), most_servers, "voters");
        const std::uint64_t first = std::max(from.value, to.value) == count + 1 ? 1 : 0;
        for (std::size_t i = 0; i < count; ++i) config.voters.push_back(node_of(i + first));
        if (!is_among(from, config.voters) || !is_among(to, config.voters)) {
            throw Refused("there is no such server: " + words);
        }
        unreachable_ = std::pair{from, to};
        return std::nullopt;
    }
    if (!regex_match(words, found, without)) throw Refused("config: " + words);
    config.voters = nodes_in(found[3]);
    config.voters.push_back(node_of(found[1].str()));
    std::sort(config.voters.begin(), config.voters.end());
    const NodeId unknown = node_of(found[2].str());
    if (std::find(config.voters.begin(), config.voters.end(), unknown) == config.voters.end()) {
        throw Refused("config: " + words);
    }
    return std::pair{node_of(found[1]), node_of(found[2])};
}

/// They connect to one server after the other, around.
void Stage::run_clients(std::size_t count, std::size_t each) {
    const auto members = cluster->members();
    std::vector<std::uint64_t> clients;
    for (std::size_t i = 0; i < count; ++i) {
        clients.push_back(cluster->connect(members[i % members.size()]));
    }
    cluster->run(zab::seconds(1));
    std::vector<std::size_t> requests;
    for (const std::uint64_t client : clients) {
        for (zab::PathId path = 1; path <= each; ++path) {
            requests.push_back(cluster->ask(client, zab::Operation::create, path));
        }
    }
    cluster->run(zab::seconds(1));
    for (const std::size_t one : requests) answered += cluster->asked(one).reply ? 1u : 0u;
    if (answered != requests.size()) answered = 0;
}

void Stage::elect_again_and_again(std::size_t times) {
    bounded(times, most_repeats, "elections");
    start(everybody());
    for (std::size_t n = 0; n < times; ++n) {
        cluster->run(zab::seconds(30));
        std::map<NodeId, std::size_t> votes;
        for (const NodeId node : cluster->members()) {
            if (!cluster->is_up(node) || state_of(*cluster, node) == "LOOKING") continue;
            ++votes[cluster->peer(node).server().vote.vote.leader];
        }
        const auto most = std::max_element(votes.begin(), votes.end(),
                                           [](auto& a, auto& b) { return a.second < b.second; });
        if (most == votes.end()) throw Refused("nobody decides");
        elections.emplace_back(most->second, state_of(*cluster, most->first) == "LEADING");
        leaders.push_back(votes.size());
        if (n + 1 < times) kill(most->first);
    }
}

/// Where nobody runs yet, all do; until the ensemble serves.
void Stage::lead_stably(const std::string& step) {
    const auto all = everybody();
    const auto is_up = [this](NodeId node) { return cluster->is_up(node); };
    if (std::none_of(all.begin(), all.end(), is_up)) start(all);
    if (!cluster->run_until([this] { return is_quorum_up(); }, zab::seconds(20))) {
        throw Refused("no quorum: " + step);
    }
    cluster->run(zab::seconds(1));
    note_leader();
}

bool Stage::play_fraud(const std::string& step) {
    test::Cluster& c = *cluster;
    static const Regex stable("(?:an? )?stable (?:leader|quorum|ensemble)(?: ([A-Z]))?");
    Match found;
    if (regex_match(step, found, stable)) {
        lead_stably(step);
        names[found[1].matched ? found[1].str() : "T"] = *c.leader();
    } else if (step == "follower F: election stopped, its link to T cut, state forced to LEADING") {
        const NodeId leader = names.at("T");
        const NodeId fraud =
            c.members().front() == leader ? c.members().back() : c.members().front();
        names["F"] = fraud;
        c.refuses = [fraud](NodeId from, NodeId, zab::LinkKind kind) {
            return from == fraud && kind == zab::LinkKind::learner;
        };
        c.holds = [fraud](const test::Cluster::Sent& sent) {
            return sent.to == fraud && sent.kind == zab::LinkKind::election;
        };
        c.drops = [fraud](const test::Cluster::Sent& sent) {
            return sent.to == fraud && sent.kind == zab::LinkKind::learner;
        };
        c.run_until([&] { return c.peer(fraud).role() == zab::RoleKind::looking; },
                    zab::seconds(20));
        const zab::Server& server = c.peer(fraud).server();
        forced_at = c.records().size();
        for (const NodeId other : c.members()) {
            if (other == fraud) continue;
            c.forge(other, fraud,
                    {fraud, server.current_epoch, {}, server.round, zab::ServerState::following});
        }
    } else if (step == "2*initLimit*tick pass") {
        c.run(c.config().tick_time * (std::int64_t{2} * c.config().init_limit));
    } else if (step == "F's election restarted") {
        c.refuses = nullptr;
        c.drops = nullptr;
        c.release();
        c.run(zab::seconds(130));
    } else {
        return false;
    }
    return true;
}

void Stage::play_all() {
    for (const std::string& step : steps_) play(step);
}

void Stage::play(const std::string& told) {
    const auto parts = split_at(told, "; ");
    if (parts.size() > 1 && told.find('(') == std::string::npos) {
        for (const std::string& part : parts) play(part);
        return;
    }
    static const Regex instance("\\b(?:an?|its) new instance(?: of it)?\\b");
    const std::string step = regex_replace(
        without_ids(without_places(without_attributes(known_step(known_passing(told))))), instance,
        "it");
    if (step != told && step.find("; ") != std::string::npos &&
        step.find('(') == std::string::npos) {
        return play(step);  // In several by now.
    }
    static const Regex consecutive(
        "(?!first|second|third|last)([0-9]+|[a-z]+) (?:consecutive |successive )?elections?(?: "
        "rounds?)?(?: in a row)?"
        "(?:,? (?:the )?leader (?:is )?killed (?:(?:in )?between|after each(?: but the last)?|"
        "(after the first))|(, nobody (?:is )?killed))?");
    static const Regex altered(
        "currentVote of one member altered: zxid\\+([0-9]+), round\\+([0-9]+), same leader and "
        "peerEpoch");
    note_leader();
    Match found;
    if (regex_match(step, found, consecutive) && count_named(found[1])) {
        const std::size_t times = *count_named(found[1]);
        const bool is_other = (found[2].matched && times != 2) || (found[3].matched && times != 1);
        if (is_other) throw Refused("step: " + step);
        elect_again_and_again(times);
    } else if (regex_match(step, found, altered)) {
        const NodeId member = *cluster->leader();
        const std::uint64_t zxid = std::stoull(found[1]);
        const std::uint64_t round = std::stoull(found[2]);
        cluster->rewrites = [member, zxid, round](test::Cluster::Sent& sent) {
            auto* vote = std::get_if<zab::Notification>(&sent.message);
            if (vote == nullptr || !(sent.from == member)) return;
            vote->zxid.value += zxid;
            vote->round += round;
        };
    } else if (!play_fraud(step) && !play_quits(step) && !play_first_lead(step) &&
               !play_kept(step) && !play_clients(step) && !play_placed(step) &&
               !play_restarts(step) && !play_mocks(step) && !play_up(step) && !play_passing(step) &&
               !play_runs(step) && !play_starts(step) && !play_stops(step) && !play_waits(step)) {
        play_compound(step);
    }
}

/// "0 and 1 form quorum within 10 s", "after the first election 2 stops", and several in one.
void Stage::play_compound(const std::string& step) {
    static const Regex after(
        "(?:after|once|when) ((?:(?:the|first|second|an?|their|its) )*election)(?: (?:ends|is "
        "over|is done|has ended|finishes))?,? (.*)");
    static const Regex behind(
        "(.*?),? (?:right |just )?(?:after|once|when) ((?:(?:the|first|second|an?|their|its) )*"
        "election)(?: (?:ends|is over|is done|has ended|finishes))?");
    static const Regex whose("\\b(?:its|their|an?|the) (?=(?:first |second )?election$)");
    static const Regex meanwhile("(.*) while (.* (?:is|are) (?:already |still |in round ).*)");
    const Timed told = timed_in(step, cluster->config());
    Match found;
    if (regex_match(step, found, meanwhile)) {
        play(found[2]);
        play(found[1]);
    } else if (told.is_within() && !told.words.empty()) {
        const zab::Instant began = cluster->now();
        play(told.words);
        claim(step, cluster->now() - began <= *told.time);
    } else if (regex_match(step, found, after)) {
        play(regex_replace(found[1].str(), whose, "") + " ends");
        play(found[2]);
    } else if (regex_match(step, found, behind)) {
        play(regex_replace(found[2].str(), whose, "") + " ends");
        play(found[1]);
    } else if (const auto parts = halves(step)) {
        play(parts->first);
        play(parts->second);
    } else {
        throw Refused("step: " + step);
    }
}

std::vector<std::string> roles_of(const test::Cluster& cluster, NodeId node, std::size_t since) {
    std::vector<std::string> roles;
    for (std::size_t i = since; i < cluster.records().size(); ++i) {
        const trace::Record& record = cluster.records()[i];
        if (!(record.node() == node)) continue;
        const bool leads = record.kind() == trace::Kind::elected && record.peer() == node.value;
        if (leads) roles.emplace_back("LEADING");
        if (record.kind() == trace::Kind::looking) roles.emplace_back("LOOKING");
        if (record.kind() == trace::Kind::following) roles.emplace_back("FOLLOWING");
    }
    roles.erase(std::unique(roles.begin(), roles.end()), roles.end());
    return roles;
}

bool Stage::is_quorum_up() const {
    if (!cluster->leader().has_value()) return false;
    const zab::Config& config = cluster->config();
    zab::NodeSet serving;
    for (const NodeId node : config.voters) {
        if (cluster->serves(node)) serving.insert(node);
    }
    return zab::Quorum(config.voters, config.groups).is_quorum(serving);
}

}  // namespace conformance
