#include "analysis/report/json.hpp"
#include "analysis/report/text.hpp"
#include "cli/commands.hpp"
#include "cli/judgement.hpp"
#include "cli/loading.hpp"
#include "cli/one_run.hpp"
#include "cli/output.hpp"

#include <fmt/format.h>

#include <chrono>

namespace cli {

namespace {

/// Options that contradict each other; empty: none do.
std::string contradiction(const Arguments& arguments) {
    const bool is_single = !arguments.seeds && arguments.files.size() == 1;
    if (arguments.trace && !is_single) {
        return "--trace shows one run: give it one scenario and --seed";
    }
    if (arguments.profile && arguments.seeds) return "--profile tells of one run: use --seed";
    if (arguments.trace == "-" && arguments.json == "-") {
        return "--trace - and --json would mix on standard output: give one of them a file";
    }
    if (arguments.level && !arguments.trace) {
        return "--level is about --trace FILE, which is missing";
    }
    return overwriting(arguments);
}

/// The command under way: what its runs share.
class RunCommand {
  public:
    RunCommand(const Arguments& arguments, const Environment& environment, Results& results)
        : arguments_(arguments), environment_(environment), results_(results) {}

    Exit run_one(const Loaded& loaded);
    Exit run_seeds(const Loaded& loaded);

  private:
    RunPlan plan(const Loaded& loaded, std::uint64_t seed, std::uint64_t number) const;
    std::ostream& text_stream() const {
        const bool is_taken = arguments_.trace == "-" || !results_.shows_text();
        return is_taken ? environment_.talk : environment_.out;
    }
    analysis::TextStyle style() const { return {.colour = environment_.is_colourful()}; }
    Exit told(const trace::Failure& failure) const;
    void print_violations(const analysis::SeedsResult& all,
                          const std::vector<std::string>& first_messages, const Loaded& loaded);

    const Arguments& arguments_;
    const Environment& environment_;
    Results& results_;
};

RunPlan RunCommand::plan(const Loaded& loaded, std::uint64_t seed, std::uint64_t number) const {
    const auto of_scenario = static_cast<trace::Level>(loaded.scenario->trace.level);
    return {
        .loaded = loaded,
        .seed = seed,
        .number = number,
        .end = end_of(arguments_, *loaded.scenario),
        .checks = arguments_.checks,
        .trace = arguments_.trace,
        .level = arguments_.level.value_or(of_scenario),
        .reproduce = reproduce_line(environment_, "run", arguments_, loaded.path, {seed, seed})};
}

/// A pipe that nobody reads any more is no news.
Exit RunCommand::told(const trace::Failure& failure) const {
    if (!failure || (arguments_.trace == "-" && environment_.reader_left())) return Exit::ok;
    environment_.talk << *failure << '\n';
    return Exit::not_written;
}

Exit RunCommand::run_one(const Loaded& loaded) {
    Progress progress(environment_, loaded.scenario->name, 1);
    const std::uint64_t seed = seeds_of(arguments_, *loaded.scenario).first;
    const auto world = drawn(loaded, seed, environment_);
    if (!world) return Exit::bad_input;
    const RunOutcome outcome =
        perform(plan(*world, seed, 0), environment_, progress, arguments_.profile);
    if (outcome.is_abandoned) return told(outcome.trace_failure);
    if (results_.wants_json()) results_.add_json(analysis::run_json(outcome.result));
    // Beside JSON on standard output, the text would only repeat it.
    if (results_.shows_text()) text_stream() << analysis::run_text(outcome.result, style());
    text_stream() << outcome.profile;
    Exit exit = worse(exit_of(outcome.result), told(outcome.trace_failure));
    if (outcome.is_interrupted) {
        environment_.talk << "zabsim: interrupted; the results are of what ran until then\n";
        exit = worse(exit, Exit::interrupted);
    }
    return exit;
}

Exit RunCommand::run_seeds(const Loaded& loaded) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    const SeedRange range = seeds_of(arguments_, *loaded.scenario);
    const std::uint64_t total = range.last - range.first + 1;
    Progress progress(environment_, loaded.scenario->name, total);
    analysis::SeedsResult all{
        .reproduce = reproduce_line(environment_, "run", arguments_, loaded.path, range)};
    analysis::RunInfo info;
    describe(*loaded.scenario, info);
    all.scenario = info.scenario;
    all.why = info.why;
    all.release = info.release;
    all.protocol = info.protocol;
    all.engine = info.engine;
    std::vector<std::string> first_messages;
    Exit exit = Exit::ok;
    for (std::uint64_t i = 0; i < total && exit != Exit::interrupted; ++i) {
        const auto world = drawn(loaded, range.first + i, environment_);
        if (!world) return Exit::bad_input;
        const RunOutcome outcome =
            perform(plan(*world, range.first + i, i), environment_, progress, false);
        if (outcome.is_interrupted) {
            environment_.talk << fmt::format("zabsim: interrupted after {} of {} seeds\n", i,
                                             total);
            exit = Exit::interrupted;
            continue;  // What there is of this run is not comparable.
        }
        all.properties_checked = outcome.result.verdict.properties_checked;
        all.runs.push_back(analysis::seed_result(outcome.result));
        const auto& messages = outcome.result.verdict.messages;
        first_messages.push_back(messages.empty() ? "" : messages.front());
        exit = worse(exit, exit_of(outcome.result));
    }
    const auto real = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin);
    all.real_ns = real.count();
    if (results_.wants_json()) results_.add_json(analysis::seeds_json(all));
    if (results_.shows_text()) {
        text_stream() << analysis::seeds_text(all, style());
        print_violations(all, first_messages, loaded);
    }
    return exit;
}

/// For each seed that violated a guarantee: its first violation and the line that repeats it.
void RunCommand::print_violations(const analysis::SeedsResult& all,
                                  const std::vector<std::string>& first_messages,
                                  const Loaded& loaded) {
    const std::size_t most = style().longest_lists;
    std::size_t shown = 0;
    for (std::size_t i = 0; i < all.runs.size() && shown < most; ++i) {
        if (all.runs[i].holds) continue;
        ++shown;
        const std::uint64_t seed = all.runs[i].seed;
        text_stream() << fmt::format(
            "\nseed {}: {}\n  {}\n", seed, first_messages[i],
            reproduce_line(environment_, "run", arguments_, loaded.path, {seed, seed}));
    }
}

}  // namespace

Exit run_command(const Arguments& arguments, const Environment& environment) {
    const std::string wrong = contradiction(arguments);
    if (!wrong.empty()) {
        environment.talk << "zabsim: error: " << wrong << '\n';
        return Exit::bad_input;
    }
    const auto loaded = load_all(arguments, environment);
    if (!loaded) return Exit::bad_input;
    Results results(environment, arguments.json, loaded->size() > 1);
    if (results.failure()) {
        environment.talk << *results.failure() << '\n';
        return Exit::not_written;
    }
    RunCommand command(arguments, environment, results);
    Exit exit = Exit::ok;
    bool is_first = true;
    for (const Loaded& scenario : *loaded) {
        if (!is_first && results.shows_text()) environment.out << '\n';
        is_first = false;
        exit =
            worse(exit, arguments.seeds ? command.run_seeds(scenario) : command.run_one(scenario));
        environment.out.flush();
        if (exit == Exit::interrupted) break;
    }
    return worse(exit, results.finish());
}

}  // namespace cli
