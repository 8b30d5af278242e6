#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cli {

/// The known name that `word` is most likely a misspelling of; empty if none is near.
std::string nearest(std::string_view word, std::span<const std::string> known);

/// `; did you mean "…"?`, or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace cli
