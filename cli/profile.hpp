#pragma once

#include "sim/trace/line_format.hpp"
#include "sim/trace/record.hpp"
#include "sim/trace/recorder.hpp"
#include "sim/world/world.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace cli {

/// What each kind of record costs. Cpu time is measured, not simulated: the thread's cpu clock is
/// read around each event, and its time, observers included, goes to the first record of the
/// event. Events without a record count towards the next that has one.
class Profile final : public trace::Sink {
  public:
    void observe(const trace::Record& record, trace::RecordId id) override;

    /// Performs events until the next record, in measured time. False: nothing is left before
    /// `end`.
    bool run_to_next_record(sim::World& world, zab::Instant end);
    /// The closing records of the run.
    void finish(sim::World& world);

    /// `recorder` and `events` are those of the whole run.
    std::string text(const trace::Recorder& recorder, std::uint64_t events) const;

  private:
    struct Entry {
        trace::Record record;
        trace::RecordId id{};
    };

    void account(std::uint64_t spent_ns);

    std::vector<Entry> event_;  ///< The records of the event under way.
    trace::LineFormat format_;
    std::array<std::uint64_t, trace::kind_count> cpu_ns_{};
    std::array<std::uint64_t, trace::kind_count> bytes_{};
};

}  // namespace cli
