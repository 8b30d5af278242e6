#include "cli/arguments.hpp"

#include "cli/argument_values.hpp"
#include "cli/commit.hpp"
#include "cli/nearest.hpp"
#include "cli/version.hpp"
#include "sim/world/behaviour.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace cli {

namespace {

constexpr std::string_view exit_codes =
    "Exit codes: 0 all held, 1 a guarantee was violated, 2 wrong usage or input, 3 an expectation\n"
    "was not met, 4 nondeterminism, 5 a capsule did not end as it says, 6 an output could not be\n"
    "written, 7 a search ended before its end, 70 a bug in zabsim, 130 interrupted.";

/// An option that takes exactly one value each time. Left alone, CLI11 would also take the words
/// that follow, and split values in brackets.
template <class Take>
CLI::Option* one_value(CLI::App* app, const std::string& name, const std::string& type,
                       const std::string& help, Take take) {
    return app
        ->add_option_function<std::vector<std::string>>(
            name,
            [take](const std::vector<std::string>& values) {
                for (const std::string& value : values) take(value);
            },
            help)
        ->type_name(type)
        ->type_size(1)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

/// The commands as CLI11 knows them, and the arguments that they fill.
class Grammar {
  public:
    Grammar();
    CLI::App app{"zabsim simulates a ZooKeeper ensemble and checks what it promises."};
    Arguments arguments;

  private:
    CLI::App* command(Command which, const std::string& name, const std::string& help,
                      const std::string& example);
    void add_files(CLI::App* sub, const std::string& name, const std::string& help);
    void add_seeds(CLI::App* sub);
    void add_sets(CLI::App* sub);
    void add_json(CLI::App* sub);
    void add_run();
    void add_other_runs();
    void add_descriptions();
    void add_hunters();
    void add_workers(CLI::App* to, const std::string& what);
    void add_fuzz();
    void add_out(CLI::App* sub, const std::string& type, const std::string& help);
    void add_coverage(CLI::App* sub);
};

CLI::App* Grammar::command(Command which, const std::string& name, const std::string& help,
                           const std::string& example) {
    CLI::App* const sub = app.add_subcommand(name, help);
    sub->footer("Example: zabsim " + example);
    sub->parse_complete_callback([this, which] { arguments.command = which; });
    return sub;
}

void Grammar::add_files(CLI::App* sub, const std::string& name, const std::string& help) {
    sub->add_option(name, arguments.files, help)->required()->type_name("FILE");
}

void Grammar::add_seeds(CLI::App* sub) {
    CLI::Option* const one =
        one_value(sub, "--seed", "N", "use this seed, not the scenario's",
                  [this](const auto& text) { arguments.seed = seed_from(text); });
    one_value(sub, "--seeds", "A..B", "run with every seed from A to B", [this](const auto& text) {
        arguments.seeds = seeds_from(text);
    })->excludes(one);
}

void Grammar::add_sets(CLI::App* sub) {
    one_value(sub, "--set", "KEY=VALUE", "replace a key of the scenario: ensemble.voters=7",
              [this](const auto& text) {
                  arguments.sets.push_back(set_from(text));
                  arguments.set_texts.push_back(text);
              });
}

void Grammar::add_json(CLI::App* sub) {
    one_value(sub, "--json", "=FILE", "the results as JSON, to FILE or instead of the text",
              [this](const auto& text) { arguments.json = text; });
}

void Grammar::add_run() {
    CLI::App* const run = command(Command::run, "run", "run scenarios and check the guarantees",
                                  "run scenarios/basics/leader-crash.json --trace out.jsonl.zst");
    add_files(run, "scenario", "scenario files");
    add_seeds(run);
    add_sets(run);
    add_json(run);
    one_value(run, "--trace", "FILE", "write the trace: .jsonl, .jsonl.zst or -",
              [this](const auto& text) { arguments.trace = text; });
    one_value(run, "--level", "LEVEL",
              "what the trace shows: off, operations, protocol, messages or all",
              [this](const auto& text) { arguments.level = level_from(text); });
    one_value(run, "--check", "all|none", "check every guarantee, or none",
              [this](const auto& text) {
                  if (text != "all" && text != "none") {
                      throw UsageError("--check is all or none, not \"" + text + "\"");
                  }
                  arguments.checks = text == "all";
              });
    run->add_flag("--profile", arguments.profile,
                  "what each kind of record costs: number, cpu time, trace bytes");
    one_value(run, "--until", "TIME", "end the run at this simulated time: 20s",
              [this](const auto& text) { arguments.until = until_from(text); });
}

void Grammar::add_other_runs() {
    CLI::App* const verify =
        command(Command::verify, "verify", "run scenarios repeatedly: is every run the same?",
                "verify scenarios/basics/five-lines.json --seeds 1..10");
    add_files(verify, "scenario", "scenario files");
    add_seeds(verify);
    add_sets(verify);
    one_value(verify, "--until", "TIME", "end the runs at this simulated time",
              [this](const auto& text) { arguments.until = until_from(text); });
    CLI::App* const check = command(Command::check, "check", "check the guarantees on trace files",
                                    "check out.jsonl.zst");
    add_files(check, "trace", "trace files, - is standard input");
    add_json(check);
    CLI::App* const analyze = command(Command::analyze, "analyze",
                                      "summarise trace files as run does", "analyze out.jsonl.zst");
    add_files(analyze, "trace", "trace files, - is standard input");
    add_json(analyze);
}

void Grammar::add_descriptions() {
    CLI::App* const validate =
        command(Command::validate, "validate", "name every mistake in scenario files",
                "validate scenarios/basics/*.json --format github");
    add_files(validate, "scenario", "scenario files");
    add_sets(validate);
    one_value(validate, "--format", "text|json|github", "how to print the mistakes",
              [this](const auto& text) {
                  if (text != "text" && text != "json" && text != "github") {
                      throw UsageError("--format is text, json or github, not \"" + text + "\"");
                  }
                  arguments.format = text;
              });
    CLI::App* const schema =
        command(Command::schema, "schema", "print the JSON Schema of scenario or trace files",
                "schema scenario > scenario.schema.json");
    schema->add_option("format", arguments.schema_of, "scenario or trace")
        ->required()
        ->check(CLI::IsMember({"scenario", "trace"}))
        ->type_name("scenario|trace");
    schema->add_flag("--reference", arguments.reference, "a page for people instead, in Markdown");
    CLI::App* const list = command(Command::list, "list", "list the shipped scenarios", "list");
    list->add_flag("--properties", arguments.properties,
                   "what the checkers judge, instead: each property, and the level of trace that "
                   "tells");
    one_value(list, "--dir", "DIR", "the folder to list",
              [this](const auto& text) { arguments.directory = text; });
}

void Grammar::add_out(CLI::App* sub, const std::string& type, const std::string& help) {
    one_value(sub, "--out", type, help, [this](const auto& text) { arguments.out = text; });
}

void Grammar::add_workers(CLI::App* to, const std::string& what) {
    one_value(to, "--jobs", "N", "try so many " + what + "s at a time; default: one a core",
              [this](const auto& text) {
                  arguments.jobs = static_cast<unsigned>(number_from("--jobs", text, 1, 1'024));
              });
    one_value(
        to, "--patience", "TIME", "a " + what + " that takes longer hangs; default: 60s",
        [this](const auto& text) { arguments.patience = real_time_from("--patience", text); });
}

void Grammar::add_coverage(CLI::App* sub) {
    one_value(sub, "--coverage", "FILE",
              "write which (role, phase, input) tuples and rare sites were reached, as JSON",
              [this](const auto& text) { arguments.coverage = text; });
}

void Grammar::add_fuzz() {
    CLI::App* const fuzz = command(
        Command::fuzz, "fuzz", "run many random worlds, check each, keep every kind of failure",
        "fuzz scenarios/chaos/default.json --time 60s --jobs 2 --junit out.xml");
    add_files(fuzz, "scenario", "scenario files, with chaos");
    add_seeds(fuzz);
    add_sets(fuzz);
    add_json(fuzz);
    one_value(fuzz, "--time", "TIME", "stop after this real time: 60s",
              [this](const auto& text) { arguments.time = real_time_from("--time", text); });
    add_workers(fuzz, "seed");
    one_value(fuzz, "--shard", "I/N", "only every N-th seed, from the I-th on",
              [this](const auto& text) { arguments.shard = shard_from(text); });
    add_out(fuzz, "DIR", "the folder of results and capsules; default: fuzz-results");
    one_value(fuzz, "--junit", "FILE", "write a JUnit report",
              [this](const auto& text) { arguments.junit = text; });
    add_coverage(fuzz);
    one_value(fuzz, "--format", "text|github", "how to print the failures",
              [this](const auto& text) {
                  if (text != "text" && text != "github") {
                      throw UsageError("--format is text or github, not \"" + text + "\"");
                  }
                  arguments.format = text;
              });
    one_value(fuzz, "--known", "FILE", "failures that are known, each until a day",
              [this](const auto& text) { arguments.known = text; });
    fuzz->add_flag("--new-only", arguments.new_only, "known failures do not fail the campaign");
}

void Grammar::add_hunters() {
    add_fuzz();
    CLI::App* const merge = command(Command::merge, "merge", "put the results of shards together",
                                    "merge shard-1 shard-2");
    add_files(merge, "folder", "folders that fuzz has written");
    add_json(merge);
    add_coverage(merge);
    CLI::App* const replay =
        command(Command::replay, "replay", "run capsules: does each end as it says?",
                "replay scenarios/regress");
    add_files(replay, "capsule", "capsules, or folders of them");
    add_workers(replay, "capsule");
    one_value(replay, "--junit", "FILE", "write a JUnit report",
              [this](const auto& text) { arguments.junit = text; });
    CLI::App* const freeze =
        command(Command::freeze, "freeze", "write a random world out as a scenario",
                "freeze scenarios/chaos/default.json --seed 17 --out world.json");
    add_files(freeze, "scenario", "one scenario file");
    add_seeds(freeze);
    add_sets(freeze);
    add_out(freeze, "FILE", "where to; default: standard output");
    freeze->add_flag("--logical", arguments.logical,
                     "place the faults after steps of the story, not at times");
    CLI::App* const shrink =
        command(Command::shrink, "shrink", "cut a capsule down to what its failure needs",
                "shrink fuzz-results/log_matching-follower.json --out small.json");
    add_files(shrink, "capsule", "one capsule");
    add_out(shrink, "FILE", "where to; default: standard output");
    shrink->add_flag("--certify", arguments.certify,
                     "only count again whether everything in it is needed");
}

Grammar::Grammar() {
    app.name("zabsim");
    app.set_version_flag("--version", version_text());
    app.require_subcommand(1);
    app.footer("Example: zabsim run scenarios/basics/leader-crash.json\n\n" +
               std::string(exit_codes));
    add_run();
    add_other_runs();
    add_descriptions();
    add_hunters();
}

std::vector<std::string> command_names(CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* const sub : app.get_subcommands({})) names.push_back(sub->get_name());
    return names;
}

std::vector<std::string> option_names(CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* const option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    return names;
}

/// A word that is neither a command nor an option, named with what is nearest to it.
std::string unknown_word(CLI::App& app, std::span<const std::string> words) {
    const std::vector<std::string> commands = command_names(app);
    if (words.empty()) {
        return fmt::format("a command is missing: {}", fmt::join(commands, ", "));
    }
    const bool is_command = std::ranges::find(commands, words.front()) != commands.end();
    if (!is_command && !words.front().starts_with("-")) {
        return fmt::format("\"{}\" is not a command: {}{}", words.front(),
                           fmt::join(commands, ", "), did_you_mean(words.front(), commands));
    }
    CLI::App& own = is_command ? *app.get_subcommand(words.front()) : app;
    const std::vector<std::string> known = option_names(own);
    for (const std::string& word : words) {
        if (word == "--") break;
        const std::string name = word.substr(0, word.find('='));
        if (!name.starts_with("-") || name == "-") continue;
        if (name == "-h" || std::ranges::find(known, name) != known.end()) continue;
        return fmt::format("{} is not an option of zabsim{}{}", name,
                           is_command ? " " + words.front() : "", did_you_mean(name, known));
    }
    return {};
}

/// A bare --json means standard output. CLI11 would take the next word for its value.
std::vector<std::string> reversed_words(std::span<const std::string> words) {
    std::vector<std::string> out;
    bool is_over = false;
    for (const std::string& word : words) {
        is_over = is_over || word == "--";
        out.push_back(word == "--json" && !is_over ? "--json=-" : word);
    }
    std::ranges::reverse(out);
    return out;
}

}  // namespace

std::string version_text() {
    return fmt::format("zabsim {} (behaviour {}{}{})", version, sim::behaviour,
                       commit.empty() ? "" : ", commit ", commit);
}

ParsedArguments parse_arguments(std::span<const std::string> words) {
    Grammar grammar;
    ParsedArguments parsed;
    try {
        grammar.app.parse(reversed_words(words));
        parsed.arguments = std::move(grammar.arguments);
    } catch (const CLI::CallForHelp&) {
        const auto chosen = grammar.app.get_subcommands();
        parsed.help = chosen.empty() ? grammar.app.help() : chosen.front()->help();
    } catch (const CLI::CallForVersion&) {
        parsed.help = version_text() + "\n";
    } catch (const UsageError& error) {
        parsed.mistake = error.what();
    } catch (const CLI::ParseError& error) {
        const std::string unknown = unknown_word(grammar.app, words);
        parsed.mistake = unknown.empty() ? error.what() : unknown;
    }
    return parsed;
}

}  // namespace cli
