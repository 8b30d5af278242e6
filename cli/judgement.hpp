#pragma once

#include "analysis/check/checker_set.hpp"
#include "analysis/check/ensemble.hpp"
#include "analysis/metric/summarizer.hpp"
#include "analysis/report/run_result.hpp"
#include "cli/exit_code.hpp"
#include "sim/scenario/scenario.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What a scenario and what was observed make of a run; the same for a live run and for a file.
namespace cli {

analysis::Ensemble ensemble_of(const sim::Scenario& scenario);

/// From when on a run is measured, and which of its servers decide.
analysis::Summarizer::Options measured_of(const sim::Scenario& scenario);

/// What the scenario says about itself; the rest of the info is left as it is.
void describe(const sim::Scenario& scenario, analysis::RunInfo& info);

analysis::Verdict verdict_of(const analysis::CheckerSet& checkers);

/// The verdict when nothing was checked.
analysis::Verdict unchecked(std::string why);

/// The scenario's expectations on numbers, and on the guarantees where all of them were checked, or
/// some fell: to expect what was not checked is neither met nor unmet.
std::vector<analysis::ExpectationResult> judge_all(const sim::Scenario& scenario,
                                                   const analysis::Summary& summary,
                                                   const analysis::Verdict& verdict);

Exit exit_of(const analysis::Verdict& verdict);
Exit exit_of(const analysis::RunResult& run);

/// A word or two in plain ASCII, for the end of a trace: "held", "violated", "not checked".
std::string_view word_for(const analysis::Verdict& verdict);

/// Version and behaviour, as reports name them.
std::string engine_text();

}  // namespace cli
