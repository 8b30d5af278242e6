#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/moves.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/states.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance {

using zab::Operation;
using zab::SessionId;

namespace {

/// A client and its session, whatever becomes of them: what it is told, and which states of its
/// connection it reports (Watcher.Event.KeeperState), each when it changes.
class Life {
  public:
    explicit Life(const Value& initial, const zab::Release& release)
        : ends_session_(release.clients_end_sessions) {
        only("initial", initial,
             {"ephemeral", "session", "client", "server", "servers", "timeoutMs",
              "sessionTimeoutMs", "requestedMs"});
        for (const auto& [key, place, value] : initial.members) describe(key, value);
        handle_ = moves_.open(0);
        session_ = handle_.session.session();
        handle_.session.on_connect_reply({session_, static_cast<std::uint32_t>(timeout_ms_)});
        states_.emplace_back("SyncConnected");
        if (moves_.ask(handle_, Operation::create) != "ok") throw Refused("it is not created");
    }

    void play(const std::string& step) {
        static const Regex call(" ?\\((/[^)]*)\\)");  // No remark: what is read.
        const std::string words = plain(regex_replace(step, call, " $1"));
        for (const Act& act : acts) {
            if (!regex_match(words, act.words)) continue;
            (this->*act.play)();
            notice();
            has_begun_ = true;
            return;
        }
        throw Refused("stimulus: " + step);
    }
    /// Behind the last step: while no server is up, the client goes on looking for one until twice
    /// its session's timeout has passed.
    void finish() {
        if (!moves_.is_any_up()) look_for_server();
    }
    const std::vector<std::string>& results() const { return results_; }
    const std::vector<std::string>& states() const { return states_; }
    /// Since it lost its server; nothing: its session is not over for it.
    std::optional<zab::Duration> ended_after() const { return ended_after_; }
    std::uint64_t timeout_ms() const { return timeout_ms_; }
    std::string use_now() { return moves_.ask(handle_, Operation::get); }
    bool has_ephemeral() const { return moves_.has_ephemeral_of(session_); }

  private:
    struct Act {
        Regex words;
        void (Life::*play)();
    };
    static const std::vector<Act> acts;

    /// Of whom the case tells, before anything happens.
    void describe(const std::string& key, const Value& value) {
        if (value.is(Value::Kind::object) && (key == "session" || key == "client")) {
            only(key, value, {"timeoutMs"});
            timeout_ms_ = number_or(value, "timeoutMs", timeout_ms_);
            return;
        }
        if (key.ends_with("Ms")) {
            timeout_ms_ = number(value, key);
            return;
        }
        static const Regex ephemeral("/[a-z0-9]+ (?:by|of) (?:session|client)(?: [a-z])?");
        static const Regex servers("one|single|fresh|several|running|up|standalone|[0-9]+");
        static const Regex client(
            "(?:connected(?: to (?:only |single |one )?server)?,? ?)?(?:(?:with )?(?:session "
            ")?timeout:? ([0-9]+) "
            "?(ms|s|seconds)?)?(?:,? "
            "?connected)?");
        const std::string words = plain(value.text);
        Match found;
        const bool is_node = key == "ephemeral", is_server = key.starts_with("server");
        if (!regex_match(words, found, is_node ? ephemeral : is_server ? servers : client)) {
            throw Refused(key + ": " + value.text);
        }
        if (is_node || is_server || !found[1].matched) return;
        timeout_ms_ = std::stoull(found[1]) * (found[2].str().starts_with("s") ? 1000u : 1u);
    }

    void connect() {
        if (has_begun_) reconnect();  // Else it is connected: there is no other beginning.
    }
    void be_silent() {}  // It never pings.
    void lose_socket() { moves_.cluster.disconnect(handle_.client); }
    void reconnect() {
        notice();
        if (handle_.session.session().value == 0) {
            results_.emplace_back("SESSIONEXPIRED");
        } else if (!moves_.reopen(handle_, 1)) {
            if (handle_.session.session().value == 0) {
                states_.emplace_back("Expired");
                results_.emplace_back("SESSIONEXPIRED");
            }
        } else {
            states_.emplace_back("SyncConnected");
        }
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
    /// Servers end a session; a client that finds none may do so itself.
    void await_end() {
        if (!moves_.is_any_up()) return look_for_server();
        moves_.await_end_of(session_);
    }
    void find_none() {
        if (moves_.is_any_up()) throw Refused("it does find a server");
        look_for_server();
    }
    void look_for_server() {
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
                ended_after_ = moves_.cluster.now() - lost;
                return;
            }
            reconnect();
        }
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
    bool has_begun_ = false;
    bool is_closed_ = false;
    std::optional<zab::Duration> ended_after_;
    std::vector<std::string> results_;
    std::vector<std::string> states_;
};

constexpr const char* any_server = "(?:all |every |only |one |single )*(?:server|ensemble)s?";
constexpr const char* for_good =
    "(?: for ?ever| for good| permanently|(?: for)? (?:the )?(?:whole|entire) test|"
    "(?: for)? (?:the )?rest of (?:the )?test|(?: un)?till? (?:the )?end(?: of (?:the )?test)?|(?: "
    "and|,)? (?:it )?(?:(?:stays?|remains?) "
    "(?:down|off|away|stopped)|(?:is )?not (?:re)?started(?: again)?|(?:never|does not|is never) "
    "(?:come|start|return|restart)(?:s|ed)?"
    "(?: back)?(?: up)?|never (?:back|up again)|for good))?";

/// A phrase about the servers: "{server} stops{for good}".
Regex about_servers(std::string words) {
    for (const auto& [name, what] : {std::pair("{server}", any_server), {"{for good}", for_good}}) {
        for (auto at = words.find(name); at != std::string::npos; at = words.find(name)) {
            words.replace(at, std::string_view(name).size(), what);
        }
    }
    return Regex(words, Regex::icase);
}

Regex any_case(const char* words) { return Regex(words, Regex::icase); }

const std::vector<Life::Act> Life::acts = {
    {about_servers("{server} (?:is |are |gets? )?(?:stop(?:s|ped)?|shut(?:s|ting)? ?down|killed|"
                   "(?:goes |go )?(?:down|away)|dies|die|crash(?:es|ed)?){for good}|"
                   "(?:stop|shut ?down|kill) {server}{for good}"),
     &Life::stop},
    {about_servers("{server} (?:is |are )?restart(?:s|ed)?|restart {server}"), &Life::restart},
    {about_servers("{server} (?:is |are )?(?:start(?:s|ed)?|comes?|back)(?: back| up)*|"
                   "start {server}"),
     &Life::start},
    {any_case(
         "(?:client )?(?:keeps? |goes on )?(?:(?:retr|tr)(?:y|ies|ying)(?: to (?:re)?connect)?|"
         "look(?:s|ing)? for a(?:nother)? server)(?: (?:until|till) (?:it|client) gives up)?"),
     &Life::look_for_server},
    {any_case("(?:client )?waits?|no reconnect(?:ion)?(?: is)?(?: possible)?|(?:it|client) cannot "
              "(?:re)?connect"),
     &Life::find_none},
    {any_case("(?:its |an? )?(?:client )?(?:socket|connection) (?:is )?(?:killed|closed|lost|dies)|"
              "(?:kill|close|cut) (?:its )?(?:socket|connection)|"
              "client (?:disconnects?|dies|is killed|vanishes|loses (?:its )?"
              "(?:socket|connection))(?: without (?:a )?clos(?:e|ing)(?: (?:its )?session)?)?|"
              "disconnect(?: without close)?"),
     &Life::lose_socket},
    {any_case("(?:client )?(?:(?:is|falls|goes) silent|(?:stops|no more) ping(?:s|ing)?)"),
     &Life::be_silent},
    {any_case(
         "(?:client )?waits? (?:for )?(?:session )?(?:timeout|expiry|expiration|"
         "2 ?\\* ?timeout)|session (?:times out|expires|is expired|ends)"
         "(?: (?:at|for) (?:the )?client)?|"
         "(?:(?:client )?waits? )?(?:for|until|till) (?:(?:it|client) gives up|end of (?:its "
         ")?session|"
         "(?:its |the )?session(?: is)?(?:'s end| end| ends| over| has ended| expires| expired|"
         " terminated| times out)|(?:Expired|expiration|termination)(?: event| state)?(?: is "
         "(?:seen|reported))?)"),
     &Life::await_end},
    {any_case("(?:client )?(?:connects?|is connected|connected)(?: to (?:a )?server)?"),
     &Life::connect},
    {any_case("(?:client )?(?:reconnects?|re-?opens?(?: session)?|new (?:handle|client))"
              "(?: to (?:an?|another|same|next)? ?server)?"
              "(?: (?:with|using|by) (?:its )?(?:same |old )?(?:session )?(?:id|session)"
              "(?:(?: and | ?\\+ ?)(?:its )?password)?)?"),
     &Life::reconnect},
    {any_case("(?:client )?(?:reads?|gets?|getData|exists) /[a-z0-9]+"), &Life::read},
    {any_case("(?:client )?closes?(?: (?:its )?(?:session|handle|client)(?: [a-z])?| [a-z])?|"
              "(?:session )?[a-z] (?:is )?close[ds]"),
     &Life::close},
    {any_case("(?:an? )?(?:new|another|second|other) (?:client|session)"
              "(?:'s)? ?(?:exists?|reads?|gets?|getData|looks?(?: at| for)?|sees)? /[a-z0-9]+"),
     &Life::look_as_another},
    {any_case("use (?:closed|old|expired) (?:handle|client|session)"), &Life::use},
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

Verdict live(const Case& one) {
    static const std::string between =
        "; *|, (?:and )?then |, (?=(?:the )?(?:client|server|socket|session|another|new|wait|close|"
        "read|use|start|stop))";
    std::vector<std::string> steps = texts(one.stimulus, "stimulus");
    Value initial = one.initial;
    for (std::string& step : steps) step = known_life_step(step);
    if (!steps.empty()) steps.front() = take_timeout(steps.front(), initial);
    Life life(initial, one.release);
    for (const std::string& step : steps) {
        for (const std::string& part : split_at(step, between)) life.play(part);
    }
    life.finish();
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (check_state_key(key, value, life.states(), verdict)) continue;
        if (key == "client" && is_text(value)) {
            if (check_story(value.text, life.states(), verdict)) continue;
            check_client_end(value.text, life.ended_after(), life.timeout_ms(), verdict);
            continue;
        }
        if (key == "use") {
            verdict.check(key, without_asides(value.text), life.use_now());
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
    static const Regex form(
        "connect, ?close(?:Session)?(?:, ?| and )create (?:ephemeral )?(/[a-z]+)"
        "(?: (?:all )?(?:sent )?in one (?:write|packet|batch|burst|go))?(?:[;,] ([0-9]+) times)?");
    static const Regex lists(
        "(?:an? )?(?:new|another|second|other) (?:session|client) (?:lists?|ls|getChildren|reads)"
        "(?: (?:the )?children(?: of)?)? ?\\(?/\\)?");
    Match found;
    const auto steps = texts(one.stimulus, "stimulus");
    const bool is_listed = steps.size() == 2 && regex_match(steps[1], lists);
    if ((steps.size() != 1 && !is_listed) || !regex_match(steps[0], found, form)) {
        throw Refused("stimulus: " + (steps.size() == 1 ? steps.front() : steps.back()));
    }
    const std::string node = found[1];
    only("initial", one.initial, {"server", "servers"});
    for (const auto& [key, place, value] : one.initial.members) {
        // Alone or among three, a server is the same to its client.
        const std::string count = value.is(Value::Kind::number) ? value.text : plain(value.text);
        if (!says(count,
                  "^(1|3|one|single|three|several|fresh|up|running|standalone)( servers?)?$")) {
            throw Refused("initial." + key);
        }
    }
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
        } else if (key == "tree" && value.text == "no " + node) {
            verdict.require(key, children == "zookeeper ");
        } else {
            throw Refused("expected." + key);
        }
    }
    return verdict;
}

}  // namespace

std::optional<Verdict> judge_lives(const Case& one) {
    if (one.area != "SESS") return std::nullopt;
    const auto& told = one.stimulus.elements;
    if (one.stimulus.is(Value::Kind::object) || !std::all_of(told.begin(), told.end(), is_text)) {
        return std::nullopt;
    }
    const auto steps = texts(one.stimulus, "stimulus");
    if (!steps.empty() && says(steps.front(), "connect, ?close")) return close_then_create(one);
    const auto& expected = one.expected.members;
    const bool tells = std::any_of(expected.begin(), expected.end(), [](const auto& one_of_them) {
        return is_about_states(one_of_them.key) || state_called(one_of_them.key) ||
               says(one_of_them.key, "^(results|client|use)$");
    });
    if (tells || one.initial.find("ephemeral") != nullptr) return live(one);
    return std::nullopt;
}

}  // namespace conformance
