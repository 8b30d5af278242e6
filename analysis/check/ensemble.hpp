#pragma once

#include "protocol/types/ids.hpp"
#include "protocol/types/quorum.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace analysis {

/// What the servers speak: it decides which guarantees there are.
enum class Protocol : std::uint8_t { zab, textbook };

/// Who takes part, as the scenario declares it.
struct Ensemble {
    std::vector<zab::NodeId> voters;
    std::vector<zab::NodeId> observers;
    std::string release = "fixed";  ///< Whose behaviour it has: what is right depends on it.
    zab::QuorumGroups groups;       ///< None: any majority decides.
    Protocol protocol = Protocol::zab;

    /// How many voters decide, where only their number matters.
    std::size_t quorum() const { return groups.needed_of(voters.size()); }
    /// Whether `count` voters, namely those for which `has` holds, decide. Looks at each voter only
    /// where not just their number matters.
    template <class Has>
    bool decides(std::size_t count, Has has) const {
        return groups.exist() ? zab::Quorum(voters, groups).is_quorum_where(has)
                              : count >= quorum();
    }

    /// May a server start with transactions of an epoch above its current one? ZooKeeper refuses
    /// (ZOOKEEPER-1653, 2354), so that one of its releases which does start has a defect; release
    /// "fixed", also with other defects planted, starts, because nobody acknowledged such
    /// transactions.
    bool may_boot_ahead_of_current_epoch() const {
        const auto has = [this](const char* defect) {
            return release.find(defect) != std::string::npos;
        };
        return release.starts_with("fixed") && !has("+1653") && !has("+2354");
    }
};

}  // namespace analysis
