#include "tests/support/recorded_history.hpp"

#include "cli/judgement.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/trace/reader.hpp"
#include "sim/trace/writer.hpp"
#include "sim/world/world.hpp"
#include "tests/support/trace_samples.hpp"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>

namespace tests {

namespace {

constexpr std::size_t longest_witness = 10;

sim::Scenario loaded(const std::string& text) {
    sim::LoadResult result = sim::load_scenario_text(text, "scenario", {});
    if (!result.scenario) throw std::runtime_error("the scenario is not sound");
    return *result.scenario;
}

Records read(const std::string& file) {
    trace::Reader reader(file, {});
    trace::NumberedRecord found;
    Records records;
    if (!reader.read_header()) throw std::runtime_error(reader.error().message);
    auto step = reader.next(found);
    for (; step == trace::Reader::Step::record; step = reader.next(found)) {
        records.push_back(found.record);
    }
    if (step == trace::Reader::Step::error) throw std::runtime_error(reader.error().message);
    return records;
}

}  // namespace

History recorded(const std::string& scenario, std::uint64_t seed, trace::Level level) {
    const auto shared = std::make_shared<const sim::Scenario>(loaded(scenario));
    const TemporaryFolder folder;
    const std::string file = folder.file("trace.jsonl");
    sim::World world(shared, seed);
    trace::JsonWriter writer(file, header_of(level));
    trace::Outlets outlets;
    outlets.add(writer, writer.kinds());
    world.set_outlets(&outlets);
    world.run_until({shared->duration.ns});
    world.finish();
    const trace::Recorder& recorder = world.recorder();
    const auto failure = writer.finish({.records = recorder.next_id(),
                                        .time = world.now(),
                                        .verdict = "none",
                                        .hash = recorder.hash(),
                                        .counts = recorder.counts()});
    if (failure) throw std::runtime_error(*failure);
    return {read(file), cli::ensemble_of(*shared)};
}

analysis::CheckerSet judged(const Records& records, const analysis::Ensemble& ensemble,
                            trace::Level level) {
    analysis::CheckerSet checkers(ensemble, level);
    trace::RecordId id = 0;
    for (const trace::Record& record : records) checkers.observe(record, id++);
    return checkers;
}

Outcome judge_damaged(const History& good, const Anomaly& anomaly, std::size_t place,
                      trace::Level level) {
    Records bad = good.records;
    if (!anomaly.damage(bad, place)) return {};
    const analysis::CheckerSet checkers = judged(bad, good.ensemble, level);
    if (checkers.is_clean()) return {true, "not flagged"};
    for (const analysis::Violation& violation : checkers.violations()) {
        if (violation.witness.empty() || violation.witness.size() > longest_witness) {
            return {true, fmt::format("{} has a witness of {} records", violation.property,
                                      violation.witness.size())};
        }
        if (violation.witness.back() != violation.record || violation.record >= bad.size()) {
            return {true, violation.property + " does not end with the record that broke it"};
        }
    }
    return {true, {}};
}

}  // namespace tests
