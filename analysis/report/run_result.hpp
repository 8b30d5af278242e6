#pragma once

#include "analysis/metric/expectation.hpp"
#include "analysis/metric/summary.hpp"
#include "analysis/stats/interval.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// All that a report shows. The front end fills it; nothing here looks at a clock.
namespace analysis {

struct RunInfo {
    std::string scenario;
    std::string why;
    std::uint64_t seed = 0;
    std::string release;
    std::string protocol = "zab";
    std::string engine;  ///< Version and behaviour, as the front end names them.
    std::uint32_t voters = 0;
    std::uint32_t observers = 0;
    std::uint32_t clients = 0;
    std::uint64_t records = 0;
    std::optional<std::int64_t> real_ns;  ///< Nothing when a file was analysed.
    std::uint64_t trace_hash = 0;
    std::string reproduce;  ///< One line to paste.
};

/// What the checkers say. Nothing is claimed about what was not checked.
struct Verdict {
    std::uint32_t properties_checked = 0;
    std::uint64_t safety_violations = 0;
    std::uint64_t liveness_violations = 0;
    /// The properties that did not hold, and how often.
    std::vector<std::pair<std::string, std::uint64_t>> violated;
    std::vector<std::string> messages;     ///< One for each violation that is worth showing.
    std::vector<std::string> not_checked;  ///< What, and why.

    bool holds() const { return safety_violations + liveness_violations == 0; }
};

struct RunResult {
    RunInfo info;
    Summary summary;
    Verdict verdict;
    std::vector<ExpectationResult> expectations;
};

/// What is kept of one of many runs.
struct SeedResult {
    std::uint64_t seed = 0;
    std::uint64_t trace_hash = 0;
    std::vector<std::optional<std::int64_t>> values;  ///< In the order of metrics().
    bool holds = true;                                ///< The guarantees.
    std::vector<std::string> unmet;                   ///< Expectations, as the user wrote them.
};

SeedResult seed_result(const RunResult& run);

/// Whose behaviour was simulated, in two words. Releases are ZooKeeper's.
inline std::string whose(const std::string& protocol, const std::string& release) {
    return protocol == "zab" ? "release " + release : "protocol " + protocol;
}

/// One metric over all seeds that have a value for it.
struct SeedEstimate {
    const Metric* metric = nullptr;
    Estimate estimate;
};

/// In the order of metrics(); without those that no run has a value for.
std::vector<SeedEstimate> estimates(std::span<const SeedResult> runs);

struct SeedsResult {
    std::string scenario;
    std::string why;
    std::string release;
    std::string protocol = "zab";
    std::string engine;
    std::uint32_t properties_checked = 0;
    std::vector<SeedResult> runs;
    std::optional<std::int64_t> real_ns;
    std::string reproduce;
};

/// Names for reports, the same in text and JSON.
std::string_view name_of(Trouble trouble);
std::string_view name_of(ReignEnd end);
std::string_view name_of(trace::Resource resource);
/// The thread of a server that a resource of kind `stage` numbers: "commit".
std::string_view name_of_thread(std::uint16_t stage);
std::string_view name_of(trace::Operation operation);
std::string_view name_of(trace::Outcome outcome);

}  // namespace analysis
