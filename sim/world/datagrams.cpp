#include "sim/clock/horizon.hpp"
#include "sim/world/world.hpp"

#include <algorithm>

namespace sim {

// The transport "datagram": Zab assumes channels that are reliable and first in, first out; this
// one is neither, to show which property falls without them. Connections are made and closed as
// with streams; what differs is how each message between servers fares.

namespace {

// What a draw is for.
enum Fate : std::uint64_t { drops = 1, duplicates, reorders, held_up };

constexpr std::size_t crowd = 100;  // Messages on one way; a guess, far above what is usual.

}  // namespace

/// A snapshot is no single message: it is as long as it is, and comes whole and in its place.
bool World::is_single_message(const Connection& conn, const Flight& flight) {
    return conn.kind != zab::LinkKind::client && flight.what == Flight::What::message &&
           zab::kind_of(flight.message) != zab::MessageKind::snap;
}

/// The message just sent, the last of its pipe, may be lost, may come twice, and takes its place by
/// when it arrives. Its fate is drawn by what it is and by its connection: sent again over another
/// one, it fares anew.
void World::scatter(ConnectionIndex index, unsigned side, std::uint64_t word) {
    const Connection& conn = connections_[index];
    Pipe& pipe = connections_[index].pipes[side];
    const DatagramSpec& spec = scenario_->network.datagram;
    const Flight sent = pipe.flights.back();
    pipe.flights.pop_back();
    pipe.unread -= sent.bytes;
    const Key fate = derive(Key{word}, conn.number);
    const Probability of_link = model(host_of(conn.ends[side]), host_of(conn.ends[1 - side])).loss;
    const Probability of_faults =
        path(path_end(conn.ends[side]), path_end(conn.ends[1 - side])).loss;
    const Probability drop = either(spec.drop, either(of_link, of_faults));
    if (happens(drop, draw(fate, drops, 0))) {
        return;
    }
    // Where a crowd is on its way nothing comes twice: what answers every copy would only breed.
    const bool is_crowded = pipe.flights.size() >= crowd;
    const bool comes_twice = !is_crowded && happens(spec.duplicate, draw(fate, duplicates, 0));
    const std::uint64_t copies = comes_twice ? 2 : 1;
    for (std::uint64_t copy = 0; copy < copies; ++copy) {
        Flight one = sent;
        if (happens(spec.reorder, draw(fate, reorders, copy))) {
            const std::int64_t late =
                within_horizon(spec.reorder_delay.draw(draw(fate, held_up, copy)).ns);
            one.delay_until(one.origin.since + late);
        }
        take_place(index, side, one);
    }
}

/// In the order of arrival; among equals behind those sent before.
void World::take_place(ConnectionIndex index, unsigned side, const Flight& flight) {
    Pipe& pipe = connections_[index].pipes[side];
    pipe.flights.push(flight);
    pipe.unread += flight.bytes;
    pipe.last_arrival = std::max(pipe.last_arrival, flight.origin.since);
    std::size_t place = pipe.flights.size() - 1;
    for (; place > 0 && pipe.flights[place - 1].origin.since > flight.origin.since; --place) {
        pipe.flights[place] = pipe.flights[place - 1];
    }
    pipe.flights[place] = flight;
    // A head that its reader has already came before now: nothing sent now overtakes it.
    if (!pipe.stalled && (place == 0 || !pipe.head_scheduled)) {
        schedule_head(index, side);
    }
}

}  // namespace sim
