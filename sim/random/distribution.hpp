#pragma once

#include "protocol/types/time.hpp"
#include "sim/random/decimal.hpp"
#include "sim/random/fixed_point.hpp"
#include "sim/random/key.hpp"

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace sim {

/// One point of an empirical distribution: a share `probability` of all draws is at most `value`.
struct Quantile {
    Probability probability;
    zab::Duration value;
    bool operator==(const Quantile&) const = default;
};

/// A distribution of durations, drawn from one uniform 64-bit word. A value; by default the
/// constant zero. Integers only.
///
/// Every draw is in [0, longest_duration]: beyond it draws and means saturate. All but `uniform`
/// and `bimodal` are quantile functions: a larger word never gives a smaller duration, so that
/// two distributions drawn from the same word are comparable.
///
/// Every factory requires its durations to be in [0, longest_duration]; the scenario reader
/// reports wrong input before it comes here.
class Distribution {
  public:
    Distribution() = default;

    static Distribution constant(zab::Duration value);

    /// Every nanosecond from `low` to `high`, both included, is equally likely. Requires:
    /// low <= high.
    static Distribution uniform(zab::Duration low, zab::Duration high);

    /// P(X > x) = exp(-x / mean). Off by less than 2e-8 of the mean.
    static Distribution exponential(zab::Duration mean);

    /// What falls below zero counts as zero, so that the mean is a little above `mean` where the
    /// deviation is large. Off by less than 2.5e-6 of the deviation; at most 7.4 deviations away.
    static Distribution normal(zab::Duration mean, zab::Duration deviation);

    /// The logarithm of X / median is normal with deviation `sigma`. Relative error below 2.5e-6
    /// times sigma, and 1e-8. Requires: sigma in [0, 1000].
    static Distribution log_normal(zab::Duration median, Factor sigma);

    /// P(X > x) = (minimum / x)^shape. Relative error below 2e-8 / shape, and 1e-8. Requires:
    /// shape in [0.01, 1000].
    static Distribution pareto(zab::Duration minimum, Factor shape);

    /// Linear between the given quantiles. Requires: at least two; probabilities rising strictly,
    /// from 0 to 1e9 ppb; values not falling.
    static Distribution empirical(std::vector<Quantile> quantiles);

    /// A share `slow_share` of the draws is from `slow`, the others from `fast`. Requires: neither
    /// of them is bimodal itself.
    static Distribution bimodal(const Distribution& fast, const Distribution& slow,
                                Probability slow_share);

    /// Whether all draws are equal, whatever the word.
    bool is_constant() const { return std::holds_alternative<Constant>(shape_); }
    /// The duration for a uniform word.
    zab::Duration draw(std::uint64_t random) const {
        if (const auto* constant = std::get_if<Constant>(&shape_)) return constant->value;
        if (const auto* uniform = std::get_if<Uniform>(&shape_)) return uniform->draw(random);
        return draw_varying(random);
    }

    /// The mean of the draws, within 2e-5 of it; longest_duration where it is infinite.
    zab::Duration mean() const;

    bool operator==(const Distribution&) const = default;

  private:
    struct Constant {
        zab::Duration value;
        bool operator==(const Constant&) const = default;
        zab::Duration draw(std::uint64_t random) const;
        zab::Duration mean() const;
    };
    struct Uniform {
        zab::Duration low;
        zab::Duration high;
        bool operator==(const Uniform&) const = default;
        zab::Duration draw(std::uint64_t random) const {
            const auto choices = static_cast<std::uint64_t>((high - low).ns) + 1;
            return {low.ns + static_cast<std::int64_t>(uniform_below(Key{random}, choices))};
        }
        zab::Duration mean() const;
    };
    struct Exponential {
        zab::Duration average;
        bool operator==(const Exponential&) const = default;
        zab::Duration draw(std::uint64_t random) const;
        zab::Duration mean() const;
    };
    struct Normal {
        zab::Duration centre;
        zab::Duration deviation;
        bool operator==(const Normal&) const = default;
        zab::Duration draw(std::uint64_t random) const;
        zab::Duration mean() const;
    };
    struct LogNormal {
        zab::Duration median;
        std::int64_t log2_deviation;  // sigma / ln 2, in units of 2^-40.
        bool operator==(const LogNormal&) const = default;
        zab::Duration draw(std::uint64_t random) const;
        zab::Duration mean() const;
    };
    struct Pareto {
        zab::Duration minimum;
        std::int64_t inverse_shape;  // In units of 2^-40.
        bool operator==(const Pareto&) const = default;
        zab::Duration draw(std::uint64_t random) const;
        zab::Duration mean() const;
    };
    struct Empirical {
        std::vector<Quantile> quantiles;
        bool operator==(const Empirical&) const = default;
        zab::Duration draw(std::uint64_t random) const;
        zab::Duration mean() const;
    };
    using Simple =
        std::variant<Constant, Uniform, Exponential, Normal, LogNormal, Pareto, Empirical>;
    struct Bimodal {
        Simple fast;
        Simple slow;
        Probability slow_share;
        bool operator==(const Bimodal&) const = default;
        zab::Duration draw(std::uint64_t random) const;
        zab::Duration mean() const;
    };
    using Shape =
        std::variant<Constant, Uniform, Exponential, Normal, LogNormal, Pareto, Empirical, Bimodal>;

    explicit Distribution(Shape shape) : shape_(std::move(shape)) {}
    Simple simple() const;
    zab::Duration draw_varying(std::uint64_t random) const;

    Shape shape_;
};

}  // namespace sim
