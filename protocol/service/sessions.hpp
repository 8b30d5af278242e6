#pragma once

#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"

#include <cstdint>
#include <vector>

namespace zab {

/// A session as the database knows it.
struct Session {
    SessionId id{};
    std::uint32_t timeout_ms = 0;
    friend bool operator==(const Session&, const Session&) = default;
};

/// SessionTrackerImpl with its ExpiryQueue: the leader, and nobody else, decides that a session is
/// over. Ends are rounded up to the next boundary of a tick, so that all sessions of one tick are
/// looked at together and a touch within the same tick changes nothing.
///
/// Invariant: `entries_` ascends by session.
class SessionTracker {
  public:
    /// The boundary at which a session touched at `now` would end, counted in ticks.
    static std::uint64_t bucket_of(Instant now, std::uint32_t timeout_ms, Duration tick) {
        const std::int64_t end = now.ns + std::int64_t{timeout_ms} * 1'000'000;
        return static_cast<std::uint64_t>(end / tick.ns) + 1;
    }
    /// A session begins, or is found in the database of a new leader: it has its whole timeout.
    void track(const Session& session, Instant now, Duration tick);
    /// A sign of life. False: no such session, or it is being closed and must not come back.
    bool touch(SessionId id, Instant now, Duration tick);
    /// closeSession is on its way: from now on signs of life come too late.
    void set_closing(SessionId id);
    void remove(SessionId id);
    /// The sessions whose end has come; each is told once.
    std::vector<SessionId> take_expired(Instant now, Duration tick);
    /// Whether any session could still end.
    bool has_live() const { return live_ > 0; }
    void clear();
    std::uint64_t fingerprint() const;

  private:
    struct Entry {
        Session session;
        std::uint64_t bucket = 0;
        bool closing = false;
    };
    Entry* find(SessionId id);

    std::vector<Entry> entries_;
    std::uint32_t live_ = 0;
};

}  // namespace zab
