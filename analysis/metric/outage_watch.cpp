#include "analysis/metric/outage_watch.hpp"

#include <algorithm>
#include <limits>

namespace analysis {

namespace {

/// More troubles at once than this say nothing new: the last one takes the place of its
/// predecessor, so that memory does not grow with the run.
constexpr std::size_t mark_limit = 64;

constexpr std::int64_t threshold_factor = 3;

/// How long an undisturbed start takes is not known; it is less than this.
constexpr zab::Duration long_start = zab::seconds(5);

/// Of what is usual nothing is known: a leader that falls after such a silence only gave up.
constexpr zab::Duration long_silence = zab::milliseconds(100);

}  // namespace

void OutageWatch::ensemble_changed(const EnsembleChange& change, const trace::Record& record,
                                   const EnsembleView& view) {
    if (change.trouble) mark_trouble(*change.trouble, record, view);
    if (!episode_) return;
    if (change.quorum_looking && !episode_->quorum_looking) {
        episode_->quorum_looking = record.time();
    }
    follow_ascent(change, record, view);
}

void OutageWatch::mark_trouble(Trouble trouble, const trace::Record& record,
                               const EnsembleView& view) {
    const zab::Instant now = record.time();
    if (view.has_led()) {
        if (is_calm_) frozen_threshold_ = threshold();
        is_calm_ = false;
    } else if (!episode_ && trouble == Trouble::leader_looking) {
        return;  // Undisturbed, a start may take a second attempt.
    }
    Mark mark{.trouble = trouble, .node = record.node(), .at = now, .blocked_from = std::nullopt};
    if (outstanding_ > 0) mark.blocked_from = now;
    if (!episode_) {
        episode_.emplace();
        episode_->is_of_start = !view.has_led();
        if (view.is_quorum_looking()) episode_->quorum_looking = now;
    }
    std::vector<Mark>& marks = episode_->marks;
    if (marks.size() < mark_limit) {
        marks.push_back(mark);
    } else {
        marks.back() = mark;
    }
}

void OutageWatch::follow_ascent(const EnsembleChange& change, const trace::Record& record,
                                const EnsembleView& view) {
    const zab::NodeId server = record.node();
    if (change.self_elected || change.leading) {
        episode_->attempt = {.leader = server,
                             .elected = view.self_elected(server),
                             .leading = view.leading(server),
                             .established = std::nullopt,
                             .serving = std::nullopt};
    }
    if (change.established) {
        episode_->done = Ascent{.leader = server,
                                .elected = view.self_elected(server),
                                .leading = view.leading(server),
                                .established = record.time(),
                                .serving = std::nullopt};
    }
    if (change.serving && episode_->done) episode_->done->serving = record.time();
}

void OutageWatch::write_invoked(zab::Instant now, zab::Instant arrived, const EnsembleView& view) {
    if (wait_ && (arrived <= wait_->last || !episode_)) {
        want(wait_->first);
    } else if (wait_) {
        end_wait(view);
    }
    wait_.reset();
    const bool is_first = outstanding_++ == 0;
    if (is_first && episode_) forget_unnoticed(now, arrived, view);
    want(arrived);
}

void OutageWatch::want(zab::Instant from) {
    const auto earliest = [](std::optional<zab::Instant>& known, zab::Instant other) {
        known = known ? std::min(*known, other) : other;
    };
    const zab::Instant wanted = std::max(from, gap_begin_);
    earliest(wanted_from_, wanted);
    if (!episode_) return;
    for (Mark& mark : episode_->marks) earliest(mark.blocked_from, std::max(wanted, mark.at));
}

void OutageWatch::write_abandoned(zab::Instant now) {
    if (outstanding_ > 0) --outstanding_;
    last_abandoned_ = now;
}

void OutageWatch::writes_left_behind(std::uint64_t count, zab::Instant now) {
    for (std::uint64_t i = 0; i < count; ++i) write_abandoned(now);
    if (outstanding_ == 0 && !episode_) wanted_from_.reset();
}

bool OutageWatch::is_broken() const {
    if (!episode_) return false;
    return episode_->is_of_start ||
           std::ranges::any_of(episode_->marks, [](const Mark& m) { return is_break(m.trouble); });
}

void OutageWatch::waited(zab::Instant since, zab::Instant now) {
    if (!episode_) return;
    if (wanted_from_) {
        want(since);
        return;
    }
    wait_ = Wait{.first = wait_ ? std::min(wait_->first, since) : since, .last = now};
}

void OutageWatch::end_wait(const EnsembleView& view) {
    want(wait_->first);
    add_outage_until(wait_->last, view);
    begin_gap(wait_->last);
}

void OutageWatch::add_outage_until(zab::Instant until, const EnsembleView& view) {
    std::optional<Outage> outage = outage_until(until);
    if (!outage) return;
    split(*outage, view);
    if (until >= warm_up_) outages_.push_back(*outage);
}

void OutageWatch::write_completed(zab::Instant now, zab::Instant invoked,
                                  const EnsembleView& view) {
    if (outstanding_ > 0) --outstanding_;
    if (episode_) {
        add_outage_until(now, view);
        forget_if([invoked](const Mark& mark) { return mark.at <= invoked; }, now, view);
    }
    if (is_calm_) {
        if (!is_warm_ && now >= warm_up_) {
            is_warm_ = true;
            undisturbed_.clear();
        }
        undisturbed_.add(now - invoked);
    }
    begin_gap(now);
}

void OutageWatch::begin_gap(zab::Instant now) {
    gap_begin_ = now;
    wanted_from_.reset();
    if (outstanding_ > 0) wanted_from_ = now;
    if (!episode_) return;
    for (Mark& mark : episode_->marks) mark.blocked_from = wanted_from_;
}

/// Troubles that a new leader has ended before anybody wanted to write.
void OutageWatch::forget_unnoticed(zab::Instant now, zab::Instant arrived,
                                   const EnsembleView& view) {
    if (wanted_from_ || !episode_->done || !episode_->done->serving) return;
    const zab::Instant served = *episode_->done->serving;
    if (arrived < served) return;
    forget_if([served](const Mark& mark) { return !mark.blocked_from && mark.at <= served; }, now,
              view);
}

template <class Predicate>
void OutageWatch::forget_if(Predicate is_over, zab::Instant now, const EnsembleView& view) {
    Episode& episode = *episode_;
    const zab::Instant first_before = episode.marks.front().at;
    std::erase_if(episode.marks, is_over);
    if (episode.marks.empty()) {
        episode_.reset();
        return;
    }
    const zab::Instant first = episode.marks.front().at;
    if (first == first_before) return;
    // What led out of the earlier trouble does not lead out of the one that is left.
    if (episode.done && *episode.done->established < first) episode.done.reset();
    if (episode.attempt.elected && *episode.attempt.elected < first) episode.attempt = {};
    if (episode.quorum_looking && *episode.quorum_looking < first) {
        episode.quorum_looking = view.is_quorum_looking() ? std::optional{now} : std::nullopt;
    }
}

std::optional<zab::Duration> OutageWatch::threshold() const {
    if (!is_calm_) return frozen_threshold_;
    const std::optional<zab::Duration> usual = undisturbed_.quantile(p99_9);
    if (!usual) return std::nullopt;
    const std::int64_t most = std::numeric_limits<std::int64_t>::max() / threshold_factor;
    return zab::Duration{std::min(usual->ns, most)} * threshold_factor;
}

/// A leader that falls ends acknowledgements by itself, unless they had already ceased: then what
/// came before it (a cut, say) was the reason, and the leader only gave up in consequence.
std::optional<OutageWatch::Beginning> OutageWatch::beginning() const {
    const std::vector<Mark>& marks = episode_->marks;
    // A break that came when nobody wanted to write any more began nothing.
    const auto fall = std::ranges::find_if(
        marks, [](const Mark& m) { return is_break(m.trouble) && m.blocked_from.has_value(); });
    const Mark& first = marks.front();
    if (fall == marks.end()) {
        if (!first.blocked_from) return std::nullopt;
        return Beginning{*first.blocked_from, first, false};
    }
    // What came before the first leader did not end what had not begun.
    if (episode_->is_of_start) return Beginning{*fall->blocked_from, *fall, true};
    const zab::Duration limit = threshold().value_or(long_silence);
    const zab::Instant struck = first.blocked_from.value_or(*fall->blocked_from);
    // The reason of a longer silence than is usual may have come before all that is known.
    const bool has_served = gap_begin_ > zab::Instant{};
    const bool was_silent = has_served && wanted_from_ && struck - *wanted_from_ >= limit;
    const zab::Instant ceased = was_silent ? *wanted_from_ : struck;
    if (*fall->blocked_from - ceased >= limit) return Beginning{ceased, first, true};
    return Beginning{*fall->blocked_from, *fall, true};
}

std::optional<Outage> OutageWatch::outage_until(zab::Instant until) const {
    const std::optional<Beginning> begun = beginning();
    if (!begun) return std::nullopt;
    const zab::Duration length = until - begun->from;
    if (length.ns <= 0 || !is_long(*begun, length)) return std::nullopt;
    return Outage{.from = begun->from,
                  .until = until,
                  .trouble = begun->mark.trouble,
                  .node = begun->mark.node,
                  .new_leader = std::nullopt,
                  .parts = {}};
}

bool OutageWatch::is_long(const Beginning& begun, zab::Duration length) const {
    if (const std::optional<zab::Duration> limit = threshold()) return length >= *limit;
    return begun.has_break || (episode_->is_of_start && length >= long_start);
}

void OutageWatch::split(Outage& outage, const EnsembleView& view) const {
    const bool has_ascent = episode_->done || (outage.open && !view.leader());
    if (!has_ascent) {
        // The leader went on. When another server failed, its clients had to find a new one.
        const bool lost_server = outage.trouble == Trouble::server_stopped;
        (lost_server ? outage.parts.reconnection : outage.parts.stall) = outage.length();
        return;
    }
    const Ascent ascent = episode_->done.value_or(episode_->attempt);
    if (episode_->done) outage.new_leader = ascent.leader;
    zab::Instant reached = outage.from;
    // A step that the trace does not show takes no time: its time is in the step after it.
    const auto part = [&reached, &outage](zab::Instant step_end) {
        const zab::Instant before = reached;
        reached = std::clamp(step_end, before, outage.until);
        return reached - before;
    };
    const std::optional<zab::Instant> served = ascent.serving ? ascent.serving : ascent.established;
    const zab::Instant unreached = served ? outage.from : outage.until;
    outage.parts.detection = part(episode_->quorum_looking.value_or(unreached));
    outage.parts.election = part(ascent.elected.value_or(unreached));
    outage.parts.discovery = part(ascent.leading.value_or(unreached));
    outage.parts.synchronization = part(served.value_or(outage.until));
    outage.parts.reconnection = part(outage.until);
}

zab::Instant OutageWatch::wanted_until(zab::Instant end, const EnsembleView& view,
                                       const Demand& demand) const {
    if (outstanding_ > 0) return end;
    if (demand.is_unknown()) return view.leader() ? zab::Instant{} : end;
    const auto waiting = demand.waiting(gap_begin_, end);
    const zab::Instant last = wait_ ? std::max(wait_->last, last_abandoned_) : last_abandoned_;
    return waiting ? std::max(waiting->last, last) : last;
}

std::optional<Outage> OutageWatch::last_outage(zab::Instant end, const EnsembleView& view,
                                               const Demand& demand) {
    if (!episode_) return std::nullopt;
    if (wait_) want(wait_->first);
    const auto waiting = demand.waiting(gap_begin_, end);
    if (waiting) wanted_from_ = std::min(wanted_from_.value_or(waiting->first), waiting->first);
    for (Mark& mark : episode_->marks) {
        if (mark.blocked_from) continue;
        const auto in_vain = demand.waiting(std::max(mark.at, gap_begin_), end);
        if (in_vain) mark.blocked_from = in_vain->first;
    }
    const zab::Instant until = wanted_until(end, view, demand);
    std::optional<Outage> last = outage_until(until);
    if (!last || until < warm_up_) return std::nullopt;
    last->open = until == end;
    split(*last, view);
    return last;
}

std::vector<Outage> OutageWatch::outages(zab::Instant end, const EnsembleView& view,
                                         const Demand& demand) const {
    std::vector<Outage> all = outages_;
    OutageWatch at_end = *this;  // More records may follow.
    if (const auto last = at_end.last_outage(end, view, demand)) all.push_back(*last);
    return all;
}

}  // namespace analysis
