#pragma once

#include "cli/exit_code.hpp"
#include "cli/hunt/coverage.hpp"
#include "cli/hunt/junit.hpp"
#include "cli/hunt/result_log.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// The seeds that failed alike.
struct FailureClass {
    std::uint64_t seeds = 0;
    std::uint64_t first_seed = 0;
    std::string message;       ///< Of the first seed.
    std::int64_t time_ns = 0;  ///< Likewise.
    std::string capsule;       ///< The file that keeps it; empty: none was written.
    std::string known;         ///< Why it is expected, and until when; empty: it is new.
    bool is_new() const { return known.empty(); }
};

/// What a campaign came to: the same for the same results, in whatever order and number of shards
/// they were found.
struct CampaignSummary {
    std::uint64_t seeds = 0;
    std::uint64_t clean = 0;
    std::uint64_t records = 0;
    std::map<std::string, std::uint64_t> recoveries;
    std::map<std::string, FailureClass> failures;  ///< By class.
    CampaignCoverage coverage;
    std::set<std::string> scenarios;  ///< Digests of what the worlds were drawn from.
    std::set<std::uint32_t> behaviours;

    void add(const SeedRecord& record);
};

/// The name of the results in a campaign's folder.
constexpr const char* results_file = "results.jsonl";

/// How a command ends that shows this. Known failures count, too, unless `new_only`.
Exit exit_of(const CampaignSummary& summary, bool new_only);

CampaignSummary summary_of(const SeedRecords& records);

/// For people; ends with a line feed.
std::string campaign_text(const CampaignSummary& summary);
std::string campaign_json(const CampaignSummary& summary);
/// One test case for each class and one for the clean seeds; what is known is skipped.
std::vector<JUnitCase> junit_cases(const CampaignSummary& summary);
/// One annotation for each new class, as GitHub's workflow commands.
std::string github_lines(const std::string& file, const CampaignSummary& summary);

}  // namespace cli
