#pragma once

#include "cli/hunt/trial.hpp"
#include "sim/trace/trace_file.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cli {

/// What is kept of one seed of a campaign: one line of JSON.
struct SeedRecord {
    static constexpr std::uint32_t format = 1;

    std::string scenario;  ///< "0x…": the digest of what the worlds are drawn from.
    std::uint32_t behaviour = 0;
    std::uint64_t seed = 0;
    std::string failure;   ///< Its class; empty: clean.
    std::string recovery;  ///< "live", "slow", "lasso", "dead", "excused".
    std::string message;
    std::int64_t time_ns = 0;
    std::uint64_t records = 0;
    std::string hash;
    std::string coverage;  ///< What it reached (see CoverageTable); empty: it does not tell.

    friend bool operator==(const SeedRecord&, const SeedRecord&) = default;
    friend auto operator<=>(const SeedRecord&, const SeedRecord&) = default;
};

SeedRecord seed_record(const std::string& scenario, std::uint64_t seed,
                       const TrialOutcome& outcome);
/// Of a seed at which the process that tried it ended, or hung.
SeedRecord seed_record_of_died(const std::string& scenario, std::uint64_t seed,
                               const std::string& why);
std::string_view name_of(Recovery::Outcome outcome);
std::string to_line(const SeedRecord& record);
/// Nothing: the line is no result of this format; `reason` says why.
std::optional<SeedRecord> from_line(std::string_view line, std::string& reason);

/// What a result is the only one of.
struct SeedKey {
    std::string scenario;
    std::uint32_t behaviour = 0;
    std::uint64_t seed = 0;
    friend auto operator<=>(const SeedKey&, const SeedKey&) = default;
};
using SeedRecords = std::map<SeedKey, SeedRecord>;

/// The file that a campaign appends to. Each line is one write, so that whoever is killed leaves
/// whole lines, but perhaps for the last one, which is then passed over and done again.
class ResultLog {
  public:
    ResultLog(const ResultLog&) = delete;
    ResultLog& operator=(const ResultLog&) = delete;
    explicit ResultLog(const std::string& path);
    ~ResultLog();

    /// Reads what is there into `out`. A message for what cannot be understood.
    static trace::Failure read(const std::string& path, SeedRecords& out);

    const trace::Failure& failure() const { return failure_; }
    void append(const SeedRecord& record);

  private:
    void end_torn_line();

    std::string path_;
    int descriptor_ = -1;
    trace::Failure failure_;
};

/// The digest of a text, as results name the scenario that they are of.
std::string digest_text(std::string_view text);

}  // namespace cli
