#pragma once

#include "protocol/message.hpp"
#include "protocol/types/ring.hpp"
#include "protocol/types/time.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace zab {

/// A client's session (ClientCnxn): what it has asked, seen and still waits for. Requests are
/// answered in the order in which they were sent; when the connection breaks, all that is in
/// flight fails, and nobody knows whether it was done.
class ClientSession {
  public:
    /// A request in flight.
    struct InFlight {
        Cxid cxid = 0;
        Operation operation{};
        PathId path = 0;
    };

    ClientSession(std::uint32_t client, std::uint32_t timeout_ms)
        : client_(client), timeout_ms_(timeout_ms) {}

    /// What to say first on a new connection: which session, and the newest state seen, so that
    /// no server may show us an older one.
    Connect hello() const { return {session_, last_seen_, client_, timeout_ms_}; }
    /// The server's answer. False: the session is over, and a new one must be asked for.
    bool on_connect_reply(const ConnectReply& reply) {
        if (reply.session.value == 0) {
            end();
            return false;
        }
        session_ = reply.session;
        timeout_ms_ = reply.timeout_ms;
        attached_ = true;
        return true;
    }

    /// A new request, to be sent now.
    Request request(Operation operation, PathId path, std::uint32_t bytes) {
        ++last_cxid_;
        in_flight_.push({last_cxid_, operation, path});
        return {session_, last_cxid_, path, bytes, client_, operation};
    }
    /// A reply: it must be the oldest request's ("Xid out of order" ends the connection).
    bool on_reply(const ClientReply& reply) {
        if (in_flight_.empty() || in_flight_.front().cxid != reply.cxid) {
            return false;
        }
        const InFlight& answered = in_flight_.front();
        closed_ = closed_ || answered.operation == Operation::close_session;
        if (answered.operation == Operation::watch && reply.outcome == Outcome::ok) {
            watched_.insert(std::ranges::upper_bound(watched_, answered.path), answered.path);
        }
        in_flight_.pop();
        see(reply.zxid);
        return true;
    }
    /// What becomes of a request that no server answers (ClientCnxn.conLossPacket): nobody knows
    /// whether it was done, unless we have closed the session ourselves.
    Outcome loss() const { return closed_ ? Outcome::session_expired : Outcome::connection_loss; }
    void see(Zxid zxid) {
        if (zxid > last_seen_) {
            last_seen_ = zxid;
        }
    }

    /// A watched znode has changed. Returns how many reads of it have waited for that.
    std::size_t on_event(const WatchEvent& event) {
        const auto [first, last] = std::ranges::equal_range(watched_, event.path);
        const auto waiting = static_cast<std::size_t>(last - first);
        watched_.erase(first, last);
        return waiting;
    }
    /// The znodes that are watched, ascending; one that several reads wait for, as often. They are
    /// to be named to the next server (ClientCnxn.primeConnection).
    const std::vector<PathId>& watched() const { return watched_; }

    /// After so long without a word from any server the session must be over: it is taken for that,
    /// on releases that know ZOOKEEPER-4508.
    Duration patience() const { return milliseconds(timeout_ms_) * 4 / 3; }
    /// What comes next is another session, which has seen nothing.
    void end() {
        session_ = {};
        last_seen_ = {};
        watched_.clear();
    }
    void detach() { attached_ = false; }
    /// The oldest request in flight, given up.
    std::optional<InFlight> give_up_oldest() {
        if (in_flight_.empty()) {
            return std::nullopt;
        }
        const InFlight oldest = in_flight_.front();
        in_flight_.pop();
        return oldest;
    }

    bool is_attached() const { return attached_; }
    SessionId session() const { return session_; }
    std::size_t in_flight() const { return in_flight_.size(); }
    std::uint32_t timeout_ms() const { return timeout_ms_; }

  private:
    std::uint32_t client_;
    std::uint32_t timeout_ms_;
    SessionId session_{};
    Zxid last_seen_{};
    Cxid last_cxid_ = 0;
    bool attached_ = false;
    bool closed_ = false;
    Ring<InFlight> in_flight_;
    std::vector<PathId> watched_;
};

}  // namespace zab
