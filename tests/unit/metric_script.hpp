#pragma once

#include "analysis/metric/summarizer.hpp"
#include "protocol/types/ids.hpp"
#include "protocol/types/time.hpp"
#include "sim/trace/record.hpp"

#include <cstdint>
#include <vector>

namespace analysis {

constexpr zab::NodeId n1{1};
constexpr zab::NodeId n2{2};
constexpr zab::NodeId n3{3};

constexpr zab::Instant at_ms(std::int64_t ms) { return {ms * 1'000'000}; }
constexpr zab::Duration ms(std::int64_t n) { return zab::milliseconds(n); }

/// Feeds records, made by hand and in the order of their times, to a Summarizer: of three voters
/// unless told otherwise.
class RunScript {
  public:
    using Kind = trace::Kind;
    using Operation = trace::Operation;
    using Outcome = trace::Outcome;

    explicit RunScript(zab::Instant warm_up = {})
        : summarizer_({.warm_up = warm_up, .voters = {n1, n2, n3}}) {}
    explicit RunScript(const Summarizer::Options& options) : summarizer_(options) {}

    RunScript& at(std::int64_t time_ms) {
        now_ = at_ms(time_ms);
        return *this;
    }

    RunScript& record(trace::Record::Fields fields) {
        fields.time = now_;
        summarizer_.observe(trace::Record(fields), id_++);
        return *this;
    }

    RunScript& simple(Kind kind, zab::NodeId node) { return record({.kind = kind, .node = node}); }

    RunScript& elected(zab::NodeId node, zab::NodeId leader) {
        return record({.kind = Kind::elected, .node = node, .peer = leader.value});
    }

    RunScript& established(zab::NodeId leader, std::uint32_t epoch) {
        return record({.kind = Kind::established, .node = leader, .c = epoch});
    }

    RunScript& serving(zab::NodeId node, zab::NodeId leader, std::uint32_t epoch) {
        return record({.kind = Kind::serving, .node = node, .peer = leader.value, .c = epoch});
    }

    RunScript& fault(std::uint16_t kind) { return record({.kind = Kind::fault, .detail = kind}); }

    RunScript& invoke(std::uint64_t client, zab::Cxid cxid, Operation operation = Operation::set) {
        return ending(Kind::invoke, client, cxid, operation, Outcome::ok);
    }
    RunScript& complete(std::uint64_t client, zab::Cxid cxid, Operation operation = Operation::set,
                        Outcome outcome = Outcome::ok) {
        return ending(Kind::complete, client, cxid, operation, outcome);
    }
    RunScript& fail(std::uint64_t client, zab::Cxid cxid, Operation operation = Operation::set,
                    Outcome outcome = Outcome::connection_loss) {
        return ending(Kind::fail, client, cxid, operation, outcome);
    }

    /// Server 3 leads servers 1 and 2 in epoch 1 from 100 ms on.
    RunScript& established_ensemble() {
        at(0);
        for (const zab::NodeId node : {n1, n2, n3}) simple(Kind::looking, node);
        at(50);
        for (const zab::NodeId node : {n1, n2, n3}) elected(node, n3);
        at(80).simple(Kind::leading, n3);
        at(100).established(n3, 1).serving(n3, n3, 1);
        return *this;
    }

    /// Client 0 writes in a closed loop: each write takes 2 ms, from `from_ms` until `to_ms`.
    RunScript& steady_writes(std::int64_t from_ms, std::int64_t to_ms) {
        for (std::int64_t t = from_ms; t < to_ms; t += 2) {
            at(t).invoke(0, next_cxid_);
            at(t + 2).complete(0, next_cxid_++);
        }
        return *this;
    }

    zab::Cxid next_cxid() { return next_cxid_++; }
    Summary finish(std::int64_t end_ms) const { return summarizer_.finish(at_ms(end_ms)); }
    Summarizer& summarizer() { return summarizer_; }

  private:
    RunScript& ending(Kind kind, std::uint64_t client, zab::Cxid cxid, Operation operation,
                      Outcome outcome) {
        return record({.kind = kind,
                       .node = n1,
                       .detail = trace::operation_detail(operation, outcome),
                       .b = client,
                       .c = cxid});
    }

    Summarizer summarizer_;
    zab::Instant now_;
    trace::RecordId id_ = 0;
    zab::Cxid next_cxid_ = 1;
};

}  // namespace analysis
