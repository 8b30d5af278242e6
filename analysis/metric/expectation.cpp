#include "analysis/metric/expectation.hpp"

#include "analysis/stats/quantity.hpp"
#include "protocol/types/ensure.hpp"

#include <algorithm>
#include <array>

namespace analysis {

namespace {

using trace::Operation;

constexpr std::int64_t thousandths = 1000;
constexpr std::uint64_t ns_per_second = 1'000'000'000;

Measurement quantile(const OperationSummary& operations, Share share) {
    const auto value = operations.latency.quantile(share);
    if (!value) return {.value = std::nullopt, .why_not = "no such operation succeeded"};
    return {.value = value->ns, .why_not = {}};
}

template <std::uint32_t part, std::uint32_t whole>
Measurement of_writes(const Summary& summary) {
    return quantile(summary.writes(), {part, whole});
}

template <std::uint32_t part, std::uint32_t whole>
Measurement of_reads(const Summary& summary) {
    return quantile(summary.reads(), {part, whole});
}

template <std::uint32_t part, std::uint32_t whole>
Measurement of_notifications(const Summary& summary) {
    const auto value = summary.watches.notifications.quantile({part, whole});
    if (!value) return {.value = std::nullopt, .why_not = "no watcher was told of a commit"};
    return {.value = value->ns, .why_not = {}};
}

template <Operation operation, std::uint32_t part, std::uint32_t whole>
Measurement of(const Summary& summary) {
    return quantile(summary.of(operation), {part, whole});
}

Measurement rate_of(const OperationSummary& operations, const Summary& summary) {
    if (!operations.is_used()) {
        return {.value = std::nullopt, .why_not = "no such operation was attempted"};
    }
    const auto value = ratio(operations.ok, ns_per_second * thousandths, summary.span().ns);
    return {.value = value, .why_not = value ? "" : "the run ended with its warm-up"};
}

Measurement writes_per_second(const Summary& summary) { return rate_of(summary.writes(), summary); }
Measurement reads_per_second(const Summary& summary) { return rate_of(summary.reads(), summary); }

/// Why outages are not measured; nullptr: they are.
const char* unmeasured(const Summary& summary) {
    if (!summary.outages.empty()) return nullptr;
    if (!summary.writes().is_used()) return "no write was attempted";
    return summary.writes().ok == 0 ? "no write was acknowledged" : nullptr;
}

Measurement write_outage(const Summary& summary) {
    if (const char* why = unmeasured(summary)) return {.value = std::nullopt, .why_not = why};
    Measurement longest{.value = 0, .why_not = {}};
    for (const Outage& outage : summary.outages) {
        longest.value = std::max(*longest.value, outage.length().ns);
        if (!outage.open) continue;
        longest.is_final = false;
        longest.why_not = "an outage lasted at the end of the run";
    }
    return longest;
}

Measurement outages(const Summary& summary) {
    if (const char* why = unmeasured(summary)) return {.value = std::nullopt, .why_not = why};
    return {.value = std::ssize(summary.outages) * thousandths, .why_not = {}};
}

Measurement elections(const Summary& summary) {
    return {.value = static_cast<std::int64_t>(summary.elections) * thousandths, .why_not = {}};
}

Measurement messages_per_write(const Summary& summary) {
    if (summary.messages == 0) {
        return {.value = std::nullopt, .why_not = "no message between servers is in the trace"};
    }
    const auto commits = static_cast<std::int64_t>(summary.commits);
    const auto value = ratio(summary.messages, thousandths, commits);
    return {.value = value, .why_not = value ? "" : "no commit is in the trace"};
}

Measurement failed_operations(const Summary& summary) {
    OperationSummary all;
    for (const OperationSummary& operations : summary.operations) all.merge(operations);
    if (!all.is_used()) {
        return {.value = std::nullopt, .why_not = "no operation was attempted"};
    }
    return {.value = static_cast<std::int64_t>(all.failed_in_total()) * thousandths, .why_not = {}};
}

using enum MetricUnit;
using enum Operation;

constexpr std::array<Metric, 27> table = {{
    {"write_outage", time, "the longest time in which no write was acknowledged", write_outage},
    {"write_p50", time, "latency of create and set: median", of_writes<1, 2>},
    {"write_p90", time, "latency of create and set: 90 %", of_writes<9, 10>},
    {"write_p99", time, "latency of create and set: 99 %", of_writes<99, 100>},
    {"write_p999", time, "latency of create and set: 99.9 %", of_writes<999, 1000>},
    {"write_max", time, "latency of create and set: the greatest", of_writes<1, 1>},
    {"read_p50", time, "latency of get and watch: median", of_reads<1, 2>},
    {"read_p90", time, "latency of get and watch: 90 %", of_reads<9, 10>},
    {"read_p99", time, "latency of get and watch: 99 %", of_reads<99, 100>},
    {"read_p999", time, "latency of get and watch: 99.9 %", of_reads<999, 1000>},
    {"read_max", time, "latency of get and watch: the greatest", of_reads<1, 1>},
    {"sync_p50", time, "latency of sync: median", of<sync, 1, 2>},
    {"sync_p90", time, "latency of sync: 90 %", of<sync, 9, 10>},
    {"sync_p99", time, "latency of sync: 99 %", of<sync, 99, 100>},
    {"sync_p999", time, "latency of sync: 99.9 %", of<sync, 999, 1000>},
    {"sync_max", time, "latency of sync: the greatest", of<sync, 1, 1>},
    {"notification_p50", time, "from a commit to a watcher: median", of_notifications<1, 2>},
    {"notification_p90", time, "from a commit to a watcher: 90 %", of_notifications<9, 10>},
    {"notification_p99", time, "from a commit to a watcher: 99 %", of_notifications<99, 100>},
    {"notification_p999", time, "from a commit to a watcher: 99.9 %", of_notifications<999, 1000>},
    {"notification_max", time, "from a commit to a watcher: the greatest", of_notifications<1, 1>},
    {"writes_per_second", rate, "create and set that succeeded", writes_per_second},
    {"reads_per_second", rate, "get and watch that succeeded", reads_per_second},
    {"elections", count, "how often a server was elected", elections},
    {"messages_per_write", count, "messages between servers for each transaction",
     messages_per_write},
    {"failed_operations", count, "operations that ended in an error or were given up",
     failed_operations},
    {"outages", count, "how often no write was acknowledged for long", outages},
}};

constexpr std::array<std::string_view, table.size()> names = [] {
    std::array<std::string_view, table.size()> list;
    for (std::size_t i = 0; i < table.size(); ++i) list[i] = table[i].name;
    return list;
}();

bool holds(std::int64_t value, Relation relation, std::int64_t bound) {
    switch (relation) {
        case Relation::at_most: return value <= bound;
        case Relation::at_least: return value >= bound;
        case Relation::below: return value < bound;
        case Relation::above: return value > bound;
    }
    zab::ensure(false, "a relation is one of the enumeration");
    return false;
}

ExpectationResult judge_one(const Expectation& expectation, const Summary& summary) {
    const Metric* metric = find_metric(expectation.metric);
    zab::ensure(metric != nullptr, "the loader accepts known metrics only");
    const Measurement measured = metric->measure(summary);
    ExpectationResult result{.expectation = expectation, .is_met = false, .measured = {}};
    if (!measured.value) {
        result.measured = std::string(measured.why_not);
        return result;
    }
    result.measured = metric_text(*metric, *measured.value);
    result.is_met = holds(*measured.value, expectation.relation, expectation.bound);
    const bool is_upper =
        expectation.relation == Relation::at_most || expectation.relation == Relation::below;
    if (!measured.is_final) {
        // Its true length is not known, only that it is not less.
        result.measured = "at least " + result.measured + ": " + std::string(measured.why_not);
        if (is_upper) result.is_met = false;
    }
    return result;
}

}  // namespace

std::span<const Metric> metrics() { return table; }
std::span<const std::string_view> expectation_metrics() { return names; }

const Metric* find_metric(std::string_view name) {
    const auto found = std::ranges::find(table, name, &Metric::name);
    return found == table.end() ? nullptr : &*found;
}

std::vector<ExpectationResult> judge(std::span<const Expectation> expectations,
                                     const Summary& summary) {
    std::vector<ExpectationResult> results;
    results.reserve(expectations.size());
    for (const Expectation& expectation : expectations) {
        results.push_back(judge_one(expectation, summary));
    }
    return results;
}

std::string metric_text(const Metric& metric, std::int64_t value) {
    switch (metric.unit) {
        case time: return duration_text({value});
        case rate: return thousandths_text(value) + "/s";
        case count: return thousandths_text(value);
    }
    zab::ensure(false, "a unit is one of the enumeration");
    return {};
}

}  // namespace analysis
