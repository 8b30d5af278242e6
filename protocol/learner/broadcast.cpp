#include "protocol/learner/learning.hpp"
#include "protocol/server.hpp"
#include "protocol/types/digest.hpp"

namespace zab {

namespace {

// ExitCode.UNMATCHED_TXN_COMMIT.
constexpr std::uint16_t unmatched_commit = 12;

}  // namespace

// Phase 3 on a learner: q/Follower.processPacket, q/Observer.processPacket.

void Learning::on_packet(Server& server, const Message& message, Effects& out) {
    switch (kind_of(message)) {
        case MessageKind::proposal: propose(server, std::get<Proposal>(message).txn, out); return;
        case MessageKind::commit: commit(server, std::get<Commit>(message).zxid, out); return;
        case MessageKind::inform:
            propose(server, std::get<Inform>(message).txn, out);
            commit(server, std::get<Inform>(message).txn.zxid, out);
            return;
        case MessageKind::ping:
            server.pipeline.send_touches(link, out);
            out.send(link, PingReply{std::get<Ping>(message).number});
            return;
        case MessageKind::sync_reply:
            if (!pending_syncs.empty()) {
                const Sync& oldest = pending_syncs.front();
                server.pipeline.submit_to_commit(SyncReply{oldest.session, oldest.cxid}, out);
                pending_syncs.pop();
            }
            return;
        case MessageKind::revalidate_reply: {
            const auto& reply = std::get<RevalidateReply>(message);
            server.pipeline.finish_attaching(reply.session, reply.valid, out);
            return;
        }
        case MessageKind::hello:
        case MessageKind::notification:
        case MessageKind::follower_info:
        case MessageKind::observer_info:
        case MessageKind::leader_info:
        case MessageKind::ack_epoch:
        case MessageKind::diff:
        case MessageKind::trunc:
        case MessageKind::snap:
        case MessageKind::new_leader:
        case MessageKind::ack:
        case MessageKind::up_to_date:
        case MessageKind::forward:
        case MessageKind::sync:
        case MessageKind::ping_reply:
        case MessageKind::revalidate:
        case MessageKind::connect:
        case MessageKind::connect_reply:
        case MessageKind::client_request:
        case MessageKind::client_reply:
        case MessageKind::client_ping:
        case MessageKind::client_ping_reply:
        case MessageKind::telegram:
        case MessageKind::watch_event:
        case MessageKind::touch: return;  // Logged as unknown by ZooKeeper, otherwise ignored.
    }
}

void Learning::propose(Server& server, const Txn& txn, Effects& out) {
    pending.push(txn);
    server.pipeline.log(txn, out);
}

void Learning::commit(Server& server, Zxid zxid, Effects& out) {
    if (pending.empty()) {
        return;  // "Committing without seeing txn": warned and ignored.
    }
    const bool is_pending = pending.front().zxid <= zxid;
    if (server.release().returning_learner_keeps && zxid <= brought && !is_pending) {
        return;  // Its ACK of NEWLEADER, which covers what it had brought, has committed it.
    }
    if (pending.front().zxid != zxid) {
        out.push(Halt{unmatched_commit});
        return;
    }
    server.pipeline.submit_to_commit(pending.front(), out);
    pending.pop();
}

void Learning::on_request(Server& server, Effects& out) {
    const Request request = server.pipeline.requests.front().request;
    server.pipeline.requests.pop();
    if (!needs_commit(request.operation, false)) {
        note_request(NoteKind::request, {}, request, out);
        server.pipeline.submit_to_commit(request, out);
        return;
    }
    out.note(NoteKind::forward, 0, request.client, request.cxid, leader,
             static_cast<std::uint16_t>(request.operation));
    // First into our own queue, then to the leader: its answer must find the request waiting.
    server.pipeline.submit_to_commit(request, out);
    if (request.operation == Operation::sync) {
        pending_syncs.push({request.session, request.cxid});
        out.send(link, Sync{request.session, request.cxid});
    } else {
        out.send(link, Forward{request});
    }
}

void Learning::on_flushed(Server& server, Effects& out) const {
    Ring<Zxid>& flushed = server.pipeline.to_flush;
    if (flushed.empty() || !server.is_voter()) {
        flushed.clear();
        return;
    }
    // SendAckRequestProcessor: one ACK a transaction, and only after the fsync that covers it.
    out.note(NoteKind::ack, flushed.back().value, 0, 0, leader);
    for (; !flushed.empty(); flushed.pop()) {
        out.send(link, Ack{flushed.front()});
    }
}

void Learning::ask_to_revalidate(SessionId session, Effects& out) const {
    out.send(link, Revalidate{session});
}

std::uint64_t Learning::fingerprint() const {
    Digest digest;
    digest.add(leader.value).add(static_cast<std::uint64_t>(phase));
    digest.add(link.slot).add(link.generation).add(last_queued.value);
    digest.add(static_cast<std::uint64_t>(mode)).add(attempts).add(new_epoch.value);
    for (const Ring<Txn>* ring : {&not_logged, &pending}) {
        digest.add(ring->size());
        for (std::size_t i = 0; i < ring->size(); ++i) {
            digest.add(identity((*ring)[i]));
        }
    }
    digest.add(truncated_to.value).add(brought.value).add(to_acknowledge.size());
    for (std::size_t i = 0; i < to_acknowledge.size(); ++i) {
        digest.add(to_acknowledge[i].value);
    }
    digest.add(committed.size());
    for (std::size_t i = 0; i < committed.size(); ++i) {
        digest.add(committed[i].value);
    }
    digest.add(pending_syncs.size());
    for (std::size_t i = 0; i < pending_syncs.size(); ++i) {
        digest.add(pending_syncs[i].session.value).add(pending_syncs[i].cxid);
    }
    return digest.value;
}

}  // namespace zab
