#pragma once

#include "protocol/types/time.hpp"
#include "sim/trace/record.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace analysis {

/// Verifies that costs add up: for every record with a cause,
/// time - time(cause) = wait + service + other. Wants all kinds.
///
/// Invariant: slot (id mod size) of the ring holds the time of the latest record with that residue.
/// The ring doubles as records come, so that every cause is found, and wraps at its limit.
class CostCheck final : public trace::Sink {
  public:
    static constexpr trace::KindSet kinds = trace::all_kinds;

    struct Offence {
        trace::RecordId id = 0;
        trace::Record record;
        std::string reason;
    };

    /// At 16 bytes a record the default reaches back 2^24 records in 256 MiB.
    explicit CostCheck(std::size_t limit = std::size_t{1} << 24);

    void observe(const trace::Record& record, trace::RecordId id) override;

    std::uint64_t seen() const { return seen_; }
    std::uint64_t checked() const { return checked_; }
    /// Records whose cause is not known: it lies further back than the limit, or the file's level
    /// leaves it out. They are neither right nor wrong.
    std::uint64_t unchecked() const { return unchecked_; }
    std::uint64_t offences() const { return offences_; }
    const std::optional<Offence>& first_offence() const { return first_offence_; }

  private:
    struct Entry {
        trace::RecordId next_id = 0;  ///< id + 1; 0: nothing here yet.
        zab::Instant time;
    };

    void check(const trace::Record& record, trace::RecordId id);
    void remember(const trace::Record& record, trace::RecordId id);
    std::optional<zab::Instant> time_of(trace::RecordId id) const;
    void report(const trace::Record& record, trace::RecordId id, std::string reason);

    std::vector<Entry> ring_;
    std::size_t limit_;
    std::uint64_t seen_ = 0;
    std::uint64_t checked_ = 0;
    std::uint64_t unchecked_ = 0;
    std::uint64_t offences_ = 0;
    std::optional<Offence> first_offence_;
};

}  // namespace analysis
