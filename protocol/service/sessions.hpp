#pragma once

#include "protocol/message.hpp"
#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"

#include <cstdint>
#include <optional>
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
    /// A session that is tracked already is touched.
    void track(const Session& session, Instant now, Duration tick);
    bool is_tracked(SessionId id) const { return find(id) != nullptr; }
    bool is_closing(SessionId id) const;
    /// Whether what a session asks for may come from `owner`: a learner's handler by its link, or,
    /// without a link, a client of the tracker's own server. The first to ask owns the session.
    std::optional<SessionRefusal> check(SessionId id, LinkId owner);
    /// The session has begun at `owner`, or moved there: all others are refused from now on.
    void set_owner(SessionId id, LinkId owner);
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
        std::optional<LinkId> owner{};
        bool closing = false;
    };
    const Entry* find(SessionId id) const;
    Entry* find(SessionId id);

    std::vector<Entry> entries_;
    std::uint32_t live_ = 0;
};

// With localSessionsEnabled a session is at first known to its server alone, without a transaction,
// and becomes global when it creates an ephemeral node; for a while it is both. `local` is the
// server's own tracker of such sessions; null: all sessions are global.

/// The server that gave out this id (LeaderSessionTracker.getServerIdFromSessionId).
NodeId creator_of(SessionId id);
/// LeaderSessionTracker.checkSession: before anything but the end of a session gets a zxid.
std::optional<SessionRefusal> check_on_leader(SessionTracker& global, SessionTracker* local,
                                              NodeId self, SessionId id, LinkId owner);
/// LeaderSessionTracker.checkGlobalSession: an ephemeral node needs a session that all know.
std::optional<SessionRefusal> check_global(SessionTracker& global, SessionId id, LinkId owner);
/// LearnerSessionTracker.checkSession. `is_global`: its database knows the session. A learner
/// leaves global sessions to the leader.
std::optional<SessionRefusal> check_on_learner(bool is_global, SessionTracker* local, SessionId id,
                                               LinkId owner);

}  // namespace zab
