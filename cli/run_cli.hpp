#pragma once

#include "cli/environment.hpp"

#include <span>
#include <string>

namespace cli {

/// The whole program: runs one command and returns its exit code (see Exit). `words` are the
/// arguments without the program's name.
int run_cli(std::span<const std::string> words, const Environment& environment);

}  // namespace cli
