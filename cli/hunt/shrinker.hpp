#pragma once

#include "cli/environment.hpp"
#include "cli/hunt/trial.hpp"
#include "sim/scenario/json_value.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace cli {

/// Cuts a failing scenario down to what its failure needs. Every step runs the smaller scenario
/// and is kept only if it fails in the same class, with the same seed, hence the same noise for all
/// that is left, or with one of a few others: then that seed is the story's from there on.
class Shrinker {
  public:
    Shrinker(sim::json::Value scenario, std::string failure, std::uint64_t seed,
             const Environment& environment);

    /// False: the scenario does not fail as it should, or the user interrupted.
    bool shrink();
    /// Whether it fails as it should, as it is.
    bool fails() { return still_fails(scenario_, seed_); }
    const sim::json::Value& scenario() const { return scenario_; }
    std::uint64_t seed() const { return seed_; }
    std::uint64_t runs() const { return runs_; }
    bool was_interrupted() const { return is_interrupted_; }

    /// Pointers to what is left: faults, groups of clients, and every other key that is not its
    /// default.
    std::vector<std::string> items() const;
    /// How many of `tries` runs, each with another seed, do not fail in the class without the item.
    std::uint32_t gone_without(const std::string& item, std::uint32_t tries);

  private:
    using Value = sim::json::Value;

    bool still_fails(const Value& candidate, std::uint64_t seed);
    /// Takes the candidate if it fails with the story's seed, or with one of `others` more.
    bool accept(Value candidate, std::uint64_t others = 0);
    bool is_stopped();
    bool shrink_list(const std::string& pointer);
    bool shrink_keys();
    bool shrink_servers();
    bool shrink_requests(const std::string& group);
    bool shrink_clients();
    bool round_times();
    bool search_other_noise();
    void tell(const std::string& phase);

    Value scenario_;
    std::string failure_;
    std::uint64_t seed_;
    const Environment& environment_;
    std::uint64_t runs_ = 0;
    std::uint64_t most_records_ = 0;
    zab::Instant failed_at_;  ///< Of the last run that failed as it should.
    bool is_interrupted_ = false;
};

}  // namespace cli
