#include "sim/random/distribution.hpp"

#include "protocol/types/ensure.hpp"
#include "sim/random/key.hpp"

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace sim {
namespace {

using zab::Duration;

Duration limited(SignedWide ns) {
    const SignedWide within = std::clamp(ns, SignedWide{0}, SignedWide{longest_duration.ns});
    return {static_cast<std::int64_t>(within)};
}

/// a + b * factor, with `factor` in units of 2^-40; rounded, limited.
Duration sum_of(Duration a, Duration b, std::int64_t factor) {
    const SignedWide product = SignedWide{b.ns} * factor;
    return limited(a.ns + ((product + fixed_one / 2) >> fraction_bits));
}

void ensure_drawable(Duration duration) {
    zab::ensure(duration.ns >= 0, "nothing takes less than no time");
    zab::ensure(duration <= longest_duration, "longer ones would overflow an instant");
}

/// A factor in units of 2^-40, rounded. Requires: it is below 2^20.
std::int64_t fixed(Factor factor) {
    const SignedWide scaled = SignedWide{factor.nano} << fraction_bits;
    return static_cast<std::int64_t>((scaled + Factor::one_nano / 2) / Factor::one_nano);
}

/// The integral of max(0, z - least) over the tail of a standard normal variable, in units of
/// 2^-40, by the trapezoids between the table's nodes. Requires: least >= 0.
std::int64_t mean_excess(std::int64_t least) {
    SignedWide total = 0;  // In units of 2^-(40 + octaves + 7).
    for (std::size_t octave = 0; octave < octaves; ++octave) {
        const std::int64_t* row = &normal_table[octave * (octave_cells + 2)];
        SignedWide twice = 0;
        for (std::size_t cell = 0; cell < octave_cells; ++cell) {
            twice += std::max(row[cell] - least, std::int64_t{0});
            twice += std::max(row[cell + 1] - least, std::int64_t{0});
        }
        // A cell of this row is 2^-(octave + 7) wide, and a trapezoid has half of the sum.
        total += twice << (octaves - octave - 1);
    }
    return static_cast<std::int64_t>(total >> (octaves + 7));
}

}  // namespace

Distribution Distribution::constant(Duration value) {
    ensure_drawable(value);
    return Distribution(Constant{value});
}

Distribution Distribution::uniform(Duration low, Duration high) {
    ensure_drawable(low);
    ensure_drawable(high);
    zab::ensure(low <= high, "an interval has its lower end first");
    return Distribution(Uniform{low, high});
}

Distribution Distribution::exponential(Duration mean) {
    ensure_drawable(mean);
    return Distribution(Exponential{mean});
}

Distribution Distribution::normal(Duration mean, Duration deviation) {
    ensure_drawable(mean);
    ensure_drawable(deviation);
    return Distribution(Normal{mean, deviation});
}

Distribution Distribution::log_normal(Duration median, Factor sigma) {
    ensure_drawable(median);
    zab::ensure(sigma.nano >= 0, "a deviation is not negative");
    zab::ensure(sigma.nano <= 1000 * Factor::one_nano, "its product with 2^40 has 64 bits");
    return Distribution(LogNormal{median, fixed_product(fixed(sigma), fixed_log2_e)});
}

Distribution Distribution::pareto(Duration minimum, Factor shape) {
    ensure_drawable(minimum);
    zab::ensure(shape.nano >= Factor::one_nano / 100, "64 / shape, as 2^-40ths, has 64 bits");
    zab::ensure(shape.nano <= 1000 * Factor::one_nano, "1 / shape keeps nine digits");
    const SignedWide one = SignedWide{Factor::one_nano} << fraction_bits;
    const auto inverse = static_cast<std::int64_t>((one + shape.nano / 2) / shape.nano);
    return Distribution(Pareto{minimum, inverse});
}

Distribution Distribution::empirical(std::vector<Quantile> quantiles) {
    zab::ensure(quantiles.size() >= 2, "a line has two ends");
    zab::ensure(quantiles.front().probability.ppb == 0, "nothing is below the minimum");
    zab::ensure(quantiles.back().probability.ppb == Probability::certain_ppb,
                "nothing is above the maximum");
    for (std::size_t i = 0; i < quantiles.size(); ++i) {
        ensure_drawable(quantiles[i].value);
        if (i == 0) continue;
        zab::ensure(quantiles[i - 1].probability < quantiles[i].probability,
                    "each quantile is another one");
        zab::ensure(quantiles[i - 1].value <= quantiles[i].value,
                    "a larger share cannot have a smaller bound");
    }
    return Distribution(Empirical{std::move(quantiles)});
}

Distribution Distribution::bimodal(const Distribution& fast, const Distribution& slow,
                                   Probability slow_share) {
    zab::ensure(slow_share.ppb <= Probability::certain_ppb, "a share is at most everything");
    return Distribution(Bimodal{fast.simple(), slow.simple(), slow_share});
}

Distribution::Simple Distribution::simple() const {
    return std::visit(
        [](const auto& shape) -> Simple {
            if constexpr (std::is_same_v<std::decay_t<decltype(shape)>, Bimodal>) {
                zab::ensure(false, "the parts of a bimodal distribution are not bimodal");
                return Constant{};
            } else {
                return shape;
            }
        },
        shape_);
}

Duration Distribution::draw_varying(std::uint64_t random) const {
    return std::visit([random](const auto& shape) { return shape.draw(random); }, shape_);
}

Duration Distribution::mean() const {
    return std::visit([](const auto& shape) { return shape.mean(); }, shape_);
}

Duration Distribution::Constant::draw(std::uint64_t) const { return value; }

Duration Distribution::Constant::mean() const { return value; }

Duration Distribution::Uniform::mean() const { return low + (high - low) / 2; }

Duration Distribution::Exponential::draw(std::uint64_t random) const {
    return sum_of({}, average, fixed_product(tail_log2(random), fixed_ln2));
}

Duration Distribution::Exponential::mean() const { return average; }

Duration Distribution::Normal::draw(std::uint64_t random) const {
    return sum_of(centre, deviation, normal_quantile(random));
}

/// E max(0, X) = E X + E max(0, -X); the second part is the excess of -X's tail over the centre.
Duration Distribution::Normal::mean() const {
    if (deviation.ns == 0) return centre;
    const SignedWide least = (SignedWide{centre.ns} << fraction_bits) / deviation.ns;
    if (least > SignedWide{8} * fixed_one) return centre;
    return sum_of(centre, deviation, mean_excess(static_cast<std::int64_t>(least)));
}

Duration Distribution::LogNormal::draw(std::uint64_t random) const {
    return {times_exp2(median.ns, fixed_product(log2_deviation, normal_quantile(random)))};
}

/// median * exp(sigma^2 / 2), and sigma^2 / 2 / ln 2 is (sigma / ln 2)^2 * ln 2 / 2.
Duration Distribution::LogNormal::mean() const {
    const std::int64_t square = fixed_product(log2_deviation, log2_deviation);
    return {times_exp2(median.ns, fixed_product(square, fixed_ln2) / 2)};
}

Duration Distribution::Pareto::draw(std::uint64_t random) const {
    return {times_exp2(minimum.ns, fixed_product(tail_log2(random), inverse_shape))};
}

/// minimum * shape / (shape - 1): infinite for a shape of at most 1.
Duration Distribution::Pareto::mean() const {
    if (minimum.ns == 0) return {};
    if (inverse_shape >= fixed_one) return longest_duration;
    return limited((SignedWide{minimum.ns} << fraction_bits) / (fixed_one - inverse_shape));
}

Duration Distribution::Empirical::draw(std::uint64_t random) const {
    // The word as a probability, in units of 2^-32 ppb.
    const UnsignedWide product = UnsignedWide{random} * Probability::certain_ppb;
    const auto position = static_cast<std::int64_t>(product >> 32);
    const Probability below{static_cast<std::uint32_t>(position >> 32)};
    // The word is below 1, hence before the last quantile; and not before the first, which is 0.
    const auto after = std::ranges::upper_bound(quantiles, below, {}, &Quantile::probability);
    const Quantile& high = *after;
    const Quantile& low = *(after - 1);
    const std::int64_t width = std::int64_t{high.probability.ppb - low.probability.ppb} << 32;
    const std::int64_t past = position - (std::int64_t{low.probability.ppb} << 32);
    return limited(low.value.ns + SignedWide{(high.value - low.value).ns} * past / width);
}

Duration Distribution::Empirical::mean() const {
    SignedWide twice = 0;  // In units of a nanosecond times 1 ppb.
    for (std::size_t i = 1; i < quantiles.size(); ++i) {
        const Quantile& low = quantiles[i - 1];
        const Quantile& high = quantiles[i];
        twice += (SignedWide{low.value.ns} + high.value.ns) *
                 (high.probability.ppb - low.probability.ppb);
    }
    return limited(twice / (SignedWide{2} * Probability::certain_ppb));
}

/// The choice uses the word up: the chosen part is drawn from another word made of it.
Duration Distribution::Bimodal::draw(std::uint64_t random) const {
    const Simple& part = happens(slow_share, random) ? slow : fast;
    const std::uint64_t second = next_word(random);
    return std::visit([second](const auto& shape) { return shape.draw(second); }, part);
}

Duration Distribution::Bimodal::mean() const {
    const auto mean_of = [](const auto& shape) { return shape.mean(); };
    const SignedWide total =
        SignedWide{std::visit(mean_of, fast).ns} * slow_share.complement().ppb +
        SignedWide{std::visit(mean_of, slow).ns} * slow_share.ppb;
    return limited(total / Probability::certain_ppb);
}

}  // namespace sim
