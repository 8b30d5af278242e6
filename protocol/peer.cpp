#include "protocol/peer.hpp"

#include "protocol/types/digest.hpp"

#include <utility>

namespace zab {

namespace {

/// When lead() wakes because its time is over, what it has waited for may have come all the same.
bool waits_in_vain(const Leading& leading, const Quorum& quorum) {
    using Phase = Leading::Phase;
    return (leading.phase == Phase::discovery && !leading.epoch_decided) ||
           (leading.phase == Phase::epoch_proposed && !leading.election_finished) ||
           (leading.phase == Phase::synchronization && !quorum.is_quorum(leading.new_leader_acks));
}

}  // namespace

Peer::Peer(NodeId self, std::shared_ptr<const Config> config)
    : server_(self, std::move(config)), role_(Booting{}) {}

/// Boot (QuorumPeer.loadDataBase): snapshot and log are in memory, then the epochs must fit.
void Peer::on(const Started& started, Effects& out) {
    if (const auto refusal = unreadable(*started.disk)) {
        end(RefuseToStart{*refusal, {}}, out);
        return;
    }
    server_.database.load(*started.disk);
    const Zxid last = server_.database.last_processed();
    if (const auto refusal = take_epochs(*started.disk)) {
        end(RefuseToStart{*refusal, last}, out);
        return;
    }
    server_.pipeline.next_jitter = started.snapshot_jitter;
    server_.pipeline.draw_snapshot_distance(*server_.config);
    // currentVote, until an election gives another: ourselves.
    server_.vote.vote = {server_.self, last, server_.current_epoch};
    const Position end = server_.database.position();
    out.note(NoteKind::booted, end.zxid.value, end.prefix, server_.current_epoch.value);
    go_on_booting(out);
}

void Peer::go_on_booting(Effects& out) {
    auto& booting = std::get<Booting>(role_);
    if (booting.writes_current) {
        booting.writes_current = false;
        out.start(Work::write_current_epoch, Stage::main, server_.current_epoch.value);
    } else if (booting.writes_accepted) {
        booting.writes_accepted = false;
        out.start(Work::write_accepted_epoch, Stage::main, server_.accepted_epoch.value);
    } else {
        out.push(Listen{LinkKind::election, true});
        out.push(Listen{LinkKind::client, true});
        become_looking(out);
    }
}

void Peer::on(const Received& received, Effects& out) {
    switch (received.kind) {
        case LinkKind::election: on_election_message(received, out); return;
        case LinkKind::client: on_client_message(received, out); return;
        case LinkKind::learner: break;
    }
    if (auto* leading = std::get_if<Leading>(&role_)) {
        leading->on_packet(server_, received.link, *received.message, out);
        return;
    }
    auto* learning = std::get_if<Learning>(&role_);
    if (learning == nullptr || learning->link != received.link) {
        return;
    }
    switch (learning->phase) {
        case Learning::Phase::connecting:
        case Learning::Phase::accepting:
        case Learning::Phase::truncating:
        case Learning::Phase::snapshotting:
        case Learning::Phase::logging:
        case Learning::Phase::entering_epoch:
        case Learning::Phase::starting:
            return;  // The main thread is busy with its disk and reads nothing.
        case Learning::Phase::registering:
            if (const auto* info = std::get_if<LeaderInfo>(received.message)) {
                settle(learning->on_leader_info(server_, *info, out), out);
            } else {
                leave(out);
            }
            return;
        case Learning::Phase::waiting_to_sync:
        case Learning::Phase::synchronizing:
        case Learning::Phase::handing_over:
        case Learning::Phase::handed_over:
        case Learning::Phase::acknowledged:
            settle(learning->on_sync_packet(server_, *received.message, received.snapshot, out),
                   out);
            return;
        case Learning::Phase::serving: learning->on_packet(server_, *received.message, out); return;
    }
}

void Peer::on_election_message(const Received& received, Effects& out) {
    if (const auto* hello = std::get_if<Hello>(received.message)) {
        server_.connections.on_hello(received.link, *hello, out);
        return;
    }
    const auto sender = server_.connections.peer_of(received.link);
    const auto* notification = std::get_if<Notification>(received.message);
    if (sender.has_value() && notification != nullptr) {
        on_notification(server_, std::get_if<Looking>(&role_), *sender, *notification, out);
        const auto* leading = std::get_if<Leading>(&role_);
        if (leading != nullptr && notification->state == ServerState::looking) {
            settle(leading->on_looking_voter(server_, *sender), out);
        }
    }
}

void Peer::on_client_message(const Received& received, Effects& out) {
    if (const auto* request = std::get_if<ClientRequest>(received.message)) {
        server_.pipeline.on_client_request(server_, received.link, request->request, out);
    } else if (const auto* connect = std::get_if<Connect>(received.message)) {
        on_connect(received.link, *connect, out);
    } else if (const auto* ping = std::get_if<ClientPing>(received.message)) {
        server_.pipeline.on_client_ping(server_, received.link, *ping, out);
    }
}

/// ZooKeeperServer.processConnectRequest.
void Peer::on_connect(LinkId link, const Connect& connect, Effects& out) {
    Pipeline& pipeline = server_.pipeline;
    const bool refuses_as_leader = is_leader() && !server_.config->leader_serves;
    // A client that has seen more than we have must not travel back in time.
    if (!pipeline.serving || refuses_as_leader ||
        connect.last_seen > server_.database.last_processed()) {
        out.push(CloseLink{link});
        return;
    }
    SessionId session = connect.session;
    const bool is_new = session.value == 0;
    if (is_new) {
        session = {pipeline.session_base + pipeline.sessions_created};
        ++pipeline.sessions_created;
    }
    Connect agreed = connect;
    agreed.timeout_ms = server_.config->session_timeout_ms(connect.timeout_ms);
    const LinkId replaced = pipeline.clients.add(link, session, agreed);
    if (replaced.exists()) {
        out.push(CloseLink{replaced});
        pipeline.forget(replaced, out);
    }
    if (is_new) {
        const Request request{
            session, 0, agreed.timeout_ms, 0, connect.client, Operation::create_session};
        pipeline.on_new_session(*pipeline.clients.by_link(link), request, out);
    } else if (const auto* learning = std::get_if<Learning>(&role_)) {
        learning->ask_to_revalidate(session, out);
    } else {
        pipeline.finish_attaching(session, pipeline.revalidate(server_, session, {}), out);
    }
}

void Peer::on(const Ran& ran, Effects& out) {
    switch (ran.stage) {
        case Stage::main:
            if (auto* leading = std::get_if<Leading>(&role_)) {
                leading->on_main_turn(server_, out);
            } else if (auto* learning = std::get_if<Learning>(&role_)) {
                learning->on_main_turn(server_, out);
            } else {
                on_looking_turn(out);
            }
            return;
        case Stage::election: {
            const Notification own = server_.connections.take_loopback();
            on_notification(server_, std::get_if<Looking>(&role_), server_.self, own, out);
            return;
        }
        case Stage::io: return;
        case Stage::request: on_request_turn(out); return;
        case Stage::sync: server_.pipeline.on_sync_turn(server_, out); return;
        case Stage::commit: {
            if (!server_.pipeline.has_to_commit()) {
                return;
            }
            const auto applied = server_.pipeline.commit_next(server_, out);
            auto* leading = std::get_if<Leading>(&role_);
            if (leading != nullptr && applied.has_value()) {
                leading->on_applied(*applied);
            }
            return;
        }
        case Stage::snapshot: out.start(Work::write_snapshot, Stage::snapshot); return;
        case Stage::handler:
            if (auto* leading = std::get_if<Leading>(&role_)) {
                leading->on_handler_turn(server_, ran.link, out);
            }
            return;
    }
}

void Peer::on_looking_turn(Effects& out) {
    auto* looking = std::get_if<Looking>(&role_);
    if (looking == nullptr || server_.election_queue.empty()) {
        return;
    }
    const bool was_decided = looking->decision.has_value();
    looking->on_next_vote(server_, out);
    if (!was_decided && looking->decision.has_value()) {
        out.start(Work::finish_election, Stage::main);
    }
}

void Peer::on_request_turn(Effects& out) {
    if (server_.pipeline.requests.empty()) {
        return;
    }
    if (auto* leading = std::get_if<Leading>(&role_)) {
        settle(leading->on_request(server_, out), out);
    } else if (auto* learning = std::get_if<Learning>(&role_)) {
        learning->on_request(server_, out);
    }
}

void Peer::on(const TimerFired& fired, Effects& out) {
    auto* looking = std::get_if<Looking>(&role_);
    auto* learning = std::get_if<Learning>(&role_);
    auto* leading = std::get_if<Leading>(&role_);
    switch (fired.timer) {
        case TimerKind::notification:
            if (looking != nullptr) {
                looking->on_notification_timer(server_, out);
            }
            return;
        case TimerKind::finalize:
            if (looking != nullptr && !looking->decision.has_value()) {
                looking->on_finalize_timer(server_, out);
                if (looking->decision.has_value()) {
                    out.start(Work::finish_election, Stage::main);
                }
            }
            return;
        case TimerKind::dial_retry:
            if (learning != nullptr && learning->phase == Learning::Phase::connecting) {
                settle(learning->on_dial_retry(server_, out), out);
            }
            return;
        case TimerKind::epoch_wait:
            if (leading != nullptr && waits_in_vain(*leading, server_.quorum)) {
                leave(out);  // No quorum came within initLimit ticks.
            }
            return;
        case TimerKind::tick:
            if (leading != nullptr) {
                settle(leading->on_tick(server_, out), out);
            }
            return;
        case TimerKind::observer:
            if (std::holds_alternative<Leaving>(role_)) {
                become_looking(out);
            }
            return;
        case TimerKind::expiry:
            if (leading != nullptr) {
                leading->on_expiry(server_, out);
            }
            return;
        case TimerKind::flush: server_.pipeline.on_flush_timer(out); return;
    }
}

void Peer::on(const LinkUp& up, Effects& out) {
    if (up.kind == LinkKind::election) {
        server_.connections.on_link_up(up, out);
        return;
    }
    if (up.kind == LinkKind::client) {
        return;  // Nothing is known of it before it asks to connect.
    }
    auto* learning = std::get_if<Learning>(&role_);
    auto* leading = std::get_if<Leading>(&role_);
    if (up.accepted && leading != nullptr) {
        leading->on_link_up(server_, up.link, out);
    } else if (!up.accepted && learning != nullptr && learning->leader == up.peer &&
               learning->phase == Learning::Phase::connecting) {
        learning->on_link_up(server_, up.link, out);
    } else {
        out.push(CloseLink{up.link});
    }
}

void Peer::on(const LinkDown& down, Effects& out) {
    switch (down.kind) {
        case LinkKind::election: server_.connections.on_link_down(down.link); return;
        case LinkKind::client: server_.pipeline.forget(down.link, out); return;
        case LinkKind::learner: break;
    }
    if (auto* leading = std::get_if<Leading>(&role_)) {
        leading->on_link_down(down.link);
        return;
    }
    const auto* learning = std::get_if<Learning>(&role_);
    if (learning != nullptr && learning->link == down.link) {
        leave(out);
    }
}

void Peer::on(const DialFailed& failed, Effects& out) {
    if (failed.kind == LinkKind::election) {
        server_.connections.on_dial_failed(failed.peer, out);
        return;
    }
    auto* learning = std::get_if<Learning>(&role_);
    if (learning != nullptr && learning->leader == failed.peer &&
        learning->phase == Learning::Phase::connecting) {
        settle(learning->on_dial_failed(server_, out), out);
    }
}

std::uint64_t Peer::fingerprint() const {
    Digest digest;
    digest.add(role_.index()).add(server_.database.fingerprint());
    digest.add(server_.accepted_epoch.value).add(server_.current_epoch.value).add(server_.round);
    digest.add(server_.vote.vote.leader.value).add(server_.vote.vote.zxid.value);
    digest.add(server_.vote.vote.peer_epoch.value).add(server_.vote.round);
    digest.add(static_cast<std::uint64_t>(server_.state));
    digest.add(server_.connections.fingerprint()).add(server_.pipeline.fingerprint());
    digest.add(server_.asks_for_snapshot);
    for (std::size_t i = 0; i < server_.election_queue.size(); ++i) {
        const HeardVote& heard = server_.election_queue[i];
        digest.add(heard.sender.value).add(heard.notification.leader.value);
        digest.add(heard.notification.zxid.value).add(heard.notification.round);
        digest.add(heard.notification.peer_epoch.value);
        digest.add(static_cast<std::uint64_t>(heard.notification.state));
        digest.add(heard.notification.version);
    }
    if (const auto* looking = std::get_if<Looking>(&role_)) {
        digest.add(looking->fingerprint());
    } else if (const auto* learning = std::get_if<Learning>(&role_)) {
        digest.add(learning->fingerprint());
    } else if (const auto* leading = std::get_if<Leading>(&role_)) {
        digest.add(leading->fingerprint());
    } else if (const auto* leaving = std::get_if<Leaving>(&role_)) {
        digest.add(static_cast<std::uint64_t>(leaving->step)).add(leaving->was_serving);
        digest.add(leaving->reload).add(leaving->was_leading);
        digest.add(leaving->promises).add(leaving->is_through).add(leaving->learners.size());
    } else if (const auto* booting = std::get_if<Booting>(&role_)) {
        digest.add(booting->writes_current).add(booting->writes_accepted);
    }
    return digest.value;
}

}  // namespace zab
