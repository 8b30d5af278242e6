#pragma once

#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"
#include "sim/trace/record.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace analysis {

/// The operations that clients have issued and not yet seen the end of. One ring a client, indexed
/// by cxid: a session's requests are numbered in a row, so what is under way lies side by side.
///
/// Invariant: an operation lies in slot (cxid mod ring size) of its client. All rings together have
/// at most `slot_limit` slots, so that no trace, however wrong, can exhaust the memory.
class PendingOperations {
  public:
    static constexpr std::uint64_t client_limit = 1u << 20;
    static constexpr std::size_t slot_limit = 1u << 23;

    struct Operation {
        zab::Instant invoked;
        std::int64_t queued_ns = 0;  ///< Before that, since its arrival.
        zab::Cxid cxid = 0;
        trace::Operation kind{};
    };

    /// What an invocation did to the table. `displaced` is one of the same number that was still
    /// under way; it will never be heard of again.
    struct Added {
        bool is_tracked = false;
        std::optional<Operation> displaced;
    };
    Added add(std::uint64_t client, const Operation& operation);
    /// Removes it; nothing when it is not known.
    std::optional<Operation> take(std::uint64_t client, zab::Cxid cxid);

    /// Calls `visit(operation)` for each, by client and slot.
    template <class Visit>
    void for_each(Visit visit) const {
        for (const Ring& ring : rings_) {
            for (const Slot& slot : ring) {
                if (slot.is_used) visit(slot.operation);
            }
        }
    }

  private:
    struct Slot {
        Operation operation;
        bool is_used = false;
    };
    using Ring = std::vector<Slot>;  ///< Empty, or a power of two long.

    /// Doubles the ring until `cxid` has a slot to itself; false when that would exceed the limit.
    bool make_room(Ring& ring, zab::Cxid cxid);
    bool grow(Ring& ring, std::size_t size);

    std::vector<Ring> rings_;  ///< By client.
    std::size_t slots_ = 0;
};

}  // namespace analysis
