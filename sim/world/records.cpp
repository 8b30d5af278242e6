#include "sim/world/hot.hpp"

#include <algorithm>
#include <tuple>

namespace sim {

namespace {

using trace::Kind;

constexpr std::int64_t zero_ns = 0;

auto key_of(const ResourceUse& use) { return std::tuple(use.resource, use.server, use.number); }

}  // namespace

trace::RecordId World::emit(std::uint64_t head, const Origin& origin, std::uint64_t a,
                            std::uint64_t b, std::uint32_t c) {
    return put_record(head, origin, a, b, c);
}

trace::RecordId World::emit_after(trace::RecordId cause, std::uint64_t head, std::uint64_t a,
                                  std::uint64_t b, std::uint32_t c) {
    const std::uint64_t back = cause == no_record ? 0 : distance(recorder_.next_id(), cause);
    return add_record(trace::Record(
        {static_cast<std::uint64_t>(now_), head, back, 0, std::uint64_t{c} << 32, 0, a, b}));
}

void World::show(const trace::Record& record, trace::RecordId id) {
    if (outlets_.value != nullptr) {
        outlets_.value->publish(record, id);
    }
    if ((faults_.watched & trace::kind_bit(record.kind())) != 0) {
        watch(record, id);
    }
}

/// What all threads that share the cores of a host have done, by host.
std::vector<std::uint64_t> World::items_by_cores() const {
    std::vector<std::uint64_t> items(hosts_.size());
    for (ServerIndex index = 0; index < servers_.size(); ++index) {
        for (std::uint16_t i = 0; i < zab::shared_stage_count; ++i) {
            const StageRef ref = StageRef::of(index, static_cast<zab::Stage>(i));
            items[servers_[index].cores] += server_stages_[ref.value].items;
        }
    }
    return items;
}

/// Cores and network card are their machine's, which every server of it tells as its own. Time is
/// charged when a use begins: what of it lies ahead is not past yet.
std::vector<ResourceUse> World::resource_uses() const {
    std::vector<ResourceUse> uses;
    const auto ahead = [this](std::int64_t until) { return std::max(until - now_, zero_ns); };
    const auto add = [&uses](const ServerNode& s, trace::Resource resource, std::uint16_t number,
                             std::int64_t busy_ns, std::uint64_t times) {
        uses.push_back({s.id, resource, number, std::max(busy_ns, zero_ns), times});
    };
    const std::vector<std::uint64_t> items = items_by_cores();
    for (const ServerNode& s : servers_) {
        const auto index = server_by_id_[s.id.value];
        const Host& host = hosts_[s.host];
        const Host& machine = hosts_[s.cores];
        std::int64_t cores_ns = machine.core_busy_ns;
        for (const Core& core : machine.cores) {
            cores_ns -= ahead(core.free_at);
        }
        for (std::uint16_t i = 0; i < zab::shared_stage_count; ++i) {
            const Stage& stage =
                server_stages_[StageRef::of(index, static_cast<zab::Stage>(i)).value];
            add(s, trace::Resource::stage, i, stage.busy_ns - ahead(stage.busy_until), stage.items);
        }
        add(s, trace::Resource::core, 0, cores_ns / static_cast<std::int64_t>(machine.cores.size()),
            items[s.cores]);
        add(s, trace::Resource::nic_out, 0, host.nic_busy_ns - ahead(host.nic_free_at),
            host.nic_uses);
        add(s, trace::Resource::disk, 0, s.disk.busy_ns - disk_ahead(index), s.disk.uses);
    }
    const auto links = static_cast<std::ptrdiff_t>(uses.size());
    for (const Lanes& of_host : links_so_far()) {
        for (const Lane& lane : of_host.all()) {
            if (lane.to_server == zab::NodeId{}) continue;
            uses.push_back({lane.from_server, trace::Resource::link, lane.to_server.value,
                            std::max(lane.busy_ns, zero_ns), lane.uses});
        }
    }
    // Some may be of the second call only.
    std::sort(uses.begin() + links, uses.end(),
              [](const ResourceUse& l, const ResourceUse& r) { return key_of(l) < key_of(r); });
    return uses;
}

/// The links of all hosts, without what they have yet to send.
std::vector<Lanes> World::links_so_far() const {
    std::vector<Lanes> links;
    for (const Host& host : hosts_) {
        links.push_back(host.lanes);
    }
    for (const Connection& conn : connections_) {
        for (const Pipe& pipe : conn.pipes) {
            if (conn.state == Connection::State::free || pipe.route.lane == none ||
                !is_sending(pipe)) {
                continue;
            }
            Lane& lane = links[pipe.route.from_host][pipe.route.lane];
            for (std::size_t i = 0; i < pipe.flights.size(); ++i) {
                lane.busy_ns -= pipe.flights[i].link_ahead(now_);
            }
        }
    }
    return links;
}

/// What the disk has yet to do for a server.
std::int64_t World::disk_ahead(ServerIndex index) const {
    std::int64_t total = 0;
    for (const WorkOrder& order : orders_) {
        const bool is_its =
            order.server == index && order.incarnation == servers_[index].incarnation;
        total += is_its ? order.disk_ahead(now_) : 0;
    }
    return total;
}

/// Since the warm-up.
void World::emit_resources() {
    std::vector<ResourceUse> uses = resource_uses();
    const std::int64_t begun = warming_.empty() ? 0 : scenario_->warm_up.ns;
    auto before = warming_.begin();  // In the same order; links may be missing in it.
    for (ResourceUse& use : uses) {
        if (before != warming_.end() && key_of(*before) == key_of(use)) {
            use.busy_ns = std::max(use.busy_ns - before->busy_ns, zero_ns);
            use.times -= before->times;
            ++before;
        }
        emit(Kind::resource, use.server, {}, use.number, static_cast<std::uint16_t>(use.resource),
             static_cast<std::uint64_t>(use.busy_ns), static_cast<std::uint64_t>(now_ - begun),
             static_cast<std::uint32_t>(use.times));
    }
}

}  // namespace sim
