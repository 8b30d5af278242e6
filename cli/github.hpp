#pragma once

#include <string>
#include <string_view>

namespace cli {

/// GitHub's escapes for the text of a workflow command; its properties have more of them.
std::string command_text(std::string_view text, bool is_property = false);

}  // namespace cli
