#pragma once

#include "protocol/config.hpp"
#include "protocol/message.hpp"
#include "protocol/types/ring.hpp"

#include <cstdint>
#include <variant>
#include <vector>

namespace zab {

/// Whether a request must come back from the leader before it is answered: every write, and on a
/// learner sync (CommitProcessor.needCommit).
bool needs_commit(Operation operation, bool is_leader);

/// What the leader has decided: a transaction, or that a sync has caught up.
using Committed = std::variant<Txn, SyncReply>;

/// CommitProcessor: where what clients of this server ask meets what the leader has committed.
/// Writes take effect in the order of their commits, a session's requests in the order it sent
/// them, and neither endless reads nor endless commits hold up the other. It works in loops: feed
/// requests, then commit, then release what has waited behind the writes committed.
///
/// Before 3.6.0 there is one queue for all sessions: nothing goes on while a request waits for its
/// commit (nextPending), and no commit is taken up as long as requests can go on.
///
/// On the leader the writes of all servers' clients pass (ProposalRequestProcessor): none of them
/// takes effect before what was asked here before it is fed.
///
/// Invariant: a request that needs a commit is in `own_writes_` until it is committed, and so long
/// either in `queued_` or held in its session's queue.
class CommitProcessor {
  public:
    enum class Turn : std::uint8_t {
        idle,    ///< Nothing can be done.
        pass,    ///< `request` goes on to be answered: nothing of its session is before it.
        hold,    ///< `request` waits now.
        commit,  ///< `committed` takes effect; `request` is the client's side of it, if here.
    };
    struct Step {
        Turn turn = Turn::idle;
        // Both valid until something is added.
        const Request* request = nullptr;  ///< Not one without a client here.
        const Committed* committed = nullptr;
    };

    /// On a learner a sync waits for the leader as a write does (matchSyncs).
    void start(bool is_leader, const CommitLimits& limits, RequestOrder order = {});
    void submit(const Request& request);
    void commit(const Txn& txn) { committed_.push_slot().emplace<Txn>(txn); }
    void commit(const SyncReply& reply) { committed_.push_slot().emplace<SyncReply>(reply); }
    /// Takes up one item, and what lies before it and has no client here. Requires: all released
    /// requests were taken.
    Step take_next();
    /// After each step: the reads that need wait no longer, one by one. Null: no more.
    const Request* take_released() { return releases_ ? release_next() : nullptr; }

    bool empty() const { return queued_.empty() && committed_.empty(); }
    bool is_between_loops() const { return phase_ == Phase::between; }
    std::size_t queued() const { return queued_.size(); }
    std::size_t commits_waiting() const { return committed_.size(); }
    /// Sessions of which something waits for a commit.
    std::size_t sessions_waiting() const { return waiting_; }
    void clear();
    std::uint64_t fingerprint() const;

  private:
    enum class Phase : std::uint8_t { between, feeding, committing };
    struct SessionQueue {
        SessionId session{};
        Ring<Request> requests;
    };
    struct OwnWrite {
        SessionId session{};
        Cxid cxid = 0;
    };
    static constexpr std::uint32_t nowhere = 0xffffffff;

    bool needs_commit(const Request& r) const { return zab::needs_commit(r.operation, is_leader_); }
    Step take_one();
    bool may_feed() const;
    bool may_commit();
    Step feed();
    Step take_commit();
    void go_on();
    const Request* release_next();
    SessionId queue_of(SessionId session) const;
    std::size_t slot_of(SessionId session) const;
    std::uint32_t find(SessionId session) const;
    std::uint32_t add(SessionId session);
    void remove(std::uint32_t place);
    void enter(std::uint32_t place);

    CommitLimits limits_;
    bool is_leader_ = false;
    bool has_one_queue_ = false;
    Phase phase_ = Phase::between;
    Ring<Request> queued_;       // queuedRequests, in order of arrival.
    Ring<OwnWrite> own_writes_;  // queuedWriteRequests: those of them that need a commit.
    Ring<Committed> committed_;  // committedRequests: of all servers, in the leader's order.
    std::size_t to_feed_ = 0;    // Of `queued_` in this loop.
    std::uint32_t reads_fed_ = 0;
    std::uint32_t commits_left_ = 0;
    std::uint32_t matching_ = nowhere;  // The session queue whose head the next commit belongs to.
    Ring<std::uint32_t> to_release_;    // Session queues behind writes of this loop.
    bool releases_ = false;

    // pendingRequests: session queues, by session, or the one for all; open addressing.
    std::vector<SessionQueue> places_;
    std::vector<std::uint32_t> free_;
    std::vector<std::uint32_t> index_;  // Its size is zero or a power of two.
    std::size_t waiting_ = 0;
};

}  // namespace zab
