#include "analysis/stats/histogram.hpp"

#include "protocol/types/ensure.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace analysis {

namespace {

constexpr std::uint64_t octave = std::uint64_t{1} << Histogram::precision;
constexpr std::size_t bucket_limit = (64 - Histogram::precision) * octave;

/// Below one octave the index is the sample. Above, each doubling has `octave` buckets.
constexpr std::size_t index_of(std::uint64_t sample) {
    if (sample < octave) return sample;
    const auto shift = static_cast<unsigned>(std::bit_width(sample)) - 1 - Histogram::precision;
    return (shift + 1) * octave + (sample >> shift) - octave;
}

/// The greatest sample of a bucket.
constexpr std::uint64_t upper_edge(std::size_t index) {
    if (index < octave) return index;
    const auto shift = index / octave - 1;
    return ((octave + index % octave + 1) << shift) - 1;
}

static_assert(index_of(255) == 255 && index_of(256) == 256 && index_of(257) == 256);
static_assert(upper_edge(255) == 255 && upper_edge(256) == 257);
static_assert(index_of(std::numeric_limits<std::int64_t>::max()) == bucket_limit - 1);

/// Saturating: unlike wrapping it never shows a small sum, and it still does not depend on order.
constexpr std::uint64_t capped_sum(std::uint64_t a, std::uint64_t b) {
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    return a > most - b ? most : a + b;
}

}  // namespace

void Histogram::add(zab::Duration sample) {
    zab::ensure(sample.ns >= 0, "what happens takes no negative time");
    const auto length = static_cast<std::uint64_t>(sample.ns);
    const std::size_t index = index_of(length);
    // Whole octaves, so that a slowly growing maximum does not allocate again and again.
    if (index >= buckets_.size()) buckets_.resize((index / octave + 1) * octave);
    ++buckets_[index];
    min_ns_ = count_ == 0 ? sample.ns : std::min(min_ns_, sample.ns);
    max_ns_ = count_ == 0 ? sample.ns : std::max(max_ns_, sample.ns);
    ++count_;
    sum_ns_ = capped_sum(sum_ns_, length);
}

void Histogram::merge(const Histogram& other) {
    if (other.is_empty()) return;
    if (other.buckets_.size() > buckets_.size()) buckets_.resize(other.buckets_.size());
    for (std::size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    min_ns_ = is_empty() ? other.min_ns_ : std::min(min_ns_, other.min_ns_);
    max_ns_ = is_empty() ? other.max_ns_ : std::max(max_ns_, other.max_ns_);
    count_ += other.count_;
    sum_ns_ = capped_sum(sum_ns_, other.sum_ns_);
}

void Histogram::clear() {
    std::ranges::fill(buckets_, 0);
    count_ = 0;
    sum_ns_ = 0;
    min_ns_ = 0;
    max_ns_ = 0;
}

std::optional<zab::Duration> Histogram::min() const {
    if (is_empty()) return std::nullopt;
    return zab::Duration{min_ns_};
}

std::optional<zab::Duration> Histogram::max() const {
    if (is_empty()) return std::nullopt;
    return zab::Duration{max_ns_};
}

std::optional<zab::Duration> Histogram::mean() const {
    if (is_empty()) return std::nullopt;
    return zab::Duration{static_cast<std::int64_t>(sum_ns_ / count_)};
}

std::optional<zab::Duration> Histogram::quantile(Share share) const {
    zab::ensure(share.part <= share.whole, "a share is not more than the whole");
    zab::ensure(share.whole > 0 && share.whole < (1u << 20), "ranks stay exact integers");
    if (is_empty()) return std::nullopt;
    // ceil(count × part / whole), split so that no product can overflow.
    const std::uint64_t rest = (count_ % share.whole) * share.part;
    const std::uint64_t rank =
        count_ / share.whole * share.part + (rest + share.whole - 1) / share.whole;
    const std::uint64_t wanted = std::max<std::uint64_t>(rank, 1);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen < wanted) continue;
        const auto edge = static_cast<std::int64_t>(upper_edge(i));
        return zab::Duration{std::min(edge, max_ns_)};
    }
    zab::ensure(false, "the bucket counts add up to the number of samples");
    return std::nullopt;
}

Histogram::Sparse Histogram::sparse() const {
    Sparse out{
        .count = count_, .sum_ns = sum_ns_, .min_ns = min_ns_, .max_ns = max_ns_, .buckets = {}};
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        if (buckets_[i] != 0) out.buckets.push_back({static_cast<std::uint32_t>(i), buckets_[i]});
    }
    return out;
}

std::optional<Histogram> Histogram::from_sparse(const Sparse& sparse) {
    if (sparse.precision != precision || sparse.min_ns < 0) return std::nullopt;
    Histogram made;
    if (sparse.buckets.empty()) return sparse == made.sparse() ? std::optional{made} : std::nullopt;
    std::uint64_t total = 0;
    for (const Bucket& bucket : sparse.buckets) {
        if (bucket.index >= bucket_limit || bucket.count == 0) return std::nullopt;
        if (bucket.index < made.buckets_.size() && made.buckets_[bucket.index] != 0) {
            return std::nullopt;
        }
        const std::size_t size = (bucket.index / octave + 1) * octave;
        if (size > made.buckets_.size()) made.buckets_.resize(size);
        made.buckets_[bucket.index] = bucket.count;
        total = capped_sum(total, bucket.count);
    }
    const bool fits =
        total == sparse.count && sparse.min_ns <= sparse.max_ns &&
        index_of(static_cast<std::uint64_t>(sparse.min_ns)) == sparse.buckets.front().index &&
        index_of(static_cast<std::uint64_t>(sparse.max_ns)) == sparse.buckets.back().index;
    if (!fits) return std::nullopt;
    made.count_ = sparse.count;
    made.sum_ns_ = sparse.sum_ns;
    made.min_ns_ = sparse.min_ns;
    made.max_ns_ = sparse.max_ns;
    return made.sparse() == sparse ? std::optional{made} : std::nullopt;
}

}  // namespace analysis
