#pragma once

#include "protocol/effect.hpp"
#include "protocol/message.hpp"
#include "protocol/service/clients.hpp"
#include "protocol/service/commit_processor.hpp"
#include "protocol/service/sessions.hpp"
#include "protocol/service/watches.hpp"
#include "protocol/types/ring.hpp"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace zab {

struct Config;
struct Server;

/// A request on its way to the first processor.
struct Submitted {
    Request request{};
    NodeId from{};     ///< The learner that forwarded it; 0: a client of this server.
    LinkId handler{};  ///< That learner's connection.
};

/// Tells of a request on its way, or of what it has read. Of a ping there is nothing to tell.
inline void note_request(NoteKind kind, Zxid seen, const Request& request, Effects& out) {
    if (request.operation != Operation::ping) {
        out.note(kind, seen.value, request.client, request.cxid, {},
                 static_cast<std::uint16_t>(request.operation));
    }
}

/// What a client will be told of its request.
struct Answer {
    Request request{};
    Zxid zxid{};
};

/// The request processors behind a serving server: their queues and what they do alike in every
/// role. Which stage an item lies in decides which thread will take it up.
struct Pipeline {
    bool serving = false;
    Clients clients;
    Ring<Submitted> throttled;  ///< RequestThrottler: what waits for its turn.
    Ring<Submitted> requests;   ///< Prep, or the learner's first processor.
    Ring<Txn> to_log;           ///< SyncRequestProcessor.queuedRequests.
    Ring<Zxid> to_flush;        ///< Appended, not yet durable.
    CommitProcessor to_commit;  ///< Requests of clients, and what is committed.
    std::size_t abandoned = 0;  ///< The first so many of `to_log` are of a role that has ended.
    Instant last_flush{};       ///< By the monotonic clock; of interest with flush_delay.
    bool flush_is_due = false;  ///< Nothing more came meanwhile.
    std::uint32_t txns_since_snapshot = 0;
    std::uint64_t bytes_since_snapshot = 0;
    std::uint32_t snapshot_after = 0;  ///< Transactions; drawn anew for every snapshot.
    std::uint64_t snapshot_after_bytes = 0;
    std::uint32_t next_jitter = 0;  ///< Random, for the next draw.
    bool snapshot_running = false;
    std::uint32_t sessions_created = 0;
    std::uint64_t session_base = 0;
    std::uint32_t outstanding_limit = 0;  ///< This server's share of globalOutstandingLimit.
    std::uint32_t throttle_limit = 0;     ///< request_throttle_max_requests; 0: none.
    bool tracks_sessions = false;    ///< It serves as the leader: it decides which ones are over.
    SessionTracker sessions;         ///< On the leader.
    std::vector<SessionId> touched;  ///< On a learner, for its next ping reply.
    Watches watches;
    Ring<Notice> notices;               ///< Told one a step, before anything else is committed.
    std::optional<Answer> held_answer;  ///< Of the request that led to them: given after them.

    /// Opens for business. Session ids start from the wall clock (SessionTrackerImpl). The leader
    /// gives every session of its database its whole timeout anew.
    void start(const Server& server, bool leads);
    /// Ends every processor but the log's: clients are disconnected, queues emptied.
    void stop(Effects& out);
    /// Half of snapCount and snapSizeLimit, plus up to as much again
    /// (SyncRequestProcessor.resetSnapshotStats).
    void draw_snapshot_distance(const Config& config);
    /// A transaction has been appended to the log, by whatever thread (ZKDatabase.append).
    void count_logged(const Txn& txn) {
        ++txns_since_snapshot;
        bytes_since_snapshot += txn.bytes;
    }
    void forget_logged() {
        txns_since_snapshot = 0;
        bytes_since_snapshot = 0;
    }
    /// Nobody stops the log's thread: it goes on with what it has, for nobody.
    void abandon_log();

    // io: what clients send.
    void on_client_request(const Server& server, LinkId link, const Request& request, Effects& out);
    /// A client's wish for a session: it counts as a request.
    void on_new_session(ClientConnection& connection, const Request& request, Effects& out);
    /// A client's connection is gone, or a later one of its session has taken its place.
    void forget(LinkId link, Effects& out);
    /// A ping waits behind what its client has asked before: who waits for a commit in vain hears
    /// nothing, and goes to another server.
    void on_client_ping(const Server& server, LinkId link, const ClientPing& ping, Effects& out);
    /// On the leader: the end of a session has a zxid. What it asks from now on is dropped.
    void begin_to_close(SessionId session);
    /// A learner tells its leader of which sessions it has heard.
    void send_touches(LinkId leader, Effects& out);
    /// On the leader, who alone knows which sessions are over: a client has come back with this
    /// one, at the learner behind `owner` or, without a link, here. False: it is over.
    bool revalidate(const Server& server, SessionId session, LinkId owner);
    /// A session that exists or not, as the leader says, is attached to its connection.
    void finish_attaching(SessionId session, bool valid, Effects& out);

    // sync: the log.
    void log(const Txn& txn, Effects& out) {
        to_log.push(txn);
        out.hand(Stage::sync);
    }
    /// The log's thread takes the next transaction, or flushes what it has waited for long enough.
    void on_sync_turn(Server& server, Effects& out);
    void on_flush_timer(Effects& out);

    // commit: the tree, and replies.
    void submit_to_commit(const Request& request, Effects& out) {
        to_commit.submit(request);
        // What has no client here passes with the next item, at no cost of its own.
        if (!request.without_client) {
            out.hand(Stage::commit);
        }
    }
    template <class Decided>
    void submit_to_commit(const Decided& decided, Effects& out) {
        to_commit.commit(decided);
        out.hand(Stage::commit);
    }
    bool has_to_commit() const { return !notices.empty() || !to_commit.empty(); }
    /// Performs one item, whichever is next: a notice before all else. Every item has its turn; one
    /// whose watchers have all gone meanwhile finds nothing. Returns the transaction applied, if it
    /// was one.
    std::optional<Zxid> commit_next(Server& server, Effects& out);

    std::uint64_t fingerprint() const;

  private:
    bool is_crowded() const;
    void append_next(Server& server, Effects& out);
    void flush_or_wait(const Server& server, Effects& out);
    void submit(ClientConnection& connection, const Request& request, Effects& out);
    void admit(Effects& out);
    bool touch(const Server& server, ClientConnection& connection);
    void touch_later(SessionId session);
    void on_read(const Server& server, const Request& request, bool was_held, Effects& out);
    std::optional<Zxid> take_commit_item(Server& server, Effects& out);
    void watch(const Server& server, const ClientConnection& connection, const Request& request,
               Effects& out);
    void trigger_watches(const Server& server, const Txn& txn);
    void tell_next_watcher(Effects& out);
    void on_committed(Server& server, const Txn& txn, const Request* own, Effects& out);
    void close_session(const Txn& txn, const Request* own, Effects& out);
    void answer_in_order(const Request& own, Zxid zxid, std::optional<SessionRefusal> refusal,
                         Effects& out);
    void answer(const Request& own, Zxid zxid, std::optional<SessionRefusal> refusal, Effects& out);
    void on_answered(ClientConnection& connection, const Request& own, Effects& out);
};

}  // namespace zab
