#pragma once

#include "analysis/check/checker_set.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/world/world.hpp"

#include <ctime>
#include <memory>
#include <utility>
#include <vector>

/// What the benchmarks of a whole run measure: five servers, a hundred requests outstanding.
namespace bench {

constexpr const char* workload = R"({
  "name": "bench", "duration": "1000s", "ensemble": { "voters": 5 },
  "network": { "delay": { "uniform": { "min": "500us", "max": "600us" } }, "bandwidth": "1Gbit/s" },
  "disk": { "sync": "1ms" }, "hosts": { "default": { "cores": 8 } },
  "cpu": { "preset": "zero", "io": "4us", "request": "5us", "learner": "3us", "handler": "3us",
           "sender": "2us", "append": "3us", "commit": "4us", "election": "20us",
           "wake_up": "5us" },
  "clients": [ { "count": 100, "payload": "1KiB", "paths": { "uniform": { "count": 1024 } } } ]
})";

struct Variant {
    const char* name;
    bool has_cpu_costs;
    bool has_checkers;
    const char* trace = nullptr;  ///< The file, for every event; no directory: a temporary one.
};

/// A world and its checkers, warm: elected, connected, every queue of its working size. The logs
/// still grow: they do for half a minute more.
class Subject {
  public:
    explicit Subject(const Variant& variant)
        : world(scenario_of(variant), 1),
          checkers_({world.scenario().config.voters, {}, world.scenario().release}) {
        if (variant.has_checkers) {
            outlets.add(checkers_, checkers_.kinds());
        }
        world.set_outlets(&outlets);
        world.run_until({zab::seconds(3).ns});
    }
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;
    ~Subject() = default;

    std::uint64_t commits() const {
        return world.recorder().counts()[static_cast<std::size_t>(trace::Kind::commit)];
    }

    sim::World world;
    trace::Outlets outlets;

  private:
    static std::shared_ptr<const sim::Scenario> scenario_of(const Variant& variant) {
        std::vector<sim::Override> sets;
        if (!variant.has_cpu_costs) {
            sets.push_back({"cpu", "zero"});
        }
        sim::LoadResult loaded = sim::load_scenario_text(workload, "bench", sets);
        return std::make_shared<const sim::Scenario>(std::move(*loaded.scenario));
    }

    analysis::CheckerSet checkers_;
};

inline double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace bench
