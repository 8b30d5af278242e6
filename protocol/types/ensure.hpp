#pragma once

namespace zab {

/// Where a check stands in the source. Not std::source_location: clang 14 cannot compile the one of
/// libstdc++ 12.
struct SourcePlace {
    const char* file = "";
    unsigned line = 0;
    static constexpr SourcePlace current(const char* file = __builtin_FILE(),
                                         unsigned line = __builtin_LINE()) {
        return {file, line};
    }
};

/// Called when an `ensure` failed: prints the reason and ends the process (exit 70). A front end
/// may install its own handler, which must not return, to print seed, time and last records first.
using EnsureHandler = void (*)(const char* why, SourcePlace where);

/// Installs `handler` for this thread and returns the previous one (null: the default).
EnsureHandler set_ensure_handler(EnsureHandler handler);

[[noreturn]] void ensure_failed(const char* why, SourcePlace where);

/// States a fact that must hold for every sequence of inputs, hostile ones included. `why` gives
/// the reason, not the expression again. Alive in every build.
inline void ensure(bool condition, const char* why, SourcePlace where = SourcePlace::current()) {
    if (!condition) [[unlikely]] {
        ensure_failed(why, where);
    }
}

}  // namespace zab
