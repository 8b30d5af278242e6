#pragma once

#include "protocol/effect.hpp"
#include "protocol/history.hpp"
#include "protocol/message.hpp"
#include "protocol/types/digest.hpp"
#include "protocol/types/ring.hpp"

#include <cstdint>
#include <optional>

namespace zab {

/// Half ticks of a leadership: the only time that a leader keeps.
using HalfTicks = std::uint32_t;

/// LearnerHandler.SyncLimitCheck: notices a learner that answers pings but no longer acknowledges
/// the proposals sent to it.
class SyncLimitCheck {
  public:
    void on_proposal(Zxid zxid, Instant now) {
        if (!current_.waits) {
            current_ = {true, zxid, now};
        } else {
            next_ = {true, zxid, now};
        }
    }
    void on_ack(Zxid zxid) {
        if (current_.waits && current_.zxid == zxid) {
            current_ = next_;
            next_ = {};
        } else if (next_.waits && next_.zxid == zxid) {
            next_ = {};
        }
    }
    bool is_late(Instant now, Duration limit) const {
        return current_.waits && now - current_.sent >= limit;
    }
    void add_to(Digest& digest) const {
        for (const Tracked& tracked : {current_, next_}) {
            digest.add(tracked.waits).add(tracked.zxid.value);
            digest.add(static_cast<std::uint64_t>(tracked.sent.ns));
        }
    }

  private:
    struct Tracked {
        bool waits = false;
        Zxid zxid{};
        Instant sent{};  ///< By the monotonic clock.
    };
    Tracked current_;
    Tracked next_;
};

/// The leader's view of one learner connection (q/LearnerHandler): a thread that reads, and a
/// queue with a thread that sends.
struct Handler {
    enum class Phase : std::uint8_t {
        registering,       ///< Connected; FOLLOWERINFO or OBSERVERINFO is to come.
        awaiting_epoch,    ///< A quorum has not yet agreed on the epoch.
        acknowledging,     ///< LEADERINFO sent; ACKEPOCH is to come.
        awaiting_quorum,   ///< A quorum has not yet acknowledged the epoch.
        reading_log,       ///< The plan needs the log on disk.
        serializing,       ///< A snapshot goes into the connection.
        synchronizing,     ///< NEWLEADER queued; its ACK is to come.
        awaiting_startup,  ///< The leader does not serve yet.
        streaming,         ///< UPTODATE sent.
    };

    LinkId link{};
    NodeId sid{};
    bool participant = false;
    Phase phase = Phase::registering;
    bool forwarding = false;   ///< Gets every new PROPOSAL, COMMIT or INFORM.
    bool sending = false;      ///< Its sender thread runs; until then packets wait in `queue`.
    Zxid last_zxid{};          ///< Of its ACKEPOCH.
    Position snapshot_name{};  ///< Of the SNAP being serialised.
    Zxid snapshot_zxid{};      ///< Its header's.
    HalfTicks deadline = 0;    ///< Counted as alive until then.
    /// What came before anybody accepted the connection: the learner waits for an answer to it.
    std::optional<Message> unread;
    /// LearnerSyncThrottler: counts among those, from the plan until NEWLEADER is acknowledged.
    enum class Sync : std::uint8_t { none, diff, snap };
    Sync syncs = Sync::none;
    SyncLimitCheck sync_limit;
    Ring<Message> queue;

    template <class M>
    void send(const M& message, Effects& out) {
        if (sending) {
            out.send(link, message);
        } else {
            queue.push(message);
        }
    }
    std::uint64_t fingerprint() const;
    void start_sending(Effects& out) {
        sending = true;
        for (; !queue.empty(); queue.pop()) {
            out.send(link, queue.front());
        }
    }
};

}  // namespace zab
