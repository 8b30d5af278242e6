#pragma once

#include "protocol/effect.hpp"
#include "protocol/message.hpp"
#include "protocol/release/release.hpp"
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
        connecting,       ///< Dialling the leader's port, up to five times, for initLimit.
        registering,      ///< FOLLOWERINFO sent, waiting for LEADERINFO.
        accepting,        ///< Writing acceptedEpoch.
        waiting_to_sync,  ///< ACKEPOCH sent, waiting for DIFF, TRUNC or SNAP.
        truncating,       ///< Cutting the log.
        synchronizing,    ///< Taking what comes before NEWLEADER.
        snapshotting,     ///< NEWLEADER came: writing what is in memory.
        logging,          ///< Then the log: making the rest of the history durable.
        entering_epoch,   ///< Writing currentEpoch.
        handing_over,     ///< The log's thread is getting the proposals.
        handed_over,      ///< It has got them; the ACK is to come.
        acknowledged,     ///< NEWLEADER acknowledged, waiting for UPTODATE.
        starting,         ///< UPTODATE came: starting the request processors.
        serving,
    };
    /// How this server is being synchronized; `none` again once currentEpoch is written.
    enum class Mode : std::uint8_t { none, diff, trunc, snap };

    NodeId leader{};
    LinkId link{};
    Phase phase = Phase::connecting;
    Mode mode = Mode::none;
    Instant began{};  ///< By the monotonic clock: when it decided to follow.
    std::uint32_t attempts = 0;
    Epoch new_epoch{};
    Zxid truncated_to{};        ///< What TRUNC said.
    Zxid brought{};             ///< What it held when it acknowledged NEWLEADER: it is applied.
    Zxid last_queued{};         ///< The proposal taken last while synchronizing: no gaps.
    Ring<Txn> not_logged;       ///< packetsNotLogged.
    Ring<Zxid> committed;       ///< packetsCommitted.
    Ring<Txn> pending;          ///< pendingTxns: proposed, not committed.
    Ring<Zxid> to_acknowledge;  ///< Logged at NEWLEADER, uncommitted too: acknowledged behind it.
    Ring<Sync> pending_syncs;

    // discovery.cpp: phase 1, and how the leader is reached.
    void begin(Server& server, Effects& out);
    void on_link_up(Server& server, LinkId up, Effects& out);
    Verdict on_dial_failed(const Server& server, Effects& out);
    Verdict on_dial_retry(const Server& server, Effects& out) const;
    Duration time_to_connect(const Server& server) const;
    void dial(const Server& server, Effects& out) const;
    static Duration connect_pause(const Server& server);
    Verdict on_leader_info(Server& server, const LeaderInfo& info, Effects& out);
    void on_accepted_epoch_written(Server& server, Effects& out);

    // sync.cpp: phase 2.
    Verdict on_sync_packet(Server& server, const Message& message, const Snapshot* snapshot,
                           Effects& out);
    Verdict on_log_truncated(Server& server, const DiskImage& disk, Effects& out);
    Verdict on_snapshot_written(Server& server, Effects& out);
    void on_history_durable(Server& server, Effects& out);
    void on_current_epoch_written(Server& server, Effects& out);
    void on_main_turn(Server& server, Effects& out);
    void on_started_serving(Server& server, Effects& out);
    /// Whether memory must be read anew because the connection went down in the middle of this.
    bool distrusts_memory(const Release& release) const;

    // broadcast.cpp: phase 3.
    void on_packet(Server& server, const Message& message, Effects& out);
    void on_request(Server& server, Effects& out);
    void on_flushed(Server& server, Effects& out) const;
    void ask_to_revalidate(SessionId session, Effects& out) const;

    std::uint64_t fingerprint() const;

  private:
    Verdict on_first_packet(Server& server, const Message& message, const Snapshot* snapshot,
                            Effects& out);
    Verdict on_early_proposal(const Server& server, const Txn& txn);
    Verdict on_early_commit(Server& server, Zxid zxid);
    Verdict on_new_leader(Server& server, Effects& out);
    bool leaves_gap(const Server& server, const Txn& txn) const;
    static void apply_early(Server& server, const Txn& txn);
    void log_committed(Server& server, Effects& out);
    void log_all(Server& server, Effects& out);
    void acknowledge(Server& server, Effects& out);
    void on_up_to_date(const Server& server, Effects& out);
    void propose(Server& server, const Txn& txn, Effects& out);
    void commit(Server& server, Zxid zxid, Effects& out);
};

}  // namespace zab
