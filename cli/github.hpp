#pragma once

#include <string>
#include <string_view>

namespace cli {

/// The text as GitHub's workflow commands ("::error file=…::…") take it: escaped are %, CR and LF,
/// and in a property, such as a file's name, also the colon and the comma.
std::string command_text(std::string_view text, bool is_property = false);

}  // namespace cli
