#pragma once

#include "analysis/metric/demand.hpp"
#include "analysis/metric/ensemble_view.hpp"
#include "analysis/metric/outage_watch.hpp"
#include "analysis/metric/pending_operations.hpp"
#include "analysis/metric/summary.hpp"
#include "analysis/metric/textbook_view.hpp"
#include "analysis/metric/watch_view.hpp"
#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"
#include "sim/trace/record.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace analysis {

/// Measures a run from its records, each in constant time and, once warm, without allocating. A
/// value: a copy of it goes on with a copy of the world.
class Summarizer final : public trace::Sink {
  public:
    static constexpr trace::KindSet operation_kinds = trace::kind_bit(trace::Kind::invoke) |
                                                      trace::kind_bit(trace::Kind::complete) |
                                                      trace::kind_bit(trace::Kind::fail);
    /// What it wants to see. At level `messages` and above all of it is in a file; below, messages
    /// (and commits, at `operations`) are missing and the summary shows none.
    static constexpr trace::KindSet kinds = operation_kinds | EnsembleView::kinds |
                                            TextbookView::kinds | WatchView::kinds | Demand::kinds |
                                            trace::kind_bit(trace::Kind::receive) |
                                            trace::kind_bit(trace::Kind::resource);

    struct Options {
        zab::Instant warm_up;
        std::vector<zab::NodeId> voters;
        zab::QuorumGroups groups = {};          ///< None: any majority decides.
        std::vector<ClientWants> clients = {};  ///< None: they want what the trace shows.
    };
    explicit Summarizer(const Options& options);

    void observe(const trace::Record& record, trace::RecordId id) override;

    /// The summary of what was seen so far, as of `end`; more records may follow.
    Summary finish(zab::Instant end) const;

  private:
    bool is_warm(const trace::Record& record) const { return record.time() >= warm_up_; }
    void observe_operation(const trace::Record& record);
    void invoked(const trace::Record& record);
    void ended(const trace::Record& record);
    void observe_ensemble(const trace::Record& record);
    void count_message(const trace::Record& record);
    void note_resource(const trace::Record& record);

    zab::Instant warm_up_;
    zab::Instant last_;  ///< Of the latest record.
    EnsembleView ensemble_;
    OutageWatch outages_;
    Demand demand_;
    TextbookView textbook_;
    WatchView watches_;
    PendingOperations pending_;
    std::array<OperationSummary, operation_count> operations_;
    std::uint64_t elections_ = 0;
    std::uint64_t messages_ = 0;
    std::uint64_t commits_ = 0;
    std::uint64_t untracked_ = 0;
    std::vector<ResourceUse> resources_;
};

}  // namespace analysis
