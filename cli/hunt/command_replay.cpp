#include "cli/commands.hpp"
#include "cli/hunt/capsule_file.hpp"
#include "cli/hunt/junit.hpp"
#include "cli/loading.hpp"
#include "sim/world/behaviour.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

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

/// The files of a folder and what is in it, by name; a file stands for itself.
std::vector<std::string> capsules_in(const std::string& path, std::string& mistake) {
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
    if (!error && files.empty()) mistake = fmt::format("{}: error: no capsule is in it", path);
    std::sort(files.begin(), files.end());
    return files;
}

Replayed compared(const Loaded& loaded, const TrialOutcome& outcome) {
    const sim::Capsule& capsule = *loaded.capsule;
    const std::string found = outcome.is_clean() ? std::string(sim::clean_class) : outcome.failure;
    Replayed out{loaded.path, Ending::as_expected, {}};
    if (found != capsule.expected) {
        out.ending = found == sim::clean_class ? Ending::fixed : Ending::drifted;
        out.text = fmt::format("NOT as expected: {} instead of {}{}{}", found, capsule.expected,
                               outcome.is_clean() ? "" : ": ", outcome.message);
        return out;
    }
    out.text = fmt::format("as expected: {}", found);
    if (capsule.hash.empty() || capsule.hash == hash_text(outcome.hash)) return out;
    out.ending = Ending::other_path;
    out.text += fmt::format(
        " (by another path: hash {}, {} when it was found, by behaviour {}; "
        "this is behaviour {})",
        hash_text(outcome.hash), capsule.hash, capsule.behaviour, sim::behaviour);
    return out;
}

std::string junit_of(const std::vector<Replayed>& all) {
    std::vector<JUnitCase> cases;
    for (const Replayed& one : all) {
        const bool is_ok = is_as_expected(one.ending);
        cases.push_back({.name = one.path, .failure = is_ok ? "" : one.text});
    }
    return junit_xml("zabsim.replay", cases);
}

/// All that the user named, loaded; nothing if any of it is wrong, which has been told.
std::optional<std::vector<Loaded>> load_capsules(const Arguments& arguments,
                                                 const Environment& environment) {
    Arguments expanded = arguments;
    expanded.files.clear();
    bool has_mistakes = false;
    for (const std::string& path : arguments.files) {
        std::string mistake;
        for (std::string& file : capsules_in(path, mistake)) {
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

}  // namespace

Exit replay_command(const Arguments& arguments, const Environment& environment) {
    const auto loaded = load_capsules(arguments, environment);
    if (!loaded) return Exit::bad_input;
    std::vector<Replayed> all;
    Exit exit = Exit::ok;
    for (const Loaded& one : *loaded) {
        const auto world = drawn(one, one.scenario->seed, environment);
        if (!world) return Exit::bad_input;
        const Trial trial{.scenario = world->scenario,
                          .seed = one.scenario->seed,
                          .stops_at_failure = false,
                          .reproduce = fmt::format("zabsim replay {}", one.path)};
        const TrialOutcome outcome = try_out(trial, environment.interrupted);
        if (outcome.is_interrupted) {
            exit = Exit::interrupted;
            break;
        }
        all.push_back(compared(one, outcome));
        environment.out << fmt::format("{}: {}\n", one.path, all.back().text) << std::flush;
        if (!is_as_expected(all.back().ending)) exit = worse(exit, Exit::not_as_expected);
    }
    const auto good = std::count_if(all.begin(), all.end(),
                                    [](const Replayed& r) { return is_as_expected(r.ending); });
    environment.out << fmt::format("{} of {} as expected\n", good, loaded->size());
    if (!arguments.junit) return exit;
    const trace::Failure failure = write_file(*arguments.junit, junit_of(all));
    if (failure) environment.talk << *failure << '\n';
    return failure ? worse(exit, Exit::not_written) : exit;
}

}  // namespace cli
