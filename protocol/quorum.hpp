#pragma once

#include "protocol/types/ids.hpp"
#include "protocol/types/node_set.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace zab {

/// Which sets of voters decide: any majority (QuorumMaj). Two quorums always share a voter.
class Quorum {
  public:
    explicit Quorum(const std::vector<NodeId>& voters) : count_(voters.size()) {
        for (const NodeId voter : voters) {
            voters_.insert(voter);
        }
    }

    bool is_voter(NodeId node) const { return voters_.contains(node); }
    std::size_t voters() const { return count_; }
    /// The least number of voters that decides.
    std::size_t needed() const { return count_ / 2 + 1; }
    /// Whether this many different voters are enough.
    bool is_enough(std::size_t voters) const { return voters > count_ / 2; }
    /// Whether the voters in `nodes` are enough; others in it do not count.
    bool is_quorum(const NodeSet& nodes) const {
        return is_quorum_of([&nodes](NodeId voter) { return nodes.contains(voter); });
    }
    /// Whether the voters of which `agrees` is true are enough. Builds no set: leaders ask at
    /// every tick.
    template <class Predicate>
    bool is_quorum_of(const Predicate& agrees) const {
        std::size_t agreeing = 0;
        for (std::size_t word = 0; word < voters_.words().size(); ++word) {
            for (std::uint64_t bits = voters_.words()[word]; bits != 0; bits &= bits - 1) {
                const NodeId voter{static_cast<std::uint16_t>(
                    word * 64 + static_cast<unsigned>(std::countr_zero(bits)))};
                if (agrees(voter)) {
                    ++agreeing;
                }
            }
        }
        return is_enough(agreeing);
    }

  private:
    NodeSet voters_;
    std::size_t count_;
};

}  // namespace zab
