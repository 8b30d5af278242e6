#include "cli/hunt/campaign.hpp"

#include "analysis/stats/quantity.hpp"
#include "cli/github.hpp"
#include "cli/hunt/coverage_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cli {

using Json = nlohmann::ordered_json;

namespace {

std::string time_text(std::int64_t ns) {
    return analysis::seconds_text(zab::Instant{} + zab::nanoseconds(ns));
}

std::string failure_text(const std::string& name, const FailureClass& failure) {
    std::string out = fmt::format("  {}: {} {}, first seed {} at {}\n    {}\n", name, failure.seeds,
                                  failure.seeds == 1 ? "seed" : "seeds", failure.first_seed,
                                  time_text(failure.time_ns), failure.message);
    if (!failure.capsule.empty()) out += fmt::format("    capsule   {}\n", failure.capsule);
    if (!failure.is_new()) out += fmt::format("    known     {}\n", failure.known);
    return out;
}

}  // namespace

void CampaignSummary::add(const SeedRecord& record) {
    ++seeds;
    records += record.records;
    coverage.add(record.seed, record.coverage);
    scenarios.insert(record.scenario);
    behaviours.insert(record.behaviour);
    if (!record.recovery.empty()) ++recoveries[record.recovery];
    if (record.failure.empty()) {
        ++clean;
        return;
    }
    FailureClass& failure = failures[record.failure];
    if (++failure.seeds > 1 && failure.first_seed < record.seed) return;
    failure.first_seed = record.seed;
    failure.message = record.message;
    failure.time_ns = record.time_ns;
}

Exit exit_of(const CampaignSummary& summary, bool new_only) {
    Exit exit = Exit::ok;
    for (const auto& [name, failure] : summary.failures) {
        if (new_only && !failure.is_new()) continue;
        const bool is_ours = name.starts_with("internal_error@");
        const bool is_liveness = name.starts_with("liveness@");
        exit = worse(exit, is_ours       ? Exit::internal_error
                           : is_liveness ? Exit::unmet
                                         : Exit::violated);
    }
    return exit;
}

CampaignSummary summary_of(const SeedRecords& records) {
    CampaignSummary summary;
    for (const auto& [key, record] : records) summary.add(record);
    return summary;
}

std::string campaign_text(const CampaignSummary& summary) {
    std::string out = fmt::format("{} seeds, {} clean, {} failed, {} records\n", summary.seeds,
                                  summary.clean, summary.seeds - summary.clean, summary.records);
    std::string recovery;
    for (const auto& [name, count] : summary.recoveries) {
        recovery += fmt::format("{}{} {}", recovery.empty() ? "" : ", ", count, name);
    }
    if (!recovery.empty()) out += fmt::format("recovery after the last fault: {}\n", recovery);
    out += coverage_text(summary);
    if (summary.failures.empty()) return out;
    out +=
        fmt::format("{} of failures:\n", summary.failures.size() == 1
                                             ? "1 class"
                                             : fmt::format("{} classes", summary.failures.size()));
    for (const auto& [name, failure] : summary.failures) out += failure_text(name, failure);
    return out;
}

std::string campaign_json(const CampaignSummary& summary) {
    Json failures = Json::array();
    for (const auto& [name, failure] : summary.failures) {
        failures.push_back({{"class", name},
                            {"seeds", failure.seeds},
                            {"first_seed", failure.first_seed},
                            {"message", failure.message},
                            {"time_ns", failure.time_ns},
                            {"capsule", failure.capsule},
                            {"known", failure.known}});
    }
    const Json json = {{"format", SeedRecord::format},   {"seeds", summary.seeds},
                       {"clean", summary.clean},         {"records", summary.records},
                       {"recovery", summary.recoveries}, {"failures", failures}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<JUnitCase> junit_cases(const CampaignSummary& summary) {
    std::vector<JUnitCase> cases = {{.name = fmt::format("{} seeds clean", summary.clean)}};
    for (const auto& [name, failure] : summary.failures) {
        JUnitCase one{.name = name, .skipped = failure.known};
        if (failure.is_new()) {
            one.failure = fmt::format("{} seeds, first seed {}: {} {}", failure.seeds,
                                      failure.first_seed, failure.message, failure.capsule);
        }
        cases.push_back(std::move(one));
    }
    return cases;
}

std::string github_lines(const std::string& file, const CampaignSummary& summary) {
    std::string out;
    for (const auto& [name, failure] : summary.failures) {
        out += fmt::format("::{} file={},title={}::{}\n", failure.is_new() ? "error" : "notice",
                           command_text(file, true), command_text(name, true),
                           command_text(fmt::format("seed {}: {} {}", failure.first_seed,
                                                    failure.message, failure.capsule)));
    }
    return out;
}

}  // namespace cli
