#pragma once

#include "analysis/check/checker_set.hpp"

#include <string>
#include <vector>

namespace cli {

/// For each violation, in the order of the checkers: the records that together show it, each as
/// "file:line: record". Only the first of each property has any: what else breaks it usually
/// follows from that. None at all for standard input, which cannot be read again, and for a file
/// that has become another meanwhile.
std::vector<std::vector<std::string>> witness_lines(
    const std::string& file, const std::vector<analysis::Violation>& violations);

}  // namespace cli
