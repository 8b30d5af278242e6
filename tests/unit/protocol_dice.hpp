#pragma once

#include "sim/random/key.hpp"

#include <cstdint>

namespace test {

/// Random numbers for operations on models: a function of the seed, named in a failure's message.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : key_{sim::derive(sim::root_key(seed, 0), "model test")} {}

    /// A uniform integer in [0, limit).
    std::uint64_t below(std::uint64_t limit) {
        return sim::uniform_below(sim::Key{sim::draw(key_, ++drawn_, 0)}, limit);
    }
    std::uint32_t small(std::uint32_t limit) { return static_cast<std::uint32_t>(below(limit)); }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

  private:
    sim::Key key_;
    std::uint64_t drawn_ = 0;
};

}  // namespace test
