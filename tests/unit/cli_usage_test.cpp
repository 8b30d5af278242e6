#include "cli/exit_code.hpp"
#include "cli/nearest.hpp"
#include "cli/shell.hpp"
#include "sim/world/behaviour.hpp"
#include "tests/unit/cli_script.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace cli {

TEST_CASE("wrong usage exits 2 and says what is accepted") {
    struct Case {
        std::vector<std::string> words;
        std::string says;
    };
    const std::vector<Case> cases = {
        {{}, "a command is missing: run, verify"},
        {{"rnu", "x.json"}, "\"rnu\" is not a command"},
        {{"rnu", "x.json"}, "did you mean \"run\"?"},
        {{"run"}, "scenario is required"},
        {{"run", "x.json", "--sed", "1"}, "--sed is not an option of zabsim run"},
        {{"run", "x.json", "--sed", "1"}, "did you mean \"--seed\"?"},
        {{"--vresion"}, "did you mean \"--version\"?"},
        {{"run", "x.json", "--seed", "one"}, "a seed is an integer"},
        {{"run", "x.json", "--seed", "-1"}, "a seed is an integer"},
        {{"run", "x.json", "--seed", "18446744073709551616"}, "a seed is an integer"},
        {{"run", "x.json", "--seeds", "5"}, "a range like 1..200"},
        {{"run", "x.json", "--seeds", "9..1"}, "the range is empty"},
        {{"run", "x.json", "--seeds", "0..2000000"}, "at most 1000000 seeds"},
        {{"run", "x.json", "--seeds", "1..2", "--seed", "1"}, "--seed"},
        {{"run", "x.json", "--set", "voters"}, "--set is path=value"},
        {{"run", "x.json", "--check", "some"}, "--check is all or none"},
        {{"run", "x.json", "--level", "al"}, "did you mean \"all\"?"},
        {{"run", "x.json", "--until", "20"}, "--until is a time like 20s"},
        {{"run", "x.json", "--level", "all"}, "--level is about --trace"},
        {{"run", "a.json", "b.json", "--trace", "t"}, "--trace shows one run"},
        {{"run", "a.json", "--seeds", "1..2", "--trace", "t"}, "--trace shows one run"},
        {{"run", "a.json", "--trace", "-", "--json"}, "would mix on standard output"},
        {{"validate", "x.json", "--format", "xml"}, "--format is text, json or github"},
        {{"schema", "scenarios"}, "scenario"},
        {{"verify", "x.json", "--trace", "t"}, "--trace is not an option of zabsim verify"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.says);
        const Called called = call(c.words);
        CAPTURE(called.talk);
        CHECK(called.exit == 2);
        CHECK(called.says(c.says));
        CHECK(called.out.empty());
    }
}

TEST_CASE("every command has help with an example") {
    for (const std::string name :
         {"run", "verify", "check", "analyze", "validate", "schema", "list"}) {
        const Called called = call({name, "--help"});
        CAPTURE(name);
        CHECK(called.exit == 0);
        CHECK(called.prints("Example: zabsim " + name));
        CHECK(called.talk.empty());
    }
    CHECK(call({"--help"}).prints("Exit codes: 0"));
}

TEST_CASE("the version names the behaviour") {
    const Called called = call({"--version"});
    CHECK(called.exit == 0);
    CHECK(called.prints("(behaviour " + std::to_string(sim::behaviour)));
}

TEST_CASE("the worst exit code wins") {
    constexpr std::array order = {
        Exit::internal_error, Exit::nondeterministic, Exit::not_written,
        Exit::bad_input,      Exit::violated,         Exit::not_as_expected,
        Exit::unmet,          Exit::incomplete,       Exit::ok,
    };
    for (std::size_t i = 0; i < order.size(); ++i) {
        for (std::size_t j = i; j < order.size(); ++j) {
            CHECK(worse(order[i], order[j]) == order[i]);
            CHECK(worse(order[j], order[i]) == order[i]);
        }
    }
}

TEST_CASE("a word for the shell is quoted when it must be") {
    CHECK(shell_quoted("a/b-1.json") == "a/b-1.json");
    CHECK(shell_quoted("") == "''");
    CHECK(shell_quoted("two words") == "'two words'");
    CHECK(shell_quoted("it's") == R"('it'\''s')");
    CHECK(shell_quoted("$(rm)") == "'$(rm)'");
    CHECK(shell_quoted("a\nb'\\") == R"($'a\012b\'\\')");
}

TEST_CASE("only near names are suggested") {
    const std::vector<std::string> known = {"run", "verify", "analyze"};
    CHECK(nearest("analyse", known) == "analyze");
    CHECK(nearest("rnu", known) == "run");
    CHECK(nearest("zzzzzz", known).empty());
    CHECK(nearest(std::string(100'000, 'r'), known).empty());
}

}  // namespace cli
