#pragma once

#include "tests/unit/network_world.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Real runs with a planted defect. A defect is planted in the world itself, as a disk that is not
/// what its server left (a meddling), or in what is told of the run: between the world and the
/// checkers stands a filter that tells it as a server with that defect would have made it.
namespace test {

/// What a filter makes of one record: itself, another, none or several.
using Told = std::vector<trace::Record>;

/// A filter is made anew for each run: it may remember what it has seen.
using Filter = std::function<Told(const trace::Record&)>;

/// Something that no server does, done to the world at a moment.
struct Meddling {
    zab::Instant at;
    std::function<void(sim::World&)> act;
};

struct Mutant {
    const char* name;
    std::string scenario;
    const char* property;  ///< Which must be found broken.
    std::function<Filter()> filter = {};
    std::function<std::vector<Meddling>()> meddling = {};
    const char* release = "fixed";  ///< Whose rules the checkers apply.
};

constexpr zab::Instant at_second(std::int64_t seconds) { return {seconds * 1'000'000'000}; }
constexpr zab::Instant begin_at = at_second(2);  ///< The ensemble serves by then.

inline trace::Record changed(const trace::Record& record,
                             const std::function<void(trace::Record::Fields&)>& change) {
    trace::Record::Fields fields = record.fields();
    change(fields);
    return trace::Record(fields);
}

/// The same history as `other` names, or the same moment.
inline trace::Record with_history_of(const trace::Record& record, const trace::Record& other) {
    return changed(record, [&other](auto& f) {
        f.a = other.a();
        f.b = other.b();
    });
}
inline trace::Record at_time_of(const trace::Record& record, const trace::Record& other) {
    return changed(record, [&other](auto& f) { f.time = other.time(); });
}

inline bool is_at(const trace::Record& r, trace::Kind kind, std::uint16_t node) {
    return r.kind() == kind && r.node().value == node && r.time() > begin_at;
}

inline bool is_answer(const trace::Record& r, trace::Operation operation) {
    return r.kind() == trace::Kind::complete && r.time() > begin_at &&
           trace::operation_of(r.detail()) == operation &&
           trace::outcome_of(r.detail()) == trace::Outcome::ok;
}
inline bool is_read(const trace::Record& r) { return is_answer(r, trace::Operation::get); }
inline bool is_write(const trace::Record& r) { return is_answer(r, trace::Operation::set); }

inline Filter drops(trace::Kind kind, const std::vector<std::uint16_t>& nodes) {
    return [kind, nodes](const trace::Record& r) {
        for (const std::uint16_t node : nodes) {
            if (is_at(r, kind, node)) return Told{};
        }
        return Told{r};
    };
}

/// The world lets nobody but itself change a server; here the world is the test's own.
inline sim::ServerNode& server_of(sim::World& world, std::uint16_t id) {
    for (const sim::ServerNode& server : world.servers()) {
        if (server.id.value == id) return const_cast<sim::ServerNode&>(server);
    }
    FAIL("no server ", id);
    return const_cast<sim::ServerNode&>(world.servers().front());
}

/// Five voters under load.
inline std::string five(const std::string& faults) {
    return R"({"duration": "30s", "ensemble": {"voters": 5}, "cpu": {"preset": "zero"},
        "network": {"delay": {"uniform": {"min": "200us", "max": "2ms"}}},
        "clients": [{"count": 6, "load": {"closed": {"outstanding": 2, "think_time": "10ms"}},
                     "operations": {"set": 60, "get": 40}, "paths": {"uniform": {"count": 5}}}],
        "faults": [)" +
           faults + "]}";
}

inline const std::string quiet = five("");
inline const std::string power =
    five(R"({"at": "8s", "power_loss": 1}, {"at": "12s", "restart": 1})");
inline const std::string crash = five(R"({"at": "8s", "crash": 5}, {"at": "16s", "restart": 5})");

/// Stands between the world and the checkers.
class FilteringSink final : public trace::Sink {
  public:
    FilteringSink(analysis::CheckerSet& checkers, Filter filter)
        : checkers_(checkers), filter_(std::move(filter)) {}
    void observe(const trace::Record& record, trace::RecordId id) override {
        if (!filter_) return checkers_.observe(record, id);
        for (const trace::Record& told : filter_(record)) checkers_.observe(told, id);
    }

  private:
    analysis::CheckerSet& checkers_;
    Filter filter_;
};

/// The properties that are found broken, with the number of violations.
using Broken = std::map<std::string, std::uint64_t>;

/// Runs the mutant's scenario to its end, with its meddling; the filter is the caller's.
inline sim::World run_to_end(const Mutant& mutant, const trace::Outlets& outlets) {
    const auto scenario = std::make_shared<const sim::Scenario>(sim::sound(mutant.scenario));
    sim::World world(scenario, 3);
    world.set_outlets(&outlets);
    if (mutant.meddling) {
        for (const Meddling& meddling : mutant.meddling()) {
            world.run_until(meddling.at);
            meddling.act(world);
        }
    }
    world.run_until({scenario->duration.ns});
    world.finish();
    world.set_outlets(nullptr);
    return world;
}

inline Broken verdict(const Mutant& mutant) {
    analysis::Ensemble ensemble = ensemble_of(sim::sound(mutant.scenario));
    ensemble.release = mutant.release;
    analysis::CheckerSet checkers(ensemble);
    FilteringSink sink(checkers, mutant.filter ? mutant.filter() : Filter{});
    trace::Outlets outlets;
    outlets.add(sink, trace::all_kinds);
    run_to_end(mutant, outlets);
    Broken broken;
    for (const analysis::Property& property : analysis::all_properties()) {
        const std::uint64_t count = checkers.violation_count(property.name);
        if (count != 0) broken[std::string(property.name)] = count;
    }
    return broken;
}

// The defects, by what they spoil.
std::vector<Mutant> mutants_of_broadcast();
std::vector<Mutant> mutants_of_recovery();
std::vector<Mutant> mutants_of_clients();
std::vector<Mutant> mutants_of_order();
std::vector<Mutant> mutants_of_epochs();
std::vector<Mutant> mutants_of_disks();

}  // namespace test
