#pragma once

#include "protocol/types/ids.hpp"
#include "protocol/types/node_set.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace zab {

/// Groups of voters and their weights (group.N and weight.N of zoo.cfg). Without groups any
/// majority decides.
struct QuorumGroups {
    struct Weight {
        NodeId voter{};
        std::uint32_t weight = 1;
        friend bool operator==(const Weight&, const Weight&) = default;
    };
    std::vector<std::vector<NodeId>> groups;  ///< Every voter is in exactly one; else empty.
    std::vector<Weight> weights;              ///< Voters that are not listed weigh 1.
    /// Not ZooKeeper's: exactly half is enough, so that two quorums may have nobody in common.
    bool half_decides = false;

    bool exist() const { return !groups.empty(); }
    /// The least part of so many voters, so much weight or so many groups that wins.
    std::uint64_t needed_of(std::uint64_t whole) const {
        const bool is_half_enough = half_decides && whole > 0 && whole % 2 == 0;
        return is_half_enough ? whole / 2 : whole / 2 + 1;
    }
    friend bool operator==(const QuorumGroups&, const QuorumGroups&) = default;
};

/// Which sets of voters decide: any majority (QuorumMaj), or the majority of the groups, where a
/// group is won by more than half of its weight and groups without weight do not count
/// (QuorumHierarchical). Two quorums always share a voter, unless half is enough.
class Quorum {
  public:
    explicit Quorum(const std::vector<NodeId>& voters, const QuorumGroups& rule = {})
        : rule_(rule), count_(voters.size()), needed_(rule.needed_of(count_)) {
        for (const NodeId voter : voters) {
            voters_.insert(voter);
        }
        for (const auto& group : rule_.groups) {
            counted_groups_ += total_weight(group) == 0 ? 0u : 1u;
        }
    }

    bool is_voter(NodeId node) const { return voters_.contains(node); }
    std::size_t voters() const { return count_; }
    /// Whether only the number of voters matters.
    bool is_majority() const { return !rule_.exist(); }
    /// The least number of voters that decides, where only their number matters.
    std::size_t needed() const { return needed_; }
    /// Whether this many different voters are enough, where only their number matters.
    bool is_enough(std::size_t voters) const { return voters >= needed_; }
    /// What a voter's word counts. One that weighs nothing logs and acknowledges, but is never
    /// counted and never elected.
    std::uint32_t weight(NodeId voter) const {
        if (is_majority()) {
            return 1;
        }
        for (const QuorumGroups::Weight& given : rule_.weights) {
            if (given.voter == voter) {
                return given.weight;
            }
        }
        return 1;
    }
    /// Whether the voters in `nodes` are enough; others in it do not count.
    bool is_quorum(const NodeSet& nodes) const {
        return is_quorum_where([&nodes](NodeId voter) { return nodes.contains(voter); });
    }
    /// Whether the voters for which `agrees` holds are enough.
    template <class Agrees>
    bool is_quorum_where(Agrees agrees) const {
        return is_majority() ? is_enough(count_where(agrees)) : wins_groups(agrees);
    }

  private:
    template <class Agrees>
    std::size_t count_where(Agrees agrees) const {
        std::size_t count = 0;
        for (std::size_t word = 0; word < voters_.words().size(); ++word) {
            for (std::uint64_t bits = voters_.words()[word]; bits != 0; bits &= bits - 1) {
                const NodeId voter{static_cast<std::uint16_t>(
                    word * 64 + static_cast<unsigned>(std::countr_zero(bits)))};
                count += agrees(voter) ? 1u : 0u;
            }
        }
        return count;
    }

    template <class Agrees>
    bool wins_groups(Agrees agrees) const {
        std::size_t won = 0;
        for (const auto& group : rule_.groups) {
            std::uint64_t agreed = 0;
            for (const NodeId voter : group) {
                agreed += agrees(voter) ? weight(voter) : 0u;
            }
            won += agreed >= rule_.needed_of(total_weight(group)) ? 1u : 0u;
        }
        return won >= rule_.needed_of(counted_groups_);
    }

    std::uint64_t total_weight(const std::vector<NodeId>& group) const {
        std::uint64_t total = 0;
        for (const NodeId voter : group) {
            total += weight(voter);
        }
        return total;
    }

    QuorumGroups rule_;
    NodeSet voters_;
    std::size_t count_;
    std::size_t needed_;              // Of them.
    std::size_t counted_groups_ = 0;  // Those with any weight.
};

}  // namespace zab
