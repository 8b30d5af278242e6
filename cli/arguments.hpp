#pragma once

#include "sim/scenario/loader.hpp"
#include "sim/trace/record_table.hpp"

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

enum class Command : std::uint8_t { run, verify, check, analyze, validate, schema, list };

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
    std::string format = "text";  ///< Of validate.
    std::string schema_of;
    bool reference = false;
    std::string directory;  ///< Of list; empty: look for it.
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
