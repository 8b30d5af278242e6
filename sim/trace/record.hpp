#pragma once

#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>

/// The trace format: what one record is. Everything that a run tells about itself is a sequence
/// of these; checkers, metrics and files know nothing else. The meaning of each kind's fields is
/// in sim/trace/record_table.cpp, from which writer, reader, schema and reference page come.
namespace trace {

/// A record's number: 0, 1, 2 … in the order in which things happened.
using RecordId = std::uint64_t;

enum class Kind : std::uint8_t {
    // The world and its faults.
    fault,
    fault_skipped,
    resource,
    // A server's process.
    server_started,
    booted,
    refused_to_start,
    server_stopped,
    server_paused,
    server_resumed,
    // Connections.
    link_up,
    link_down,
    dial_failed,
    link_full,
    link_writable,
    // Roles and phases.
    looking,
    elected,
    following,
    leading,
    established,
    serving,
    // Steps that any stage takes.
    receive,
    timer,
    work,
    // The request path.
    request,
    forward,
    propose,
    append,
    synced,
    ack,
    commit,
    deliver,
    read,
    inform,
    // Durable state and its exchange.
    accepted_epoch,
    current_epoch,
    synchronized,
    truncated,
    lost,
    snapshot_written,
    snapshot_sent,
    snapshot_installed,
    history,
    // Clients.
    client_connecting,
    client_connected,
    client_disconnected,
    client_expired,
    invoke,
    complete,
    fail,
    // Protocols that compare ids.
    leader_compared,
    leader_declared,
    command_sent,
    command_compared,
    command_executed,
    vote_compared,
    command_agreed,
    watcher_registered,
    configuration_changed,
    notification_compared,
    // Watches.
    watch_set,
    watch_fired,
    notified,
};
constexpr std::size_t kind_count = static_cast<std::size_t>(Kind::notified) + 1;

/// What the third cost of a record was spent on. A step is enabled by one of these only.
enum class Cost : std::uint8_t { none, wire, disk, timer };

/// One record, as eight 64-bit words: written once, hashed as words, never copied field by field
/// (narrow stores followed by wide loads stall; measured).
///
/// For every record but the causeless: time - time(cause) = wait + service + other, in ns, where
/// `other` is wire, disk or timer time as `cost` says.
class Record {
  public:
    struct Fields {
        Kind kind{};
        zab::Instant time{};           ///< True time.
        zab::NodeId node{};            ///< The server it happened at, or that a client talks to.
        std::uint16_t peer = 0;        ///< Another server, where the kind has one.
        std::uint16_t detail = 0;      ///< A small enumeration, by kind.
        std::uint32_t cause_back = 0;  ///< id - id(cause); 0: nothing caused it.
        std::uint32_t held_back = 0;   ///< id - id(the record it waited for); 0: none.
        std::int64_t wait_ns = 0;
        std::uint32_t service_ns = 0;
        Cost cost = Cost::none;
        std::int64_t other_ns = 0;
        std::uint64_t a = 0;  ///< By kind, usually a zxid.
        std::uint64_t b = 0;  ///< By kind, usually a prefix hash or a client.
        std::uint32_t c = 0;  ///< By kind, usually bytes or a cxid.
    };

    Record() = default;
    explicit Record(const Fields& f)
        : words_{static_cast<std::uint64_t>(f.time.ns),
                 head(f.kind, f.node, f.peer, f.detail) |
                     (static_cast<std::uint64_t>(f.cost) << cost_shift),
                 f.cause_back | (std::uint64_t{f.held_back} << 32),
                 static_cast<std::uint64_t>(f.wait_ns),
                 f.service_ns | (std::uint64_t{f.c} << 32),
                 static_cast<std::uint64_t>(f.other_ns),
                 f.a,
                 f.b} {}

    /// Of words made up as by the constructor above.
    explicit Record(const std::array<std::uint64_t, 8>& words) : words_(words) {}

    /// The word that says what happened to whom; the cost's kind is or-ed in at `cost_shift`.
    static constexpr std::uint64_t head(Kind kind, zab::NodeId node, std::uint16_t peer,
                                        std::uint16_t detail) {
        return static_cast<std::uint64_t>(kind) | (std::uint64_t{node.value} << 16) |
               (std::uint64_t{peer} << 32) | (std::uint64_t{detail} << 48);
    }
    static constexpr unsigned cost_shift = 8;

    Kind kind() const { return static_cast<Kind>(words_[1] & 0xff); }
    zab::Instant time() const { return {static_cast<std::int64_t>(words_[0])}; }
    zab::NodeId node() const { return {static_cast<std::uint16_t>(words_[1] >> 16)}; }
    std::uint16_t peer() const { return static_cast<std::uint16_t>(words_[1] >> 32); }
    std::uint16_t detail() const { return static_cast<std::uint16_t>(words_[1] >> 48); }
    Cost cost() const { return static_cast<Cost>((words_[1] >> 8) & 0xff); }
    std::uint32_t cause_back() const { return static_cast<std::uint32_t>(words_[2]); }
    std::uint32_t held_back() const { return static_cast<std::uint32_t>(words_[2] >> 32); }
    std::int64_t wait_ns() const { return static_cast<std::int64_t>(words_[3]); }
    std::uint32_t service_ns() const { return static_cast<std::uint32_t>(words_[4]); }
    std::int64_t other_ns() const { return static_cast<std::int64_t>(words_[5]); }
    std::uint64_t a() const { return words_[6]; }
    std::uint64_t b() const { return words_[7]; }
    std::uint32_t c() const { return static_cast<std::uint32_t>(words_[4] >> 32); }
    zab::Zxid zxid() const { return {words_[6]}; }

    Fields fields() const {
        return {kind(),    time(),       node(), peer(),     detail(), cause_back(), held_back(),
                wait_ns(), service_ns(), cost(), other_ns(), a(),      b(),          c()};
    }
    const std::array<std::uint64_t, 8>& words() const { return words_; }
    friend bool operator==(const Record&, const Record&) = default;

  private:
    std::array<std::uint64_t, 8> words_{};
};

/// Why a process ended (detail of server_stopped).
enum class StopReason : std::uint16_t { crash, power_loss, halted };

/// What took the end of a log (detail of lost).
enum class LossReason : std::uint16_t { power_loss, torn, full_disk, rot };

/// What a logged transaction does to a znode: a create only where there is none.
enum class Write : std::uint8_t { other, create, set };

/// What an operation is (detail of invoke, complete, fail; low byte).
enum class Operation : std::uint8_t {
    create,
    set,
    get,
    sync,
    create_session,
    close_session,
    watch,
    set_watches,
};

/// What came of an operation (detail of complete and fail; high byte).
enum class Outcome : std::uint8_t { ok, node_exists, no_node, connection_loss, session_expired };

constexpr std::uint16_t operation_detail(Operation operation, Outcome outcome) {
    return static_cast<std::uint16_t>(static_cast<std::uint16_t>(operation) |
                                      (static_cast<std::uint16_t>(outcome) << 8));
}
constexpr Operation operation_of(std::uint16_t detail) {
    return static_cast<Operation>(detail & 0xff);
}
constexpr Outcome outcome_of(std::uint16_t detail) { return static_cast<Outcome>(detail >> 8); }

/// What a server or link resource is (detail of resource).
enum class Resource : std::uint16_t { core, nic_out, disk, stage, link };

/// Receives records as they happen. Observers must not change the run.
class Sink {
  public:
    virtual void observe(const Record& record, RecordId id) = 0;

  protected:
    ~Sink() = default;
};

/// A set of record kinds, as a bit set: what an observer wants to see.
using KindSet = std::uint64_t;
static_assert(kind_count <= 64);
constexpr KindSet kind_bit(Kind kind) { return KindSet{1} << static_cast<unsigned>(kind); }
constexpr KindSet all_kinds = ~KindSet{0};
constexpr KindSet kind_set(std::initializer_list<Kind> kinds) {
    KindSet set = 0;
    for (const Kind kind : kinds) set |= kind_bit(kind);
    return set;
}

}  // namespace trace
