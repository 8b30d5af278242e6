#pragma once

#include "analysis/check/fingerprint.hpp"
#include "analysis/check/history_tree.hpp"
#include "sim/trace/record.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace analysis {

/// Which transactions can never be delivered any more, because a later epoch began without them:
/// of each branch a tail. One number a branch, lowered when an epoch begins.
class SkippedTails {
  public:
    /// Epoch `epoch` began with the history `base`, as `record` tells.
    void begin_epoch(const HistoryTree& histories, zab::Epoch epoch, const Position& base,
                     trace::RecordId record);

    bool is_skipped(const Position& position) const {
        return position.branch < kept_.size() &&
               position.zxid.counter() > kept_[position.branch].counter;
    }

    /// Who skipped it. Requires: is_skipped(position).
    trace::RecordId skipped_by(const Position& position) const {
        return kept_[position.branch].record;
    }

    void add_to(Fingerprint& fingerprint) const;

  private:
    struct Kept {
        std::uint32_t counter = 0xffff'ffff;
        trace::RecordId record = 0;
    };

    std::vector<Kept> kept_;  ///< By branch.
};

}  // namespace analysis
