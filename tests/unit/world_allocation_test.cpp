#include "analysis/check/checker_set.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/world/world.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/unit/scenario_script.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

/// Nothing allocates per event once a world is warm (style guide, Speed).
namespace sim {

namespace {

/// Logs keep half a minute of writes, until a snapshot behind them is written back: the load is
/// low, so that they reach their working size soon. All paths share one chunk of the tree.
constexpr const char* steady = R"({
    "name": "steady", "why": "test", "duration": "1000s",
    "ensemble": { "voters": 5, "snapshot_count": 2000 },
    "network": { "delay": { "uniform": { "min": "500us", "max": "600us" } } },
    "disk": { "sync": "1ms" },
    "clients": [ { "count": 20, "load": { "closed": { "think_time": "12ms" } },
                   "operations": { "set": 1 }, "paths": { "uniform": { "count": 200 } } } ] })";

constexpr zab::Instant warm{zab::seconds(60).ns};
constexpr zab::Instant end{zab::seconds(90).ns};

/// What the records of one event say about the servers it concerned.
class Watcher final : public trace::Sink {
  public:
    void observe(const trace::Record& record, trace::RecordId) override {
        delivers_ |= record.kind() == trace::Kind::deliver;
        node_ = record.node();
    }
    void clear() { delivers_ = false; }
    bool delivers() const { return delivers_; }
    zab::NodeId node() const { return node_; }

  private:
    bool delivers_ = false;
    zab::NodeId node_{};
};

/// Snapshots are the exception: one is a copy of the state, every so many thousand transactions,
/// and the first write to each chunk of the tree that a snapshot shares clones the chunk. So what
/// happens while a server writes one is exempt, and its first delivery after that.
class Exemptions {
  public:
    explicit Exemptions(const World& world)
        : world_(world), writes_(world.servers().size()), clones_(world.servers().size()) {}

    /// Looks at the servers after an event; true: that event may have allocated.
    bool apply_to(const Watcher& event) {
        bool exempt = false;
        for (std::size_t i = 0; i < writes_.size(); ++i) {
            const ServerNode& server = world_.servers()[i];
            const bool writes = server.peer.server().pipeline.snapshot_running;
            if (writes || writes_[i]) exempt = true;
            if (writes_[i] && !writes) {
                ++snapshots_;
                clones_[i] = true;
            } else if (clones_[i] && event.delivers() && event.node() == server.id) {
                clones_[i] = false;
                exempt = true;
            }
            writes_[i] = writes;
        }
        return exempt;
    }
    std::uint64_t snapshots() const { return snapshots_; }

  private:
    const World& world_;
    std::vector<bool> writes_;
    std::vector<bool> clones_;  ///< The next delivery may clone the chunk.
    std::uint64_t snapshots_ = 0;
};

std::uint64_t commits(const World& world) {
    return world.recorder().counts()[static_cast<std::size_t>(trace::Kind::commit)];
}

}  // namespace

TEST_CASE("a warm world under writes allocates for snapshots only") {
    World world(std::make_shared<const Scenario>(sound(steady)), 1);
    analysis::CheckerSet checkers(
        analysis::Ensemble{world.scenario().config.voters, {}, world.scenario().release});
    Watcher watcher;
    trace::Outlets outlets;
    outlets.add(checkers, checkers.kinds());
    outlets.add(watcher, trace::all_kinds);
    world.set_outlets(&outlets);
    world.run_until(warm);
    if (!tests::counts_allocations()) return;  // A sanitizer has its own operators.

    Exemptions exemptions(world);
    const std::uint64_t commits_before = commits(world);
    std::uint64_t events = 0, growth = 0;
    while (world.now() < end) {
        watcher.clear();
        const std::uint64_t before = tests::allocations();
        world.run_one();
        const std::uint64_t after = tests::allocations();
        if (exemptions.apply_to(watcher)) continue;
        ++events;
        growth += after - before;
    }

    // A log that is longer than it ever was takes one chunk more, a queue doubles. Chance decides
    // when they are longest, but not often. What every event, commit or tick took would be
    // thousands.
    CHECK_LE(growth, 2 * world.servers().size());
    const std::uint64_t done = commits(world) - commits_before;
    CHECK_GT(done, 20'000);
    CHECK_GT(exemptions.snapshots(), 30);
    CHECK_GT(events, done * 40);  // The exempt events are few.
}

}  // namespace sim
