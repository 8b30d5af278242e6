#pragma once

#include "protocol/message.hpp"

#include <cstdint>

/// What the world must know of a message without understanding it.
namespace sim {

/// What a message's record says of it.
struct MessageFacts {
    std::uint64_t zxid = 0;
    std::uint64_t value = 0;
    std::uint32_t payload_bytes = 0;
};

/// A message's place among its sender's draws: its own identity where it has one, so that nothing
/// sent beside it can change its delay; others are told apart by how many of their kind went
/// before.
struct MessageSize {
    static constexpr std::uint64_t by_occurrence = 0xffffffff;
    std::uint64_t meaning = by_occurrence;
    std::uint32_t bytes = 0;  ///< On the wire: headers, packet, payload.
};

/// By the client's place in the scenario: clients placed before it give it other draws of cpu
/// costs, and of the way from a learner to its leader. (Those of its own link are by its name.)
inline std::uint64_t identity_of(const zab::Request& request) {
    return (std::uint64_t{request.client} << 32) | request.cxid;
}

/// A number that is said again says the same; what has none is told apart by how often.
inline std::uint64_t identity_of(const zab::Telegram& said) {
    return (said.number ^ (std::uint64_t{said.kind} << 48)) +
           ((std::uint64_t{said.client} << 32) | said.reference) * 0x9e3779b97f4a7c15u;
}

inline MessageFacts facts_of(const zab::Message& message) {
    using zab::MessageKind;
    switch (zab::kind_of(message)) {
        case MessageKind::ack: return {std::get_if<zab::Ack>(&message)->zxid.value, 0, 0};
        case MessageKind::commit: return {std::get_if<zab::Commit>(&message)->zxid.value, 0, 0};
        case MessageKind::proposal: {
            const zab::Txn& txn = std::get_if<zab::Proposal>(&message)->txn;
            return {txn.zxid.value, 0, txn.bytes};
        }
        case MessageKind::inform: {
            const zab::Txn& txn = std::get_if<zab::Inform>(&message)->txn;
            return {txn.zxid.value, 0, txn.bytes};
        }
        case MessageKind::forward: {
            const zab::Request& request = std::get_if<zab::Forward>(&message)->request;
            return {0, identity_of(request), request.bytes};
        }
        case MessageKind::client_request: {
            const zab::Request& request = std::get_if<zab::ClientRequest>(&message)->request;
            return {0, identity_of(request), request.bytes};
        }
        case MessageKind::notification: {
            const auto& n = *std::get_if<zab::Notification>(&message);
            return {n.zxid.value, (n.round << 16) | n.leader.value, 0};
        }
        case MessageKind::ack_epoch:
            return {std::get_if<zab::AckEpoch>(&message)->last_zxid.value, 0, 0};
        case MessageKind::diff: return {std::get_if<zab::Diff>(&message)->zxid.value, 0, 0};
        case MessageKind::trunc: return {std::get_if<zab::Trunc>(&message)->zxid.value, 0, 0};
        case MessageKind::snap: return {std::get_if<zab::Snap>(&message)->zxid.value, 0, 0};
        case MessageKind::leader_info:
            return {zab::Zxid::of(std::get_if<zab::LeaderInfo>(&message)->epoch, 0).value, 0, 0};
        case MessageKind::new_leader:
            return {zab::Zxid::of(std::get_if<zab::NewLeader>(&message)->epoch, 0).value, 0, 0};
        case MessageKind::connect: return {0, std::get_if<zab::Connect>(&message)->client, 0};
        case MessageKind::telegram: {
            const auto& said = *std::get_if<zab::Telegram>(&message);
            return {said.number, (std::uint64_t{said.client} << 32) | said.reference, said.bytes};
        }
        case MessageKind::ping: return {0, std::get_if<zab::Ping>(&message)->number, 0};
        case MessageKind::ping_reply: return {0, std::get_if<zab::PingReply>(&message)->number, 0};
        case MessageKind::hello:
        case MessageKind::follower_info:
        case MessageKind::observer_info:
        case MessageKind::up_to_date:
        case MessageKind::sync:
        case MessageKind::sync_reply:
        case MessageKind::revalidate:
        case MessageKind::revalidate_reply:
        case MessageKind::connect_reply:
        case MessageKind::client_reply:
        case MessageKind::client_ping:
        case MessageKind::client_ping_reply:
        case MessageKind::touch:
        case MessageKind::watch_event: break;
    }
    return {};
}

inline MessageSize size_of(const zab::Message& message) {
    using zab::MessageKind;
    // TCP/IP header and the serialised packet.
    constexpr std::uint32_t header = 90, long_header = 110;
    switch (zab::kind_of(message)) {
        case MessageKind::ack: return {std::get_if<zab::Ack>(&message)->zxid.value, header};
        case MessageKind::commit: return {std::get_if<zab::Commit>(&message)->zxid.value, header};
        case MessageKind::proposal: {
            const zab::Txn& txn = std::get_if<zab::Proposal>(&message)->txn;
            return {txn.zxid.value, header + txn.bytes};
        }
        case MessageKind::inform: {
            const zab::Txn& txn = std::get_if<zab::Inform>(&message)->txn;
            return {txn.zxid.value, header + txn.bytes};
        }
        case MessageKind::forward: {
            const zab::Request& request = std::get_if<zab::Forward>(&message)->request;
            return {identity_of(request), header + request.bytes};
        }
        case MessageKind::client_request: {
            const zab::Request& request = std::get_if<zab::ClientRequest>(&message)->request;
            return {request.cxid, header + request.bytes};  // Its link names the client.
        }
        case MessageKind::client_reply:
            return {std::get_if<zab::ClientReply>(&message)->cxid, header};
        case MessageKind::watch_event:
            return {std::get_if<zab::WatchEvent>(&message)->zxid.value, header};
        case MessageKind::ping: return {std::get_if<zab::Ping>(&message)->number, header};
        case MessageKind::ping_reply:
            return {std::get_if<zab::PingReply>(&message)->number, header};
        case MessageKind::client_ping:
            return {std::get_if<zab::ClientPing>(&message)->number, header};
        case MessageKind::client_ping_reply:
            return {std::get_if<zab::ClientPingReply>(&message)->number, header};
        case MessageKind::telegram: {
            const auto& said = *std::get_if<zab::Telegram>(&message);
            return {identity_of(said), header + said.bytes};
        }
        case MessageKind::snap:  // Its contents travel as one message of their size.
            return {MessageSize::by_occurrence, header + std::get_if<zab::Snap>(&message)->bytes};
        case MessageKind::notification:
        case MessageKind::connect: return {MessageSize::by_occurrence, long_header};
        case MessageKind::hello:
        case MessageKind::follower_info:
        case MessageKind::observer_info:
        case MessageKind::leader_info:
        case MessageKind::ack_epoch:
        case MessageKind::diff:
        case MessageKind::trunc:
        case MessageKind::new_leader:
        case MessageKind::up_to_date:
        case MessageKind::sync:
        case MessageKind::sync_reply:
        case MessageKind::revalidate:
        case MessageKind::revalidate_reply:
        case MessageKind::connect_reply:
        case MessageKind::touch: break;
    }
    return {MessageSize::by_occurrence, header};
}

}  // namespace sim
