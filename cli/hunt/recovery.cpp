#include "cli/hunt/recovery.hpp"

#include "analysis/metric/summary.hpp"
#include "analysis/stats/quantity.hpp"
#include "sim/chaos/chaos.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

std::uint64_t in_ms(zab::Duration time) {
    return static_cast<std::uint64_t>((time.ns + ns_per_ms - 1) / ns_per_ms);
}

std::size_t place_of(zab::NodeId id) { return id.value; }

/// Whether a fault without an end leaves nothing behind that goes on disturbing. Crashed servers
/// do not disturb: that a quorum runs is asked for separately.
bool is_over_at_once(sim::FaultKind kind) {
    using K = sim::FaultKind;
    return kind == K::crash || kind == K::power_loss || kind == K::restart || kind == K::resume ||
           kind == K::heal || kind == K::release || kind == K::reset || kind == K::release_held ||
           kind == K::drop_held || kind == K::disk_corrupt || kind == K::client_burst;
}

/// A write that is refused with its session, or lost, came to nothing: a dead ensemble does that.
bool is_acknowledged(std::uint16_t detail) {
    const trace::Outcome outcome = trace::outcome_of(detail);
    return analysis::is_write(trace::operation_of(detail)) &&
           outcome != trace::Outcome::session_expired && outcome != trace::Outcome::connection_loss;
}

/// Whether what is sent meanwhile has to be sent again.
bool loses_segments(sim::FaultKind kind) {
    return kind == sim::FaultKind::cut || kind == sim::FaultKind::loss;
}

}  // namespace

zab::Duration recovery_bound(const sim::Scenario& scenario) {
    sim::chaos::Setting setting;
    setting.tick_ms = in_ms(scenario.config.tick_time);
    setting.init_limit = scenario.config.init_limit;
    setting.sync_limit = scenario.config.sync_limit;
    setting.dial_timeout_ms = in_ms(scenario.config.election_connection_timeout);
    setting.notification_ms = in_ms(scenario.config.max_notification_interval);
    setting.session_ms = 0;
    for (const sim::ClientGroup& group : scenario.clients) {
        setting.session_ms = std::max(setting.session_ms, in_ms(group.session_timeout));
    }
    return zab::milliseconds(static_cast<std::int64_t>(sim::chaos::recovery_bound_ms(setting)));
}

Recovery::Recovery(const sim::Scenario& scenario)
    : scenario_(scenario), quorum_(scenario.config.voters, scenario.config.groups) {}

void Recovery::observe(const trace::Record& record, trace::RecordId) {
    take_part(record);
    switch (record.kind()) {
        case trace::Kind::fault:
            disturbed(static_cast<std::size_t>(record.a()), record.time());
            return;
        case trace::Kind::server_started:
        case trace::Kind::server_stopped: {
            const std::size_t place = place_of(record.node());
            is_up_.resize(std::max(is_up_.size(), place + 1));
            is_up_[place] = record.kind() == trace::Kind::server_started;
            return;
        }
        case trace::Kind::invoke:
            if (record.time() >= calm_since_ &&
                analysis::is_write(trace::operation_of(record.detail()))) {
                if (!written_) asked_.emplace_back(record.b(), record.c());
                if (!unanswered_) unanswered_ = record.time();
            }
            return;
        case trace::Kind::complete: {
            if (!is_acknowledged(record.detail())) return;
            unanswered_.reset();
            const std::pair<std::uint64_t, std::uint32_t> ask{record.b(), record.c()};
            if (!written_ && std::find(asked_.begin(), asked_.end(), ask) != asked_.end()) {
                written_ = record.time();
            }
            return;
        }
        default: return;
    }
}

/// Whether `end` takes away all of what `begun` does. A leader or follower may be another by then.
bool Recovery::undoes(const sim::Fault& end, const sim::Fault& begun) const {
    using K = sim::FaultKind;
    using Target = sim::Target;
    const bool is_its_end =
        (end.kind == K::heal &&
         (begun.kind == K::cut || begun.kind == K::delay || begun.kind == K::loss ||
          begun.kind == K::clog || begun.kind == K::rate)) ||
        (end.kind == K::release && begun.kind == K::clog) ||
        (end.kind == K::resume && begun.kind == K::pause);
    if (!is_its_end || (end.one_way && !begun.one_way)) return false;
    if (end.target.kind == Target::Kind::all && !end.other) return true;
    const bool is_fixed =
        begun.target.kind == Target::Kind::server || begun.target.kind == Target::Kind::region;
    return is_fixed && end.target == begun.target && end.other == begun.other;
}

void Recovery::disturbed(std::size_t place, zab::Instant now) {
    const sim::Fault& fault = scenario_.faults[place];
    std::erase_if(endless_,
                  [&](std::size_t begun) { return undoes(fault, scenario_.faults[begun]); });
    if (!fault.lasting && !is_over_at_once(fault.kind)) endless_.push_back(place);
    const zab::Instant end = now + fault.lasting.value_or(zab::Duration{});
    calm_since_ = std::max(calm_since_, end);
    if (loses_segments(fault.kind)) {
        if (now > bad_until_ + back_off()) bad_from_ = now;
        bad_until_ = std::max(bad_until_, end);
    }
    written_.reset();
    unanswered_.reset();
    asked_.clear();
    visits_.clear();
}

/// Notes what the servers do together. What happens before the faults have ended is no part of it.
void Recovery::take_part(const trace::Record& record) {
    const std::size_t place = place_of(record.node());
    Part part;
    switch (record.kind()) {
        case trace::Kind::server_started: part.doing = Doing::boots; break;
        case trace::Kind::server_stopped: part.doing = Doing::nothing; break;
        case trace::Kind::looking: part.doing = Doing::looks; break;
        case trace::Kind::leading: part.doing = Doing::leads; break;
        case trace::Kind::established: part.doing = Doing::rules; break;
        case trace::Kind::following: part = {Doing::follows, zab::NodeId{record.peer()}}; break;
        default: return;
    }
    parts_.resize(std::max(parts_.size(), place + 1));
    parts_[place] = part;
    if (record.time() < calm_since_) {
        visits_.clear();
        return;
    }
    Visits& visits = visits_[parts_];
    if (visits.count == 0) visits.first = record.time();
    ++visits.count;
    visits.last = record.time();
}

zab::Duration Recovery::back_off() const { return bad_until_ - bad_from_; }

bool Recovery::is_quorum_up() const {
    return quorum_.is_quorum_where(
        [this](zab::NodeId id) { return place_of(id) < is_up_.size() && is_up_[place_of(id)]; });
}

/// Whether a server runs that a client may talk to which has writes to ask for until the end.
bool Recovery::can_anyone_write() const {
    const auto is_up = [this](zab::NodeId id) {
        return place_of(id) < is_up_.size() && is_up_[place_of(id)];
    };
    return std::any_of(
        scenario_.clients.begin(), scenario_.clients.end(), [&](const sim::ClientGroup& group) {
            const bool is_done = group.operations_each || group.requests || group.leave;
            if (is_done || group.create_weight + group.set_weight == 0) return false;
            if (group.placement == sim::Placement::servers) {
                return std::any_of(group.servers.begin(), group.servers.end(), is_up);
            }
            const bool only_observers = group.placement == sim::Placement::observers;
            return std::any_of(scenario_.servers.begin(), scenario_.servers.end(),
                               [&](const sim::ServerSpec& server) {
                                   return (!only_observers || !server.voter) && is_up(server.id);
                               });
        });
}

/// When the first of those connects who have writes to ask for.
zab::Instant Recovery::first_writer() const {
    std::optional<zab::Duration> first;
    for (const sim::ClientGroup& group : scenario_.clients) {
        const bool writes = group.create_weight + group.set_weight > 0;
        if (writes) first = std::min(first.value_or(group.start), group.start);
    }
    return zab::Instant{} + first.value_or(zab::Duration{});
}

Recovery::Judgement Recovery::dead_or_lasso(std::string why) const {
    constexpr std::uint32_t rounds = 4;
    const auto most = std::max_element(
        visits_.begin(), visits_.end(),
        [](const auto& a, const auto& b) { return a.second.count < b.second.count; });
    if (most == visits_.end() || most->second.count < rounds) {
        return {Outcome::dead, std::move(why)};
    }
    const Visits& visits = most->second;
    why += fmt::format("; {} times, every {} on average:", visits.count,
                       analysis::duration_text(
                           zab::nanoseconds((visits.last - visits.first).ns / (visits.count - 1))));
    for (std::size_t id = 0; id < most->first.size(); ++id) {
        const Part& part = most->first[id];
        switch (part.doing) {
            case Doing::nothing: break;
            case Doing::boots: why += fmt::format(" {} boots,", id); break;
            case Doing::looks: why += fmt::format(" {} looks for a leader,", id); break;
            case Doing::follows:
                why += fmt::format(" {} follows {},", id, part.leader.value);
                break;
            case Doing::leads: why += fmt::format(" {} leads without a quorum,", id); break;
            case Doing::rules: why += fmt::format(" {} leads,", id); break;
        }
    }
    why.pop_back();
    return {Outcome::lasso, std::move(why)};
}

Recovery::Judgement Recovery::judge(zab::Instant end) const {
    if (scenario_.protocol != sim::Protocol::zab) return {Outcome::excused, "not Zab"};
    const zab::Duration bound = recovery_bound(scenario_) + back_off();
    if (!endless_.empty()) return {Outcome::excused, "a fault never ends"};
    if (!is_quorum_up()) return {Outcome::excused, "no quorum runs at the end"};
    const zab::Instant begin = std::max(calm_since_, first_writer());
    const auto after = [&](zab::Instant time) { return analysis::duration_text(time - begin); };
    if (written_ && *written_ - begin <= bound) {
        if (!unanswered_ || end - *unanswered_ <= bound || !can_anyone_write()) {
            return {Outcome::live, {}};
        }
        return dead_or_lasso(
            fmt::format("after it had come back, no write was acknowledged in the last {}",
                        analysis::duration_text(end - *unanswered_)));
    }
    if (written_) {
        return {Outcome::slow, fmt::format("the first write after the last fault took {}, more "
                                           "than the bound of {}",
                                           after(*written_), analysis::duration_text(bound))};
    }
    if (end - begin < bound) {
        return {Outcome::excused,
                fmt::format("only {} are left after the last fault, less than the bound of {}",
                            after(end), analysis::duration_text(bound))};
    }
    if (!can_anyone_write())
        return {Outcome::excused, "no client that writes until the end has a server to talk to"};
    return dead_or_lasso(
        fmt::format("no write was acknowledged in the {} after the last fault", after(end)));
}

}  // namespace cli
