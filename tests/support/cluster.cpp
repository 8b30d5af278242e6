#include "tests/support/cluster.hpp"

#include "sim/world/record_kinds.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

namespace test {

Cluster::Cluster(zab::Config config)
    : config_(std::move(config)),
      checkers_(analysis::Ensemble{
          config_.voters, config_.observers,
          config_.release.log_ahead == zab::LogAheadOfEpoch::starts ? "fixed" : "master",
          config_.groups}) {
    for (const auto* group : {&config_.voters, &config_.observers}) {
        for (const zab::NodeId id : *group) {
            nodes_[id].id = id;
            nodes_[id].config = std::make_shared<zab::Config>(config_);
            nodes_[id].config->max_session_ticks = 1'000'000;  // Its clients never ping.
        }
    }
}

void Cluster::configure(zab::NodeId node, zab::Config config) {
    nodes_.at(node).config = std::make_shared<zab::Config>(std::move(config));
}

void Cluster::mock(zab::NodeId node) {
    nodes_.at(node).is_mock = true;
    nodes_.at(node).listens = {true, true, true};
}

void Cluster::start(zab::NodeId id) {
    Node& node = nodes_.at(id);
    if (node.peer.has_value()) return;
    node.peer.emplace(id, node.config);
    node.disk.roll_log();
    tell(node, {.kind = trace::Kind::server_started});
    if (node.config->release.boot_syncs_log && node.disk.durable() < node.disk.appended()) {
        node.disk.complete_sync(node.disk.appended());
        tell(node, sim::work_record(zab::Work::sync_log, node.disk, 0));
    }
    enqueue(node, {zab::Stage::main, 0}, {false, [this, &node] {
                                              step(node, zab::Started{&node.disk.image(), 0});
                                          }});
}

void Cluster::start_all() {
    for (auto& [id, node] : nodes_) {
        if (!node.is_mock) start(id);
    }
}

void Cluster::stop(zab::NodeId id, bool loses_power) {
    Node& node = nodes_.at(id);
    if (!node.peer.has_value()) return;
    node.peer.reset();
    ++node.incarnation;
    node.queues.clear();
    node.blocked.clear();
    node.listens = {};
    const auto reason = loses_power ? trace::StopReason::power_loss : trace::StopReason::crash;
    tell(node, {.kind = trace::Kind::server_stopped, .detail = static_cast<std::uint16_t>(reason)});
    if (loses_power) {
        const std::uint64_t lost = node.disk.lose_power(now_.ns, 0).records;
        const zab::Position end = node.disk.image().log.last();
        tell(node, {.kind = trace::Kind::lost,
                    .a = end.zxid.value,
                    .b = end.prefix,
                    .c = static_cast<std::uint32_t>(lost)});
    }
    for (std::uint32_t i = 0; i < links_.size(); ++i) {
        for (unsigned side = 0; side < 2; ++side) {
            if (links_[i].ends[side] == id && links_[i].open[side]) {
                end_link({i * 2 + side, 1}, zab::DownReason::reset);
            }
        }
    }
}

void Cluster::schedule(zab::Duration after, std::function<void()> act) {
    const std::pair<std::int64_t, std::uint64_t> when{now_.ns + after.ns, sequence_++};
    events_.emplace(when, std::move(act));
}

void Cluster::run(zab::Duration time) {
    const zab::Instant until = now_ + time;
    run_until([] { return false; }, time);
    now_ = until;
}

bool Cluster::run_until(const std::function<bool()>& holds_now, zab::Duration limit) {
    const zab::Instant until = now_ + limit;
    std::uint64_t steps = 0;
    while (!holds_now()) {
        if (events_.empty() || events_.begin()->first.first > until.ns) return false;
        if (++steps == 5'000'000) FAIL("the cluster never comes to rest");
        now_.ns = events_.begin()->first.first;
        const std::function<void()> act = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        act();
    }
    return true;
}

void Cluster::enqueue(Node& node, StageKey key, Item item) {
    node.queues[key].push_back(std::move(item));
    schedule({}, [this, id = node.id, key] { pump(id, key); });
}

/// One item of a stage that is free.
void Cluster::pump(zab::NodeId id, StageKey key) {
    Node& node = nodes_.at(id);
    std::deque<Item>& queue = node.queues[key];
    if (!node.peer.has_value() || queue.empty() || node.blocked.contains(key)) return;
    const zab::NodeId learner = key.second == 0 ? zab::NodeId{} : links_[key.second - 1].ends[0];
    if (freezes && freezes(id, key.first, learner)) return;
    const Item item = std::move(queue.front());
    queue.pop_front();
    item.act();
}

void Cluster::thaw() {
    freezes = nullptr;
    wake();
}

void Cluster::wake() {
    for (auto& [id, node] : nodes_) {
        for (auto& [key, queue] : node.queues) {
            for (std::size_t i = 0; i < queue.size(); ++i) {
                schedule({}, [this, node_id = id, stage = key] { pump(node_id, stage); });
            }
        }
    }
}

void Cluster::resume() {
    stalls = nullptr;
    const auto works = std::move(stalled_);
    stalled_.clear();
    for (const auto& work : works) schedule({}, work);
}

void Cluster::step(Node& node, const zab::Input& input) {
    if (!node.peer.has_value()) return;
    zab::Effects effects;
    node.peer->step(input, {now_, now_ + zab::seconds(1'700'000'000)}, effects);
    const std::uint32_t incarnation = node.incarnation;
    for (const zab::Effect& effect : effects.list()) {
        if (node.incarnation != incarnation) return;  // It has ended itself.
        interpret(node, effect);
    }
}

void Cluster::tell(const Node& node, trace::Record::Fields fields) {
    fields.node = node.id;
    fields.time = now_;
    records_.emplace_back(fields);
    checkers_.observe(records_.back(), records_.size() - 1);
}

std::optional<zab::NodeId> Cluster::leader() const {
    std::optional<zab::NodeId> found;
    for (const auto& [id, node] : nodes_) {
        const zab::Leading* leading = node.peer.has_value() ? node.peer->leading() : nullptr;
        if (leading == nullptr || leading->phase != zab::Leading::Phase::broadcast) continue;
        if (!found.has_value() || leading->epoch > peer(*found).leading()->epoch) found = id;
    }
    return found;
}

bool Cluster::serves(zab::NodeId id) const {
    const Node& node = nodes_.at(id);
    return node.peer.has_value() && node.peer->server().pipeline.serving;
}

std::vector<zab::NodeId> Cluster::members() const {
    std::vector<zab::NodeId> all;
    for (const auto& [id, node] : nodes_) all.push_back(id);
    return all;
}

std::vector<std::string> Cluster::violations() const {
    std::vector<std::string> all;
    for (const analysis::Violation& one : checkers_.violations()) {
        all.push_back(one.property + ": " + one.explanation);
    }
    return all;
}

std::set<std::string> Cluster::violated() const {
    std::set<std::string> all;
    for (const analysis::Violation& one : checkers_.violations()) all.insert(one.property);
    return all;
}

}  // namespace test
