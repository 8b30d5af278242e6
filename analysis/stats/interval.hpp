#pragma once

#include <cstddef>
#include <optional>
#include <span>

/// Statistics over repeated runs. Doubles: they are derived, and printed rounded.
namespace analysis {

/// What independent runs of one scenario say about a quantity.
struct Estimate {
    std::size_t runs = 0;
    double mean = 0;
    double median = 0;
    double min = 0;
    double max = 0;
    /// Sample standard deviation; needs two runs.
    std::optional<double> deviation;
    /// Half the width of the 95 % confidence interval of the mean (Student's t); needs two runs.
    std::optional<double> half_width;
};

/// Nothing when there is no sample. The result does not depend on the order of the samples.
std::optional<Estimate> estimate(std::span<const double> samples);

/// The factor t of a two-sided 95 % interval. Requires degrees >= 1. Between the tabulated degrees
/// of freedom the next smaller one counts, so an interval is never too narrow.
double student_t_95(std::size_t degrees);

}  // namespace analysis
