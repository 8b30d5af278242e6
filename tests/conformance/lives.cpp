#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/moves.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

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
    handle.session.detach();
    const zab::NodeId node = cluster.members().at(server % servers());
    if (!cluster.is_up(node)) return false;
    handle.client = cluster.connect(node, handle.session.session());
    cluster.run(zab::milliseconds(500));
    return handle.session.on_connect_reply(
        {cluster.session_of(handle.client), handle.session.timeout_ms()});
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

/// A client and its session, whatever becomes of them: what it is told, and which states of its
/// connection it reports (Watcher.Event.KeeperState), each when it changes.
class Life {
  public:
    explicit Life(const Value& initial, const zab::Release& release)
        : ends_session_(release.clients_end_sessions) {
        only("initial", initial, {"ephemeral", "session", "client", "server", "servers"});
        const Value* ephemeral = initial.find("ephemeral");
        if (ephemeral != nullptr &&
            !says(ephemeral->text, "^/[a-z0-9]+ (by|of) (the )?(session|client)")) {
            throw Refused("ephemeral: " + ephemeral->text);
        }
        if (const Value* timeout = initial.find("session")) {
            timeout_ms_ = number_or(*timeout, "timeoutMs", timeout_ms_);
        }
        static const std::regex timeout("([0-9]+) ?ms");
        std::smatch found;
        const Value* client = initial.find("client");
        if (client != nullptr && std::regex_search(client->text, found, timeout)) {
            timeout_ms_ = std::stoull(found[1]);
        }
        handle_ = moves_.open(0);
        session_ = handle_.session.session();
        handle_.session.on_connect_reply({session_, static_cast<std::uint32_t>(timeout_ms_)});
        states_.emplace_back("SyncConnected");
        if (moves_.ask(handle_, Operation::create) != "ok") throw Refused("it is not created");
    }

    void play(const std::string& step) {
        for (const Act& act : acts) {
            if (!says(step, act.words)) continue;
            (this->*act.play)();
            notice();
            return;
        }
        throw Refused("stimulus: " + step);
    }
    const std::vector<std::string>& results() const { return results_; }
    /// All has been played. A client that is left without servers goes on looking for one.
    void finish() {
        if (!is_closed_ && !moves_.is_any_up()) retry();
    }
    const std::vector<std::string>& states() const { return states_; }
    bool has_ephemeral() const { return moves_.has_ephemeral_of(session_); }

  private:
    struct Act {
        const char* words;
        void (Life::*play)();
    };
    static const std::vector<Act> acts;

    void be_silent() {}  // It never pings.
    void connect() {
        if (states_.size() > 1) throw Refused("stimulus: a client that connects again");
    }
    void lose_socket() { moves_.cluster.disconnect(handle_.client); }
    void reconnect() {
        notice();
        if (!moves_.reopen(handle_, 1)) {
            if (handle_.session.session().value == 0) {
                states_.emplace_back("Expired");
                results_.emplace_back("SESSIONEXPIRED");
            }
            return;
        }
        states_.emplace_back("SyncConnected");
    }
    void read() { results_.push_back(look(handle_)); }
    void close() {
        if (moves_.ask(handle_, Operation::close_session) != "ok") {
            throw Refused("it cannot be closed");
        }
        is_closed_ = true;
    }
    void look_as_another() {
        Moves::Handle other = moves_.open(2);
        results_.push_back(look(other));
    }
    void use() { results_.push_back(moves_.ask(handle_, Operation::get)); }
    void stop() { moves_.stop_all(); }
    void start() { moves_.start_all(); }
    void restart() {
        stop();
        start();
    }
    void await_end() {
        if (moves_.is_any_up()) {
            moves_.await_end_of(session_);
        } else {
            retry();
        }
    }
    /// The client looks for a server, again and again, for twice its timeout.
    void retry() {
        notice();
        const zab::Instant end =
            moves_.cluster.now() + zab::milliseconds(2 * static_cast<std::int64_t>(timeout_ms_));
        const zab::Instant lost = moves_.cluster.now();
        while (!handle_.session.is_attached() && moves_.cluster.now() < end) {
            moves_.cluster.run(zab::milliseconds(500));
            if (handle_.session.session().value == 0) return;
            if (ends_session_ && moves_.cluster.now() - lost >= handle_.session.patience()) {
                handle_.session.end();
                states_.emplace_back("Expired");
                return;
            }
            reconnect();
        }
    }
    void stop_for_ever() {
        stop();
        retry();
    }

    /// ClientCnxn tells of a lost connection once, and not at all when it closed the session.
    void notice() {
        if (!handle_.session.is_attached() || !moves_.cluster.has_lost(handle_.client)) return;
        handle_.session.detach();
        if (!is_closed_) states_.emplace_back("Disconnected");
    }
    /// What reading the ephemeral node tells: the flat tree here holds none, but its session does.
    std::string look(Moves::Handle& handle) {
        const std::string got = moves_.ask(handle, Operation::get);
        if (got != "ok") return got;
        return moves_.has_ephemeral_of(session_) ? "ok" : "absent";
    }

    Moves moves_;
    Moves::Handle handle_;
    SessionId session_{};
    bool ends_session_;  // By itself.
    std::uint64_t timeout_ms_ = 10'000;
    bool is_closed_ = false;
    std::vector<std::string> results_;
    std::vector<std::string> states_;
};

const std::vector<Life::Act> Life::acts = {
    {"^(the )?(server|ensemble)s? (is |are )?(stop|shut|kill|goes? down)[a-z]*( down)?"
     "( for ?(ever| good)| and (never|does not|stays)| permanently)",
     &Life::stop_for_ever},
    {"^(shut ?down|stop|kill) (the |all )?servers? for ?(ever| good)", &Life::stop_for_ever},
    {"^((the )?(server|ensemble)s? (is |are )?restart|restart (the |all )?(server|ensemble))",
     &Life::restart},
    {"^((the )?(server|ensemble)s? (is |are )?(stop|shut|kill|goes down|dies)"
     "|(stop|shut ?down|kill) (the |all )?(server|ensemble)s?)",
     &Life::stop},
    {"^((the )?(server|ensemble)s? (is |are )?(start|come)|start (the |all )?(server|ensemble)s?)",
     &Life::start},
    {"^((the )?client )?(keeps? )?(retr(y|ies|ying)|tr(y|ies) (again|to reconnect)"
     "|waits? (until|till) its session)",
     &Life::retry},
    {"^(the )?(socket (is )?(killed|closed|lost|dies)|kill (the )?(socket|connection)"
     "|(client )?(disconnects?|dies|is killed|vanishes|loses (its )?(socket|connection)))",
     &Life::lose_socket},
    {"^(the )?(client )?connects?$", &Life::connect},
    {"^(the )?(client )?(is silent|(stops|no more) ping(s|ing)?)", &Life::be_silent},
    {"^(wait (for )?(the )?(session )?(timeout|expiry|end|2 ?\\* ?timeout)|(the )?session (times "
     "out|ends|expires|is expired))",
     &Life::await_end},
    {"^(the )?(client )?(reconnects?|re-?open|new (handle|client) with (the )?(same )?id)",
     &Life::reconnect},
    {"^(read|get|getData|exists)\\(? ?/", &Life::read},
    {"^((the )?client )?closes?( (its |the )?(session|handle|client))?$", &Life::close},
    {"^(an?(other)? )?(new|another|second|other) "
     "(client|session)[^/]*(exists?|reads?|gets?|looks?)?"
     "[^/]*/",
     &Life::look_as_another},
    {"^use (the )?(closed|old|expired) (handle|client|session)", &Life::use},
};

/// "ok", "present", "absent", "null": what a look at the node told.
std::string wanted_look(const Value& value) {
    const std::string words = without_asides(value.text);
    if (value.is(Value::Kind::null) || says(words, "^(absent|null|not there|gone|none)$")) {
        return "absent";
    }
    if (says(words, "^(present|exists|there|not null|still there)$")) return "ok";
    return words;
}

constexpr const char* state_list = "^((client |session )?state)?s?( ?(events?|changes|trace))?s?$";

void check_states(const std::string& key, const Value& value,
                  const std::vector<std::string>& states, Verdict& verdict) {
    std::vector<std::string> wanted;
    if (is_text(value)) wanted = split_at(value.text, " *-> *|, *(?:then )?| then |; *");
    for (const Value& one : value.elements) {  // With an event's other parts or without.
        wanted.push_back((is_text(one) ? one : one.elements.at(0)).text);
    }
    const auto listed = [](const std::vector<std::string>& names) {
        std::string all;
        for (const std::string& name : names) all += name + " ";
        return all;
    };
    verdict.check(key, listed(wanted), listed(states));
}

Verdict live(const Case& one) {
    Life life(one.initial, one.release);
    for (const std::string& step : texts(one.stimulus, "stimulus")) {
        for (const std::string& part : split_at(step, "; *|, then ")) life.play(part);
    }
    life.finish();
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (says(key, state_list)) {
            check_states(key, value, life.states(), verdict);
            continue;
        }
        if (key == "duplicates") {
            const auto twice = std::adjacent_find(life.states().begin(), life.states().end());
            verdict.require("no duplicates", is_nothing(value) || value.text == "0");
            verdict.require("duplicates: none", twice == life.states().end());
            continue;
        }
        if (says(key, "^(exists\\()?/[a-z0-9]+\\)?$|^ephemeral$|^node$")) {
            verdict.check(key, wanted_look(value),
                          std::string(life.has_ephemeral() ? "ok" : "absent"));
            continue;
        }
        if (key != "results" && key != "result" && key != "exists") {
            throw Refused("expected." + key);
        }
        const std::vector<Value> wanted =
            value.is(Value::Kind::array) ? value.elements : std::vector<Value>{value};
        verdict.check(key, std::to_string(wanted.size()), std::to_string(life.results().size()));
        for (std::size_t i = 0; i < std::min(wanted.size(), life.results().size()); ++i) {
            verdict.check(fmt::format("result {}", i + 1), wanted_look(wanted[i]),
                          life.results()[i]);
        }
    }
    return verdict;
}

/// "connect, closeSession, create ephemeral /foo sent in one write; 10 times": nothing that
/// follows its session's end is done.
Verdict close_then_create(const Case& one) {
    static const std::regex form(
        "connect, ?close(?:Session)?, ?create (?:ephemeral )?(/[a-z]+)"
        "(?: (?:all )?(?:sent )?in one (?:write|packet|batch))?(?:[;,] ([0-9]+) times)?");
    std::smatch found;
    const auto steps = texts(one.stimulus, "stimulus");
    if (steps.size() != 1 || !std::regex_match(steps[0], found, form)) {
        throw Refused("stimulus: " + steps.front());
    }
    const std::string node = found[1];
    Moves moves;
    const std::size_t times = found[2].matched ? std::stoul(found[2]) : 1;
    for (std::size_t i = 0; i < times; ++i) {
        const Moves::Handle handle = moves.open(i);
        moves.cluster.ask(handle.client, Operation::close_session, Moves::path);
        moves.cluster.ask(handle.client, Operation::create, Moves::path);
        moves.cluster.run(zab::milliseconds(500));
    }
    std::string children = "zookeeper ";
    for (const zab::NodeId server : moves.cluster.members()) {
        const auto& tree = moves.cluster.peer(server).server().database.tree();
        if (tree.last_writer(Moves::path) == zab::Zxid{}) continue;
        children += node.substr(1) + " ";
        break;
    }
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (key == "children of /" || key == "children") {
            std::string wanted;
            for (const std::string& name : texts(value, key)) wanted += name + " ";
            verdict.check(key, wanted, children);
        } else if (says(key, "(^|\\()" + node + "\\)?$")) {
            verdict.check(key, wanted_look(value),
                          std::string(children == "zookeeper " ? "absent" : "ok"));
        } else {
            throw Refused("expected." + key);
        }
    }
    return verdict;
}

}  // namespace

std::optional<Verdict> judge_lives(const Case& one) {
    if (one.area != "SESS") return std::nullopt;
    if (one.stimulus.is(Value::Kind::object)) return std::nullopt;
    const auto steps = texts(one.stimulus, "stimulus");
    if (!steps.empty() && says(steps.front(), "connect, ?close")) return close_then_create(one);
    const auto& wanted = one.expected.members;
    const bool tells = std::any_of(wanted.begin(), wanted.end(), [](const sim::json::Member& m) {
        return m.key == "results" || says(m.key, state_list);
    });
    if (tells || one.initial.find("ephemeral") != nullptr) return live(one);
    return std::nullopt;
}

}  // namespace conformance
