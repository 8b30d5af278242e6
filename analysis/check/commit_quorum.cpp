#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property commit_quorum{"commit_quorum", "a leader commits only what a quorum has durably",
                                 trace::Level::protocol};
constexpr Property commit_order{
    "commit_order", "a leader commits its own proposals in order, and all commits form one history",
    trace::Level::protocol};
constexpr Property established_quorum{
    "established_quorum", "a leader is established only when a quorum has its initial history",
    trace::Level::protocol};
constexpr Property family[] = {commit_quorum, commit_order, established_quorum};

/// The leader's own copy may be missing: a quorum of followers is enough.
class CommitQuorum final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override { return kind_set({ack, commit, established}); }
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<CommitQuorum>(*this);
    }

    void observe(const Step& step) override {
        if (step.record.kind() == ack) return on_ack(step);
        if (step.record.kind() == established) {
            return check_holders(step, established_quorum, step.server().role_record);
        }
        check_holders(step, commit_quorum, no_record);
        check_acknowledgements(step);
        check_own_order(step);
        check_one_history(step);
    }

    std::uint64_t fingerprint() const override {
        Fingerprint fingerprint;
        for (const zab::Zxid zxid : acknowledged_) fingerprint.add(zxid);
        return fingerprint.value();
    }

  private:
    void on_ack(const Step& step) {
        const std::size_t node = step.record.node().value;
        if (node >= acknowledged_.size()) acknowledged_.resize(node + 1);
        acknowledged_[node] = std::max(acknowledged_[node], step.record.zxid());
    }

    static void check_holders(const Step& step, const Property& property, trace::RecordId role) {
        if (step.ghost.is_held_by_quorum(step.position)) return;
        step.report(property, {role}, [&] {
            const Ensemble& ensemble = step.ghost.ensemble();
            const std::string needed = ensemble.groups.exist()
                                           ? "the majority of the groups is"
                                           : fmt::format("{} are", ensemble.quorum());
            return fmt::format(
                "leader {} counts {} as held by a quorum; {} of {} voters have it "
                "durably, {} needed",
                step.record.node().value, text(step.position), step.ghost.holders(step.position),
                ensemble.voters.size(), needed);
        });
    }

    void check_acknowledgements(const Step& step) const {
        const zab::Zxid zxid = step.record.zxid();
        const Ensemble& ensemble = step.ghost.ensemble();
        const auto has_sent = [&](zab::NodeId voter) {
            return voter.value < acknowledged_.size() && acknowledged_[voter.value] >= zxid;
        };
        std::size_t sent = 0;
        for (const zab::NodeId voter : ensemble.voters) sent += has_sent(voter) ? 1u : 0u;
        const std::size_t counted = step.record.c();
        if (counted <= sent && ensemble.decides(counted, has_sent)) return;
        step.report(commit_quorum, {}, [&] {
            return fmt::format("leader {} commits {} with {} acknowledgements; {} voters sent one",
                               step.record.node().value, text(step.position), counted, sent);
        });
    }

    static void check_own_order(const Step& step) {
        const zab::Zxid zxid = step.record.zxid();
        const auto& leadership = step.server().leadership;
        if (!leadership || !leadership->is_established || leadership->epoch != zxid.epoch()) {
            step.report(commit_order, {step.server().role_record}, [&] {
                return fmt::format("server {} commits {} and is not the established leader of {}",
                                   step.record.node().value, text(zxid), zxid.epoch().value);
            });
        } else if (zxid.counter() != leadership->last_committed + 1) {
            step.report(commit_order, {leadership->since}, [&] {
                return fmt::format("leader {} commits {} after counter {} of its epoch",
                                   step.record.node().value, text(zxid),
                                   leadership->last_committed);
            });
        }
    }

    static void check_one_history(const Step& step) {
        const HistoryTree& histories = step.ghost.histories();
        const Position& committed = step.ghost.committed();
        if (histories.is_successor(committed, step.position) != Answer::no) return;
        // A deposed leader may count late acknowledgements: its successor has the transaction.
        if (histories.contains(committed, step.position) != Answer::no) return;
        step.report(commit_order, {step.ghost.committed_record()}, [&] {
            return fmt::format("leader {} commits {}; the committed history ends with {}",
                               step.record.node().value, text(step.position), text(committed));
        });
    }

    std::vector<zab::Zxid> acknowledged_;  ///< The highest that each server has acknowledged.
};

}  // namespace

std::unique_ptr<Checker> make_commit_quorum() { return std::make_unique<CommitQuorum>(); }

}  // namespace analysis
