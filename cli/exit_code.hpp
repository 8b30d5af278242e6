#pragma once

#include <array>

namespace cli {

/// How a command ends, for scripts.
enum class Exit : int {
    ok = 0,
    violated = 1,          ///< A safety guarantee was violated.
    bad_input = 2,         ///< Wrong usage, or a file that is wrong.
    unmet = 3,             ///< A liveness guarantee or an expectation was not met.
    nondeterministic = 4,  ///< Two runs of one seed differ.
    not_as_expected = 5,   ///< A replay ended otherwise than its capsule says.
    not_written = 6,       ///< An output could not be written.
    incomplete = 7,        ///< A search ended before its end.
    internal_error = 70,   ///< A bug in zabsim.
    interrupted = 130,
};

/// The one that a command with both results ends with.
constexpr Exit worse(Exit a, Exit b) {
    constexpr std::array order = {
        Exit::interrupted,     Exit::internal_error, Exit::nondeterministic,
        Exit::not_written,     Exit::bad_input,      Exit::violated,
        Exit::not_as_expected, Exit::unmet,          Exit::incomplete,
    };
    for (const Exit worst : order) {
        if (a == worst || b == worst) return worst;
    }
    return Exit::ok;
}

}  // namespace cli
