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

// Sanitizers play every eighth case, and doubt few: to doubt takes dozens of plays, for which an
// hour of CI has no time. The plain build plays and doubts each.
constexpr std::size_t every = is_sanitized ? 8 : 1;

/// Runs the cases of a file: line_of, and whether it passed. Every `share`th is doubted.
template <class Check>
void each_case(const std::string& file, std::size_t share, Check check) {
    std::ifstream stream(file);  // The tests run in the project's folder.
    REQUIRE(stream.good());
    const auto cases = cases_of(file, {std::istreambuf_iterator<char>(stream), {}});
    REQUIRE(cases.size() > 20);
    for (std::size_t i = 0; i < cases.size(); i += every) {
        bool passed = false;
        const Doubts doubts = i % share == 0 ? Doubts::all : Doubts::none;
        const std::string line = line_of(cases[i], passed, doubts);
        check(passed, line);
    }
}

}  // namespace

TEST_CASE("conformance cases in other words are understood, and hold") {
    const std::size_t share = is_sanitized ? 96 : 1;
    each_case("tests/conformance/wordings.json", share,
              [](bool passed, const std::string& line) { CHECK_MESSAGE(passed, line); });
}

TEST_CASE("no conformance case passes that expects what is not so, or says what has no meaning") {
    each_case("tests/conformance/wrong.json", 1,
              [](bool passed, const std::string& line) { CHECK_MESSAGE(!passed, line); });
}

}  // namespace conformance
