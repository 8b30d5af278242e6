#include "protocol/types/ensure.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// Messages under way: sender threads, network cards, links.

namespace {

constexpr std::int64_t longest_packet_ns = 1'000'000'000;
constexpr std::int64_t longest_backoff_ns = 120'000'000'000;  // TCP_RTO_MAX.

/// Bytes on the wire of everything but the payload: TCP/IP header and the serialised packet.
std::uint32_t header_bytes(zab::MessageKind kind) {
    return kind == zab::MessageKind::notification || kind == zab::MessageKind::connect ? 110 : 90;
}

/// A snapshot's contents travel as one message of their size.
std::uint32_t body_bytes(const zab::Message& message) {
    switch (zab::kind_of(message)) {
        case zab::MessageKind::proposal: return std::get<zab::Proposal>(message).txn.bytes;
        case zab::MessageKind::inform: return std::get<zab::Inform>(message).txn.bytes;
        case zab::MessageKind::forward: return std::get<zab::Forward>(message).request.bytes;
        case zab::MessageKind::client_request:
            return std::get<zab::ClientRequest>(message).request.bytes;
        case zab::MessageKind::snap: return std::get<zab::Snap>(message).bytes;
        default: return 0;
    }
}

std::int64_t wire_ns(std::uint64_t bytes, Pace pace) {
    const auto product = UnsignedWide{bytes} * pace.fixed_ns_per_byte;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(product >> Pace::fraction_bits));
}

}  // namespace

bool World::is_live(zab::LinkId link) const {
    const Connection& conn = connections_[link.slot / 2];
    return conn.generation == link.generation && conn.state == Connection::State::open &&
           conn.open[link.slot % 2];
}

zab::LinkId World::link_of(ConnectionIndex index, unsigned side) const {
    return {index * 2 + side, connections_[index].generation};
}

HostIndex World::host_of(const End& end) const {
    return end.is_client ? clients_[end.index].host : servers_[end.index].host;
}

const LinkModel& World::model(HostIndex from, HostIndex to) const {
    return link_models_[models_[from * hosts_.size() + to]];
}

/// A message's own identity, where it has one: its delay is drawn by what it is, so that nothing
/// sent beside it can change it. Others are told apart by how many of their kind went before.
std::uint64_t World::meaning_of(const zab::Message& message, std::uint64_t fallback) const {
    const auto request = [](const zab::Request& r) {
        return (std::uint64_t{r.client} << 32) | r.cxid;
    };
    switch (zab::kind_of(message)) {
        case zab::MessageKind::ack: return std::get<zab::Ack>(message).zxid.value;
        case zab::MessageKind::proposal: return std::get<zab::Proposal>(message).txn.zxid.value;
        case zab::MessageKind::commit: return std::get<zab::Commit>(message).zxid.value;
        case zab::MessageKind::inform: return std::get<zab::Inform>(message).txn.zxid.value;
        case zab::MessageKind::forward: return request(std::get<zab::Forward>(message).request);
        case zab::MessageKind::client_request:
            return request(std::get<zab::ClientRequest>(message).request);
        case zab::MessageKind::client_reply: return std::get<zab::ClientReply>(message).cxid;
        case zab::MessageKind::ping: return std::get<zab::Ping>(message).number;
        case zab::MessageKind::ping_reply: return std::get<zab::PingReply>(message).number;
        case zab::MessageKind::client_ping: return std::get<zab::ClientPing>(message).number;
        case zab::MessageKind::client_ping_reply:
            return std::get<zab::ClientPingReply>(message).number;
        default: return fallback;
    }
}

/// Hands a message to a connection. A leader's packets to its learners are written by sender
/// threads of their own, one a learner; everybody else writes within the step.
void World::transmit(zab::LinkId link, const zab::Message& message, trace::RecordId cause,
                     std::uint32_t service, std::int64_t ready, std::int64_t waited) {
    if (!is_live(link)) {
        return;
    }
    const ConnectionIndex index = link.slot / 2;
    const unsigned side = link.slot % 2;
    Connection& conn = connection(link);
    const bool has_sender = conn.kind == zab::LinkKind::learner && side == 1 && !cpu_is_free_;
    Flight& flight = has_sender ? conn.outbox.push_slot() : conn.pipes[side].flights.push_slot();
    flight.message = message;
    flight.cause = cause;
    flight.held_by = no_record;
    flight.service = service;
    flight.wait = waited;
    flight.what = Flight::What::message;
    flight.bytes = header_bytes(zab::kind_of(message)) + body_bytes(message);
    if (has_sender) {
        flight.arrival = ready;
        call_sender(index);
    } else {
        fly(index, side, flight, ready);
    }
}

void World::call_sender(ConnectionIndex index) {
    Connection& conn = connections_[index];
    if (conn.sender.queue.empty() && !conn.outbox.empty()) {
        Pending pending{.what = Pending::What::turn};
        pending.origin.since = conn.outbox.front().arrival;
        enqueue(StageRef::sender(index), pending);
    }
}

/// A learner's sender thread writes all that is ready, one packet after the other.
void World::run_sender(ConnectionIndex index, Core* core) {
    Connection& conn = connections_[index];
    const ServerNode& server = servers_[conn.ends[1].index];
    std::int64_t busy_until = now_;
    trace::RecordId last = conn.sender.last_record;
    while (!conn.outbox.empty() && conn.outbox.front().arrival <= now_) {
        Flight& flight = conn.pipes[1].flights.push_slot();
        flight = conn.outbox.front();
        conn.outbox.pop();
        const std::uint64_t word =
            draw(server.cpu_key, meaning_of(flight.message, 0),
                 64 + servers_[conn.ends[0].index].id.value * zab::message_kind_count +
                     flight.message.index());
        std::int64_t cost = scenario_->cpu.sender.draw(word).ns;
        if (conn.sender.busy_until < flight.arrival && busy_until == now_) {
            cost += wake_cost(flight.arrival - conn.sender.busy_until, next_word(word));
        }
        cost = std::min(cost, longest_packet_ns);
        if (busy_until > flight.arrival) {
            flight.held_by = last;
        }
        flight.wait += busy_until - flight.arrival;
        flight.service += static_cast<std::uint32_t>(cost);
        busy_until += cost;
        last = flight.cause;
        fly(index, 1, flight, busy_until);
    }
    conn.sender.busy_until = busy_until;
    conn.sender.last_record = last;
    if (core != nullptr) {
        core->free_at = busy_until;
        core->last_record = last;
        hosts_[server.cores].core_busy_ns += busy_until - now_;
    }
    call_sender(index);
}

/// Through the sender's network card and over the link, behind what was sent before.
void World::fly(ConnectionIndex index, unsigned side, Flight& flight, std::int64_t ready) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[side];
    const End& from = conn.ends[side];
    const End& to = conn.ends[1 - side];
    Host& host = hosts_[host_of(from)];
    const HostIndex from_host = host_of(from);
    const HostIndex to_host = host_of(to);
    const std::uint32_t way = models_[from_host * hosts_.size() + to_host];
    const LinkModel& link = link_models_[way];
    const bool is_local = from_host == to_host;
    std::int64_t start = ready;
    std::int64_t sending = 0;
    if (host.nic_pace.fixed_ns_per_byte != 0 && !is_local) {
        start = std::max(ready, host.nic_free_at);
        sending = wire_ns(flight.bytes, host.nic_pace);
        if (start > ready) {
            flight.held_by = host.nic_last_record;
        }
        host.nic_free_at = start + sending;
        host.nic_last_record = flight.cause;
        host.nic_busy_ns += sending;
        ++host.nic_uses;
    }
    flight.wait += start - ready;
    const std::uint64_t kind = flight.message.index();
    std::uint64_t occurrence = 0;
    std::uint64_t meaning = meaning_of(flight.message, none);
    if (meaning == none && !from.is_client && !to.is_client) {
        meaning = 0;
        occurrence =
            ++pipe_draws_[(from.index * servers_.size() + to.index) * zab::message_kind_count +
                          kind];
    }
    const Key key = pair_key(from, to);
    const std::uint64_t word = draw(key, meaning * 32 + kind, occurrence);
    std::int64_t travel =
        link.distance.ns + link.delay.draw(word).ns + wire_ns(flight.bytes, link_paces_[way]);
    if (link.relay_cpu.ns != 0) {
        occupy_core(from_host, link.relay_cpu.ns);
    }
    if (has_noise_ || link.loss.ppb != 0) {
        travel += faults_on_the_way(from, to, flight, link, word, start + sending);
    }
    const std::int64_t arrival = std::max(start + sending + travel, pipe.last_arrival);
    pipe.last_arrival = arrival;
    flight.arrival = arrival;
    flight.wire = arrival - start;
    if (!pipe.head_scheduled && !pipe.stalled) {
        schedule_head(index, side);
    }
}

/// What loss, delay and rate limits add: a lost segment comes after a retransmission time-out,
/// which doubles at every further loss.
std::int64_t World::faults_on_the_way(const End& from, const End& to, const Flight& flight,
                                      const LinkModel& link, std::uint64_t word,
                                      std::int64_t leaves) {
    std::int64_t extra = 0;
    Probability loss = link.loss;
    if (!from.is_client && !to.is_client) {
        Path& on_path = path(from.index, to.index);
        extra += on_path.extra_delay.draw(next_word(word)).ns;
        loss.ppb = std::max(loss.ppb, on_path.loss.ppb);
        if (on_path.pace.fixed_ns_per_byte != 0) {
            const std::int64_t begin = std::max(leaves, on_path.free_at);
            on_path.free_at = begin + wire_ns(flight.bytes, on_path.pace);
            extra += on_path.free_at - leaves;
        }
    }
    std::uint64_t chance = next_word(next_word(word));
    std::int64_t backoff = scenario_->network.retransmission_timeout.ns;
    for (std::uint32_t n = 0; loss.ppb != 0 && happens(loss, chance); ++n) {
        extra += backoff;
        backoff = std::min(backoff * 2, longest_backoff_ns);
        chance = next_word(chance);
        if (n >= scenario_->network.retransmission_limit) {
            break;
        }
    }
    return extra;
}

void World::schedule_head(ConnectionIndex index, unsigned side) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[side];
    pipe.head_scheduled = true;
    std::int64_t when = pipe.flights.front().arrival;
    const End& to = conn.ends[1 - side];
    if (!to.is_client && conn.kind == zab::LinkKind::learner) {
        // Its reader reads nothing else: there is no use in looking before it is free.
        when = std::max(when, stage_of(reader_of(conn, 1 - side)).busy_until);
    }
    ++pipe.head_number;
    schedule(std::max(when, now_), EventKind::pipe_head, index * 2 + side,
             pipe.head_number | (std::uint64_t{conn.generation} << 32));
}

void World::head_arrives(ConnectionIndex index, unsigned side, std::uint32_t number) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[side];
    if (!pipe.head_scheduled || pipe.head_number != number || pipe.flights.empty()) {
        return;  // What it was to look at is gone.
    }
    pipe.head_scheduled = false;
    const Path* way = path_between(conn.ends[side], conn.ends[1 - side]);
    if (way != nullptr && !way->is_open()) {
        stall(index, side, way->cuts != 0);
        return;
    }
    const unsigned reader = 1 - side;
    if (!faults_.holds.empty() &&
        is_held(conn.ends[side], conn.ends[reader], pipe.flights.front())) {
        pipe.held = pipe.stalled = true;
        return;
    }
    const End& to = conn.ends[reader];
    if (!to.is_client && !servers_[to.index].host_up) {
        stall(index, side, true);  // Nobody acknowledges: TCP tries again until it gives up.
        return;
    }
    if (!conn.open[reader]) {
        arrive_at_nobody(index, side);
        return;
    }
    const Flight& flight = pipe.flights.front();
    const Origin origin{.cause = flight.cause,
                        .held_by = flight.held_by,
                        .since = flight.arrival,
                        .wait = flight.wait,
                        .other = flight.wire,
                        .service = flight.service,
                        .cost = trace::Cost::wire};
    if (flight.what != Flight::What::message) {
        const auto reason =
            flight.what == Flight::What::reset ? zab::DownReason::reset : zab::DownReason::closed;
        end_closed(index, reader, reason, origin);
        return;
    }
    if (to.is_client) {
        const Flight arrived = flight;
        pop_head(index, side);
        client_receives(to.index, arrived, origin);
        return;
    }
    pipe.head_scheduled = true;  // Its reader has it now.
    read_or_queue(index, reader, flight.arrival);
}

/// The head of a ring has arrived at a server: it is read at once if its reader is free.
void World::read_or_queue(ConnectionIndex index, unsigned reader, std::int64_t arrival) {
    const StageRef ref = reader_of(connections_[index], reader);
    const ServerNode& server = servers_[connections_[index].ends[reader].index];
    Stage& stage = stage_of(ref);
    Core* core = nullptr;
    const bool is_free = stage.queue.empty() && !stage.scheduled && !stage.queued &&
                         !stage.blocked && stage.busy_until <= now_ && server.up &&
                         !is_paused(server);
    if (is_free && (cpu_is_free_ || take_core(server.cores, core))) {
        run_message(ref, link_of(index, reader), no_record, core);
        Stage& after = stage_of(ref);
        if (!after.queue.empty()) {
            look_at(ref, after.queue.front().origin.since);
        }
        return;
    }
    Pending& pending = stage.queue.push_slot();
    pending = {};
    pending.what = Pending::What::message;
    pending.link = link_of(index, reader);
    pending.number = connections_[index].pipes[1 - reader].head_number;
    pending.origin.since = arrival;
    if (is_free) {
        wait_for_core(ref, server.cores);
    } else {
        sort_in(ref);
    }
}

void World::pop_head(ConnectionIndex index, unsigned side) {
    Pipe& pipe = connections_[index].pipes[side];
    if (pipe.flights.empty()) {
        return;
    }
    if (pipe.flights.front().what == Flight::What::message &&
        zab::kind_of(pipe.flights.front().message) == zab::MessageKind::snap &&
        !pipe.snapshots.empty()) {
        pipe.snapshots.erase(pipe.snapshots.begin());
    }
    pipe.flights.pop();
    pipe.head_scheduled = false;
    if (!pipe.flights.empty() && !pipe.stalled) {
        schedule_head(index, side);
    }
}

}  // namespace sim
