#include "protocol/service/sessions.hpp"

#include "protocol/config.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <numeric>
#include <regex>

namespace conformance {

namespace {

using zab::SessionId;

// Negotiation of a session's timeout.

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
                verdict.check(key, wanted_session_result(value.text),
                              session_result(zab::check_global(tracker_, id, {})));
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

}  // namespace

std::optional<Verdict> judge_sessions(const Case& one) {
    if (one.area != "SESS") return std::nullopt;
    if (one.expected.find("negotiatedMs") != nullptr ||
        one.expected.find("negotiatedTicks") != nullptr) {
        return negotiate(one);
    }
    const Value* session = one.initial.find("session");
    if (session != nullptr && session->is(Value::Kind::object)) {
        Expiry expiry(one.initial);
        for (const std::string& step : texts(one.stimulus, "stimulus")) expiry.play(step);
        return expiry.judge(one.expected);
    }
    return std::nullopt;
}

}  // namespace conformance
