#pragma once

#include "cli/arguments.hpp"
#include "cli/environment.hpp"
#include "sim/scenario/loader.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// A scenario that is ready to run.
struct Loaded {
    std::string path;
    std::shared_ptr<const sim::Scenario> scenario;
    std::string resolved;  ///< One line of JSON.
};

/// The names that the loader accepts for records and messages.
sim::LoadOptions load_options();

/// All of the files with the overrides, or nothing, and every mistake in any of them is told.
std::optional<std::vector<Loaded>> load_all(const Arguments& arguments,
                                            const Environment& environment);

/// The seeds to run with: --seeds, --seed, or the scenario's.
SeedRange seeds_of(const Arguments& arguments, const sim::Scenario& scenario);

/// The simulated time at which a run ends.
zab::Instant end_of(const Arguments& arguments, const sim::Scenario& scenario);

/// A line to paste: `command` of the scenario with the options that decide what happens.
std::string reproduce_line(const Environment& environment, std::string_view command,
                           const Arguments& arguments, const std::string& path,
                           const SeedRange& seeds);

}  // namespace cli
