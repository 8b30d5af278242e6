#include "sim/world/hot.hpp"

#include <limits>
#include <string>
#include <utility>

namespace sim {

namespace {

// More records than this at one instant mean that time stands still.
constexpr std::uint64_t stuck_limit = 50'000'000;

}  // namespace

World::World(std::shared_ptr<const Scenario> scenario, std::uint64_t seed, std::uint64_t branch)
    : scenario_(std::move(scenario)),
      config_(std::make_shared<const zab::Config>(scenario_->config)),
      root_(root_key(seed, branch)),
      cpu_is_free_(scenario_->cpu.costs_nothing()),
      has_datagrams_(scenario_->transport == "datagram"),
      send_buffer_(scenario_->network.send_buffer_bytes) {
    delay_key_ = derive(root_, "delay");
    load_key_ = derive(root_, "load");
    fault_key_ = derive(root_, "fault");
    set_item_costs();
    build_hosts();
    build_servers();
    build_clients();
    place_faults();
    if (scenario_->warm_up.ns > 0) {
        schedule(scenario_->warm_up.ns, EventKind::warm, 0, 0);
    }
}

void World::build_hosts() {
    for (const HostSpec& spec : scenario_->hosts) {
        Host& host = hosts_.emplace_back();
        host.cores.resize(spec.cores);
        host.nic_pace = Pace::of(spec.nic);
    }
    link_models_.push_back(scenario_->network.base);
    models_.assign(hosts_.size() * hosts_.size(), 0);
    for (const LinkOverride& link : scenario_->network.overrides) {
        std::uint32_t index = 0;
        while (index < link_models_.size() && !(link_models_[index] == link.model)) {
            ++index;
        }
        if (index == link_models_.size()) {
            link_models_.push_back(link.model);
        }
        models_[link.from_host * hosts_.size() + link.to_host] = index;
    }
    for (const LinkModel& link : link_models_) {
        link_paces_.push_back(Pace::of(link.bandwidth));
    }
}

void World::build_servers() {
    const Key cpu = derive(root_, "cpu");
    const Key disk = derive(root_, "disk");
    const Key process = derive(root_, "process");
    const Key timer = derive(root_, "timer");
    for (const ServerSpec& spec : scenario_->servers) {
        const std::string name = "server " + std::to_string(spec.id.value);
        if (server_by_id_.size() <= spec.id.value) {
            server_by_id_.resize(std::size_t{spec.id.value} + 1, none);
        }
        server_by_id_[spec.id.value] = static_cast<ServerIndex>(servers_.size());
        ServerNode node{.id = spec.id,
                        .host = static_cast<HostIndex>(spec.host),
                        .cores = static_cast<HostIndex>(
                            scenario_->hosts[spec.host].cores_of.value_or(spec.host)),
                        .peer = Participant(spec.id, *scenario_, config_)};
        if (!config_->force_sync) {
            node.disk.never_sync_log();
        }
        node.cpu_key = derive(cpu, name);
        node.disk_key = derive(disk, name);
        node.process_key = derive(process, name);
        node.timer_key = derive(timer, name);
        servers_.push_back(std::move(node));
    }
    server_stages_.resize(servers_.size() * StageRef::per_server);
    pipe_draws_.resize(servers_.size() * servers_.size() * pair_counters);
    faults_.path_ends = static_cast<std::uint32_t>(servers_.size());
    for (const Fault& fault : scenario_->faults) {
        const bool names_clients =
            fault.target.kind == Target::Kind::clients ||
            (fault.other.has_value() && fault.other->kind == Target::Kind::clients);
        if (names_clients) {
            faults_.path_ends =
                static_cast<std::uint32_t>(servers_.size() + scenario_->clients.size());
        }
    }
    faults_.paths.resize(std::size_t{faults_.path_ends} * faults_.path_ends);
    for (const ServerStart& start : scenario_->start) {
        preset(servers_[server_by_id_[start.id.value]], start);
    }
    for (ServerIndex i = 0; i < servers_.size(); ++i) {
        if (servers_[i].incarnation == none) {
            servers_[i].incarnation = 0;
        } else {
            schedule(0, EventKind::boot, i, none);
        }
    }
}

/// What a server has on its disk at the start, and whether it starts at all.
void World::preset(ServerNode& node, const ServerStart& start) {
    zab::History log;
    zab::Database database;
    std::optional<zab::Snapshot> snapshot;
    for (const zab::Zxid zxid : start.history) {
        const zab::Txn txn{zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set};
        database.apply(txn);
        log.push(txn);
        if (start.snapshot == zxid) {
            snapshot = database.snapshot();
            log.reset(snapshot->position);
        }
    }
    node.disk.preset(log, snapshot, start.accepted_epoch, start.current_epoch);
    tell_initial_files(node, start);
    if (start.down) {
        node.incarnation = none;  // Started by a fault, or never.
    }
}

/// Tells observers what a server has on its disk at the start: its history, epoch by epoch, and an
/// accepted epoch above the current one, of which its boot would say nothing.
void World::tell_initial_files(const ServerNode& node, const ServerStart& start) {
    zab::Position position{};
    for (std::size_t i = 0; i < start.history.size(); ++i) {
        const zab::Zxid zxid = start.history[i];
        position = zab::advance(position, {zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set});
        const bool ends_epoch =
            i + 1 == start.history.size() || start.history[i + 1].epoch() != zxid.epoch();
        if (ends_epoch) {
            initial_.push_back({.kind = trace::Kind::history,
                                .node = node.id,
                                .a = position.zxid.value,
                                .b = position.prefix});
        }
    }
    const zab::Epoch current = start.current_epoch.value_or(position.zxid.epoch());
    if (start.accepted_epoch > current) {
        initial_.push_back({.kind = trace::Kind::accepted_epoch,
                            .node = node.id,
                            .c = start.accepted_epoch->value});
    }
}

void World::schedule(std::int64_t time, EventKind kind, std::uint32_t entity,
                     std::uint64_t argument) {
    put_event(time, kind, entity, argument);
}

[[gnu::always_inline]] inline void World::dispatch(std::uint64_t what, std::uint64_t arguments) {
    const auto entity = static_cast<std::uint32_t>(what >> 8);
    const auto argument = static_cast<std::uint32_t>(arguments);
    const auto generation = static_cast<std::uint32_t>(arguments >> 32);
    // Events about a connection carry its generation: it may be gone, its place used again.
    const auto is_current = [this, entity, generation] {
        return connections_[entity].generation == generation;
    };
    switch (static_cast<EventKind>(what & 0xff)) {
        case EventKind::pipe_head:
            if (connections_[entity / 2].generation == generation) {
                head_arrives(entity / 2, entity % 2, argument);
            }
            return;
        case EventKind::stage: look({entity}, argument); return;
        case EventKind::core: serve_waiting(entity); return;
        case EventKind::timer: fire_timer(entity, generation, argument); return;
        case EventKind::work_done: complete_work(entity); return;
        case EventKind::boot:
            if (argument == none) {
                start_server(entity, no_record);
            } else {
                boot_server(entity, argument);
            }
            return;
        case EventKind::dial_arrives:
            if (is_current()) dial_arrives(entity);
            return;
        case EventKind::dial_answered:
            if (is_current()) dial_answered(entity, argument);
            return;
        case EventKind::dial_expires:
            if (is_current()) dial_expires(entity);
            return;
        case EventKind::read_timeout:
            if (is_current()) check_read_timeout(entity, argument);
            return;
        case EventKind::pipe_breaks:
        case EventKind::pipe_retries:
            if (connections_[entity / 2].generation == generation) {
                static_cast<EventKind>(what & 0xff) == EventKind::pipe_breaks
                    ? break_pipe(entity / 2, entity % 2, argument)
                    : retry_pipe(entity / 2, entity % 2, argument);
            }
            return;
        case EventKind::process_reset: reset_connections(entity, argument); return;
        case EventKind::client_timer: client_timer(entity, argument); return;
        case EventKind::client_arrival: client_arrival(entity, arguments); return;
        case EventKind::client_dial: client_dials(entity); return;
        case EventKind::client_leaves: client_leaves(entity); return;
        case EventKind::fault: strike(entity, no_record); return;
        case EventKind::undo_fault: undo_fault(entity); return;
        case EventKind::resume: resume_server(entity); return;
        case EventKind::warm: warming_ = resource_uses(); return;
    }
}

/// Performs the next event unless it is later than `until`; false: there is none.
[[gnu::always_inline]] inline bool World::run_next(zab::Instant until) {
    Ready next;
    if (!ready_.empty()) {
        next = ready_.front();
        ready_.pop();
    } else {
        Event event;
        if (!queue_.pop_until(until, event)) {
            return false;
        }
        if (event.time.ns != now_) {
            now_ = event.time.ns;
            instant_began_ = recorder_.next_id() + events_;
        }
        next = {event.what, event.argument};
    }
    dispatch(next.what, next.argument);
    ++events_;
    if (!faults_.due.empty()) {
        strike_due();
    }
    zab::ensure(recorder_.next_id() + events_ - instant_began_ < stuck_limit,
                "time must pass: fifty million records and events share one instant");
    return true;
}

bool World::run_until(zab::Instant until, std::uint64_t max_records) {
    const std::uint64_t limit = max_records > ~std::uint64_t{0} - recorder_.next_id()
                                    ? ~std::uint64_t{0}
                                    : recorder_.next_id() + max_records;
    begin();
    while (recorder_.next_id() < limit && run_next(until)) {
    }
    if (!ready_.empty() || (!queue_.empty() && queue_.next_time() <= until)) {
        return false;
    }
    now_ = std::max(now_, until.ns);
    return true;
}

bool World::run_one() {
    begin();
    return run_next({std::numeric_limits<std::int64_t>::max()});
}

/// The first records of a run: what the disks hold. Once. It has not happened in this run: no fault
/// waits for it.
void World::begin() {
    const trace::KindSet watched = std::exchange(faults_.watched, 0);
    for (const trace::Record::Fields& fields : initial_) {
        add_record(trace::Record(fields));
    }
    initial_.clear();
    faults_.watched = watched;
}

std::optional<ServerIndex> World::leader() const {
    std::optional<ServerIndex> best;
    std::uint64_t highest = 0;
    for (ServerIndex i = 0; i < servers_.size(); ++i) {
        const bool is_in_step = faults_.led.has_value() && faults_.led->server == i;
        const auto led = is_in_step ? faults_.led->epoch : servers_[i].peer.leadership();
        const auto leads = servers_[i].up ? led : std::nullopt;
        if (leads.has_value() && (!best.has_value() || *leads > highest)) {
            best = i;
            highest = *leads;
        }
    }
    return best;
}

void World::finish() {
    tell_skipped();
    for (Client& client : clients_) {
        tell_unasked(client);
    }
    emit_resources();
}

}  // namespace sim
