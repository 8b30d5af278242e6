#pragma once

#include "sim/random/key.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace sim::chaos {

/// Draws in the order in which they are asked for: never two in one expression. A part of chaos
/// that must not shift the draws of the others has dice of its own.
class Dice {
  public:
    Dice(std::uint64_t seed, std::string_view part)
        : key_(derive(derive(root_key(seed, 0), "chaos"), part)) {}
    Dice of(std::string_view part) const { return Dice(derive(key_, part)); }
    Dice of(std::uint64_t number) const { return Dice(derive(key_, number)); }

    std::uint64_t below(std::uint64_t limit) {
        return uniform_below(Key{sim::draw(key_, 0, ++drawn_)}, limit);
    }
    std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + below(high - low + 1);
    }
    /// Small values as likely as large ones: uniform in the number of bits.
    std::uint64_t spread(std::uint64_t low, std::uint64_t high) {
        std::uint64_t top = high;
        while (top > low && below(2) == 0) top = low + (top - low) / 2;
        return between(low, top);
    }
    bool happens(std::uint64_t percent) { return below(100) < percent; }
    std::string_view one_of(std::initializer_list<std::string_view> words) {
        return words.begin()[below(words.size())];
    }
    std::uint64_t word() { return sim::draw(key_, 1, ++drawn_); }

  private:
    explicit Dice(Key key) : key_(key) {}

    Key key_;
    std::uint64_t drawn_ = 0;
};

}  // namespace sim::chaos
