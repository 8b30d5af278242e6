#include "analysis/stats/histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace analysis {

namespace {

/// A fixed sequence of heavy-tailed samples: the low bits of a multiplicative generator, shifted
/// by its high bits.
std::vector<std::int64_t> samples(std::size_t count, std::uint64_t seed) {
    std::vector<std::int64_t> out;
    std::uint64_t state = seed;
    for (std::size_t i = 0; i < count; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const auto bits = state >> 24;
        out.push_back(static_cast<std::int64_t>((bits & 0xfffff) >> (bits >> 35 & 15)));
    }
    return out;
}

Histogram histogram_of(const std::vector<std::int64_t>& values) {
    Histogram histogram;
    for (const std::int64_t value : values) histogram.add({value});
    return histogram;
}

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("a quantile is never below the exact one and at most 1/128 above") {
    std::vector<std::int64_t> values = samples(20'000, 7);
    const Histogram histogram = histogram_of(values);
    std::ranges::sort(values);

    for (std::uint32_t part = 0; part <= 1000; ++part) {
        const std::size_t rank = std::max<std::size_t>((values.size() * part + 999) / 1000, 1);
        const std::int64_t exact = values[rank - 1];
        const std::int64_t found = histogram.quantile({part, 1000})->ns;
        CHECK(found >= exact);
        CHECK((found - exact) * 128 <= exact);
    }
}

TEST_CASE("count and sum and extremes are exact") {
    const std::vector<std::int64_t> values = samples(5'000, 3);
    const Histogram histogram = histogram_of(values);

    std::uint64_t sum = 0;
    for (const std::int64_t value : values) sum += static_cast<std::uint64_t>(value);
    CHECK(histogram.count() == values.size());
    CHECK(histogram.sum_ns() == sum);
    CHECK(histogram.min()->ns == std::ranges::min(values));
    CHECK(histogram.max()->ns == std::ranges::max(values));
    CHECK(histogram.quantile({1, 1}) == histogram.max());
}

TEST_CASE("histograms merge to the same whole in any order and grouping") {
    std::array<Histogram, 4> parts;
    Histogram whole;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        for (const std::int64_t value : samples(1'000 * i, i)) {
            parts[i].add({value});
            whole.add({value});
        }
    }

    std::array<std::size_t, 4> order = {0, 1, 2, 3};
    do {
        Histogram left;
        for (const std::size_t i : order) left.merge(parts[i]);
        Histogram first = parts[order[0]];
        first.merge(parts[order[1]]);
        Histogram second = parts[order[2]];
        second.merge(parts[order[3]]);
        first.merge(second);
        CHECK(left == whole);
        CHECK(first == whole);
    } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("an empty histogram has no quantile") {
    const Histogram empty;

    CHECK_FALSE(empty.quantile(p50).has_value());
    CHECK_FALSE(empty.min().has_value());
    CHECK_FALSE(empty.max().has_value());
    CHECK_FALSE(empty.mean().has_value());
    CHECK(empty.count() == 0);
}

TEST_CASE("every quantile of one sample is that sample") {
    for (const std::int64_t value :
         {std::int64_t{0}, std::int64_t{255}, std::int64_t{256}, std::int64_t{1'000'001}, most}) {
        const Histogram histogram = histogram_of({value});

        CHECK(histogram.quantile({0, 1})->ns == value);
        CHECK(histogram.quantile(p50)->ns == value);
        CHECK(histogram.quantile(p99_9)->ns == value);
        CHECK(histogram.quantile({1, 1})->ns == value);
    }
}

TEST_CASE("huge samples neither wrap nor leave the table") {
    const Histogram histogram = histogram_of({most, most - 1, most / 2, most, 1});

    CHECK(histogram.quantile({1, 1})->ns == most);
    CHECK(histogram.quantile({0, 1})->ns == 1);
    CHECK(histogram.sum_ns() == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("ranks are exact at the border between two samples") {
    std::vector<std::int64_t> values;
    for (std::int64_t i = 1; i <= 100; ++i) values.push_back(i);
    const Histogram histogram = histogram_of(values);

    CHECK(histogram.quantile(p50)->ns == 50);
    CHECK(histogram.quantile({51, 100})->ns == 51);
    CHECK(histogram.quantile(p99)->ns == 99);
    CHECK(histogram.quantile(p99_9)->ns == 100);
}

TEST_CASE("a stored histogram comes back the same") {
    for (const Histogram& histogram : {histogram_of(samples(3'000, 9)), Histogram{}}) {
        const auto restored = Histogram::from_sparse(histogram.sparse());

        REQUIRE(restored.has_value());
        CHECK((*restored == histogram));
    }
}

TEST_CASE("a stored histogram that contradicts itself is refused") {
    const Histogram::Sparse good = histogram_of({1, 1, 500, 90'000}).sparse();
    std::vector<Histogram::Sparse> bad(9, good);
    bad[0].precision = 8;
    bad[1].count += 1;
    bad[2].min_ns = 2;
    bad[3].max_ns = 900'000;
    bad[4].buckets[1].count = 0;
    bad[5].buckets[2].index = 1u << 30;
    std::swap(bad[6].buckets[0], bad[6].buckets[1]);
    bad[7].buckets.push_back(bad[7].buckets.back());
    bad[8].buckets.clear();

    REQUIRE(Histogram::from_sparse(good).has_value());
    for (std::size_t i = 0; i < bad.size(); ++i) {
        CAPTURE(i);
        CHECK_FALSE(Histogram::from_sparse(bad[i]).has_value());
    }
}

TEST_CASE("a cleared histogram equals a new one") {
    Histogram histogram = histogram_of(samples(100, 2));

    histogram.clear();

    CHECK((histogram == Histogram{}));
}

}  // namespace analysis
