#include "analysis/metric/cost_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

namespace analysis {

namespace {

__extension__ using Wide = __int128;  // A file's costs may be anything; their sum must not wrap.

constexpr std::size_t first_size = 1024;

}  // namespace

CostCheck::CostCheck(std::size_t limit) : limit_(std::bit_ceil(std::max(limit, first_size))) {}

void CostCheck::observe(const trace::Record& record, trace::RecordId id) {
    ++seen_;
    check(record, id);
    remember(record, id);
}

void CostCheck::check(const trace::Record& record, trace::RecordId id) {
    if (record.held_back() > id) return report(record, id, "held_by lies before the first record");
    if (record.cause_back() == 0) return;
    if (record.cause_back() > id)
        return report(record, id, "its cause lies before the first record");
    if (record.wait_ns() < 0 || record.other_ns() < 0) {
        return report(record, id, "a cost is negative");
    }
    if (record.cost() == trace::Cost::none && record.other_ns() != 0) {
        return report(record, id, "a cost is of no kind");
    }
    const std::optional<zab::Instant> caused = time_of(id - record.cause_back());
    if (!caused) {
        ++unchecked_;
        return;
    }
    ++checked_;
    const Wide costs = Wide{record.wait_ns()} + record.service_ns() + record.other_ns();
    const Wide passed = Wide{record.time().ns} - caused->ns;
    if (costs == passed) return;
    report(record, id,
           fmt::format("record {} at {} ns was caused by record {} at {} ns, but its costs are "
                       "wait {} + service {} + other {} ns",
                       id, record.time().ns, id - record.cause_back(), caused->ns, record.wait_ns(),
                       record.service_ns(), record.other_ns()));
}

void CostCheck::remember(const trace::Record& record, trace::RecordId id) {
    // An id beyond the ring's end would overwrite an older time: make room while that is allowed.
    // Ids come in a row; a file that leaves many out wraps sooner, which costs reach, not truth.
    if (seen_ > ring_.size() && ring_.size() < limit_) {
        std::vector<Entry> larger(ring_.empty() ? first_size : ring_.size() * 2);
        for (const Entry& entry : ring_) {
            if (entry.next_id != 0) larger[(entry.next_id - 1) & (larger.size() - 1)] = entry;
        }
        ring_ = std::move(larger);
    }
    ring_[id & (ring_.size() - 1)] = {.next_id = id + 1, .time = record.time()};
}

std::optional<zab::Instant> CostCheck::time_of(trace::RecordId id) const {
    if (ring_.empty()) return std::nullopt;
    const Entry& entry = ring_[id & (ring_.size() - 1)];
    if (entry.next_id != id + 1) return std::nullopt;
    return entry.time;
}

void CostCheck::report(const trace::Record& record, trace::RecordId id, std::string reason) {
    ++offences_;
    if (!first_offence_) first_offence_ = Offence{id, record, std::move(reason)};
}

}  // namespace analysis
