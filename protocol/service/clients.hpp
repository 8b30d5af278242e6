#pragma once

#include "protocol/input.hpp"
#include "protocol/message.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace zab {

/// One client connection of this server (NIOServerCnxn).
struct ClientConnection {
    LinkId link{};
    SessionId session{};
    std::uint32_t client = 0;
    std::uint32_t timeout_ms = 0;
    Zxid last_seen{};       ///< By its client, when it connected.
    bool attached = false;  ///< The session is created or revalidated: requests are taken.
    bool reading = true;    ///< Its requests are read; not while there are too many of them.
    std::uint32_t outstanding = 0;  ///< Requests read and not answered,
    std::uint32_t pings = 0;        ///< and pings:
    std::uint32_t throttled = 0;    ///< so many of both have not come to a processor yet.
    bool touched = false;           ///< On a learner: heard of since the last ping of the leader.
    std::uint64_t bucket = 0;       ///< On the leader: where its last sign of life has put its end.
    std::optional<Cxid> first_cxid;  ///< Of the requests that came over this connection.
    std::optional<Cxid> first_ping;  ///< The number of the first ping that did.

    /// Requests of one session ascend, and so do its pings: an earlier one came over an earlier
    /// connection.
    bool has_asked(const Request& request) const {
        const auto& first = request.operation == Operation::ping ? first_ping : first_cxid;
        return first.has_value() && request.cxid >= *first;
    }
};

/// The client connections of one server, found by link or by session.
class Clients {
  public:
    ClientConnection* by_link(LinkId link);
    ClientConnection* by_session(SessionId session);
    /// Adds a connection for a session; an older one with the same session is forgotten and its
    /// link returned for closing.
    LinkId add(LinkId link, SessionId session, const Connect& connect);
    void remove(LinkId link);
    void begin_request(ClientConnection& connection, const Request& request);
    void end_request(ClientConnection& connection, const Request& request);
    /// A request that was begun waits for a processor, or has waited for long enough.
    void hold_request(ClientConnection& connection);
    void let_request_in(ClientConnection& connection);
    /// Requests of all connections that the processors have (ZooKeeperServer.requestsInProcess),
    /// and those that wait before them (RequestThrottler.getInflight).
    std::uint32_t in_process() const { return in_process_; }
    std::uint32_t throttled() const { return throttled_; }
    /// Calls `f(connection)` for each, in order of their places.
    template <class F>
    void for_each(F f) {
        for (ClientConnection& connection : places_) {
            if (connection.link.exists()) {
                f(connection);
            }
        }
    }
    void clear();
    std::uint64_t fingerprint() const;

  private:
    using Named = std::pair<SessionId, std::uint32_t>;
    static constexpr std::uint32_t nowhere = 0xffffffff;

    std::size_t slot_of(SessionId session) const;
    void enter(SessionId session, std::uint32_t place);
    void build_index();

    std::vector<ClientConnection> places_;
    std::vector<std::uint32_t> free_;
    std::vector<std::uint32_t> place_of_link_;  // By link slot.
    std::vector<Named> by_session_;             // Ascending.
    std::vector<std::uint32_t> index_;          // Of places, by session; open addressing.
    std::uint32_t in_process_ = 0;
    std::uint32_t throttled_ = 0;
};

}  // namespace zab
