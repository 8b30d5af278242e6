#include "protocol/client/session.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/support/cluster.hpp"

#include <fmt/format.h>

#include <regex>

namespace conformance {

namespace {

using zab::Operation;
using zab::SessionId;

bool says(const std::string& words, const char* pattern) {
    return std::regex_search(words, std::regex(pattern, std::regex::icase));
}

/// Three servers that serve, and clients that take a session from one to the next.
class Moves {
  public:
    /// A client's handle on a session: its connection, and what it knows itself.
    struct Handle {
        std::uint64_t client = 0;
        zab::ClientSession session{0, 10'000};
    };

    Moves() : cluster_(config()) {
        cluster_.start_all();
        cluster_.run(zab::seconds(30));
        if (!cluster_.leader().has_value()) throw Refused("no server leads");
    }

    std::size_t servers() const { return cluster_.members().size(); }
    /// A handle at a server, on a session that there is or on a new one.
    Handle open(std::size_t server, SessionId session = {}) {
        Handle handle;
        handle.client = cluster_.connect(cluster_.members().at(server % servers()), session);
        cluster_.run(zab::milliseconds(500));
        const SessionId given = cluster_.session_of(handle.client);
        if (!handle.session.on_connect_reply({given, 10'000})) throw Refused("no session is given");
        if (session.value != 0 && given != session) throw Refused("it is another session");
        return handle;
    }
    /// What the client of this handle is told.
    std::string ask(Handle& handle, Operation operation) {
        const bool is_over = cluster_.has_lost(handle.client);
        if (!is_over) {
            handle.session.request(operation, path, 0);
            const std::size_t asked = cluster_.ask(handle.client, operation, path);
            cluster_.run(zab::milliseconds(500));
            if (const auto reply = cluster_.asked(asked).reply) {
                const auto own = handle.session.give_up_oldest();
                handle.session.request(operation, path, 0);
                handle.session.on_reply({reply->zxid, own->cxid + 1, operation, reply->outcome});
                return reply->outcome == zab::Outcome::ok ? "ok" : "SESSIONEXPIRED";
            }
            if (!cluster_.has_lost(handle.client)) throw Refused("no answer, and no end");
        }
        return handle.session.loss() == zab::Outcome::session_expired ? "SESSIONEXPIRED"
                                                                      : "CONNECTIONLOSS";
    }
    void disconnect(const Handle& handle) { cluster_.disconnect(handle.client); }
    /// Ephemeral nodes live as long as their session is in a server's tree.
    bool has_ephemeral_of(SessionId session) const {
        for (const zab::NodeId node : cluster_.members()) {
            if (!cluster_.peer(node).server().database.has_session(session)) return false;
        }
        return true;
    }

  private:
    static constexpr zab::PathId path = 1;

    static zab::Config config() {
        zab::Config config;
        config.voters = {{1}, {2}, {3}};
        return config;
    }

    test::Cluster cluster_;
};

/// "open same session at next server; sync; write", then "old handle writes": again and again.
Verdict move_around(const Case& one) {
    const auto steps = texts(one.stimulus, "stimulus");
    static const std::regex opens("open (?:the )?same session at (?:the )?next server");
    if (steps.size() != 2 || !std::regex_search(steps[0], opens) ||
        !says(steps[1], "old .*(write|set)")) {
        throw Refused("stimulus: " + steps.front());
    }
    std::size_t rounds = 1;
    if (const Value* repeat = one.expected.find("repeat")) {
        static const std::regex form("([0-9]+) rounds over all servers");
        std::smatch found;
        if (!std::regex_match(repeat->text, found, form)) throw Refused("repeat: " + repeat->text);
        rounds = std::stoul(found[1]);
    }
    Moves moves;
    Moves::Handle old = moves.open(0);
    const SessionId session = old.session.session();
    Verdict verdict;
    verdict.check("create", std::string("ok"), moves.ask(old, Operation::create));
    for (std::size_t i = 0; i < rounds * moves.servers(); ++i) {
        Moves::Handle young = moves.open(i + 1, session);
        for (const auto& [word, operation] :
             {std::pair("sync", Operation::sync), std::pair("write|set", Operation::set)}) {
            if (!says(steps[0], word)) continue;
            const std::string got = moves.ask(young, operation);
            verdict.check(fmt::format("new, move {}", i), member(one.expected, "new").text, got);
        }
        verdict.check(fmt::format("old, move {}", i), member(one.expected, "old").text,
                      moves.ask(old, Operation::set));
        old = young;
    }
    return verdict;
}

/// A client loses its socket, comes back with its session, closes it; its ephemeral node.
class Life {
  public:
    explicit Life(const Value& initial) {
        if (!says(member(initial, "ephemeral").text, "^/[a-z]+ by session")) {
            throw Refused("ephemeral: " + initial.find("ephemeral")->text);
        }
        handle_ = moves_.open(0);
        session_ = handle_.session.session();
        if (moves_.ask(handle_, Operation::create) != "ok") throw Refused("it is not created");
    }

    void play(const std::string& step) {
        if (says(step, "^(socket killed|kill socket|disconnect)")) {
            moves_.disconnect(handle_);
        } else if (says(step, "^reconnect with id")) {
            handle_ = moves_.open(1, session_);
        } else if (says(step, "^(read|get) /")) {
            results_.push_back(look(handle_));
        } else if (says(step, "^close$")) {
            if (moves_.ask(handle_, Operation::close_session) != "ok") {
                throw Refused("it cannot be closed");
            }
        } else if (says(step, "^new session exists")) {
            Moves::Handle other = moves_.open(2);
            results_.push_back(look(other));
        } else if (says(step, "^use closed handle")) {
            results_.push_back(moves_.ask(handle_, Operation::get));
        } else {
            throw Refused("stimulus: " + step);
        }
    }
    const std::vector<std::string>& results() const { return results_; }

  private:
    /// What reading the ephemeral node tells: the flat tree here holds none, but its session does.
    std::string look(Moves::Handle& handle) {
        const std::string got = moves_.ask(handle, Operation::get);
        if (got != "ok") return got;
        return moves_.has_ephemeral_of(session_) ? "ok" : "absent";
    }

    Moves moves_;
    Moves::Handle handle_;
    SessionId session_{};
    std::vector<std::string> results_;
};

Verdict live_and_close(const Case& one) {
    Life life(one.initial);
    for (const std::string& step : texts(one.stimulus, "stimulus")) life.play(step);
    const auto wanted = texts(member(one.expected, "results"), "results");
    Verdict verdict;
    verdict.check("results", std::to_string(wanted.size()), std::to_string(life.results().size()));
    for (std::size_t i = 0; i < std::min(wanted.size(), life.results().size()); ++i) {
        static const std::regex aside(" *\\([^)]*\\)");
        verdict.check(fmt::format("result {}", i + 1), std::regex_replace(wanted[i], aside, ""),
                      life.results()[i]);
    }
    return verdict;
}

}  // namespace

std::optional<Verdict> judge_moves(const Case& one) {
    if (one.area != "SESS") return std::nullopt;
    if (one.initial.find("ephemeral") != nullptr) return live_and_close(one);
    if (one.initial.find("servers") != nullptr && one.expected.find("old") != nullptr) {
        return move_around(one);
    }
    return std::nullopt;
}

}  // namespace conformance
