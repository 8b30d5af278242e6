#include "protocol/textbook/watcher.hpp"
#include "protocol/types/ensure.hpp"
#include "sim/world/requests.hpp"
#include "sim/world/world.hpp"

#include <algorithm>
#include <string>

namespace sim {

// Clients: their sessions (ClientCnxn) and their load.

namespace {

constexpr std::int64_t shortest_rest_ns = 1'000;          // So that time passes between two tries.
constexpr std::int64_t longest_rest_ns = 1'000'000'000;   // ClientCnxn: before each new try.
constexpr std::int64_t ping_lead_ns = 1'000'000'000;      // ClientCnxn: so much too early at most.
constexpr std::int64_t longest_idle_ns = 10'000'000'000;  // MAX_SEND_PING_INTERVAL.
constexpr std::int64_t spin_delay_ns = 1'000'000'000;     // Before the list is gone through again.

/// What a client does when nothing but time has passed since it was last told of.
Origin after_last_record(const Client& client, std::int64_t now) {
    return {.cause = client.last_record,
            .since = now,
            .other = now - client.last_record_at,
            .cost = trace::Cost::timer};
}

/// Of how many servers a client was told (its connect string). Who wants to be with the leader, or
/// with followers, knows all of them.
std::int64_t list_length(const Scenario& scenario, const Client& client) {
    const ClientGroup& group = scenario.clients[client.group];
    if (!group.servers.empty()) {
        return static_cast<std::int64_t>(group.servers.size());
    }
    return std::count_if(scenario.servers.begin(), scenario.servers.end(),
                         [&group](const ServerSpec& server) {
                             return group.placement != Placement::observers || !server.voter;
                         });
}

/// How long a client waits for the next word from its server: for the first, which is that it has
/// its session, as long as for the connection (connectTimeout: its timeout by the number of servers
/// in its list), later for two thirds of its timeout (readTimeout).
std::int64_t longest_silence(const Scenario& scenario, const Client& client) {
    const std::int64_t timeout = std::int64_t{client.session.timeout_ms()} * 1'000'000;
    return client.session.is_attached() ? timeout * 2 / 3 : timeout / list_length(scenario, client);
}

/// Whether a client that is awake sends a ping (SendThread.run): a little too early, if it has sent
/// nothing for long, or nothing for very long.
bool is_ping_due(const Client& client, std::int64_t silence, std::int64_t now) {
    const std::int64_t idle = now - client.last_sent;
    const std::int64_t lead = idle > ping_lead_ns ? ping_lead_ns : 0;
    return client.session.is_attached() && (idle >= silence / 2 - lead || idle > longest_idle_ns);
}

/// With its session end a client's watches: what has waited for them is asked for anew.
void lose_watches(Client& client, const ClientGroup& group, std::uint32_t waiting) {
    if (std::holds_alternative<ClosedLoad>(group.load)) {
        client.wanted += waiting;
    }
}

}  // namespace

void World::build_clients() {
    std::uint32_t number = 0;
    for (std::uint32_t g = 0; g < scenario_->clients.size(); ++g) {
        const ClientGroup& group = scenario_->clients[g];
        zipfs_.emplace_back(group.paths.count, group.paths.zipf_exponent.value_or(Factor{0}));
        for (std::uint32_t i = 0; i < group.count; ++i) {
            Client client;
            client.group = g;
            client.number = number++;
            client.place = i;
            client.host = static_cast<HostIndex>(group.hosts[i % group.hosts.size()]);
            client.session = zab::ClientSession(
                client.number, static_cast<std::uint32_t>(group.session_timeout.ns / 1'000'000));
            client.key = derive(load_key_, group.name + " " + std::to_string(i));
            if (const auto* closed = std::get_if<ClosedLoad>(&group.load);
                closed != nullptr && !group.watch) {
                client.wanted = closed->outstanding;
            }
            const auto index = static_cast<ClientIndex>(clients_.size());
            clients_.push_back(std::move(client));
            // Not all at the same nanosecond: within a millisecond, each at its own moment.
            const Key key{draw(clients_.back().key, ClientDraw::first_moment, 0)};
            const auto offset = static_cast<std::int64_t>(uniform_below(key, 1'000'000));
            schedule(group.start.ns + offset, EventKind::client_dial, index, 0);
            if (std::holds_alternative<OpenLoad>(group.load) && !group.watch) {
                schedule(group.start.ns + offset, EventKind::client_arrival, index, 0);
            }
            if (group.leave.has_value()) {
                schedule(group.leave->at.ns, EventKind::client_leaves, index, 0);
            }
        }
    }
}

zab::NodeId World::choose_server(const Client& client) const {
    const ClientGroup& group = scenario_->clients[client.group];
    std::vector<zab::NodeId> candidates;
    const auto lead = leader();
    const zab::NodeId leader_id = lead.has_value() ? servers_[*lead].id : zab::NodeId{};
    for (const ServerSpec& server : scenario_->servers) {
        bool fits = true;
        switch (group.placement) {
            case Placement::spread: break;
            case Placement::leader: fits = !lead.has_value() || server.id == leader_id; break;
            case Placement::followers: fits = server.voter && server.id != leader_id; break;
            case Placement::observers: fits = !server.voter; break;
            case Placement::servers:
                fits = std::find(group.servers.begin(), group.servers.end(), server.id) !=
                       group.servers.end();
                break;
        }
        if (fits) {
            candidates.push_back(server.id);
        }
    }
    zab::ensure(!candidates.empty(), "the loader refuses a placement that fits no server");
    // The client's own list, gone through from try to try (StaticHostProvider). Each begins at
    // another place: a group spreads evenly.
    return candidates[(client.number + std::size_t{client.turn}) % candidates.size()];
}

void World::client_dials(ClientIndex index) {
    Client& client = clients_[index];
    if (client.link.exists() || client.dialling || client.gone) {
        return;
    }
    give_up_session(client);
    client.dialling = true;
    client.server = choose_server(client);
    client.last_record = emit(trace::Kind::client_connecting, client.server,
                              after_last_record(client, now_), 0, 0, 0, client.number);
    client.last_record_at = now_;
    dial({true, index}, {false, server_by_id_[client.server.value]}, zab::LinkKind::client,
         {longest_silence(*scenario_, client)}, client.last_record, 0, now_);
}

/// A client that dials, or has dialled in vain for long enough, looks whether its session can still
/// be alive (ClientCnxn.SendThread).
void World::give_up_session(Client& client) {
    const bool is_over = now_ - client.last_heard >= client.session.patience().ns;
    if (!is_over || !scenario_->config.release.clients_end_sessions ||
        client.session.session().value == 0) {
        return;
    }
    lose_watches(client, scenario_->clients[client.group], client.session.waiting());
    const std::uint64_t over = client.session.session().value;
    client.session.end();
    client.last_record = emit(trace::Kind::client_expired, client.server,
                              after_last_record(client, now_), 0, 0, over, client.number);
    client.last_record_at = now_;
}

void World::client_link_up(ClientIndex index, zab::LinkId link) {
    Client& client = clients_[index];
    client.dialling = false;
    if (client.gone) {
        close_link(link, Flight::What::closed, client.last_record, 0, now_,
                   now_ - client.last_record_at);
        return;
    }
    client.link = link;
    client.has_connected = true;
    client.last_heard = now_;
    send_from_client(client, client.session.hello(), client.last_record,
                     now_ - client.last_record_at);
    arm_client(index);
}

/// The connection is gone or could not be made: what was in flight fails, and after a rest the
/// next server is tried.
void World::client_link_down(ClientIndex index, zab::DownReason reason, const Origin& origin) {
    Client& client = clients_[index];
    client.dialling = false;
    if (client.gone) {
        return;
    }
    const bool was_attached = client.session.is_attached();
    if (was_attached) {
        client.last_record =
            emit(trace::Kind::client_disconnected, client.server, origin, 0,
                 static_cast<std::uint16_t>(reason), client.session.session().value, client.number);
        client.last_record_at = now_;
    }
    if (!was_attached && reason == zab::DownReason::unanswered) {
        give_up_session(client);
    }
    client.session.detach();
    client.link = {};
    ++client.timer_generation;
    std::uint32_t failed = 0;
    while (const auto oldest = client.session.give_up_oldest()) {
        const trace::RecordId invoked = client.invocations.front();
        client.invocations.pop();
        emit(trace::Kind::fail, client.server,
             Origin{.cause = was_attached ? client.last_record : invoked, .since = now_}, 0,
             detail_of(oldest->operation, client.session.loss()), 0, client.number, oldest->cxid);
        failed += oldest->operation == zab::Operation::set_watches ? 0U : 1U;
    }
    if (std::holds_alternative<ClosedLoad>(scenario_->clients[client.group].load)) {
        client.wanted += failed;  // A closed loop goes on with as many requests as before.
    }
    if (client.leaving) {  // ClientCnxn.close: whether the server has heard or not.
        client.gone = true;
        return;
    }
    ++client.tries;
    ++client.turn;
    schedule(now_ + rest_before_dial(client, was_attached), EventKind::client_dial, index, 0);
}

/// ClientCnxn.startConnect rests before every try once a connection has stood, and
/// StaticHostProvider.next before it comes to the server again that was the last one.
std::int64_t World::rest_before_dial(const Client& client, bool was_attached) const {
    const ClientGroup& group = scenario_->clients[client.group];
    const bool starts_over = client.tries % list_length(*scenario_, client) == 0;
    if (group.reconnect.has_value()) {
        const bool tried_all = !was_attached && starts_over;
        return std::max({group.reconnect->pause.ns,
                         tried_all ? group.reconnect->cycle_pause.ns : std::int64_t{0},
                         was_attached ? std::int64_t{0} : shortest_rest_ns});
    }
    std::int64_t rest = starts_over ? spin_delay_ns : 0;
    if (client.has_connected) {
        const Key key{draw(client.key, ClientDraw::rest, client.dials)};
        rest += static_cast<std::int64_t>(uniform_below(key, longest_rest_ns));
    }
    return rest;
}

/// The end of a client: what it does not tell its server, the server must find out by itself.
void World::client_leaves(ClientIndex index) {
    Client& client = clients_[index];
    const Leave& leave = *scenario_->clients[client.group].leave;
    tell_unasked(client);
    if (leave.how == Leave::How::close_session && client.session.is_attached()) {
        client.leaving = true;
        client.wanted = 0;
        ask(client, {zab::Operation::close_session, 0, 0}, Origin{.since = now_}, 0);
        return;
    }
    client.gone = true;
    ++client.timer_generation;
    if (leave.how == Leave::How::closed && client.link.exists()) {
        close_link(client.link, Flight::What::closed, client.last_record, 0, now_,
                   now_ - client.last_record_at);
    }
}

void World::client_receives(ClientIndex index, const zab::Message& message, const Origin& origin) {
    Client& client = clients_[index];
    if (client.gone) {
        return;
    }
    client.last_heard = now_;
    ping_if_due(client);
    if (const auto* reply = std::get_if<zab::ClientReply>(&message)) {
        complete(index, *reply, origin);
    } else if (const auto* answer = std::get_if<zab::ConnectReply>(&message)) {
        const std::uint32_t waiting = client.session.waiting();
        const std::uint64_t asked_for = client.session.session().value;
        if (!client.session.on_connect_reply(*answer)) {
            lose_watches(client, scenario_->clients[client.group], waiting);
            client.last_record = emit(trace::Kind::client_expired, client.server, origin, 0, 0,
                                      asked_for, client.number);
            client.last_record_at = now_;
            return;  // The server closes; a new session is asked for at the next connection.
        }
        client.tries = 0;
        client.last_record = emit(trace::Kind::client_connected, client.server, origin, 0, 0,
                                  answer->session.value, client.number);
        client.last_record_at = now_;
        arm_client(index);
        if (scenario_->clients[client.group].watch) {
            zab::Telegram watch = textbook::say(textbook::Word::watch, client.number);
            watch.client = client.number;
            send_from_client(client, watch, client.last_record, 0);
        }
        name_watches(client);
        issue(index, Origin{.cause = client.last_record, .since = now_});
    } else if (const auto* event = std::get_if<zab::WatchEvent>(&message)) {
        is_notified(index, *event, origin);
    } else if (const auto* said = std::get_if<zab::Telegram>(&message)) {
        const auto own = static_cast<std::uint32_t>(client.last_notification);
        const bool taken = textbook::takes_notification(said->number, client.last_notification);
        emit(trace::Kind::notification_compared, client.server, origin, 0, taken ? 1 : 0,
             said->number, client.number, own);
    }
}

void World::send_from_client(Client& client, const zab::Message& message, trace::RecordId cause,
                             std::int64_t waited) {
    client.last_sent = now_;
    transmit(client.link, message, cause, now_, 0, waited);
}

/// One timer a client: for its next ping, or for the server's silence.
void World::arm_client(ClientIndex index) {
    Client& client = clients_[index];
    ++client.timer_generation;
    const std::int64_t silence = longest_silence(*scenario_, client);
    const std::int64_t silence_due = client.last_heard + silence;
    const std::int64_t ping_due = client.last_sent + silence / 2;
    // Only an attached session pings.
    const std::int64_t due =
        client.session.is_attached() ? std::min(ping_due, silence_due) : silence_due;
    schedule(std::max(now_ + 1, due), EventKind::client_timer, index, client.timer_generation);
}

void World::client_timer(ClientIndex index, std::uint32_t generation) {
    Client& client = clients_[index];
    if (client.timer_generation != generation || !client.link.exists() || client.gone) {
        return;
    }
    const std::int64_t silence = longest_silence(*scenario_, client);
    if (now_ - client.last_heard >= silence) {
        close_link(client.link, Flight::What::closed, no_record, 0, now_);
        client_link_down(index, zab::DownReason::timed_out, Origin{.since = now_});
        return;
    }
    ping_if_due(client);
    arm_client(index);
}

void World::ping_if_due(Client& client) {
    if (is_ping_due(client, longest_silence(*scenario_, client), now_)) {
        send_from_client(client, zab::ClientPing{++client.ping_number}, client.last_record,
                         now_ - client.last_record_at);
    }
}

}  // namespace sim
