#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property boot_soundness{
    "boot_soundness", "a server boots with all that was durable, and snapshots hold real histories",
    trace::Level::protocol};
constexpr Property family[] = {boot_soundness};

/// A boot may find more than was durable: a crash of the process alone keeps the page cache.
class Boot final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override { return kind_set({booted, snapshot_written}); }
    std::uint64_t fingerprint() const override { return 0; }  // All that it knows is the ghost's.
    std::unique_ptr<Checker> clone() const override { return std::make_unique<Boot>(*this); }

    void observe(const Step& step) override {
        const ServerState& server = step.server();
        if (!server.has_booted) return;
        const bool is_boot = step.record.kind() == booted;
        // Memory moves on unrecorded while a learner synchronizes.
        if (!is_boot && server.is_synchronizing) return;
        const HistoryTree& histories = step.ghost.histories();
        // A snapshot's name is the state of the moment in which its writing began.
        const Answer answer = is_boot ? histories.contains(step.position, server.durable)
                                      : histories.contains(server.applied, step.position);
        if (answer != Answer::no) return;
        const trace::RecordId other = is_boot ? server.durable_record : server.applied_record;
        step.report(boot_soundness, {other}, [&] {
            return fmt::format("server {} {} {}; its {} state was {}", step.record.node().value,
                               is_boot ? "boots with" : "writes a snapshot of", text(step.position),
                               is_boot ? "durable" : "memory's",
                               text(is_boot ? server.durable : server.applied));
        });
    }
};

}  // namespace

std::unique_ptr<Checker> make_boot() { return std::make_unique<Boot>(); }

}  // namespace analysis
