#include "sim/random/distribution.hpp"

#include "sim/random/fixed_point.hpp"
#include "sim/random/key.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using sim::Distribution;
using sim::Factor;
using sim::Key;
using zab::Duration;

constexpr Key key = sim::derive(sim::root_key(1, 0), "test");
constexpr double fixed_unit = 0x1p-40;

/// A uniform word in (0, 1), as the distributions read it.
double share(std::uint64_t random) { return (static_cast<double>(random) + 0.5) * 0x1p-64; }
double upper_share(std::uint64_t random) { return share(~random); }

/// The z of a standard normal variable with P(Z > z) = tail, by bisection of libm's erfc.
double normal_tail(double tail) {
    double low = -9;
    double high = 9;
    for (int i = 0; i < 80; ++i) {
        const double middle = (low + high) / 2;
        (std::erfc(middle / std::sqrt(2.0)) / 2 > tail ? low : high) = middle;
    }
    return low;
}

/// Words of all scales: dense in the body and in both tails.
std::vector<std::uint64_t> grid() {
    std::vector<std::uint64_t> words;
    for (std::uint64_t i = 0; i < 3000; ++i) words.push_back(sim::draw(key, i, 0));
    for (int bits = 22; bits < 64; ++bits) {
        for (std::uint64_t i = 0; i < 100; ++i) {
            const std::uint64_t small = sim::draw(key, i, 1) >> (64 - bits);
            words.push_back(small);
            words.push_back(~small);
        }
    }
    std::ranges::sort(words);
    return words;
}

/// One distribution, and what theory says of it, in nanoseconds.
struct Theory {
    std::string name;
    Distribution distribution;
    std::function<double(double tail)> value;  // What a share `tail` of the draws exceeds.
    double relative_error;                     // Stated for the value, next to rounding.
    double absolute_error;
    double mean;
    double variance;
    double kurtosis;  // Gives the variance of a sample's variance.
};

std::vector<Theory> theories() {
    const auto pareto = [](double tail) { return 1e6 * std::pow(tail, -1.0 / 6); };
    const auto log_normal = [](double tail) { return 5e6 * std::exp(0.5 * normal_tail(tail)); };
    const auto normal = [](double tail) { return 1e8 + 1e7 * normal_tail(tail); };
    const auto exponential = [](double tail) { return -3e6 * std::log(tail); };
    const auto uniform = [](double tail) { return 6e6 - 4e6 * tail; };
    const double growth = std::exp(0.25);  // Of the log-normal: exp(sigma^2).
    return {
        {"uniform", Distribution::uniform({2'000'000}, {6'000'000}), uniform, 0, 0, 4e6, 16e12 / 12,
         1.8},
        {"exponential", Distribution::exponential({3'000'000}), exponential, 0, 2e-8 * 3e6, 3e6,
         9e12, 9},
        {"normal", Distribution::normal({100'000'000}, {10'000'000}), normal, 0, 2.5e-6 * 1e7, 1e8,
         1e14, 3},
        {"log-normal", Distribution::log_normal({5'000'000}, {500'000'000}), log_normal,
         0.5 * 2.5e-6 + 1e-8, 0, 5e6 * std::sqrt(growth), 25e12 * (growth - 1) * growth, 8.9},
        {"pareto", Distribution::pareto({1'000'000}, {6'000'000'000}), pareto, 2e-8 / 6 + 1e-8, 0,
         1.2e6, 0.06e12, 38.7},
    };
}

[[noreturn]] void throw_reason(const char* why, zab::SourcePlace) { throw std::logic_error(why); }

}  // namespace

TEST_CASE("durations drawn do not change from one version to the next") {
    const std::uint64_t word = 0xe1f5'0c3a'9b72'46d8;
    const auto exponential = Distribution::exponential(zab::milliseconds(3));
    const auto uniform = Distribution::uniform({10}, {1'000'000});
    CHECK_EQ(uniform.draw(word).ns, 882'647);
    CHECK_EQ(exponential.draw(word).ns, 6'427'665);
    CHECK_EQ(Distribution::normal({1'000'000}, {200'000}).draw(word).ns, 1'237'663);
    CHECK_EQ(Distribution::log_normal({5'000'000}, {500'000'000}).draw(word).ns, 9'057'522);
    CHECK_EQ(Distribution::pareto({1'000'000}, {1'500'000'000}).draw(word).ns, 4'171'893);
    const auto empirical = Distribution::empirical({{{0}, {0}}, {{1'000'000'000}, {9000}}});
    CHECK_EQ(empirical.draw(word).ns, 7'943);
    CHECK_EQ(Distribution::bimodal(uniform, exponential, {500'000'000}).draw(word).ns, 453'355);

    // Every table and every path: a digest over the whole grid.
    std::uint64_t digest = 0;
    for (const std::uint64_t random : grid()) {
        for (const Theory& t : theories()) {
            digest = sim::mix(digest ^ static_cast<std::uint64_t>(t.distribution.draw(random).ns));
        }
    }
    CHECK_EQ(digest, 0x6694'5550'aee1'0293);
}

TEST_CASE("the fixed-point functions keep their stated errors") {
    double log_error = 0;
    double power_error = 0;
    double normal_error = 0;
    for (const std::uint64_t random : grid()) {
        const double logarithm = std::log2(static_cast<double>(random | 1));
        const double fixed = static_cast<double>(sim::fixed_log2(random | 1)) * fixed_unit;
        log_error = std::max(log_error, std::abs(fixed - logarithm));

        const auto exponent = static_cast<std::int64_t>(random >> 22) - 40 * sim::fixed_one / 2;
        const double power = 0x1p40 * std::exp2(static_cast<double>(exponent) * fixed_unit);
        const double times = static_cast<double>(sim::times_exp2(sim::fixed_one, exponent));
        power_error = std::max(power_error, (std::abs(times - power) - 0.5) / power);

        const bool is_upper = random >> 63 != 0;
        const double tail = is_upper ? upper_share(random) : share(random);
        if (tail < 0x1p-43) continue;
        const double z = normal_tail(tail) * (is_upper ? 1 : -1);
        const double quantile = static_cast<double>(sim::normal_quantile(random)) * fixed_unit;
        normal_error = std::max(normal_error, std::abs(quantile - z));
    }
    MESSAGE("largest errors: log2 ", log_error, ", exp2 ", power_error, ", normal ", normal_error);
    CHECK(log_error < 2e-8);
    CHECK(power_error < 1e-8);
    CHECK(normal_error < 2.5e-6);
    CHECK_EQ(sim::fixed_log2(1), 0);
    CHECK_EQ(sim::fixed_log2(std::uint64_t{1} << 63), 63 * sim::fixed_one);
    CHECK_EQ(sim::times_exp2(3, -sim::fixed_one), 2);  // 1.5, rounded.
    CHECK_EQ(sim::times_exp2(1, 61 * sim::fixed_one), std::int64_t{1} << 61);
}

TEST_CASE("each distribution follows its quantile function far into the upper tail") {
    for (const Theory& t : theories()) {
        CAPTURE(t.name);
        double worst = 0;
        Duration previous;
        for (const std::uint64_t random : grid()) {
            const double tail = upper_share(random);
            const Duration drawn = t.distribution.draw(random);
            CHECK_GE(drawn.ns, previous.ns);
            previous = drawn;
            // Beyond 2^-42 the normal table ends. Below 2^-20 the tail, near 1, has too few digits
            // left in a double; the normal quantile, which is odd, was compared above.
            if (tail < 0x1p-42 || share(random) < 0x1p-20) continue;
            const double expected = t.value(tail);
            const double allowed = t.relative_error * expected + t.absolute_error + 1;
            worst = std::max(worst, std::abs(static_cast<double>(drawn.ns) - expected) / allowed);
        }
        CHECK(worst < 1);
    }
}

TEST_CASE("samples have the mean, the variance and the quantiles of theory") {
    constexpr int count = 400'000;
    std::uint64_t concern = 10;
    for (const Theory& t : theories()) {
        CAPTURE(t.name);
        std::vector<double> drawn;
        ++concern;
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t random = sim::draw(key, i, concern);
            drawn.push_back(static_cast<double>(t.distribution.draw(random).ns));
        }
        double sum = 0;
        double squares = 0;
        for (const double x : drawn) sum += x;
        for (const double x : drawn) squares += (x - sum / count) * (x - sum / count);

        CHECK(std::abs(sum / count - t.mean) < 4 * std::sqrt(t.variance / count));
        CHECK(std::abs(squares / count / t.variance - 1) < 4 * std::sqrt((t.kurtosis - 1) / count));
        CHECK(std::abs(static_cast<double>(t.distribution.mean().ns) / t.mean - 1) < 1e-6);
        std::ranges::sort(drawn);
        for (const double tail : {0.99, 0.5, 0.1, 0.01, 0.001}) {
            CAPTURE(tail);
            // The sampled value must lie between the true values for four deviations of the tail.
            const double error = 4 * std::sqrt(tail * (1 - tail) / count);
            const double sampled = drawn[static_cast<std::size_t>((1 - tail) * count)];
            CHECK(sampled < t.value(tail - error));
            CHECK(sampled > t.value(std::min(tail + error, 1.0)));
        }
    }
}

TEST_CASE("a normal distribution counts what falls below zero as zero") {
    const auto wide = Distribution::normal({1'000'000}, {1'000'000});
    CHECK_EQ(wide.draw(0).ns, 0);
    CHECK_EQ(wide.draw(std::uint64_t{1} << 60).ns, 0);
    // E max(0, 1 + Z) = Phi(1) + phi(1)
    const double highest_density = 1 / std::sqrt(2 * std::numbers::pi);
    const double expected = std::erfc(-1 / std::sqrt(2.0)) / 2 + std::exp(-0.5) * highest_density;
    CHECK(std::abs(static_cast<double>(wide.mean().ns) / 1e6 / expected - 1) < 2e-5);
    const auto half = Distribution::normal({0}, {1'000'000'000});
    CHECK(std::abs(static_cast<double>(half.mean().ns) / 1e9 / highest_density - 1) < 2e-5);
}

TEST_CASE("an empirical distribution is linear between its quantiles") {
    const auto steps = Distribution::empirical({{{0}, {100}},
                                                {{500'000'000}, {200}},
                                                {{990'000'000}, {200}},
                                                {{1'000'000'000}, {10'200}}});
    const auto at = [&](double p) { return steps.draw(static_cast<std::uint64_t>(p * 0x1p64)).ns; };
    CHECK_EQ(steps.draw(0).ns, 100);
    CHECK_EQ(at(0.25), 150);
    CHECK_EQ(at(0.5), 200);
    CHECK_EQ(at(0.75), 200);
    CHECK_EQ(at(0.995), 5199);  // A double cannot hold 0.995: just below the middle of the step.
    CHECK_EQ(steps.draw(~std::uint64_t{0}).ns, 10'199);
    CHECK_EQ(steps.mean().ns, 75 + 98 + 52);
}

TEST_CASE("a bimodal distribution draws its slow part as often as told") {
    const auto fast = Distribution::uniform({0}, {999});
    const auto slow = Distribution::uniform({1'000'000}, {1'000'999});
    const auto both = Distribution::bimodal(fast, slow, {100'000'000});
    constexpr double count = 200'000;
    double slow_seen = 0;
    double offsets = 0;
    for (std::uint64_t i = 0; i < 200'000; ++i) {
        const Duration drawn = both.draw(sim::draw(key, i, 30));
        slow_seen += drawn.ns >= 1'000'000 ? 1 : 0;
        offsets += static_cast<double>(drawn.ns % 1'000'000);
    }
    CHECK(std::abs(slow_seen - 0.1 * count) < 4 * std::sqrt(count * 0.09));
    CHECK(std::abs(offsets / count - 499.5) < 4 * 289 / std::sqrt(count));
    CHECK_EQ(both.mean().ns, (499 * 9 + 1'000'499) / 10);
}

TEST_CASE("distributions are values, and zero by default") {
    const auto exponential = Distribution::exponential({1000});
    const Distribution copy = exponential;
    CHECK(copy == exponential);
    CHECK_FALSE(copy == Distribution::exponential({1001}));
    CHECK_FALSE(copy == Distribution::constant({1000}));
    const Distribution zero;
    CHECK(zero == Distribution::constant({0}));
    CHECK_EQ(Distribution::constant({77}).draw(123).ns, 77);
    const auto bimodal = Distribution::bimodal(copy, {}, {5});
    CHECK(bimodal == Distribution::bimodal(copy, {}, {5}));
    CHECK_FALSE(bimodal == Distribution::bimodal(copy, {}, {6}));
}

TEST_CASE("durations beyond the longest one saturate instead of overflowing") {
    constexpr std::uint64_t last = ~std::uint64_t{0};
    const Duration longest = sim::longest_duration;
    CHECK(Distribution::exponential(longest).draw(last) == longest);
    CHECK(Distribution::normal(longest, longest).draw(last) == longest);
    CHECK(Distribution::normal(longest, longest).draw(0).ns == 0);
    CHECK(Distribution::log_normal(longest, {1000 * Factor::one_nano}).draw(last) == longest);
    CHECK(Distribution::log_normal(longest, {1000 * Factor::one_nano}).draw(0).ns == 0);
    CHECK(Distribution::log_normal({1}, {1000 * Factor::one_nano}).mean() == longest);
    CHECK(Distribution::pareto({1}, {10'000'000}).draw(last) == longest);
    CHECK(Distribution::pareto({5}, {1'000'000'000}).mean() == longest);
    CHECK(Distribution::pareto({0}, {10'000'000}).draw(last).ns == 0);
    CHECK(Distribution::uniform({0}, longest).draw(last) == longest);
    CHECK(Distribution::empirical({{{0}, {0}}, {{1'000'000'000}, longest}}).draw(last) <= longest);
}

TEST_CASE("impossible distributions are refused") {
    const zab::EnsureHandler previous = zab::set_ensure_handler(throw_reason);
    const auto bimodal = Distribution::bimodal({}, {}, {1});
    CHECK_THROWS_AS(Distribution::constant({-1}), std::logic_error);
    CHECK_THROWS_AS(Distribution::uniform({2}, {1}), std::logic_error);
    CHECK_THROWS_AS(Distribution::exponential({INT64_MAX}), std::logic_error);
    CHECK_THROWS_AS(Distribution::pareto({1}, {0}), std::logic_error);
    CHECK_THROWS_AS(Distribution::log_normal({1}, {-1}), std::logic_error);
    CHECK_THROWS_AS(Distribution::bimodal(bimodal, {}, {1}), std::logic_error);
    CHECK_THROWS_AS(Distribution::bimodal({}, {}, {1'000'000'001}), std::logic_error);
    CHECK_THROWS_AS(Distribution::empirical({{{0}, {0}}, {{5}, {1}}}), std::logic_error);
    CHECK_THROWS_AS(Distribution::empirical({{{0}, {9}}, {{1'000'000'000}, {1}}}),
                    std::logic_error);
    zab::set_ensure_handler(previous);
}
