#include "analysis/metric/pending_operations.hpp"

#include <utility>

namespace analysis {

namespace {

constexpr std::size_t first_size = 4;

}  // namespace

PendingOperations::Added PendingOperations::add(std::uint64_t client, const Operation& operation) {
    if (client >= client_limit) return {};
    if (client >= rings_.size()) rings_.resize(client + 1);
    Ring& ring = rings_[client];
    if (!make_room(ring, operation.cxid)) return {};
    Slot& slot = ring[operation.cxid & (ring.size() - 1)];
    Added result{.is_tracked = true, .displaced = std::nullopt};
    if (slot.is_used) result.displaced = slot.operation;
    slot = {.operation = operation, .is_used = true};
    return result;
}

std::optional<PendingOperations::Operation> PendingOperations::take(std::uint64_t client,
                                                                    zab::Cxid cxid) {
    if (client >= rings_.size() || rings_[client].empty()) return std::nullopt;
    Slot& slot = rings_[client][cxid & (rings_[client].size() - 1)];
    if (!slot.is_used || slot.operation.cxid != cxid) return std::nullopt;
    slot.is_used = false;
    return slot.operation;
}

bool PendingOperations::make_room(Ring& ring, zab::Cxid cxid) {
    if (ring.empty() && !grow(ring, first_size)) return false;
    while (true) {
        const Slot& slot = ring[cxid & (ring.size() - 1)];
        if (!slot.is_used || slot.operation.cxid == cxid) return true;
        if (!grow(ring, ring.size() * 2)) return false;
    }
}

bool PendingOperations::grow(Ring& ring, std::size_t size) {
    if (slots_ + size - ring.size() > slot_limit) return false;
    slots_ += size - ring.size();
    // Two operations that had a slot each still have: equal modulo `size` is equal modulo half.
    Ring larger(size);
    for (const Slot& slot : ring) {
        if (slot.is_used) larger[slot.operation.cxid & (size - 1)] = slot;
    }
    ring = std::move(larger);
    return true;
}

}  // namespace analysis
