#pragma once

#include "protocol/config.hpp"
#include "tests/conformance/case.hpp"
#include "tests/conformance/regex.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the interpreters have in common: members under several names, and words that mean the same
/// in all kinds of case.
namespace conformance {

/// This pattern, compiled once: a case asks hundreds of times, and compiling takes far longer than
/// matching.
const Regex& compiled(const std::string& pattern, bool any_case = false);
/// Whether the words match somewhere, in either case of letters.
bool says(const std::string& words, const std::string& pattern);
/// Without what is in parentheses, which explains. A session in them, "W6(s2)", is no remark.
std::string without_asides(const std::string& words);
/// Refuses any other member, by name.
void only(std::string_view where, const Value& value,
          std::initializer_list<std::string_view> known);
/// The first of these members that there is.
const Value* first_of(const Value& value, std::initializer_list<std::string_view> names);
std::uint64_t number_or(const Value& value, std::string_view key, std::uint64_t otherwise);
/// true, "on", "off (…)", "enabled", …
bool is_on(const Value& value, std::string_view what);
/// null, "none", "n/a", "-": that there is no such thing.
bool is_nothing(const Value& value);
/// A list; or in words: "<0,2>, <0,3>", "empty".
std::vector<zab::Zxid> zxids_of(const Value& value, std::string_view what);
/// The ids in "0, 1 and 3..5".
std::vector<std::uint64_t> numbers_in(const std::string& words);
/// "one", "first", "once": 1; "12": 12.
std::optional<std::size_t> count_in(const std::string& word);

/// A sentence that is understood, and what it does to whoever plays it.
template <class Player>
struct Phrase {
    Regex words;
    void (*act)(Player&, const Match&);
};

/// Plays the first phrase that matches all of the words; false: none does.
template <class Player, class Phrases>
bool play_phrase(Player& player, const Phrases& known, const std::string& words) {
    for (const Phrase<Player>& phrase : known) {
        Match found;
        if (!regex_match(words, found, phrase.words)) continue;
        phrase.act(player, found);
        return true;
    }
    return false;
}

/// Another way to say something, and how it is said where it is understood.
struct Rewrite {
    Regex words;
    const char* instead;
};

/// All of them, in their order.
template <class Rewrites>
std::string rewritten(std::string words, const Rewrites& all) {
    for (const Rewrite& one : all) words = regex_replace(words, one.words, one.instead);
    return words;
}

bool contains(const std::string& words, const char* pattern);
/// Removes remarks in brackets, and blanks at the ends.
std::string without_remarks(const std::string& words);
/// Without remarks, articles and what else only fills.
std::string plain(const std::string& words);
/// The parts between commas and semicolons, but not within a zxid or "0, 1".
std::vector<std::string> clauses(const std::string& words);
/// The parts before and after the first match that is not within "0, 1 and 2", "<0,2>" or a remark.
std::optional<std::pair<std::string, std::string>> halves_at(const std::string& words,
                                                             const std::string& between);
/// Two parts of a step that tells of several things, at the first place where it may be cut.
std::optional<std::pair<std::string, std::string>> halves(const std::string& words);
/// Whether it is said that something is not so.
bool is_negated(const std::string& words);

/// For a clause that is understood as it stands: throws Refused when a word in it says that
/// something is not so, or turns it into its opposite.
void refuse_denied(const std::string& words);

/// "initLimit*tick + 5 s", "syncLimit ticks", "2*syncLimit+2 pings", "1000 ms"; nothing when the
/// words tell no time. Throws Refused for one that is too long to add up.
std::optional<zab::Duration> duration_in(const std::string& words, const zab::Config& config);
/// Such a time, or a sum of them, for a regular expression: no group.
const std::string& sum_of_times();
/// "LEADING within 5 s": what is said, how its time at the end is told, and the time.
struct Timed {
    std::string words, how;
    std::optional<zab::Duration> time;
    bool is_within() const { return time && how != "after" && how != "only after"; }
};
Timed timed_in(const std::string& words, const zab::Config& config);
/// Whether there is nothing else in the words than such (a pattern), numbers and punctuation.
bool made_of(const std::string& words, const std::string& known);
/// Ticks and limits, where a case gives them.
void take_settings(const Value& initial, zab::Config& config);
/// "/foo0..9", "/foo0../foo9" and "/a, /b": each of these paths.
std::vector<std::string> paths_in(const std::string& words);
/// What is next to the ranges among them, below and above: "/foo2" and "/foo10" of "/foo3-9".
std::vector<std::string> paths_next_to(const std::string& words);
/// As count_in, and "both", "another", "one more", "a".
std::optional<std::size_t> count_named(const std::string& words);

}  // namespace conformance
