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

    /// "touch at 1500 ms", "2 ticks pass", "expires", "removeSession": one step; at first, when.
    void play(const std::string& step) {
        static const std::regex moment(
            "\\b(at|until|till|for|after|wait|pass|idle)?:? ?([0-9]+) ?(ms|s|seconds?|ticks?)\\b"
            "( later)?",
            std::regex::icase);
        std::smatch found;
        // "no touch until expiry (<= 2*timeout)" names no moment.
        const bool is_timed = std::regex_search(step, found, moment);
        if (is_timed) advance(moment_of(found, step));
        const std::string what = is_timed ? std::regex_replace(step, moment, "") : step;
        static const std::regex edges("^[ :,]+|[ :,]+$");
        act(std::regex_replace(what, edges, ""), is_timed);
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
            } else if (key == "expires" || key == "expiresAtMs" || key == "expired") {
                check_end(key, value, verdict);
            } else if (key == "session" &&
                       (says(value.text, "^(gone|absent|removed)$") || value.text == "tracked")) {
                verdict.check(key, value.text == "tracked", tracker_.is_tracked(id));
            } else {
                throw Refused("expected." + key);
            }
        }
        return verdict;
    }

  private:
    static constexpr SessionId id{339'900};

    void act(const std::string& step, bool is_timed) {
        if (says(step, "^(trackSession|track |track$|addSession|createSession)")) {
            tracker_.track({id, timeout_ms_}, now_, tick_);
        } else if (says(step,
                        "^(removeSession|remove( |$)|closeSession (is )?(committed|applied))")) {
            tracker_.remove(id);
        } else if (says(step, "^(setSessionClosing|closing|closeSession requested)")) {
            tracker_.set_closing(id);
        } else if (says(step, "^(touch|touchSession|ping)\\b") && !says(step, "^touch.*expir")) {
            tracker_.touch(id, now_, tick_);
        } else if (says(step, "expir|^(no|without) (touch|ping)$") && !is_timed) {
            expire();
        } else if (!is_timed || !says(step, "^$|^(no|without) (touch|ping)$|^(time )?pass(es)?$")) {
            throw Refused("stimulus: " + step);
        }
    }

    /// The tracker's thread, from tick to tick.
    void advance(zab::Instant until) {
        for (; now_ < until; now_ = std::min(until, next_tick())) {
            if (next_tick() > until) continue;
            const std::size_t ended = tracker_.take_expired(next_tick(), tick_).size();
            if (ended > 0 && !end_.has_value()) end_ = next_tick();
            close_requests_ += ended;
        }
    }
    zab::Instant next_tick() const { return {(now_.ns / tick_.ns + 1) * tick_.ns}; }

    /// For twice the timeout: its end must have come.
    void expire() {
        const std::size_t before = close_requests_;
        advance(now_ + zab::milliseconds(2 * std::int64_t{timeout_ms_}));
        if (close_requests_ == before) throw Refused("it does not expire within twice its timeout");
    }

    /// "at 1500 ms", or "1500 ms later".
    zab::Instant moment_of(const std::smatch& found, const std::string& step) const {
        const std::string unit = found[3];
        const std::int64_t count = std::stoll(found[2]);
        zab::Duration time = zab::milliseconds(count);
        if (unit.starts_with("s")) time = zab::seconds(count);
        if (unit.starts_with("t")) time = tick_ * count;
        if (!says(found[1], "at|until|till")) return now_ + time;
        if (zab::Instant{} + time < now_) throw Refused("stimulus: too late for " + step);
        return zab::Instant{} + time;
    }

    /// When it ends, if nothing more happens: "not before 4500 ms", "at 6000 ms", "never", true.
    void check_end(const std::string& key, const Value& value, Verdict& verdict) {
        if (value.is(Value::Kind::boolean)) {
            verdict.check(key, truth(value, key), end_.has_value());
            return;
        }
        if (!end_.has_value()) advance(now_ + zab::milliseconds(3 * std::int64_t{timeout_ms_}));
        if (is_nothing(value) || value.text == "never") {
            verdict.check(key, false, end_.has_value());
            return;
        }
        const auto said = numbers_in(value.text);
        if (said.size() != 1) throw Refused("expected." + key + ": " + value.text);
        if (!end_.has_value()) {
            verdict.check(key, value.text, std::string("never"));
            return;
        }
        const auto at = static_cast<std::uint64_t>(end_->ns / 1'000'000);
        const bool is_least = says(value.text, "^(not before|no earlier than|>=|after)");
        const bool is_most = says(value.text, "^(by|at most|not after|no later than|within|<=)");
        if (!is_least && !is_most && !says(value.text, "^(at )?[0-9]+( ms)?$")) {
            throw Refused("expected." + key + ": " + value.text);
        }
        const bool holds = is_least ? at >= said[0] : is_most ? at <= said[0] : at == said[0];
        if (!holds) verdict.check(key, value.text, std::to_string(at) + " ms");
    }

    zab::SessionTracker tracker_;
    std::uint32_t timeout_ms_ = 0;
    zab::Duration tick_{};
    zab::Instant now_{};
    std::optional<zab::Instant> end_;
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
