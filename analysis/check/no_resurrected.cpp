#include "analysis/check/checkers.hpp"
#include "analysis/check/skipped_tails.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property no_resurrected{
    "no_resurrected",
    "a transaction that an established leader's initial history skips never comes back",
    trace::Level::protocol};
constexpr Property family[] = {no_resurrected};

class NoResurrected final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override { return kind_set({established, deliver, commit}); }
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<NoResurrected>(*this);
    }

    void observe(const Step& step) override {
        if (step.record.kind() != established) return check(step, step.position);
        const HistoryTree& histories = step.ghost.histories();
        for (Position at = step.position; at.branch != Position::nowhere;) {
            check(step, at);
            at = histories.branch(at.branch).base.value_or(Position{});
        }
        tails_.begin_epoch(histories, zab::Epoch{step.record.c()}, step.position, step.id);
    }

    std::uint64_t fingerprint() const override {
        Fingerprint fingerprint;
        tails_.add_to(fingerprint);
        return fingerprint.value();
    }

  private:
    void check(const Step& step, const Position& position) const {
        if (!tails_.is_skipped(position)) return;
        step.report(no_resurrected, {tails_.skipped_by(position)}, [&] {
            return fmt::format("server {} brings back {}, which a later epoch began without",
                               step.record.node().value, text(position));
        });
    }

    SkippedTails tails_;  ///< By established epochs.
};

}  // namespace

std::unique_ptr<Checker> make_no_resurrected() { return std::make_unique<NoResurrected>(); }

}  // namespace analysis
