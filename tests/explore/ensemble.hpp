#pragma once

#include "analysis/check/checker_set.hpp"
#include "sim/search/explore.hpp"

#include <cstddef>
#include <optional>
#include <string>

/// How the tests explore: the checkers as the observer, and where the search begins.
namespace explore {

/// The checkers that every run has, as what judges an exploration.
class Judge {
  public:
    Judge();

    void observe(const trace::Record& record, trace::RecordId id) { set_.observe(record, id); }
    trace::KindSet kinds() const { return set_.kinds(); }
    std::uint64_t fingerprint() const { return set_.fingerprint(); }
    std::optional<std::string> complaint() const;

  private:
    analysis::CheckerSet set_;
};

/// An ensemble, and the judge that has seen it come about.
struct Start {
    sim::SmallWorld world;
    Judge judge;
    std::size_t steps = 0;  ///< Taken until then.
};

/// Three servers booted on empty disks; always the first choice is taken, until server 3 leads and
/// the others follow and nothing more happens.
Start established(const sim::Defects& defects, const Judge& judge);
/// The same, once a client of `server` has asked for a session; from here on `bounds` holds.
Start with_transaction(const sim::Bounds& bounds, const sim::Defects& defects, const Judge& judge,
                       std::size_t server);

}  // namespace explore
