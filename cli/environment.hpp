#pragma once

#include <functional>
#include <ostream>
#include <string>

namespace cli {

/// What a command has of the outside, so that tests can stand in for it.
struct Environment {
    std::ostream& out;               ///< Results.
    std::ostream& talk;              ///< Progress, mistakes, explanations.
    std::string program = "zabsim";  ///< As the user called it: for lines to paste.
    bool out_is_terminal = false;
    bool talk_is_terminal = false;
    bool no_colour = false;  ///< NO_COLOR is set.
    /// Whether the user wants to stop: asked now and then.
    std::function<bool()> interrupted = [] { return false; };
    /// Whether standard output is a pipe that nobody reads any more.
    std::function<bool()> reader_left = [] { return false; };

    bool is_colourful() const { return out_is_terminal && !no_colour; }
};

}  // namespace cli
