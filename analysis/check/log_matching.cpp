#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property log_matching{
    "log_matching",
    "logs, snapshots and memories with the same last zxid of the same leader are the same history",
    trace::Level::protocol};
constexpr Property family[] = {log_matching};

/// A proposal fixes the whole history up to it. So it is enough that whatever a server holds is a
/// history that some leader had. What a scenario gives to a server before its first boot is exempt.
class LogMatching final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override {
        return kind_set({booted, established, synced, synchronized, truncated, lost,
                         snapshot_written, snapshot_installed, history});
    }
    std::uint64_t fingerprint() const override { return 0; }  // All that it knows is the ghost's.
    std::unique_ptr<Checker> clone() const override { return std::make_unique<LogMatching>(*this); }

    void observe(const Step& step) override {
        if (step.position.is_known() || !step.server().has_booted) return;
        const ServerState& server = step.server();
        step.report(log_matching, {server.durable_record, server.applied_record}, [&] {
            return fmt::format("server {} holds {}", step.record.node().value, text(step.position));
        });
    }
};

}  // namespace

std::unique_ptr<Checker> make_log_matching() { return std::make_unique<LogMatching>(); }

}  // namespace analysis
