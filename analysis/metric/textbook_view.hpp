#pragma once

#include "analysis/metric/summary.hpp"
#include "protocol/types/time.hpp"
#include "sim/trace/record.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace analysis {

/// Measures what servers that compare ids say of L, C and V: elections, commands, votes and
/// notifications.
class TextbookView {
  public:
    static constexpr trace::KindSet kinds =
        trace::kind_bit(trace::Kind::looking) | trace::kind_bit(trace::Kind::leader_declared) |
        trace::kind_bit(trace::Kind::command_sent) |
        trace::kind_bit(trace::Kind::command_compared) |
        trace::kind_bit(trace::Kind::vote_compared) | trace::kind_bit(trace::Kind::command_agreed) |
        trace::kind_bit(trace::Kind::configuration_changed) |
        trace::kind_bit(trace::Kind::notification_compared);

    void observe(const trace::Record& record, bool is_warm);
    const TextbookSummary& summary() const { return summary_; }

  private:
    struct Change {  // The newest one that a server has notified its watchers of.
        std::uint64_t number = 0;
        zab::Instant time;
    };

    void on_notification(const trace::Record& record);

    TextbookSummary summary_;
    std::optional<zab::Instant> election_began_;
    std::vector<Change> changes_;  ///< By server id.
};

}  // namespace analysis
