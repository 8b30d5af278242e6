#include "sim/search/small_world.hpp"

#include <algorithm>

namespace sim {

namespace {

std::shared_ptr<const zab::Config> small_config() {
    auto config = std::make_shared<zab::Config>();
    config->voters = {zab::NodeId{1}, zab::NodeId{2}, zab::NodeId{3}};
    return config;
}

// The client's connection: no link of the small world, what is sent on it goes nowhere.
constexpr zab::LinkId client_link{1'000, 1};

}  // namespace

SmallWorld::SmallWorld(const Bounds& bounds, const Defects& defects)
    : config_(small_config()), defects_(defects), left_(bounds) {
    for (std::size_t i = 0; i < server_count; ++i) {
        const zab::NodeId id = config_->voters[i];
        servers_[i] = std::make_shared<Server>(Server{.id = id, .peer = zab::Peer(id, config_)});
    }
}

/// The server, to be changed: copies of the world share it until then.
SmallWorld::Server& SmallWorld::edit(std::size_t server) {
    std::shared_ptr<Server>& at = servers_[server];
    if (at.use_count() > 1) {
        at = std::make_shared<Server>(*at);
    }
    at->print = 0;
    return *at;
}

SmallWorld::Link* SmallWorld::find(zab::LinkId id) {
    const auto found = std::find_if(links_.begin(), links_.end(), [id](const Link& link) {
        return link.slot / 2 == id.slot / 2 && !link.dialling;
    });
    return found == links_.end() ? nullptr : &*found;
}

zab::LinkId SmallWorld::link_id(const Link& link, unsigned side) const {
    return {link.slot + side, 1};
}

void SmallWorld::boot(std::size_t index, Scratch& scratch) {
    scratch_ = &scratch;
    Server& server = edit(index);
    server.up = true;
    server.peer = zab::Peer(server.id, config_);
    tell(server, {.kind = trace::Kind::server_started});
    if (server.disk.durable() < server.disk.appended()) {
        // As the world does it: what was left in the page cache is made durable first.
        make_durable(server, {.work = zab::Work::sync_log, .log_target = server.disk.appended()});
    }
    step(index, zab::Started{&server.disk.image(), 0});
}

void SmallWorld::ask_for_session(std::size_t index, Scratch& scratch) {
    scratch_ = &scratch;
    const zab::Message connect = zab::Connect{.timeout_ms = 30'000};
    step(index, zab::Received{client_link, zab::LinkKind::client, &connect, nullptr});
}

void SmallWorld::stop(std::size_t index, trace::StopReason reason) {
    Server& server = edit(index);
    server.up = false;
    server.turns = {};
    server.timers = {};
    server.listens = {};
    server.orders.clear();
    server.peer = zab::Peer(server.id, config_);
    tell(server,
         {.kind = trace::Kind::server_stopped, .detail = static_cast<std::uint16_t>(reason)});
    const bool is_silent = reason == trace::StopReason::power_loss;
    if (is_silent) {
        const std::uint64_t lost = server.disk.lose_power(0, 0).records;
        const zab::Position end = server.disk.image().log.last();
        tell(server, {.kind = trace::Kind::lost,
                      .a = end.zxid.value,
                      .b = end.prefix,
                      .c = static_cast<std::uint32_t>(lost)});
    }
    for (Link& link : links_) {
        for (unsigned side = 0; side < 2; ++side) {
            if (link.ends[side] != index || !link.open[side]) {
                continue;
            }
            link.pipes[1 - side].clear();
            link.open[side] = false;
            if (!link.dialling && link.open[1 - side]) {
                const auto what = is_silent ? Flight::What::timed_out : Flight::What::reset;
                link.pipes[side].push_back({what, {}, nullptr});
            }
        }
    }
    std::erase_if(links_, [](const Link& l) { return !l.open[0] && !l.open[1]; });
}

/// Connections that neither end holds any more.
void SmallWorld::forget_closed() {
    std::erase_if(links_, [](const Link& l) { return !l.dialling && !l.open[0] && !l.open[1]; });
}

void SmallWorld::receive(const Choice& choice) {
    Link& link = links_[choice.link];
    const unsigned side = choice.item;
    std::vector<Flight>& incoming = link.pipes[1 - side];
    const Flight flight = incoming.front();
    incoming.erase(incoming.begin());
    const zab::LinkId id = link_id(link, side);
    if (flight.what == Flight::What::message) {
        step(choice.server, zab::Received{id, link.kind, &flight.message, flight.snapshot.get()});
        return;
    }
    const zab::NodeId other = servers_[link.ends[1 - side]]->id;
    zab::DownReason reason = zab::DownReason::closed;
    if (flight.what != Flight::What::closed) {
        reason = flight.what == Flight::What::reset ? zab::DownReason::reset
                                                    : zab::DownReason::timed_out;
    }
    link.open[side] = false;
    link.handler_turns = 0;
    step(choice.server, zab::LinkDown{id, link.kind, reason, other});
}

void SmallWorld::finish(const Choice& choice) {
    Server& server = edit(choice.server);
    const Order order = server.orders[choice.item];
    server.orders.erase(server.orders.begin() + choice.item);
    make_durable(server, order);
    if (!order.in_background) {
        step(choice.server, zab::Done{.work = order.work,
                                      .stage = order.stage,
                                      .link = order.link,
                                      .disk = &server.disk.image()});
    }
}

void SmallWorld::tell_up(Link& link, unsigned side) {
    link.up_pending[side] = false;
    const std::size_t server = link.ends[side];
    const zab::NodeId other = servers_[link.ends[1 - side]]->id;
    step(server, zab::LinkUp{link_id(link, side), link.kind, other, side == 1});
}

/// Accepting is one act with the dial's arrival, if the thread that accepts is free.
void SmallWorld::answer_dial(const Choice& choice) {
    Link& link = links_[choice.link];
    const Server& target = *servers_[link.ends[1]];
    if (!target.up || !target.listens[static_cast<std::size_t>(link.kind)]) {
        const zab::LinkKind kind = link.kind;
        const zab::NodeId other = target.id;
        links_.erase(links_.begin() + choice.link);
        step(choice.server, zab::DialFailed{kind, other, zab::DownReason::refused});
        return;
    }
    link.dialling = false;
    link.open = {true, true};
    link.up_pending = {true, true};
    if (can_learn_up(link, 1)) {
        tell_up(link, 1);
    }
}

void SmallWorld::apply(const Choice& choice, Scratch& scratch) {
    scratch_ = &scratch;
    const auto stage = static_cast<zab::Stage>(choice.item);
    switch (choice.what) {
        case Choice::What::turn:
            --edit(choice.server).turns[choice.item];
            step(choice.server, zab::Ran{stage, {}});
            break;
        case Choice::What::handler_turn:
            --links_[choice.link].handler_turns;
            step(choice.server, zab::Ran{zab::Stage::handler, link_id(links_[choice.link], 1)});
            break;
        case Choice::What::done:
        case Choice::What::write_back: finish(choice); break;
        case Choice::What::receive: receive(choice); break;
        case Choice::What::link_up: tell_up(links_[choice.link], choice.item); break;
        case Choice::What::dial: answer_dial(choice); break;
        case Choice::What::timer:
            edit(choice.server).timers[choice.item] = false;
            --(choice.link != 0 ? left_.patient : left_.hasty)[choice.item];
            step(choice.server, zab::TimerFired{static_cast<zab::TimerKind>(choice.item)});
            break;
        case Choice::What::crash:
            --left_.crashes;
            stop(choice.server, trace::StopReason::crash);
            break;
        case Choice::What::power_loss:
            --left_.power_losses;
            stop(choice.server, trace::StopReason::power_loss);
            break;
        case Choice::What::restart:
            --(choice.item != 0 ? left_.late_restarts : left_.restarts);
            boot(choice.server, scratch);
            break;
    }
    forget_closed();
}

bool SmallWorld::is_served() const {
    std::size_t leaders = 0;
    for (const auto& server : servers_) {
        const zab::Leading* leading = server->peer.leading();
        const zab::Learning* learning = server->peer.learning();
        const bool leads = leading != nullptr && leading->phase == zab::Leading::Phase::broadcast;
        const bool follows =
            learning != nullptr && learning->phase == zab::Learning::Phase::serving;
        leaders += leads ? 1u : 0u;
        if (server->up && !leads && !follows) {
            return false;
        }
    }
    return leaders == 1;
}

}  // namespace sim
