#include "sim/random/zipf.hpp"

#include "protocol/types/ensure.hpp"
#include "sim/random/fixed_point.hpp"
#include "sim/random/key.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>

namespace sim {
namespace {

/// The weight of index 0. With 24 bits of count, all weights together have at most 86 bits.
constexpr std::int64_t heaviest = longest_duration.ns;

/// How many indexes make the block that starts at `first`: an odd number, so that it has a middle.
std::uint32_t block_size(std::uint32_t first, std::uint32_t count) {
    return std::min(first / 256, count - first - 1) | 1;
}

/// floor(part / whole * 2^64), and 2^64 - 1 for all of it. Requires: part <= whole < 2^86.
std::uint64_t share_of_words(UnsignedWide part, UnsignedWide whole) {
    constexpr auto all = std::numeric_limits<std::uint64_t>::max();
    const int excess = 64 - std::countl_zero(static_cast<std::uint64_t>(whole >> 64));
    const UnsignedWide share = ((part >> excess) << 64) / (whole >> excess);
    return share > all ? all : static_cast<std::uint64_t>(share);
}

}  // namespace

Zipf::Zipf(std::uint32_t count, Factor exponent)
    : count_(count),
      exponent_(static_cast<std::int64_t>((SignedWide{exponent.nano} << fraction_bits) /
                                          Factor::one_nano)) {
    zab::ensure(count >= 1, "there is something to choose");
    zab::ensure(count <= highest_count, "the sum of the weights has 86 bits");
    zab::ensure(exponent.nano >= 0, "a later index is not likelier");
    zab::ensure(exponent.nano <= 10 * Factor::one_nano, "weights in a block differ little");
    std::vector<UnsignedWide> sums;
    UnsignedWide sum = 0;
    for (std::uint32_t first = 0; first < count;) {
        const std::uint32_t size = block_size(first, count);
        sum += total_weight(first, size);
        sums.push_back(sum);
        blocks_.push_back({.end_of_words = 0, .first = first});
        first += size;
    }
    for (std::size_t i = 0; i < sums.size(); ++i) {
        blocks_[i].end_of_words = share_of_words(sums[i], sum);
    }
}

std::uint32_t Zipf::draw(std::uint64_t random) const {
    // The very last word, which is below no 64-bit end, belongs to the last block too.
    const auto block = std::upper_bound(
        blocks_.begin(), blocks_.end() - 1, random,
        [](std::uint64_t word, const Block& candidate) { return word < candidate.end_of_words; });
    const std::uint32_t size = last_of(block) - block->first + 1;
    if (size == 1) return block->first;
    if (exponent_ == 0) {  // All weigh the same: the first one tried is it.
        const Key second{next_word(random)};
        return block->first + static_cast<std::uint32_t>(uniform_below(second, size));
    }
    const auto most = static_cast<std::uint64_t>(weight(block->first));
    for (std::uint64_t word = random;;) {
        word = next_word(word);
        const auto offset = static_cast<std::uint32_t>(uniform_below(Key{word}, size));
        word = next_word(word);
        const auto own = static_cast<std::uint64_t>(weight(block->first + offset));
        if (high_product(word, most) <= own) return block->first + offset;
    }
}

std::uint32_t Zipf::last_of(std::vector<Block>::const_iterator block) const {
    const auto next = block + 1;
    return (next == blocks_.end() ? count_ : next->first) - 1;
}

/// (index + 1)^-exponent, in units of 2^-62.
std::int64_t Zipf::weight(std::uint32_t index) const {
    return times_exp2(heaviest, -fixed_product(exponent_, fixed_log2(std::uint64_t{index} + 1)));
}

/// The sum of the parabola through the block's first, middle and last weight. That is exact for
/// size 1, and else off by less than 1e-8: the odd terms cancel around the middle, and a block is
/// at most 1/256 of what comes before it. Requires: size is odd.
UnsignedWide Zipf::total_weight(std::uint32_t first, std::uint32_t size) const {
    const std::uint32_t last = first + size - 1;
    const std::int64_t middle = weight(first + size / 2);
    if (size == 1) return static_cast<UnsignedWide>(middle);
    const SignedWide bend = SignedWide{weight(first)} + weight(last) - SignedWide{middle} * 2;
    const SignedWide correction = bend * size * (size + 1) / (6 * (SignedWide{size} - 1));
    return static_cast<UnsignedWide>(SignedWide{middle} * size + correction);
}

}  // namespace sim
