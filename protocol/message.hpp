#pragma once

#include "protocol/types/ids.hpp"
#include "protocol/types/operation.hpp"
#include "protocol/types/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <variant>

/// What travels between servers, and between clients and servers. Payload bytes are counted, not
/// carried; a snapshot's contents travel beside its `Snap` message (see Effect and Input).
namespace zab {

/// What a transaction does to the tree. `error`: nothing; a request that was refused has its place
/// in the order of all nevertheless.
enum class TxnType : std::uint8_t { create, set, create_session, close_session, error };

/// Why the leader refuses what a session asks for (KeeperException.Code).
enum class SessionRefusal : std::uint8_t {
    unknown,  ///< There is no such session, or no longer.
    expired,  ///< Its end is on its way.
    moved,    ///< It has gone on to another server.
};

/// One transaction. Its identity is (zxid, prefix hash of the history up to it); see History.
struct Txn {
    Zxid zxid{};
    SessionId session{};
    Cxid cxid = 0;
    /// For create_session: its timeout in milliseconds; for error: the SessionRefusal.
    PathId path = 0;
    std::uint32_t bytes = 0;  ///< Payload.
    TxnType type{};
    friend bool operator==(const Txn&, const Txn&) = default;
};

/// Where a server stands, as its notifications say (QuorumPeer.ServerState).
enum class ServerState : std::uint8_t { looking, following, leading, observing };

/// First bytes on an election connection: who dialled (QuorumCnxManager.initiateConnection).
struct Hello {
    NodeId sid{};
};
/// A vote and its sender's state (FastLeaderElection.Notification).
struct Notification {
    NodeId leader{};
    Epoch peer_epoch{};
    Zxid zxid{};
    std::uint64_t round = 0;  ///< logicalclock of the sender, or of the election it decided in.
    ServerState state{};
    std::uint8_t version = 2;  ///< Of the format; 0: from before it had versions.
};
struct FollowerInfo {
    NodeId sid{};
    Epoch accepted_epoch{};
};
struct ObserverInfo {
    NodeId sid{};
    Epoch accepted_epoch{};
};
struct LeaderInfo {
    Epoch epoch{};
};
struct AckEpoch {
    Zxid last_zxid{};
    std::optional<Epoch> current_epoch;  ///< Absent (-1 on the wire): epoch accepted before.
};
struct Diff {
    Zxid zxid{};
};
struct Trunc {
    Zxid zxid{};
};
struct Snap {
    Zxid zxid{};
    std::uint32_t bytes = 0;
};
struct NewLeader {
    Epoch epoch{};
};
struct Ack {
    Zxid zxid{};
};
struct UpToDate {};
struct Proposal {
    Txn txn{};
};
struct Commit {
    Zxid zxid{};
};
struct Inform {
    Txn txn{};
};
/// A client's operation, as it travels from client to server and on to the leader.
struct Request {
    SessionId session{};
    Cxid cxid = 0;
    PathId path = 0;  ///< For create_session: its timeout in milliseconds.
    std::uint32_t bytes = 0;
    std::uint32_t client = 0;  ///< The client's number: names it in records and draws.
    Operation operation{};
    /// Only within the leader: what is to be answered in its turn (Request.setException).
    std::optional<SessionRefusal> refusal{};
    /// Only within the leader: nobody who has asked it is connected here (Request.cnxn is null).
    bool without_client = false;
};
struct Forward {
    Request request{};
};
struct Sync {
    SessionId session{};
    Cxid cxid = 0;
};
struct SyncReply {
    SessionId session{};
    Cxid cxid = 0;
};
struct Ping {
    std::uint32_t number = 0;
};
struct PingReply {
    std::uint32_t number = 0;
};
/// Sessions that the learner has heard of since its last ping reply (in ZooKeeper the reply
/// itself carries them): ids, 0 where there is none.
struct Touch {
    std::array<SessionId, 3> sessions{};
};
struct Revalidate {
    SessionId session{};
};
struct RevalidateReply {
    SessionId session{};
    bool valid = false;
};
struct Connect {
    SessionId session{};  ///< 0: a new session is asked for.
    Zxid last_seen{};     ///< The newest state the client has seen.
    std::uint32_t client = 0;
    std::uint32_t timeout_ms = 0;
};
struct ConnectReply {
    SessionId session{};  ///< 0: the session is over.
    std::uint32_t timeout_ms = 0;
};
struct ClientRequest {
    Request request{};
};
/// What came of a request.
enum class Outcome : std::uint8_t { ok, node_exists, no_node, connection_loss, session_expired };
struct ClientReply {
    Zxid zxid{};  ///< The write's own, or the last processed one when a read was answered.
    Cxid cxid = 0;
    Operation operation{};
    Outcome outcome{};
};
struct ClientPing {
    std::uint32_t number = 0;
};
struct ClientPingReply {
    Zxid zxid{};
    std::uint32_t number = 0;
};
/// What a client is told of a change that it watched (WatcherEvent): which transaction made it.
struct WatchEvent {
    Zxid zxid{};
    PathId path = 0;
};
/// What servers of another protocol than ZooKeeper's say to each other: `kind` is that protocol's
/// own, `number` the id that it is about, and the rest a client's command where there is one.
struct Telegram {
    std::uint64_t number = 0;
    std::uint32_t reference = 0;  ///< The sender's own number: a client's for its command.
    std::uint32_t client = 0;
    PathId path = 0;
    std::uint32_t bytes = 0;  ///< Payload.
    Operation operation{};
    std::uint8_t kind = 0;
};

using Message =
    std::variant<Hello, Notification, FollowerInfo, ObserverInfo, LeaderInfo, AckEpoch, Diff, Trunc,
                 Snap, NewLeader, Ack, UpToDate, Proposal, Commit, Inform, Forward, Sync, SyncReply,
                 Ping, PingReply, Revalidate, RevalidateReply, Connect, ConnectReply, ClientRequest,
                 ClientReply, ClientPing, ClientPingReply, Touch, Telegram, WatchEvent>;
static_assert(sizeof(Message) <= 40, "messages lie by value in their connection's ring");

/// The kinds of message, in the order of the variant.
enum class MessageKind : std::uint8_t {
    hello,
    notification,
    follower_info,
    observer_info,
    leader_info,
    ack_epoch,
    diff,
    trunc,
    snap,
    new_leader,
    ack,
    up_to_date,
    proposal,
    commit,
    inform,
    forward,
    sync,
    sync_reply,
    ping,
    ping_reply,
    revalidate,
    revalidate_reply,
    connect,
    connect_reply,
    client_request,
    client_reply,
    client_ping,
    client_ping_reply,
    touch,
    telegram,
    watch_event,
};
constexpr std::size_t message_kind_count = std::variant_size_v<Message>;
static_assert(static_cast<std::size_t>(MessageKind::watch_event) + 1 == message_kind_count);

/// A number for all that a transaction, or a message, says: equal ones have equal numbers.
std::uint64_t identity(const Txn& txn);
std::uint64_t identity(const Message& message);

inline MessageKind kind_of(const Message& message) {
    return static_cast<MessageKind>(message.index());
}

}  // namespace zab
