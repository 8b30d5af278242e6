#pragma once

#include "sim/scenario/hunt.hpp"
#include "sim/scenario/known_names.hpp"
#include "sim/scenario/scenario.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Scenario files: JSON with comments, checked completely before anything runs.
namespace sim {

/// `--set ensemble.voters=7`: the value at a dotted path is replaced before anything is checked.
/// The value is JSON if it parses as such, else a string.
struct Override {
    std::string path;
    std::string value;
};

/// What reading a file gave: its text, or why there is none.
struct FileText {
    std::optional<std::string> text;
    std::string reason;
};
using FileReader = std::function<FileText(const std::string& path)>;

/// Reads regular files up to the size limit.
FileText read_regular_file(const std::string& path);

struct LoadOptions {
    KnownNames known;
    FileReader read_file = read_regular_file;
    /// Lays what `chaos` draws with this seed over the scenario, which then stands for itself: it
    /// has this seed, and no `chaos` any more. A scenario without `chaos` only gets the seed.
    std::optional<std::uint64_t> drawn_with;
};

/// Either a scenario, or everything that is wrong with it.
struct LoadResult {
    std::optional<Scenario> scenario;
    /// The scenario with every default filled in, as one line of JSON: for the head of a trace.
    /// Loading it gives the same scenario.
    std::string resolved;
    /// What was decoded: bases, overrides and what chaos drew put together, as one line of JSON.
    /// What it leaves out has its default.
    std::string document;
    std::optional<ChaosSpec> chaos;
    std::optional<Capsule> capsule;
    /// `file:line:col: error: /pointer: reason; accepted: …; did you mean "…"?`, one a mistake.
    std::vector<std::string> mistakes;
};

LoadResult load_scenario(const std::string& path, std::span<const Override> sets = {},
                         const LoadOptions& options = {});

/// As load_scenario, for text that is at hand. `path` stands in messages, and what the text
/// extends is relative to it.
LoadResult load_scenario_text(std::string text, const std::string& path,
                              std::span<const Override> sets = {}, const LoadOptions& options = {});

/// The JSON Schema (draft-07) of scenario files, for editors: scenarios/scenario.schema.json. It
/// lists the names that are known.
std::string scenario_schema(const KnownNames& known);

/// The keys, each with its table, whose own example would be refused. A test wants none.
std::vector<std::string> refused_examples(const KnownNames& known);

/// A page that describes every key, in Markdown. Made from the schema.
std::string scenario_reference(const KnownNames& known);

}  // namespace sim
