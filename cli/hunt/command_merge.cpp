#include "cli/commands.hpp"
#include "cli/hunt/campaign.hpp"
#include "cli/hunt/coverage_report.hpp"
#include "cli/output.hpp"

#include <filesystem>

namespace cli {

/// Folders of shards, or result files: the order and number of them change nothing.
Exit merge_command(const Arguments& arguments, const Environment& environment) {
    if (const Exit exit = refuse_overwriting(arguments, environment); exit != Exit::ok) return exit;
    Results results(environment, arguments.json, false);
    if (results.failure()) {
        environment.talk << *results.failure() << '\n';
        return Exit::not_written;
    }
    CoverageFile coverage(environment, arguments.coverage);
    if (!coverage.is_open()) return Exit::not_written;
    SeedRecords records;
    bool has_mistakes = false;
    for (const std::string& path : arguments.files) {
        std::error_code error;  // What cannot be looked at cannot be read either, which is told.
        const bool is_folder = std::filesystem::is_directory(path, error);
        const trace::Failure failure =
            ResultLog::read(is_folder ? path + "/" + results_file : path, records);
        if (failure) environment.talk << *failure << '\n';
        has_mistakes = has_mistakes || failure.has_value();
    }
    if (has_mistakes) return Exit::bad_input;
    const CampaignSummary summary = summary_of(records);
    if (results.wants_json()) results.add_json(campaign_json(summary));
    if (results.shows_text()) environment.out << campaign_text(summary);
    return worse(exit_of(summary, false), worse(coverage.write(summary), results.finish()));
}

}  // namespace cli
