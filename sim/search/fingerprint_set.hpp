#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sim {

/// A set of 64-bit fingerprints: open addressing in a power of two of places, at most half full.
class FingerprintSet {
  public:
    FingerprintSet() : places_(std::size_t{1} << 16) {}

    /// True if it was not there yet.
    bool insert(std::uint64_t fingerprint);
    std::size_t size() const { return size_; }

  private:
    void grow();

    std::vector<std::uint64_t> places_;  // 0: free; a fingerprint of 0 counts as 1.
    std::size_t size_ = 0;
};

}  // namespace sim
