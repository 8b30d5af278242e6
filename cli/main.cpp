#include "cli/run_cli.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

volatile std::sig_atomic_t is_interrupted = 0;

/// The second interrupt ends the program at once: the handler stands for one.
void on_interrupt(int) { is_interrupted = 1; }

void install_signals() {
    struct sigaction interrupt {};
    interrupt.sa_handler = on_interrupt;
    interrupt.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &interrupt, nullptr);
    ::sigaction(SIGTERM, &interrupt, nullptr);
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, nullptr);  // A reader that left shows as a failed write.
}

bool reader_left() {
    struct pollfd out {
        .fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0
    };
    return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

}  // namespace

int main(int argc, char** argv) {
    install_signals();
    const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    const char* const no_colour = std::getenv("NO_COLOR");
    const cli::Environment environment{
        .out = std::cout,
        .talk = std::cerr,
        .program = argc > 0 ? argv[0] : "zabsim",
        .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
        .talk_is_terminal = ::isatty(STDERR_FILENO) == 1,
        .no_colour = no_colour != nullptr && *no_colour != '\0',
        .interrupted = [] { return is_interrupted != 0; },
        .reader_left = reader_left,
    };
    return cli::run_cli(words, environment);
}
