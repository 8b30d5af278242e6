#pragma once

#include "analysis/report/run_result.hpp"
#include "cli/environment.hpp"
#include "cli/loading.hpp"
#include "cli/progress.hpp"
#include "sim/trace/trace_file.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cli {

/// One run of one scenario, to be done.
struct RunPlan {
    const Loaded& loaded;
    std::uint64_t seed = 0;
    std::uint64_t number = 0;  ///< Among the runs that the progress line tells of.
    zab::Instant end;
    bool checks = true;
    std::optional<std::string> trace;  ///< The file to write.
    trace::Level level{};
    std::string reproduce;
};

struct RunOutcome {
    analysis::RunResult result;
    bool is_interrupted = false;  ///< The result tells of what was run until then.
    bool is_abandoned = false;    ///< The trace could not be written any more: no result.
    trace::Failure trace_failure;
    std::string profile;  ///< As text, if one was asked for.
};

/// Runs it to its end, or until the user interrupts or the trace cannot be written.
RunOutcome perform(const RunPlan& plan, const Environment& environment, Progress& progress,
                   bool profiles);

}  // namespace cli
