// Instructions by kind of record, under callgrind, which tests/bench/run starts:
//
//     valgrind --tool=callgrind --instr-atstart=no --collect-atstart=no record_bench VARIANT EVENTS
//
// An event counts for its first record. For each kind in turn, a copy of the world tells what the
// next events begin with; then the world itself takes them, and those of that kind are collected.
// Prints "kind events records commits" for every dump of callgrind, in their order: the first is
// over all kinds.

#include "sim/trace/record_table.hpp"
#include "tests/bench/subject.hpp"

#include <fmt/format.h>
#include <valgrind/callgrind.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr bench::Variant variants[] = {
    {"zero-cost cpu", false, false},
    {"cpu model", true, false},
    {"cpu model, checkers", true, true},
};

constexpr std::size_t nothing = trace::kind_count;  // An event without a record.

std::string name_of(std::size_t kind) {
    return kind == nothing ? "nothing"
                           : std::string(trace::row(static_cast<trace::Kind>(kind)).name);
}

/// Remembers the first record since it was last asked.
class First final : public trace::Sink {
  public:
    void observe(const trace::Record& record, trace::RecordId) override {
        if (kind_ == nothing) kind_ = static_cast<std::size_t>(record.kind());
    }
    std::size_t take() { return std::exchange(kind_, nothing); }

  private:
    std::size_t kind_ = nothing;
};

/// What the next events begin with.
std::vector<std::size_t> foretold(const sim::World& world, std::size_t events) {
    sim::World trial = world;
    First first;
    trace::Outlets outlets;
    outlets.add(first, trace::all_kinds);
    trial.set_outlets(&outlets);
    std::vector<std::size_t> kinds;
    kinds.reserve(events);
    while (kinds.size() < events && trial.run_one()) kinds.push_back(first.take());
    return kinds;
}

void print(const std::string& name, std::size_t events, std::uint64_t records,
           std::uint64_t commits) {
    fmt::print("{} {} {} {}\n", name, events, records, commits);
}

void measure_all(bench::Subject& subject, std::size_t events) {
    const std::uint64_t commits = subject.commits();
    const std::uint64_t records = subject.world.recorder().next_id();
    CALLGRIND_TOGGLE_COLLECT;
    for (std::size_t i = 0; i < events; ++i) subject.world.run_one();
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT("all");
    print("all", events, subject.world.recorder().next_id() - records, subject.commits() - commits);
}

void measure_kind(bench::Subject& subject, std::size_t events, std::size_t kind) {
    const std::vector<std::size_t> kinds = foretold(subject.world, events);
    const trace::KindCounts before = subject.world.recorder().counts();
    const std::uint64_t commits = subject.commits();
    std::size_t collected = 0;
    for (const std::size_t next : kinds) {
        if (next != kind) {
            subject.world.run_one();
            continue;
        }
        ++collected;
        CALLGRIND_TOGGLE_COLLECT;
        subject.world.run_one();
        CALLGRIND_TOGGLE_COLLECT;
    }
    const std::string name = name_of(kind);
    CALLGRIND_DUMP_STATS_AT(name.c_str());
    const std::uint64_t records =
        kind == nothing ? 0 : subject.world.recorder().counts()[kind] - before[kind];
    print(name, collected, records, subject.commits() - commits);
}

}  // namespace

int main(int count, char** words) {
    const std::size_t variant = count > 1 ? std::strtoull(words[1], nullptr, 10) : 0;
    const std::size_t events = count > 2 ? std::strtoull(words[2], nullptr, 10) : 20'000;
    if (variant >= std::size(variants) || events == 0) return 2;
    bench::Subject subject(variants[variant]);
    std::array<std::size_t, trace::kind_count + 1> seen{};
    for (const std::size_t kind : foretold(subject.world, events)) ++seen[kind];
    CALLGRIND_START_INSTRUMENTATION;
    measure_all(subject, events);
    for (std::size_t kind = 0; kind < seen.size(); ++kind) {
        if (seen[kind] * 1000 >= events) measure_kind(subject, events, kind);
    }
    return 0;
}
