#include "analysis/report/json.hpp"
#include "analysis/report/text.hpp"
#include "analysis/stats/quantity.hpp"
#include "cli/commands.hpp"
#include "cli/judgement.hpp"
#include "cli/output.hpp"
#include "cli/trace_study.hpp"

#include <fmt/format.h>

namespace cli {

namespace {

std::string check_text(const std::string& file, const TraceStudy& study) {
    const analysis::Verdict& verdict = study.result.verdict;
    const std::size_t missing = study.properties_left_out + study.properties_unanswered;
    std::string out =
        fmt::format("{}: {}{}: {} of {} properties checked, {} violations\n", file,
                    word_for(verdict), missing > 0 && verdict.holds() ? " in part" : "",
                    verdict.properties_checked, verdict.properties_checked + missing,
                    analysis::count_text(verdict.safety_violations + verdict.liveness_violations));
    for (std::size_t i = 0; i < verdict.messages.size(); ++i) {
        out += "  - " + verdict.messages[i] + "\n";
        if (i >= study.witnesses.size()) continue;  // Nothing was judged.
        for (const std::string& line : study.witnesses[i]) out += "      " + line + "\n";
    }
    for (const std::string& what : verdict.not_checked) out += "  not checked: " + what + "\n";
    if (study.is_hash_verified) {
        out += fmt::format("  trace hash 0x{:016x} verified over all {} records\n",
                           study.result.info.trace_hash,
                           analysis::count_text(study.result.info.records));
    } else {
        out += fmt::format("  not checked: trace hash: {}\n",
                           study.level == trace::Level::all
                               ? "needs the zabsim that wrote all kinds of its records"
                               : "needs a trace of level all");
    }
    if (study.level != trace::Level::all) {
        out += "  not checked: that costs add up: needs a trace of level all\n";
    } else if (!study.cost_offence.empty()) {
        out += "  costs do not add up: " + study.cost_offence + "\n";
    } else {
        out += fmt::format("  costs add up in each of {} records with a cause\n",
                           analysis::count_text(study.costs_checked));
        if (study.costs_unchecked > 0) {
            out += fmt::format(
                "  not checked: the costs of {} records: their causes lie too far "
                "back\n",
                analysis::count_text(study.costs_unchecked));
        }
    }
    return out;
}

/// A verdict on a part of the guarantees is not the run's verdict: the rest is refused.
Exit refused_rest(const std::string& file, const TraceStudy& study,
                  const Environment& environment) {
    const std::size_t refused = study.properties_left_out;
    if (refused == 0) {
        // That nothing happened to be judged is the run's own verdict, too.
        for (const std::string& what : study.unanswered) {
            environment.talk << file << ": error: not checked: " << what << '\n';
        }
        return study.unanswered.empty() ? Exit::ok : Exit::bad_input;
    }
    const auto levels = trace::level_names();
    environment.talk << fmt::format(
        "{}: error: a trace of level {} cannot answer for {} of the {} properties; needed is level "
        "{}: run with --level {}\n",
        file, levels[static_cast<std::size_t>(study.level)], refused,
        refused + study.properties_unanswered + study.result.verdict.properties_checked,
        levels[static_cast<std::size_t>(study.level_needed)],
        levels[static_cast<std::size_t>(study.level_needed)]);
    return Exit::bad_input;
}

/// What the end of a file says of the guarantees is its run's verdict, not this one.
Exit contradiction(const std::string& file, const TraceStudy& study,
                   const Environment& environment) {
    const std::string_view word = word_for(study.result.verdict);
    const std::string_view unchecked_word = word_for(analysis::Verdict{});
    if (study.verdict_word.starts_with(word)) return Exit::ok;
    if (word == unchecked_word || study.verdict_word.starts_with(unchecked_word)) return Exit::ok;
    // Of what no hash vouches for, a violation is told as one; that there is none is not believed.
    const bool is_refuted =
        study.is_complete() && (study.is_hash_verified || study.result.verdict.holds());
    environment.talk << fmt::format(
        "{}: {}: its end says that the guarantees were {}, but by its records they are {}: {}\n",
        file, is_refuted ? "error" : "note", study.verdict_word, word,
        is_refuted ? "somebody changed the file, or other checkers judged the run"
                   : "the run itself was judged by more, or by another zabsim");
    return is_refuted ? Exit::bad_input : Exit::ok;
}

/// Opens the results, studies every file and hands each study to `show`, which gives its exit.
template <class Show>
Exit study_all(const Arguments& arguments, const Environment& environment, StudyNeeds needs,
               Show show) {
    if (const Exit exit = refuse_overwriting(arguments, environment); exit != Exit::ok) return exit;
    Results results(environment, arguments.json, arguments.files.size() > 1);
    if (results.failure()) {
        environment.talk << *results.failure() << '\n';
        return Exit::not_written;
    }
    Exit exit = Exit::ok;
    for (const std::string& file : arguments.files) {
        const auto study = study_trace(file, needs, environment);
        if (!study) {
            exit = worse(exit, Exit::bad_input);
            continue;
        }
        if (results.wants_json()) results.add_json(analysis::run_json(study->result));
        exit = worse(exit, show(file, *study, results.shows_text()));
        exit = worse(exit, contradiction(file, *study, environment));
        environment.out.flush();
    }
    return worse(exit, results.finish());
}

}  // namespace

Exit check_command(const Arguments& arguments, const Environment& environment) {
    return study_all(arguments, environment, StudyNeeds::verdict,
                     [&](const std::string& file, const TraceStudy& study, bool shows_text) {
                         if (shows_text) environment.out << check_text(file, study);
                         const Exit exit = worse(exit_of(study.result.verdict),
                                                 refused_rest(file, study, environment));
                         if (study.cost_offence.empty()) return exit;
                         // Where the hash is right, the simulator itself wrote these costs.
                         const bool is_bug = study.is_hash_verified;
                         environment.talk
                             << file << ": error: costs do not add up: " << study.cost_offence
                             << (is_bug ? "; a bug in zabsim\n"
                                        : "; somebody changed the file, or the zabsim that wrote "
                                          "it is wrong\n");
                         return worse(exit, is_bug ? Exit::internal_error : Exit::bad_input);
                     });
}

Exit analyze_command(const Arguments& arguments, const Environment& environment) {
    bool is_first = true;
    return study_all(arguments, environment, StudyNeeds::summary,
                     [&](const std::string& file, const TraceStudy& study, bool shows_text) {
                         if (study.level < trace::Level::messages) {
                             environment.talk << file
                                              << ": note: messages between servers are not "
                                                 "in it; needed is level messages\n";
                         }
                         if (shows_text) {
                             if (!is_first) environment.out << '\n';
                             is_first = false;
                             environment.out << analysis::run_text(
                                 study.result, {.colour = environment.is_colourful()});
                         }
                         return exit_of(study.result);
                     });
}

}  // namespace cli
