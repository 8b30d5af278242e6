#pragma once

#include "analysis/metric/summary.hpp"
#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"
#include "sim/trace/record.hpp"

#include <cstdint>
#include <vector>

namespace analysis {

/// Measures how long a committed change takes to those who watch it.
class WatchView {
  public:
    static constexpr trace::KindSet kinds =
        trace::kind_bit(trace::Kind::commit) | trace::kind_bit(trace::Kind::notified);

    void observe(const trace::Record& record, bool is_warm);
    const WatchSummary& summary() const { return summary_; }

  private:
    struct Commit {
        zab::Zxid zxid;
        zab::Instant time;
    };
    /// More than are under way to watchers at a time, unless one comes back after a long absence.
    static constexpr std::size_t recent_commits = 4096;

    WatchSummary summary_;
    std::vector<Commit> commits_;  ///< The newest, by counter; empty before the first.
};

}  // namespace analysis
