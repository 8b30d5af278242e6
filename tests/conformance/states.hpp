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

/// "events", "Disconnected": "reported once", "duplicates": 0. False: the key is of something else.
bool check_state_key(const std::string& key, const Value& value, const States& states,
                     Verdict& verdict);
/// The state of that name.
std::optional<std::string> state_called(const std::string& key);
/// "one Disconnected event only, then Expired": reports, and the state at the end. False: the words
/// say something else.
bool check_story(const std::string& words, const States& states, Verdict& verdict);
/// "Expired after >= timeout, < 10*timeout": that a client has ended its session itself, and when,
/// since it lost its server.
void check_client_end(const std::string& words, std::optional<zab::Duration> ended_after,
                      std::uint64_t timeout_ms, Verdict& verdict);
/// A step of a client's life, in the words that are known. life_forms.cpp
std::string known_life_step(const std::string& told);
/// "connects, timeout 3000": without the time, which becomes that of the session.
std::string take_timeout(const std::string& step, Value& initial);
/// Whether a key speaks of the states in order.
bool is_about_states(const std::string& key);
/// "Disconnected only once", "Disconnected reported once", "no duplicates": how often a state is
/// reported in all. False: the words are about something else.
bool check_reports(const std::string& words, const States& states, Verdict& verdict);

}  // namespace conformance
