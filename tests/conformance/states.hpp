#pragma once

#include "protocol/types/time.hpp"
#include "tests/conformance/case.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What a case says of the states of its connection that a client reports.
namespace conformance {

using States = std::vector<std::string>;

/// Whether a key is such a state.
bool is_state(const std::string& key);
/// "Expired after >= timeout, < 10*timeout": that a client has ended its session itself, and when,
/// since it lost its server.
void check_client_end(const std::string& words, std::optional<zab::Duration> ended_after,
                      std::uint64_t timeout_ms, Verdict& verdict);
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
