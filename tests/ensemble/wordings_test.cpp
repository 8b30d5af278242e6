#include "tests/conformance/case.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

namespace conformance {

namespace {

#ifdef __has_feature
constexpr bool is_sanitized = __has_feature(address_sanitizer);
#else
constexpr bool is_sanitized = false;
#endif

/// Runs every case of a file: line_of, and whether it passed.
template <class Check>
void each_case(const std::string& file, Doubts doubts, Check check) {
    std::ifstream stream(file);  // The tests run in the project's folder.
    REQUIRE(stream.good());
    const auto cases = cases_of(file, {std::istreambuf_iterator<char>(stream), {}});
    REQUIRE(cases.size() > 20);
    for (const Case& one : cases) {
        bool passed = false;
        const std::string line = line_of(one, passed, doubts);
        check(passed, line);
    }
}

}  // namespace

TEST_CASE("conformance cases in other words are understood, and hold") {
    // To doubt each word takes ten times as long, and reaches no other code.
    const Doubts doubts = is_sanitized ? Doubts::none : Doubts::all;
    each_case("tests/conformance/wordings.json", doubts,
              [](bool passed, const std::string& line) { CHECK_MESSAGE(passed, line); });
}

TEST_CASE("no conformance case passes that expects what is not so, or says what has no meaning") {
    each_case("tests/conformance/wrong.json", Doubts::all,
              [](bool passed, const std::string& line) { CHECK_MESSAGE(!passed, line); });
}

}  // namespace conformance
