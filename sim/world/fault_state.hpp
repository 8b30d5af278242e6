#pragma once

#include "sim/random/decimal.hpp"
#include "sim/random/distribution.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/trace/record.hpp"
#include "sim/world/pace.hpp"

#include <cstdint>
#include <vector>

namespace sim {

/// What faults have done to one directed path between two servers.
struct Path {
    std::uint32_t cuts = 0;   ///< Faults that cut it, not yet healed: nothing passes, TCP retries.
    std::uint32_t clogs = 0;  ///< Likewise, but no time-out breaks what waits.
    Distribution extra_delay{};
    Probability loss{};
    Pace pace{};               ///< Unlimited: as the link says.
    std::int64_t free_at = 0;  ///< Of a limited rate.
    bool is_open() const { return cuts == 0 && clogs == 0; }
};

/// What is left to happen of the scenario's faults.
struct FaultState {
    struct Watch {  // A fault that waits for a record.
        std::uint32_t fault = 0;
        std::uint32_t seen = 0;
        bool done = false;
    };
    struct Done {  // Whom a fault hit, so that it can be undone.
        std::vector<std::uint32_t> targets;
        std::vector<std::uint32_t> others;
        std::int64_t waiting_since = -1;  ///< No target yet, since then.
    };
    struct Due {  // A fault whose record has come.
        std::uint32_t fault = 0;
        trace::RecordId record = 0;
    };
    std::vector<Due> due;
    struct Hold {  // A hold that has struck.
        std::uint32_t fault = 0;
        std::uint32_t seen = 0;
        bool over = false;
    };
    std::vector<Watch> after;
    std::vector<Watch> before;
    std::vector<Hold> holds;
    trace::KindSet watched = 0;
    std::vector<Path> paths;             ///< By from * servers + to.
    std::vector<Done> done;              ///< By fault.
    std::vector<std::uint32_t> crashed;  ///< Servers, the last one crashed at the end.
};

}  // namespace sim
