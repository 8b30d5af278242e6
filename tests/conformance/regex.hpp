#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Regular expressions with the interface of std::regex (leftmost alternative first), in PCRE2's
/// syntax and matched by it: the words of a case are matched against thousands, dozens of times,
/// and the standard library's took most of the time of all tests, and of what sanitizers compile.
namespace conformance {

class Match;

/// A pattern, compiled at its first use. Throws std::invalid_argument there if it is none, or has
/// more than 63 groups; std::runtime_error if a match takes PCRE2 too many steps.
class Regex {
  public:
    enum Case { as_written, icase };

    explicit Regex(std::string pattern, Case letters = as_written);

  private:
    friend class Search;
    struct Compiled;
    std::shared_ptr<Compiled> compiled_;
};

/// A part of what was searched, which must outlive it.
struct Part {
    std::string_view text;
    bool matched = false;

    std::string str() const { return std::string(text); }
    std::size_t length() const { return text.size(); }
    operator std::string() const { return str(); }
    friend bool operator==(const Part& a, const Part& b) { return a.text == b.text; }
    friend bool operator==(const Part& a, std::string_view b) { return a.text == b; }
};

/// What a pattern matched, and its groups. What was searched must outlive it.
class Match {
  public:
    /// The groups of the pattern and one; 0: nothing was matched.
    std::size_t size() const { return bounds_.size() / 2; }
    /// Group 0 is all that was matched; a group that took no part is empty.
    Part operator[](std::size_t group) const;
    std::string str(std::size_t group = 0) const { return (*this)[group].str(); }
    std::size_t length(std::size_t group = 0) const { return (*this)[group].length(); }
    /// In characters, from the beginning of what was searched. Requires: the group took part.
    std::size_t position(std::size_t group = 0) const { return bounds_.at(2 * group); }
    /// What stands before it, from the match before in a MatchIterator; and all that stands behind.
    Part prefix() const;
    Part suffix() const;

  private:
    friend class Search;
    friend class MatchIterator;
    std::string_view searched_;
    std::size_t after_ = 0;            // Where the match before has ended.
    std::vector<std::size_t> bounds_;  // Begin and end of each group.
};

/// Whether the pattern matches all of the words.
bool regex_match(std::string_view words, const Regex& pattern);
bool regex_match(const std::string& words, Match& found, const Regex& pattern);
bool regex_match(std::string&& words, Match& found, const Regex& pattern) = delete;
/// Whether it matches somewhere: the leftmost.
bool regex_search(std::string_view words, const Regex& pattern);
bool regex_search(const std::string& words, Match& found, const Regex& pattern);
bool regex_search(std::string&& words, Match& found, const Regex& pattern) = delete;
/// With each match, or with the first, replaced: "$1" is its first group, "$&" all of it.
std::string regex_replace(std::string_view words, const Regex& pattern, std::string_view instead);
std::string regex_replace_first(std::string_view words, const Regex& pattern,
                                std::string_view instead);
/// The parts between the matches; what stands behind the last one only if there is something.
std::vector<std::string> regex_split(std::string_view words, const Regex& pattern);

/// All matches, from left to right. The words and the pattern must outlive it.
class MatchIterator {
  public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Match;
    using difference_type = std::ptrdiff_t;

    MatchIterator() = default;  // The end of any.
    MatchIterator(const std::string& words, const Regex& pattern);
    MatchIterator(std::string&& words, const Regex& pattern) = delete;
    MatchIterator(std::string_view words, Regex&& pattern) = delete;
    MatchIterator(std::string_view words, const Regex& pattern);

    const Match& operator*() const { return match_; }
    const Match* operator->() const { return &match_; }
    MatchIterator& operator++();
    MatchIterator operator++(int);
    bool operator==(const MatchIterator& other) const;

  private:
    const Regex* pattern_ = nullptr;
    Match match_;
};

}  // namespace conformance
