#pragma once

#include "protocol/types/ensure.hpp"
#include "protocol/types/time.hpp"
#include "sim/clock/event.hpp"
#include "sim/clock/radix_heap.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace sim {

/// The pending events, earliest first; events of the same time leave in the order they entered.
/// A value: a copy runs on independently, and is as warm as the original.
///
/// Two parts. The near future is a calendar (Brown 1988): a ring of buckets of equal width, each a
/// sorted list, found by a bitmap. With one or two events a bucket, putting in and taking out cost
/// a few dozen instructions, a third of a heap's. What lies beyond the ring waits in a radix heap
/// and is taken from there: an event is stored once and never moved. At equal times the heap goes
/// first: its event was put in when the time was still far, hence earlier.
///
/// The width follows the density of events; it decides about speed only, never about order.
///
/// Invariant: last_ is at most the time of every pending event, and never decreases; an event of
/// the calendar is less than bucket_count buckets away from last_'s.
class EventQueue {
  public:
    EventQueue() : heads_{} { heads_.fill(nil); }

    /// Requires: event.time is not before the last popped event's (before the first pop: not
    /// negative).
    void push(const Event& event) { push(event.time, event.what, event.argument); }
    void push(zab::Instant time, std::uint64_t what, std::uint64_t argument);

    /// Removes the earliest event unless it is later than `limit`; false: there is none.
    bool pop_until(zab::Instant limit, Event& event);
    /// Removes and returns the earliest event. Requires: not empty().
    Event pop();
    /// The time pop() would return. Requires: not empty(). It does not bind later pushes: they may
    /// still be earlier than this, down to the last popped time.
    zab::Instant next_time() const;

    bool empty() const { return near_ == 0 && far_.empty(); }
    std::size_t size() const { return near_ + far_.size(); }

    /// Events for which there is memory, a part of it only partly filled. For tests and statistics.
    std::size_t capacity() const { return nodes_.size() + far_.capacity(); }

  private:
    static constexpr zab::Instant no_time = {std::numeric_limits<std::int64_t>::max()};
    static constexpr std::uint64_t bucket_count = 1024;
    static constexpr std::size_t word_count = bucket_count / 64;
    static constexpr std::uint32_t nil = 0xffffffff;
    static constexpr std::uint32_t pops_between_looks = 4096;

    struct Node {
        Event event;
        std::uint32_t next = nil;
    };

    std::uint64_t bucket_of(zab::Instant time) const {
        return static_cast<std::uint64_t>(time.ns) >> width_bits_;
    }
    std::uint32_t put_near(zab::Instant time, std::size_t place);
    std::size_t first_place() const;
    Event take_near(std::size_t place);
    std::uint32_t new_node();
    void follow_density();

    std::array<std::uint32_t, bucket_count> heads_;     // The first node of each bucket.
    std::array<std::uint32_t, bucket_count> tails_{};   // The last one, where there is one.
    std::array<std::uint64_t, word_count> occupied_{};  // A bit a bucket.
    std::uint32_t occupied_words_ = 0;                  // A bit a word of `occupied_`.
    unsigned width_bits_ = 10;                          // A bucket is 2^this ns wide.
    std::size_t near_ = 0;                              // Events in the calendar.
    std::vector<Node> nodes_;
    std::uint32_t free_ = nil;
    zab::Instant last_;
    std::uint32_t pops_to_look_ = pops_between_looks;
    zab::Instant looked_at_;  // When the density was looked at last.
    RadixHeap far_;
};

inline void EventQueue::push(zab::Instant time, std::uint64_t what, std::uint64_t argument) {
    zab::ensure(time >= last_, "an effect cannot come before its cause");
    const std::uint64_t bucket = bucket_of(time);
    if (bucket - bucket_of(last_) < bucket_count) {
        // Word by word: a copy of what was just written in pieces would stall.
        Event& event = nodes_[put_near(time, bucket % bucket_count)].event;
        event.time = time;
        event.what = what;
        event.argument = argument;
    } else {
        far_.push({time, what, argument});
    }
}

inline bool EventQueue::pop_until(zab::Instant limit, Event& event) {
    const std::size_t place = near_ == 0 ? bucket_count : first_place();
    const zab::Instant near = near_ == 0 ? no_time : nodes_[heads_[place]].event.time;
    if (!far_.empty() && far_.next_time() <= near) {
        if (far_.next_time() > limit) return false;
        event = far_.pop();
    } else {
        if (near_ == 0 || near > limit) return false;
        event = take_near(place);
    }
    last_ = event.time;
    if (--pops_to_look_ == 0) follow_density();
    return true;
}

inline Event EventQueue::pop() {
    zab::ensure(!empty(), "the world stops when nothing is pending");
    Event event;
    pop_until(no_time, event);
    return event;
}

inline zab::Instant EventQueue::next_time() const {
    zab::ensure(!empty(), "only a pending event has a time");
    const zab::Instant near = near_ == 0 ? no_time : nodes_[heads_[first_place()]].event.time;
    return far_.empty() ? near : std::min(near, far_.next_time());
}

inline std::uint32_t EventQueue::new_node() {
    if (free_ == nil) {
        nodes_.emplace_back();
        return static_cast<std::uint32_t>(nodes_.size() - 1);
    }
    const std::uint32_t node = free_;
    free_ = nodes_[node].next;
    return node;
}

/// A node for an event of this time, behind all of its bucket that are not later. Most come last:
/// the list is then not read.
inline std::uint32_t EventQueue::put_near(zab::Instant time, std::size_t place) {
    const std::uint32_t node = new_node();
    ++near_;
    std::uint32_t& head = heads_[place];
    if (head == nil) {
        nodes_[node].next = nil;
        head = tails_[place] = node;
        occupied_[place / 64] |= std::uint64_t{1} << (place % 64);
        occupied_words_ |= std::uint32_t{1} << (place / 64);
        return node;
    }
    if (nodes_[tails_[place]].event.time <= time) {
        nodes_[node].next = nil;
        nodes_[tails_[place]].next = node;
        tails_[place] = node;
        return node;
    }
    std::uint32_t* link = &head;
    while (nodes_[*link].event.time <= time) link = &nodes_[*link].next;
    nodes_[node].next = *link;
    *link = node;
    return node;
}

/// The place of the earliest occupied bucket: the ring is read from last_'s bucket on. Requires:
/// something is in the calendar.
inline std::size_t EventQueue::first_place() const {
    const std::size_t from = bucket_of(last_) % bucket_count;
    const std::size_t word = from / 64;
    const std::uint64_t rest = occupied_[word] >> (from % 64);
    if (rest != 0) return from + static_cast<std::size_t>(std::countr_zero(rest));
    // Later words first; then round the ring, where the first word's lower part comes last.
    const std::uint32_t later = occupied_words_ & ~((std::uint32_t{2} << word) - 1);
    const auto next =
        static_cast<std::size_t>(std::countr_zero(later != 0 ? later : occupied_words_));
    return next * 64 + static_cast<std::size_t>(std::countr_zero(occupied_[next]));
}

inline Event EventQueue::take_near(std::size_t place) {
    const std::uint32_t node = heads_[place];
    const Event event = nodes_[node].event;
    heads_[place] = nodes_[node].next;
    nodes_[node].next = free_;
    free_ = node;
    --near_;
    if (heads_[place] == nil) {
        occupied_[place / 64] &= ~(std::uint64_t{1} << (place % 64));
        if (occupied_[place / 64] == 0) {
            occupied_words_ &= ~(std::uint32_t{1} << (place / 64));
        }
    }
    return event;
}

}  // namespace sim
