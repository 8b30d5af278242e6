#pragma once

#include "analysis/check/checker.hpp"
#include "analysis/check/ensemble.hpp"
#include "analysis/check/ghost.hpp"
#include "sim/trace/record.hpp"
#include "sim/trace/record_table.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace analysis {

/// Every property of a protocol that the checkers know, whatever a given trace can answer.
std::vector<Property> all_properties(Protocol protocol = Protocol::zab);

/// The level that a trace needs for all properties, or for ZooKeeper's one of this name (unknown
/// name: nothing).
trace::Level level_needed(Protocol protocol = Protocol::zab);
std::optional<trace::Level> level_needed(std::string_view property);

/// Checks one run, record by record, while it happens or from a file: the verdict is the same.
/// A value: a copy goes on independently of the original.
///
/// Requires: records in the order of their ids, from the run's first on, all of those that
/// `level` shows.
class CheckerSet final : public trace::Sink {
  public:
    /// Checks what a trace of `level` can answer; a live run shows all.
    explicit CheckerSet(const Ensemble& ensemble, trace::Level level = trace::Level::all);
    CheckerSet(const CheckerSet& other);
    CheckerSet(CheckerSet&&) = default;
    CheckerSet& operator=(const CheckerSet& other);
    CheckerSet& operator=(CheckerSet&&) = default;
    ~CheckerSet() = default;

    void observe(const trace::Record& record, trace::RecordId id) override {
        if ((kinds_ & trace::kind_bit(record.kind())) != 0) check(record, id);
    }

    /// The kinds it needs to see; others may be kept from it.
    trace::KindSet kinds() const { return kinds_; }

    bool is_clean() const { return findings_.total() == 0; }
    std::uint64_t violation_count() const { return findings_.total(); }
    std::uint64_t violation_count(std::string_view property) const {
        return findings_.total_of(property);
    }
    /// The first few of each property, in the order found.
    const std::vector<Violation>& violations() const { return findings_.kept(); }

    /// What was checked; a verdict must not be printed for anything else.
    std::vector<Property> properties_checked() const;
    /// What the level could not answer.
    std::vector<Property> properties_left_out() const;

    /// Whether any record said something that a property speaks of. Of an empty run no property
    /// holds: it was not put to the test.
    bool has_judged() const;

    /// Equal for sets that will judge every continuation alike. Record ids and times are not in it.
    std::uint64_t fingerprint() const;

  private:
    void check(const trace::Record& record, trace::RecordId id);
    void subscribe();

    trace::Level level_;
    Ghost ghost_;
    Findings findings_;
    std::vector<std::unique_ptr<Checker>> checkers_;
    trace::KindSet kinds_ = 0;
    /// The checkers of each kind, one after the other: those of kind k are subscribers_[i] for i
    /// from first_[k] to first_[k + 1].
    std::vector<Checker*> subscribers_;
    std::array<std::uint16_t, trace::kind_count + 1> first_{};
};

}  // namespace analysis
