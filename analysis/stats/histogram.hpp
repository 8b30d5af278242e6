#pragma once

#include "protocol/types/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace analysis {

/// Which sample of a sorted list is asked for: `part` of `whole`. Requires part <= whole, whole > 0
/// and whole < 2^20, so that ranks stay exact integers.
struct Share {
    std::uint32_t part = 0;
    std::uint32_t whole = 1;
};
constexpr Share p50{1, 2};
constexpr Share p90{9, 10};
constexpr Share p99{99, 100};
constexpr Share p99_9{999, 1000};

/// How often each length of time occurred, in buckets whose width is at most 1/128 of their lower
/// edge. Integers only: two histograms merge to the same bits in any order and grouping.
///
/// Invariant: the bucket counts add up to count(); the last bucket holds max().
class Histogram {
  public:
    static constexpr unsigned precision = 7;  ///< log2 of the buckets in an octave.

    /// The form in which a histogram is stored: only the buckets that hold something, ascending.
    struct Bucket {
        std::uint32_t index = 0;
        std::uint64_t count = 0;
        friend bool operator==(const Bucket&, const Bucket&) = default;
    };
    struct Sparse {
        unsigned precision = Histogram::precision;
        std::uint64_t count = 0;
        std::uint64_t sum_ns = 0;
        std::int64_t min_ns = 0;
        std::int64_t max_ns = 0;
        std::vector<Bucket> buckets;
        friend bool operator==(const Sparse&, const Sparse&) = default;
    };

    /// Requires sample >= 0. Allocates only when the sample is longer than all before.
    void add(zab::Duration sample);
    void merge(const Histogram& other);
    /// Forgets the samples and keeps the memory.
    void clear();

    bool is_empty() const { return count_ == 0; }
    std::uint64_t count() const { return count_; }
    /// Of all samples, exact; it stays at 2^64 - 1 once it would be more.
    std::uint64_t sum_ns() const { return sum_ns_; }
    std::optional<zab::Duration> min() const;
    std::optional<zab::Duration> max() const;
    /// Rounded down.
    std::optional<zab::Duration> mean() const;
    /// The upper edge of the bucket with the sample of rank ceil(share × count), but never more
    /// than max(): at most 1/128 above the exact quantile, and never below it.
    std::optional<zab::Duration> quantile(Share share) const;

    Sparse sparse() const;
    /// Nothing when the parts contradict each other or have another precision.
    static std::optional<Histogram> from_sparse(const Sparse& sparse);

    friend bool operator==(const Histogram& left, const Histogram& right) {
        return left.sparse() == right.sparse();
    }

  private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::uint64_t sum_ns_ = 0;
    std::int64_t min_ns_ = 0;
    std::int64_t max_ns_ = 0;
};

}  // namespace analysis
