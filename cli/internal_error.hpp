#pragma once

#include "protocol/types/ensure.hpp"
#include "protocol/types/time.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/trace/record.hpp"
#include "sim/world/world.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <string>

namespace cli {

/// What is being done, for the report of a bug.
struct Activity {
    std::shared_ptr<const sim::Scenario> scenario;
    std::uint64_t seed = 0;
    zab::Instant end;
    std::string reproduce;
};

/// A failed `ensure`, on its way up: destructors remove what is half-written.
struct InternalError : std::exception {
    const char* what() const noexcept override { return why.c_str(); }
    std::string why;
    zab::SourcePlace where;
    Activity activity;            ///< No scenario: no world was running.
    trace::RecordId records = 0;  ///< That the world had emitted.
    zab::Instant time;
};

/// Turns failed `ensure`s of this thread into InternalError while it lives.
class InternalErrorGuard {
  public:
    InternalErrorGuard();
    ~InternalErrorGuard();
    InternalErrorGuard(const InternalErrorGuard&) = delete;
    InternalErrorGuard& operator=(const InternalErrorGuard&) = delete;

  private:
    zab::EnsureHandler previous_;
};

/// Tells what this thread does while it lives. `world` may come later than its making, which may
/// fail, too.
class ActivityScope {
  public:
    explicit ActivityScope(Activity activity);
    ~ActivityScope();
    ActivityScope(const ActivityScope&) = delete;
    ActivityScope& operator=(const ActivityScope&) = delete;
    void set_world(const sim::World* world) { world_ = world; }

  private:
    friend InternalError internal_error(const char* why, zab::SourcePlace where);
    Activity activity_;
    const sim::World* world_ = nullptr;
    const ActivityScope* outer_;
};

/// For people: what failed, when, where, the last records, and how to report it. The run keeps no
/// records for this: the world is run again, which a world permits.
std::string crash_report(const InternalError& error, const std::string& engine);

}  // namespace cli
