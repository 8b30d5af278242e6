#include "tests/support/cluster.hpp"

#include <doctest/doctest.h>

namespace test {

// Connections between the servers of a cluster, mocks and clients.

namespace {

constexpr zab::Duration on_the_wire = zab::milliseconds(1);

}  // namespace

/// The thread that reads at this end.
Cluster::StageKey Cluster::reader(const Link& link, std::uint32_t index, unsigned side) const {
    switch (link.kind) {
        case zab::LinkKind::election: return {zab::Stage::election, 0};
        case zab::LinkKind::client: return {zab::Stage::io, 0};
        case zab::LinkKind::learner: break;
    }
    return side == 0 ? StageKey{zab::Stage::main, 0} : StageKey{zab::Stage::handler, index + 1};
}

void Cluster::dial_from(Node& node, const zab::Dial& wish) {
    schedule(on_the_wire, [this, from = node.id, wish, incarnation = node.incarnation] {
        Node& dialler = nodes_.at(from);
        if (dialler.incarnation != incarnation) return;
        const auto target = nodes_.find(wish.peer);
        const auto kind = static_cast<std::size_t>(wish.kind);
        // A test that counts whom it refuses hears of every attempt.
        const bool is_refused = (refuses && refuses(from, wish.peer, wish.kind)) ||
                                target == nodes_.end() || !target->second.listens[kind] ||
                                (!target->second.is_mock && !target->second.peer.has_value());
        if (!is_refused) {
            dial(from, wish.peer, wish.kind);
            return;
        }
        const StageKey key = wish.kind == zab::LinkKind::learner
                                 ? StageKey{zab::Stage::main, 0}
                                 : StageKey{zab::Stage::election, 0};
        const zab::DialFailed failed{wish.kind, wish.peer, zab::DownReason::refused};
        enqueue(dialler, key, {false, [this, from, failed] { step(nodes_.at(from), failed); }});
    });
}

zab::LinkId Cluster::dial(zab::NodeId from, zab::NodeId to, zab::LinkKind kind) {
    const auto index = static_cast<std::uint32_t>(links_.size());
    Link& made = links_.emplace_back();
    made.kind = kind;
    made.ends = {from, to};
    made.open = {true, true};
    tell_up(index, 0);
    tell_up(index, 1);
    return {index * 2, 1};
}

void Cluster::tell_up(std::uint32_t index, unsigned side) {
    const Link& made = links_[index];
    const zab::NodeId own = made.ends[side];
    if (is_client(own) || nodes_.at(own).is_mock) return;
    // Who dialled an accepted connection is not known yet.
    const zab::NodeId other = side == 0 ? made.ends[1] : zab::NodeId{};
    const zab::LinkUp up{{index * 2 + side, 1}, made.kind, other, side == 1};
    enqueue(nodes_.at(own), reader(made, index, side),
            {false, [this, own, up] { step(nodes_.at(own), up); }});
}

void Cluster::send(zab::LinkId own_end, const zab::Message& message,
                   std::shared_ptr<const zab::Snapshot> snapshot) {
    Link& used = link(own_end);
    const unsigned side = own_end.slot % 2;
    if (!used.open[side]) return;
    Sent sent{used.ends[side], used.ends[1 - side], used.kind, message};
    if (rewrites) rewrites(sent);
    if (on_sent) on_sent(sent);
    push(own_end.slot / 2, side, {sent, false, {}, std::move(snapshot)});
}

void Cluster::push(std::uint32_t index, unsigned side, Flight flight) {
    links_[index].pipes[side].push_back(std::move(flight));
    schedule(on_the_wire, [this, index, side] { arrive(index, side); });
}

/// The head of what `side` has sent arrives, unless it is held back.
void Cluster::arrive(std::uint32_t index, unsigned side) {
    Link& used = links_[index];
    std::deque<Flight>& pipe = used.pipes[side];
    if (pipe.empty() || used.held[side]) return;
    if (!pipe.front().is_end && holds && holds(pipe.front().sent)) {
        used.held[side] = true;
        return;
    }
    const Flight flight = std::move(pipe.front());
    pipe.pop_front();
    if (!flight.is_end && drops && drops(flight.sent)) {
        reset(index);
        return;
    }
    deliver(index, 1 - side, flight);
}

void Cluster::deliver(std::uint32_t index, unsigned side, const Flight& flight) {
    Link& used = links_[index];
    const zab::NodeId own = used.ends[side];
    if (!used.open[side]) return;
    used.last_heard[side] = now_;
    const zab::LinkId id{index * 2 + side, 1};
    if (is_client(own)) {
        if (!flight.is_end) client_hears(own, flight.sent.message);
        if (flight.is_end) used.open[side] = false;
        return;
    }
    Node& node = nodes_.at(own);
    if (node.is_mock) {
        if (!flight.is_end) heard.emplace_back(id, flight.sent.message);
        if (flight.is_end) used.open[side] = false;
        return;
    }
    enqueue(node, reader(used, index, side),
            {false, [this, own, id, flight] {
                 Link& then = link(id);
                 const unsigned end = id.slot % 2;
                 if (!then.open[end]) return;
                 if (flight.is_end) {
                     then.open[end] = false;
                     const bool is_known = then.kind != zab::LinkKind::client;
                     const zab::NodeId other = is_known ? then.ends[1 - end] : zab::NodeId{};
                     step(nodes_.at(own), zab::LinkDown{id, then.kind, flight.reason, other});
                 } else {
                     step(nodes_.at(own), zab::Received{id, then.kind, &flight.sent.message,
                                                        flight.snapshot.get()});
                 }
             }});
}

void Cluster::close(zab::LinkId own_end) { end_link(own_end, zab::DownReason::closed); }

/// This end is closed; the other learns of it behind all that was sent.
void Cluster::end_link(zab::LinkId id, zab::DownReason reason) {
    Link& used = link(id);
    const unsigned side = id.slot % 2;
    if (!used.open[side]) return;
    used.open[side] = false;
    used.pipes[1 - side].clear();
    Flight end;
    end.is_end = true;
    end.reason = reason;
    push(id.slot / 2, side, end);
}

void Cluster::check_silence(std::uint32_t index, unsigned side) {
    const zab::Duration limit = links_[index].read_timeout[side];
    if (!links_[index].open[side] || limit == zab::Duration{}) return;
    const zab::Duration silent = now_ - links_[index].last_heard[side];
    if (silent < limit) {
        schedule(limit - silent, [this, index, side] { check_silence(index, side); });
        return;
    }
    const zab::LinkId id{index * 2 + side, 1};
    const zab::NodeId own = links_[index].ends[side];
    const zab::NodeId other = links_[index].ends[1 - side];
    const zab::LinkDown down{id, links_[index].kind, zab::DownReason::timed_out, other};
    end_link(id, zab::DownReason::closed);
    enqueue(nodes_.at(own), reader(links_[index], index, side),
            {false, [this, own, down] { step(nodes_.at(own), down); }});
}

void Cluster::release() {
    holds = nullptr;
    for (std::uint32_t i = 0; i < links_.size(); ++i) {
        for (unsigned side = 0; side < 2; ++side) {
            if (!links_[i].held[side]) continue;
            links_[i].held[side] = false;
            for (std::size_t n = 0; n < links_[i].pipes[side].size(); ++n) {
                schedule({}, [this, i, side] { arrive(i, side); });
            }
        }
    }
}

void Cluster::break_links(zab::NodeId one, zab::NodeId other) {
    for (std::uint32_t i = 0; i < links_.size(); ++i) {
        for (unsigned side = 0; side < 2; ++side) {
            const bool is_between =
                links_[i].ends[side] == one && links_[i].ends[1 - side] == other;
            if (is_between && links_[i].open[side]) reset(i);
        }
    }
}

/// Both ends learn of a reset; what was under way is lost.
void Cluster::reset(std::uint32_t index) {
    for (const unsigned end : {0u, 1u}) {
        links_[index].pipes[end].clear();
        links_[index].held[end] = false;
        Flight gone;
        gone.is_end = true;
        gone.reason = zab::DownReason::reset;
        push(index, end, gone);
    }
}

bool Cluster::forge(zab::NodeId from, zab::NodeId to, const zab::Notification& notification) {
    for (std::uint32_t i = 0; i < links_.size(); ++i) {
        for (unsigned side = 0; side < 2; ++side) {
            const Link& used = links_[i];
            if (used.kind == zab::LinkKind::election && used.ends[side] == from &&
                used.ends[1 - side] == to && used.open[0] && used.open[1]) {
                deliver(i, 1 - side, {{from, to, used.kind, notification}, false, {}, nullptr});
                return true;
            }
        }
    }
    return false;
}

std::optional<zab::LinkId> Cluster::link_of_mock(zab::NodeId mock, zab::NodeId peer,
                                                 zab::LinkKind kind) const {
    for (std::uint32_t i = static_cast<std::uint32_t>(links_.size()); i-- > 0;) {
        for (unsigned side = 0; side < 2; ++side) {
            const Link& one = links_[i];
            if (one.kind == kind && one.ends[side] == mock && one.ends[1 - side] == peer &&
                one.open[side]) {
                return zab::LinkId{i * 2 + side, 1};
            }
        }
    }
    return std::nullopt;
}

std::pair<zab::NodeId, zab::NodeId> Cluster::ends_of(zab::LinkId own_end) const {
    const Link& one = links_[own_end.slot / 2];
    return {one.ends[own_end.slot % 2], one.ends[1 - own_end.slot % 2]};
}

std::uint64_t Cluster::connect(zab::NodeId server, zab::SessionId session, zab::Zxid seen) {
    const std::uint64_t client = clients_.size() + 1;
    const zab::NodeId end{static_cast<std::uint16_t>(first_client + client)};
    const zab::LinkId id = dial(end, server, zab::LinkKind::client);
    clients_[client] = {id, {}};
    send(id, zab::Connect{session, seen, static_cast<std::uint32_t>(client), 3'600'000});
    return client;
}

zab::SessionId Cluster::session_of(std::uint64_t client) const {
    return clients_.at(client).second;
}

void Cluster::disconnect(std::uint64_t client) {
    end_link(clients_.at(client).first, zab::DownReason::closed);
}

bool Cluster::has_lost(std::uint64_t client) const {
    const zab::LinkId id = clients_.at(client).first;
    return !links_[id.slot / 2].open[id.slot % 2];
}

std::size_t Cluster::ask(std::uint64_t client, zab::Operation operation, zab::PathId path) {
    const auto& [id, session] = clients_.at(client);
    zab::Request request{.session = session, .path = path, .bytes = 100};
    request.cxid = static_cast<zab::Cxid>(asked_.size() + 1);
    request.client = static_cast<std::uint32_t>(client);
    request.operation = operation;
    asked_.push_back({client, request, std::nullopt});
    send(id, zab::ClientRequest{request});
    return asked_.size() - 1;
}

void Cluster::ping(std::uint64_t client) { send(clients_.at(client).first, zab::ClientPing{}); }

std::size_t Cluster::pings_answered(std::uint64_t client) const {
    const auto found = pings_answered_.find(client);
    return found == pings_answered_.end() ? 0 : found->second;
}

void Cluster::client_hears(zab::NodeId end, const zab::Message& message) {
    const std::uint64_t client = end.value - first_client;
    if (const auto* reply = std::get_if<zab::ConnectReply>(&message)) {
        clients_.at(client).second = reply->session;
    } else if (const auto* answer = std::get_if<zab::ClientReply>(&message)) {
        for (Asked& one : asked_) {
            if (one.client == client && one.request.cxid == answer->cxid) one.reply = *answer;
        }
    } else if (std::holds_alternative<zab::ClientPingReply>(message)) {
        ++pings_answered_[client];
    }
}

}  // namespace test
