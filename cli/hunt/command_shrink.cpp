#include "cli/commands.hpp"
#include "cli/hunt/capsule_file.hpp"
#include "cli/hunt/shrinker.hpp"
#include "cli/loading.hpp"
#include "protocol/types/ensure.hpp"
#include "sim/scenario/json_parse.hpp"
#include "sim/world/behaviour.hpp"

#include <fmt/format.h>

namespace cli {

namespace {

constexpr std::uint32_t tries = 20;
constexpr std::uint32_t needed = 19;  ///< Of `tries`, in which the failure must be gone.

/// The one capsule that the user named; nothing if it is none, which has been told.
std::optional<Loaded> load_capsule(const Arguments& arguments, const Environment& environment) {
    if (arguments.files.size() != 1) {
        environment.talk << "zabsim: error: shrink cuts down one capsule at a time\n";
        return std::nullopt;
    }
    auto loaded = load_all(arguments, environment);
    if (!loaded) return std::nullopt;
    const auto& capsule = loaded->front().capsule;
    if (capsule && capsule->expected != sim::clean_class) return std::move(loaded->front());
    environment.talk << fmt::format("{}: error: /capsule: {}\n", loaded->front().path,
                                    capsule ? "it expects a clean run: there is no failure to keep"
                                            : "missing: it says which failure is to be kept");
    return std::nullopt;
}

/// Counts for each item how often the failure is gone without it.
std::vector<sim::Capsule::Item> certified(Shrinker& shrinker, const Environment& environment) {
    std::vector<sim::Capsule::Item> out;
    for (const std::string& item : shrinker.items()) {
        const std::uint32_t gone = shrinker.gone_without(item, tries);
        if (shrinker.was_interrupted()) break;
        out.push_back({item, gone, tries});
        environment.talk << fmt::format("  {:<28} without it the failure is gone in {} of {}{}\n",
                                        item, gone, tries, gone < needed ? ": NOT needed" : "");
    }
    return out;
}

}  // namespace

Exit shrink_command(const Arguments& arguments, const Environment& environment) {
    const auto loaded = load_capsule(arguments, environment);
    if (!loaded) return Exit::bad_input;
    const auto world = drawn(*loaded, loaded->scenario->seed, environment);
    if (!world) return Exit::bad_input;
    std::optional<sim::json::Value> document = sim::json::parse_if_valid(world->document);
    zab::ensure(document.has_value(), "the loader writes JSON");
    sim::Capsule capsule = *loaded->capsule;
    Shrinker shrinker(std::move(*document), capsule.expected, loaded->scenario->seed, environment);
    const bool is_done = arguments.certify ? shrinker.fails() : shrinker.shrink();
    if (shrinker.was_interrupted()) {
        environment.talk << "zabsim: interrupted; nothing is written\n";
        return Exit::interrupted;
    }
    if (!is_done) {
        environment.talk << fmt::format(
            "{}: its run does not fail in {} any more: zabsim replay "
            "says how it ends\n",
            loaded->path, capsule.expected);
        return Exit::not_as_expected;
    }
    capsule.certificate = certified(shrinker, environment);
    if (shrinker.was_interrupted()) return Exit::interrupted;
    bool is_minimal = true;
    for (const auto& item : capsule.certificate) is_minimal = is_minimal && item.gone >= needed;
    environment.talk << fmt::format(
        "{} items, {} runs: {}\n", capsule.certificate.size(), shrinker.runs(),
        is_minimal ? "all of them are needed" : "some may not be needed");
    if (arguments.certify) return is_minimal ? Exit::ok : Exit::not_as_expected;
    sim::json::Value small = shrinker.scenario();
    capsule.behaviour = sim::behaviour;
    if (capsule.expected != died_class) {
        const TrialOutcome outcome = run_whole(small, shrinker.seed());
        set_why(small, outcome);
        capsule.hash = hash_text(outcome.hash);
    }
    set_capsule(small, capsule);
    return write_result(environment, arguments.out, sim::json::pretty(small));
}

}  // namespace cli
