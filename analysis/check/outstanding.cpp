#include "analysis/check/outstanding.hpp"

#include <algorithm>

namespace analysis {

std::optional<OutstandingRequest> Outstanding::remove(zab::Cxid cxid) {
    std::size_t index = 0;
    while (index < size_ && at(index).cxid != cxid) ++index;
    if (index == size_) return std::nullopt;
    const OutstandingRequest request = at(index);
    for (; index > 0; --index) at(index) = at(index - 1);
    pop();
    return request;
}

void Outstanding::grow() {
    std::vector<OutstandingRequest> larger(std::max<std::size_t>(4, 2 * ring_.size()));
    for (std::size_t i = 0; i < size_; ++i) larger[i] = at(i);
    ring_ = std::move(larger);
    head_ = 0;
}

void Outstanding::add_to(Fingerprint& fingerprint) const {
    fingerprint.add(std::uint64_t{size_});
    for (std::size_t i = 0; i < size_; ++i) {
        fingerprint.add(std::uint64_t{at(i).cxid});
        fingerprint.add(at(i).floor);
    }
}

}  // namespace analysis
