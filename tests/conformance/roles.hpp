#pragma once

#include "tests/conformance/case.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace conformance {

/// A kind of session, in words, and what it says.
struct SessionKind {
    std::string words;
    bool is_unknown = false, is_upgrading = false, is_global = false, is_local = false;
    bool is_of_another = false;
    std::optional<std::uint64_t> id{};
};

/// What one of several kinds says; `was_unknown`: the one before it said that nobody knows it.
SessionKind kind_of(const std::string& words, bool was_unknown);
/// "global / own local / upgrading": one or several kinds of session.
std::vector<SessionKind> kinds_of(const std::string& words);

}  // namespace conformance
