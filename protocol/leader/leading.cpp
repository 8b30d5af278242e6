#include "protocol/leader/leading.hpp"

#include "protocol/server.hpp"
#include "protocol/types/digest.hpp"

#include <algorithm>
#include <utility>

namespace zab {

Handler* Leading::find(LinkId link) {
    const auto found = std::find_if(handlers.begin(), handlers.end(),
                                    [link](const Handler& h) { return h.link == link; });
    return found == handlers.end() ? nullptr : &*found;
}

void Leading::on_link_up(Server& server, LinkId link, Effects& out) {
    Handler& handler = handlers.emplace_back();
    handler.link = link;
    if (phase != Phase::preparing) {
        accept(server, handler, out);
    }
}

/// LearnerCnxAcceptor starts a LearnerHandler.
void Leading::accept(const Server& server, Handler& handler, Effects& out) const {
    // It may take as long as the whole way to UPTODATE.
    handler.deadline = half_ticks + 2 * (server.config->init_limit + server.config->sync_limit);
    out.push(SetReadTimeout{handler.link, server.ticks(server.config->init_limit)});
}

void Leading::on_link_down(LinkId link) {
    std::erase_if(handlers, [link](const Handler& h) { return h.link == link; });
}

/// Whether a learner with a vote was heard of lately.
bool Leading::is_alive(NodeId voter) const {
    return std::any_of(handlers.begin(), handlers.end(), [this, voter](const Handler& h) {
        return h.sid == voter && h.participant && half_ticks <= h.deadline;
    });
}

void Leading::drop(LinkId link, Effects& out) {
    out.push(CloseLink{link});
    on_link_down(link);
}

/// Lets every handler thread that waits for something go on: they share one monitor (notifyAll).
void Leading::wake(Handler::Phase waiting, Effects& out) {
    for (const Handler& handler : handlers) {
        if (handler.phase == waiting) {
            out.hand(Stage::handler, handler.link);
        }
    }
}

void Leading::on_handler_turn(Server& server, LinkId link, Effects& out) {
    Handler* handler = find(link);
    if (handler == nullptr) {
        return;
    }
    if (handler->unread.has_value()) {
        const Message message = *std::exchange(handler->unread, std::nullopt);
        on_packet(server, link, message, out);
    } else if (handler->phase == Handler::Phase::awaiting_epoch && epoch_written) {
        tell_epoch(server, *handler, out);
    } else if (handler->phase == Handler::Phase::awaiting_quorum && election_finished) {
        synchronize(server, *handler, nullptr, out);
    } else if (handler->phase == Handler::Phase::serializing) {
        begin_serializing(server, *handler, out);
    } else if (handler->phase == Handler::Phase::awaiting_startup) {
        start_learner(server, *handler, out);
    }
}

void Leading::on_packet(Server& server, LinkId link, const Message& message, Effects& out) {
    Handler* handler = find(link);
    if (handler == nullptr) {
        return;
    }
    if (phase == Phase::preparing) {
        handler->unread = message;
        return;
    }
    switch (handler->phase) {
        case Handler::Phase::registering:
            if (const auto* info = std::get_if<FollowerInfo>(&message)) {
                handler->sid = info->sid;
                handler->participant = server.quorum.is_voter(info->sid);
                on_registered(server, *handler, info->accepted_epoch, out);
            } else if (const auto* observer = std::get_if<ObserverInfo>(&message)) {
                handler->sid = observer->sid;
                on_registered(server, *handler, observer->accepted_epoch, out);
            } else {
                drop(link, out);
            }
            return;
        case Handler::Phase::acknowledging:
            if (const auto* ack = std::get_if<AckEpoch>(&message)) {
                on_ack_epoch(server, *handler, *ack, out);
            } else {
                drop(link, out);
            }
            return;
        case Handler::Phase::synchronizing:
            if (const auto* ack = std::get_if<Ack>(&message)) {
                on_new_leader_ack(server, *handler, ack->zxid, out);
            } else {
                drop(link, out);  // "Next packet was supposed to be an ACK".
            }
            return;
        case Handler::Phase::awaiting_epoch:
        case Handler::Phase::awaiting_quorum:
        case Handler::Phase::reading_log:
        case Handler::Phase::serializing:
        case Handler::Phase::awaiting_startup:
        case Handler::Phase::streaming:
            // Only here, in the packet loop: until then it has initLimit and syncLimit together.
            handler->deadline = half_ticks + 2 * server.config->sync_limit;
            on_streamed(server, *handler, message, out);
            return;
    }
}

void Leading::on_streamed(Server& server, Handler& handler, const Message& message, Effects& out) {
    if (const auto* ack = std::get_if<Ack>(&message)) {
        handler.sync_limit.on_ack(ack->zxid);
        on_ack(server, handler.sid, ack->zxid, out);
        return;
    }
    const LinkId link = handler.link;
    if (const auto* touch = std::get_if<Touch>(&message)) {
        for (const SessionId session : touch->sessions) {
            server.pipeline.sessions.touch(session, server.now.monotonic, server.config->tick_time);
        }
        return;
    }
    if (const auto* forward = std::get_if<Forward>(&message)) {
        server.pipeline.requests.push({forward->request, handler.sid, link});
        out.hand(Stage::request);
    } else if (const auto* sync = std::get_if<Sync>(&message)) {
        Request request{sync->session, sync->cxid, 0, 0, 0, Operation::sync};
        server.pipeline.requests.push({request, handler.sid, link});
        out.hand(Stage::request);
    } else if (const auto* revalidate = std::get_if<Revalidate>(&message)) {
        const bool is_known = server.pipeline.revalidate(server, revalidate->session, link);
        handler.send(RevalidateReply{revalidate->session, is_known}, out);
    }
}

Verdict Leading::on_tick(Server& server, Effects& out) {
    ++half_ticks;
    const Duration half_tick = server.config->tick_time / 2;
    out.push(SetTimer{TimerKind::tick, half_tick, half_tick});
    const bool is_whole_tick = half_ticks % 2 == 0;
    const bool has_quorum = server.quorum.is_quorum_where(
        [&](NodeId voter) { return voter == server.self || is_alive(voter); });
    const bool leaves = is_whole_tick && !has_quorum;  // "Not sufficient followers synced".
    if (!leaves || server.release().pings_before_leaving) {
        ping(server, out);
    }
    return leaves ? Verdict::leave : Verdict::stay;
}

/// LearnerHandler.ping: who has not acknowledged a proposal for syncLimit is not pinged but closed.
void Leading::ping(const Server& server, Effects& out) {
    const Duration limit = server.ticks(server.config->sync_limit);
    std::vector<LinkId> late;
    for (Handler& handler : handlers) {
        if (handler.sync_limit.is_late(server.now.monotonic, limit)) {
            late.push_back(handler.link);
        } else if (handler.sending) {
            handler.send(Ping{half_ticks}, out);
        }
    }
    for (const LinkId link : late) {
        drop(link, out);
    }
}

std::uint64_t Handler::fingerprint() const {
    Digest digest;
    digest.add(link.slot).add(link.generation).add(sid.value).add(participant);
    digest.add(static_cast<std::uint64_t>(phase)).add(forwarding).add(sending);
    digest.add(last_zxid.value).add(snapshot_name.prefix).add(snapshot_zxid.value).add(deadline);
    digest.add(unread.has_value() ? identity(*unread) : 0).add(static_cast<std::uint64_t>(syncs));
    sync_limit.add_to(digest);
    digest.add(queue.size());
    for (std::size_t i = 0; i < queue.size(); ++i) {
        digest.add(identity(queue[i]));
    }
    return digest.value;
}

std::uint64_t Leading::fingerprint() const {
    Digest digest;
    digest.add(static_cast<std::uint64_t>(phase)).add(epoch.value).add(epoch_decided);
    digest.add(epoch_written).add(election_finished).add(last_proposed.prefix);
    digest.add(last_proposed.zxid.value).add(last_committed.value);
    for (const Zxid acked : last_acked) {
        digest.add(acked.value);
    }
    digest.add(summary.zxid.value).add(summary.peer_epoch.value).add(half_ticks);
    digest.add(awaits_expiry);
    digest.add(patience_ends.has_value());
    digest.add(static_cast<std::uint64_t>(patience_ends.value_or(Instant{}).ns));
    digest.add(to_be_applied.size());
    for (std::size_t i = 0; i < to_be_applied.size(); ++i) {
        digest.add(identity(to_be_applied[i]));
    }
    for (const NodeSet* set : {&connecting, &electing, &new_leader_acks}) {
        digest.add(set->words().size());
        for (const std::uint64_t word : set->words()) {
            digest.add(word);
        }
    }
    digest.add(handlers.size());
    for (const Handler& handler : handlers) {
        digest.add(handler.fingerprint());
    }
    digest.add(outstanding.size());
    for (std::size_t i = 0; i < outstanding.size(); ++i) {
        digest.add(identity(outstanding[i].txn)).add(outstanding[i].acks);
    }
    digest.add(pending_syncs.size());
    for (const PendingSync& pending : pending_syncs) {
        digest.add(pending.after.value).add(pending.handler.slot).add(pending.handler.generation);
        digest.add(pending.sync.session.value).add(pending.sync.cxid);
    }
    return digest.value;
}

}  // namespace zab
