#include "protocol/types/ensure.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace zab {

namespace {

struct Ending {
    int exit_code = -1;
    std::string errors;
};

/// Runs `act` in a child process, because a failed `ensure` ends the process.
template <typename Act>
Ending ending_of(Act act) {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    std::fflush(nullptr);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        act();
        std::_Exit(0);
    }
    close(ends[1]);
    Ending ending;
    std::array<char, 256> chunk{};
    for (ssize_t got = 0; (got = read(ends[0], chunk.data(), chunk.size())) > 0;) {
        ending.errors.append(chunk.data(), static_cast<std::size_t>(got));
    }
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    ending.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ending;
}

void leave_with_42(const char* /*why*/, SourcePlace /*where*/) { std::_Exit(42); }

void only_note(const char* /*why*/, SourcePlace /*where*/) { std::fputs("noted\n", stderr); }

}  // namespace

TEST_CASE("an ensure that holds does nothing") {
    const Ending ending = ending_of([] { ensure(true, "one is one"); });

    CHECK(ending.exit_code == 0);
    CHECK(ending.errors.empty());
}

TEST_CASE("a failed ensure names the reason and the place, and exits with 70") {
    const Ending ending = ending_of([] { ensure(false, "links are declared"); });

    CHECK(ending.exit_code == 70);
    CHECK(ending.errors.find("internal error: links are declared (") != std::string::npos);
    CHECK(ending.errors.find("ensure_test.cpp:") != std::string::npos);
}

TEST_CASE("an installed handler is called instead of the default one") {
    const Ending ending = ending_of([] {
        set_ensure_handler(leave_with_42);
        ensure(false, "links are declared");
    });

    CHECK(ending.exit_code == 42);
    CHECK(ending.errors.empty());
}

TEST_CASE("a handler that returns does not let the program go on") {
    const Ending ending = ending_of([] {
        set_ensure_handler(only_note);
        ensure(false, "links are declared");
    });

    CHECK(ending.exit_code == 70);
    CHECK(ending.errors.starts_with("noted\n"));
}

TEST_CASE("installing a handler returns the one before it") {
    const EnsureHandler first = set_ensure_handler(leave_with_42);
    const EnsureHandler second = set_ensure_handler(first);

    CHECK((first == nullptr));
    CHECK((second == leave_with_42));
}

}  // namespace zab
