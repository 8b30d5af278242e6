#include "protocol/leader/leading.hpp"
#include "protocol/server.hpp"

namespace zab {

// Sessions on the leader: SessionTrackerImpl.run, and what PrepRequestProcessor does about them.

/// Wakes at the next boundary of a tick, while there is a session that could end there.
void Leading::await_expiry(const Server& server, Effects& out) {
    if (awaits_expiry || !server.pipeline.sessions.has_live()) {
        return;
    }
    awaits_expiry = true;
    const std::int64_t tick = server.config->tick_time.ns;
    const Duration rest{tick - server.now.monotonic.ns % tick};
    out.push(SetTimer{TimerKind::expiry, rest, rest});
}

void Leading::on_expiry(Server& server, Effects& out) {
    awaits_expiry = false;
    Pipeline& pipeline = server.pipeline;
    for (const SessionId session :
         pipeline.sessions.take_expired(server.now.monotonic, server.config->tick_time)) {
        // As if the client had asked; its ephemerals stay visible until this is committed.
        Request close{session, 0, 0, 0, 0, Operation::close_session};
        close.without_client = true;
        pipeline.requests.push({close, {}, {}});
        out.hand(Stage::request);
    }
    await_expiry(server, out);
}

/// PrepRequestProcessor: a session is tracked from the moment its creation gets a zxid, and no
/// touch brings it back once its end has one. What else it asks for must come while it lives, and
/// from where it is; its end may come from anywhere, the leader's own clock included.
std::optional<SessionRefusal> Leading::check_session(Server& server, const Submitted& submitted,
                                                     Effects& out) {
    const Request& request = submitted.request;
    SessionTracker& sessions = server.pipeline.sessions;
    switch (request.operation) {
        case Operation::create_session:
            sessions.track({request.session, request.path}, server.now.monotonic,
                           server.config->tick_time);
            sessions.set_owner(request.session, submitted.handler);
            await_expiry(server, out);
            return std::nullopt;
        case Operation::close_session:
            server.pipeline.begin_to_close(request.session);
            return std::nullopt;
        case Operation::create:
        case Operation::set:
        case Operation::get:
        case Operation::watch:
        case Operation::set_watches:
        case Operation::ping:
        case Operation::sync:
            return check_on_leader(sessions, nullptr, server.self, request.session,
                                   submitted.handler);
    }
    ensure(false, "every operation is listed");
    return std::nullopt;
}

}  // namespace zab
