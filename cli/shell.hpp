#pragma once

#include <string>
#include <string_view>

namespace cli {

/// One word for a shell that reads `text` back. Bash and its relatives understand it; it is plain
/// POSIX unless `text` has control characters.
std::string shell_quoted(std::string_view text);

}  // namespace cli
