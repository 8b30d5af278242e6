#pragma once

#include "analysis/metric/summary.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The numbers of a run that a scenario may set bounds for, and the judgement of those bounds.
namespace analysis {

/// `time` is in ns; `rate` (per second) and `count` are in 1/1000.
enum class MetricUnit : std::uint8_t { time, rate, count };

/// What was measured. `why_not` says why there is no value, or why the value is only a bound.
struct Measurement {
    std::optional<std::int64_t> value;
    std::string_view why_not;
    bool is_final = true;  ///< False: it would have gone on growing (an outage that lasted).
};

struct Metric {
    std::string_view name;
    MetricUnit unit{};
    std::string_view meaning;
    Measurement (*measure)(const Summary&) = nullptr;
};

/// In the order in which reports show them.
std::span<const Metric> metrics();
/// Their names, for the loader of scenarios.
std::span<const std::string_view> expectation_metrics();
/// Null when there is no metric of that name.
const Metric* find_metric(std::string_view name);

enum class Relation : std::uint8_t { at_most, at_least, below, above };

struct Expectation {
    std::string metric;
    Relation relation{};
    std::int64_t bound = 0;  ///< In the metric's unit.
    std::string text;        ///< As the user wrote it.
};

struct ExpectationResult {
    Expectation expectation;
    bool is_met = false;
    std::string measured;  ///< The value with its unit, or why there is none.
};

/// An expectation on something that did not happen is not met. Requires that each metric exists.
std::vector<ExpectationResult> judge(std::span<const Expectation> expectations,
                                     const Summary& summary);

/// A metric's value as reports show it: "12.3 ms", "4,321.5/s", "3".
std::string metric_text(const Metric& metric, std::int64_t value);

}  // namespace analysis
