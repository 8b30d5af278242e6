#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property committed_replies{
    "committed_replies", "a client is never told of a transaction that is not committed",
    trace::Level::protocol};
constexpr Property family[] = {committed_replies};

/// With leader completeness and durability this is what "a replied success stays" comes down to.
class CommittedReplies final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override { return kind_set({complete}); }
    std::uint64_t fingerprint() const override { return 0; }  // All that it knows is the ghost's.
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<CommittedReplies>(*this);
    }

    void observe(const Step& step) override {
        const zab::Zxid zxid = step.record.zxid();
        const Position& committed = step.ghost.committed();
        const bool is_committed =
            zxid.counter() == 0  // The state with which an epoch began.
                ? zxid.epoch() <= step.ghost.highest_established()
                : step.ghost.histories().includes(committed, zxid) != Answer::no;
        if (is_committed) return;
        step.report(committed_replies, {step.ghost.committed_record()}, [&] {
            return fmt::format("server {} answers client {} with {}; committed is {}",
                               step.record.node().value, step.record.b(), text(zxid),
                               text(committed));
        });
    }
};

}  // namespace

std::unique_ptr<Checker> make_committed_replies() { return std::make_unique<CommittedReplies>(); }

}  // namespace analysis
