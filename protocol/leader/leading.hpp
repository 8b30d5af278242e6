#pragma once

#include "protocol/effect.hpp"
#include "protocol/election/vote.hpp"
#include "protocol/leader/handler.hpp"
#include "protocol/learner/learning.hpp"
#include "protocol/message.hpp"
#include "protocol/types/node_set.hpp"
#include "protocol/types/ring.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace zab {

struct Server;
struct Submitted;

/// A leader, from its decision to lead until it gives up (q/Leader, q/LearnerHandler).
struct Leading {
    enum class Phase : std::uint8_t {
        preparing,        ///< Opening the learner port, and snapshotting.
        discovery,        ///< Collecting a quorum of accepted epochs.
        epoch_proposed,   ///< LEADERINFO is out: collecting a quorum of ACKEPOCH.
        entering_epoch,   ///< Writing our own currentEpoch.
        synchronization,  ///< Collecting a quorum of NEWLEADER acks.
        starting,         ///< Established: starting the request processors.
        broadcast,
    };
    /// A proposal not yet committed, and how many voters have logged it.
    struct Outstanding {
        Txn txn{};
        std::uint64_t prefix = 0;
        std::uint32_t acks = 0;
    };
    /// A learner's sync that waits behind the proposal that was the last one when it came.
    struct PendingSync {
        Zxid after{};
        LinkId handler{};
        Sync sync{};
    };

    Phase phase = Phase::preparing;
    Epoch epoch{};               ///< Highest proposal so far; fixed once `epoch_decided`.
    bool epoch_decided = false;  ///< No more bids count: it is being written or was.
    bool epoch_written = false;
    bool election_finished = false;  ///< A quorum has acknowledged the epoch.
    Vote summary{};                  ///< Our own epoch and history: nobody may be ahead of it.
    NodeSet connecting;              ///< Voters that told their accepted epoch.
    NodeSet electing;                ///< Voters that acknowledged the epoch.
    NodeSet new_leader_acks;         ///< Voters that acknowledged NEWLEADER.
    std::vector<Handler> handlers;   ///< In the order in which they connected.
    Ring<Outstanding> outstanding;
    Ring<Txn> to_be_applied;  ///< Committed, not yet in our tree.
    Position last_proposed{};
    Zxid last_committed{};
    std::vector<Zxid> last_acked;  ///< By voter, over all its connections of this epoch.
    HalfTicks half_ticks = 0;
    bool awaits_expiry = false;  ///< The timer for the next end of sessions runs.
    std::vector<PendingSync> pending_syncs;
    std::optional<Instant> patience_ends{};  ///< Of waiting for epochs (max_epoch_wait).

    // discovery.cpp: phase 1.
    void begin(Server& server, Effects& out);
    void on_port_open(Server& server, Effects& out);
    void on_snapshot_written(Server& server, Effects& out);
    void on_registered(Server& server, Handler& handler, Epoch accepted, Effects& out);
    Verdict on_looking_voter(const Server& server, NodeId voter) const;
    void on_accepted_epoch_written(Server& server, Effects& out);
    void on_ack_epoch(Server& server, Handler& handler, const AckEpoch& ack, Effects& out);
    void on_current_epoch_written(Server& server, Effects& out);

    // synchronization.cpp: phase 2.
    void synchronize(Server& server, Handler& handler, const DiskImage* disk, Effects& out);
    void begin_serializing(const Server& server, Handler& handler, Effects& out) const;
    void on_serialized(const Server& server, Handler& handler, Effects& out);
    void on_new_leader_ack(Server& server, Handler& handler, Zxid zxid, Effects& out);
    void on_started_serving(Server& server, Effects& out);

    // broadcast.cpp: phase 3.
    Verdict on_request(Server& server, Effects& out);
    void on_flushed(Server& server, Effects& out);
    void on_ack(Server& server, NodeId from, Zxid zxid, Effects& out);
    void on_applied(Zxid zxid);

    // leading.cpp: the handlers' threads, and the main loop once it serves.
    Handler* find(LinkId link);
    /// getEpochToPropose holds its monitor meanwhile: lead() cannot give up before it is written.
    bool is_writing_promise() const { return epoch_decided && !epoch_written; }
    void on_link_up(Server& server, LinkId link, Effects& out);
    void on_link_down(LinkId link);
    void on_packet(Server& server, LinkId link, const Message& message, Effects& out);
    void on_handler_turn(Server& server, LinkId link, Effects& out);
    void on_main_turn(Server& server, Effects& out);
    Verdict on_tick(Server& server, Effects& out);

    // sessions.cpp: which of them are over.
    void on_expiry(Server& server, Effects& out);
    void await_expiry(const Server& server, Effects& out);

    std::uint64_t fingerprint() const;

  private:
    bool is_alive(NodeId voter) const;
    bool agree_on_epoch(const Server& server, const NodeSet& nodes) const;
    void tell_epoch(const Server& server, Handler& handler, Effects& out) const;
    void ping(const Server& server, Effects& out);
    static void start_sending(const Server& server, Handler& handler, Effects& out);
    void accept(const Server& server, Handler& handler, Effects& out) const;
    bool is_throttled(const Handler& handler, Handler::Sync kind) const;
    void bid_epoch(Server& server, NodeId sid, Epoch accepted, Stage stage, LinkId link,
                   Effects& out);
    void count_epoch_ack(Server& server, NodeId sid, Effects& out);
    void count_new_leader_ack(Server& server, NodeId sid, Effects& out);
    Zxid& acked(NodeId voter);
    void count_kept_proposals(Server& server, Handler& handler, Effects& out);
    void start_learner(const Server& server, Handler& handler, Effects& out) const;
    void wake(Handler::Phase waiting, Effects& out);
    void drop(LinkId link, Effects& out);
    void start_forwarding(const Server& server, Handler& handler, Zxid last_queued);
    bool is_logged_by_quorum(const Server& server, const Outstanding& proposal) const;
    void on_streamed(Server& server, Handler& handler, const Message& message, Effects& out);
    std::optional<SessionRefusal> check_session(Server& server, const Submitted& submitted,
                                                Effects& out);
    void propose(Server& server, const Request& request, std::optional<SessionRefusal> refusal,
                 Effects& out);
    void commit(Server& server, Effects& out);
    void answer_syncs(Zxid committed, Effects& out);
};

}  // namespace zab
