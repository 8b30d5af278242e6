#include "analysis/metric/summary.hpp"

#include <algorithm>
#include <limits>

namespace analysis {

namespace {

__extension__ using Wide = unsigned __int128;

}  // namespace

std::uint64_t OperationSummary::failed_in_total() const {
    std::uint64_t total = 0;
    for (const std::uint64_t count : failed) total += count;
    return total;
}

void OperationSummary::merge(const OperationSummary& other) {
    latency.merge(other.latency);
    ok += other.ok;
    for (std::size_t i = 0; i < failed.size(); ++i) failed[i] += other.failed[i];
    unfinished += other.unfinished;
}

zab::Duration OutageParts::sum() const {
    return detection + election + discovery + synchronization + reconnection + stall;
}

std::int64_t ResourceUse::per_mille() const {
    if (busy_ns <= 0) return 0;
    return ratio(static_cast<std::uint64_t>(busy_ns), 1000, span_ns).value_or(0);
}

const OperationSummary& Summary::of(trace::Operation operation) const {
    return operations[static_cast<std::size_t>(operation)];
}

OperationSummary Summary::writes() const {
    OperationSummary both = of(trace::Operation::create);
    both.merge(of(trace::Operation::set));
    return both;
}

OperationSummary Summary::reads() const {
    OperationSummary both = of(trace::Operation::get);
    both.merge(of(trace::Operation::watch));
    return both;
}

std::optional<std::int64_t> ratio(std::uint64_t amount, std::uint64_t factor,
                                  std::int64_t divisor) {
    if (divisor <= 0) return std::nullopt;
    const Wide quotient = Wide{amount} * factor / static_cast<Wide>(divisor);
    const std::int64_t most = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::min(quotient, static_cast<Wide>(most)));
}

}  // namespace analysis
