#pragma once

#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"
#include "sim/trace/record.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace analysis {

/// What clients that behave alike ask for, as the scenario says it. Their numbers follow those of
/// the group before.
struct ClientWants {
    std::uint32_t count = 0;
    bool writes = false;  ///< They ask for writes, whatever else.
    zab::Instant start;
    std::optional<zab::Instant> leave;
    bool leaves_at_once = false;  ///< When it leaves, what is under way is waited for no longer.
    bool is_open = false;         ///< Not a closed loop; what it asks for, the trace shows.
    zab::Duration think_time;     ///< Of a closed loop.
    /// Requests after which each is done, or after which it only reads.
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
};

/// Which clients want to write and cannot even ask: they have no server. A trace shows the request
/// of a closed loop only when it is sent, so that what waits for a connection is told from what the
/// scenario says. What an open load asked for it shows at the end of the run at the latest.
class Demand {
  public:
    static constexpr trace::KindSet kinds = trace::kind_bit(trace::Kind::client_connected) |
                                            trace::kind_bit(trace::Kind::client_disconnected) |
                                            trace::kind_bit(trace::Kind::client_expired) |
                                            trace::kind_bit(trace::Kind::notified);

    explicit Demand(const std::vector<ClientWants>& groups);

    /// Nothing is known of the clients: only what the trace shows is wanted.
    bool is_unknown() const { return groups_.empty(); }

    /// A record of `kinds`.
    void observe(const trace::Record& record);
    /// A client that writes had waited for a server since then, to ask for something at last.
    struct Waited {
        zab::Instant from;
        bool is_first = false;  ///< It had none before.
    };
    std::optional<Waited> invoked(std::uint64_t client, trace::Operation operation);
    void completed(std::uint64_t client, trace::Operation operation, zab::Instant now);
    void failed(std::uint64_t client, trace::Operation operation, zab::Instant now);

    /// Clients that left before now, all at one moment, and how many of their writes were under way
    /// then, for which nobody waits any more. To be called with times that do not go back, until
    /// there are none: each moment is told of once, the earliest first.
    struct Left {
        std::uint64_t writes = 0;
        zab::Instant at;
    };
    std::optional<Left> take_left_behind(zab::Instant now);

    /// When in [from, end) writes were first, and last, wanted by clients without a server.
    struct Span {
        zab::Instant first, last;
    };
    std::optional<Span> waiting(zab::Instant from, zab::Instant end) const;

  private:
    struct Client {
        std::optional<zab::Instant> due;  ///< Its next request; nothing: it waits for a change.
        std::optional<Waited> waited;     ///< Until it asks.
        std::uint64_t issued = 0;
        std::uint32_t writes_under_way = 0;
        bool is_attached = false;
        bool had_server = false;
    };
    struct Group {
        ClientWants wants;
        std::size_t first = 0;
        bool has_left = false;
    };

    const ClientWants* wants_of(std::uint64_t client) const;
    /// What is due was due before its client had a server.
    static bool has_waited(const Client& client, const ClientWants& wants, zab::Instant now);
    std::optional<Span> waiting_of(const Group& group, zab::Instant from, zab::Instant end) const;

    std::vector<Group> groups_;
    std::vector<Client> clients_;
    std::vector<std::uint32_t> group_of_;
    std::optional<zab::Instant> next_leave_;
};

}  // namespace analysis
