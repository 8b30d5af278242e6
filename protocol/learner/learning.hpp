#pragma once

#include "protocol/effect.hpp"
#include "protocol/message.hpp"
#include "protocol/service/pipeline.hpp"
#include "protocol/types/ring.hpp"

#include <cstdint>

namespace zab {

struct Server;

/// What a step of a role says about the role itself.
enum class Verdict : std::uint8_t { stay, leave };

/// A follower or an observer, from its decision to follow until it loses its leader
/// (q/Learner, q/Follower, q/Observer). The main thread runs everything but the pipeline.
struct Learning {
    enum class Phase : std::uint8_t {
        connecting,       ///< Dialling the leader's port, up to five times.
        registering,      ///< FOLLOWERINFO sent, waiting for LEADERINFO.
        accepting,        ///< Writing acceptedEpoch.
        waiting_to_sync,  ///< ACKEPOCH sent, waiting for DIFF, TRUNC or SNAP.
        truncating,       ///< Cutting the log.
        synchronizing,    ///< Taking what comes before NEWLEADER.
        logging,          ///< NEWLEADER came: making the history durable.
        entering_epoch,   ///< Writing currentEpoch.
        acknowledged,     ///< NEWLEADER acknowledged, waiting for UPTODATE.
        starting,         ///< UPTODATE came: starting the request processors.
        serving,
    };
    /// How this server is being synchronized; `none` again once NEWLEADER is acknowledged.
    enum class Mode : std::uint8_t { none, diff, trunc, snap };

    NodeId leader{};
    LinkId link{};
    Phase phase = Phase::connecting;
    Mode mode = Mode::none;
    std::uint32_t attempts = 0;
    Epoch new_epoch{};
    Zxid last_queued{};    ///< Of the proposals taken while synchronizing: no gaps.
    Ring<Txn> not_logged;  ///< packetsNotLogged.
    Ring<Zxid> committed;  ///< packetsCommitted.
    Ring<Txn> pending;     ///< pendingTxns: proposed, not committed.
    Ring<Sync> pending_syncs;

    // discovery.cpp: phase 1, and how the leader is reached.
    void begin(Server& server, Effects& out);
    void on_link_up(Server& server, LinkId up, Effects& out);
    Verdict on_dial_failed(Effects& out, const Server& server);
    void on_dial_retry(const Server& server, Effects& out);
    Verdict on_leader_info(Server& server, const LeaderInfo& info, Effects& out);
    void on_accepted_epoch_written(Server& server, Effects& out);

    // sync.cpp: phase 2.
    Verdict on_sync_packet(Server& server, const Message& message, const Snapshot* snapshot,
                           Effects& out);
    void on_log_truncated(Server& server, const DiskImage& disk, Effects& out);
    void on_history_durable(Effects& out);
    void on_current_epoch_written(Server& server, Effects& out);
    void on_started_serving(Server& server, Effects& out);

    // broadcast.cpp: phase 3.
    void on_packet(Server& server, const Message& message, Effects& out);
    void on_request(Server& server, Effects& out);
    void on_flushed(Server& server, Effects& out) const;
    void ask_to_revalidate(SessionId session, Effects& out) const;

    std::uint64_t fingerprint() const;

  private:
    Verdict on_early_proposal(const Txn& txn);
    Verdict on_early_commit(Server& server, Zxid zxid);
    Verdict on_new_leader(Server& server, Effects& out);
    void on_up_to_date(Effects& out);
    void propose(Server& server, const Txn& txn, Effects& out);
    void commit(Server& server, Zxid zxid, Effects& out);
};

}  // namespace zab
