#include "analysis/check/checker_set.hpp"
#include "analysis/report/paint.hpp"
#include "cli/commands.hpp"
#include "cli/github.hpp"
#include "cli/loading.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/trace/schema.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace cli {

namespace {

namespace fs = std::filesystem;

/// A message taken apart: "file:line:col: error: reason", where line and column may be missing.
struct Placed {
    std::string file;
    std::string line;
    std::string column;
    std::string reason;
};

/// The digits after the last colon, taken off; empty if there are none.
std::string taken_number(std::string& place) {
    const std::size_t colon = place.rfind(':');
    if (colon == std::string::npos || colon + 1 == place.size()) return {};
    std::string number = place.substr(colon + 1);
    if (number.find_first_not_of("0123456789") != std::string::npos) return {};
    place.resize(colon);
    return number;
}

Placed placed(const std::string& message) {
    constexpr std::string_view mark = ": error: ";
    const std::size_t at = message.find(mark);
    if (at == std::string::npos) return {.reason = message};
    Placed out{.file = message.substr(0, at), .reason = message.substr(at + mark.size())};
    out.column = taken_number(out.file);
    out.line = taken_number(out.file);
    if (out.line.empty()) std::swap(out.line, out.column);
    return out;
}

std::string github_line(const std::string& message) {
    const Placed place = placed(message);
    std::string properties = "file=" + command_text(place.file, true);
    if (!place.line.empty()) properties += ",line=" + place.line;
    if (!place.column.empty()) properties += ",col=" + place.column;
    return "::error " + properties + "::" + command_text(place.reason) + "\n";
}

nlohmann::ordered_json json_of(const std::string& path, const sim::LoadResult& result) {
    nlohmann::ordered_json out;
    out["file"] = path;
    out["ok"] = result.scenario.has_value();
    out["mistakes"] = nlohmann::ordered_json::array();
    for (const std::string& message : result.mistakes) {
        const Placed place = placed(message);
        nlohmann::ordered_json entry;
        entry["file"] = place.file;
        entry["line"] = place.line.empty() ? 0 : std::stoull(place.line);
        entry["column"] = place.column.empty() ? 0 : std::stoull(place.column);
        entry["reason"] = place.reason;
        out["mistakes"].push_back(std::move(entry));
    }
    return out;
}

std::string dumped(const nlohmann::ordered_json& json) {
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Exit list_properties(const Environment& environment) {
    const auto levels = trace::level_names();
    for (const auto protocol : {analysis::Protocol::zab, analysis::Protocol::textbook}) {
        if (protocol == analysis::Protocol::textbook) {
            environment.out << "\nOf the textbook's protocol:\n";
        }
        for (const analysis::Property& property : analysis::all_properties(protocol)) {
            environment.out << fmt::format("{} (--level {})\n    {}\n", property.name,
                                           levels[static_cast<std::size_t>(property.level)],
                                           property.statement);
        }
    }
    return Exit::ok;
}

bool is_scenario_file(const fs::path& path) {
    return path.extension() == ".json" && !path.string().ends_with(".schema.json");
}

/// The folder to list: as told, or the shipped one beside the user or the executable.
fs::path folder_to_list(const Arguments& arguments, const Environment& environment) {
    if (!arguments.directory.empty()) return arguments.directory;
    std::error_code error;
    std::vector<fs::path> candidates = {"scenarios"};
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    const fs::path base = error ? fs::path(environment.program) : self;
    candidates.push_back(base.parent_path() / "scenarios");
    candidates.push_back(base.parent_path().parent_path() / "scenarios");
    for (const fs::path& candidate : candidates) {
        if (fs::is_directory(candidate, error)) return candidate;
    }
    return {};
}

}  // namespace

Exit validate_command(const Arguments& arguments, const Environment& environment) {
    Exit exit = Exit::ok;
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const std::string& path : arguments.files) {
        const sim::LoadResult result = sim::load_scenario(path, arguments.sets, load_options());
        if (!result.scenario) exit = Exit::bad_input;
        if (arguments.format == "json") {
            all.push_back(json_of(path, result));
            continue;
        }
        for (const std::string& message : result.mistakes) {
            if (arguments.format == "github") {
                environment.out << github_line(message);
            } else {
                environment.talk << message << '\n';
            }
        }
        if (result.scenario && arguments.format == "text") environment.out << path << ": ok\n";
    }
    if (arguments.format == "json") environment.out << dumped(all);
    return exit;
}

Exit schema_command(const Arguments& arguments, const Environment& environment) {
    if (arguments.schema_of == "scenario") {
        const sim::KnownNames known = load_options().known;
        environment.out << (arguments.reference ? sim::scenario_reference(known)
                                                : sim::scenario_schema(known));
    } else {
        environment.out << (arguments.reference ? trace::trace_reference() : trace::trace_schema());
    }
    return Exit::ok;
}

Exit list_command(const Arguments& arguments, const Environment& environment) {
    if (arguments.properties) return list_properties(environment);
    const fs::path folder = folder_to_list(arguments, environment);
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end;
         i.increment(error)) {
        if (is_scenario_file(i->path())) files.push_back(i->path());
    }
    if (folder.empty() || error) {
        environment.talk << "zabsim: error: "
                         << (folder.empty() ? "no folder scenarios here; name it with --dir"
                                            : folder.string() + ": " + error.message())
                         << '\n';
        return Exit::bad_input;
    }
    std::ranges::sort(files);
    Exit exit = Exit::ok;
    for (const fs::path& file : files) {
        const sim::LoadResult result = sim::load_scenario(file.string(), {}, load_options());
        if (result.scenario) {
            environment.out << file.string() << "\n    "
                            << analysis::printable(result.scenario->why) << '\n';
            continue;
        }
        exit = Exit::bad_input;
        for (const std::string& mistake : result.mistakes) environment.talk << mistake << '\n';
    }
    return exit;
}

}  // namespace cli
