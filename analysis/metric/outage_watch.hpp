#pragma once

#include "analysis/metric/demand.hpp"
#include "analysis/metric/ensemble_view.hpp"
#include "analysis/metric/summary.hpp"
#include "analysis/stats/histogram.hpp"
#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace analysis {

/// Finds the outages of a run, online.
///
/// A trouble (a fault, a server that stops, a leader that falls) opens an *episode*. It is over
/// when a write completes that was invoked after the trouble: acknowledgements are possible again.
/// Inside an episode each gap between two completed writes is an outage if it is long enough. It
/// starts when the trouble strikes while a write is outstanding, or with the first write after it,
/// or with the last write that still got through. What has given up, or waits for a server, was
/// wanted too.
///
/// To start takes its time, and is no outage. What strikes before the first leader makes one when
/// it ends the attempt, or when the start takes longer than any that is undisturbed.
class OutageWatch {
  public:
    explicit OutageWatch(zab::Instant warm_up) : warm_up_(warm_up) {}

    void ensemble_changed(const EnsembleChange& change, const trace::Record& record,
                          const EnsembleView& view);
    /// `arrived`: when it was first wanted; it may have waited for a connection.
    void write_invoked(zab::Instant now, zab::Instant arrived, const EnsembleView& view);
    /// A write that failed, or that its client forgot.
    void write_abandoned(zab::Instant now);
    /// Writes that nobody wants any more: their clients have left.
    void writes_left_behind(std::uint64_t count, zab::Instant now);
    /// Somebody who writes had no server from `since` until `now`, and then asked for something
    /// else than a write.
    void waited(zab::Instant since, zab::Instant now);
    void write_completed(zab::Instant now, zab::Instant invoked, const EnsembleView& view);

    /// Whether a leader, or a quorum, fell, or was kept from coming up, and no write has shown that
    /// this is over.
    bool is_broken() const;

    /// 3 × p99.9 of the writes before the first disturbance; those before the warm-up count only
    /// when there are no others.
    std::optional<zab::Duration> threshold() const;
    /// All outages, with the one that lasts at `end`, or until nobody wanted to write any more.
    std::vector<Outage> outages(zab::Instant end, const EnsembleView& view,
                                const Demand& demand) const;

  private:
    /// A trouble that no write has yet shown to be over.
    struct Mark {
        Trouble trouble{};
        zab::NodeId node;
        zab::Instant at;
        /// The first instant since `at` (and since the last completed write) with a write
        /// outstanding.
        std::optional<zab::Instant> blocked_from;
    };

    /// Somebody waited for a server in vain, and then did not write.
    struct Wait {
        zab::Instant first, last;
    };

    /// A leader's way to service.
    struct Ascent {
        zab::NodeId leader;
        std::optional<zab::Instant> elected;
        std::optional<zab::Instant> leading;
        std::optional<zab::Instant> established;
        std::optional<zab::Instant> serving;
    };

    struct Episode {
        std::vector<Mark> marks;  ///< Never empty; ascending.
        std::optional<zab::Instant> quorum_looking;
        Ascent attempt;              ///< Of the last that was elected.
        std::optional<Ascent> done;  ///< Of the last that was established.
        bool is_of_start = false;    ///< It began before the first leader.
    };

    /// Where an outage began, and what did it.
    struct Beginning {
        zab::Instant from;
        Mark mark;
        bool has_break = false;  ///< Acknowledgements became impossible, then or later.
    };

    void mark_trouble(Trouble trouble, const trace::Record& record, const EnsembleView& view);
    void follow_ascent(const EnsembleChange& change, const trace::Record& record,
                       const EnsembleView& view);
    /// From this moment on, a write has been wanted.
    void want(zab::Instant from);
    /// Until a write was wanted again, nobody did: what was waited for in vain is a gap by itself.
    void end_wait(const EnsembleView& view);
    void add_outage_until(zab::Instant until, const EnsembleView& view);
    /// A new gap begins: nothing can have been wanted for longer.
    void begin_gap(zab::Instant now);
    void forget_unnoticed(zab::Instant now, zab::Instant arrived, const EnsembleView& view);
    /// What is not over when the records end.
    std::optional<Outage> last_outage(zab::Instant end, const EnsembleView& view,
                                      const Demand& demand);
    /// Until when somebody wanted to write, since the last write that was acknowledged.
    zab::Instant wanted_until(zab::Instant end, const EnsembleView& view,
                              const Demand& demand) const;
    template <class Predicate>
    void forget_if(Predicate is_over, zab::Instant now, const EnsembleView& view);
    std::optional<Beginning> beginning() const;
    std::optional<Outage> outage_until(zab::Instant until) const;
    bool is_long(const Beginning& begun, zab::Duration length) const;
    /// Divides an outage's time; requires an episode.
    void split(Outage& outage, const EnsembleView& view) const;

    zab::Instant warm_up_;
    bool is_calm_ = true;   ///< Nothing has disturbed the ensemble so far.
    bool is_warm_ = false;  ///< `undisturbed_` holds writes from after the warm-up.
    Histogram undisturbed_;
    std::optional<zab::Duration> frozen_threshold_;

    std::uint64_t outstanding_ = 0;  ///< Writes.
    zab::Instant last_abandoned_;
    zab::Instant gap_begin_;  ///< When a write last completed.
    /// Since then, the first moment at which one was wanted.
    std::optional<zab::Instant> wanted_from_;
    std::optional<Wait> wait_;  ///< Only while nothing else is known to be wanted.
    std::optional<Episode> episode_;
    std::vector<Outage> outages_;
};

}  // namespace analysis
