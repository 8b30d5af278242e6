#pragma once

#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/hunt/trial.hpp"
#include "sim/scenario/hunt.hpp"
#include "sim/scenario/json_value.hpp"
#include "sim/trace/trace_file.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cli {

/// The class of what ended the process that tried it, or hung.
constexpr const char* died_class = "internal_error@process";

/// Whether a failure of this class shows at a moment, after which nothing matters. What is missing
/// shows at the end alone; and when a process died, nobody saw.
bool is_of_a_moment(const std::string& failure);

/// A drawn world that failed, as the text of a capsule: the scenario cut off right after the
/// failure, where that has a time, with what is expected of its run. `may_run`: it is run once for
/// its hash.
std::string capsule_text(const std::string& document, std::uint64_t seed,
                         const TrialOutcome& outcome, const std::string& found_by, bool may_run);

/// What comes of the whole run of a scenario that is right.
TrialOutcome run_whole(const sim::json::Value& scenario, std::uint64_t seed);

/// What a capsule says of itself: when its run fails, and how.
void set_why(sim::json::Value& scenario, const TrialOutcome& outcome);

/// Puts `capsule` into a scenario, or replaces it there.
void set_capsule(sim::json::Value& scenario, const sim::Capsule& capsule);

/// Sets a key of an object, where it stands or at the end.
void set_member(sim::json::Value& object, std::string_view key, sim::json::Value value);

/// Ends the run right after `time`, which is not changed by it: what happens does not depend on
/// when a run ends.
void cut_after(sim::json::Value& scenario, zab::Instant time);

/// "log_matching@follower" as part of a file's name.
std::string file_stem(const std::string& failure);

/// The hash of a trace, as capsules and results have it.
std::string hash_text(std::uint64_t hash);

/// Writes a file that appears complete or not at all.
trace::Failure write_file(const std::string& path, const std::string& text);

/// The same of what a command results in; to standard output where no file is named.
Exit write_result(const Environment& environment, const std::optional<std::string>& path,
                  const std::string& text);

}  // namespace cli
