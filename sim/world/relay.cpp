#include "sim/world/relay.hpp"

#include "sim/scenario/scenario.hpp"

#include <algorithm>

namespace sim {

namespace {

/// A relay is one thread: it gets to a message when it has done with all before it and finds a
/// core, the one that is free first; where it was idle, it wakes up there. Returns when it reads.
std::int64_t get_to(Host& machine, Origin& origin, std::int64_t sent, const LinkModel& link,
                    std::int64_t now) {
    Relay& relay = machine.relay;
    std::size_t index = relay.core;
    const bool is_busy = relay.free_at > sent;
    if (!is_busy) {
        const auto first = std::min_element(
            machine.cores.begin(), machine.cores.end(),
            [](const Core& left, const Core& right) { return left.free_at < right.free_at; });
        index = static_cast<std::size_t>(first - machine.cores.begin());
    }
    Core& core = machine.cores[index];
    const std::int64_t takes = link.relay_cpu.ns + (is_busy ? 0 : link.gathering.ns);
    const std::int64_t begin = std::max({sent, relay.free_at, core.free_at});
    const trace::RecordId holder = is_busy ? relay.last_record : core.last_record;
    if (begin > sent && holder != no_record) {
        origin.held_by = holder;
    }
    core.free_at = std::max(core.free_at, now) + takes;
    machine.core_busy_ns += takes;
    relay = {.free_at = begin + takes, .last_record = origin.cause, .core = index};
    return begin + (is_busy ? 0 : link.gathering.ns);
}

}  // namespace

/// What reaches a connection until the relay reads it is read at once, and has one draw: the first
/// message's.
Relayed pass_relay(Host& machine, const LinkModel& link, Pipe& pipe, Origin& origin,
                   Relayed message, std::int64_t now) {
    const bool begins = message.sent > pipe.gathers_until;
    const std::int64_t read_at = link.relay_cpu.ns != 0
                                     ? get_to(machine, origin, message.sent, link, now)
                                     : message.sent + link.gathering.ns;
    if (begins) {
        pipe.gathers_until = read_at;
        pipe.gathered_word = message.word;
    }
    const std::int64_t passed = std::max(message.sent, pipe.gathers_until - link.gathering.ns);
    origin.wait += passed - message.sent;
    return {.sent = passed, .word = pipe.gathered_word};
}

}  // namespace sim
