#include "sim/clock/radix_heap.hpp"

#include <limits>

namespace sim {

void RadixHeap::add_free_chunk() {
    constexpr std::size_t most = std::numeric_limits<Slot>::max() - chunk_slots;
    zab::ensure(slots_.size() < most, "a slot's number has 32 bits");
    slots_.resize(slots_.size() + chunk_slots);
    next_.push_back(0);
    release(static_cast<Slot>(next_.size() - 1));
}

}  // namespace sim
