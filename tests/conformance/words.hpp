#pragma once

#include "tests/conformance/case.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the interpreters of one function or one object have in common: members under several
/// names, and words.
namespace conformance {

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

}  // namespace conformance
