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

/// Sanitizers play each case, and doubt a few: to doubt takes dozens of plays, for which an hour of
/// CI has no time. The plain build doubts each.
constexpr std::size_t share = is_sanitized ? 32 : 1;

/// Runs every case of a file: line_of, whether it passed, and whether it was doubted.
template <class Check>
void each_case(const std::string& file, Check check) {
    std::ifstream stream(file);  // The tests run in the project's folder.
    REQUIRE(stream.good());
    const auto cases = cases_of(file, {std::istreambuf_iterator<char>(stream), {}});
    REQUIRE(cases.size() > 20);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        bool passed = false;
        const bool is_doubted = i % share == 0;
        const Doubts doubts = is_doubted ? Doubts::all : Doubts::none;
        const std::string line = line_of(cases[i], passed, doubts);
        check(passed, is_doubted, line);
    }
}

}  // namespace

TEST_CASE("conformance cases in other words are understood, and hold") {
    each_case("tests/conformance/wordings.json",
              [](bool passed, bool, const std::string& line) { CHECK_MESSAGE(passed, line); });
}

TEST_CASE("no conformance case passes that expects what is not so, or says what has no meaning") {
    // Some pass until they are doubted.
    each_case("tests/conformance/wrong.json",
              [](bool passed, bool is_doubted, const std::string& line) {
                  CHECK_MESSAGE(!(passed && is_doubted), line);
              });
}

}  // namespace conformance
