#pragma once

#include <string>

namespace cli {

/// Runs a world that must fail, in the way in which a campaign runs its own. Empty: it failed, as
/// it must; else what came instead. A pipeline that cannot see this failure would call everything
/// clean.
std::string failure_of_canary();

}  // namespace cli
