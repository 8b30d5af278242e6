#include "analysis/check/skipped_tails.hpp"

namespace analysis {

void SkippedTails::begin_epoch(const HistoryTree& histories, zab::Epoch epoch, const Position& base,
                               trace::RecordId record) {
    kept_.resize(histories.size());
    // Branches below the first one with an unknown base may or may not be contained.
    zab::Epoch lowest_known{0};
    std::vector<std::uint32_t> contained(histories.size(), 0);
    for (Position at = base; !at.is_empty();) {
        if (at.branch == Position::nowhere) return;
        contained[at.branch] = at.zxid.counter();
        const auto& below = histories.branch(at.branch).base;
        if (!below) {
            lowest_known = at.zxid.epoch();
            break;
        }
        at = *below;
    }
    for (BranchId id = 0; id < kept_.size(); ++id) {
        const zab::Epoch of_branch = histories.branch(id).epoch;
        if (of_branch >= epoch || of_branch < lowest_known) continue;
        if (contained[id] < kept_[id].counter) kept_[id] = {contained[id], record};
    }
}

void SkippedTails::add_to(Fingerprint& fingerprint) const {
    for (const Kept& kept : kept_) fingerprint.add(std::uint64_t{kept.counter});
}

}  // namespace analysis
