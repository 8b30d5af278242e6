#include "sim/clock/horizon.hpp"
#include "sim/world/hot.hpp"
#include "sim/world/message_facts.hpp"
#include "sim/world/relay.hpp"

#include <algorithm>

namespace sim {

// Messages under way: sender threads, network cards, links.

namespace {

constexpr std::int64_t longest_packet_ns = 1'000'000'000;
// What names a draw for a packet that a sender writes: behind all that threads and watchers name.
constexpr std::uint64_t packet_kinds = 29, behind_threads = std::uint64_t{1} << 33;

struct Sending {
    std::int64_t start = 0;
    std::int64_t end = 0;
};

/// Through its sender's network card, behind what that has yet to send.
inline Sending through_card(Host& host, Flight& flight, std::int64_t ready) {
    if (host.nic_pace.fixed_ns_per_byte == 0) {
        return {ready, ready};
    }
    const std::int64_t start = std::max(ready, host.nic_free_at);
    if (start > ready) {
        flight.origin.held_by = host.nic_last_record;
        flight.origin.wait += start - ready;
    }
    const std::int64_t sending = wire_ns(flight.bytes, host.nic_pace);
    host.nic_free_at = start + sending;
    host.nic_last_record = flight.origin.cause;
    host.nic_busy_ns += sending;
    ++host.nic_uses;
    return {start, host.nic_free_at};
}

/// Onto a link that has a rate. Returns when its first byte goes out.
inline std::int64_t onto_lane(Lane& lane, Flight& flight, std::int64_t ready, std::int64_t takes) {
    const std::int64_t start = std::max(ready, lane.free_at);
    if (start > ready) {
        if (lane.last_record != no_record) flight.origin.held_by = lane.last_record;
        flight.origin.wait += start - ready;
    }
    lane.free_at = flight.out_at = start + takes;
    lane.last_record = flight.origin.cause;
    lane.busy_ns += takes;
    ++lane.uses;
    return start;
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

/// Through the sender's network card and over the link, behind what was sent before.
[[gnu::always_inline]] inline void World::take_off(ConnectionIndex index, Connection& conn,
                                                   unsigned side, Flight& flight,
                                                   std::int64_t ready) {
    Pipe& pipe = conn.pipes[side];
    const Route& route = pipe.route;
    auto [start, sent] = route.is_local ? Sending{ready, ready}
                                        : through_card(hosts_[route.from_host], flight, ready);
    flight.off_card_at = sent;
    const std::uint64_t kind = flight.message.index();
    // What a learner is told again over another connection is as late as chance has it then.
    std::uint64_t occurrence = conn.earlier;
    if (flight.meaning == MessageSize::by_occurrence) {
        flight.meaning = 0;
        occurrence = occurrence_of(index, side, kind);
    }
    const LinkModel& link = link_models_[route.model];
    std::uint64_t word = draw(route.delay_key, flight.meaning * 32 + kind, occurrence);
    if ((link.gathering.ns | link.relay_cpu.ns) != 0) [[unlikely]] {
        Host& machine =
            hosts_[scenario_->hosts[route.from_host].cores_of.value_or(route.from_host)];
        const Relayed passed =
            pass_relay(machine, link, pipe, flight.origin, {.sent = sent, .word = word}, now_);
        start += passed.sent - sent;
        sent = passed.sent;
        word = passed.word;
    }
    const bool is_single = has_datagrams_ && is_single_message(conn, flight);
    flight.ready_at = sent;
    flight.on_link = wire_ns(flight.bytes, link_paces_[route.model]);
    flight.out_at = sent + flight.on_link;
    if (route.lane != none && is_sending(pipe)) {
        const std::int64_t begin =
            onto_lane(hosts_[route.from_host].lanes[route.lane], flight, sent, flight.on_link);
        start += begin - sent;
    }
    flight.past_at = flight.out_at;
    flight.travel = link.distance.ns + link.delay.draw(word).ns;
    if (has_noise_ || link.loss.ppb != 0) {
        flight.travel += faults_on_the_way(route, flight, word);
    }
    std::int64_t arrival = flight.past_at + flight.travel;
    flight.origin.other = arrival - start;
    if (!is_single && arrival < pipe.last_arrival) {
        flight.origin.wait += pipe.last_arrival - arrival;  // First in, first out.
        flight.origin.held_by = pipe.last_cause;
        arrival = pipe.last_arrival;
    }
    pipe.last_arrival = std::max(arrival, pipe.last_arrival);
    pipe.last_cause = flight.origin.cause;
    pipe.unread += flight.bytes;
    flight.origin.since = arrival;
    if (is_single) {
        scatter(index, side, word);
        return;
    }
    if (!pipe.head_scheduled && !pipe.stalled) {
        put_head(index, conn, side);
    }
}

void World::fly(ConnectionIndex index, unsigned side, Flight& flight, std::int64_t ready) {
    take_off(index, connections_[index], side, flight, ready);
}

/// Hands a message to a connection. A leader's packets to its learners are written by sender
/// threads of their own, one a learner; everybody else writes within the step. True: what was
/// written has overfilled the connection's buffer.
bool World::transmit(zab::LinkId link, const zab::Message& message, trace::RecordId cause,
                     std::int64_t ready, std::uint32_t service, std::int64_t waited) {
    const ConnectionIndex index = link.slot / 2;
    const unsigned side = link.slot % 2;
    Connection& conn = connections_[index];
    if (!conn.is_live(link)) {
        return false;
    }
    Pipe& pipe = conn.pipes[side];
    const bool is_full = pipe.unread > send_buffer_;
    // Even a thread that costs nothing writes nothing past what still waits for room.
    const bool has_sender = pipe.has_sender && (!cpu_is_free_ || is_full || !pipe.outbox.empty());
    const bool has_send_worker = is_full && conn.kind == zab::LinkKind::election;
    if (has_send_worker) {
        pipe.outbox.clear();  // Its queue has one place: the newest replaces the unsent one.
    }
    const MessageSize size = size_of(message);
    Flight& flight =
        has_sender || has_send_worker ? pipe.outbox.push_slot() : pipe.flights.push_slot();
    flight.message = message;
    // Field by field: what was just written in pieces would stall a copy of the whole.
    flight.origin.cause = cause;
    flight.origin.held_by = no_record;
    flight.origin.wait = waited;
    flight.origin.service = service;
    flight.origin.since = ready;
    flight.meaning = size.meaning;
    flight.bytes = size.bytes;
    flight.what = Flight::What::message;
    if (has_sender) {
        call_sender(index);
    } else if (!has_send_worker) {
        take_off(index, conn, side, flight, ready);
        return pipe.unread > send_buffer_;
    }
    return false;
}

void World::call_sender(ConnectionIndex index) {
    const zab::Ring<Flight>& outbox = connections_[index].pipes[1].outbox;
    const StageRef ref = StageRef::sender(index);
    Stage& sender = stage_of(ref);
    if (!outbox.empty() && sender.queue.empty()) {
        Pending& turn = sender.queue.push_slot();
        turn.what = Pending::What::turn;
        turn.origin.since = outbox.front().origin.since;
        plan_look(ref, sender, turn.origin.since);
    }
}

/// A learner's sender thread writes all that is ready, one packet after the other, as long as the
/// connection takes it.
void World::run_sender(ConnectionIndex index, Core* core) {
    Connection& conn = connections_[index];
    Stage& sender = stage_of(StageRef::sender(index));
    ServerNode& server = servers_[conn.ends[1].index];
    std::int64_t busy_until = now_;
    trace::RecordId last = sender.last_record;
    Pipe& pipe = conn.pipes[1];
    Origin first;
    set_holder(first, sender, core);
    if (core != nullptr) core->free_at = now_;
    Origin written;
    while (!pipe.outbox.empty() && pipe.outbox.front().origin.since <= now_ &&
           pipe.unread <= send_buffer_) {
        // Read where it was long since written: a fresh copy would stall.
        const Origin& asked = pipe.outbox.front().origin;
        written = {.cause = asked.cause,
                   .held_by = first.held_by,
                   .since = asked.since,
                   .wait = asked.wait,
                   .service = asked.service};
        Flight& flight = pipe.flights.push_slot();
        flight = pipe.outbox.front();
        pipe.outbox.pop();
        const std::uint64_t word =
            sender_cost_.is_drawn
                ? draw(server.cpu_key,
                       flight.meaning == MessageSize::by_occurrence ? 0 : flight.meaning,
                       behind_threads + servers_[conn.ends[0].index].id.value * packet_kinds +
                           flight.message.index())
                : 0;
        std::int64_t cost = within_horizon(sender_cost_.distribution->draw(word).ns);
        if (sender.busy_until < flight.origin.since && busy_until == now_) {
            cost += wake_cost(flight.origin.since - sender.busy_until, next_word(word));
        }
        if (has_first_use_costs_) {
            cost += first_use_cost(server, StageRef::per_server, word);
        }
        cost = std::min(cost, longest_packet_ns);
        if (busy_until > flight.origin.since) {
            flight.origin.held_by = last;
        }
        flight.origin.wait += busy_until - flight.origin.since;
        flight.origin.service += static_cast<std::uint32_t>(cost);
        busy_until += cost;
        last = flight.origin.cause;
        if (core != nullptr) core->free_at += cost;  // A relay may take it next.
        take_off(index, conn, 1, flight, busy_until);
    }
    sender.busy_until = busy_until;
    sender.last_record = last;
    if (core != nullptr) {
        core->last_record = last;
        hosts_[server.cores].core_busy_ns += busy_until - now_;
    }
    if (pipe.unread > send_buffer_) {
        fill(index, 1, Writer::sender, written);
    }
    call_sender(index);
}

/// How many such messages have gone this way: between two servers by kind; with a client, by its
/// connections, of which each has one.
std::uint64_t World::occurrence_of(ConnectionIndex index, unsigned side, std::uint64_t kind) {
    const Connection& conn = connections_[index];
    const Route& route = conn.pipes[side].route;
    if (route.pair == none) {
        return conn.number;
    }
    return ++pipe_draws_[route.pair * pair_counters + kind];
}

/// What loss and delays add, behind a limit of rate: a lost segment comes after a retransmission
/// time-out, which doubles at every further loss; after too many TCP gives the connection up. Never
/// longer than the horizon.
std::int64_t World::faults_on_the_way(const Route& route, Flight& flight, std::uint64_t word) {
    std::int64_t extra = 0;
    Probability loss = link_models_[route.model].loss;
    if (route.path != none) {
        Path& way = faults_.paths[route.path];
        const Key noise{next_word(word)};
        for (std::uint64_t n = 0, drawn = 0; drawn < way.delays; ++n) {
            const Fault& fault = scenario_->faults[way.faults[n]];
            if (fault.kind == FaultKind::delay) {
                const zab::Duration delay = fault.extra_delay.draw(draw(noise, drawn++, 0));
                extra = within_horizon(extra + within_horizon(delay.ns));
            }
        }
        loss = either(loss, way.loss);
        flight.past_at = way.let_past(flight.bytes, flight.out_at);
    }
    if (has_datagrams_ && route.pair != none) {
        return within_horizon(extra);  // What is lost is lost: nobody sends it again.
    }
    std::uint64_t chance = next_word(next_word(word));
    std::int64_t backoff = scenario_->network.retransmission_timeout.ns;
    for (std::uint32_t n = 0; loss.ppb != 0 && happens(loss, chance); ++n) {
        extra += backoff;
        backoff = next_backoff(backoff);
        chance = next_word(chance);
        if (n >= scenario_->network.retransmission_limit) {
            flight.what = Flight::What::given_up;
            is_troubled_ = true;
            break;
        }
    }
    return within_horizon(extra);
}

void World::schedule_head(ConnectionIndex index, unsigned side) {
    put_head(index, connections_[index], side);
}

}  // namespace sim
