#pragma once

#include "sim/random/decimal.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a scenario file may say beside the scenario itself, for those who hunt for failures. The
/// world knows nothing of either.
namespace sim {

/// One thing that can go wrong, drawn on or off as a whole for each seed.
enum class FaultFamily : std::uint8_t {
    crash,
    power_loss,
    pause,
    restart_storm,  ///< One server crashes again and again.
    partition,
    one_way,
    swizzle,  ///< A random set is cut off one by one and comes back in another order.
    flapping,
    delay,
    loss,
    clog,
    reset,
    rate,
    disk_stall,
    slow_disk,
    slow_cpu,
    anchored,  ///< Placed after or before a durable act, a message or a change of role.
    core,      ///< At the end only a random quorum is left; all others are down for good.
    disk_error,
    disk_full,
    torn,     ///< Power losses that leave the first record that they take half written.
    corrupt,  ///< Checksums tell: the server is gone, or reads an older snapshot.
    clock_drift,
    client_burst,
    // Beyond the fault budget: a disk forgets what it said is durable, and nobody can tell. Zab
    // promises nothing then.
    lying,
    lost_writes,
    lost_tail,
};
constexpr std::size_t fault_family_count = static_cast<std::size_t>(FaultFamily::lost_tail) + 1;

constexpr bool is_beyond_budget(FaultFamily family) { return family >= FaultFamily::lying; }

/// What of the world itself is drawn, where the scenario leaves it to chaos.
enum class Varied : std::uint8_t { ensemble, network, disk, process, clients };
constexpr std::size_t varied_count = static_cast<std::size_t>(Varied::clients) + 1;

/// From these and a seed, sim/chaos/chaos.hpp draws faults and overrides.
struct ChaosSpec {
    std::vector<FaultFamily> families;  ///< Those that may exist.
    bool beyond = false;                ///< Also those beyond the fault budget.
    Probability off = Probability{};    ///< How likely each is left out of a run.
    std::uint32_t fewest_voters = 2;
    std::uint32_t most_voters = 7;
    std::uint32_t most_observers = 2;
    std::uint32_t faults = 8;  ///< Of one family, at most.
    std::vector<Varied> vary;
    ChaosSpec();
};

/// One failure as one file: a scenario with `capsule`, which says how its run must end.
struct Capsule {
    static constexpr std::uint32_t newest_format = 1;

    /// What remains of a story, and how often its failure is gone without it.
    struct Item {
        std::string item;  ///< A JSON pointer into the scenario.
        std::uint32_t gone = 0;
        std::uint32_t tries = 0;
    };

    std::uint32_t format = newest_format;
    std::string expected;         ///< "clean", or the class of the failure.
    std::string hash;             ///< Of the trace, "0x…", when it was found.
    std::uint32_t behaviour = 0;  ///< Of the engine that found it.
    std::string found_by;         ///< A line to paste.
    std::vector<Item> certificate;
};

constexpr std::string_view clean_class = "clean";

}  // namespace sim
