#include "sim/search/small_world.hpp"

#include <algorithm>

namespace sim {

// What may happen next.

namespace {

using What = Choice::What;

Choice choice(What what, std::size_t server, std::size_t item = 0, std::size_t link = 0) {
    return {what, static_cast<std::uint8_t>(server), static_cast<std::uint8_t>(item),
            static_cast<std::uint8_t>(link)};
}

/// The thread that is told of connections of a kind.
zab::Stage keeper_of(zab::LinkKind kind) {
    return kind == zab::LinkKind::election ? zab::Stage::election : zab::Stage::main;
}

}  // namespace

bool SmallWorld::is_blocked(const Server& server, zab::Stage stage, zab::LinkId link) const {
    return std::any_of(server.orders.begin(), server.orders.end(), [&](const Order& order) {
        return order.stage == stage && !order.in_background &&
               (stage != zab::Stage::handler || order.link == link);
    });
}

/// Whether this end's thread may read the next of what was sent to it.
bool SmallWorld::can_read(const Link& link, unsigned side) const {
    if (!link.open[side] || link.pipes[1 - side].empty()) {
        return false;
    }
    const Server& server = *servers_[link.ends[side]];
    const bool is_message = link.pipes[1 - side].front().what == Flight::What::message;
    const bool is_handlers = link.kind == zab::LinkKind::learner && side == 1 && is_message;
    const zab::Stage keeper = keeper_of(link.kind);
    if (!is_handlers) {
        return !link.up_pending[side] && !is_blocked(server, keeper, {});
    }
    // A handler is a thread of its own: it does not wait for main, which accepts connections.
    return !is_blocked(server, zab::Stage::handler, link_id(link, side));
}

bool SmallWorld::can_learn_up(const Link& link, unsigned side) const {
    return link.open[side] && link.up_pending[side] &&
           !is_blocked(*servers_[link.ends[side]], keeper_of(link.kind), {});
}

void SmallWorld::list_server_choices(std::size_t server, std::vector<Choice>& out) const {
    const Server& at = *servers_[server];
    for (std::size_t s = 0; s < zab::shared_stage_count; ++s) {
        if (at.turns[s] != 0 && !is_blocked(at, static_cast<zab::Stage>(s), {})) {
            out.push_back(choice(What::turn, server, s));
        }
    }
    for (std::size_t i = 0; i < at.orders.size(); ++i) {
        const bool is_planted = at.orders[i].in_background;
        out.push_back(choice(is_planted ? What::write_back : What::done, server, i));
    }
}

void SmallWorld::list_link_choices(std::size_t index, std::vector<Choice>& out) const {
    const Link& link = links_[index];
    if (link.dialling) {
        if (!is_blocked(*servers_[link.ends[0]], keeper_of(link.kind), {})) {
            out.push_back(choice(What::dial, link.ends[0], 0, index));
        }
        return;
    }
    for (unsigned side = 0; side < 2; ++side) {
        if (can_learn_up(link, side)) {
            out.push_back(choice(What::link_up, link.ends[side], side, index));
        }
        if (can_read(link, side)) {
            out.push_back(choice(What::receive, link.ends[side], side, index));
        }
    }
    if (link.handler_turns != 0 && link.open[1] &&
        !is_blocked(*servers_[link.ends[1]], zab::Stage::handler, link_id(link, 1))) {
        out.push_back(choice(What::handler_turn, link.ends[1], 0, index));
    }
}

void SmallWorld::list_timers(bool nothing_else, std::vector<Choice>& out) const {
    const auto& allowed = nothing_else ? left_.patient : left_.hasty;
    for (std::size_t server = 0; server < server_count; ++server) {
        const Server& at = *servers_[server];
        if (!at.up || is_blocked(at, zab::Stage::main, {})) {
            continue;
        }
        for (std::size_t kind = 0; kind < zab::timer_kind_count; ++kind) {
            if (at.timers[kind] && allowed[kind] != 0) {
                out.push_back(choice(What::timer, server, kind, nothing_else));
            }
        }
    }
}

void SmallWorld::list_faults(bool nothing_else, std::vector<Choice>& out) const {
    for (std::size_t server = 0; server < server_count; ++server) {
        const bool is_up = servers_[server]->up;
        if (is_up && left_.crashes != 0) {
            out.push_back(choice(What::crash, server));
        }
        if (is_up && left_.power_losses != 0) {
            out.push_back(choice(What::power_loss, server));
        }
        const bool is_late = nothing_else && left_.late_restarts != 0;
        if (!is_up && (left_.restarts != 0 || is_late)) {
            out.push_back(choice(What::restart, server, is_late));
        }
    }
}

void SmallWorld::list_choices(std::vector<Choice>& out) const {
    out.clear();
    for (std::size_t server = 0; server < server_count; ++server) {
        if (servers_[server]->up) {
            list_server_choices(server, out);
        }
    }
    for (std::size_t index = 0; index < links_.size(); ++index) {
        list_link_choices(index, out);
    }
    const bool nothing_else = out.empty();
    list_timers(nothing_else, out);
    list_faults(nothing_else, out);
}

}  // namespace sim
