#include "tests/unit/mutant_world.hpp"

#include <set>

// Each checker is proved on real runs: every property is broken by a defect planted in the run of a
// whole ensemble, and found under its name. The runs as they were are clean.

namespace test {

namespace {

using trace::Kind;
using trace::Record;

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

/// Tells each record of a kind only after the next one of another.
Filter tells_late(Kind kind, Kind after) {
    return [=, held = std::optional<Record>()](const Record& r) mutable {
        if (r.kind() == kind && !held.has_value()) {
            held = r;
            return Told{};
        }
        if (r.kind() != after || !held.has_value()) return Told{r};
        const auto time = r.time();
        const Record late = changed(*held, [time](auto& f) { f.time = time; });
        held.reset();
        return Told{r, late};
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

/// Server 1 has a tail that nobody else has: the leader sends it a TRUNC.
const std::string tail = R"({"duration": "20s", "ensemble": {"voters": 3},
    "cpu": {"preset": "zero"}, "clients": [{"count": 1, "start": "8s"}],
    "start": {"servers": {
        "1": {"accepted_epoch": 1, "current_epoch": 1, "history": ["1:1-1:5"]},
        "2": {"accepted_epoch": 2, "current_epoch": 2, "history": ["1:1-1:3"]},
        "3": {"accepted_epoch": 2, "current_epoch": 2, "history": ["1:1-1:3"]}}}})";

/// The only client watches what it writes.
const std::string watched = R"({"duration": "20s", "ensemble": {"voters": 3},
    "cpu": {"preset": "zero"}, "clients": [{"count": 1, "load": {"open": {"constant": "20/s"}},
    "operations": {"set": 1, "watch": 1}, "paths": {"uniform": {"count": 1}}}]})";

}  // namespace

std::vector<Mutant> mutants_of_broadcast() {
    return {
        {"one server acknowledges before its sync", quiet, "ack_validity",
         [] { return drops(Kind::synced, {1}); }},
        {"a commit when three of five have not synced", quiet, "commit_quorum",
         [] {
             return drops(Kind::synced, {1, 2, 3});
         }},
        {"a commit that the leader repeats", quiet, "commit_order",
         [] {
             return Filter([](const Record& r) {
                 return r.kind() == Kind::commit ? Told{r, r} : Told{r};
             });
         }},
        {"two transactions delivered the wrong way round", quiet, "total_order",
         [] { return swaps([](const Record& r) { return is_at(r, Kind::deliver, 2); }); }},
        {"a delivery left out", quiet, "total_order", [] { return drops_one(Kind::deliver, 2); }},
        {"a delivery of another history", quiet, "integrity",
         [] {
             return changes_first([](const Record& r) { return is_at(r, Kind::deliver, 2); },
                                  [](auto& f) { f.b ^= 1; });
         }},
        {"a proposal that skips a counter", quiet, "local_primary_order",
         [] { return drops_one(Kind::propose, 5); }},
        {"a log that takes a transaction twice", quiet, "log_continuity",
         [] {
             return Filter([](const Record& r) {
                 return is_at(r, Kind::append, 2) ? Told{r, r} : Told{r};
             });
         }},
        // A hole that the next sync covers cannot be seen: hence one in every third place.
        {"holes in a log", quiet, "log_continuity",
         [] {
             return Filter([seen = 0](const Record& r) mutable {
                 return is_at(r, Kind::append, 2) && ++seen % 3 == 0 ? Told{} : Told{r};
             });
         }},
    };
}

std::vector<Mutant> mutants_of_recovery() {
    return {
        {"two leaders of one epoch", crash, "one_leader_per_epoch",
         [] {
             return Filter([](const Record& r) {
                 const bool of_epoch = r.kind() == Kind::leading || r.kind() == Kind::established;
                 return of_epoch ? Told{changed(r, [](auto& f) { f.c = 1; })} : Told{r};
             });
         }},
        {"a leader without what was committed", crash, "leader_completeness",
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
        {"an accepted epoch that goes back", crash, "epoch_monotone",
         [] {
             return changes_first([](const Record& r) { return is_at(r, Kind::accepted_epoch, 2); },
                                  [](auto& f) { f.c = 0; });
         }},
        {"a current epoch above the accepted one", crash, "current_within_accepted",
         [] { return changes(Kind::current_epoch, 3, [](auto& f) { f.c += 5; }); }},
        {"a power loss that takes what was synced", power, "synced_survives",
         [] { return goes_back(Kind::lost, 1); }},
        {"a boot that reads less than the disk holds", crash, "boot_soundness",
         [] { return goes_back(Kind::booted, 5); }},
        {"a truncation that is not done", tail, "log_continuity",
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
        {"a reply before the commit", quiet, "committed_replies",
         [] { return changes_first(is_write, [](auto& f) { f.a += 1'000; }); }},
        {"a read that goes back", quiet, "session_monotone_reads",
         [] {
             return Filter([seen = 0](const Record& r) mutable {
                 if (!is_read(r) || ++seen != 100) return Told{r};
                 return Told{changed(r, [](auto& f) { f.a -= 50; })};
             });
         }},
        {"a client's replies in the wrong order", quiet, "fifo_client_order",
         [] {
             return swaps([](const Record& r) {
                 return r.kind() == Kind::complete && r.b() == 0 && r.time() > begin_at;
             });
         }},
        {"a write that is ordered before one that had ended", quiet, "linearizable_writes",
         [] { return writes_out_of_order(); }},
        {"a client hears of a change after its reply", watched, "watch_order",
         [] { return tells_late(Kind::notified, Kind::complete); }},
        {"a client is not told", watched, "watch_complete",
         [] {
             return Filter(
                 [](const Record& r) { return r.kind() == Kind::notified ? Told{} : Told{r}; });
         }},
        {"a client is told twice", watched, "watch_once",
         [] {
             return Filter([](const Record& r) {
                 return r.kind() == Kind::notified ? Told{r, r} : Told{r};
             });
         }},
    };
}

namespace {

std::vector<Mutant> all_mutants() {
    std::vector<Mutant> all;
    for (const auto& some : {mutants_of_broadcast(), mutants_of_recovery(), mutants_of_clients(),
                             mutants_of_order(), mutants_of_epochs(), mutants_of_disks()}) {
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

}  // namespace

TEST_CASE("each planted defect is found under its name") {
    for (const Mutant& mutant : all_mutants()) {
        INFO(std::string(mutant.name));
        const Broken broken = verdict(mutant);
        std::string names;
        for (const auto& [name, count] : broken) names += " " + name;
        CHECK_MESSAGE(broken.contains(mutant.property), std::string(mutant.property)
                                                            << " was expected, found:" << names);
    }
}

TEST_CASE("every property is broken by some defect of a real run") {
    std::set<std::string_view> proved;
    for (const Mutant& mutant : all_mutants()) proved.insert(mutant.property);

    for (const analysis::Property& property : analysis::all_properties()) {
        CAPTURE(property.name);
        CHECK(proved.contains(property.name));
    }
}

TEST_CASE("the same runs without a planted defect break nothing") {
    std::set<std::string> scenarios;
    for (const Mutant& mutant : all_mutants()) scenarios.insert(mutant.scenario);

    for (const std::string& scenario : scenarios) {
        CAPTURE(scenario);
        const Broken broken = verdict({.name = "none", .scenario = scenario, .property = ""});
        CHECK(broken.empty());
    }
}

}  // namespace test
