#include "cli/trace_study.hpp"

#include "analysis/check/checker_set.hpp"
#include "analysis/metric/cost_check.hpp"
#include "analysis/metric/summarizer.hpp"
#include "cli/judgement.hpp"
#include "cli/loading.hpp"
#include "cli/witness.hpp"
#include "sim/trace/reader.hpp"
#include "sim/trace/record_table.hpp"
#include "sim/world/behaviour.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

namespace {

std::string_view name_of(trace::Level level) {
    return trace::level_names()[static_cast<std::size_t>(level)];
}

/// The least level that shows all of the kinds.
trace::Level level_showing(trace::KindSet kinds) {
    trace::Level needed = trace::Level::off;
    for (const trace::Row& row : trace::rows()) {
        if ((kinds & trace::kind_bit(row.kind)) != 0) needed = std::max(needed, row.level);
    }
    return needed;
}

/// Messages are the bulk of a run: a summary without their number is still one, unless the
/// scenario expects something of it.
trace::Level level_for_summary(const sim::Scenario& scenario) {
    trace::KindSet kinds = analysis::Summarizer::kinds & ~trace::kind_bit(trace::Kind::receive);
    for (const sim::Expectation& wanted : scenario.expect) {
        if (wanted.metric == "messages_per_write") kinds = analysis::Summarizer::kinds;
    }
    return level_showing(kinds);
}

trace::Level least_level_with_verdict(analysis::Protocol protocol) {
    trace::Level least = trace::Level::all;
    for (const analysis::Property& property : analysis::all_properties(protocol)) {
        least = std::min(least, std::max(property.level, trace::Level::operations));
    }
    return least;
}

/// Why the file cannot answer; empty: it can.
std::string refusal(const trace::Header& header, const sim::Scenario& scenario, StudyNeeds needs) {
    if (header.window) {
        return "the trace shows a window of the run only; needed is one without trace.from and "
               "trace.to";
    }
    const bool is_verdict = needs == StudyNeeds::verdict;
    const analysis::Protocol protocol = ensemble_of(scenario).protocol;
    const trace::Level needed =
        is_verdict ? least_level_with_verdict(protocol) : level_for_summary(scenario);
    if (header.level < needed) {
        const trace::Level advised = is_verdict ? analysis::level_needed(protocol) : needed;
        return fmt::format(
            "a trace of level {} cannot answer for {}; needed is level {}: run with "
            "--level {}",
            name_of(header.level), is_verdict ? "any guarantee" : "the summary", name_of(needed),
            name_of(advised));
    }
    return {};
}

/// A property that files of older formats say too little for.
struct Late {
    std::string_view property;
    trace::Kind kind{};       ///< Of the records that it is about.
    std::uint32_t minor = 0;  ///< Of the format's first version that says enough.
    std::string_view what;
};

constexpr Late late[] = {
    {"tree_agreement", trace::Kind::deliver, 1, "which tells the trees' digests"},
    {"watch_complete", trace::Kind::watch_set, 3, "which says what is written"},
};

/// Reads one file into everything that is to be known of it.
class Study {
  public:
    Study(const trace::Header& header, const sim::Scenario& scenario)
        : header_(header),
          scenario_(scenario),
          checkers_(ensemble_of(scenario), header.level),
          summarizer_(measured_of(scenario)) {}

    void observe(const trace::NumberedRecord& found) {
        recorder_.add(found.record);
        checkers_.observe(found.record, found.id);
        if ((analysis::Summarizer::kinds & trace::kind_bit(found.record.kind())) != 0) {
            summarizer_.observe(found.record, found.id);
        }
        if (header_.level == trace::Level::all) costs_.observe(found.record, found.id);
    }

    TraceStudy result(const trace::Reader& reader) const;
    /// Whether the records that were read are the whole run, so that its hash can be compared.
    bool is_whole(const trace::End& end) const {
        return header_.level == trace::Level::all && recorder_.next_id() == end.records;
    }
    trace::RunHash hash() const { return recorder_.hash(); }
    const std::vector<analysis::Violation>& violations() const { return checkers_.violations(); }

  private:
    bool has(trace::Kind kind) const {
        return recorder_.counts()[static_cast<std::size_t>(kind)] > 0;
    }
    bool checks(std::string_view property) const {
        return std::ranges::any_of(checkers_.properties_checked(),
                                   [&](const analysis::Property& p) { return p.name == property; });
    }
    /// What the checkers were asked, and a file like this cannot answer, was not checked.
    void take_back_unanswered(const trace::Reader& reader, TraceStudy& study) const;

    const trace::Header& header_;
    const sim::Scenario& scenario_;
    trace::Recorder recorder_;
    analysis::CheckerSet checkers_;
    analysis::Summarizer summarizer_;
    analysis::CostCheck costs_;
};

void Study::take_back_unanswered(const trace::Reader& reader, TraceStudy& study) const {
    if (reader.end().records == 0) {
        study.unanswered.emplace_back("the guarantees: no run is without a record");
    }
    if (reader.has_unknown_kinds()) {
        study.unanswered.emplace_back(
            "records of kinds that this zabsim does not know: needs the zabsim that wrote them");
    }
    analysis::Verdict& verdict = study.result.verdict;
    for (const Late& property : late) {
        if (reader.minor() >= property.minor || !has(property.kind)) continue;
        if (!checks(property.property) || checkers_.violation_count(property.property) > 0)
            continue;
        study.unanswered.push_back(fmt::format("{}: needs a trace of format {}.{}, {}",
                                               property.property, trace::format_major,
                                               property.minor, property.what));
        ++study.properties_unanswered;
        --verdict.properties_checked;
    }
    std::ranges::copy(study.unanswered, std::back_inserter(verdict.not_checked));
}

TraceStudy Study::result(const trace::Reader& reader) const {
    const trace::End& end = reader.end();
    TraceStudy study;
    study.level = header_.level;
    study.verdict_word = end.verdict;
    study.is_of_this_behaviour = header_.behaviour == sim::behaviour;
    study.is_hash_verified = is_whole(end) && recorder_.hash() == end.hash;
    study.costs_checked = costs_.checked();
    study.costs_unchecked = costs_.unchecked();
    if (costs_.first_offence()) {
        study.cost_offence = fmt::format("record {}: {}", costs_.first_offence()->id,
                                         costs_.first_offence()->reason);
    }
    describe(scenario_, study.result.info);
    study.result.info.engine = fmt::format("behaviour {}", header_.behaviour);
    study.result.info.seed = header_.seed;
    study.result.info.records = end.records;
    study.result.info.trace_hash = end.hash.value;
    study.result.summary = summarizer_.finish(end.time);
    study.result.verdict = verdict_of(checkers_);
    take_back_unanswered(reader, study);
    study.properties_left_out = checkers_.properties_left_out().size();
    study.level_needed = analysis::level_needed(ensemble_of(scenario_).protocol);
    study.result.expectations = judge_all(scenario_, study.result.summary, study.result.verdict);
    return study;
}

}  // namespace

std::optional<TraceStudy> study_trace(const std::string& file, StudyNeeds needs,
                                      const Environment& environment) {
    const std::string shown = file == "-" ? "standard input" : file;
    const auto refuse = [&](std::string_view message) {
        environment.talk << message << '\n';
        return std::nullopt;
    };
    trace::Reader reader(file, {});
    if (!reader.read_header()) return refuse(reader.error().message);
    const trace::Header& header = reader.header();
    const sim::LoadResult loaded = sim::load_scenario_text(
        header.scenario, shown + " (the scenario in its header)", {}, load_options());
    for (const std::string& mistake : loaded.mistakes) environment.talk << mistake << '\n';
    if (!loaded.scenario) return std::nullopt;
    const std::string reason = refusal(header, *loaded.scenario, needs);
    if (!reason.empty()) return refuse(shown + ": error: " + reason);
    if (header.behaviour != sim::behaviour) {
        environment.talk << fmt::format(
            "{}: note: it is of behaviour {}; this is behaviour {}, which runs its scenario "
            "differently\n",
            shown, header.behaviour, sim::behaviour);
    }
    Study study(header, *loaded.scenario);
    trace::NumberedRecord found;
    while (true) {
        const trace::Reader::Step step = reader.next(found);
        if (step == trace::Reader::Step::error) return refuse(reader.error().message);
        if (step == trace::Reader::Step::end) break;
        study.observe(found);
    }
    const trace::End& end = reader.end();
    if (study.is_whole(end) && study.hash() != end.hash) {
        return refuse(fmt::format(
            "{}: error: the records have the hash 0x{:016x}, but its end says 0x{:016x}: somebody "
            "changed the file",
            shown, study.hash().value, end.hash.value));
    }
    TraceStudy result = study.result(reader);
    if (needs == StudyNeeds::verdict) result.witnesses = witness_lines(file, study.violations());
    return result;
}

}  // namespace cli
