#include "protocol/service/sessions.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

namespace conformance {

// One server's session trackers, and sessions by their ids: "check 0xdeadbeef", "checkGlobal 0x1",
// "check an untracked id made by server 3".

namespace {

using zab::SessionId;

class Tracked {
  public:
    explicit Tracked(const Value& initial) {
        only("initial", initial,
             {"tracker", "server", "serverId", "sid", "localSessionsEnabled", "localSessions",
              "knownSessions", "tracked", "trackedSessions", "globalSessions"});
        static const Regex form("(Leader|Learner)(?: ?SessionTracker)?(?: of server ([0-9]+))?",
                                Regex::icase);
        const std::string words = plain(member(initial, "tracker").text);
        Match found;
        if (!regex_match(words, found, form)) throw Refused("tracker: " + words);
        is_leader_ = says(found[1], "^leader$");
        const Value* own = first_of(initial, {"server", "serverId", "sid"});
        if (found[2].matched) own_ = std::stoull(found[2]);
        if (own != nullptr) own_ = server_number(*own, "server");
        const Value* enabled = first_of(initial, {"localSessionsEnabled", "localSessions"});
        if (enabled == nullptr) throw Refused("are there local sessions?");
        has_local_ = is_on(*enabled, "localSessionsEnabled");
        const Value* known =
            first_of(initial, {"knownSessions", "tracked", "trackedSessions", "globalSessions"});
        if (known == nullptr || is_nothing(*known)) return;
        const auto all = known->is(Value::Kind::array) ? known->elements : std::vector{*known};
        for (const Value& one : all) {
            global_.track({{number(one, "a session")}, timeout_ms}, {}, tick);
        }
    }

    void play(const std::string& step) {
        static const Regex form(
            "(?:it |tracker )?check(?: ?(Global))?(?: ?Session)?(?: of| for)? (.*)", Regex::icase);
        static const Regex call("\\(([^)]*)\\)");
        const std::string words = plain(regex_replace(step, call, " $1"));
        Match found;
        if (!regex_match(words, found, form)) throw Refused("stimulus: " + step);
        check(session_in(found[2]), found[1].matched);
    }
    void check(SessionId session, bool is_global) {
        if (is_global && !is_leader_) throw Refused("only a leader knows of all global sessions");
        zab::SessionTracker* local = has_local_ ? &local_ : nullptr;
        if (is_global) {
            results_.push_back(session_result(zab::check_global(global_, session, {})));
        } else if (is_leader_) {
            const zab::NodeId self{static_cast<std::uint16_t>(own_)};
            results_.push_back(
                session_result(zab::check_on_leader(global_, local, self, session, {})));
        } else {
            results_.push_back(session_result(
                zab::check_on_learner(global_.is_tracked(session), local, session, {})));
        }
    }
    const std::vector<std::string>& results() const { return results_; }

  private:
    static constexpr std::uint32_t timeout_ms = 10'000;
    static constexpr zab::Duration tick = zab::seconds(1);

    /// "0xdeadbeef", or one that is not tracked: "untracked id made by server 3".
    SessionId session_in(const std::string& words) {
        static const Regex plain_id("(?:session |id )*(0x[0-9a-f]+|[0-9]+)", Regex::icase);
        static const Regex stranger(
            "(?:an? |some )?(?:untracked|unknown|unseen) (?:session|id|session id)(?: (?:id )?"
            "(?:made|given|created|of|from) (?:by |at |of )?(?:(this|own|another|other) server|"
            "server ([0-9]+)))?",
            Regex::icase);
        Match found;
        if (regex_match(words, found, plain_id)) {
            return {std::stoull(found[1], nullptr, 0)};
        }
        if (!regex_match(words, found, stranger)) throw Refused("which session? " + words);
        std::uint64_t maker = says(found[1], "other") ? own_ + 1 : own_;
        if (found[2].matched) maker = std::stoull(found[2]);
        return {maker << 56 | ++strangers_};
    }

    bool is_leader_ = false;
    bool has_local_ = false;
    std::uint64_t own_ = 2;
    std::uint64_t strangers_ = 0;
    zab::SessionTracker global_;  // On a learner: what its database holds.
    zab::SessionTracker local_;
    std::vector<std::string> results_;
};

std::string wanted_result(const Value& value) {
    if (is_nothing(value) || value.text == "false") return "ok";  // "throws": null
    return wanted_session_result(value.text);
}

}  // namespace

std::optional<Verdict> judge_trackers(const Case& one) {
    if (one.area != "SESS" || one.initial.find("tracker") == nullptr) return std::nullopt;
    Tracked tracked(one.initial);
    if (one.stimulus.is(Value::Kind::object)) {  // {"checkSession": "0xb100ded"}
        for (const auto& [call, place, value] : one.stimulus.members) {
            tracked.play(call + " " + value.text);
        }
    } else {
        for (const std::string& step : texts(one.stimulus, "stimulus")) {
            for (const std::string& part : split_at(step, "; *|, (?:then )?(?=check)")) {
                tracked.play(part);
            }
        }
    }
    const std::vector<std::string>& results = tracked.results();
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (!says(key, "^(throws|exception|results?|check(Session)?|checkGlobal(Session)?)$")) {
            throw Refused("expected." + key);
        }
        const std::vector<Value> wanted =
            value.is(Value::Kind::array) ? value.elements : std::vector{value};
        verdict.check(key, std::to_string(wanted.size()), std::to_string(results.size()));
        for (std::size_t i = 0; i < std::min(wanted.size(), results.size()); ++i) {
            verdict.check(fmt::format("{} {}", key, i + 1), wanted_result(wanted[i]), results[i]);
        }
    }
    return verdict;
}

}  // namespace conformance
