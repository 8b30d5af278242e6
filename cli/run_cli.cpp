#include "cli/run_cli.hpp"

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/internal_error.hpp"

namespace cli {

namespace {

Exit dispatch(const Arguments& arguments, const Environment& environment) {
    switch (arguments.command) {
        case Command::run: return run_command(arguments, environment);
        case Command::verify: return verify_command(arguments, environment);
        case Command::check: return check_command(arguments, environment);
        case Command::analyze: return analyze_command(arguments, environment);
        case Command::validate: return validate_command(arguments, environment);
        case Command::schema: return schema_command(arguments, environment);
        case Command::list: return list_command(arguments, environment);
        case Command::fuzz: return fuzz_command(arguments, environment);
        case Command::merge: return merge_command(arguments, environment);
        case Command::replay: return replay_command(arguments, environment);
        case Command::freeze: return freeze_command(arguments, environment);
        case Command::shrink: return shrink_command(arguments, environment);
    }
    return Exit::internal_error;
}

Exit parse_and_dispatch(std::span<const std::string> words, const Environment& environment) {
    const ParsedArguments parsed = parse_arguments(words);
    if (!parsed.mistake.empty()) {
        environment.talk << "zabsim: error: " << parsed.mistake << "\nTry \"zabsim --help\".\n";
        return Exit::bad_input;
    }
    if (!parsed.arguments) {
        environment.out << parsed.help;
        return Exit::ok;
    }
    const InternalErrorGuard guard;
    try {
        return dispatch(*parsed.arguments, environment);
    } catch (const InternalError& error) {
        environment.out.flush();
        environment.talk << crash_report(error, version_text());
        return Exit::internal_error;
    }
}

}  // namespace

int run_cli(std::span<const std::string> words, const Environment& environment) {
    Exit exit = parse_and_dispatch(words, environment);
    environment.out.flush();
    // A reader that left (`zabsim list | head -1`) is no news; a full disk behind ">" is.
    if (environment.out.fail() && !environment.reader_left()) {
        environment.talk << "standard output: error: cannot write it\n";
        exit = worse(exit, Exit::not_written);
    }
    return static_cast<int>(exit);
}

}  // namespace cli
