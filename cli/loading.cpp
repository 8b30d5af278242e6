#include "cli/loading.hpp"

#include "cli/shell.hpp"
#include "sim/scenario/units.hpp"
#include "sim/trace/record_names.hpp"
#include "sim/trace/record_table.hpp"

#include <fmt/format.h>

#include <array>

namespace cli {

sim::LoadOptions load_options() {
    static const std::vector<std::string_view> records = [] {
        std::vector<std::string_view> names;
        for (const trace::Row& row : trace::rows()) names.push_back(row.name);
        return names;
    }();
    return {.known = {.records = records, .messages = trace::message_names()}};
}

std::optional<std::vector<Loaded>> load_all(const Arguments& arguments,
                                            const Environment& environment) {
    std::vector<Loaded> loaded;
    bool has_mistakes = false;
    for (const std::string& path : arguments.files) {
        sim::LoadResult result = sim::load_scenario(path, arguments.sets, load_options());
        for (const std::string& mistake : result.mistakes) environment.talk << mistake << '\n';
        if (!result.scenario) {
            has_mistakes = true;
            continue;
        }
        loaded.push_back({path, std::make_shared<const sim::Scenario>(std::move(*result.scenario)),
                          std::move(result.resolved)});
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
