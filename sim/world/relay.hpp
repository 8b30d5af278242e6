#pragma once

#include "sim/world/parts.hpp"

#include <cstdint>

/// A relay (a proxy, a switch) on the way of a message, where a scenario has one:
/// `network.per_hop`, `per_hop_cpu`, `per_hop_gathering`.
namespace sim {

struct LinkModel;

/// A message on its way into the relay of its sender's machine.
struct Relayed {
    std::int64_t sent = 0;   ///< When it leaves the sender.
    std::uint64_t word = 0;  ///< The draw of its delay.
};

/// Through the relay of `machine`, whose time is `now`: when an idle one would have had the message
/// from its sender, and the draw that its delay has.
Relayed pass_relay(Host& machine, const LinkModel& link, Pipe& pipe, Origin& origin,
                   Relayed message, std::int64_t now);

}  // namespace sim
