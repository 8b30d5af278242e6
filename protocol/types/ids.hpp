#pragma once

#include <compare>
#include <cstdint>

namespace zab {

/// A server's number (`myid`, "sid" in ZooKeeper). Declared in the scenario, never an index.
struct NodeId {
    std::uint16_t value = 0;
    constexpr auto operator<=>(const NodeId&) const = default;
};

/// The highest server id a scenario may declare: tables are indexed by server id.
constexpr std::uint16_t max_node_id = 4095;

/// The number of a leadership: e in the Zab paper.
struct Epoch {
    std::uint32_t value = 0;
    constexpr auto operator<=>(const Epoch&) const = default;
    constexpr Epoch next() const { return {value + 1}; }
};

/// A transaction's number: epoch in the high half, counter in the low half (ZxidUtils).
struct Zxid {
    std::uint64_t value = 0;

    static constexpr Zxid of(Epoch epoch, std::uint32_t counter) {
        return {(std::uint64_t{epoch.value} << 32) | counter};
    }
    constexpr auto operator<=>(const Zxid&) const = default;
    constexpr Epoch epoch() const { return {static_cast<std::uint32_t>(value >> 32)}; }
    constexpr std::uint32_t counter() const { return static_cast<std::uint32_t>(value); }
    /// The next transaction of the same epoch. Requires counter() < 0xffffffff.
    constexpr Zxid next() const { return {value + 1}; }
};

/// A client's session: (server id << 56) | time-based 40 bits | 16-bit counter in ZooKeeper.
struct SessionId {
    std::uint64_t value = 0;
    constexpr auto operator<=>(const SessionId&) const = default;
};

/// One end of a connection. Never reused while anybody could still mean the old one.
struct LinkId {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  ///< 0: no link.
    constexpr auto operator<=>(const LinkId&) const = default;
    constexpr bool exists() const { return generation != 0; }
};

/// A client's own number for a request inside its session ("xid" on the wire, "cxid" in a txn).
using Cxid = std::uint32_t;

/// A node of the data tree: an index into the scenario's table of paths.
using PathId = std::uint32_t;

}  // namespace zab
