#pragma once

#include "sim/clock/horizon.hpp"
#include "sim/random/decimal.hpp"

#include <cstdint>

namespace sim {

/// A server's monotonic clock (System.nanoTime): it never jumps, and a fault may let it run faster
/// or slower than true time. Its timers and time-outs run by it.
class ServerClock {
  public:
    std::int64_t at(std::int64_t now) const { return read_ + elapsed(now - since_); }
    /// How long, in true time, until it has moved on by `span`, at least; never longer than the
    /// horizon.
    std::int64_t true_time(std::int64_t span) const {
        if (rate_nano_ == Factor::one_nano) [[likely]] {
            return within_horizon(span);
        }
        if (span / rate_nano_ >= horizon_ns / Factor::one_nano) {
            return horizon_ns;
        }
        const std::int64_t rest = (span % rate_nano_) * Factor::one_nano;
        return span / rate_nano_ * Factor::one_nano + (rest + rate_nano_ - 1) / rate_nano_;
    }
    /// From now on it runs at this rate: between 0.1 and 8.
    void run_at(Factor rate, std::int64_t now) {
        read_ = at(now);
        since_ = now;
        rate_nano_ = rate.nano;
    }

  private:
    /// Rounded down: what has been waited for is not there before its time.
    std::int64_t elapsed(std::int64_t span) const {
        if (rate_nano_ == Factor::one_nano) [[likely]] {
            return span;
        }
        const std::int64_t rest = span % Factor::one_nano * rate_nano_;
        return span / Factor::one_nano * rate_nano_ + rest / Factor::one_nano;
    }

    std::int64_t rate_nano_ = Factor::one_nano;
    std::int64_t since_ = 0;
    std::int64_t read_ = 0;
};

}  // namespace sim
