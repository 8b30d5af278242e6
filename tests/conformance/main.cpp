#define DOCTEST_CONFIG_IMPLEMENT
#include "tests/conformance/case.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>

/// Runs the conformance cases of a file: a line for each, then the count. Exit 0: all passed, 1:
/// some failed, 2: the file is not of their form.
int main(int argc, char** argv) {
    if (argc != 2) {
        fmt::print(stderr, "usage: conformance FILE\n");
        return 2;
    }
    const std::string file = argv[1];
    std::ifstream stream(file);
    if (!stream.good()) {
        fmt::print(stderr, "{}: cannot be read\n", file);
        return 2;
    }
    std::vector<conformance::Case> cases;
    try {
        cases = conformance::cases_of(file, {std::istreambuf_iterator<char>(stream), {}});
    } catch (const conformance::Malformed& malformed) {
        fmt::print(stderr, "{}\n", malformed.what());
        return 2;
    }
    // A REQUIRE inside the support code needs a context to report to.
    doctest::Context context;
    context.setAsDefaultForAssertsOutOfTestCases();
    context.setAssertHandler([](const doctest::AssertData& data) {
        if ((data.m_at & doctest::assertType::is_require) != 0 && data.m_failed) {
            throw conformance::Refused(data.m_expr);
        }
    });
    std::size_t passed = 0;
    for (const conformance::Case& one : cases) {
        bool has_passed = false;
        fmt::print("{}\n", conformance::line_of(one, has_passed));
        passed += has_passed ? 1u : 0u;
    }
    fmt::print("{} passed, {} failed\n", passed, cases.size() - passed);
    return passed == cases.size() ? 0 : 1;
}
