#include "sim/world/requests.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// What clients ask for, and when.

void World::complete(ClientIndex index, const zab::ClientReply& reply, const Origin& origin) {
    Client& client = clients_[index];
    if (!client.session.on_reply(reply)) {
        close_link(client.link, Flight::What::closed, no_record, 0, now_);
        client_link_down(index, zab::DownReason::closed, Origin{.since = now_});
        return;
    }
    client.invocations.pop();
    const trace::RecordId done = emit(trace::Kind::complete, client.server, origin, 0,
                                      detail_of(reply.operation, reply.outcome), reply.zxid.value,
                                      client.number, reply.cxid);
    client.gone = reply.operation == zab::Operation::close_session;
    const bool waits_for_change =
        reply.operation == zab::Operation::watch && reply.outcome == zab::Outcome::ok;
    if (!waits_for_change && reply.operation != zab::Operation::set_watches) {
        go_on(index, done);
    }
}

/// One of a closed loop's requests is done: the next one follows.
void World::go_on(ClientIndex index, trace::RecordId cause) {
    Client& client = clients_[index];
    const auto* closed = std::get_if<ClosedLoad>(&scenario_->clients[client.group].load);
    if (closed == nullptr || client.gone) {
        return;
    }
    if (client.unasked > 0) {
        --client.unasked;
        return;
    }
    if (closed->think_time.ns == 0) {
        ++client.wanted;
        issue(index, Origin{.cause = cause, .since = now_});
    } else {
        schedule(now_ + closed->think_time.ns, EventKind::client_arrival, index, cause);
    }
}

void World::is_notified(ClientIndex index, const zab::WatchEvent& event, const Origin& origin) {
    Client& client = clients_[index];
    const trace::RecordId told = emit(trace::Kind::notified, client.server, origin, 0, 0,
                                      event.zxid.value, client.number, event.path);
    for (std::uint32_t waiting = client.session.on_event(event); waiting > 0; --waiting) {
        go_on(index, told);
    }
}

/// Before all else a client that comes back says what it watches (ClientCnxn.primeConnection).
/// Simplified: a request for each znode, where ZooKeeper's client puts many into one.
void World::name_watches(Client& client) {
    for (const zab::ClientSession::Watched& watched : client.session.watched()) {
        ask(client, {zab::Operation::set_watches, watched.path, 0},
            Origin{.cause = client.last_record, .since = now_}, 0);
    }
}

/// Open load: a request arrives, whatever became of the last one. Closed load: the end of a
/// client's think time.
void World::client_arrival(ClientIndex index, trace::RecordId cause) {
    Client& client = clients_[index];
    const auto* open = std::get_if<OpenLoad>(&scenario_->clients[client.group].load);
    if (client.gone || client.leaving) {
        return;
    }
    if (open == nullptr) {
        const auto& closed = std::get<ClosedLoad>(scenario_->clients[client.group].load);
        ++client.wanted;
        issue(index, Origin{.cause = cause,
                            .since = now_,
                            .other = closed.think_time.ns,
                            .cost = trace::Cost::timer});
        return;
    }
    const std::uint64_t word = draw(client.key, ClientDraw::arrive, ++client.arrivals);
    std::int64_t gap = open->mean_interval.ns;
    if (open->arrivals == Arrivals::poisson) {
        gap = Distribution::exponential(open->mean_interval).draw(word).ns;
    }
    arrive(client, open->arrivals == Arrivals::bursts ? open->burst : 1);
    issue(index, Origin{.since = now_});
    schedule(now_ + std::max<std::int64_t>(gap, 1), EventKind::client_arrival, index, 0);
}

/// Of an open load, and no more than it asks for in all.
void World::arrive(Client& client, std::uint32_t count) {
    const std::uint64_t most = most_requests(scenario_->clients[client.group], client.place);
    for (; count > 0 && client.issued + client.arrivals_due.size() < most; --count) {
        client.arrivals_due.push(now_);
        ++client.wanted;
    }
}

/// Issues what is wanted, as far as the session is attached and the group's total allows.
void World::issue(ClientIndex index, const Origin& origin) {
    Client& client = clients_[index];
    const ClientGroup& group = scenario_->clients[client.group];
    while (client.wanted > 0 && client.session.is_attached() && !client.gone && !client.leaving) {
        if (client.issued >= most_requests(group, client.place)) {
            client.wanted = 0;
            client.arrivals_due.clear();
            return;
        }
        --client.wanted;
        // An open load counts a latency from the scheduled arrival: the wait for a connection too.
        std::int64_t queued = 0;
        if (!client.arrivals_due.empty()) {
            queued = now_ - client.arrivals_due.front();
            client.arrivals_due.pop();
        }
        ask(client, next_request(client), origin, queued);
    }
}

AskedRequest World::next_request(Client& client) {
    const ClientGroup& group = scenario_->clients[client.group];
    AskedRequest asked =
        nth_request(group, zipfs_[client.group], client.place, client.key, ++client.issued);
    if (asked.operation == zab::Operation::create) {
        // New nodes lie behind all that is there at the start, each client's in its own rows.
        asked.path = static_cast<zab::PathId>(group.paths.count +
                                              client.creates++ * clients_.size() + client.number);
    }
    return asked;
}

void World::ask(Client& client, const AskedRequest& asked, const Origin& origin,
                std::int64_t queued) {
    const zab::Request request = client.session.request(asked.operation, asked.path, asked.bytes);
    const trace::RecordId invoked = emit(
        trace::Kind::invoke, client.server, origin, 0, detail_of(asked.operation, zab::Outcome::ok),
        static_cast<std::uint64_t>(queued), client.number, request.cxid);
    client.invocations.push(invoked);
    send_from_client(client, zab::ClientRequest{request}, invoked, 0);
}

/// What has arrived and still waits for a connection when its client leaves, or the run ends, was
/// asked for, too.
void World::tell_unasked(Client& client) {
    const std::uint64_t most = most_requests(scenario_->clients[client.group], client.place);
    while (!client.arrivals_due.empty() && client.issued < most) {
        const AskedRequest asked = next_request(client);
        const zab::Request request =
            client.session.request(asked.operation, asked.path, asked.bytes);
        emit(trace::Kind::invoke, client.server, {}, 0,
             detail_of(asked.operation, zab::Outcome::ok),
             static_cast<std::uint64_t>(now_ - client.arrivals_due.front()), client.number,
             request.cxid);
        client.arrivals_due.pop();
    }
    client.arrivals_due.clear();
}

std::vector<std::vector<AskedRequest>> World::requests_of_group(std::size_t group) const {
    std::vector<std::vector<AskedRequest>> out;
    const ClientGroup& spec = scenario_->clients[group];
    for (const Client& client : clients_) {
        if (client.group != group) continue;
        std::vector<AskedRequest>& own = out.emplace_back();
        for (std::uint64_t n = 1; n <= client.issued; ++n) {
            own.push_back(nth_request(spec, zipfs_[group], client.place, client.key, n));
        }
    }
    return out;
}

}  // namespace sim
