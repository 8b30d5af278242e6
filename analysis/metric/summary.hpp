#pragma once

#include "analysis/stats/histogram.hpp"
#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"
#include "sim/trace/record.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

/// What one run was like, as plain data. A Summarizer makes it from a trace; reports print it and
/// expectations are judged by it. Unless said otherwise, only what happened at or after the warm-up
/// is in it, and an operation happens when it completes or fails.
namespace analysis {

constexpr std::size_t operation_count = static_cast<std::size_t>(trace::Operation::set_watches) + 1;
constexpr std::size_t outcome_count = static_cast<std::size_t>(trace::Outcome::session_expired) + 1;

struct OperationSummary {
    Histogram latency;  ///< In true time, from the invocation, of those that ended in `ok`.
    std::uint64_t ok = 0;
    std::array<std::uint64_t, outcome_count> failed{};  ///< By outcome; `ok`: given up without one.
    std::uint64_t unfinished = 0;                       ///< Still under way at the end.

    std::uint64_t failed_in_total() const;
    /// Whether anything of this kind was attempted.
    bool is_used() const { return ok + failed_in_total() + unfinished > 0; }
    void merge(const OperationSummary& other);
    friend bool operator==(const OperationSummary&, const OperationSummary&) = default;
};

enum class ReignEnd : std::uint8_t { none, stopped, looking, superseded };

/// A server led, from the moment a quorum had acknowledged its NEWLEADER. All of the run, the
/// warm-up too.
struct Reign {
    zab::NodeId leader;
    zab::Epoch epoch;
    zab::Instant established;
    std::optional<zab::Instant> serving;  ///< When it began to serve clients.
    std::optional<zab::Instant> until;    ///< Nothing: it still led at the end.
    ReignEnd end = ReignEnd::none;
    friend bool operator==(const Reign&, const Reign&) = default;
};

/// What may keep writes from being acknowledged. `fault`, `server_stopped` and `server_paused` may;
/// the others do.
enum class Trouble : std::uint8_t {
    fault,
    server_stopped,
    server_paused,
    leader_stopped,
    leader_paused,
    leader_looking,
    quorum_lost,
};

/// The time of an outage, split without gap or overlap: the parts add up to its length.
struct OutageParts {
    zab::Duration detection;        ///< Until a quorum of voters is looking for a leader.
    zab::Duration election;         ///< Until the next leader knows that it is elected.
    zab::Duration discovery;        ///< Until its epoch is agreed by a quorum (`leading`).
    zab::Duration synchronization;  ///< Until it serves clients.
    zab::Duration reconnection;     ///< Until a client is connected again and has written.
    zab::Duration stall;            ///< All of an outage in which the leader did not change.

    zab::Duration sum() const;
    friend bool operator==(const OutageParts&, const OutageParts&) = default;
};

/// From the first instant at which no outstanding write could be acknowledged until the next
/// acknowledged write.
struct Outage {
    zab::Instant from;
    zab::Instant until;
    bool open = false;  ///< It lasted at the end of the run: `until` is the end.
    Trouble trouble{};
    zab::NodeId node;                       ///< Where the trouble was; 0: no single server.
    std::optional<zab::NodeId> new_leader;  ///< Nothing: the leader did not change.
    OutageParts parts;

    zab::Duration length() const { return until - from; }
    friend bool operator==(const Outage&, const Outage&) = default;
};

struct ResourceUse {
    zab::NodeId node;
    std::uint16_t number = 0;
    trace::Resource resource{};
    std::int64_t busy_ns = 0;
    std::int64_t span_ns = 0;
    std::uint32_t uses = 0;

    /// 1000: in use all the time.
    std::int64_t per_mille() const;
    friend bool operator==(const ResourceUse&, const ResourceUse&) = default;
};

/// What servers that compare ids were like: nothing of it where ZooKeeper's run.
struct TextbookSummary {
    Histogram elections;  ///< From the first server that began one until a leader declared itself.
    std::uint64_t commands_sent = 0;
    std::uint64_t commands_agreed = 0;
    std::uint64_t commands_taken = 0;  ///< By the servers that compared their ids.
    std::uint64_t commands_ignored = 0;
    std::uint64_t votes_counted = 0;  ///< At the moments at which commands became agreed.
    std::uint64_t votes_taken = 0;
    std::uint64_t votes_ignored = 0;
    Histogram notifications;  ///< From a server's change of configuration until an application's.
    std::uint64_t notifications_ignored = 0;
    std::uint64_t notifications_untimed = 0;  ///< Taken, after its server had sent a newer one.

    bool is_used() const { return !elections.is_empty() || commands_sent > 0; }
    friend bool operator==(const TextbookSummary&, const TextbookSummary&) = default;
};

/// What watchers were told.
struct WatchSummary {
    Histogram notifications;    ///< From the commit of the change until its watcher's client knows.
    std::uint64_t untimed = 0;  ///< Of changes whose commit is not known, or was long ago.

    bool is_used() const { return !notifications.is_empty() || untimed > 0; }
    friend bool operator==(const WatchSummary&, const WatchSummary&) = default;
};

struct Summary {
    zab::Instant warm_up;
    zab::Instant end;
    std::array<OperationSummary, operation_count> operations;  ///< By trace::Operation.
    std::vector<Reign> reigns;                                 ///< In the order of their beginning.
    std::uint64_t elections =
        0;  ///< How often a server was elected, whether it came to lead or not.
    std::vector<Outage> outages;  ///< In order; those that ended before the warm-up are left out.
    /// What counts as an outage: 3 × p99.9 of the writes before the first disturbance. Nothing when
    /// there was no such write: then every gap in which a leader fell counts, and after a fault
    /// before the first leader a gap of 5 s.
    std::optional<zab::Duration> outage_threshold;
    std::uint64_t messages = 0;          ///< Received from other servers.
    std::uint64_t commits = 0;           ///< Transactions, those of sessions included.
    std::vector<ResourceUse> resources;  ///< The busiest first.
    /// Records that could not be used: of operations that the trace shows in part, of too many at
    /// once to be followed, or that go back in time.
    std::uint64_t untracked = 0;
    TextbookSummary textbook;
    WatchSummary watches;

    const OperationSummary& of(trace::Operation operation) const;
    OperationSummary writes() const;  ///< create and set.
    OperationSummary reads() const;   ///< get, and watch, which is one that leaves a watch.
    /// The time that the numbers cover.
    zab::Duration span() const { return end - warm_up; }
    friend bool operator==(const Summary&, const Summary&) = default;
};

/// Whether the operation asks for a transaction of the tree.
constexpr bool is_write(trace::Operation operation) {
    return operation == trace::Operation::create || operation == trace::Operation::set;
}

/// amount × factor / divisor, rounded down; nothing when the divisor is not positive. The product
/// may exceed 64 bits; a quotient that does is cut to the greatest integer.
std::optional<std::int64_t> ratio(std::uint64_t amount, std::uint64_t factor, std::int64_t divisor);

}  // namespace analysis
