#pragma once

#include "sim/clock/horizon.hpp"
#include "sim/random/decimal.hpp"
#include "sim/random/distribution.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/trace/record.hpp"
#include "sim/world/pace.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace sim {

/// What faults do to one directed path between two servers, or a server and a group of clients.
/// Several may be at work at once, of one kind too: each ends by itself, without the others.
struct Path {
    std::vector<std::uint32_t> faults;  ///< At work, in the order in which they struck.
    // What they come to together:
    std::uint32_t cuts = 0;       ///< Nothing passes, TCP retries.
    std::uint32_t clogs = 0;      ///< Nothing passes, and no time-out breaks what waits.
    std::uint32_t delays = 0;     ///< Their extra delays add up.
    Probability loss{};           ///< Of all together.
    Pace pace{};                  ///< The slowest; unlimited: as the link says.
    std::int64_t free_at = 0;     ///< Of a limited rate.
    std::int64_t closed_at = -1;  ///< Not open since then; -1: open.
    bool is_open() const { return cuts == 0 && clogs == 0; }
    /// A message passes the limit of rate, if there is one, behind what came before it. Returns
    /// when it is past.
    std::int64_t let_past(std::uint32_t bytes, std::int64_t from) {
        if (pace.fixed_ns_per_byte == 0) {
            return from;
        }
        const std::int64_t begin = std::max(from, within_horizon(free_at));
        return free_at = begin + within_horizon(wire_ns(bytes, pace));
    }
};

/// What is left to happen of the scenario's faults.
struct FaultState {
    struct Watch {  // A fault that waits for a record.
        std::uint32_t fault = 0;
        std::uint32_t seen = 0;
        bool done = false;
    };
    struct Done {  // Whom a fault hit, so that it can be undone: servers, then client groups.
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
    trace::KindSet watched = 0;  ///< By faults that come after a record.
    trace::KindSet awaited = 0;  ///< By those that come before one.
    struct Led {  // The server whose step a fault interrupts, and the epoch that it led before.
        std::uint32_t server = 0;
        std::optional<std::uint64_t> epoch;
    };
    std::optional<Led> led;
    std::vector<Path> paths;             ///< By from * path_ends + to.
    std::uint32_t path_ends = 0;         ///< Servers; and client groups, if a fault names one.
    std::vector<Done> done;              ///< By fault.
    std::vector<std::uint32_t> crashed;  ///< Servers, the last one crashed at the end.
};

}  // namespace sim
