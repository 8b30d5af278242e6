#include "cli/commands.hpp"
#include "cli/hunt/campaign.hpp"
#include "cli/hunt/canary.hpp"
#include "cli/hunt/capsule_file.hpp"
#include "cli/hunt/coverage_report.hpp"
#include "cli/hunt/known_failures.hpp"
#include "cli/hunt/workers.hpp"
#include "cli/loading.hpp"
#include "cli/output.hpp"
#include "sim/trace/byte_sink.hpp"
#include "sim/world/behaviour.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

namespace cli {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Random worlds of one scenario.
class Hunt {
  public:
    Hunt(const Arguments& arguments, const Environment& environment, const Loaded& base,
         std::string folder)
        : arguments_(arguments),
          environment_(environment),
          base_(base),
          folder_(std::move(folder)),
          digest_(digest_text(base.document)),
          seeds_(seeds_of_campaign()),
          next_(after(seeds_.first, arguments.shard.index - 1)) {}

    /// What other runs have found for this scenario stays found.
    void resume(const SeedRecords& records);
    Exit run(ResultLog& log);
    CampaignSummary& summary() { return summary_; }

  private:
    /// Of all shards together.
    SeedRange seeds_of_campaign() const;
    /// The seed `steps` later; nothing: it is none of the campaign's.
    std::optional<std::uint64_t> after(std::uint64_t seed, std::uint64_t steps) const {
        return steps <= seeds_.last - seed ? std::optional(seed + steps) : std::nullopt;
    }
    bool is_out_of_time() const {
        return arguments_.time && Clock::now() - begin_ >= *arguments_.time;
    }
    std::optional<std::uint64_t> next_seed();
    SeedRecord try_seed(std::uint64_t seed) const;
    void take(const SeedRecord& record, ResultLog& log);
    void keep_capsule(const SeedRecord& record);
    void show_progress();
    std::string found_by(std::uint64_t seed) const {
        return reproduce_line(environment_, "run", arguments_, base_.path, {seed, seed});
    }

    static constexpr std::uint64_t default_seeds = 1'000;

    const Arguments& arguments_;
    const Environment& environment_;
    const Loaded& base_;
    std::string folder_;
    std::string digest_;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point shown_ = begin_;
    SeedRange seeds_;
    std::optional<std::uint64_t> next_;
    std::uint64_t tried_ = 0;
    std::map<std::uint64_t, SeedRecord> known_;
    CampaignSummary summary_;
    trace::Failure failure_;
};

void Hunt::resume(const SeedRecords& records) {
    for (const auto& [key, record] : records) {
        if (key.scenario == digest_ && key.behaviour == sim::behaviour) {
            known_.emplace(key.seed, record);
        }
    }
}

SeedRange Hunt::seeds_of_campaign() const {
    constexpr std::uint64_t largest = ~std::uint64_t{0};
    SeedRange seeds = seeds_of(arguments_, *base_.scenario);
    if (arguments_.seed || arguments_.seeds) return seeds;
    const std::uint64_t most = arguments_.time ? largest : default_seeds - 1;
    seeds.last = seeds.first + std::min(most, largest - seeds.first);
    return seeds;
}

/// The next seed of this shard that has no result yet; those that have are counted.
std::optional<std::uint64_t> Hunt::next_seed() {
    while (next_ && !is_out_of_time() && !failure_) {
        const std::uint64_t seed = *next_;
        next_ = after(seed, arguments_.shard.of);
        const auto known = known_.find(seed);
        if (known == known_.end()) return seed;
        summary_.add(known->second);
        if (!known->second.failure.empty()) keep_capsule(known->second);
    }
    return std::nullopt;
}

SeedRecord Hunt::try_seed(std::uint64_t seed) const {
    const LoadedText world = load_text(base_.document, base_.path, seed);
    if (!world.loaded) {
        TrialOutcome outcome;
        outcome.failure = "internal_error@chaos";
        outcome.message = "chaos drew an impossible world: " + world.mistakes.front();
        return seed_record(digest_, seed, outcome);
    }
    const Trial trial{.scenario = world.loaded->scenario,
                      .seed = seed,
                      .tells_coverage = true,
                      .reproduce = found_by(seed)};
    return seed_record(digest_, seed, try_out(trial, [] { return false; }));
}

void Hunt::take(const SeedRecord& record, ResultLog& log) {
    log.append(record);
    if (log.failure()) failure_ = log.failure();
    summary_.add(record);
    ++tried_;
    if (!record.failure.empty()) keep_capsule(record);
    show_progress();
}

/// One capsule for each class: of its lowest seed, whatever the order in which they came.
void Hunt::keep_capsule(const SeedRecord& record) {
    FailureClass& failure = summary_.failures.at(record.failure);
    if (failure.first_seed != record.seed) return;
    const std::string path = fmt::format("{}/{}.json", folder_, file_stem(record.failure));
    const LoadedText world = load_text(base_.document, base_.path, record.seed);
    if (!world.loaded) return;
    TrialOutcome outcome;
    outcome.failure = record.failure;
    outcome.message = record.message;
    outcome.time = zab::Instant{} + zab::nanoseconds(record.time_ns);
    const bool may_run = !record.failure.starts_with("internal_error@");
    const trace::Failure written = write_file(
        path,
        capsule_text(world.loaded->document, record.seed, outcome, found_by(record.seed), may_run));
    if (written) failure_ = written;
    const bool is_new = failure.capsule.empty();
    failure.capsule = path;
    if (!is_new) return;
    environment_.talk << fmt::format("{}seed {}: {}: {}\n  {}\n",
                                     environment_.talk_is_terminal ? "\r\x1b[K" : "", record.seed,
                                     record.failure, record.message, path);
}

/// On a terminal ten times a second, elsewhere a line every half minute.
void Hunt::show_progress() {
    using std::chrono::milliseconds;
    const bool is_terminal = environment_.talk_is_terminal;
    const auto now = Clock::now();
    if (now - shown_ < (is_terminal ? milliseconds(100) : milliseconds(30'000))) return;
    shown_ = now;
    const auto elapsed =
        std::max<std::int64_t>(std::chrono::duration_cast<milliseconds>(now - begin_).count(), 1);
    environment_.talk << fmt::format(
        "{}{}: {} seeds in {} s, {} a second, {} failed in {} classes{}",
        is_terminal ? "\r\x1b[K" : "", base_.scenario->name, summary_.seeds, elapsed / 1000,
        tried_ * 1000 / static_cast<std::uint64_t>(elapsed), summary_.seeds - summary_.clean,
        summary_.failures.size(), is_terminal ? "" : "\n");
    environment_.talk.flush();
}

Exit Hunt::run(ResultLog& log) {
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    Workers workers(
        {.jobs = arguments_.jobs.value_or(cores), .patience = arguments_.patience},
        [this](std::uint64_t seed) { return try_seed(seed); },
        [this](std::uint64_t seed, const std::string& why) {
            return seed_record_of_died(digest_, seed, why);
        });
    const bool is_whole =
        workers.run([this] { return next_seed(); },
                    [&](const SeedRecord& record) { take(record, log); }, environment_.interrupted);
    if (environment_.talk_is_terminal) environment_.talk << "\r\x1b[K";
    if (failure_) {
        environment_.talk << *failure_ << '\n';
        return Exit::not_written;
    }
    if (is_whole) return Exit::ok;
    if (!workers.failure().empty()) {
        environment_.talk << "zabsim: error: " << workers.failure()
                          << "; the results so far are kept, and the same command goes on\n";
        return Exit::incomplete;
    }
    environment_.talk << "zabsim: interrupted; the results so far are kept, and the same command "
                         "goes on\n";
    return Exit::interrupted;
}

/// What the reports of a campaign go to.
class Reports {
  public:
    Reports(const Arguments& arguments, const Environment& environment)
        : arguments_(arguments),
          environment_(environment),
          results_(environment, arguments.json, false),
          coverage_(environment, arguments.coverage) {
        if (arguments.junit) junit_.emplace(*arguments.junit);
    }

    Results& results() { return results_; }
    /// What keeps a report from being written, if that shows before there is one.
    const trace::Failure& failure() const {
        return !results_.failure() && junit_ ? junit_->failure() : results_.failure();
    }
    bool has_coverage_file() const { return coverage_.is_open(); }
    Exit write(const std::string& path, const std::string& name, const CampaignSummary& summary) {
        if (results_.wants_json()) results_.add_json(campaign_json(summary));
        if (arguments_.format == "github") {
            environment_.out << github_lines(path, summary);
        } else if (results_.shows_text()) {
            environment_.out << campaign_text(summary);
        }
        const Exit covered = coverage_.write(summary);
        if (!junit_) return covered;
        junit_->write(junit_xml("zabsim.fuzz." + name, junit_cases(summary)));
        const trace::Failure failure = junit_->commit();
        if (!failure) return covered;
        environment_.talk << *failure << '\n';
        return Exit::not_written;
    }

  private:
    const Arguments& arguments_;
    const Environment& environment_;
    Results results_;
    CoverageFile coverage_;
    std::optional<trace::ByteSink> junit_;
};

/// The folder of a campaign, made if need be. False: it cannot be written, which has been told.
bool make_folder(const std::string& folder, const Environment& environment) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error && ::access(folder.c_str(), W_OK | X_OK) != 0) {
        error = {errno, std::generic_category()};
    }
    if (!error) return true;
    environment.talk << fmt::format("{}: error: cannot be written: {}\n", folder, error.message());
    return false;
}

/// Whether the options fit together and the pipeline can find a failure at all.
Exit check_before(const Arguments& arguments, const Environment& environment) {
    if (arguments.files.size() != 1) {
        environment.talk << "zabsim: error: fuzz hunts in one scenario at a time\n";
        return Exit::bad_input;
    }
    if (arguments.new_only && !arguments.known) {
        environment.talk << "zabsim: error: --new-only is about --known FILE, which is missing\n";
        return Exit::bad_input;
    }
    if (arguments.known) {
        const std::string wrong = overwriting(arguments, *arguments.known);
        if (!wrong.empty()) {
            environment.talk << "zabsim: error: " << wrong << '\n';
            return Exit::bad_input;
        }
    }
    const std::string wrong = failure_of_canary();
    if (wrong.empty()) return Exit::ok;
    environment.talk << "zabsim: error: the canary lives: " << wrong << '\n';
    return Exit::internal_error;
}

}  // namespace

Exit fuzz_command(const Arguments& arguments, const Environment& environment) {
    if (const Exit exit = refuse_overwriting(arguments, environment); exit != Exit::ok) return exit;
    if (const Exit exit = check_before(arguments, environment); exit != Exit::ok) return exit;
    const auto loaded = load_all(arguments, environment);
    std::vector<std::string> mistakes;
    KnownFailures known;
    if (arguments.known) known = load_known_failures(*arguments.known, mistakes);
    for (const std::string& mistake : mistakes) environment.talk << mistake << '\n';
    if (!loaded || !mistakes.empty()) return Exit::bad_input;
    const Loaded& base = loaded->front();
    const std::string folder = arguments.out.value_or("fuzz-results");
    Reports reports(arguments, environment);
    if (reports.failure()) environment.talk << *reports.failure() << '\n';
    if (reports.failure() || !reports.has_coverage_file() || !make_folder(folder, environment)) {
        return Exit::not_written;
    }
    SeedRecords records;
    const std::string path = folder + "/" + results_file;
    if (std::error_code error; fs::exists(path, error)) {
        if (const trace::Failure failure = ResultLog::read(path, records)) {
            environment.talk << *failure << '\n';
            return Exit::bad_input;
        }
    }
    ResultLog log(path);
    if (log.failure()) {
        environment.talk << *log.failure() << '\n';
        return Exit::not_written;
    }
    Hunt hunt(arguments, environment, base, folder);
    hunt.resume(records);
    const Exit exit = hunt.run(log);
    known.mark(hunt.summary(), today());
    const Exit written = reports.write(base.path, base.scenario->name, hunt.summary());
    return worse(worse(exit, written),
                 worse(exit_of(hunt.summary(), arguments.new_only), reports.results().finish()));
}

}  // namespace cli
