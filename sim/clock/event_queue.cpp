#include "sim/clock/event_queue.hpp"

namespace sim {

/// Makes the buckets about as wide as events are apart, when they are far from that. What is in
/// the calendar is put in again, in order, so that equal times stay in theirs.
void EventQueue::follow_density() {
    pops_to_look_ = pops_between_looks;
    const auto gap = static_cast<std::uint64_t>(last_.ns - looked_at_.ns) / pops_between_looks;
    looked_at_ = last_;
    const unsigned wanted = std::clamp(static_cast<unsigned>(std::bit_width(gap)), 4u, 40u);
    if (wanted + 1 >= width_bits_ && wanted <= width_bits_ + 1) {
        return;
    }
    std::vector<Event> pending;
    pending.reserve(near_);
    while (near_ != 0) {
        pending.push_back(take_near(first_place()));
    }
    width_bits_ = wanted;
    for (const Event& event : pending) {
        push(event);
    }
}

}  // namespace sim
