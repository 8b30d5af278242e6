#pragma once

#include "tests/conformance/case.hpp"

#include <string>
#include <vector>

/// What a case says of the states of its connection that a client reports.
namespace conformance {

using States = std::vector<std::string>;

/// Whether a key speaks of the states in order.
bool is_about_states(const std::string& key);
void check_states(const std::string& key, const Value& value, const States& states,
                  Verdict& verdict);
/// "Disconnected only once", "Disconnected reported once", "no duplicates": how often a state is
/// reported in all. False: the words are about something else.
bool check_reports(const std::string& words, const States& states, Verdict& verdict);
/// How often a state is reported that was the last one already.
void check_duplicates(const std::string& key, const Value& value, const States& states,
                      Verdict& verdict);

}  // namespace conformance
