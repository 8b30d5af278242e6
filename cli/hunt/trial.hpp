#pragma once

#include "cli/hunt/recovery.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace cli {

/// What came of one world that was run to find out whether it fails.
struct TrialOutcome {
    /// The class of the failure: the guarantee that fell first, and the role of the server that
    /// broke it ("log_matching@follower"); "liveness@dead", "liveness@lasso", "liveness@slow";
    /// "internal_error@FILE". Empty: it is clean.
    std::string failure;
    std::string message;           ///< What is wrong, for people.
    zab::Instant time;             ///< Of the failure, or the end.
    Recovery::Judgement recovery;  ///< Of a run that got to its end.
    std::uint64_t records = 0;
    std::uint64_t hash = 0;
    std::string coverage;  ///< As a seed's result keeps it, if it was asked for.
    bool is_interrupted = false;

    bool is_clean() const { return failure.empty(); }
};

struct Trial {
    std::shared_ptr<const sim::Scenario> scenario;
    std::uint64_t seed = 0;
    /// Nothing after the first broken guarantee is of interest.
    bool stops_at_failure = true;
    /// Give up after so many records: what is cut down must not become a flood. 0: never.
    std::uint64_t most_records = 0;
    /// Tell what was reached. Of ZooKeeper's servers only: others have no table.
    bool tells_coverage = false;
    std::string reproduce;  ///< For the report of a bug of zabsim.
};

/// Runs it to its end, or to the first broken guarantee. A failed `ensure` is an outcome, too.
TrialOutcome try_out(const Trial& trial, const std::function<bool()>& interrupted);

}  // namespace cli
