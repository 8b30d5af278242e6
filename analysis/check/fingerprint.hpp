#pragma once

#include "protocol/types/ids.hpp"

#include <cstdint>

namespace analysis {

/// A hash over words, for telling checker states apart. It never includes record numbers or times:
/// two runs that reach the same state on different ways must get the same fingerprint.
class Fingerprint {
  public:
    void add(std::uint64_t word) {
        value_ = (value_ ^ word) * 0x9e37'79b9'7f4a'7c15;
        value_ ^= value_ >> 32;
    }
    void add(zab::Zxid zxid) { add(zxid.value); }
    void add(zab::Epoch epoch) { add(std::uint64_t{epoch.value}); }
    std::uint64_t value() const { return value_; }

  private:
    std::uint64_t value_ = 0xcbf2'9ce4'8422'2325;
};

}  // namespace analysis
