#include "cli/one_run.hpp"

#include "analysis/check/checker_set.hpp"
#include "analysis/metric/summarizer.hpp"
#include "cli/commit.hpp"
#include "cli/internal_error.hpp"
#include "cli/judgement.hpp"
#include "cli/profile.hpp"
#include "cli/shell.hpp"
#include "sim/trace/writer.hpp"
#include "sim/world/behaviour.hpp"
#include "sim/world/world.hpp"

#include <chrono>
#include <memory>

namespace cli {

namespace {

trace::Header header_of(const RunPlan& plan) {
    trace::Header header{.behaviour = sim::behaviour,
                         .commit = std::string(commit),
                         .seed = plan.seed,
                         .level = plan.level,
                         .window = {},
                         .scenario = plan.loaded.resolved};
    const sim::TraceSpec& spec = plan.loaded.scenario->trace;
    if (spec.from || spec.to) {
        trace::Window window;
        if (spec.from) window.from = zab::Instant{} + *spec.from;
        if (spec.to) window.to = zab::Instant{} + *spec.to;
        header.window = window;
    }
    return header;
}

/// For the report of a bug: it may be in those who watch.
std::string reproduce_with_observers(const RunPlan& plan, bool profiles) {
    std::string line = plan.reproduce;
    if (!plan.checks) line += " --check none";
    if (profiles) line += " --profile";
    if (!plan.trace) return line;
    const auto level = trace::level_names()[static_cast<std::size_t>(plan.level)];
    return line + " --trace " + shell_quoted(*plan.trace) + " --level " + std::string(level);
}

/// A world and those who watch it.
class Observed {
  public:
    Observed(const RunPlan& plan, bool profiles);

    /// Steps until `end`; false: the user interrupted, or the trace cannot be written.
    bool run(const RunPlan& plan, const Environment& environment, Progress& progress);
    void finish();
    bool can_write() const { return !writer_ || !writer_->failure(); }
    trace::Failure end_trace(const analysis::Verdict& verdict, bool is_interrupted);
    analysis::RunResult result(const RunPlan& plan) const;
    std::string profile_text() const {
        return profile_ ? profile_->text(world_.recorder(), world_.events()) : std::string{};
    }

  private:
    bool advance(zab::Instant end);

    const sim::Scenario& scenario_;
    std::unique_ptr<Profile> profile_;
    ActivityScope activity_;
    std::optional<analysis::CheckerSet> checkers_;
    analysis::Summarizer summarizer_;
    std::optional<trace::JsonWriter> writer_;
    trace::Outlets outlets_;
    sim::World world_;
};

Observed::Observed(const RunPlan& plan, bool profiles)
    : scenario_(*plan.loaded.scenario),
      profile_(profiles ? std::make_unique<Profile>() : nullptr),
      activity_(
          {plan.loaded.scenario, plan.seed, plan.end, reproduce_with_observers(plan, profiles)}),
      summarizer_(measured_of(scenario_)),
      world_(plan.loaded.scenario, plan.seed) {
    if (plan.trace) {
        writer_.emplace(*plan.trace, header_of(plan));
        outlets_.add(*writer_, writer_->kinds());
    }
    if (plan.checks) {
        checkers_.emplace(ensemble_of(scenario_));
        outlets_.add(*checkers_, checkers_->kinds());
    }
    outlets_.add(summarizer_, analysis::Summarizer::kinds);
    if (profile_ != nullptr) outlets_.add(*profile_, trace::all_kinds);
    world_.set_outlets(&outlets_);
    activity_.set_world(&world_);
}

/// A stretch of the run, short enough to look at the user between two. False: the run is over.
bool Observed::advance(zab::Instant end) {
    constexpr std::uint64_t records = 4096;
    if (profile_ == nullptr) return !world_.run_until(end, records);
    for (std::uint64_t i = 0; i < records; ++i) {
        if (!profile_->run_to_next_record(world_, end)) return false;
    }
    return true;
}

bool Observed::run(const RunPlan& plan, const Environment& environment, Progress& progress) {
    while (can_write() && !environment.interrupted()) {
        if (!advance(plan.end)) return true;
        progress.update(plan.number, world_.now(), plan.end, world_.recorder().next_id());
    }
    return false;
}

void Observed::finish() {
    if (profile_ != nullptr) {
        profile_->finish(world_);
    } else {
        world_.finish();
    }
}

analysis::RunResult Observed::result(const RunPlan& plan) const {
    analysis::RunResult result;
    describe(scenario_, result.info);
    result.info.seed = plan.seed;
    result.info.records = world_.recorder().next_id();
    result.info.trace_hash = world_.recorder().hash().value;
    result.info.reproduce = plan.reproduce;
    result.summary = summarizer_.finish(world_.now());
    result.verdict = checkers_ ? verdict_of(*checkers_) : unchecked("--check none");
    result.expectations = judge_all(scenario_, result.summary, result.verdict);
    return result;
}

trace::Failure Observed::end_trace(const analysis::Verdict& verdict, bool is_interrupted) {
    if (!writer_) return {};
    const trace::Recorder& recorder = world_.recorder();
    std::string word(word_for(verdict));
    if (is_interrupted) word += " until interrupted";
    return writer_->finish({.records = recorder.next_id(),
                            .time = world_.now(),
                            .verdict = std::move(word),
                            .hash = recorder.hash(),
                            .counts = recorder.counts()});
}

}  // namespace

RunOutcome perform(const RunPlan& plan, const Environment& environment, Progress& progress,
                   bool profiles) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    Observed observed(plan, profiles);
    RunOutcome outcome;
    const bool is_complete = observed.run(plan, environment, progress);
    outcome.is_abandoned = !observed.can_write();
    outcome.is_interrupted = !is_complete && !outcome.is_abandoned;
    observed.finish();
    const auto real = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin);
    outcome.result = observed.result(plan);
    outcome.result.info.real_ns = real.count();
    outcome.trace_failure = observed.end_trace(outcome.result.verdict, outcome.is_interrupted);
    outcome.profile = observed.profile_text();
    progress.clear();
    return outcome;
}

}  // namespace cli
