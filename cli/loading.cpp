#include "cli/loading.hpp"

#include "cli/output.hpp"
#include "cli/shell.hpp"
#include "sim/scenario/units.hpp"
#include "sim/trace/record_table.hpp"

#include <fmt/format.h>

namespace cli {

sim::LoadOptions load_options() {
    static const std::vector<std::string_view> records = [] {
        std::vector<std::string_view> names;
        for (const trace::Row& row : trace::rows()) names.push_back(row.name);
        return names;
    }();
    return {.known = {.records = records, .messages = trace::message_names()}};
}

namespace {

Loaded loaded_from(sim::LoadResult result, const std::string& path) {
    return {.path = path,
            .scenario = std::make_shared<const sim::Scenario>(std::move(*result.scenario)),
            .resolved = std::move(result.resolved),
            .document = std::move(result.document),
            .has_chaos = result.chaos.has_value(),
            .capsule = std::move(result.capsule)};
}

}  // namespace

LoadedText load_text(const std::string& text, const std::string& path,
                     std::optional<std::uint64_t> drawn_with) {
    sim::LoadOptions options = load_options();
    options.drawn_with = drawn_with;
    sim::LoadResult result = sim::load_scenario_text(text, path, {}, options);
    LoadedText out;
    out.mistakes = result.mistakes;
    if (result.scenario) out.loaded = loaded_from(std::move(result), path);
    return out;
}

std::optional<Loaded> drawn(const Loaded& loaded, std::uint64_t seed,
                            const Environment& environment) {
    if (!loaded.has_chaos) return loaded;
    LoadedText world = load_text(loaded.document, "seed " + std::to_string(seed), seed);
    if (!world.loaded) {
        environment.talk << fmt::format(
            "{}: error: /chaos: what it draws contradicts the rest of the scenario: take out of "
            "/chaos/vary what the scenario fixes\n  {}\n",
            loaded.path, world.mistakes.front());
        return std::nullopt;
    }
    world.loaded->path = loaded.path;
    return std::move(world.loaded);
}

std::optional<std::vector<Loaded>> load_all(const Arguments& arguments,
                                            const Environment& environment) {
    std::vector<Loaded> loaded;
    bool has_mistakes = false;
    sim::LoadOptions options = load_options();
    options.read_file = [&arguments](const std::string& path) {
        std::string wrong = overwriting(arguments, path);  // What a file extends is an input, too.
        return wrong.empty() ? sim::read_regular_file(path)
                             : sim::FileText{.text = {}, .reason = std::move(wrong)};
    };
    for (const std::string& path : arguments.files) {
        sim::LoadResult result = sim::load_scenario(path, arguments.sets, options);
        for (const std::string& mistake : result.mistakes) environment.talk << mistake << '\n';
        if (!result.scenario) {
            has_mistakes = true;
            continue;
        }
        loaded.push_back(loaded_from(std::move(result), path));
    }
    if (has_mistakes) return std::nullopt;
    return loaded;
}

SeedRange seeds_of(const Arguments& arguments, const sim::Scenario& scenario) {
    if (arguments.seeds) return *arguments.seeds;
    const std::uint64_t seed = arguments.seed.value_or(scenario.seed);
    return {seed, seed};
}

zab::Instant end_of(const Arguments& arguments, const sim::Scenario& scenario) {
    return zab::Instant{} + arguments.until.value_or(scenario.duration);
}

std::string reproduce_line(const Environment& environment, std::string_view command,
                           const Arguments& arguments, const std::string& path,
                           const SeedRange& seeds) {
    // A word that begins with "-" would be an option.
    const std::string file = path.starts_with("-") ? "./" + path : path;
    std::string line =
        fmt::format("{} {} {}", shell_quoted(environment.program), command, shell_quoted(file));
    line += seeds.first == seeds.last ? fmt::format(" --seed {}", seeds.first)
                                      : fmt::format(" --seeds {}..{}", seeds.first, seeds.last);
    for (const std::string& text : arguments.set_texts) line += " --set " + shell_quoted(text);
    if (arguments.until) line += " --until " + sim::to_text(*arguments.until);
    return line;
}

}  // namespace cli
