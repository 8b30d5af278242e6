#pragma once

#include "protocol/types/ids.hpp"

#include <cstddef>
#include <vector>

namespace analysis {

/// Who takes part, as the scenario declares it.
struct Ensemble {
    std::vector<zab::NodeId> voters;
    std::vector<zab::NodeId> observers;

    /// The size of a majority of the voters.
    std::size_t quorum() const { return voters.size() / 2 + 1; }
};

}  // namespace analysis
