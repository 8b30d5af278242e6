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
    std::string document;  ///< What it was decoded from, one line of JSON: it stands alone.
    bool has_chaos = false;
    std::optional<sim::Capsule> capsule;
};

/// The world that chaos draws with this seed; the scenario itself where it has no chaos. Nothing:
/// what is drawn contradicts what the scenario fixes, which has been told.
std::optional<Loaded> drawn(const Loaded& loaded, std::uint64_t seed,
                            const Environment& environment);

/// A scenario that zabsim has written itself; the mistakes, if there are any.
struct LoadedText {
    std::optional<Loaded> loaded;
    std::vector<std::string> mistakes;
};
LoadedText load_text(const std::string& text, const std::string& path,
                     std::optional<std::uint64_t> drawn_with = {});

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
