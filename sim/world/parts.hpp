#pragma once

#include "protocol/client/session.hpp"
#include "protocol/effect.hpp"
#include "protocol/input.hpp"
#include "sim/disk/disk.hpp"
#include "sim/random/key.hpp"
#include "sim/trace/record.hpp"
#include "sim/world/event_kind.hpp"
#include "sim/world/lane.hpp"
#include "sim/world/pace.hpp"
#include "sim/world/participant.hpp"
#include "sim/world/server_clock.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

/// The parts that a world is made of: plain values, indexed by position.
namespace sim {

using ServerIndex = std::uint32_t;
using ClientIndex = std::uint32_t;
using ConnectionIndex = std::uint32_t;
using PathEnd = std::uint32_t;  ///< A server, or, behind the servers, a group of clients.

constexpr std::uint32_t none = 0xffffffff;
/// A single item's cpu time is capped, so that a record can hold it.
constexpr std::int64_t longest_item_ns = 1'000'000'000;

/// What led to a step: its cause, and how the time since then was spent.
struct Origin {
    trace::RecordId cause = no_record;
    trace::RecordId held_by = no_record;
    std::int64_t since = 0;     ///< When it became ready to run; what passes after that is wait.
    std::int64_t wait = 0;      ///< Before that.
    std::int64_t other = 0;     ///< Wire, disk or timer time, as `cost` says.
    std::uint32_t service = 0;  ///< Cpu time of the cause and of sending.
    trace::Cost cost = trace::Cost::none;
};

/// One item in a stage's queue. For `message` the item is the head of the link's incoming ring.
struct Pending {
    enum class What : std::uint8_t { message, turn, timer, link_up, link_down, dial_failed };
    What what{};
    std::uint8_t small = 0;  ///< Timer kind, down reason.
    bool flag = false;       ///< link_up: accepted.
    zab::LinkKind kind{};
    zab::NodeId peer{};
    zab::LinkId link{};
    std::uint32_t number = 0;  ///< Which head or timer; void if there is another by now.
    Origin origin;
};

/// A thread of a server: one item at a time, in order.
struct Stage {
    zab::Ring<Pending> queue;
    std::int64_t busy_until = 0;
    std::int64_t busy_ns = 0;
    std::uint64_t items = 0;
    trace::RecordId last_record = no_record;
    bool blocked = false;       ///< Waits for a piece of work.
    bool writing = false;       ///< Waits in a write: the connection's buffer is full.
    bool scheduled = false;     ///< An event will look at it.
    bool queued = false;        ///< Waits for a core.
    std::int64_t look_due = 0;  ///< When it is looked at: older events for it are void.

    bool is_blocked() const { return blocked || writing; }
    bool is_idle(std::int64_t now) const {
        return queue.empty() && !scheduled && !queued && !is_blocked() && busy_until <= now;
    }
};

/// Names a stage: a shared one of a server, or one of the two that a leader has for every learner
/// connection, its handler (which reads) and its sender.
struct StageRef {
    std::uint32_t value = 0;
    static constexpr std::uint32_t connection_bit = 0x80000000;
    static constexpr std::uint32_t per_server = 8;
    static constexpr std::uint32_t per_connection = 2;

    static StageRef of(ServerIndex server, zab::Stage stage) {
        return {server * per_server + static_cast<std::uint32_t>(stage)};
    }
    static StageRef handler(ConnectionIndex connection) {
        return {connection_bit | (connection * per_connection)};
    }
    static StageRef sender(ConnectionIndex connection) {
        return {connection_bit | (connection * per_connection + 1)};
    }
    bool is_of_connection() const { return (value & connection_bit) != 0; }
    bool is_handler() const { return is_of_connection() && (value & 1) == 0; }
    bool is_sender() const { return is_of_connection() && (value & 1) != 0; }
    /// Its place among the stages of all connections, or of all servers.
    std::uint32_t place() const { return value & ~connection_bit; }
    ConnectionIndex connection() const { return place() / per_connection; }
    ServerIndex server() const { return value / per_server; }
    zab::Stage stage() const { return static_cast<zab::Stage>(value % per_server); }
    friend bool operator==(const StageRef&, const StageRef&) = default;
};

struct Core {
    std::int64_t free_at = 0;
    trace::RecordId last_record = no_record;
    StageRef thread{};             ///< It ran last.
    std::int64_t slice_began = 0;  ///< When it took over.
};

/// The one thread of a machine that passes messages on; see relay.hpp.
struct Relay {
    std::int64_t free_at = 0;
    trace::RecordId last_record = no_record;
    std::size_t core = 0;  ///< It ran there last.
};

struct Host {
    std::vector<Core> cores;
    Lanes lanes;
    zab::Ring<StageRef> waiting;    ///< Stages that found no core.
    bool core_event = false;        ///< An event will serve `waiting`.
    std::int64_t disk_free_at = 0;  ///< Servers of one machine share its disk: fsyncs queue.
    trace::RecordId disk_last_record = no_record;
    Relay relay;
    std::int64_t nic_free_at = 0;
    trace::RecordId nic_last_record = no_record;
    Pace nic_pace{};
    std::int64_t core_busy_ns = 0;
    std::int64_t nic_busy_ns = 0;
    std::uint64_t nic_uses = 0;
};

/// One end of a connection: a server or a client.
struct End {
    bool is_client = false;
    std::uint32_t index = 0;
    friend bool operator==(const End&, const End&) = default;
};

/// A message under way, by value in its pipe's ring.
struct Flight {
    enum class What : std::uint8_t { message, closed, reset, given_up };
    zab::Message message;
    Origin origin{.cost = trace::Cost::wire};  ///< Of its receiver's step; `since`: it arrives.
    std::uint64_t meaning = 0;                 ///< What its draws are keyed by; see MessageSize.
    std::uint32_t bytes = 0;
    What what = What::message;
    std::int64_t off_card_at = 0;  ///< Its last byte is past its host's network card then,
    std::int64_t ready_at = 0;     ///< its first one may go out on its link,
    std::int64_t out_at = 0;       ///< its last one is out,
    std::int64_t past_at = 0;      ///< and past the limits of rate of its path.
    std::int64_t on_link = 0;      ///< The link's time for it, or for what is left of it.
    std::int64_t travel = 0;       ///< From there on, but for what arrives before it.

    /// How long its link has yet to work for it.
    std::int64_t link_ahead(std::int64_t now) const {
        return std::max(std::min(on_link, out_at - now), std::int64_t{0});
    }
    /// It arrives later than it should have.
    void delay_until(std::int64_t arrival) {
        origin.other += arrival - origin.since;
        origin.since = arrival;
        travel = arrival - past_at;
    }
};

/// A message as its reader finds it.
struct Arrived {
    zab::Received input{};
    std::uint16_t peer = 0;  ///< See Route.
};

/// What every message of a pipe has in common; found once, when the connection is dialled.
struct Route {
    Key delay_key;
    std::uint32_t model = 0;  ///< Of the link.
    HostIndex from_host = 0;
    StageRef reader{};                ///< Of a pipe to a server.
    std::uint16_t peer = 0;           ///< The server that sends, in records; 0: a client.
    std::uint32_t pair = none;        ///< Both ends are servers: from * servers + to.
    std::uint32_t path = none;        ///< Of those that faults may touch.
    std::uint32_t lane = none;        ///< Of its host: the link has a rate.
    bool is_local = false;            ///< Both ends are on one host: no network card.
    bool reads_nothing_else = false;  ///< Its reader.
};

/// Who may wait to write into a pipe: a shared stage of the writing server (by its number), or a
/// thread of the connection's own.
struct Writer {
    static constexpr unsigned sender = zab::shared_stage_count;  ///< A leader's, to a learner.
    static constexpr unsigned send_worker = sender + 1;  ///< QuorumCnxManager's: a queue of one.
};

/// TCP's retransmission time-out doubles with every try, up to TCP_RTO_MAX.
constexpr std::int64_t next_backoff(std::int64_t ns) {
    return std::min<std::int64_t>(ns * 2, 120'000'000'000);
}

/// One direction of a connection, first in, first out. Only its head stands in the event queue.
struct Pipe {
    Route route;
    zab::Ring<Flight> flights;
    std::vector<zab::Snapshot> snapshots;  ///< Beside the Snap messages under way, in order.
    std::int64_t last_arrival = 0;
    trace::RecordId last_cause = no_record;  ///< Of what arrives then.
    bool head_scheduled = false;             ///< An event or a queue item will look at the head.
    std::uint32_t head_number = 0;           ///< Of that event: older ones are void.
    bool stalled = false;                    ///< The path is cut or clogged: the head waits.
    bool retries = false;  ///< Stalled by a cut: TCP tries again, and gives up in the end.
    std::int64_t stalled_since = 0;
    std::uint32_t stall_number = 0;
    bool held = false;         ///< By a fault, until another lets it go.
    bool has_sender = false;   ///< From a leader to a learner: a thread of its own writes.
    zab::Ring<Flight> outbox;  ///< What a sender thread has yet to write; `since`: it is ready.
    std::uint64_t unread = 0;  ///< Bytes of `flights`: what fills the buffers of both ends.
    std::int64_t gathers_until = -1;  ///< Its relay reads it then, with one draw for all that
    std::uint64_t gathered_word = 0;  ///< has come: this one, the first message's.
    std::uint16_t writers = 0;        ///< Threads that wait for room in them: `Writer` bits.
    trace::RecordId full_record = no_record;  ///< Since when they wait.
    std::int64_t full_since = 0;

    /// What was cut off waits for TCP's next try, whether the way is open by now or not.
    bool awaits_retry() const { return stalled && retries && !held; }
    /// Requires: there is one.
    void drop_head() {
        const Flight& head = flights.front();
        if (!snapshots.empty() && head.what == Flight::What::message &&
            zab::kind_of(head.message) == zab::MessageKind::snap) [[unlikely]] {
            snapshots.erase(snapshots.begin());
        }
        unread -= head.bytes;
        flights.pop();
        head_scheduled = false;
    }
    /// All that was under way, and all that waited to be, is gone.
    void clear() {
        flights.clear();
        snapshots.clear();
        outbox.clear();
        unread = 0;
        writers = 0;
        gathers_until = -1;
        head_scheduled = stalled = retries = held = false;
    }
};

struct Connection {
    struct Dialled {  // By which record, and when.
        trace::RecordId cause = no_record;
        std::int64_t at = 0;
        std::uint64_t word = 0;  ///< Drawn for this dial.
        std::uint32_t service = 0;
    };
    enum class State : std::uint8_t { free, dialling, open };
    enum class Reading : std::uint8_t { on, off, off_with_head };  // Off: at the server's wish.
    State state = State::free;
    zab::LinkKind kind{};
    std::uint32_t generation = 0;
    std::array<End, 2> ends{};                   ///< [0] dialled, [1] accepted.
    std::array<bool, 2> open{};                  ///< Whether that end's process still holds it.
    std::array<Pipe, 2> pipes{};                 ///< [side]: what `side` sends.
    std::array<std::int64_t, 2> read_timeout{};  ///< 0: none.
    std::array<std::int64_t, 2> last_heard{};
    std::array<std::int64_t, 2> timeout_due{};  ///< When its silence is looked at; 0: never.
    Dialled dialled;
    bool established = false;       ///< The dialler knows.
    Reading reading = Reading::on;  ///< Of a client's connection, at the server's end.
    std::uint64_t number = 0;       ///< Of the dials between its two ends.
    std::uint32_t earlier = 0;      ///< Accepted connections of this learner to this leader.
    std::uint32_t next_free = none;

    bool is_live(zab::LinkId link) const {
        return generation == link.generation && state == State::open && open[link.slot % 2];
    }
};

struct Timer {
    std::uint32_t generation = 0;
    std::int64_t set_at = 0;
    trace::RecordId cause = no_record;
    std::uint32_t service = 0;
};

/// An event of the present instant.
struct Ready {
    std::uint64_t what = 0;
    std::uint64_t argument = 0;
};

/// A piece of work under way.
struct WorkOrder {
    zab::Work work{};
    StageRef stage{};
    zab::LinkId link{};
    std::uint64_t argument = 0;
    std::uint64_t log_target = 0;
    std::uint32_t history_version = 0;
    std::uint32_t incarnation = 0;
    ServerIndex server = 0;
    zab::Snapshot snapshot;  ///< As it was at the beginning.
    std::uint32_t database_generation = 0;
    Origin origin;
    std::int64_t disk_from = 0;  ///< The disk serves it from then until then.
    std::int64_t disk_until = 0;
    bool active = false;

    /// How long the disk has yet to work for it.
    std::int64_t disk_ahead(std::int64_t now) const {
        return active ? std::max(disk_until - std::max(disk_from, now), std::int64_t{0}) : 0;
    }
};

/// One server: its process, its threads and its disk.
struct ServerNode {
    zab::NodeId id{};
    HostIndex host = 0;
    HostIndex cores = 0;  ///< Whose cores it runs on: its host's, or those lent to it.
    Participant peer;
    bool up = false;  ///< The process runs.
    bool is_booting = false;
    std::int64_t boot_takes = 0;
    std::int64_t sync_takes = 0;
    std::int64_t last_record_at = 0;
    bool host_up = true;  ///< Its machine answers: a dead process's port is refused.
    std::uint32_t incarnation = 0;
    std::uint32_t reset_due = none;  ///< The incarnation whose sockets are still to be reset.
    std::int64_t paused_until = 0;
    std::int64_t ended_itself_at = -1;  ///< Its process, and nobody has started another.
    ServerClock clock;
    std::array<Timer, zab::timer_kind_count> timers{};
    std::array<bool, 3> listens{};                ///< By link kind.
    std::array<std::int64_t, 3> listens_since{};  ///< Likewise.
    Disk disk;
    Key cpu_key, disk_key, process_key, timer_key;
    std::array<std::uint64_t, 16> work_draws{};  ///< Pieces of work so far, by kind.
    /// Items that each kind of thread of this process has done, by stage, and behind them its
    /// senders; counted until their code is compiled.
    std::array<std::uint32_t, StageRef::per_server + 1> practised{};
    std::uint64_t boots = 0;
    std::uint64_t preparations = 0;                 ///< To serve as a learner, so far.
    std::int64_t slow_factor_nano = 1'000'000'000;  ///< Of its cpu.
    std::vector<std::uint32_t> slowed_by;  ///< The faults of its cpu, disk and clock, as they came.
    trace::RecordId last_record = no_record;  ///< Of its process: start, crash.
};

/// One client of a group: its session and its load.
struct Client {
    std::uint32_t group = 0;
    std::uint32_t place = 0;   ///< In its group.
    std::uint32_t number = 0;  ///< Over all groups: its name in records and draws.
    HostIndex host = 0;
    zab::ClientSession session{0, 0};
    zab::LinkId link{};
    zab::NodeId server{};     ///< It talks to, or tries.
    std::uint32_t turn = 0;   ///< Its place in the list of servers, gone through from try to try.
    std::uint32_t tries = 0;  ///< Since it was last attached.
    bool has_connected = false;  ///< Ever, to any server.
    std::uint32_t wanted = 0;    ///< Requests that wait for a connection, or to be issued.
    zab::Ring<std::int64_t> arrivals_due;  ///< Of an open load: when each of those arrived.
    std::uint64_t issued = 0;              ///< So far.
    std::uint64_t creates = 0;
    std::int64_t last_sent = 0;
    std::int64_t last_heard = 0;
    std::uint32_t timer_generation = 0;
    std::uint32_t ping_number = 0;
    std::uint64_t arrivals = 0;
    std::uint64_t unasked = 0;  ///< Of those in flight: a burst's, beside a closed load's own.
    std::uint64_t dials = 0;
    bool dialling = false;
    bool gone = false;     ///< It has left: nothing is heard of it any more.
    bool leaving = false;  ///< It has asked for the end of its session, and asks for nothing more.
    Key key;
    trace::RecordId last_record = no_record;
    std::int64_t last_record_at = 0;
    zab::Ring<trace::RecordId> invocations;  ///< Of the requests in flight.
    std::uint64_t last_notification = 0;     ///< Of its configuration, if it watches that.
};

/// What an item of a stage costs.
struct ItemCost {
    const Distribution* distribution = nullptr;
    bool is_drawn = false;  ///< Or the wake-up is: a word is needed.
    bool per_byte = false;
};

/// How much something of a server has been used so far.
struct ResourceUse {
    zab::NodeId server;
    trace::Resource resource{};
    std::uint16_t number = 0;
    std::int64_t busy_ns = 0;
    std::uint64_t times = 0;
};

}  // namespace sim
