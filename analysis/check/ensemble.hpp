#pragma once

#include "protocol/types/ids.hpp"
#include "protocol/types/quorum.hpp"

#include <cstddef>
#include <vector>

namespace analysis {

/// Who takes part, as the scenario declares it.
struct Ensemble {
    std::vector<zab::NodeId> voters;
    std::vector<zab::NodeId> observers;
    zab::QuorumGroups groups;  ///< None: any majority decides.

    /// The size of a majority of the voters.
    std::size_t quorum() const { return voters.size() / 2 + 1; }
    /// Whether `count` voters, namely those for which `has` holds, decide. Looks at each voter only
    /// where not just their number matters.
    template <class Has>
    bool decides(std::size_t count, Has has) const {
        return groups.exist() ? zab::Quorum(voters, groups).is_quorum_where(has)
                              : count >= quorum();
    }
};

}  // namespace analysis
