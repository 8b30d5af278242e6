#pragma once

#include <source_location>

namespace zab {

/// Called when an `ensure` failed: prints the reason and ends the process (exit 70). A front end
/// may install its own handler, which must not return, to print seed, time and last records first.
using EnsureHandler = void (*)(const char* why, std::source_location where);

/// Installs `handler` for this thread and returns the previous one (null: the default).
EnsureHandler set_ensure_handler(EnsureHandler handler);

[[noreturn]] void ensure_failed(const char* why, std::source_location where);

/// States a fact that must hold for every sequence of inputs, hostile ones included. `why` gives
/// the reason, not the expression again. Alive in every build.
inline void ensure(bool condition, const char* why,
                   std::source_location where = std::source_location::current()) {
    if (!condition) [[unlikely]] {
        ensure_failed(why, where);
    }
}

}  // namespace zab
