#include "protocol/types/ensure.hpp"

#include <cstdio>
#include <cstdlib>

namespace zab {

namespace {

// The one mutable thread-local of the project: it holds no simulated state, only where to report.
thread_local EnsureHandler installed_handler = nullptr;

constexpr int exit_internal_error = 70;

}  // namespace

EnsureHandler set_ensure_handler(EnsureHandler handler) {
    const EnsureHandler previous = installed_handler;
    installed_handler = handler;
    return previous;
}

void ensure_failed(const char* why, SourcePlace where) {
    if (installed_handler != nullptr) {
        installed_handler(why, where);
    }
    std::fprintf(stderr, "zabsim: internal error: %s (%s:%u)\n", why, where.file, where.line);
    std::_Exit(exit_internal_error);
}

}  // namespace zab
