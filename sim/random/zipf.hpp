#pragma once

#include "sim/random/decimal.hpp"

#include <cstdint>
#include <vector>

namespace sim {

/// Zipf's law: index i of [0, count) is drawn with a probability proportional to
/// (i + 1)^-exponent; relative error below 2e-8 times the exponent, and 1e-8. A value of at most
/// some 60 kB, whatever the count.
///
/// The indexes are divided into blocks, single ones at first and then each 1/256 of those before
/// it. A draw finds its block by the cumulative weights, then an index inside by rejection; the
/// weights in a block differ so little that it is nearly always the first one tried.
class Zipf {
  public:
    static constexpr std::uint32_t highest_count = 10'000'000;

    /// Some 10'000 powers at most. Requires: count in [1, 10'000'000], exponent in [0, 10].
    Zipf(std::uint32_t count, Factor exponent);

    /// The index for a uniform word. Some 12 steps of a binary search.
    std::uint32_t draw(std::uint64_t random) const;

    std::uint32_t count() const { return count_; }

  private:
    struct Block {
        std::uint64_t end_of_words;  // Words below this, and not of an earlier block, choose it.
        std::uint32_t first;         // Index.
    };

    std::uint32_t last_of(std::vector<Block>::const_iterator block) const;
    std::int64_t weight(std::uint32_t index) const;
    UnsignedWide total_weight(std::uint32_t first, std::uint32_t size) const;

    std::uint32_t count_;
    std::int64_t exponent_;  // In units of 2^-40.
    std::vector<Block> blocks_;
};

}  // namespace sim
