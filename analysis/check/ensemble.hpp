#pragma once

#include "protocol/types/ids.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace analysis {

/// Who takes part, as the scenario declares it.
struct Ensemble {
    std::vector<zab::NodeId> voters;
    std::vector<zab::NodeId> observers;
    std::string release = "fixed";  ///< Whose behaviour it has: what is right depends on it.

    /// The size of a majority of the voters.
    std::size_t quorum() const { return voters.size() / 2 + 1; }

    /// May a server start with transactions of an epoch above its current one? ZooKeeper refuses
    /// (ZOOKEEPER-1653, 2354), so that one of its releases which does start has a defect; release
    /// "fixed" starts, because nobody acknowledged such transactions.
    bool may_boot_ahead_of_current_epoch() const { return release == "fixed"; }
};

}  // namespace analysis
