#include "protocol/leader/leading.hpp"
#include "protocol/server.hpp"

namespace zab {

// Phase 3 on the leader: PrepRequestProcessor, ProposalRequestProcessor, Leader.processAck.

namespace {

constexpr std::uint32_t last_counter = 0xffffffff;

TxnType type_of(Operation operation) {
    switch (operation) {
        case Operation::create: return TxnType::create;
        case Operation::create_session: return TxnType::create_session;
        case Operation::close_session: return TxnType::close_session;
        case Operation::set: return TxnType::set;
        case Operation::get:
        case Operation::watch:
        case Operation::set_watches:
        case Operation::ping:
        case Operation::sync: break;
    }
    ensure(false, "only a write becomes a transaction");
    return TxnType::set;
}

}  // namespace

Verdict Leading::on_request(Server& server, Effects& out) {
    Submitted submitted = server.pipeline.requests.front();
    server.pipeline.requests.pop();
    submitted.request.without_client |= submitted.from.value != 0;
    const Request& request = submitted.request;
    const bool is_own_client = submitted.from.value == 0;
    const bool is_write = needs_commit(request.operation, true);
    if (is_write && last_proposed.zxid.next().counter() == last_counter) {
        return Verdict::leave;  // The last zxid of an epoch is never used (ZOOKEEPER-1277).
    }
    const auto refusal = check_session(server, submitted, out);
    if (is_write) {
        // First into the commit processor, whoever has asked: the commit must find it waiting.
        server.pipeline.submit_to_commit(request, out);
        propose(server, request, refusal, out);
        return Verdict::stay;
    }
    note_request(NoteKind::request, {}, request, out);
    if (is_own_client) {
        Request read = request;  // sync too: here only an ordered read.
        read.refusal = refusal;
        server.pipeline.submit_to_commit(read, out);
        return Verdict::stay;
    }
    // A learner's sync is not refused: it asks how far the leader is, not for a session.
    // Leader.processSync: behind the last proposal still outstanding, or at once.
    const Sync sync{request.session, request.cxid};
    if (!outstanding.empty()) {
        pending_syncs.push_back({last_proposed.zxid, submitted.handler, sync});
    } else if (Handler* handler = find(submitted.handler)) {
        handler->send(SyncReply{sync.session, sync.cxid}, out);
    }
    return Verdict::stay;
}

/// A refused request gets a zxid too: the server that waits for it learns by its commit.
void Leading::propose(Server& server, const Request& request, std::optional<SessionRefusal> refusal,
                      Effects& out) {
    Txn txn{last_proposed.zxid.next(), request.session, request.cxid, request.path, request.bytes,
            type_of(request.operation)};
    if (refusal.has_value()) {
        txn.type = TxnType::error;
        txn.path = static_cast<PathId>(*refusal);
        txn.bytes = 0;
    }
    last_proposed = advance(last_proposed, txn);
    out.note(NoteKind::propose, txn.zxid.value, last_proposed.prefix, txn.bytes);
    Outstanding& proposal = outstanding.push_slot();
    proposal.txn = txn;
    proposal.prefix = last_proposed.prefix;
    proposal.acks = 0;
    for (Handler& handler : handlers) {
        if (handler.forwarding && handler.participant) {
            if (handler.phase == Handler::Phase::streaming) {
                // Not before NEWLEADER's ack.
                handler.sync_limit.on_proposal(txn.zxid, server.now.monotonic);
            }
            handler.send(Proposal{txn}, out);
        }
    }
    // Our own log comes last: a quorum of followers may commit before we have it on disk.
    server.pipeline.log(txn, out);
}

void Leading::on_flushed(Server& server, Effects& out) {
    Ring<Zxid>& flushed = server.pipeline.to_flush;
    if (!flushed.empty()) {
        out.note(NoteKind::ack, flushed.back().value, 0, 0, server.self);
    }
    for (; !flushed.empty(); flushed.pop()) {
        on_ack(server, server.self, flushed.front(), out);
    }
}

void Leading::on_ack(Server& server, NodeId from, Zxid zxid, Effects& out) {
    if (zxid.counter() == 0 || outstanding.empty() || zxid <= last_committed) {
        return;  // UPTODATE's ack, or a late one: the quorum was reached without it.
    }
    const Zxid first = outstanding.front().txn.zxid;
    const std::uint64_t index = zxid.value - first.value;
    if (zxid < first || index >= outstanding.size()) {
        return;  // Never proposed: ignored.
    }
    if (!server.quorum.is_voter(from) || zxid <= acked(from)) {
        return;  // It does not vote, or was counted before, maybe on an earlier connection.
    }
    acked(from) = zxid;
    Outstanding& proposal = outstanding[index];
    ++proposal.acks;
    // In order: a successor has its own later ack, which comes behind this one's.
    if (index == 0 && is_logged_by_quorum(server, proposal)) {
        commit(server, out);
    }
}

bool Leading::is_logged_by_quorum(const Server& server, const Outstanding& proposal) const {
    if (server.quorum.is_majority()) {
        return server.quorum.is_enough(proposal.acks);
    }
    return server.quorum.is_quorum_where([this, &proposal](NodeId voter) {
        return voter.value < last_acked.size() && last_acked[voter.value] >= proposal.txn.zxid;
    });
}

Zxid& Leading::acked(NodeId voter) {
    if (voter.value >= last_acked.size()) {
        last_acked.resize(std::size_t{voter.value} + 1);
    }
    return last_acked[voter.value];
}

void Leading::commit(Server& server, Effects& out) {
    const Outstanding decided = outstanding.front();
    outstanding.pop();
    to_be_applied.push(decided.txn);
    last_committed = decided.txn.zxid;
    out.note(NoteKind::commit, decided.txn.zxid.value, decided.prefix, decided.acks);
    for (Handler& handler : handlers) {
        if (!handler.forwarding) {
            continue;
        }
        if (handler.phase == Handler::Phase::awaiting_startup) {
            out.hand(Stage::handler, handler.link);  // It may wait for this commit.
        }
        if (handler.participant) {
            handler.send(Commit{decided.txn.zxid}, out);
        } else {
            // Observers do not vote: a proposal would only have cost bandwidth.
            handler.send(Inform{decided.txn}, out);
        }
    }
    server.pipeline.submit_to_commit(decided.txn, out);
    answer_syncs(decided.txn.zxid, out);
}

void Leading::answer_syncs(Zxid committed, Effects& out) {
    while (!pending_syncs.empty() && pending_syncs.front().after <= committed) {
        const PendingSync pending = pending_syncs.front();
        pending_syncs.erase(pending_syncs.begin());
        if (Handler* handler = find(pending.handler)) {
            handler->send(SyncReply{pending.sync.session, pending.sync.cxid}, out);
        }
    }
}

void Leading::on_applied(Zxid zxid) {
    if (!to_be_applied.empty() && to_be_applied.front().zxid == zxid) {
        to_be_applied.pop();
    }
}

}  // namespace zab
