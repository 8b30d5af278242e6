#pragma once

#include "analysis/check/ghost.hpp"
#include "sim/trace/record.hpp"
#include "sim/trace/record_table.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace analysis {

/// A guarantee that is checked.
struct Property {
    std::string_view name;
    std::string_view statement;
    /// The least detailed trace from which it can be judged.
    trace::Level level{};
};

/// A guarantee that did not hold.
struct Violation {
    std::string property;
    trace::RecordId record = 0;  ///< The record that broke it.
    zab::Instant time;
    zab::NodeId node;
    std::string explanation;
    std::vector<trace::RecordId>
        witness;  ///< What to look at, in order, with `record`; at most 10.
};

/// The violations of a run: all are counted, the first few of each property are kept, because a
/// broken run tends to break the same property at every record that follows.
class Findings {
  public:
    static constexpr std::uint64_t kept_per_property = 5;

    /// Counts a violation; true if it is to be kept, and hence to be explained.
    bool count(const Property& property);
    void keep(Violation violation) { kept_.push_back(std::move(violation)); }

    std::uint64_t total() const { return total_; }
    std::uint64_t total_of(std::string_view property) const;
    const std::vector<Violation>& kept() const { return kept_; }

  private:
    struct Count {
        std::string_view property;
        std::uint64_t violations;
    };

    std::uint64_t total_ = 0;
    std::vector<Count> counts_;
    std::vector<Violation> kept_;
};

/// One record on its way through the checkers.
struct Step {
    const trace::Record& record;
    trace::RecordId id;
    const Ghost& ghost;        ///< As it was before the record.
    const Position& position;  ///< Of the history that the record names, if its kind names one.
    Findings& findings;

    const ServerState& server() const { return ghost.server(record.node()); }

    /// Reports a violation. `explain` returns the text; it is called only if the text is kept.
    template <typename Explain>
    void report(const Property& property, std::initializer_list<trace::RecordId> witness,
                Explain explain) const {
        if (findings.count(property)) findings.keep(violation(property, witness, explain()));
    }

  private:
    Violation violation(const Property& property, std::initializer_list<trace::RecordId> witness,
                        std::string explanation) const;
};

/// Watches a run for one property or a tight family of them: constant work per record, on average.
/// A value behind a pointer: a clone goes on independently.
class Checker {
  public:
    virtual ~Checker() = default;

    virtual std::span<const Property> properties() const = 0;
    /// The kinds it wants to see; it sees no others.
    virtual trace::KindSet kinds() const = 0;
    virtual void observe(const Step& step) = 0;
    /// Equal for checkers that will judge every continuation alike. What a checker reads from the
    /// ghost is not part of it: the set adds the ghost's once.
    virtual std::uint64_t fingerprint() const = 0;
    virtual std::unique_ptr<Checker> clone() const = 0;

  protected:
    Checker() = default;
    Checker(const Checker&) = default;
    Checker& operator=(const Checker&) = default;
};

using trace::kind_set;

/// Far above what a scenario may declare; a trace file can say anything. ClientOrder reports more.
inline constexpr std::uint64_t most_clients = 1 << 22;

/// How explanations write a transaction or a history.
std::string text(zab::Zxid zxid);
std::string text(const Position& position);

}  // namespace analysis
