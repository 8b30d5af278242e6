#include "cli/judgement.hpp"

#include "analysis/metric/expectation.hpp"
#include "analysis/stats/quantity.hpp"
#include "cli/version.hpp"
#include "sim/world/behaviour.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

namespace {

constexpr std::string_view guarantees = "guarantees";

analysis::Relation relation_of(sim::Expectation::Relation relation) {
    switch (relation) {
        case sim::Expectation::Relation::at_most: return analysis::Relation::at_most;
        case sim::Expectation::Relation::at_least: return analysis::Relation::at_least;
        case sim::Expectation::Relation::below: return analysis::Relation::below;
        case sim::Expectation::Relation::above: return analysis::Relation::above;
    }
    return analysis::Relation::at_most;
}

std::string violation_text(const analysis::Violation& violation) {
    std::string out =
        fmt::format("{}: {} (record {} at {}", violation.property, violation.explanation,
                    violation.record, analysis::seconds_text(violation.time));
    if (violation.node.value != 0) out += fmt::format(", server {}", violation.node.value);
    if (!violation.witness.empty()) {
        out += fmt::format("; see records {}", fmt::join(violation.witness, ", "));
    }
    return out + ")";
}

analysis::ExpectationResult judge_guarantees(const sim::Expectation& expectation,
                                             const analysis::Verdict& verdict) {
    analysis::ExpectationResult result;
    result.expectation = {.metric = expectation.metric,
                          .text = expectation.metric + ": " + expectation.text};
    result.is_met = verdict.holds();
    result.measured =
        verdict.holds()
            ? fmt::format("{} properties held", verdict.properties_checked)
            : fmt::format("{} violations", verdict.safety_violations + verdict.liveness_violations);
    return result;
}

/// What the clients of a group want to be done, once they have a server.
void add_wants(const sim::ClientGroup& group, std::vector<analysis::ClientWants>& out) {
    analysis::ClientWants wants{.count = group.count,
                                .writes = group.create_weight + group.set_weight > 0,
                                .start = zab::Instant{} + group.start};
    if (group.watch) wants.writes = false;
    if (group.leave) {
        wants.leave = zab::Instant{} + group.leave->at;
        wants.leaves_at_once = group.leave->how != sim::Leave::How::close_session;
    }
    const auto* closed = std::get_if<sim::ClosedLoad>(&group.load);
    wants.is_open = closed == nullptr;
    if (closed != nullptr) wants.think_time = closed->think_time;
    if (group.operations_each) wants.most = *group.operations_each;
    if (!group.requests) {
        out.push_back(wants);
        return;
    }
    wants.count = 1;  // Each has a list of its own.
    for (const auto& list : *group.requests) {
        const auto last = std::find_if(list.rbegin(), list.rend(), [](const auto& asked) {
            return asked.operation == zab::Operation::create ||
                   asked.operation == zab::Operation::set;
        });
        wants.most = static_cast<std::uint64_t>(list.rend() - last);
        wants.writes = wants.most > 0;
        out.push_back(wants);
    }
}

}  // namespace

analysis::Ensemble ensemble_of(const sim::Scenario& scenario) {
    analysis::Ensemble ensemble;
    ensemble.release = scenario.release;
    for (const sim::ServerSpec& server : scenario.servers) {
        (server.voter ? ensemble.voters : ensemble.observers).push_back(server.id);
    }
    ensemble.groups = scenario.config.groups;
    ensemble.protocol = scenario.protocol == sim::Protocol::textbook ? analysis::Protocol::textbook
                                                                     : analysis::Protocol::zab;
    return ensemble;
}

analysis::Summarizer::Options measured_of(const sim::Scenario& scenario) {
    analysis::Summarizer::Options options{.warm_up = zab::Instant{} + scenario.warm_up,
                                          .voters = ensemble_of(scenario).voters,
                                          .groups = scenario.config.groups,
                                          .clients = {}};
    for (const sim::ClientGroup& group : scenario.clients) add_wants(group, options.clients);
    return options;
}

void describe(const sim::Scenario& scenario, analysis::RunInfo& info) {
    const analysis::Ensemble ensemble = ensemble_of(scenario);
    info.scenario = scenario.name;
    info.why = scenario.why;
    info.release = scenario.release;
    info.protocol = scenario.protocol == sim::Protocol::textbook ? "textbook" : "zab";
    info.engine = engine_text();
    info.voters = static_cast<std::uint32_t>(ensemble.voters.size());
    info.observers = static_cast<std::uint32_t>(ensemble.observers.size());
    for (const sim::ClientGroup& group : scenario.clients) info.clients += group.count;
}

analysis::Verdict verdict_of(const analysis::CheckerSet& checkers) {
    if (!checkers.has_judged()) return unchecked("nothing happened that they speak of");
    analysis::Verdict verdict;
    verdict.properties_checked = static_cast<std::uint32_t>(checkers.properties_checked().size());
    verdict.safety_violations = checkers.violation_count();
    for (const analysis::Property& property : checkers.properties_checked()) {
        const std::uint64_t count = checkers.violation_count(property.name);
        if (count > 0) verdict.violated.emplace_back(property.name, count);
    }
    for (const analysis::Violation& violation : checkers.violations()) {
        verdict.messages.push_back(violation_text(violation));
    }
    for (const analysis::Property& property : checkers.properties_left_out()) {
        verdict.not_checked.push_back(
            fmt::format("{}: needs a trace of level {}", property.name,
                        trace::level_names()[static_cast<std::size_t>(property.level)]));
    }
    return verdict;
}

analysis::Verdict unchecked(std::string why) {
    return {.not_checked = {"the guarantees: " + std::move(why)}};
}

std::vector<analysis::ExpectationResult> judge_all(const sim::Scenario& scenario,
                                                   const analysis::Summary& summary,
                                                   const analysis::Verdict& verdict) {
    std::vector<analysis::ExpectationResult> results;
    std::vector<analysis::Expectation> numbers;
    for (const sim::Expectation& wanted : scenario.expect) {
        if (wanted.metric != guarantees) {
            numbers.push_back({wanted.metric, relation_of(wanted.relation), wanted.bound,
                               wanted.metric + " " + wanted.text});
        } else if (verdict.properties_checked > 0 &&
                   (verdict.not_checked.empty() || !verdict.holds())) {
            results.push_back(judge_guarantees(wanted, verdict));
        }
    }
    std::ranges::move(analysis::judge(numbers, summary), std::back_inserter(results));
    return results;
}

Exit exit_of(const analysis::Verdict& verdict) {
    if (verdict.safety_violations > 0) return Exit::violated;
    return verdict.liveness_violations > 0 ? Exit::unmet : Exit::ok;
}

Exit exit_of(const analysis::RunResult& run) {
    const bool is_met = std::ranges::all_of(run.expectations, &analysis::ExpectationResult::is_met);
    return worse(exit_of(run.verdict), is_met ? Exit::ok : Exit::unmet);
}

std::string_view word_for(const analysis::Verdict& verdict) {
    if (!verdict.holds()) return "violated";
    return verdict.properties_checked == 0 ? "not checked" : "held";
}

std::string engine_text() {
    return fmt::format("zabsim {}, behaviour {}", version, sim::behaviour);
}

}  // namespace cli
