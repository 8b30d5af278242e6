#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property synced_survives{"synced_survives", "a power loss takes nothing that was durable",
                                   trace::Level::protocol};
constexpr Property committed_durability{
    "committed_durability", "a quorum holds every committed transaction durably, for ever",
    trace::Level::protocol};
constexpr Property truncation_safety{"truncation_safety",
                                     "a truncation never removes a committed transaction",
                                     trace::Level::protocol};
constexpr Property family[] = {synced_survives, committed_durability, truncation_safety};

/// Holders of the newest committed transaction hold all committed ones, so only its holders are
/// counted, and only when one of them may have ceased to be one.
class Durability final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override {
        return kind_set({lost, truncated, booted, snapshot_written});
    }
    std::uint64_t fingerprint() const override { return 0; }  // All that it knows is the ghost's.
    std::unique_ptr<Checker> clone() const override { return std::make_unique<Durability>(*this); }

    void observe(const Step& step) override {
        if (!step.server().has_booted) return;
        const trace::Kind kind = step.record.kind();
        if (kind == snapshot_written && !replaces_log(step)) return;
        if (kind == lost) check_survival(step);
        if (kind == truncated) check_truncation(step);
        check_holders(step);
    }

  private:
    /// A snapshot of an older state leaves the newer log in force.
    static bool replaces_log(const Step& step) {
        const HistoryTree& histories = step.ghost.histories();
        return step.record.c() != 0 &&
               histories.contains(step.server().durable, step.position) == Answer::no;
    }

    static void check_survival(const Step& step) {
        const ServerState& server = step.server();
        if (step.ghost.histories().contains(step.position, server.durable) != Answer::no) return;
        step.report(synced_survives, {server.durable_record}, [&] {
            return fmt::format("server {} is left with {} of the durable {}",
                               step.record.node().value, text(step.position), text(server.durable));
        });
    }

    static void check_truncation(const Step& step) {
        const ServerState& server = step.server();
        const zab::Zxid held =
            step.ghost.histories().common(step.ghost.committed(), server.durable);
        if (held <= step.position.zxid) return;
        step.report(truncation_safety, {step.ghost.committed_record(), server.durable_record}, [&] {
            return fmt::format(
                "server {} cuts its log after {}, and held committed transactions "
                "up to {}",
                step.record.node().value, text(step.position), text(held));
        });
    }

    static void check_holders(const Step& step) {
        const Ghost& ghost = step.ghost;
        const Position& committed = ghost.committed();
        if (!step.server().is_voter || committed.is_empty()) return;
        if (ghost.histories().contains(step.server().durable, committed) == Answer::no) return;
        if (ghost.is_held_by_quorum(committed, step.record.node(), step.position)) return;
        const std::size_t holders = ghost.holders(committed, step.record.node(), step.position);
        step.report(
            committed_durability, {ghost.committed_record(), step.server().durable_record}, [&] {
                return fmt::format(
                    "only {} voters still hold the committed {}: server {} is left with "
                    "{}",
                    holders, text(committed), step.record.node().value, text(step.position));
            });
    }
};

}  // namespace

std::unique_ptr<Checker> make_durability() { return std::make_unique<Durability>(); }

}  // namespace analysis
