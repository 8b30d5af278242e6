#pragma once

#include "analysis/report/run_result.hpp"

#include <cstddef>
#include <string>

namespace analysis {

struct TextStyle {
    bool colour = false;  ///< ANSI sequences; the front end decides (terminal, NO_COLOR).
    std::size_t busiest_resources = 5;
    std::size_t longest_lists = 20;  ///< Leaders, outages and seeds beyond this are counted.
};

/// One run for people: what ran, leaders, throughput, latency, outages, resources, messages,
/// verdict, trace hash, and how to reproduce it.
std::string run_text(const RunResult& run, const TextStyle& style);

/// Many seeds of one scenario: each metric with mean and 95 % interval, and the seeds that failed.
std::string seeds_text(const SeedsResult& seeds, const TextStyle& style);

}  // namespace analysis
