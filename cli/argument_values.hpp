#pragma once

#include "cli/arguments.hpp"

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

/// The values of options, from the words that the user wrote. Each throws a UsageError for what it
/// does not understand.
namespace cli {

/// What a user wrote and nobody understands; the text says what is accepted.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::uint64_t seed_from(const std::string& text);
SeedRange seeds_from(const std::string& text);
sim::Override set_from(const std::string& text);
trace::Level level_from(const std::string& text);
zab::Duration until_from(const std::string& text);
std::uint64_t number_from(std::string_view option, const std::string& text, std::uint64_t least,
                          std::uint64_t most);
std::chrono::seconds real_time_from(std::string_view option, const std::string& text);
Shard shard_from(const std::string& text);

}  // namespace cli
