#include "analysis/check/checkers.hpp"

#include <fmt/format.h>

#include <iterator>

namespace analysis {

namespace {

using enum trace::Kind;

constexpr Property one_leader_per_epoch{
    "one_leader_per_epoch", "at most one server synchronizes or broadcasts as leader of an epoch",
    trace::Level::protocol};
constexpr Property family[] = {one_leader_per_epoch};

/// Two servers that lead in different epochs at the same time are no violation.
class OneLeaderPerEpoch final : public Checker {
  public:
    std::span<const Property> properties() const override { return family; }
    trace::KindSet kinds() const override {
        return kind_set({leading, current_epoch, looking, following, established, serving, propose,
                         synchronized});
    }
    std::unique_ptr<Checker> clone() const override {
        return std::make_unique<OneLeaderPerEpoch>(*this);
    }

    void observe(const Step& step) override {
        const trace::Record& record = step.record;
        const std::size_t place = record.node().value;
        if (place >= bids_.size()) bids_.resize(place + 1);
        switch (record.kind()) {
            case leading: bids_[place] = zab::Epoch{record.c()}; return;
            case looking:
            case following: bids_[place] = {}; return;
            case current_epoch:
                // Leader.lead: once a quorum has acknowledged the epoch. Before that, two may bid
                // for the same one: who comes to a follower too late gets no acknowledgement.
                if (bids_[place] != zab::Epoch{} && bids_[place] == zab::Epoch{record.c()}) {
                    claim(step, record.node(), bids_[place]);
                }
                return;
            default: break;
        }
        const bool names_leader =
            record.kind() == serving || record.kind() == trace::Kind::synchronized;
        const zab::NodeId leader = names_leader ? zab::NodeId{record.peer()} : record.node();
        const zab::Epoch epoch =
            record.kind() == propose ? record.zxid().epoch() : zab::Epoch{record.c()};
        claim(step, leader, epoch);
    }

    std::uint64_t fingerprint() const override {
        Fingerprint fingerprint;
        for (const Claim& claim : claims_) {
            fingerprint.add(claim.epoch);
            fingerprint.add(std::uint64_t{claim.leader.value});
        }
        for (const zab::Epoch bid : bids_) fingerprint.add(bid);
        return fingerprint.value();
    }

  private:
    struct Claim {
        zab::Epoch epoch;
        zab::NodeId leader;
        trace::RecordId record;
    };

    void claim(const Step& step, zab::NodeId leader, zab::Epoch epoch) {
        // Nearly always the newest epoch, which is the last.
        auto place = claims_.end();
        while (place != claims_.begin() && std::prev(place)->epoch >= epoch) --place;
        if (place == claims_.end() || place->epoch != epoch) {
            claims_.insert(place, {epoch, leader, step.id});
            return;
        }
        if (place->leader == leader) return;
        step.report(one_leader_per_epoch, {place->record}, [&] {
            return fmt::format("server {} leads epoch {}, which server {} leads", leader.value,
                               epoch.value, place->leader.value);
        });
    }

    std::vector<zab::Epoch> bids_;  ///< By server: what it leads, before anybody has agreed.
    std::vector<Claim> claims_;     ///< By epoch.
};

}  // namespace

std::unique_ptr<Checker> make_one_leader_per_epoch() {
    return std::make_unique<OneLeaderPerEpoch>();
}

}  // namespace analysis
