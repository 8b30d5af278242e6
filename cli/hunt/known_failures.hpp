#pragma once

#include "cli/hunt/campaign.hpp"

#include <string>
#include <vector>

namespace cli {

/// Failures that a project knows of, each until a day: then it counts as new again.
///
///     { "format": 1, "known": [ { "class": "…", "until": "2027-01-31", "why": "…" } ] }
struct KnownFailures {
    struct One {
        std::string failure;  ///< Its class.
        std::string until;    ///< The last day on which it is known: YYYY-MM-DD.
        std::string why;
    };
    std::vector<One> known;

    /// Marks what is known on the day `today`.
    void mark(CampaignSummary& summary, const std::string& today) const;
};

/// Reads such a file; every mistake in it goes to `mistakes`, with line and column.
KnownFailures load_known_failures(const std::string& path, std::vector<std::string>& mistakes);

/// The day of now, in universal time, as YYYY-MM-DD.
std::string today();

}  // namespace cli
