#pragma once

#include "protocol/types/time.hpp"

#include <cstdint>
#include <type_traits>

namespace sim {

/// Something that happens at a point of true time. The queue does not read `what` and `argument`:
/// the world packs a kind and a target into the first, a handle or a generation into the second.
struct Event {
    zab::Instant time;
    std::uint64_t what = 0;
    std::uint64_t argument = 0;

    bool operator==(const Event&) const = default;
};
static_assert(std::is_trivially_copyable_v<Event> && sizeof(Event) == 24);

}  // namespace sim
