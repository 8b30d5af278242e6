#pragma once

#include "cli/environment.hpp"
#include "protocol/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace cli {

/// A line on a terminal's standard error that tells how far a run is; nothing elsewhere. At most
/// ten times a second, and gone at the end.
class Progress {
  public:
    /// `what` is running, one of `total` runs.
    Progress(const Environment& environment, std::string_view what, std::uint64_t total);
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Of run number `run`, from 0. `records`: since the beginning of that run.
    void update(std::uint64_t run, zab::Instant now, zab::Instant end, std::uint64_t records);
    void clear();

  private:
    using Clock = std::chrono::steady_clock;

    const Environment& environment_;
    std::string what_;
    std::uint64_t total_;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point run_begin_ = begin_;
    Clock::time_point shown_ = begin_;
    std::uint64_t run_ = 0;
    bool is_shown_ = false;
};

}  // namespace cli
