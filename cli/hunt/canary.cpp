#include "cli/hunt/canary.hpp"

#include "cli/hunt/trial.hpp"
#include "cli/loading.hpp"
#include "protocol/types/ensure.hpp"

#include <fmt/format.h>

namespace cli {

namespace {

/// The protocol of the textbooks: the greatest id comes back without what was agreed meanwhile,
/// leads, and gives the same ids away again.
constexpr const char* scenario = R"({
  "name": "canary", "why": "It must fail.", "protocol": "textbook", "duration": "12s",
  "ensemble": { "voters": 3 },
  "clients": [ { "count": 2, "load": { "closed": { "think_time": "50ms" } } } ],
  "faults": [ { "at": "3s", "crash": 3, "lasting": "3s" } ]
})";
constexpr const char* expected = "same_commands";

}  // namespace

std::string failure_of_canary() {
    const LoadedText canary = load_text(scenario, "canary");
    zab::ensure(canary.loaded.has_value(), "the canary is a scenario");
    const TrialOutcome outcome =
        try_out({.scenario = canary.loaded->scenario, .seed = 1, .reproduce = "zabsim fuzz"},
                [] { return false; });
    if (outcome.failure.starts_with(expected)) return {};
    return fmt::format("a world that must break {} came out as \"{}\"", expected, outcome.failure);
}

}  // namespace cli
