#include "analysis/report/json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <optional>

namespace analysis {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t ns_per_1000_s = 1'000'000'000'000;

std::string hex(std::uint64_t value) { return fmt::format("0x{:016x}", value); }

template <class T>
Json ns_or_null(std::optional<T> time) {
    return time ? Json(time->ns) : Json(nullptr);
}

Json integer_or_null(std::optional<std::int64_t> value) {
    return value ? Json(*value) : Json(nullptr);
}

Json histogram(const Histogram& latency) {
    Json out;
    const Histogram::Sparse sparse = latency.sparse();
    out["count"] = sparse.count;
    out["min_ns"] = ns_or_null(latency.min());
    out["mean_ns"] = ns_or_null(latency.mean());
    out["p50_ns"] = ns_or_null(latency.quantile(p50));
    out["p90_ns"] = ns_or_null(latency.quantile(p90));
    out["p99_ns"] = ns_or_null(latency.quantile(p99));
    out["p99_9_ns"] = ns_or_null(latency.quantile(p99_9));
    out["max_ns"] = ns_or_null(latency.max());
    out["precision"] = sparse.precision;
    out["sum_ns"] = sparse.sum_ns;
    out["buckets"] = Json::array();
    for (const Histogram::Bucket& bucket : sparse.buckets) {
        out["buckets"].push_back(Json::array({bucket.index, bucket.count}));
    }
    return out;
}

Json operation(const OperationSummary& operations) {
    Json out;
    out["ok"] = operations.ok;
    out["failed"] = Json::object();
    for (std::size_t i = 0; i < outcome_count; ++i) {
        const auto outcome = static_cast<trace::Outcome>(i);
        if (outcome == trace::Outcome::ok && operations.failed[i] == 0) continue;
        const auto name = outcome == trace::Outcome::ok ? "given_up" : name_of(outcome);
        out["failed"][std::string(name)] = operations.failed[i];
    }
    out["unfinished"] = operations.unfinished;
    out["latency"] = histogram(operations.latency);
    return out;
}

Json scenario(const RunInfo& info) {
    Json out;
    out["name"] = info.scenario;
    out["why"] = info.why;
    out["seed"] = hex(info.seed);
    out["protocol"] = info.protocol;
    out["release"] = info.release;
    out["voters"] = info.voters;
    out["observers"] = info.observers;
    out["clients"] = info.clients;
    return out;
}

Json leaders(const Summary& summary) {
    Json out = Json::array();
    for (const Reign& reign : summary.reigns) {
        Json entry;
        entry["epoch"] = reign.epoch.value;
        entry["leader"] = reign.leader.value;
        entry["established_ns"] = reign.established.ns;
        entry["serving_ns"] = ns_or_null(reign.serving);
        entry["until_ns"] = ns_or_null(reign.until);
        entry["ended_by"] = name_of(reign.end);
        out.push_back(std::move(entry));
    }
    return out;
}

Json outages(const Summary& summary) {
    Json out = Json::array();
    for (const Outage& outage : summary.outages) {
        Json entry;
        entry["from_ns"] = outage.from.ns;
        entry["until_ns"] = outage.until.ns;
        entry["length_ns"] = outage.length().ns;
        entry["open"] = outage.open;
        entry["cause"] = name_of(outage.trouble);
        entry["node"] = outage.node.value;
        entry["new_leader"] = outage.new_leader ? Json(outage.new_leader->value) : Json(nullptr);
        entry["detection_ns"] = outage.parts.detection.ns;
        entry["election_ns"] = outage.parts.election.ns;
        entry["discovery_ns"] = outage.parts.discovery.ns;
        entry["synchronization_ns"] = outage.parts.synchronization.ns;
        entry["reconnection_ns"] = outage.parts.reconnection.ns;
        entry["stall_ns"] = outage.parts.stall.ns;
        out.push_back(std::move(entry));
    }
    return out;
}

Json operations(const Summary& summary) {
    Json out;
    out["write"] = operation(summary.writes());
    out["read"] = operation(summary.reads());
    for (std::size_t i = 0; i < operation_count; ++i) {
        const auto name = name_of(static_cast<trace::Operation>(i));
        out[std::string(name)] = operation(summary.operations[i]);
    }
    return out;
}

Json resources(const Summary& summary) {
    Json out = Json::array();
    for (const ResourceUse& use : summary.resources) {
        Json entry;
        entry["node"] = use.node.value;
        entry["resource"] = name_of(use.resource);
        entry["number"] = use.number;
        entry["busy_ns"] = use.busy_ns;
        entry["span_ns"] = use.span_ns;
        entry["uses"] = use.uses;
        out.push_back(std::move(entry));
    }
    return out;
}

Json watches(const WatchSummary& summary) {
    Json out;
    out["notification_delay"] = histogram(summary.notifications);
    out["notifications_untimed"] = summary.untimed;
    return out;
}

Json textbook(const TextbookSummary& summary) {
    Json out;
    out["election_time"] = histogram(summary.elections);
    out["commands_sent"] = summary.commands_sent;
    out["commands_agreed"] = summary.commands_agreed;
    out["commands_taken"] = summary.commands_taken;
    out["commands_ignored"] = summary.commands_ignored;
    out["votes_per_1000_commands"] = integer_or_null(
        ratio(summary.votes_counted, 1000, static_cast<std::int64_t>(summary.commands_agreed)));
    out["votes_taken"] = summary.votes_taken;
    out["votes_ignored"] = summary.votes_ignored;
    out["notification_delay"] = histogram(summary.notifications);
    out["notifications_ignored"] = summary.notifications_ignored;
    out["notifications_untimed"] = summary.notifications_untimed;
    return out;
}

Json verdict(const Verdict& verdict) {
    Json out;
    out["properties_checked"] = verdict.properties_checked;
    out["safety_violations"] = verdict.safety_violations;
    out["liveness_violations"] = verdict.liveness_violations;
    out["violated"] = Json::object();
    for (const auto& [property, count] : verdict.violated) out["violated"][property] = count;
    out["messages"] = verdict.messages;
    out["not_checked"] = verdict.not_checked;
    return out;
}

Json expectations(const std::vector<ExpectationResult>& results) {
    Json out = Json::array();
    for (const ExpectationResult& result : results) {
        Json entry;
        entry["metric"] = result.expectation.metric;
        entry["expected"] = result.expectation.text;
        entry["met"] = result.is_met;
        entry["measured"] = result.measured;
        out.push_back(std::move(entry));
    }
    return out;
}

/// The unit is in the key: "mean_ns", "mean_per_1000_s", "mean_thousandths".
std::string_view suffix(MetricUnit unit) {
    switch (unit) {
        case MetricUnit::time: return "_ns";
        case MetricUnit::rate: return "_per_1000_s";
        case MetricUnit::count: return "_thousandths";
    }
    return "";
}

Json seed_values(const SeedResult& run) {
    Json out;
    std::size_t place = 0;
    for (const Metric& metric : metrics()) {
        const auto value = run.values[place++];
        if (!value) continue;
        out[fmt::format("{}{}", metric.name, suffix(metric.unit))] = *value;
    }
    return out.is_null() ? Json::object() : out;
}

Json estimate_entry(const SeedEstimate& row) {
    const auto key = [&row](std::string_view name) {
        return fmt::format("{}{}", name, suffix(row.metric->unit));
    };
    const auto rounded = [](std::optional<double> value) {
        return value ? Json(std::llround(*value)) : Json(nullptr);
    };
    Json out;
    out["metric"] = row.metric->name;
    out["seeds"] = row.estimate.runs;
    out[key("mean")] = rounded(row.estimate.mean);
    out[key("half_width_95")] = rounded(row.estimate.half_width);
    out[key("median")] = rounded(row.estimate.median);
    out[key("least")] = rounded(row.estimate.min);
    out[key("greatest")] = rounded(row.estimate.max);
    return out;
}

/// Texts come from files: what is not UTF-8 is replaced, so that a report is always written.
std::string dumped(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string run_json(const RunResult& run) {
    const Summary& summary = run.summary;
    Json out;
    out["format"] = results_format;
    out["kind"] = "run";
    out["engine"] = run.info.engine;
    out["scenario"] = scenario(run.info);
    out["simulated_ns"] = summary.end.ns;
    out["warm_up_ns"] = summary.warm_up.ns;
    out["real_ns"] = integer_or_null(run.info.real_ns);
    out["records"] = run.info.records;
    out["leaders"] = leaders(summary);
    out["elections"] = summary.elections;
    out["writes_per_1000_s"] =
        integer_or_null(ratio(summary.writes().ok, ns_per_1000_s, summary.span().ns));
    out["reads_per_1000_s"] =
        integer_or_null(ratio(summary.reads().ok, ns_per_1000_s, summary.span().ns));
    out["operations"] = operations(summary);
    out["untracked_operations"] = summary.untracked;
    out["outage_threshold_ns"] = ns_or_null(summary.outage_threshold);
    out["outages"] = outages(summary);
    out["messages"] = summary.messages;
    out["commits"] = summary.commits;
    out["messages_per_1000_commits"] =
        integer_or_null(ratio(summary.messages, 1000, static_cast<std::int64_t>(summary.commits)));
    out["resources"] = resources(summary);
    if (summary.watches.is_used()) out["watches"] = watches(summary.watches);
    if (summary.textbook.is_used()) out["textbook"] = textbook(summary.textbook);
    out["verdict"] = verdict(run.verdict);
    out["expectations"] = expectations(run.expectations);
    out["trace_hash"] = hex(run.info.trace_hash);
    out["reproduce"] = run.info.reproduce;
    return dumped(out);
}

std::string seeds_json(const SeedsResult& seeds) {
    Json out;
    out["format"] = results_format;
    out["kind"] = "seeds";
    out["engine"] = seeds.engine;
    out["scenario"] = {{"name", seeds.scenario},
                       {"why", seeds.why},
                       {"protocol", seeds.protocol},
                       {"release", seeds.release}};
    out["real_ns"] = integer_or_null(seeds.real_ns);
    out["properties_checked"] = seeds.properties_checked;
    out["estimates"] = Json::array();
    for (const SeedEstimate& row : estimates(seeds.runs)) {
        out["estimates"].push_back(estimate_entry(row));
    }
    out["runs"] = Json::array();
    for (const SeedResult& run : seeds.runs) {
        Json entry;
        entry["seed"] = hex(run.seed);
        entry["trace_hash"] = hex(run.trace_hash);
        entry["holds"] = run.holds;
        entry["unmet"] = run.unmet;
        entry["values"] = seed_values(run);
        out["runs"].push_back(std::move(entry));
    }
    out["reproduce"] = seeds.reproduce;
    return dumped(out);
}

}  // namespace analysis
