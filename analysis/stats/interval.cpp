#include "analysis/stats/interval.hpp"

#include "protocol/types/ensure.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace analysis {

namespace {

// The 0.975 quantiles of Student's t distribution for 1 … 30 degrees of freedom.
constexpr std::array<double, 30> first_degrees = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};

struct Step {
    std::size_t degrees;
    double t;
};
constexpr std::array<Step, 15> more_degrees = {{{35, 2.030},
                                                {40, 2.021},
                                                {45, 2.014},
                                                {50, 2.009},
                                                {60, 2.000},
                                                {70, 1.994},
                                                {80, 1.990},
                                                {90, 1.987},
                                                {100, 1.984},
                                                {120, 1.980},
                                                {150, 1.976},
                                                {200, 1.972},
                                                {300, 1.968},
                                                {500, 1.965},
                                                {1000, 1.962}}};

double median_of(const std::vector<double>& sorted) {
    const std::size_t half = sorted.size() / 2;
    if (sorted.size() % 2 == 1) return sorted[half];
    return (sorted[half - 1] + sorted[half]) / 2;
}

}  // namespace

double student_t_95(std::size_t degrees) {
    zab::ensure(degrees >= 1, "one sample says nothing about the spread");
    if (degrees <= first_degrees.size()) return first_degrees[degrees - 1];
    double t = first_degrees.back();
    for (const Step& step : more_degrees) {
        if (step.degrees <= degrees) t = step.t;
    }
    return t;
}

std::optional<Estimate> estimate(std::span<const double> samples) {
    if (samples.empty()) return std::nullopt;
    // Sorted, because a sum of doubles depends on the order of its terms.
    std::vector<double> sorted(samples.begin(), samples.end());
    std::ranges::sort(sorted);
    const auto count = static_cast<double>(sorted.size());
    double sum = 0;
    for (const double sample : sorted) sum += sample;
    Estimate result{.runs = sorted.size(),
                    .mean = sum / count,
                    .median = median_of(sorted),
                    .min = sorted.front(),
                    .max = sorted.back(),
                    .deviation = std::nullopt,
                    .half_width = std::nullopt};
    if (sorted.size() < 2) return result;
    double squares = 0;
    for (const double sample : sorted) {
        squares += (sample - result.mean) * (sample - result.mean);
    }
    const double deviation = std::sqrt(squares / (count - 1));
    result.deviation = deviation;
    result.half_width = student_t_95(sorted.size() - 1) * deviation / std::sqrt(count);
    return result;
}

}  // namespace analysis
