#pragma once

#include "analysis/report/run_result.hpp"
#include "cli/environment.hpp"
#include "sim/trace/trace_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// What a trace file says of its run, and whether it is to be believed.
struct TraceStudy {
    analysis::RunResult result;
    trace::Level level{};
    bool is_hash_verified = false;        ///< Else the file does not show the whole run.
    std::size_t properties_left_out = 0;  ///< Those that the level cannot answer.
    /// What the run itself may have answered, but this file cannot; part of the verdict, too.
    std::vector<std::string> unanswered;
    std::size_t properties_unanswered = 0;  ///< Properties among it.
    trace::Level level_needed{};            ///< To answer all.
    std::uint64_t costs_checked = 0;
    std::uint64_t costs_unchecked = 0;
    /// By message of the verdict: see witness_lines().
    std::vector<std::vector<std::string>> witnesses;
    std::string cost_offence;  ///< The first record whose costs do not add up.
    std::string verdict_word;  ///< Of the run itself, at the file's end.
    bool is_of_this_behaviour = false;

    /// Every guarantee was judged here as there, whatever else of the run the file leaves out.
    bool is_complete() const {
        return is_of_this_behaviour && properties_left_out == 0 && unanswered.empty();
    }
};

/// What a study needs to see; a file that shows less is refused.
enum class StudyNeeds : std::uint8_t {
    verdict,  ///< At least one guarantee.
    summary,  ///< Every number that a run shows, or that the scenario expects.
};

/// Reads the file to its end. Nothing: it cannot be read or lacks what is needed, and the reason
/// was told.
std::optional<TraceStudy> study_trace(const std::string& file, StudyNeeds needs,
                                      const Environment& environment);

}  // namespace cli
