#pragma once

#include "analysis/check/checker_set.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/trace/record_table.hpp"
#include "tests/support/anomalies.hpp"

#include <cstdint>
#include <string>

/// Histories of real runs, as a trace file has them.
namespace tests {

struct History {
    Records records;
    analysis::Ensemble ensemble;
};

/// Runs the scenario, writes its trace to a file of that level, and reads the file back.
/// Requires a sound scenario. Throws std::runtime_error when the file cannot be written or read.
History recorded(const std::string& scenario, std::uint64_t seed, trace::Level level);

/// What the checkers say of some records, in order, as those of a trace of that level.
analysis::CheckerSet judged(const Records& records, const analysis::Ensemble& ensemble,
                            trace::Level level);

/// A history made bad in one place, and what was wrong with the verdict on it; empty: nothing.
struct Outcome {
    bool was_struck = false;
    std::string complaint;
};
Outcome judge_damaged(const History& good, const Anomaly& anomaly, std::size_t place,
                      trace::Level level);

}  // namespace tests
