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

    /// A watched znode, and how many reads of it wait for its change.
    struct Watched {
        PathId path = 0;
        std::uint32_t waiting = 0;
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
            ++place_of(answered.path)->waiting;
        }
        const bool names_watches = answered.operation == Operation::set_watches;
        in_flight_.pop();
        // Between two set_watches not all changes have been told of that came before the first.
        if (!names_watches || in_flight_.empty() ||
            in_flight_.front().operation != Operation::set_watches) {
            last_seen_ = std::max(last_seen_, reply.zxid);
        }
        return true;
    }
    /// What becomes of a request that no server answers (ClientCnxn.conLossPacket): nobody knows
    /// whether it was done, unless we have closed the session ourselves.
    Outcome loss() const { return closed_ ? Outcome::session_expired : Outcome::connection_loss; }

    /// A watched znode has changed. Returns how many reads of it have waited for that.
    std::uint32_t on_event(const WatchEvent& event) {
        const auto place = place_of(event.path);
        const std::uint32_t waiting = place->waiting;
        watched_.erase(place);
        return waiting;
    }
    /// The znodes that are watched, ascending: to be named to the next server
    /// (ClientCnxn.primeConnection).
    const std::vector<Watched>& watched() const { return watched_; }
    /// All reads that wait for what they have read to change.
    std::uint32_t waiting() const {
        std::uint32_t all = 0;
        for (const Watched& watched : watched_) {
            all += watched.waiting;
        }
        return all;
    }

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
    /// Its place among the watched, made if it is none yet.
    std::vector<Watched>::iterator place_of(PathId path) {
        const auto place = std::ranges::lower_bound(watched_, path, {}, &Watched::path);
        const bool is_watched = place != watched_.end() && place->path == path;
        return is_watched ? place : watched_.insert(place, {path, 0});
    }

    std::uint32_t client_;
    std::uint32_t timeout_ms_;
    SessionId session_{};
    Zxid last_seen_{};
    Cxid last_cxid_ = 0;
    bool attached_ = false;
    bool closed_ = false;
    Ring<InFlight> in_flight_;
    std::vector<Watched> watched_;
};

}  // namespace zab
