#pragma once

#include "analysis/check/checker_set.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/world/world.hpp"
#include "tests/unit/scenario_script.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What the tests of whole worlds share.
namespace test {

/// Keeps every record of a run.
class Collector final : public trace::Sink {
  public:
    void observe(const trace::Record& record, trace::RecordId) override {
        records_.push_back(record);
    }
    const std::vector<trace::Record>& records() const { return records_; }

  private:
    std::vector<trace::Record> records_;
};

inline analysis::Ensemble ensemble_of(const sim::Scenario& scenario) {
    return {scenario.config.voters, scenario.config.observers, scenario.release,
            scenario.config.groups,
            scenario.protocol == sim::Protocol::textbook ? analysis::Protocol::textbook
                                                         : analysis::Protocol::zab};
}

/// A finished run with all its records and the verdict on it.
struct Run {
    std::shared_ptr<const sim::Scenario> scenario;
    std::vector<trace::Record> records;
    std::vector<analysis::Violation> violations;
    std::vector<sim::ServerNode> servers;  ///< As they ended.
    std::optional<sim::ServerIndex> leader;

    using Wanted = std::function<bool(const trace::Record&)>;

    std::vector<trace::Record> all(trace::Kind kind, const Wanted& wanted = {}) const {
        std::vector<trace::Record> found;
        for (const trace::Record& record : records) {
            if (record.kind() == kind && (!wanted || wanted(record))) found.push_back(record);
        }
        return found;
    }
    std::size_t count(trace::Kind kind, const Wanted& wanted = {}) const {
        return all(kind, wanted).size();
    }
};

/// The record lies in [from, to) seconds.
inline Run::Wanted between(std::int64_t from, std::int64_t to) {
    return [from, to](const trace::Record& r) {
        return r.time() >= zab::Instant{from * 1'000'000'000} &&
               r.time() < zab::Instant{to * 1'000'000'000};
    };
}
inline Run::Wanted at_server(std::uint16_t node) {
    return [node](const trace::Record& r) { return r.node().value == node; };
}
inline Run::Wanted both(Run::Wanted a, Run::Wanted b) {
    return [a = std::move(a), b = std::move(b)](const trace::Record& r) { return a(r) && b(r); };
}
inline Run::Wanted because(zab::DownReason reason) {
    return [reason](const trace::Record& r) {
        return r.detail() == static_cast<std::uint16_t>(reason);
    };
}

inline std::int64_t ms(const trace::Record& record) { return record.time().ns / 1'000'000; }

/// Three servers, 1 ms apart; disk and process take no time that would hide the network's.
/// `rest` are further members of the scenario, such as faults.
inline sim::Scenario small_scenario(const std::string& duration, const std::string& rest) {
    return sim::sound(R"({"duration": ")" + duration +
                      R"(", "ensemble": {"voters": 3, )"
                      R"("tick_time": "2s", "init_limit": 10, "sync_limit": 5},
        "network": {"delay": "1ms"}, "cpu": {"preset": "zero"}, )" +
                      rest + "}");
}

inline Run run(const sim::Scenario& scenario, std::uint64_t seed = 1) {
    Run run{.scenario = std::make_shared<const sim::Scenario>(scenario)};
    sim::World world(run.scenario, seed);
    Collector collector;
    analysis::CheckerSet checkers(ensemble_of(scenario));
    trace::Outlets outlets;
    outlets.add(collector, trace::all_kinds);
    outlets.add(checkers, checkers.kinds());
    world.set_outlets(&outlets);
    world.run_until({scenario.duration.ns});
    world.finish();
    run.records = collector.records();
    run.violations = checkers.violations();
    run.servers = world.servers();
    run.leader = world.leader();
    return run;
}

inline void check_clean(const Run& run) {
    for (const analysis::Violation& violation : run.violations) {
        FAIL_CHECK(violation.property << " at record " << violation.record << ": "
                                      << violation.explanation);
    }
}

/// Every server that runs has applied the leader's history, up to the last few transactions,
/// which may be on their way.
inline void check_all_equal(const Run& run) {
    REQUIRE(run.leader.has_value());
    constexpr std::size_t on_their_way = 20;
    const zab::Database& leading = run.servers[*run.leader].peer.server().database;
    const zab::History& log = leading.committed_log();
    for (const sim::ServerNode& server : run.servers) {
        if (!server.up || server.id == run.servers[*run.leader].id) continue;
        INFO("server ", server.id.value);
        const zab::Position position = server.peer.server().database.position();
        CHECK((log.find(position.zxid) == position));
        CHECK(log.first_after(position.zxid) + on_their_way >= log.size());
    }
}

}  // namespace test
