#pragma once

#include <string>

namespace conformance {

/// Of elections that are held, won and repeated, and of servers that come back: other words for
/// them, before those that the readers know.
std::string restated_step(const std::string& told);
std::string restated_claim(const std::string& told);

}  // namespace conformance
