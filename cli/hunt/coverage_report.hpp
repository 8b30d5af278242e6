#pragma once

#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "cli/hunt/campaign.hpp"
#include "sim/trace/byte_sink.hpp"

#include <memory>
#include <optional>
#include <string>

namespace cli {

/// For people: how much was reached, and the first of what was not. Empty: no result tells.
std::string coverage_text(const CampaignSummary& summary);
/// For machines: every item, and for each the seeds that reached it and the lowest of them.
std::string coverage_json(const CampaignSummary& summary);

/// The file of --coverage. It is opened at once, so that a campaign is not in vain, and appears
/// complete or not at all.
class CoverageFile {
  public:
    CoverageFile(const Environment& environment, const std::optional<std::string>& path);

    /// Whether it can be written; if not, that has been told.
    bool is_open() const { return is_open_; }
    Exit write(const CampaignSummary& summary);

  private:
    bool tell(const trace::Failure& failure) const;

    const Environment& environment_;
    std::unique_ptr<trace::ByteSink> sink_;
    bool is_open_;
};

}  // namespace cli
