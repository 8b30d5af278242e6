#pragma once

#include "protocol/types/quorum.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/trace/record.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// Did the ensemble come back after the last fault? Nobody promises that while it is disturbed: it
/// is judged only where a quorum runs, nothing disturbs it any more, somebody writes, and what is
/// left of the run is longer than the bound (sim/chaos/chaos.hpp). One write is not enough: an
/// ensemble that came back and falls silent, with writes to do, is dead as well.
class Recovery final : public trace::Sink {
  public:
    enum class Outcome : std::uint8_t {
        live,   ///< A write was acknowledged within the bound, and others went on.
        slow,   ///< Later, but before the end.
        lasso,  ///< Not before the end, and the servers go through the same states again and again.
        dead,   ///< Not before the end, or no more.
        excused,  ///< It could not be asked for; `why` says what excuses it.
    };
    struct Judgement {
        Outcome outcome = Outcome::excused;
        std::string why;
    };

    static constexpr trace::KindSet kinds =
        trace::kind_bit(trace::Kind::fault) | trace::kind_bit(trace::Kind::server_started) |
        trace::kind_bit(trace::Kind::server_stopped) | trace::kind_bit(trace::Kind::complete) |
        trace::kind_bit(trace::Kind::invoke) | trace::kind_bit(trace::Kind::looking) |
        trace::kind_bit(trace::Kind::following) | trace::kind_bit(trace::Kind::leading) |
        trace::kind_bit(trace::Kind::established);

    explicit Recovery(const sim::Scenario& scenario);

    void observe(const trace::Record& record, trace::RecordId id) override;
    /// Of a run that ended at `end`, in true time.
    Judgement judge(zab::Instant end) const;

  private:
    /// What a server does, as far as a lasso is concerned.
    enum class Doing : std::uint8_t { nothing, boots, looks, follows, leads, rules };
    struct Part {
        Doing doing = Doing::nothing;
        zab::NodeId leader;  ///< Of one that follows.
        friend auto operator<=>(const Part&, const Part&) = default;
    };
    using Parts = std::vector<Part>;  ///< By server id.
    struct Visits {
        std::uint32_t count = 0;
        zab::Instant first, last;
    };

    void disturbed(std::size_t place, zab::Instant now);
    void take_part(const trace::Record& record);
    bool undoes(const sim::Fault& end, const sim::Fault& begun) const;
    /// Of a run in which nobody writes any more: how it goes round, or that it stands still.
    Judgement dead_or_lasso(std::string why) const;
    /// How much later TCP tries again what it sent into that stretch: its time-outs double, so that
    /// the next one comes at most as late as the first is long ago.
    zab::Duration back_off() const;
    bool is_quorum_up() const;
    bool can_anyone_write() const;
    zab::Instant first_writer() const;

    const sim::Scenario& scenario_;
    zab::Quorum quorum_;
    std::vector<bool> is_up_;  ///< By server id.
    Parts parts_;
    std::map<Parts, Visits> visits_;  ///< Of what all servers do together, since the calm began.
    zab::Instant calm_since_;
    zab::Instant bad_from_, bad_until_;    ///< The last stretch of faults of the network.
    std::vector<std::size_t> endless_;     ///< Faults at work that do not end by themselves.
    std::optional<zab::Instant> written_;  ///< The first write asked for in the calm, and answered.
    /// Since then, writes are asked for in the calm, and none is answered.
    std::optional<zab::Instant> unanswered_;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> asked_;  ///< In the calm: client and cxid.
};

/// How long recovery may take, by the scenario's own limits.
zab::Duration recovery_bound(const sim::Scenario& scenario);

}  // namespace cli
