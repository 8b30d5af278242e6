#pragma once

#include <string>

namespace conformance {

/// A step, and what is expected of a server, in the words that the readers of a story know.
std::string step_in_known_words(const std::string& words);
std::string claim_in_known_words(const std::string& words);

}  // namespace conformance
