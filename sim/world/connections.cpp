#include "sim/world/message_facts.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// The life of a connection: dialled, accepted or refused, used, closed, reset, timed out.

namespace {

// A segment without contents.
constexpr std::uint32_t segment_bytes = 60;

// There and back, to a process of its own machine that has nothing to ask anybody; a guess.
constexpr std::int64_t loopback_ns = 50'000;

// What a dialler hears back.
enum Answer : std::uint32_t { accepted = 0, refused = 1 };

}  // namespace

StageRef World::reader_of(ConnectionIndex index, unsigned side) const {
    const Connection& conn = connections_[index];
    const ServerIndex server = conn.ends[side].index;
    switch (conn.kind) {
        case zab::LinkKind::election: return StageRef::of(server, zab::Stage::election);
        case zab::LinkKind::client: return StageRef::of(server, zab::Stage::io);
        case zab::LinkKind::learner: break;
    }
    if (side == 1) {
        return StageRef::handler(index);
    }
    return StageRef::of(server, zab::Stage::main);
}

/// By what both ends are called: clients of other groups change nothing for this one.
Key World::pair_key(const End& from, const End& to) const {
    const auto name_of = [this](const End& end) {
        return end.is_client ? clients_[end.index].key.value : servers_[end.index].id.value;
    };
    return {delay_key_.value + name_of(from) * 0x9fb21c651e98df25u +
            name_of(to) * 0xd6e8feb86659fd93u};
}

Route World::route_of(ConnectionIndex index, unsigned side) {
    const Connection& conn = connections_[index];
    const End& from = conn.ends[side];
    const End& to = conn.ends[1 - side];
    Route route{.delay_key = pair_key(from, to), .from_host = host_of(from)};
    route.model = models_[route.from_host * hosts_.size() + host_of(to)];
    route.is_local = route.from_host == host_of(to);
    if (link_paces_[route.model].fixed_ns_per_byte != 0 && !route.is_local) {
        const bool is_between_servers = !from.is_client && !to.is_client;
        route.lane = hosts_[route.from_host].lanes.lane_to(
            host_of(to), is_between_servers ? servers_[from.index].id : zab::NodeId{},
            is_between_servers ? servers_[to.index].id : zab::NodeId{});
    }
    route.peer = from.is_client ? 0 : servers_[from.index].id.value;
    if (!to.is_client) {
        route.reader = reader_of(index, 1 - side);
        route.reads_nothing_else = conn.kind == zab::LinkKind::learner;
    }
    if (!from.is_client && !to.is_client) {
        route.pair = static_cast<std::uint32_t>(from.index * servers_.size() + to.index);
    }
    if (std::max(path_end(from), path_end(to)) < faults_.path_ends) {
        route.path = path_end(from) * faults_.path_ends + path_end(to);
    }
    return route;
}

/// How long a segment without contents takes.
std::int64_t World::segment_ns(const End& from, const End& to, std::uint64_t word) const {
    const LinkModel& link = model(host_of(from), host_of(to));
    return link.distance.ns + link.delay.draw(word).ns;
}

void World::dial(const End& from, const End& to, zab::LinkKind kind, zab::Duration timeout,
                 trace::RecordId cause, std::uint32_t service, std::int64_t ready) {
    ConnectionIndex index = free_connection_;
    if (index == none) {
        index = static_cast<ConnectionIndex>(connections_.size());
        connections_.emplace_back();
        connection_stages_.resize(connections_.size() * StageRef::per_connection);
    } else {
        free_connection_ = connections_[index].next_free;
    }
    Connection& conn = connections_[index];
    const std::uint32_t generation = conn.generation + 1;
    for (Pipe& pipe : conn.pipes) {
        pipe.clear();
        pipe.last_arrival = 0;
    }
    conn.state = Connection::State::dialling;
    conn.kind = kind;
    conn.generation = generation;
    conn.ends = {from, to};
    conn.open = {true, false};
    conn.read_timeout = {};
    conn.last_heard = {};
    conn.timeout_due = {};
    for (const StageRef ref : {StageRef::handler(index), StageRef::sender(index)}) {
        Stage& stage = stage_of(ref);
        stage.queue.clear();
        stage.busy_until = 0;
        stage.last_record = no_record;
        stage.items = 0;
        stage.blocked = stage.writing = stage.scheduled = stage.queued = false;
    }
    conn.pipes[1].has_sender = kind == zab::LinkKind::learner;
    conn.established = false;
    conn.reading = Connection::Reading::on;
    conn.number = dial_count(from, to);
    conn.earlier = 0;
    for (unsigned side = 0; side < 2; ++side) {
        conn.pipes[side].route = route_of(index, side);
    }
    const std::uint64_t word = draw(pair_key(from, to), ~std::uint64_t{0}, conn.number);
    conn.dialled = {cause, ready, word, service};
    const std::int64_t there = segment_ns(from, to, word);
    const std::uint64_t tag = std::uint64_t{generation} << 32;
    if (relay_refuses(conn)) {
        schedule(ready + loopback_ns, EventKind::dial_answered, index, tag | refused);
    } else {
        schedule(ready + there, EventKind::dial_arrives, index, tag);
    }
    const std::int64_t patience =
        from.is_client ? timeout.ns : servers_[from.index].clock.true_time(timeout.ns);
    schedule(ready + patience, EventKind::dial_expires, index, tag);
}

/// Whether the way goes by a relay that listens only while the process behind it does.
bool World::relay_refuses(const Connection& conn) const {
    const zab::Duration lag = model(host_of(conn.ends[0]), host_of(conn.ends[1])).listening;
    if (lag.ns == 0) {
        return false;
    }
    const ServerNode& target = servers_[conn.ends[1].index];
    const auto kind = static_cast<std::size_t>(conn.kind);
    const std::uint64_t chance = draw(pair_key(conn.ends[0], conn.ends[1]), ~std::uint64_t{3},
                                      static_cast<std::uint64_t>(target.listens_since[kind])) >>
                                 32;
    const auto seen_after =
        static_cast<std::int64_t>(chance * static_cast<std::uint64_t>(lag.ns) >> 32);
    return !target.up || !target.listens[kind] || now_ < target.listens_since[kind] + seen_after;
}

/// How often this pair has dialled: counted by the pair, so that others do not shift its draws.
std::uint64_t World::dial_count(const End& from, const End& to) {
    if (from.is_client || to.is_client) {
        return ++clients_[from.index].dials;
    }
    return ++pair_counter(from.index, to.index, zab::message_kind_count + 1);
}

std::uint32_t& World::pair_counter(ServerIndex from, ServerIndex to, std::size_t counter) {
    return pipe_draws_[(from * servers_.size() + to) * pair_counters + counter];
}

/// The dialler's first segment reaches the other host, or not.
void World::dial_arrives(ConnectionIndex index) {
    Connection& conn = connections_[index];
    const Path* there = path_between(conn.ends[0], conn.ends[1]);
    const Path* back = path_between(conn.ends[1], conn.ends[0]);
    ServerNode& target = servers_[conn.ends[1].index];
    const bool is_silent = (there != nullptr && !there->is_open()) ||
                           (back != nullptr && !back->is_open()) || !target.host_up;
    if (conn.state != Connection::State::dialling || is_silent) {
        return;  // Nobody answers; the dialler's own time-out will tell.
    }
    const bool accepts = target.up && target.listens[static_cast<std::size_t>(conn.kind)];
    const std::int64_t home = segment_ns(conn.ends[1], conn.ends[0], next_word(conn.dialled.word));
    const std::uint64_t tag = std::uint64_t{conn.generation} << 32;
    schedule(now_ + home, EventKind::dial_answered, index, tag | (accepts ? accepted : refused));
    if (!accepts) {
        return;
    }
    conn.state = Connection::State::open;
    conn.open[1] = true;
    conn.last_heard = {now_, now_};
    const End& dialler = conn.ends[0];
    Pending pending{.what = Pending::What::link_up, .flag = true, .kind = conn.kind};
    pending.link = link_of(index, 1);
    pending.origin = {.cause = conn.dialled.cause,
                      .since = now_,
                      .other = now_ - conn.dialled.at,
                      .service = conn.dialled.service,
                      .cost = trace::Cost::wire};
    // An acceptor does not know who it is yet; the record shows it where it is a server.
    pending.peer = dialler.is_client ? zab::NodeId{} : servers_[dialler.index].id;
    if (conn.kind == zab::LinkKind::learner) {
        conn.earlier = pair_counter(dialler.index, conn.ends[1].index, zab::message_kind_count)++;
        // Accepted by a thread of its own (LearnerCnxAcceptor), whatever the main thread waits for.
        enqueue(StageRef::handler(index), pending);
    } else if (conn.kind == zab::LinkKind::election) {
        tell(conn.ends[1], pending);
    }
}

void World::dial_answered(ConnectionIndex index, std::uint32_t answer) {
    Connection& conn = connections_[index];
    const End dialler = conn.ends[0];
    const Origin origin{.cause = conn.dialled.cause,
                        .since = now_,
                        .other = now_ - conn.dialled.at,
                        .service = conn.dialled.service,
                        .cost = trace::Cost::wire};
    Pending pending{.what = Pending::What::link_up, .kind = conn.kind, .origin = origin};
    pending.peer = servers_[conn.ends[1].index].id;
    pending.link = link_of(index, 0);
    if (answer == refused) {
        pending.what = Pending::What::dial_failed;
        pending.small = static_cast<std::uint8_t>(zab::DownReason::refused);
        release(index);
        tell(dialler, pending);
        return;
    }
    if (conn.state != Connection::State::open || !conn.open[0]) {
        return;
    }
    conn.last_heard[0] = now_;
    conn.established = true;
    if (dialler.is_client) {
        client_link_up(dialler.index, pending.link);
    } else {
        tell(dialler, pending);
    }
}

void World::dial_expires(ConnectionIndex index) {
    Connection& conn = connections_[index];
    if (conn.established) {
        return;
    }
    Pending pending{.what = Pending::What::dial_failed, .kind = conn.kind};
    pending.small = static_cast<std::uint8_t>(zab::DownReason::unanswered);
    pending.peer = servers_[conn.ends[1].index].id;
    pending.origin = {.cause = conn.dialled.cause,
                      .since = now_,
                      .other = now_ - conn.dialled.at,
                      .service = conn.dialled.service,
                      .cost = trace::Cost::timer};
    const End dialler = conn.ends[0];
    if (conn.state == Connection::State::open && conn.open[1]) {
        // Accepted there, but the answer is too late: the other end learns that it is over.
        close_link(link_of(index, 0), Flight::What::closed, no_record, 0, now_);
    } else {
        release(index);
    }
    tell(dialler, pending);
}

/// Gives a server's reading stage, or a client, something that happened to a connection.
void World::tell(const End& end, const Pending& pending) {
    if (end.is_client) {
        if (pending.what == Pending::What::dial_failed) {
            client_link_down(end.index, static_cast<zab::DownReason>(pending.small),
                             pending.origin);
        }
        return;
    }
    if (!servers_[end.index].up) {
        return;
    }
    zab::Stage stage = zab::Stage::main;
    if (pending.kind == zab::LinkKind::election) {
        stage = zab::Stage::election;
    } else if (pending.kind == zab::LinkKind::client) {
        stage = zab::Stage::io;
    }
    enqueue(StageRef::of(end.index, stage), pending);
}

/// One end closes: what it has written still arrives, then the other end learns of it.
void World::close_link(zab::LinkId link, Flight::What what, trace::RecordId cause,
                       std::uint32_t service, std::int64_t ready, std::int64_t waited) {
    if (!is_live(link)) {
        return;
    }
    Connection& conn = connection(link);
    const unsigned side = link.slot % 2;
    conn.open[side] = false;
    if (!conn.open[1 - side]) {
        release(link.slot / 2);
        return;
    }
    Pipe& pipe = conn.pipes[side];
    tear_off(link.slot / 2, side);  // Who waits in a write gets an error instead.
    discard_unread(link.slot / 2, side);
    const bool has_more = !pipe.outbox.empty();  // It goes behind what is not sent.
    Flight& flight = has_more ? pipe.outbox.push_slot() : pipe.flights.push_slot();
    flight.message = zab::UpToDate{};
    flight.origin.cause = cause;
    flight.origin.held_by = no_record;
    flight.origin.service = service;
    flight.origin.wait = waited;
    flight.bytes = segment_bytes;
    flight.meaning = MessageSize::by_occurrence;
    flight.what = what;
    if (has_more) {
        flight.origin.since = ready;
    } else {
        fly(link.slot / 2, side, flight, ready);
    }
}

/// A segment arrives at an end that is gone: a host that runs answers with a reset.
void World::arrive_at_nobody(ConnectionIndex index, unsigned side) {
    Connection& conn = connections_[index];
    const End& to = conn.ends[1 - side];
    const bool answers = to.is_client || servers_[to.index].host_up;
    const Flight flight = conn.pipes[side].flights.front();
    if (!answers || !conn.open[side]) {
        pop_head(index, side);
        return;
    }
    if (conn.pipes[1 - side].flights.empty() && !to.is_client) {
        const std::uint64_t word =
            draw(pair_key(to, conn.ends[side]), ~std::uint64_t{2}, conn.number);
        const std::int64_t back = segment_ns(to, conn.ends[side], word);
        Flight& reset = conn.pipes[1 - side].flights.push_slot();
        reset.message = zab::UpToDate{};
        reset.origin.cause = flight.origin.cause;
        reset.origin.held_by = no_record;
        reset.what = Flight::What::reset;
        reset.bytes = segment_bytes;
        reset.origin.wait = flight.origin.wait;
        reset.origin.service = flight.origin.service;
        reset.origin.since = now_ + back;
        reset.origin.other = flight.origin.other + (now_ - flight.origin.since) + back;
        conn.pipes[1 - side].unread += reset.bytes;
        if (!conn.pipes[1 - side].head_scheduled) {
            schedule_head(index, 1 - side);
        }
    }
    pop_head(index, side);
}

/// An end learns that its connection is gone, and lets go of it.
void World::end_closed(ConnectionIndex index, unsigned side, zab::DownReason reason,
                       const Origin& origin) {
    Connection& conn = connections_[index];
    const End end = conn.ends[side];
    const zab::LinkId link = link_of(index, side);
    conn.open[side] = false;
    let_writers_go(index, side, no_record);
    if (end.is_client) {
        release(index);
        client_link_down(end.index, reason, origin);
        return;
    }
    Pending pending{.what = Pending::What::link_down,
                    .small = static_cast<std::uint8_t>(reason),
                    .kind = conn.kind,
                    .link = link,
                    .origin = origin};
    const End& other = conn.ends[1 - side];
    pending.peer = other.is_client ? zab::NodeId{} : servers_[other.index].id;
    if (side == 0 && !conn.established) {
        // Reset before the answer to its dial came: it knows of no link that could be down.
        pending.what = Pending::What::dial_failed;
    }
    if (!conn.open[1 - side]) {
        release(index);
    }
    tell(end, pending);
}

void World::release(ConnectionIndex index) {
    Connection& conn = connections_[index];
    conn.state = Connection::State::free;
    conn.open = {};
    ++conn.generation;  // Events and links that still name it find nobody.
    conn.established = false;
    for (unsigned side = 0; side < 2; ++side) {
        let_writers_go(index, side, no_record);
        drop_flights(conn.pipes[side]);
    }
    stage_of(StageRef::handler(index)).queue.clear();
    stage_of(StageRef::sender(index)).queue.clear();
    conn.next_free = free_connection_;
    free_connection_ = index;
}

}  // namespace sim
