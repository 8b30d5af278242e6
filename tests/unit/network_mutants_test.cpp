#include "tests/unit/network_world.hpp"

#include <map>
#include <utility>

// Each checker is proved on real runs: between the world and the checkers stands a filter that
// tells the run as a server with a planted defect would have made it. The run as it was is clean.

namespace {

using test::Run;
using trace::Kind;
using trace::Record;

/// What a filter makes of one record: itself, another, none or several.
using Told = std::vector<Record>;

Record changed(const Record& record, const std::function<void(Record::Fields&)>& change) {
    Record::Fields fields = record.fields();
    change(fields);
    return Record(fields);
}

constexpr zab::Instant begin_at{2'000'000'000};  // The ensemble serves by then.

bool is_at(const Record& r, Kind kind, std::uint16_t node) {
    return r.kind() == kind && r.node().value == node && r.time() > begin_at;
}

bool is_read(const Record& r) {
    return r.kind() == Kind::complete && trace::operation_of(r.detail()) == trace::Operation::get &&
           r.time() > begin_at;
}

bool is_write(const Record& r) {
    return r.kind() == Kind::complete && trace::operation_of(r.detail()) == trace::Operation::set &&
           r.time() > begin_at;
}

/// A filter is made anew for each run: it may remember what it has seen.
using Filter = std::function<Told(const Record&)>;

Filter drops(Kind kind, std::vector<std::uint16_t> nodes) {
    return [kind, nodes](const Record& r) {
        for (const std::uint16_t node : nodes) {
            if (is_at(r, kind, node)) return Told{};
        }
        return Told{r};
    };
}

Filter drops_one(Kind kind, std::uint16_t node) {
    return [kind, node, dropped = false](const Record& r) mutable {
        if (dropped || !is_at(r, kind, node)) return Told{r};
        dropped = true;
        return Told{};
    };
}

/// Tells the first record that `fits` only after the next one that does.
Filter swaps(std::function<bool(const Record&)> fits) {
    return [fits, held = std::optional<Record>(), done = false](const Record& r) mutable {
        if (done || !fits(r)) return Told{r};
        if (!held.has_value()) {
            held = r;
            return Told{};
        }
        done = true;
        const auto time = r.time();
        return Told{r, changed(*held, [time](auto& f) { f.time = time; })};
    };
}

/// Changes the `nth` record of a kind, counted over all servers from the start.
Filter changes(Kind kind, int nth, std::function<void(Record::Fields&)> change) {
    return [=, seen = 0](const Record& r) mutable {
        if (r.kind() != kind || ++seen != nth) return Told{r};
        return Told{changed(r, change)};
    };
}

/// Changes the first record that `fits`.
Filter changes_first(std::function<bool(const Record&)> fits,
                     std::function<void(Record::Fields&)> change) {
    return [=, done = false](const Record& r) mutable {
        if (done || !fits(r)) return Told{r};
        done = true;
        return Told{changed(r, change)};
    };
}

/// Tells records of `kind` at `node` with the position that an early `synced` of it named.
Filter goes_back(Kind kind, std::uint16_t node) {
    return [=, early = std::optional<Record>()](const Record& r) mutable {
        if (!early.has_value() && is_at(r, Kind::synced, node)) early = r;
        if (!early.has_value() || !is_at(r, kind, node)) return Told{r};
        const Record& old = *early;
        return Told{changed(r, [&old](auto& f) {
            f.a = old.a();
            f.b = old.b();
        })};
    };
}

/// Two writes of different clients, one after the other in time, get each other's zxids.
Filter writes_out_of_order() {
    return [seen = 0](const Record& r) mutable {
        if (!is_write(r) || ++seen != 200) return Told{r};
        return Told{changed(r, [](auto& f) { f.a -= 40; })};
    };
}

struct Mutant {
    const char* name;
    const char* scenario;
    const char* property;
    std::function<Filter()> filter;
};

std::string five(const std::string& faults) {
    return R"({"duration": "30s", "ensemble": {"voters": 5}, "cpu": {"preset": "zero"},
        "network": {"delay": {"uniform": {"min": "200us", "max": "2ms"}}},
        "clients": [{"count": 6, "load": {"closed": {"outstanding": 2, "think_time": "10ms"}},
                     "operations": {"set": 60, "get": 40}, "paths": {"uniform": {"count": 5}}}],
        "faults": [)" +
           faults + "]}";
}

const std::string quiet = five("");
const std::string power = five(R"({"at": "8s", "power_loss": 1}, {"at": "12s", "restart": 1})");
const std::string crash = five(R"({"at": "8s", "crash": 5}, {"at": "16s", "restart": 5})");
/// Server 1 has a tail that nobody else has: the leader sends it a TRUNC.
const std::string tail = R"({"duration": "20s", "ensemble": {"voters": 3},
    "cpu": {"preset": "zero"}, "clients": [{"count": 1, "start": "8s"}],
    "start": {"servers": {
        "1": {"accepted_epoch": 1, "current_epoch": 1, "history": ["1:1-1:5"]},
        "2": {"accepted_epoch": 2, "current_epoch": 2, "history": ["1:1-1:3"]},
        "3": {"accepted_epoch": 2, "current_epoch": 2, "history": ["1:1-1:3"]}}}})";

std::vector<Mutant> mutants_of_broadcast() {
    return {
        {"one server acknowledges before its sync", quiet.c_str(), "ack_validity",
         [] { return drops(Kind::synced, {1}); }},
        {"a commit when three of five have not synced", quiet.c_str(), "commit_quorum",
         [] {
             return drops(Kind::synced, {1, 2, 3});
         }},
        {"a commit that the leader repeats", quiet.c_str(), "commit_order",
         [] {
             return Filter([](const Record& r) {
                 return r.kind() == Kind::commit ? Told{r, r} : Told{r};
             });
         }},
        {"two transactions delivered the wrong way round", quiet.c_str(), "total_order",
         [] { return swaps([](const Record& r) { return is_at(r, Kind::deliver, 2); }); }},
        {"a delivery left out", quiet.c_str(), "total_order",
         [] { return drops_one(Kind::deliver, 2); }},
        {"a delivery of another history", quiet.c_str(), "integrity",
         [] {
             return changes_first([](const Record& r) { return is_at(r, Kind::deliver, 2); },
                                  [](auto& f) { f.b ^= 1; });
         }},
        {"a proposal that skips a counter", quiet.c_str(), "local_primary_order",
         [] { return drops_one(Kind::propose, 5); }},
        // A hole that the next sync covers cannot be seen: hence one in every third place.
        {"holes in a log", quiet.c_str(), "log_continuity",
         [] {
             return Filter([seen = 0](const Record& r) mutable {
                 return is_at(r, Kind::append, 2) && ++seen % 3 == 0 ? Told{} : Told{r};
             });
         }},
    };
}

std::vector<Mutant> mutants_of_recovery() {
    return {
        {"two leaders of one epoch", crash.c_str(), "one_leader_per_epoch",
         [] {
             return Filter([](const Record& r) {
                 const bool of_epoch = r.kind() == Kind::leading || r.kind() == Kind::established;
                 return of_epoch ? Told{changed(r, [](auto& f) { f.c = 1; })} : Told{r};
             });
         }},
        {"a leader without what was committed", crash.c_str(), "leader_completeness",
         [] {
             return Filter([first = std::optional<Record>()](const Record& r) mutable {
                 if (r.kind() != Kind::established) return Told{r};
                 if (!first.has_value()) first = r;
                 const Record& old = *first;
                 return Told{changed(r, [&old](auto& f) {
                     f.a = old.a();
                     f.b = old.b();
                 })};
             });
         }},
        {"an accepted epoch that goes back", crash.c_str(), "epoch_monotone",
         [] {
             return changes_first([](const Record& r) { return is_at(r, Kind::accepted_epoch, 2); },
                                  [](auto& f) { f.c = 0; });
         }},
        {"a current epoch above the accepted one", crash.c_str(), "current_within_accepted",
         [] { return changes(Kind::current_epoch, 3, [](auto& f) { f.c += 5; }); }},
        {"a power loss that takes what was synced", power.c_str(), "synced_survives",
         [] { return goes_back(Kind::lost, 1); }},
        {"a boot that reads less than the disk holds", crash.c_str(), "boot_soundness",
         [] { return goes_back(Kind::booted, 5); }},
        {"a truncation that is not done", tail.c_str(), "log_continuity",
         [] {
             return Filter([](const Record& r) {
                 const bool hides =
                     r.node().value == 1 &&
                     (r.kind() == Kind::truncated || r.kind() == Kind::snapshot_written ||
                      (r.kind() == Kind::history && r.time().ns != 0));
                 return hides ? Told{} : Told{r};
             });
         }},
    };
}

std::vector<Mutant> mutants_of_clients() {
    return {
        {"a reply before the commit", quiet.c_str(), "committed_replies",
         [] { return changes_first(is_write, [](auto& f) { f.a += 1'000; }); }},
        {"a read that goes back", quiet.c_str(), "session_monotone_reads",
         [] {
             return Filter([seen = 0](const Record& r) mutable {
                 if (!is_read(r) || ++seen != 100) return Told{r};
                 return Told{changed(r, [](auto& f) { f.a -= 50; })};
             });
         }},
        {"a client's replies in the wrong order", quiet.c_str(), "fifo_client_order",
         [] {
             return swaps([](const Record& r) {
                 return r.kind() == Kind::complete && r.b() == 0 && r.time() > begin_at;
             });
         }},
        {"a write that is ordered before one that had ended", quiet.c_str(), "linearizable_writes",
         [] { return writes_out_of_order(); }},
    };
}

/// Stands between the world and the checkers.
class FilteringSink final : public trace::Sink {
  public:
    FilteringSink(analysis::CheckerSet& checkers, Filter filter)
        : checkers_(checkers), filter_(std::move(filter)) {}
    void observe(const Record& record, trace::RecordId id) override {
        for (const Record& told : filter_(record)) checkers_.observe(told, id);
    }

  private:
    analysis::CheckerSet& checkers_;
    Filter filter_;
};

std::map<std::string, std::uint64_t> verdict(const sim::Scenario& scenario, Filter filter) {
    const auto shared = std::make_shared<const sim::Scenario>(scenario);
    sim::World world(shared, 3);
    analysis::CheckerSet checkers(test::ensemble_of(scenario));
    FilteringSink sink(checkers, std::move(filter));
    trace::Outlets outlets;
    outlets.add(sink, trace::all_kinds);
    world.set_outlets(&outlets);
    world.run_until({scenario.duration.ns});
    world.finish();
    std::map<std::string, std::uint64_t> broken;
    for (const analysis::Property& property : analysis::all_properties()) {
        const std::uint64_t count = checkers.violation_count(property.name);
        if (count != 0) broken[std::string(property.name)] = count;
    }
    return broken;
}

}  // namespace

TEST_CASE("each planted defect is found under its name") {
    std::vector<Mutant> mutants = mutants_of_broadcast();
    for (const auto& more : {mutants_of_recovery(), mutants_of_clients()}) {
        mutants.insert(mutants.end(), more.begin(), more.end());
    }
    for (const Mutant& mutant : mutants) {
        INFO(std::string(mutant.name));
        const auto broken = verdict(sim::sound(mutant.scenario), mutant.filter());
        std::string names;
        for (const auto& [name, count] : broken) names += " " + name;
        CHECK_MESSAGE(broken.contains(mutant.property), std::string(mutant.property)
                                                            << " was expected, found:" << names);
    }
}

TEST_CASE("the same runs without a planted defect break nothing") {
    for (const std::string& scenario : {quiet, power, crash, tail}) {
        CAPTURE(scenario);
        const auto broken = verdict(sim::sound(scenario), [](const Record& r) { return Told{r}; });
        CHECK(broken.empty());
    }
}
