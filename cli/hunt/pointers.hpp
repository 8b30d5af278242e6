#pragma once

#include "sim/scenario/json_value.hpp"

#include <string>
#include <vector>

/// Places in a scenario, as JSON pointers (RFC 6901), for those who cut it down.
namespace cli {

/// The value there; null when there is none.
sim::json::Value* value_at(sim::json::Value& root, const std::string& pointer);

/// Takes the value out of its object or list. False: there is none.
bool remove_at(sim::json::Value& root, const std::string& pointer);

/// Every key of every object, the outer ones first, but for those of a scenario that say what it
/// is and not what is in it: $schema, format, name, why, seed, duration, protocol, release,
/// transport and capsule.
std::vector<std::string> pointers_to_keys(const sim::json::Value& scenario);

/// What a story is made of: each fault, each group of clients, each server's start, and each other
/// key, two levels deep.
std::vector<std::string> pointers_to_items(const sim::json::Value& scenario);

}  // namespace cli
