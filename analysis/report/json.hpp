#pragma once

#include "analysis/report/run_result.hpp"

#include <string>
#include <string_view>

/// Results for programs. Keys stand in a fixed order, times are integers in ns, rates integers per
/// 1000 s, and 64-bit identities are hex strings; a new key or kind raises the minor version.
namespace analysis {

constexpr std::string_view results_format = "zabsim.results/1.0";

/// One object, with a newline at its end.
std::string run_json(const RunResult& run);
std::string seeds_json(const SeedsResult& seeds);

}  // namespace analysis
