#pragma once

#include "protocol/message.hpp"
#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"

#include <cstdint>
#include <variant>

/// All that can happen to a server.
namespace zab {

struct DiskImage;
struct Snapshot;

/// The server's own clocks at the moment of a step. Only differences of `monotonic` mean anything;
/// `wall` may step.
struct Moment {
    Instant monotonic{};
    Instant wall{};
};

/// What a connection is for, hence which port it was dialled at.
enum class LinkKind : std::uint8_t { election, learner, client };

/// The threads of a server. Each works through its own queue, one item at a time.
enum class Stage : std::uint8_t {
    main,      ///< QuorumPeer: election loop; a learner's packet loop; a leader's tick loop.
    election,  ///< FastLeaderElection.WorkerReceiver and the connection manager.
    io,        ///< NIOServerCnxnFactory: reads what clients send.
    request,   ///< PrepRequestProcessor on a leader, the first processor on a learner.
    sync,      ///< SyncRequestProcessor.
    commit,    ///< CommitProcessor with FinalRequestProcessor behind it.
    snapshot,  ///< The background thread that writes a snapshot.
    handler,   ///< LearnerHandler's reader: one a learner connection, on the leader.
};
constexpr std::size_t shared_stage_count = 7;  ///< All but `handler`.

enum class TimerKind : std::uint8_t {
    notification,  ///< Election: nobody answered for this long.
    finalize,      ///< Election: no better vote for finalizeWait.
    dial_retry,    ///< Learner: try the leader's port again.
    epoch_wait,    ///< Leader: initLimit ticks for epoch, its acks, or NEWLEADER's acks.
    tick,          ///< Leader: half a tick has passed.
    observer,      ///< Observer: its random wait before it looks for a leader again.
    expiry,        ///< Leader: sessions may have come to their end.
    flush,         ///< flush_delay: nothing more came for the log's next sync.
};
constexpr std::size_t timer_kind_count = 8;

/// Pieces of work that take time and block the stage that asks for them, and their completion.
enum class Work : std::uint8_t {
    shut_down_role,   ///< Stopping processors and sockets: connection lost until LOOKING.
    finish_election,  ///< Decision until the new role's code runs.
    open_port,        ///< Leader: loading and snapshotting until the port listens.
    start_serving,    ///< Starting the request processors.
    write_accepted_epoch,
    write_current_epoch,
    sync_log,  ///< fsync of the log: all appended so far becomes durable.
    truncate_log,
    read_log,            ///< The log's tail from disk: replay (fast-forward), or for a learner.
    write_snapshot,      ///< The whole tree to a snapshot file.
    serialize_snapshot,  ///< The whole tree into a learner's connection.
};

enum class DownReason : std::uint8_t { closed, reset, timed_out, refused, unanswered };

/// The process runs and has read its disk.
struct Started {
    const DiskImage* disk = nullptr;
    std::uint32_t snapshot_jitter = 0;  ///< Random, for the first snapshot's distance.
};
/// A message has been read from a connection. It lies in the connection's ring during the step.
struct Received {
    LinkId link{};
    LinkKind kind{};
    const Message* message = nullptr;
    const Snapshot* snapshot = nullptr;  ///< With `Snap`.
};
/// A stage performs the next item of its queue.
struct Ran {
    Stage stage{};
    LinkId link{};  ///< Which handler.
};
struct TimerFired {
    TimerKind timer{};
};
/// A connection stands; for an accepted one the peer is not known yet.
struct LinkUp {
    LinkId link{};
    LinkKind kind{};
    NodeId peer{};
    bool accepted = false;
};
struct LinkDown {
    LinkId link{};
    LinkKind kind{};
    DownReason reason{};
    NodeId peer{};  ///< 0: a client.
};
struct DialFailed {
    LinkKind kind{};
    NodeId peer{};
    DownReason reason{};
};
/// A piece of work is done; the stage that asked goes on.
struct Done {
    Work work{};
    Stage stage{};                      ///< Which stage had asked.
    LinkId link{};                      ///< Which handler's.
    bool failed = false;                ///< An I/O error: nothing of it is durable.
    bool obsolete = false;              ///< A snapshot of a history that the disk no longer has.
    const DiskImage* disk = nullptr;    ///< As the process would read it now.
    std::uint32_t snapshot_jitter = 0;  ///< For sync_log: random, for the distance of the next one.
};

using Input = std::variant<Started, Received, Ran, TimerFired, LinkUp, LinkDown, DialFailed, Done>;

}  // namespace zab
