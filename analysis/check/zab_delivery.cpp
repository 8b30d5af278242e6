#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property integrity{"integrity", "a server delivers only what some leader proposed",
                             trace::Level::protocol};
constexpr Property total_order{
    "total_order", "a server delivers each transaction right after the one that precedes it",
    trace::Level::protocol};
constexpr Property agreement{"agreement",
                             "what servers deliver and serve are prefixes of one committed history",
                             trace::Level::protocol};
constexpr Property family[] = {integrity, total_order, agreement};

/// Integrity, total order and agreement (DSN'11) by way of one global sequence: the committed
/// history. A server's delivery must be the next transaction of its own history and lie in the
/// committed one; then any two servers agree up to the shorter.
class ZabDelivery final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override { return kind_set({deliver, inform, serving}); }
    std::uint64_t fingerprint() const override { return 0; }  // All that it knows is the ghost's.
    std::unique_ptr<Checker> clone() const override { return std::make_unique<ZabDelivery>(*this); }

    void observe(const Step& step) override {
        if (!step.position.is_known()) return report_unproposed(step);
        if (step.record.kind() == deliver) check_order(step);
        check_committed(step);
    }

  private:
    static void report_unproposed(const Step& step) {
        step.report(integrity, {}, [&] {
            return fmt::format("server {} takes over {}", step.record.node().value,
                               text(step.position));
        });
    }

    static void check_order(const Step& step) {
        const ServerState& server = step.server();
        if (step.ghost.histories().is_successor(server.applied, step.position) != Answer::no) {
            return;
        }
        step.report(total_order, {server.applied_record}, [&] {
            return fmt::format("server {} delivers {} when its state is that of {}",
                               step.record.node().value, text(step.position), text(server.applied));
        });
    }

    static void check_committed(const Step& step) {
        const Position& committed = step.ghost.committed();
        if (step.ghost.histories().contains(committed, step.position) != Answer::no) return;
        step.report(agreement, {step.ghost.committed_record()}, [&] {
            return fmt::format("server {} {} {}, but the committed history ends with {}",
                               step.record.node().value,
                               step.record.kind() == serving ? "serves clients from" : "delivers",
                               text(step.position), text(committed));
        });
    }
};

}  // namespace

std::unique_ptr<Checker> make_zab_delivery() { return std::make_unique<ZabDelivery>(); }

}  // namespace analysis
