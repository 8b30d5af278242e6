#include "protocol/types/ensure.hpp"
#include "sim/world/message_facts.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// Messages under way: sender threads, network cards, links.

namespace {

constexpr std::int64_t longest_packet_ns = 1'000'000'000;
constexpr std::uint64_t packet_kinds = 29;  // That senders write; a part of what names a draw.
constexpr std::int64_t longest_backoff_ns = 120'000'000'000;  // TCP_RTO_MAX.

std::int64_t wire_ns(std::uint64_t bytes, Pace pace) {
    const auto product = UnsignedWide{bytes} * pace.fixed_ns_per_byte;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(product >> Pace::fraction_bits));
}

}  // namespace

zab::LinkId World::link_of(ConnectionIndex index, unsigned side) const {
    return {index * 2 + side, connections_[index].generation};
}

HostIndex World::host_of(const End& end) const {
    return end.is_client ? clients_[end.index].host : servers_[end.index].host;
}

const LinkModel& World::model(HostIndex from, HostIndex to) const {
    return link_models_[models_[from * hosts_.size() + to]];
}

/// Hands a message to a connection. A leader's packets to its learners are written by sender
/// threads of their own, one a learner; everybody else writes within the step. True: what was
/// written has overfilled the connection's buffer.
bool World::transmit(zab::LinkId link, const zab::Message& message, trace::RecordId cause,
                     std::uint32_t service, std::int64_t ready, std::int64_t waited) {
    if (!is_live(link)) {
        return false;
    }
    const ConnectionIndex index = link.slot / 2;
    const unsigned side = link.slot % 2;
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[side];
    const bool is_full = pipe.unread > send_buffer_;
    const bool has_sender = conn.has_sender && side == 1 && (!cpu_is_free_ || is_full);
    const bool has_send_worker = is_full && conn.kind == zab::LinkKind::election;
    if (has_send_worker) {
        pipe.outbox.clear();  // Its queue has one place: the newest replaces the unsent one.
    }
    const MessageSize size = size_of(message);
    Flight& flight =
        has_sender || has_send_worker ? pipe.outbox.push_slot() : pipe.flights.push_slot();
    flight.message = message;
    flight.cause = cause;
    flight.held_by = no_record;
    flight.wait = waited;
    flight.meaning = size.meaning;
    flight.service = service;
    flight.bytes = size.bytes;
    flight.what = Flight::What::message;
    flight.arrival = ready;
    if (has_sender) {
        call_sender(index);
    } else if (!has_send_worker) {
        fly(index, side, flight, ready);
        return pipe.unread > send_buffer_;
    }
    return false;
}

void World::call_sender(ConnectionIndex index) {
    const Pipe& pipe = connections_[index].pipes[1];
    const zab::Ring<Flight>& outbox = pipe.outbox;
    if (!outbox.empty() && stage_of(StageRef::sender(index)).queue.empty()) {
        Pending pending{.what = Pending::What::turn};
        pending.origin.since = outbox.front().arrival;
        enqueue(StageRef::sender(index), pending);
    }
}

/// A learner's sender thread writes all that is ready, one packet after the other, as long as the
/// connection takes it.
void World::run_sender(ConnectionIndex index, Core* core) {
    Connection& conn = connections_[index];
    Stage& sender = stage_of(StageRef::sender(index));
    const ServerNode& server = servers_[conn.ends[1].index];
    std::int64_t busy_until = now_;
    trace::RecordId last = sender.last_record;
    Pipe& pipe = conn.pipes[1];
    Origin written;
    while (!pipe.outbox.empty() && pipe.outbox.front().arrival <= now_ &&
           pipe.unread <= send_buffer_) {
        Flight& flight = pipe.flights.push_slot();
        flight = pipe.outbox.front();
        pipe.outbox.pop();
        written = {.cause = flight.cause,
                   .held_by = sender.last_record,
                   .since = flight.arrival,
                   .wait = flight.wait,
                   .service = flight.service};
        const std::uint64_t word = draw(
            server.cpu_key, flight.meaning == MessageSize::by_occurrence ? 0 : flight.meaning,
            64 + servers_[conn.ends[0].index].id.value * packet_kinds + flight.message.index());
        std::int64_t cost = scenario_->cpu.sender.draw(word).ns;
        if (sender.busy_until < flight.arrival && busy_until == now_) {
            cost += wake_cost(flight.arrival - sender.busy_until, next_word(word));
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
    sender.busy_until = busy_until;
    sender.last_record = last;
    if (core != nullptr) {
        core->free_at = busy_until;
        core->last_record = last;
        hosts_[server.cores].core_busy_ns += busy_until - now_;
    }
    if (pipe.unread > send_buffer_) {
        fill(index, 1, Writer::sender, written);
    }
    call_sender(index);
}

/// Through the sender's network card and over the link, behind what was sent before.
void World::fly(ConnectionIndex index, unsigned side, Flight& flight, std::int64_t ready) {
    Pipe& pipe = connections_[index].pipes[side];
    const Route& route = pipe.route;
    Host& host = hosts_[route.from_host];
    std::int64_t start = ready;
    std::int64_t sent = ready;
    if (host.nic_pace.fixed_ns_per_byte != 0 && !route.is_local) {
        if (host.nic_free_at > ready) {
            start = host.nic_free_at;
            flight.held_by = host.nic_last_record;
            flight.wait += start - ready;
        }
        const std::int64_t sending = wire_ns(flight.bytes, host.nic_pace);
        sent = start + sending;
        host.nic_free_at = sent;
        host.nic_last_record = flight.cause;
        host.nic_busy_ns += sending;
        ++host.nic_uses;
    }
    const std::uint64_t kind = flight.message.index();
    std::uint64_t occurrence = 0;
    if (flight.meaning == MessageSize::by_occurrence) {
        flight.meaning = 0;
        occurrence = occurrence_of(index, side, kind);
    }
    const std::uint64_t word = draw(route.delay_key, flight.meaning * 32 + kind, occurrence);
    const bool is_single = has_datagrams_ && is_single_message(connections_[index], flight);
    const LinkModel& link = link_models_[route.model];
    std::int64_t arrival = sent + link.distance.ns + link.delay.draw(word).ns +
                           wire_ns(flight.bytes, link_paces_[route.model]);
    if (link.relay_cpu.ns != 0) {
        occupy_core(host_of(connections_[index].ends[side]), link.relay_cpu.ns);
    }
    if (has_noise_ || link.loss.ppb != 0) {
        arrival += faults_on_the_way(route, flight, word, sent);
    }
    if (!is_single) {
        arrival = std::max(arrival, pipe.last_arrival);
    }
    pipe.last_arrival = std::max(arrival, pipe.last_arrival);
    pipe.unread += flight.bytes;
    flight.arrival = arrival;
    flight.wire = arrival - start;
    if (is_single) {
        scatter(index, side, word);
        return;
    }
    if (!pipe.head_scheduled && !pipe.stalled) {
        schedule_head(index, side);
    }
}

/// How many such messages have gone this way: between two servers by kind; with a client, by its
/// connections, of which each has one.
std::uint64_t World::occurrence_of(ConnectionIndex index, unsigned side, std::uint64_t kind) {
    const Connection& conn = connections_[index];
    const Route& route = conn.pipes[side].route;
    if (route.pair == none) {
        return clients_[conn.ends[0].index].dials;
    }
    return ++pipe_draws_[route.pair * zab::message_kind_count + kind];
}

/// What loss, delay and rate limits add: a lost segment comes after a retransmission time-out,
/// which doubles at every further loss; after too many of them TCP gives the connection up.
std::int64_t World::faults_on_the_way(const Route& route, Flight& flight, std::uint64_t word,
                                      std::int64_t leaves) {
    std::int64_t extra = 0;
    Probability loss = link_models_[route.model].loss;
    if (route.path != none) {
        Path& way = faults_.paths[route.path];
        const Key noise{next_word(word)};
        for (std::uint64_t n = 0, drawn = 0; drawn < way.delays; ++n) {
            const Fault& fault = scenario_->faults[way.faults[n]];
            if (fault.kind == FaultKind::delay) {
                extra += fault.extra_delay.draw(draw(noise, drawn++, 0)).ns;
            }
        }
        loss.ppb = std::max(loss.ppb, way.loss.ppb);
        if (way.pace.fixed_ns_per_byte != 0) {
            const std::int64_t begin = std::max(leaves, way.free_at);
            way.free_at = begin + wire_ns(flight.bytes, way.pace);
            extra += way.free_at - leaves;
        }
    }
    if (has_datagrams_ && route.pair != none) {
        return extra;  // What is lost is lost: nobody sends it again.
    }
    std::uint64_t chance = next_word(next_word(word));
    std::int64_t backoff = scenario_->network.retransmission_timeout.ns;
    for (std::uint32_t n = 0; loss.ppb != 0 && happens(loss, chance); ++n) {
        extra += backoff;
        backoff = std::min(backoff * 2, longest_backoff_ns);
        chance = next_word(chance);
        if (n >= scenario_->network.retransmission_limit) {
            flight.what = Flight::What::given_up;
            is_troubled_ = true;
            break;
        }
    }
    return extra;
}

void World::schedule_head(ConnectionIndex index, unsigned side) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[side];
    pipe.head_scheduled = true;
    std::int64_t when = std::max(pipe.flights.front().arrival, now_);
    if (pipe.route.reads_nothing_else) {
        // There is no use in looking before its reader is free.
        when = std::max(when, stage_of(pipe.route.reader).busy_until);
    }
    ++pipe.head_number;
    schedule(when, EventKind::pipe_head, index * 2 + side,
             pipe.head_number | (std::uint64_t{conn.generation} << 32));
}

void World::head_arrives(ConnectionIndex index, unsigned side, std::uint32_t number) {
    Connection& conn = connections_[index];
    Pipe& pipe = conn.pipes[side];
    if (!pipe.head_scheduled || pipe.head_number != number || pipe.flights.empty()) {
        return;  // What it was to look at is gone.
    }
    pipe.head_scheduled = false;
    if (is_troubled_ && is_held_up(index, side)) {
        return;
    }
    const unsigned reader = 1 - side;
    if (!conn.open[reader]) {
        arrive_at_nobody(index, side);
        return;
    }
    if (conn.reading != Connection::Reading::on && !conn.ends[reader].is_client) {
        conn.reading = Connection::Reading::off_with_head;
        pipe.head_scheduled = true;  // Looked at again when it reads again.
        return;
    }
    const Flight& flight = pipe.flights.front();
    if (flight.what != Flight::What::message) {
        const auto reason =
            flight.what == Flight::What::reset ? zab::DownReason::reset : zab::DownReason::closed;
        end_closed(index, reader, reason, flight.origin());
        return;
    }
    if (conn.ends[reader].is_client) {
        client_end_reads(index, side);
        return;
    }
    pipe.head_scheduled = true;  // Its reader has it now.
    read_or_queue(index, reader);
}

/// Whether faults keep a head that has come to its receiver from getting there.
bool World::is_held_up(ConnectionIndex index, unsigned side) {
    if (is_stopped_on_its_way(index, side)) {
        return true;
    }
    const Connection& conn = connections_[index];
    const End& from = conn.ends[side];
    const End& to = conn.ends[1 - side];
    Pipe& pipe = connections_[index].pipes[side];
    if (!faults_.holds.empty() && is_held(from, to, pipe.flights.front())) {
        pipe.held = pipe.stalled = true;
        return true;
    }
    if (!to.is_client && !servers_[to.index].host_up) {
        stall(index, side, true);  // Nobody acknowledges: TCP tries again until it gives up.
        return true;
    }
    return false;
}

/// Clients read at once.
void World::client_end_reads(ConnectionIndex index, unsigned side) {
    const Flight& flight = connections_[index].pipes[side].flights.front();
    const zab::Message message = flight.message;
    const Origin origin = flight.origin();
    pop_head(index, side);
    client_receives(connections_[index].ends[1 - side].index, message, origin);
}

}  // namespace sim
