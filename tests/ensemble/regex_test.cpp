#include "tests/conformance/regex.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

namespace conformance {

namespace {

std::vector<std::string> all_in(const std::string& words, const Regex& pattern) {
    std::vector<std::string> all;
    for (MatchIterator i(words, pattern), end; i != end; ++i) all.push_back(i->str());
    return all;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a pattern matches all of the words, or the leftmost part, with the first alternative") {
    const std::string words = "S1 and S22";
    Match found;
    CHECK(!regex_match(words, found, Regex("S[0-9]+")));
    CHECK(found.size() == 0);
    CHECK(regex_match(words, found, Regex("(S1|S1 and) (?:and )?S(2)(3)?(.)")));
    CHECK(found[1] == "S1");
    CHECK(!found[3].matched);
    CHECK(found[3] == "");
    CHECK(found[4] == "2");
    REQUIRE(regex_search(words, found, Regex("s2", Regex::icase)));
    CHECK(found.prefix() == "S1 and ");
    CHECK(found.suffix() == "2");
    CHECK(found.position() == 7);
    CHECK(!regex_search(words, Regex("s2")));
    CHECK(!regex_search("a\n", Regex("a$")));
}

TEST_CASE("all matches are found once, empty ones too, and what is between them is kept") {
    CHECK(all_in("a1b22", Regex("[0-9]+")) == Words{"1", "22"});
    CHECK(all_in("ab", Regex("x*")) == Words{"", "", ""});
    CHECK(all_in("aab", Regex("a|^a|\\b")) == Words{"a", "a", ""});
    CHECK(all_in("", Regex("x")).empty());
    CHECK(regex_replace("a1b22", Regex("([a-z])([0-9])"), "$2$1<$&>$") == "1a<a1>$2b<b2>$2");
    CHECK(regex_replace_first("a1b22", Regex("[0-9]"), "") == "ab22");
    CHECK(regex_split("a, b,", Regex(", ?")) == Words{"a", "b"});
    CHECK(regex_split(",a", Regex(",")) == Words{"", "a"});
    CHECK(regex_split("", Regex(",")) == Words{""});
}

TEST_CASE("a pattern that is none is refused with the place of its mistake") {
    CHECK_THROWS_WITH_AS(regex_match("a", Regex("a(b")),
                         "the pattern 'a(b', character 3: missing closing parenthesis",
                         std::invalid_argument);
    std::string groups;
    for (int i = 0; i < 63; ++i) groups += "(b)?";
    CHECK(regex_match("b", Regex(groups)));
    CHECK_THROWS_AS(regex_match("b", Regex(groups + "(b)?")), std::invalid_argument);
}

TEST_CASE("a match that takes too many steps names its pattern") {
    CHECK_THROWS_WITH_AS(
        regex_match("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaae", Regex("(a+)+(b|d)")),
        "the pattern '(a+)+(b|d)' in 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaae': match limit "
        "exceeded",
        std::runtime_error);
}

}  // namespace conformance
