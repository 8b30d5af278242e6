#include "protocol/service/sessions.hpp"

#include "protocol/config.hpp"
#include "tests/conformance/interpreters.hpp"

#include <fmt/format.h>

#include <numeric>
#include <regex>

namespace conformance {

namespace {

using zab::SessionId;
using zab::SessionRefusal;

bool says(const std::string& words, const char* pattern) {
    return std::regex_search(words, std::regex(pattern, std::regex::icase));
}

std::string name_of(const std::optional<SessionRefusal>& refusal) {
    if (!refusal.has_value()) return "ok";
    switch (*refusal) {
        case SessionRefusal::unknown: return "UNKNOWNSESSION";
        case SessionRefusal::expired: return "SESSIONEXPIRED";
        case SessionRefusal::moved: return "SESSIONMOVED";
    }
    throw Refused("a refusal without a name");
}

/// "SESSIONEXPIRED", "SessionExpiredException", "expired": as name_of() says it.
std::string wanted_name(const std::string& words) {
    if (says(words, "expired")) return "SESSIONEXPIRED";
    if (says(words, "moved")) return "SESSIONMOVED";
    if (says(words, "unknown")) return "UNKNOWNSESSION";
    if (says(words, "\\b(ok|no-?op|passes|succeeds|no exception|leader decides)\\b")) return "ok";
    throw Refused("what result is \"" + words + "\"?");
}

// Negotiation of a session's timeout.

std::uint64_t number_or(const Value& value, std::string_view key, std::uint64_t otherwise) {
    const Value* found = value.find(key);
    return found == nullptr ? otherwise : number(*found, key);
}

/// The limits of the case, in ticks of a length in which both are whole.
zab::Config limits_of(const Value& initial) {
    zab::Config config;
    const Value* least = initial.find("minMs");
    const Value* most = initial.find("maxMs");
    const Value* tick = initial.find("tick");
    if (tick == nullptr) tick = initial.find("tickMs");
    const bool has_length = tick != nullptr && tick->is(Value::Kind::number);
    std::uint64_t tick_ms = has_length ? number(*tick, "tick") : 3'000;
    if (!has_length && least != nullptr && most != nullptr) {
        tick_ms = std::gcd(number(*least, "minMs"), number(*most, "maxMs"));
    }
    config.tick_time = zab::milliseconds(static_cast<std::int64_t>(tick_ms));
    const auto in_ticks = [tick_ms](const Value& limit, std::string_view what) {
        if (number(limit, what) % tick_ms != 0) throw Refused(fmt::format("{}: no ticks", what));
        return static_cast<std::uint32_t>(number(limit, what) / tick_ms);
    };
    if (least != nullptr) config.min_session_ticks = in_ticks(*least, "minMs");
    if (most != nullptr) config.max_session_ticks = in_ticks(*most, "maxMs");
    return config;
}

Verdict negotiate(const Case& one) {
    const zab::Config config = limits_of(one.initial);
    const auto tick_ms = static_cast<std::uint64_t>(config.tick_time.ns / 1'000'000);
    const std::uint64_t asked = number_or(one.stimulus, "requestedMs", 0) +
                                tick_ms * number_or(one.stimulus, "requestedTicks", 0);
    const std::uint64_t agreed = config.session_timeout_ms(static_cast<std::uint32_t>(asked));
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (key == "negotiatedMs") {
            verdict.check(key, std::to_string(number(value, key)), std::to_string(agreed));
        } else if (key == "negotiatedTicks") {
            verdict.check(key, std::to_string(number(value, key) * tick_ms),
                          std::to_string(agreed));
        } else {
            throw Refused("expected." + key);
        }
    }
    return verdict;
}

// The end of a session in the leader's tracker.

class Expiry {
  public:
    explicit Expiry(const Value& initial) {
        const Value& session = member(initial, "session");
        timeout_ms_ = static_cast<std::uint32_t>(number(member(session, "timeoutMs"), "timeoutMs"));
        tick_ =
            zab::milliseconds(static_cast<std::int64_t>(number_or(initial, "tickMs", timeout_ms_)));
        tracker_.track({id, timeout_ms_}, now_, tick_);
        if (tracker_.check(id, {})) throw Refused("the session cannot be used at all");
    }

    void play(const std::string& step) {
        if (says(step, "^(trackSession|track |addSession|createSession)")) {
            tracker_.track({id, timeout_ms_}, now_, tick_);
        } else if (says(step, "^(removeSession|remove )")) {
            tracker_.remove(id);
        } else if (says(step, "^(setSessionClosing|closing)")) {
            tracker_.set_closing(id);
        } else if (says(step, "^(touch|touchSession)\\b")) {
            tracker_.touch(id, now_, tick_);
        } else if (says(step, "expir")) {
            expire();
        } else {
            throw Refused("stimulus: " + step);
        }
    }

    Verdict judge(const Value& expected) {
        Verdict verdict;
        for (const auto& [key, place, value] : expected.members) {
            if (key == "closeRequests") {
                verdict.check(key, std::to_string(number(value, key)),
                              std::to_string(close_requests_));
            } else if (key == "check") {
                verdict.check(key, wanted_name(value.text),
                              name_of(zab::check_global(tracker_, id, {})));
            } else if (key == "touch") {
                verdict.check(key, truth(value, key), tracker_.touch(id, now_, tick_));
            } else if (key == "closing") {
                verdict.check(key, truth(value, key), tracker_.is_closing(id));
            } else if (key == "session" && (value.text == "gone" || value.text == "tracked")) {
                verdict.check(key, value.text == "tracked", tracker_.is_tracked(id));
            } else {
                throw Refused("expected." + key);
            }
        }
        return verdict;
    }

  private:
    static constexpr SessionId id{339'900};

    /// The tracker's thread, from tick to tick, for twice the timeout: its end must have come.
    void expire() {
        const std::size_t before = close_requests_;
        const zab::Instant latest = now_ + zab::milliseconds(2 * std::int64_t{timeout_ms_});
        while (now_ < latest) {
            now_ = now_ + tick_;
            close_requests_ += tracker_.take_expired(now_, tick_).size();
        }
        if (close_requests_ == before) throw Refused("it does not expire within twice its timeout");
    }

    zab::SessionTracker tracker_;
    std::uint32_t timeout_ms_ = 0;
    zab::Duration tick_{};
    zab::Instant now_{};
    std::size_t close_requests_ = 0;
};

// Whether a session may ask for something, by the role of the server.

/// One server's trackers, and a session of one kind.
class Roles {
  public:
    Roles(const Value& initial, const std::string& kind)
        : is_leader_(member(initial, "role").text == "leader") {
        if (!is_leader_ && member(initial, "role").text != "learner") {
            throw Refused("role: " + member(initial, "role").text);
        }
        has_local_ = truth(member(initial, "localSessions"), "localSessions");
        const bool is_of_another = says(kind, "(another|other)( server|'s)|not (own|ours)");
        id_ = {(std::uint64_t{is_of_another ? 3u : 2u} << 56) | 1};
        if (says(kind, "\\b(unknown|never|any|not tracked)\\b")) return;
        const bool is_upgrading = says(kind, "upgrad");
        const bool is_local = says(kind, "\\blocal\\b") && !is_of_another;
        const bool is_global = says(kind, "\\bglobal\\b") || is_upgrading;
        if (is_local || is_upgrading) {
            if (has_local_) local_.track({id_, timeout_ms}, {}, tick);
        } else if (!is_global && !is_of_another) {
            throw Refused("session: " + kind);
        }
        if (!is_global) return;
        global_.track({id_, timeout_ms}, {}, tick);
    }

    std::string check() {
        zab::SessionTracker* local = has_local_ ? &local_ : nullptr;
        return name_of(is_leader_ ? zab::check_on_leader(global_, local, self, id_, {})
                                  : zab::check_on_learner(global_.is_tracked(id_), local, id_, {}));
    }
    std::string check_global() { return name_of(zab::check_global(global_, id_, {})); }
    bool is_global() const { return global_.is_tracked(id_); }

  private:
    static constexpr zab::NodeId self{2};
    static constexpr std::uint32_t timeout_ms = 10'000;
    static constexpr zab::Duration tick = zab::seconds(1);

    bool is_leader_ = false;
    bool has_local_ = false;
    SessionId id_{};
    zab::SessionTracker global_;  // On a learner: what its database holds.
    zab::SessionTracker local_;
};

/// "global", "local, also while upgrading", "unknown, id of another server", "global / own local /
/// upgrading": one or several kinds of session, of which all that is expected must hold.
std::vector<std::string> kinds_of(const std::string& words) {
    std::vector<std::string> kinds;
    for (const std::string& kind : split_at(words, " */ *|; *| or ")) {
        const auto also = split_at(kind, ",? also ");
        kinds.insert(kinds.end(), also.begin(), also.end());
    }
    return kinds;
}

Verdict check_roles(const Case& one) {
    const std::string asked = texts(one.stimulus, "stimulus").front();
    const bool asks_global = says(asked, "checkGlobal");
    if (!asks_global && !says(asked, "^check")) throw Refused("stimulus: " + asked);
    Verdict verdict;
    for (const std::string& kind : kinds_of(member(one.initial, "session").text)) {
        Roles roles(one.initial, kind);
        for (const auto& [key, place, value] : one.expected.members) {
            if (key != "result" && key != "checkGlobal") throw Refused("expected." + key);
            for (const std::string& clause : split_at(value.text, "; *")) {
                const bool is_global =
                    asks_global || key == "checkGlobal" || says(clause, "^checkGlobal");
                if (says(clause, "for global") && !roles.is_global()) continue;
                const std::string got = is_global ? roles.check_global() : roles.check();
                verdict.check(kind + ": " + clause, wanted_name(clause), got);
            }
        }
    }
    return verdict;
}

}  // namespace

std::optional<Verdict> judge_sessions(const Case& one) {
    if (one.area != "SESS") return std::nullopt;
    if (one.expected.find("negotiatedMs") != nullptr ||
        one.expected.find("negotiatedTicks") != nullptr) {
        return negotiate(one);
    }
    if (one.initial.find("role") != nullptr) return check_roles(one);
    const Value* session = one.initial.find("session");
    if (session != nullptr && session->is(Value::Kind::object)) {
        Expiry expiry(one.initial);
        for (const std::string& step : texts(one.stimulus, "stimulus")) expiry.play(step);
        return expiry.judge(one.expected);
    }
    return std::nullopt;
}

}  // namespace conformance
