#include "protocol/service/pipeline.hpp"

#include "protocol/server.hpp"
#include "protocol/types/digest.hpp"

#include <algorithm>

namespace zab {

void Pipeline::start(const Server& server, bool leads) {
    serving = true;
    tracks_sessions = leads;
    to_commit.start(leads, server.config->commit_limits, server.release().requests);
    last_flush = server.now.monotonic;
    draw_snapshot_distance(*server.config);  // SyncRequestProcessor.run begins with that.
    if (server.release().counts_log_by_role) {
        forget_logged();
    }
    if (leads) {
        for (const Session& session : server.database.sessions()) {
            sessions.track(session, server.now.monotonic, server.config->tick_time);
        }
    }
    // SessionTrackerImpl.initializeNextSessionId: server id, 40 bits of wall clock, a counter. It
    // loses the upper bits of an id above 255, too.
    const auto wall_ms = static_cast<std::uint64_t>(server.now.wall.ns / 1'000'000);
    session_base = (std::uint64_t{server.self.value} << 56) | ((wall_ms << 24) >> 8);
    sessions_created = 0;
    // getGlobalOutstandingLimit: leader and followers divide it among each other, observers do not.
    const auto voters = static_cast<std::uint32_t>(server.config->voters.size());
    const std::uint32_t share = server.is_voter() && voters > 2 ? voters - 1 : 1;
    outstanding_limit = server.config->global_outstanding_limit / share;
    throttle_limit = server.config->throttle_max_requests;
}

void Pipeline::stop(Effects& out) {
    serving = false;
    tracks_sessions = false;
    sessions.clear();
    touched.clear();
    clients.for_each([&out](const ClientConnection& c) { out.push(CloseLink{c.link}); });
    clients.clear();
    watches.clear();
    notices.clear();
    held_answer.reset();
    throttled.clear();
    requests.clear();
    to_commit.clear();
    if (flush_is_due || last_flush != Instant{}) {
        flush_is_due = false;
        out.push(CancelTimer{TimerKind::flush});
    }
    for (const Stage stage : {Stage::io, Stage::request, Stage::commit}) {
        out.push(ClearStage{stage});
    }
}

void Pipeline::draw_snapshot_distance(const Config& config) {
    const std::uint32_t half = config.snapshot_count / 2;
    const std::uint64_t half_bytes = config.snapshot_size_limit / 2;
    snapshot_after = half + (half == 0 ? 0 : next_jitter % half);
    snapshot_after_bytes = half_bytes;
    if (half_bytes != 0) {
        snapshot_after_bytes += mix(next_jitter, half_bytes) % half_bytes;
    }
}

void Pipeline::abandon_log() {
    abandoned = to_log.size();
    to_flush.clear();
}

void Pipeline::on_client_request(const Server& server, LinkId link, const Request& request,
                                 Effects& out) {
    ClientConnection* connection = clients.by_link(link);
    if (!serving || connection == nullptr || !connection->attached) {
        out.push(CloseLink{link});
        return;
    }
    if (!touch(server, *connection)) {
        return;  // MissingSessionException: the end of its session will end the connection.
    }
    // Back pressure (shouldThrottle): this request is taken, but nothing more is read from its
    // connection before that has had an answer.
    const bool is_one_too_many = request.operation != Operation::ping && is_crowded();
    clients.begin_request(*connection, request);
    if (is_one_too_many && connection->reading) {
        connection->reading = false;
        out.push(SetReading{link, false});
    }
    submit(*connection, request, out);
}

void Pipeline::on_new_session(ClientConnection& connection, const Request& request, Effects& out) {
    clients.begin_request(connection, request);
    submit(connection, request, out);
}

/// To the first processor; with a throttler in front of it, when there is room.
void Pipeline::submit(ClientConnection& connection, const Request& request, Effects& out) {
    Submitted& submitted = (throttle_limit == 0 ? requests : throttled).push_slot();
    submitted.request = request;
    submitted.request.session = connection.session;
    submitted.from = {};
    submitted.handler = {};
    if (throttle_limit == 0) {
        out.hand(Stage::request);
        return;
    }
    clients.hold_request(connection);
    admit(out);
}

void Pipeline::forget(LinkId link, Effects& out) {
    watches.remove(link);
    clients.remove(link);
    admit(out);
}

/// RequestThrottler.run. Simplified: it costs nothing, and a request whose connection has ended
/// makes room at once, not when it has passed through the processors.
void Pipeline::admit(Effects& out) {
    while (!throttled.empty() && clients.in_process() < throttle_limit) {
        const Submitted next = throttled.front();
        throttled.pop();
        ClientConnection* connection = clients.by_session(next.request.session);
        if (connection != nullptr && connection->has_asked(next.request)) {
            clients.let_request_in(*connection);
        } else if (next.request.operation != Operation::close_session) {
            continue;  // Request.isStale: nobody waits for it any more.
        }
        requests.push(next);
        out.hand(Stage::request);
    }
}

/// ZooKeeperServer.shouldThrottle.
bool Pipeline::is_crowded() const {
    return std::max(clients.in_process(), clients.throttled()) > outstanding_limit;
}

void Pipeline::on_client_ping(const Server& server, LinkId link, const ClientPing& ping,
                              Effects& out) {
    Request request;
    request.cxid = ping.number;
    request.operation = Operation::ping;
    on_client_request(server, link, request, out);
}

/// A client's sign of life counts at once on the leader; a learner collects them
/// (LearnerSessionTracker). False: it comes too late.
bool Pipeline::touch(const Server& server, ClientConnection& connection) {
    if (!tracks_sessions) {
        touch_later(connection.session);
        return true;
    }
    const Duration tick = server.config->tick_time;
    const Instant now = server.now.monotonic;
    const std::uint64_t bucket = SessionTracker::bucket_of(now, connection.timeout_ms, tick);
    if (bucket != connection.bucket) {
        if (!sessions.touch(connection.session, now, tick)) {
            return false;
        }
        connection.bucket = bucket;
    }
    return true;
}

void Pipeline::touch_later(SessionId session) {
    if (ClientConnection* connection = clients.by_session(session)) {
        if (connection->touched) {
            return;
        }
        connection->touched = true;
    }
    touched.push_back(session);
}

void Pipeline::begin_to_close(SessionId session) {
    sessions.set_closing(session);
    if (ClientConnection* connection = clients.by_session(session)) {
        connection->bucket = 0;  // Its next sign of life is looked at.
    }
}

void Pipeline::send_touches(LinkId leader, Effects& out) {
    Touch touch;
    std::size_t used = 0;
    for (const SessionId session : touched) {
        if (ClientConnection* connection = clients.by_session(session)) {
            connection->touched = false;
        }
        touch.sessions[used++] = session;
        if (used == touch.sessions.size()) {
            out.send(leader, touch);
            touch = {};
            used = 0;
        }
    }
    if (used > 0) {
        out.send(leader, touch);
    }
    touched.clear();
}

bool Pipeline::revalidate(const Server& server, SessionId session, LinkId owner) {
    // Where the session is now counts as a sign of life. What still comes from where it was before
    // comes too late: two connections must not write in one session's name.
    if (!sessions.touch(session, server.now.monotonic, server.config->tick_time)) {
        return false;
    }
    sessions.set_owner(session, owner);
    return true;
}

void Pipeline::finish_attaching(SessionId session, bool valid, Effects& out) {
    ClientConnection* connection = clients.by_session(session);
    if (connection == nullptr || connection->attached) {
        return;
    }
    const LinkId link = connection->link;
    if (valid) {
        connection->attached = true;
        out.send(link, ConnectReply{session, connection->timeout_ms});
        return;
    }
    out.send(link, ConnectReply{});
    out.push(CloseLink{link});
    clients.remove(link);  // It has not been attached: it has no watches.
}

void Pipeline::append_next(Server& server, Effects& out) {
    const Txn& txn = to_log.front();
    to_log.pop();  // Its place is not taken before the end of this step.
    out.append(txn);
    if (abandoned != 0) {
        --abandoned;
    } else {
        to_flush.push(txn.zxid);
    }
    count_logged(txn);
    const bool is_long =
        server.release().snapshots_by_size && bytes_since_snapshot > snapshot_after_bytes;
    if (txns_since_snapshot > snapshot_after || is_long) {
        draw_snapshot_distance(*server.config);
        forget_logged();
        if (!snapshot_running) {  // "Too busy to snap, skipping": the next one will do.
            snapshot_running = true;
            out.hand(Stage::snapshot);
        }
    }
    flush_or_wait(server, out);
}

/// Group commit: flush as soon as nothing more waits, or when the batch is full. With flush_delay,
/// when the last flush is so long ago, or nothing has come for a third of it.
void Pipeline::flush_or_wait(const Server& server, Effects& out) {
    const Duration delay = server.config->flush_delay;
    const Duration left = delay - (server.now.monotonic - last_flush);
    const bool is_due = delay > Duration{} ? left <= Duration{} : to_log.empty();
    if (is_due || to_flush.size() >= server.config->max_batch_size) {
        flush_is_due = false;
        out.start(Work::sync_log, Stage::sync);
    } else if (delay > Duration{} && to_log.empty()) {
        const Duration rest = std::min(left, delay / 3);
        out.push(SetTimer{TimerKind::flush, rest, rest});
    }
}

void Pipeline::on_sync_turn(Server& server, Effects& out) {
    if (!to_log.empty()) {
        if (server.config->flush_delay > Duration{}) {
            out.push(CancelTimer{TimerKind::flush});
        }
        append_next(server, out);
    } else if (flush_is_due && !to_flush.empty()) {
        flush_is_due = false;
        out.start(Work::sync_log, Stage::sync);
    }
}

void Pipeline::on_flush_timer(Effects& out) {
    flush_is_due = true;
    out.hand(Stage::sync);
}

std::uint64_t Pipeline::fingerprint() const {
    Digest digest;
    digest.add(serving).add(clients.fingerprint());
    digest.add(tracks_sessions).add(sessions.fingerprint()).add(touched.size());
    for (const SessionId session : touched) {
        digest.add(session.value);
    }
    digest.add(txns_since_snapshot).add(snapshot_after).add(snapshot_running).add(abandoned);
    digest.add(bytes_since_snapshot).add(snapshot_after_bytes).add(next_jitter);
    digest.add(sessions_created).add(session_base).add(requests.size()).add(throttled.size());
    for (const Ring<Submitted>* queue : {&requests, &throttled}) {
        for (std::size_t i = 0; i < queue->size(); ++i) {
            const Submitted& one = (*queue)[i];
            digest.add(identity(Message{Forward{one.request}})).add(one.from.value);
            digest.add(one.handler.slot).add(one.handler.generation);
        }
    }
    digest.add(to_log.size());
    for (std::size_t i = 0; i < to_log.size(); ++i) {
        digest.add(identity(to_log[i]));
    }
    digest.add(to_flush.size());
    for (std::size_t i = 0; i < to_flush.size(); ++i) {
        digest.add(to_flush[i].value);
    }
    digest.add(flush_is_due).add(static_cast<std::uint64_t>(last_flush.ns));
    digest.add(to_commit.fingerprint()).add(watches.fingerprint()).add(notices.size());
    for (std::size_t i = 0; i < notices.size(); ++i) {
        digest.add(notices[i].link.slot).add(notices[i].link.generation);
        digest.add(notices[i].zxid.value).add(notices[i].path);
    }
    if (held_answer.has_value()) {
        digest.add(identity(Message{Forward{held_answer->request}})).add(held_answer->zxid.value);
    }
    return digest.value;
}

}  // namespace zab
