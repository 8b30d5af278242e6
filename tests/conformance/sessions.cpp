#include "protocol/service/sessions.hpp"

#include "protocol/config.hpp"
#include "tests/conformance/interpreters.hpp"
#include "tests/conformance/regex.hpp"
#include "tests/conformance/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace conformance {

namespace {

using zab::SessionId;

// Negotiation of a session's timeout.

/// What a case says of limits and of what is asked, all in ms: "2*max", "20 T", "4 s", 3000.
class Negotiation {
  public:
    explicit Negotiation(const Value& initial) {
        only("initial", initial,
             {"tick", "tickMs", "tickTime", "min", "minMs", "minTicks", "minSessionTimeout",
              "minSessionTimeoutMs", "max", "maxMs", "maxTicks", "maxSessionTimeout",
              "maxSessionTimeoutMs", "limits"});
        const Value* limits = initial.find("limits");
        if (limits != nullptr && !says(limits->text, "^(the )?defaults?( ones)?$")) {
            throw Refused("limits: " + limits->text);
        }
        const Value* tick = first_of(initial, {"tickMs", "tickTime", "tick"});
        if (tick != nullptr && tick->text != "T") tick_ms_ = ms(*tick, "tick");
        const zab::Config defaults;
        least_ms_ = limit(initial, "min", defaults.min_session_ticks);
        most_ms_ = limit(initial, "max", defaults.max_session_ticks);
    }

    /// Both limits are whole in ticks of this length.
    zab::Config config() const {
        const std::uint64_t unit = std::gcd(std::gcd(least_ms_, most_ms_), tick_ms_);
        zab::Config config;
        config.tick_time = zab::milliseconds(static_cast<std::int64_t>(unit));
        config.min_session_ticks = static_cast<std::uint32_t>(least_ms_ / unit);
        config.max_session_ticks = static_cast<std::uint32_t>(most_ms_ / unit);
        return config;
    }
    std::uint64_t ms(const Value& value, std::string_view what) const {
        if (!is_text(value)) return number(value, what);
        static const Regex form(
            "(?:([0-9]+) ?\\*? ?)?(ms|s|seconds|T|ticks?|(?:the )?(?:min|max)(?:imum)?"
            "(?:SessionTimeout)?)?",
            Regex::icase);
        Match found;
        if (value.text.empty() || !regex_match(value.text, found, form)) {
            throw Refused(fmt::format("{}: {}", what, value.text));
        }
        const std::uint64_t count = found[1].matched ? std::stoull(found[1]) : 1;
        const std::string unit = found[2];
        if (unit.empty() || says(unit, "^ms$")) return count;
        if (says(unit, "min")) return count * known(least_ms_, what);
        if (says(unit, "max")) return count * known(most_ms_, what);
        return count * (says(unit, "^s") ? 1'000 : tick_ms_);
    }
    std::uint64_t tick_ms() const { return tick_ms_; }

  private:
    static std::uint64_t known(std::uint64_t limit_ms, std::string_view what) {
        if (limit_ms == 0) throw Refused(fmt::format("{}: no such limit yet", what));
        return limit_ms;
    }
    std::uint64_t limit(const Value& initial, const std::string& name,
                        std::uint64_t ticks_by_default) const {
        if (const Value* said = initial.find(name + "Ticks")) return number(*said, name) * tick_ms_;
        const std::string whole = name + "SessionTimeout", whole_ms = whole + "Ms";
        const Value* said = first_of(initial, {name, name + "Ms", whole, whole_ms});
        return said == nullptr ? ticks_by_default * tick_ms_ : ms(*said, name);
    }

    std::uint64_t tick_ms_ = 3'000, least_ms_ = 0, most_ms_ = 0;
};

Verdict negotiate(const Case& one) {
    const Negotiation said(one.initial);
    const bool is_listed = one.stimulus.is(Value::Kind::array);
    if (is_listed && one.stimulus.elements.size() != 1) throw Refused("stimulus: not one request");
    const Value& request = is_listed ? one.stimulus.elements[0] : one.stimulus;
    only("stimulus", request, {"requestedMs", "requestedTicks", "requested"});
    if (request.members.size() != 1) throw Refused("stimulus: not one request");
    const auto in_ms = [&said](const std::string& key, const Value& value) {
        return key.ends_with("Ticks") ? number(value, key) * said.tick_ms() : said.ms(value, key);
    };
    const auto several = [](const Value& value) {
        return value.is(Value::Kind::array) ? value.elements : std::vector{value};
    };
    const std::vector<Value> asked = several(request.members[0].value);
    Verdict verdict;
    for (const auto& [key, place, value] : one.expected.members) {
        if (key != "negotiatedMs" && key != "negotiatedTicks" && key != "negotiated") {
            throw Refused("expected." + key);
        }
        const std::vector<Value> wanted = several(value);
        verdict.check(key, std::to_string(wanted.size()), std::to_string(asked.size()));
        for (std::size_t i = 0; i < std::min(wanted.size(), asked.size()); ++i) {
            const std::uint64_t ms = in_ms(request.members[0].key, asked[i]);
            const auto agreed = said.config().session_timeout_ms(static_cast<std::uint32_t>(ms));
            verdict.check(key, std::to_string(in_ms(key, wanted[i])), std::to_string(agreed));
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
        static const Regex moment(
            "\\b(at|until|till|for|after|wait|pass|idle)?:? ?([0-9]+) ?(ms|s|seconds?|ticks?)\\b"
            "( later)?",
            Regex::icase);
        Match found;
        // "no touch until expiry (<= 2*timeout)" names no moment.
        const bool is_timed = regex_search(step, found, moment);
        if (is_timed) advance(moment_of(found, step));
        const std::string what = is_timed ? regex_replace(step, moment, "") : step;
        static const Regex edges("^[ :,]+|[ :,]+$");
        act(regex_replace(what, edges, ""), is_timed);
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
    zab::Instant moment_of(const Match& found, const std::string& step) const {
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
    if (first_of(one.expected, {"negotiatedMs", "negotiatedTicks", "negotiated"}) != nullptr) {
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
