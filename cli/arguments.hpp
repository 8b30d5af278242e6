#pragma once

#include "sim/scenario/loader.hpp"
#include "sim/trace/record_table.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cli {

/// Both ends included.
struct SeedRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

/// One of several machines' part of a campaign: the seeds of rank i, i + n, i + 2n …
struct Shard {
    std::uint64_t index = 1;  ///< From 1.
    std::uint64_t of = 1;
};

enum class Command : std::uint8_t {
    run,
    verify,
    check,
    analyze,
    validate,
    schema,
    list,
    fuzz,
    merge,
    replay,
    freeze,
    shrink,
};

/// The command line, checked and converted; options that a command lacks have their defaults.
struct Arguments {
    Command command{};
    std::vector<std::string> files;
    std::optional<std::uint64_t> seed;
    std::optional<SeedRange> seeds;
    std::vector<sim::Override> sets;
    std::vector<std::string> set_texts;  ///< As the user wrote them.
    std::optional<std::string> json;     ///< A file, or "-".
    std::optional<std::string> trace;
    std::optional<trace::Level> level;
    bool checks = true;
    bool profile = false;
    std::optional<zab::Duration> until;
    std::string format = "text";  ///< Of validate and fuzz.
    std::string schema_of;
    bool reference = false;
    std::string directory;    ///< Of list; empty: look for it.
    bool properties = false;  ///< Of list: not the scenarios.

    // Of those who hunt.
    std::optional<std::chrono::seconds> time;
    std::optional<unsigned> jobs;
    std::chrono::seconds patience{60};
    Shard shard;
    std::optional<std::string> out;  ///< A folder of fuzz, a file of freeze and shrink.
    std::optional<std::string> junit;
    std::optional<std::string> coverage;  ///< A file of fuzz and merge.
    std::optional<std::string> known;
    bool new_only = false;
    bool certify = false;
    bool logical = false;
};

/// Either what to do, or what to print and how to end.
struct ParsedArguments {
    std::optional<Arguments> arguments;
    std::string help;     ///< For standard output.
    std::string mistake;  ///< For standard error.
};

ParsedArguments parse_arguments(std::span<const std::string> words);

/// "--version": version, behaviour and, where known, commit.
std::string version_text();

}  // namespace cli
