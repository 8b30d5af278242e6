#pragma once

#include "protocol/history.hpp"
#include "protocol/input.hpp"
#include "protocol/message.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

/// All that a server can want.
namespace zab {

/// What a server says about itself, for the trace: `a` is usually a zxid, `b` a prefix hash. What
/// becomes durable is told by the disk, not by the server.
enum class NoteKind : std::uint8_t {
    booted,
    looking,
    elected,
    following,
    leading,
    established,
    serving,
    request,
    forward,
    propose,
    ack,
    commit,
    deliver,
    read,
    synchronized,
    snapshot_sent,
    snapshot_installed,
    history,
    // Of protocols that compare ids: `a` is the id.
    leader_compared,
    leader_declared,
    command_sent,
    command_compared,
    command_executed,
    vote_compared,
    command_agreed,
    watcher_registered,
    configuration_changed,
    // Watches: `a` is the session, or the change's zxid; `b` the client, `c` the path.
    watch_set,
    watch_fired,
};
struct Note {
    NoteKind kind{};
    NodeId peer{};
    std::uint16_t detail = 0;
    std::uint32_t c = 0;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
};

struct Send {
    Send() = default;
    template <class M>
    Send(LinkId to, const M& what) : link(to), message(what) {}
    LinkId link{};
    Message message{};
};
/// Sends `Snap` with this header and, beside it, the tree as it is now: what `position` had
/// applied and, maybe, more.
struct SendSnapshot {
    LinkId link{};
    Position position{};
    Zxid zxid{};
};
/// One more item lies in this stage's queue.
struct Hand {
    Stage stage{};
    LinkId link{};            ///< Which handler.
    bool goes_first = false;  ///< Before all that lies there: its thread goes on with it.
};
/// The stage's queue has been emptied: its thread is gone.
struct ClearStage {
    Stage stage{};
};
/// (Re)starts a timer; it fires at a random moment of the range.
struct SetTimer {
    TimerKind timer{};
    Duration earliest{};
    Duration latest{};
};
struct CancelTimer {
    TimerKind timer{};
};
struct Dial {
    LinkKind kind{};
    NodeId peer{};
    Duration timeout{};
};
struct CloseLink {
    LinkId link{};
};
/// From now on reading from this link fails when nothing comes for this long (setSoTimeout).
struct SetReadTimeout {
    LinkId link{};
    Duration timeout{};
};
/// From now on a client's connection is read, or not (NIOServerCnxn.enableRecv, disableRecv): what
/// it sends stays in its buffers.
struct SetReading {
    LinkId link{};
    bool on = false;
};
/// A port begins or ceases to accept connections.
struct Listen {
    LinkKind kind{};
    bool open = false;
};
/// How a snapshot is written, and what becomes of the log before it.
enum class SnapshotWrite : std::uint8_t {
    background,  ///< Written back some time later; the log stays what it is.
    replacing,   ///< Synced, and the log goes on behind it: what it held beyond or besides is gone.
    synced,      ///< Synced; the log stays, and goes on behind the snapshot.
    unsynced,    ///< The same, written back some time later.
};
/// Blocks a stage until `Done`.
struct Start {
    Work work{};
    Stage stage{};  ///< Which stage waits; `handler` with the link.
    LinkId link{};
    std::uint64_t argument = 0;  ///< The epoch to write, the zxid to truncate after; for a
                                 ///< snapshot how it is written.
};
/// Writes a transaction to the log file: in the page cache, not durable.
struct Append {
    Txn txn{};
};
/// The process ends itself.
struct Halt {
    std::uint16_t code = 0;
};
enum class Refusal : std::uint8_t {
    epoch_of_log_above_current_epoch,
    accepted_epoch_below_current_epoch,
    corrupt_log,        ///< A record's checksum is wrong (FileTxnIterator.next), or one is missing.
    corrupt_snapshots,  ///< There are some, and none can be read (FileSnap.deserialize).
    torn_log_header,    ///< Of the last file (ZOOKEEPER-1621).
    unwritable_disk,
};
struct RefuseToStart {
    Refusal reason{};
    Zxid last_zxid{};
};

using Effect =
    std::variant<Note, Send, SendSnapshot, Hand, ClearStage, SetTimer, CancelTimer, Dial, CloseLink,
                 SetReadTimeout, Listen, Start, Append, Halt, RefuseToStart, SetReading>;

/// The ordered list of one step's effects, reused from step to step.
class Effects {
  public:
    void push(const Effect& effect) { next() = effect; }
    void append(const Txn& txn) { next().emplace<Append>().txn = txn; }
    template <class M>
    void send(LinkId link, const M& message) {
        next().emplace<Send>(link, message);
    }
    void note(NoteKind kind, std::uint64_t a, std::uint64_t b = 0, std::uint32_t c = 0,
              NodeId peer = {}, std::uint16_t detail = 0) {
        next().emplace<Note>() = {kind, peer, detail, c, a, b};
    }
    void hand(Stage stage, LinkId link = {}) { next().emplace<Hand>() = {stage, link}; }
    /// The stage's thread has more to do with what it is at.
    void go_on(Stage stage) { next().emplace<Hand>() = {stage, {}, true}; }
    void start(Work work, Stage stage, std::uint64_t argument = 0, LinkId link = {}) {
        next().emplace<Start>() = {work, stage, link, argument};
    }
    void clear() { count_ = 0; }
    bool empty() const { return count_ == 0; }
    std::span<const Effect> list() const { return {slots_.data(), count_}; }

  private:
    /// Filled in place: what is built elsewhere and copied here would stall on its own stores.
    Effect& next() {
        if (count_ == room_) [[unlikely]] {
            room_ = std::max<std::size_t>(8, room_ * 2);
            slots_.resize(room_);
        }
        return slots_[count_++];
    }

    std::vector<Effect> slots_;  // The first `count_` of them are the list.
    std::size_t count_ = 0;
    std::size_t room_ = 0;  // Slots.
};

}  // namespace zab
