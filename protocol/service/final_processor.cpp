#include "protocol/server.hpp"
#include "protocol/service/pipeline.hpp"

// FinalRequestProcessor: what is committed takes effect, and clients are answered.

namespace zab {

/// At once, unless watchers must be told first.
inline void Pipeline::answer_in_order(const Request& own, Zxid zxid,
                                      std::optional<SessionRefusal> refusal, Effects& out) {
    if (notices.empty()) {
        answer(own, zxid, refusal, out);
    } else {
        held_answer = {own, zxid};
    }
}

inline std::optional<Zxid> Pipeline::take_commit_item(Server& server, Effects& out) {
    const CommitProcessor::Step step = to_commit.take_next();
    const Request* request = step.request;
    std::optional<Zxid> applied;
    switch (step.turn) {
        case CommitProcessor::Turn::idle: return applied;
        case CommitProcessor::Turn::pass: on_read(server, *request, false, out); break;
        case CommitProcessor::Turn::hold: note_request(NoteKind::request, {}, *request, out); break;
        case CommitProcessor::Turn::commit:
            if (const auto* txn = std::get_if<Txn>(step.committed)) {
                on_committed(server, *txn, request, out);
                applied = txn->zxid;
                break;
            }
            const Zxid last = server.database.last_processed();
            out.note(NoteKind::read, last.value, 0, std::get<SyncReply>(*step.committed).cxid, {},
                     static_cast<std::uint16_t>(Operation::sync));
            if (request != nullptr) {
                answer(*request, last, std::nullopt, out);
            }
            break;
    }
    return applied;
}

std::optional<Zxid> Pipeline::commit_next(Server& server, Effects& out) {
    std::optional<Zxid> applied;
    if (notices.empty()) {
        applied = take_commit_item(server, out);
    } else {
        tell_next_watcher(out);
    }
    while (notices.empty()) {
        const Request* read = to_commit.take_released();
        if (read == nullptr) {
            return applied;
        }
        on_read(server, *read, true, out);
    }
    out.go_on(Stage::commit);
    return applied;
}

/// FinalRequestProcessor: the state as it is now is what is read.
void Pipeline::on_read(const Server& server, const Request& request, bool was_held, Effects& out) {
    const ClientConnection* connection = clients.by_session(request.session);
    const bool has_gone = connection == nullptr || !connection->has_asked(request);
    const Zxid seen = server.database.last_processed();
    if (has_gone || request.refusal.has_value()) {
        if (!was_held) {
            note_request(NoteKind::request, {}, request, out);
        }
    } else {
        note_request(NoteKind::read, seen, request, out);
        watch(server, *connection, request, out);
    }
    answer_in_order(request, seen, request.refusal, out);
}

/// `own`: the request that it answers, if a client of this server has made it.
void Pipeline::on_committed(Server& server, const Txn& txn, const Request* own, Effects& out) {
    server.database.apply(txn);
    out.note(NoteKind::deliver, txn.zxid.value, server.database.position().prefix,
             server.database.tree_digest());
    if (!watches.empty()) {
        trigger_watches(server, txn);
    }
    if (txn.type == TxnType::close_session) {
        close_session(txn, own, out);
        return;
    }
    if (txn.type == TxnType::create_session && !tracks_sessions) {
        touch_later(txn.session);  // LearnerSessionTracker.commitSession, on every learner.
    }
    if (own != nullptr && txn.type == TxnType::create_session) {
        finish_attaching(txn.session, true, out);
        ClientConnection* connection = clients.by_session(txn.session);
        if (connection != nullptr && connection->has_asked(*own)) {
            on_answered(*connection, *own, out);
        }
    } else if (own != nullptr) {
        const bool is_refused = txn.type == TxnType::error;
        answer_in_order(
            *own, txn.zxid,
            is_refused ? std::optional(static_cast<SessionRefusal>(txn.path)) : std::nullopt, out);
    }
}

/// FinalRequestProcessor: whoever holds the session's connection ends it, behind the reply if the
/// client itself has asked.
void Pipeline::close_session(const Txn& txn, const Request* own, Effects& out) {
    sessions.remove(txn.session);
    std::erase(touched, txn.session);
    const ClientConnection* connection = clients.by_session(txn.session);
    if (connection == nullptr) {
        return;
    }
    const LinkId link = connection->link;
    if (own != nullptr && connection->has_asked(*own)) {
        out.send(link, ClientReply{txn.zxid, txn.cxid, Operation::close_session, Outcome::ok});
    }
    out.push(CloseLink{link});
    forget(link, out);
}

/// Only the connection over which it came gets the answer, not a later one of the same session.
void Pipeline::answer(const Request& own, Zxid zxid, std::optional<SessionRefusal> refusal,
                      Effects& out) {
    ClientConnection* connection = clients.by_session(own.session);
    if (connection == nullptr || !connection->has_asked(own)) {
        return;
    }
    const LinkId link = connection->link;
    if (refusal == SessionRefusal::moved) {
        // Not the request is wrong but the connection (ZOOKEEPER-710): the client may have tried
        // here first and given up, and the leader heard of this server last.
        out.push(CloseLink{link});
        forget(link, out);
        return;
    }
    if (own.operation == Operation::ping) {
        out.send(link, ClientPingReply{zxid, own.cxid});
    } else {
        const Outcome outcome = refusal.has_value() ? Outcome::session_expired : Outcome::ok;
        out.send(link, ClientReply{zxid, own.cxid, own.operation, outcome});
    }
    on_answered(*connection, own, out);
}

void Pipeline::on_answered(ClientConnection& connection, const Request& own, Effects& out) {
    clients.end_request(connection, own);
    const bool waits = is_crowded() && connection.outstanding > 0;
    if (!connection.reading && !waits && own.operation != Operation::ping) {
        connection.reading = true;
        out.push(SetReading{connection.link, true});
    }
    admit(out);
}

}  // namespace zab
