#include "protocol/types/digest.hpp"
#include "sim/search/small_world.hpp"
#include "sim/trace/record_names.hpp"

#include <fmt/format.h>

namespace sim {

// What a state is told apart by, and how a choice is told.

std::uint64_t SmallWorld::fingerprint() const {
    zab::Digest digest;
    for (const auto& at : servers_) {
        if (at->print == 0) {
            zab::Digest own;
            own.add(at->up).add(at->peer.fingerprint()).add(at->disk.fingerprint());
            for (const std::uint8_t turns : at->turns) own.add(turns);
            for (const bool timer : at->timers) own.add(timer);
            for (const bool listens : at->listens) own.add(listens);
            own.add(at->orders.size());
            for (const Order& order : at->orders) {
                own.add(static_cast<std::uint64_t>(order.work)).add(order.in_background);
                own.add(static_cast<std::uint64_t>(order.stage)).add(order.link.slot);
                own.add(order.argument).add(at->disk.appended() - order.log_target);
                own.add(order.snapshot_name.prefix);
            }
            at->print = own.value | 1;
        }
        digest.add(at->print);
    }
    digest.add(left_.crashes).add(left_.power_losses).add(left_.restarts);
    digest.add(left_.late_restarts);
    for (const auto* timers : {&left_.hasty, &left_.patient}) {
        for (const std::uint8_t left : *timers) digest.add(left);
    }
    for (const Link& link : links_) {
        digest.add(link.slot).add(link.dialling).add(link.handler_turns);
        for (unsigned side = 0; side < 2; ++side) {
            digest.add(link.open[side]).add(link.up_pending[side]).add(link.pipes[side].size());
            for (const Flight& flight : link.pipes[side]) {
                digest.add(static_cast<std::uint64_t>(flight.what));
                digest.add(identity(flight.message));
                digest.add(flight.snapshot == nullptr ? 0 : flight.snapshot->position.prefix);
            }
        }
    }
    return digest.value;
}

std::string SmallWorld::describe(const Choice& choice) const {
    namespace names = trace::names;
    const Server& at = *servers_[choice.server];
    const unsigned id = at.id.value;
    const auto other = [&](unsigned side) {
        return servers_[links_[choice.link].ends[1 - side]]->id.value;
    };
    const auto work = [&] {
        return names::works[static_cast<std::size_t>(at.orders[choice.item].work)];
    };
    switch (choice.what) {
        case Choice::What::turn: return fmt::format("{}: {}", id, names::works[16u + choice.item]);
        case Choice::What::handler_turn:
            return fmt::format("{}: turn of the handler of {}", id, other(1));
        case Choice::What::done: return fmt::format("{}: {} done", id, work());
        case Choice::What::write_back: return fmt::format("{}: {} done, at last", id, work());
        case Choice::What::receive: {
            const Link& link = links_[choice.link];
            const Flight& flight = link.pipes[1u - choice.item].front();
            const auto kind = names::links[static_cast<std::size_t>(link.kind)];
            const auto what = flight.what == Flight::What::message
                                  ? names::messages[flight.message.index()]
                                  : std::string_view("the end of the connection");
            return fmt::format("{}: receives {} from {} ({})", id, what, other(choice.item), kind);
        }
        case Choice::What::link_up:
            return fmt::format("{}: connection with {} stands", id, other(choice.item));
        case Choice::What::dial:
            return fmt::format("{}: dials {} ({})", id, other(0),
                               names::links[static_cast<std::size_t>(links_[choice.link].kind)]);
        case Choice::What::timer:
            return fmt::format("{}: timer {}", id, names::timers[choice.item]);
        case Choice::What::crash: return fmt::format("{}: crashes", id);
        case Choice::What::power_loss: return fmt::format("{}: loses power", id);
        case Choice::What::restart: return fmt::format("{}: restarts", id);
    }
    return {};
}

}  // namespace sim
