#include "cli/progress.hpp"

#include "analysis/report/paint.hpp"
#include "analysis/stats/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

namespace {

constexpr std::chrono::milliseconds refresh{100};
constexpr std::size_t bar_width = 20;

std::string bar(double share) {
    const auto full = static_cast<std::size_t>(share * static_cast<double>(bar_width));
    return "[" + std::string(full, '#') + std::string(bar_width - full, '.') + "]";
}

double seconds(std::chrono::steady_clock::duration time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

Progress::Progress(const Environment& environment, std::string_view what, std::uint64_t total)
    : environment_(environment), what_(analysis::printable(what)), total_(total) {}

void Progress::update(std::uint64_t run, zab::Instant now, zab::Instant end,
                      std::uint64_t records) {
    if (!environment_.talk_is_terminal) return;
    const Clock::time_point clock = Clock::now();
    if (run != run_) {
        run_ = run;
        run_begin_ = clock;
    }
    if (clock - shown_ < refresh) return;
    shown_ = clock;
    const double part =
        end.ns > 0 ? static_cast<double>(now.ns) / static_cast<double>(end.ns) : 1.0;
    const double share = std::clamp(
        (static_cast<double>(run) + part) / static_cast<double>(std::max<std::uint64_t>(total_, 1)),
        0.0, 1.0);
    const double elapsed = seconds(clock - begin_);
    const double in_run = std::max(seconds(clock - run_begin_), 0.001);
    std::string line = fmt::format("{} {} {:3.0f} %", what_, bar(share), share * 100);
    if (total_ > 1) line += fmt::format("  run {} of {}", run + 1, total_);
    line += fmt::format("  {} simulated, {:.1f}x, {:.0f} records/s", analysis::seconds_text(now),
                        static_cast<double>(now.ns) / 1e9 / in_run,
                        static_cast<double>(records) / in_run);
    if (share > 0) line += fmt::format(", {:.0f} s left", elapsed / share * (1 - share));
    environment_.talk << "\r\x1b[K" << line << std::flush;
    is_shown_ = true;
}

void Progress::clear() {
    if (is_shown_) environment_.talk << "\r\x1b[K" << std::flush;
    is_shown_ = false;
}

}  // namespace cli
