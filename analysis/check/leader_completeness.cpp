#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property leader_completeness{
    "leader_completeness",
    "the initial history of an established leader contains every committed transaction",
    trace::Level::protocol};
constexpr Property family[] = {leader_completeness};

class LeaderCompleteness final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override { return kind_set({established}); }
    std::uint64_t fingerprint() const override { return 0; }  // All that it knows is the ghost's.
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<LeaderCompleteness>(*this);
    }

    void observe(const Step& step) override {
        const HistoryTree& histories = step.ghost.histories();
        const Position& committed = step.ghost.committed();
        // A leader may learn of its establishment when its successor is established already. Then
        // its successor must have its history, and not the other way round.
        const bool is_late = zab::Epoch{step.record.c()} < step.ghost.highest_established();
        const Answer answer = is_late ? histories.contains(committed, step.position)
                                      : histories.contains(step.position, committed);
        if (answer != Answer::no) return;
        step.report(leader_completeness, {step.ghost.committed_record(), step.server().role_record},
                    [&] {
                        return fmt::format("leader {} of epoch {} begins with {}; committed is {}",
                                           step.record.node().value, step.record.c(),
                                           text(step.position), text(committed));
                    });
    }
};

}  // namespace

std::unique_ptr<Checker> make_leader_completeness() {
    return std::make_unique<LeaderCompleteness>();
}

}  // namespace analysis
