#include "analysis/check/checkers.hpp"
#include "analysis/check/skipped_tails.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property local_primary_order{
    "local_primary_order",
    "only the established leader of an epoch proposes in it, with counters 1, 2, 3 and so on",
    trace::Level::protocol};
constexpr Property global_primary_order{
    "global_primary_order", "a server delivers transactions in the order of their epochs",
    trace::Level::protocol};
constexpr Property primary_integrity{
    "primary_integrity",
    "a leader delivers what any server delivers of earlier epochs before it proposes",
    trace::Level::protocol};
constexpr Property family[] = {local_primary_order, global_primary_order, primary_integrity};

/// The order properties of DSN'11 about primaries. That deliveries keep a primary's own order
/// needs no check here: total order compares them with the branch that the proposals form.
class PrimaryOrder final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override { return kind_set({propose, deliver}); }
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<PrimaryOrder>(*this);
    }

    void observe(const Step& step) override {
        if (step.record.kind() == propose) return on_propose(step);
        on_deliver(step);
    }

    std::uint64_t fingerprint() const override {
        Fingerprint fingerprint;
        fingerprint.add(delivered_.zxid);
        fingerprint.add(delivered_.prefix);
        tails_.add_to(fingerprint);
        return fingerprint.value();
    }

  private:
    void on_propose(const Step& step) {
        const zab::Zxid zxid = step.record.zxid();
        const auto& leadership = step.server().leadership;
        if (!leadership || !leadership->is_established || leadership->epoch != zxid.epoch()) {
            step.report(local_primary_order, {step.server().role_record}, [&] {
                return fmt::format("server {} proposes {} and is not the established leader of {}",
                                   step.record.node().value, text(zxid), zxid.epoch().value);
            });
            return;
        }
        const auto& branch = step.ghost.histories().branch(leadership->branch);
        const std::uint32_t last = branch.prefixes.last();
        if (zxid.counter() != last + 1) {
            step.report(local_primary_order, {leadership->since}, [&] {
                return fmt::format("server {} proposes {} after counter {} of its epoch",
                                   step.record.node().value, text(zxid), last);
            });
        }
        if (last == 0) on_first_proposal(step, *leadership);
    }

    void on_first_proposal(const Step& step, const Leadership& leadership) {
        const HistoryTree& histories = step.ghost.histories();
        const Position& applied = step.server().applied;
        const auto earlier = histories.before(delivered_, leadership.epoch);
        if (earlier && histories.contains(applied, *earlier) == Answer::no) {
            step.report(primary_integrity,
                        {delivered_record_, leadership.since, step.server().applied_record}, [&] {
                            return fmt::format(
                                "leader {} proposes {} in the state of {}; {} was delivered",
                                step.record.node().value, text(step.record.zxid()), text(applied),
                                text(*earlier));
                        });
        }
        tails_.begin_epoch(histories, leadership.epoch, applied, step.id);
    }

    void on_deliver(const Step& step) {
        const Position& applied = step.server().applied;
        if (step.record.zxid().epoch() < applied.zxid.epoch()) {
            step.report(global_primary_order, {step.server().applied_record}, [&] {
                return fmt::format("server {} delivers {} after {}", step.record.node().value,
                                   text(step.position), text(applied));
            });
        }
        if (tails_.is_skipped(step.position)) {
            step.report(primary_integrity, {tails_.skipped_by(step.position)}, [&] {
                return fmt::format(
                    "server {} delivers {}, which the leader of a later epoch had "
                    "not delivered when it first proposed",
                    step.record.node().value, text(step.position));
            });
        }
        if (step.position.zxid <= delivered_.zxid) return;
        delivered_ = step.position;
        delivered_record_ = step.id;
    }

    Position delivered_;  ///< The highest that any server delivered.
    trace::RecordId delivered_record_ = no_record;
    SkippedTails tails_;  ///< By epochs that have proposed.
};

}  // namespace

std::unique_ptr<Checker> make_primary_order() { return std::make_unique<PrimaryOrder>(); }

}  // namespace analysis
