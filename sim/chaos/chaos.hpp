#pragma once

#include "protocol/types/time.hpp"
#include "sim/chaos/dice.hpp"
#include "sim/scenario/hunt.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Random worlds. Chaos is a function of (spec, seed): it runs before the world starts and writes
/// what it draws in the language of scenarios, so that a drawn world is a scenario like any other
/// and can be printed, kept and cut down. Every fault family has draws of its own: adding one, or
/// leaving it out, changes nothing in the others.
namespace sim::chaos {

/// What of the scenario the draws depend on. Drawing the ensemble or the clients changes it.
struct Setting {
    std::vector<std::uint32_t> voters;
    std::vector<std::uint32_t> observers;
    /// A random minority of the voters: whatever is gone for good, or forgets, is of these, so that
    /// a quorum with sound disks is left.
    std::vector<std::uint32_t> weak;
    std::uint64_t tick_ms = 2'000;
    std::uint64_t init_limit = 10;
    std::uint64_t sync_limit = 5;
    std::uint64_t dial_timeout_ms = 5'000;
    std::uint64_t notification_ms = 60'000;
    std::uint64_t session_ms = 10'000;  ///< The longest that a client asks for.
    std::uint64_t tree_bytes = 0;       ///< Of all that clients may write.
    std::uint64_t duration_ms = 60'000;
};

/// Within this time after the last fault, a quorum that can talk must have elected a leader and
/// committed what a client asks for: an election that fails by its limits once, and its repetition.
/// In milliseconds.
constexpr std::uint64_t recovery_bound_ms(const Setting& in) {
    const std::uint64_t limits = 2 * (in.init_limit + in.sync_limit) * in.tick_ms;
    const std::uint64_t election = 2 * in.dial_timeout_ms + in.notification_ms;
    const std::uint64_t client = in.session_ms + 2'000;  // It waits up to a second between tries.
    return limits + election + client;
}

/// Between the last fault and the end of a run: for the recovery, and mostly for TCP's back-off.
constexpr std::uint64_t calm_ms(const Setting& in) { return recovery_bound_ms(in) + 3'000; }

/// When the first fault may come. Before that, nobody has been elected.
constexpr std::uint64_t first_fault_ms = 500;

/// In a shorter run there is no room for faults and the recovery from them, with any seed.
std::uint64_t least_duration_ms(const ChaosSpec& spec, Setting setting);

/// Of a tree with so many paths, and those that clients create, roughly at most.
constexpr std::uint64_t most_tree_bytes(std::uint64_t paths, std::uint64_t payload) {
    constexpr std::uint64_t bytes_of_a_node = 120;
    constexpr std::uint64_t created = 1'000;
    return (paths + created) * (payload + bytes_of_a_node);
}

struct Drawn {
    std::string overrides;  ///< A scenario's keys, as one JSON object; no faults.
    std::vector<std::string> faults;
};

Drawn draw(const ChaosSpec& spec, std::uint64_t seed, Setting setting);

/// The limits of an ensemble that is drawn are these, or larger ones.
void least_limits(Setting& setting);
constexpr std::uint64_t least_session_ms = 1'000;

/// A part of the scenario, as `"key": value`; what it says is also in `setting` from then on.
std::string draw_ensemble(const ChaosSpec& spec, Dice dice, Setting& setting);
std::string draw_clients(Dice dice, Setting& setting);
std::string draw_network(Dice dice, const Setting& setting);
std::string draw_disk(Dice dice, const Setting& setting);
std::string draw_process(Dice dice);

/// The faults of one family, all over before `last_ms`.
std::vector<std::string> draw_faults(FaultFamily family, Dice dice, const Setting& setting,
                                     std::uint32_t most, std::uint64_t last_ms);

}  // namespace sim::chaos
