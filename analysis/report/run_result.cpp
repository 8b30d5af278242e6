#include "analysis/report/run_result.hpp"

#include "protocol/types/ensure.hpp"
#include "sim/trace/record_names.hpp"

#include <cstddef>

namespace analysis {

namespace {

std::string_view named(std::span<const std::string_view> names, std::size_t index) {
    return index < names.size() ? names[index] : "unknown";
}

}  // namespace

SeedResult seed_result(const RunResult& run) {
    SeedResult result{.seed = run.info.seed,
                      .trace_hash = run.info.trace_hash,
                      .values = {},
                      .holds = run.verdict.holds(),
                      .unmet = {}};
    for (const Metric& metric : metrics()) {
        result.values.push_back(metric.measure(run.summary).value);
    }
    for (const ExpectationResult& expectation : run.expectations) {
        if (!expectation.is_met) result.unmet.push_back(expectation.expectation.text);
    }
    return result;
}

std::vector<SeedEstimate> estimates(std::span<const SeedResult> runs) {
    std::vector<SeedEstimate> results;
    std::size_t place = 0;
    for (const Metric& metric : metrics()) {
        std::vector<double> samples;
        for (const SeedResult& run : runs) {
            zab::ensure(run.values.size() == metrics().size(), "a run has a value for each metric");
            const auto& value = run.values[place];
            if (value) samples.push_back(static_cast<double>(*value));
        }
        ++place;
        if (const auto found = estimate(samples)) results.push_back({&metric, *found});
    }
    return results;
}

std::string_view name_of(Trouble trouble) {
    switch (trouble) {
        case Trouble::fault: return "fault";
        case Trouble::server_stopped: return "server_stopped";
        case Trouble::server_paused: return "server_paused";
        case Trouble::leader_stopped: return "leader_stopped";
        case Trouble::leader_paused: return "leader_paused";
        case Trouble::leader_looking: return "leader_looking";
        case Trouble::quorum_lost: return "quorum_lost";
    }
    return "unknown";
}

std::string_view name_of(ReignEnd end) {
    switch (end) {
        case ReignEnd::none: return "still_leading";
        case ReignEnd::stopped: return "stopped";
        case ReignEnd::looking: return "looking";
        case ReignEnd::superseded: return "superseded";
    }
    return "unknown";
}

std::string_view name_of_thread(std::uint16_t stage) {
    constexpr std::size_t first_turn = 16;
    const std::string_view turn = named(trace::names::works, first_turn + stage);
    return turn.substr(turn.rfind('_') + 1);
}

std::string_view name_of(trace::Resource resource) {
    return named(trace::names::resources, static_cast<std::size_t>(resource));
}

std::string_view name_of(trace::Operation operation) {
    return named(trace::names::operations, static_cast<std::size_t>(operation));
}

std::string_view name_of(trace::Outcome outcome) {
    return named(trace::names::outcomes, static_cast<std::size_t>(outcome));
}

}  // namespace analysis
