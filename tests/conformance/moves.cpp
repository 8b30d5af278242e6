#include "tests/conformance/moves.hpp"

#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

using zab::Operation;
using zab::SessionId;

namespace {

zab::Config three_servers() {
    zab::Config config;
    config.voters = {{1}, {2}, {3}};
    return config;
}

constexpr std::uint32_t session_ticks = 150;  // Five minutes: clients here never ping.

}  // namespace

Moves::Moves() : cluster(three_servers()) {
    cluster.reconfigure([](zab::Config& config) { config.max_session_ticks = session_ticks; });
    cluster.start_all();
    cluster.run(zab::seconds(30));
    if (!cluster.leader().has_value()) throw Refused("no server leads");
}

Moves::Handle Moves::open(std::size_t server, SessionId session) {
    Handle handle;
    handle.session.on_connect_reply({session, 10'000});
    if (!reopen(handle, server)) throw Refused("no session is given");
    if (session.value != 0 && handle.session.session() != session) {
        throw Refused("it is another session");
    }
    return handle;
}

bool Moves::reopen(Handle& handle, std::size_t server) {
    const std::uint32_t timeout_ms = handle.session.timeout_ms();
    handle.session.detach();
    const zab::NodeId node = cluster.members().at(server % servers());
    if (!cluster.is_up(node)) return false;
    handle.client = cluster.connect(node, handle.session.session());
    cluster.run(zab::milliseconds(500));
    return handle.session.on_connect_reply({cluster.session_of(handle.client), timeout_ms});
}

std::string Moves::ask(Handle& handle, Operation operation) {
    if (handle.session.session().value == 0) return "SESSIONEXPIRED";
    const bool is_over = cluster.has_lost(handle.client);
    if (!is_over) {
        handle.session.request(operation, path, 0);
        const std::size_t asked = cluster.ask(handle.client, operation, path);
        cluster.run(zab::milliseconds(500));
        if (const auto reply = cluster.asked(asked).reply) {
            const auto own = handle.session.give_up_oldest();
            handle.session.request(operation, path, 0);
            handle.session.on_reply({reply->zxid, own->cxid + 1, operation, reply->outcome});
            return reply->outcome == zab::Outcome::ok ? "ok" : "SESSIONEXPIRED";
        }
        if (!cluster.has_lost(handle.client)) throw Refused("no answer, and no end");
    }
    return handle.session.loss() == zab::Outcome::session_expired ? "SESSIONEXPIRED"
                                                                  : "CONNECTIONLOSS";
}

std::string Moves::ping(Handle& handle) {
    const std::size_t before = cluster.pings_answered(handle.client);
    if (!cluster.has_lost(handle.client)) cluster.ping(handle.client);
    cluster.run(zab::milliseconds(500));
    if (cluster.pings_answered(handle.client) > before) return "ok";
    if (!cluster.has_lost(handle.client)) throw Refused("no answer, and no end");
    return "CONNECTIONLOSS";
}

bool Moves::has_ephemeral_of(SessionId session) const {
    std::size_t up = 0;
    for (const zab::NodeId node : cluster.members()) {
        if (!cluster.is_up(node)) continue;
        if (!cluster.peer(node).server().database.has_session(session)) return false;
        ++up;
    }
    if (up == 0) throw Refused("no server is up");
    return true;
}

bool Moves::is_any_up() const {
    const auto members = cluster.members();
    return std::any_of(members.begin(), members.end(),
                       [this](zab::NodeId node) { return cluster.is_up(node); });
}

void Moves::stop_all() {
    for (const zab::NodeId node : cluster.members()) cluster.kill(node);
    cluster.run(zab::seconds(1));
}

void Moves::start_all() {
    cluster.start_all();
    cluster.run(zab::seconds(30));
    if (!cluster.leader().has_value()) throw Refused("no server leads");
}

void Moves::await_end_of(SessionId session) {
    const auto is_over = [&] { return !has_ephemeral_of(session); };
    const std::int64_t limit = std::int64_t{2} * session_ticks * cluster.config().tick_time.ns;
    if (!cluster.run_until(is_over, {limit})) throw Refused("the session does not end");
    cluster.run(zab::seconds(1));
}

namespace {

/// What the old handle does: "old handle writes", "old handle pings".
std::string use_old(Moves& moves, Moves::Handle& old, const std::string& step) {
    static const std::pair<const char*, Operation> uses[] = {
        {"writes?|sets?|setData", Operation::set}, {"reads?|gets?|getData", Operation::get}};
    static const std::string who = "(the )?old (handle|client|connection|one) ";
    if (says(step, "^" + who + "(sends an? )?pings?$")) return moves.ping(old);
    for (const auto& [words, operation] : uses) {
        if (says(step, "^" + who + "(" + words + ")( (the )?(data|node|something|again))*$"))
            return moves.ask(old, operation);
    }
    throw Refused("stimulus: " + step);
}

/// What becomes of the old handle, as a result.
std::string wanted_of_old(const Value& value) {
    const std::string words = without_asides(value.text);
    if (says(words, "^(is )?(connection )?(closed|lost|disconnected)$")) return "CONNECTIONLOSS";
    return says(words, "^(answered|open|stays open|still open)$") ? "ok" : words;
}

/// "open same session at next server; sync; write", then "old handle writes": again and again.
Verdict move_around(const Case& one) {
    const auto steps = texts(one.stimulus, "stimulus");
    only("initial", one.initial, {"servers"});
    only("expected", one.expected, {"new", "old", "repeat"});
    static const Regex opens(
        "(?:re)?open (?:the )?same session at (?:the |a )?(?:next|another) server"
        "(?:(?:; *|, (?:then )?| and | then )(?:sync|writes?|sets?(?: data)?|setData))*");
    static const Regex servers("several|three|3|servers|(?:all|three|3|several) servers");
    const Value& count = *one.initial.find("servers");
    if (!count.is(Value::Kind::number) && !regex_match(count.text, servers)) {
        throw Refused("servers: " + count.text);
    }
    if (steps.size() != 2 || !regex_match(steps[0], opens)) {
        throw Refused("stimulus: " + steps.front());
    }
    std::size_t rounds = 1;
    if (const Value* repeat = one.expected.find("repeat")) {
        static const Regex form("([0-9]+) rounds over all servers");
        Match found;
        if (!regex_match(repeat->text, found, form)) throw Refused("repeat: " + repeat->text);
        rounds = std::stoul(found[1]);
    }
    Moves moves;
    Moves::Handle old = moves.open(0);
    const SessionId session = old.session.session();
    Verdict verdict;
    verdict.check("create", std::string("ok"), moves.ask(old, Operation::create));
    for (std::size_t i = 0; i < rounds * moves.servers(); ++i) {
        Moves::Handle young = moves.open(i + 1, session);
        const std::string new_words = member(one.expected, "new").text;
        verdict.check(fmt::format("new, move {}", i), new_words, std::string("ok"));
        for (const auto& [word, operation] :
             {std::pair("sync", Operation::sync), std::pair("write|set", Operation::set)}) {
            if (!says(steps[0], word)) continue;
            const std::string got = moves.ask(young, operation);
            verdict.check(fmt::format("new, move {}", i), new_words, got);
        }
        verdict.check(fmt::format("old, move {}", i), wanted_of_old(member(one.expected, "old")),
                      use_old(moves, old, steps[1]));
        old = young;
    }
    return verdict;
}

}  // namespace

std::optional<Verdict> judge_moves(const Case& one) {
    if (one.area != "SESS") return std::nullopt;
    if (one.initial.find("servers") != nullptr && one.expected.find("old") != nullptr) {
        return move_around(one);
    }
    return std::nullopt;
}

}  // namespace conformance
