#include "cli/commands.hpp"
#include "cli/hunt/campaign.hpp"
#include "cli/hunt/capsule_file.hpp"
#include "cli/hunt/junit.hpp"
#include "cli/hunt/result_log.hpp"
#include "cli/hunt/workers.hpp"
#include "cli/loading.hpp"
#include "cli/output.hpp"
#include "sim/trace/byte_sink.hpp"
#include "sim/world/behaviour.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

namespace cli {

namespace {

namespace fs = std::filesystem;

/// How a capsule's run compares with what it says.
enum class Ending : std::uint8_t { as_expected, other_path, fixed, drifted };

struct Replayed {
    std::string path;
    Ending ending{};
    std::string text;
};

bool is_as_expected(Ending ending) {
    return ending == Ending::as_expected || ending == Ending::other_path;
}

/// Whether a folder holds the results of a campaign in which nothing failed. How many seeds that
/// were is told.
bool is_of_clean_campaign(const std::string& folder, const Environment& environment) {
    SeedRecords records;
    if (ResultLog::read(folder + "/" + results_file, records) || records.empty()) return false;
    const bool is_clean = std::ranges::all_of(
        records, [](const auto& entry) { return entry.second.failure.empty(); });
    if (is_clean) {
        environment.out << fmt::format("{}: {} seeds, none failed: there is nothing to replay\n",
                                       folder, records.size());
    }
    return is_clean;
}

/// The files of a folder and what is in it, by name; a file stands for itself.
std::vector<std::string> capsules_in(const std::string& path, const Environment& environment,
                                     std::string& mistake) {
    std::vector<std::string> files;
    std::error_code error;
    if (!fs::is_directory(path, error)) return {path};
    for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
         at.increment(error)) {
        if (at->is_regular_file() && at->path().extension() == ".json") {
            files.push_back(at->path().string());
        }
    }
    if (error) mistake = fmt::format("{}: error: {}", path, error.message());
    if (!error && files.empty() && !is_of_clean_campaign(path, environment)) {
        mistake = fmt::format("{}: error: no capsule is in it", path);
    }
    std::sort(files.begin(), files.end());
    return files;
}

Replayed compared(const Loaded& loaded, const SeedRecord& outcome) {
    const sim::Capsule& capsule = *loaded.capsule;
    const bool is_clean = outcome.failure.empty();
    const std::string found = is_clean ? std::string(sim::clean_class) : outcome.failure;
    Replayed out{loaded.path, Ending::as_expected, {}};
    if (found != capsule.expected) {
        out.ending = found == sim::clean_class ? Ending::fixed : Ending::drifted;
        out.text = fmt::format("NOT as expected: {} instead of {}{}{}", found, capsule.expected,
                               is_clean ? "" : ": ", is_clean ? "" : outcome.message);
        return out;
    }
    out.text = fmt::format("as expected: {}", found);
    if (capsule.hash.empty() || capsule.hash == outcome.hash) return out;
    out.ending = Ending::other_path;
    out.text += fmt::format(
        " (by another path: hash {}, {} when it was found, by behaviour {}; "
        "this is behaviour {})",
        outcome.hash, capsule.hash, capsule.behaviour, sim::behaviour);
    return out;
}

/// All that the user named, loaded; nothing if any of it is wrong, which has been told.
std::optional<std::vector<Loaded>> load_capsules(const Arguments& arguments,
                                                 const Environment& environment) {
    Arguments expanded = arguments;
    expanded.files.clear();
    bool has_mistakes = false;
    for (const std::string& path : arguments.files) {
        std::string mistake;
        for (std::string& file : capsules_in(path, environment, mistake)) {
            expanded.files.push_back(std::move(file));
        }
        if (!mistake.empty()) environment.talk << mistake << '\n';
        has_mistakes = has_mistakes || !mistake.empty();
    }
    auto loaded = load_all(expanded, environment);
    if (!loaded) return std::nullopt;
    for (const Loaded& one : *loaded) {
        if (one.capsule) continue;
        environment.talk << one.path
                         << ": error: /capsule: missing: a scenario without it does not say how "
                            "its run must end; zabsim run runs it\n";
        has_mistakes = true;
    }
    return has_mistakes ? std::nullopt : std::move(loaded);
}

/// Capsules run in processes of their own, several at a time, and are told in their order.
class Replay {
  public:
    Replay(const std::vector<Loaded>& capsules, const std::vector<Loaded>& worlds,
           const Environment& environment)
        : capsules_(capsules), worlds_(worlds), environment_(environment) {
        results_.resize(capsules.size());
    }

    Exit run(const Arguments& arguments);
    std::string junit() const;

  private:
    SeedRecord try_one(std::uint64_t place) const {
        const Loaded& capsule = capsules_[place];
        const Trial trial{.scenario = worlds_[place].scenario,
                          .seed = capsule.scenario->seed,
                          .stops_at_failure = false,
                          .reproduce = fmt::format("zabsim replay {}", capsule.path)};
        return seed_record({}, place, try_out(trial, [] { return false; }));
    }
    void take(const SeedRecord& record);

    const std::vector<Loaded>& capsules_;
    const std::vector<Loaded>& worlds_;
    const Environment& environment_;
    std::vector<std::optional<Replayed>> results_;
    std::size_t told_ = 0;
};

void Replay::take(const SeedRecord& record) {
    results_[record.seed] = compared(capsules_[record.seed], record);
    for (; told_ < results_.size() && results_[told_]; ++told_) {
        environment_.out << fmt::format("{}: {}\n", results_[told_]->path, results_[told_]->text)
                         << std::flush;
    }
}

Exit Replay::run(const Arguments& arguments) {
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    Workers workers(
        {.jobs = arguments.jobs.value_or(cores), .patience = arguments.patience},
        [this](std::uint64_t place) { return try_one(place); },
        [](std::uint64_t place, const std::string& why) {
            return seed_record_of_died({}, place, why);
        });
    std::uint64_t next = 0;
    const bool is_whole = workers.run(
        [&]() -> std::optional<std::uint64_t> {
            return next < capsules_.size() ? std::optional(next++) : std::nullopt;
        },
        [this](const SeedRecord& record) { take(record); }, environment_.interrupted);
    const auto good = std::count_if(results_.begin(), results_.end(), [](const auto& result) {
        return result && is_as_expected(result->ending);
    });
    if (!capsules_.empty()) {
        environment_.out << fmt::format("{} of {} as expected\n", good, capsules_.size());
    }
    if (is_whole) {
        const bool are_all = static_cast<std::size_t>(good) == capsules_.size();
        return are_all ? Exit::ok : Exit::not_as_expected;
    }
    if (workers.failure().empty()) return Exit::interrupted;
    environment_.talk << "zabsim: error: " << workers.failure() << '\n';
    return Exit::incomplete;
}

std::string Replay::junit() const {
    std::vector<JUnitCase> cases;
    for (const std::optional<Replayed>& one : results_) {
        if (!one) continue;
        const bool is_ok = is_as_expected(one->ending);
        cases.push_back({.name = one->path, .failure = is_ok ? "" : one->text});
    }
    return junit_xml("zabsim.replay", cases);
}

}  // namespace

Exit replay_command(const Arguments& arguments, const Environment& environment) {
    if (const Exit exit = refuse_overwriting(arguments, environment); exit != Exit::ok) return exit;
    std::optional<trace::ByteSink> junit;
    if (arguments.junit) junit.emplace(*arguments.junit);
    if (junit && junit->failure()) {
        environment.talk << *junit->failure() << '\n';
        return Exit::not_written;
    }
    const auto loaded = load_capsules(arguments, environment);
    if (!loaded) return Exit::bad_input;
    std::vector<Loaded> worlds;
    for (const Loaded& one : *loaded) {
        auto world = drawn(one, one.scenario->seed, environment);
        if (!world) return Exit::bad_input;
        worlds.push_back(std::move(*world));
    }
    Replay replay(*loaded, worlds, environment);
    const Exit exit = replay.run(arguments);
    if (!junit) return exit;
    junit->write(replay.junit());
    const trace::Failure failure = junit->commit();
    if (failure) environment.talk << *failure << '\n';
    return failure ? worse(exit, Exit::not_written) : exit;
}

}  // namespace cli
