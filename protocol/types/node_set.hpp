#pragma once

#include "protocol/types/ids.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace zab {

/// A set of servers. Grows with the largest id put in; equal sets compare equal.
class NodeSet {
  public:
    bool contains(NodeId node) const {
        const std::size_t word = node.value / 64;
        return word < words_.size() && ((words_[word] >> (node.value % 64)) & 1) != 0;
    }
    void insert(NodeId node) {
        const std::size_t word = node.value / 64;
        if (word >= words_.size()) {
            words_.resize(word + 1);
        }
        words_[word] |= std::uint64_t{1} << (node.value % 64);
    }
    void erase(NodeId node) {
        const std::size_t word = node.value / 64;
        if (word < words_.size()) {
            words_[word] &= ~(std::uint64_t{1} << (node.value % 64));
        }
        while (!words_.empty() && words_.back() == 0) {
            words_.pop_back();
        }
    }
    void clear() { words_.clear(); }
    std::size_t size() const {
        std::size_t count = 0;
        for (const std::uint64_t word : words_) {
            count += static_cast<std::size_t>(std::popcount(word));
        }
        return count;
    }
    const std::vector<std::uint64_t>& words() const { return words_; }
    friend bool operator==(const NodeSet&, const NodeSet&) = default;

  private:
    std::vector<std::uint64_t> words_;  // No trailing zero words, so that equality is memberwise.
};

}  // namespace zab
