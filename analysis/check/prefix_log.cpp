#include "analysis/check/prefix_log.hpp"

#include <algorithm>
#include <iterator>

namespace analysis {

namespace {

constexpr auto below = [](const auto& landmark, std::uint32_t counter) {
    return landmark.counter < counter;
};

}  // namespace

void PrefixLog::push(std::uint32_t counter, std::uint64_t prefix) {
    if (counter <= last()) return;
    if (counter != last() + 1) {
        if (!recent_.empty()) landmarks_.push_back({last(), recent_.back()});
        recent_.clear();
        first_ = counter;
    }
    recent_.push_back(prefix);
    if (recent_.size() >= 2 * window) {
        landmarks_.reserve(most_landmarks);  // Of so long an epoch: it never grows again.
        forget_all_but(window);
    }
}

void PrefixLog::note(std::uint32_t counter, std::uint64_t prefix) {
    if (counter > last()) return push(counter, prefix);
    if (at(counter)) return;
    const auto place = std::lower_bound(landmarks_.begin(), landmarks_.end(), counter, below);
    landmarks_.insert(place, {counter, prefix});
}

std::optional<std::uint64_t> PrefixLog::landmark(std::uint32_t counter) const {
    const auto found = std::lower_bound(landmarks_.begin(), landmarks_.end(), counter, below);
    if (found == landmarks_.end() || found->counter != counter) return std::nullopt;
    return found->prefix;
}

void PrefixLog::thin_out() {
    distance_ *= 2;
    std::erase_if(landmarks_,
                  [this](const Landmark& mark) { return mark.counter % distance_ != 0; });
}

void PrefixLog::forget_all_but(std::size_t kept) {
    const std::size_t forgotten = recent_.size() - kept;
    for (std::size_t i = 0; i < forgotten; ++i) {
        const std::uint32_t counter = first_ + static_cast<std::uint32_t>(i);
        if (counter % distance_ == 0) landmarks_.push_back({counter, recent_[i]});
    }
    if (landmarks_.size() + window / spacing > most_landmarks) thin_out();
    recent_.erase(recent_.begin(),
                  std::next(recent_.begin(), static_cast<std::ptrdiff_t>(forgotten)));
    first_ += static_cast<std::uint32_t>(forgotten);
}

}  // namespace analysis
