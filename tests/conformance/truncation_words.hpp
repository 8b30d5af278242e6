#pragma once

#include "tests/conformance/case.hpp"

#include <optional>
#include <string>
#include <vector>

namespace conformance {

/// Other ways to write what a log holds, what is done to it, and what is asked of it: in the words
/// that the player of cut logs knows.
std::string log_in_known_words(const std::string& words);
std::string cut_in_known_words(const std::string& step);
/// `{"truncateTo": [0, 1]}` as steps; none: it tells of something else.
std::vector<std::string> cut_steps(const Value& table);
/// "one node, 100 setData logged": what is logged.
std::string log_at_start(const std::string& words);
std::string cut_key(const std::string& key, const Value& value);

/// "absent", "no log files", "deleted (was 1..100)": a log of which no file is left, and in words
/// what it held; nothing: the words tell of something else.
std::optional<std::string> lost_log_in(const std::string& words);

/// Whether the words tell of a snapshot from before the first transaction, or of one of which
/// nothing more is said: what a log holds does not hang on it.
bool tells_first_snapshot(const std::string& words);

/// "true", "succeeds, no exception", "false": whether a cut is said to succeed. Throws Refused for
/// other words.
bool is_success(const Value& value);

/// "first", "next", "txn3": which of the records that are read.
std::optional<std::size_t> record_place(const std::string& key);

}  // namespace conformance
