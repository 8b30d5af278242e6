#pragma once

#include "cli/arguments.hpp"
#include "cli/environment.hpp"
#include "cli/exit_code.hpp"

/// One function for each command. Everything that is wrong is told on `environment.talk`.
namespace cli {

Exit run_command(const Arguments& arguments, const Environment& environment);
Exit verify_command(const Arguments& arguments, const Environment& environment);
Exit check_command(const Arguments& arguments, const Environment& environment);
Exit analyze_command(const Arguments& arguments, const Environment& environment);
Exit validate_command(const Arguments& arguments, const Environment& environment);
Exit schema_command(const Arguments& arguments, const Environment& environment);
Exit list_command(const Arguments& arguments, const Environment& environment);
Exit fuzz_command(const Arguments& arguments, const Environment& environment);
Exit merge_command(const Arguments& arguments, const Environment& environment);
Exit replay_command(const Arguments& arguments, const Environment& environment);
Exit freeze_command(const Arguments& arguments, const Environment& environment);
Exit shrink_command(const Arguments& arguments, const Environment& environment);

}  // namespace cli
