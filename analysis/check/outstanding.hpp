#pragma once

#include "analysis/check/fingerprint.hpp"
#include "protocol/types/ids.hpp"
#include "sim/trace/record.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace analysis {

/// A client's request that has no reply yet.
struct OutstandingRequest {
    zab::Cxid cxid = 0;
    zab::Zxid floor;  ///< The highest zxid of the writes completed before it was invoked.
    trace::RecordId invoked = 0;
    trace::RecordId floor_record = 0;
};

/// A client's requests in the order in which they were invoked: a ring that grows by doubling.
class Outstanding {
  public:
    void push(const OutstandingRequest& request) {
        if (size_ == ring_.size()) grow();
        at(size_++) = request;
    }

    /// Null when nothing is outstanding.
    const OutstandingRequest* first() const { return size_ == 0 ? nullptr : &ring_[head_]; }

    /// Requires: first() is not null.
    OutstandingRequest pop() {
        const OutstandingRequest request = ring_[head_];
        head_ = (head_ + 1) & (ring_.size() - 1);
        --size_;
        return request;
    }

    /// Takes out the oldest request with that cxid; nothing if there is none. Constant for the
    /// first request, and linear in the outstanding ones else.
    std::optional<OutstandingRequest> remove(zab::Cxid cxid);

    void add_to(Fingerprint& fingerprint) const;

  private:
    OutstandingRequest& at(std::size_t index) {
        return ring_[(head_ + index) & (ring_.size() - 1)];
    }
    const OutstandingRequest& at(std::size_t index) const {
        return ring_[(head_ + index) & (ring_.size() - 1)];
    }
    void grow();

    std::vector<OutstandingRequest> ring_;  ///< Its size is a power of two, or 0.
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace analysis
