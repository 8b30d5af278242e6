#pragma once

#include "protocol/types/ensure.hpp"
#include "protocol/types/time.hpp"
#include "sim/clock/event.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace sim {

/// Events in the far future, earliest first; those of the same time leave in the order they
/// entered. A value: a copy runs on independently, and is as warm as the original.
///
/// This is a monotone radix heap (Ahuja, Mehlhorn, Orlin and Tarjan 1990). Bucket i holds the
/// events whose time differs from the last popped one in bit i-1 and in no higher bit; bucket 0
/// holds those of exactly that time. Events only ever move to lower buckets, at most 63 times and
/// in practice two or three times. Equal times share a bucket always and a move keeps the order,
/// which is why no sequence number is needed.
///
/// Buckets are lists of chunks from one pool. So memory follows the largest number of pending
/// events, not the largest fill of every bucket (whenever the time carries into bit i, nearly all
/// events are in bucket i+1 for once), and nothing is allocated unless that number grows. Lists
/// of single events would do so too, but measured 2 to 4 times slower at 100 000 of them.
///
/// Invariant: last_ is at most the time of every pending event, and never decreases.
class RadixHeap {
  public:
    /// Requires: event.time is not before the last popped event's (before the first pop: not
    /// negative).
    void push(const Event& event);

    /// Removes and returns the earliest event. Requires: not empty().
    Event pop();

    /// The time pop() would return; a constant number of steps. Requires: not empty(). It does not
    /// bind later pushes: they may still be earlier than this, down to the last popped time.
    zab::Instant next_time() const;

    bool empty() const { return occupied_ == 0; }
    std::size_t size() const { return size_; }

    /// Events for which there is memory, a part of it in chunks that are only partly filled. For
    /// tests and statistics.
    std::size_t capacity() const { return slots_.size(); }

  private:
    static constexpr zab::Instant no_time = {std::numeric_limits<std::int64_t>::max()};

    /// An index into slots_. Chunk c is the slots from c * chunk_slots on.
    using Slot = std::uint32_t;
    static constexpr Slot chunk_slots = 16;

    /// A list of chunks: from `first`, through next_, to the one that `end` is in or just behind.
    /// Empty: as constructed, so that the first event takes a chunk.
    struct Bucket {
        Slot first = 0;
        Slot end = 0;
        zab::Instant earliest = no_time;
    };

    unsigned bucket_of(zab::Instant time) const {
        return static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(time.ns) ^
                                                    static_cast<std::uint64_t>(last_.ns)));
    }

    void insert(Event event);
    Event take_current();
    void spread(unsigned index);
    void extend(unsigned index);
    void add_free_chunk();
    void release(Slot chunk);

    std::array<Bucket, 64> buckets_;  // Times have 63 bits, so that the highest bucket is 63.
    std::uint64_t occupied_ = 0;      // Bit i: bucket i holds an event that was not popped.
    zab::Instant last_;
    std::size_t size_ = 0;
    std::vector<Event> slots_;
    std::vector<Slot> next_;  // By chunk: the next chunk of its bucket, or of the free ones.
    Slot free_ = 0;           // The first free chunk, if there is one.
    std::size_t free_count_ = 0;
};

inline void RadixHeap::push(const Event& event) {
    zab::ensure(event.time >= last_, "an effect cannot come before its cause");
    insert(event);
    ++size_;
}

inline Event RadixHeap::pop() {
    zab::ensure(!empty(), "the world stops when nothing is pending");
    --size_;
    const auto index = static_cast<unsigned>(std::countr_zero(occupied_));
    if (index == 0) return take_current();
    Bucket& bucket = buckets_[index];
    last_ = bucket.earliest;
    // A lone event is the earliest one, whichever bucket it is in: it need not move down first.
    if (bucket.end - bucket.first == 1) {
        const Event event = slots_[bucket.first];
        release(bucket.first / chunk_slots);
        bucket = {};
        occupied_ &= occupied_ - 1;
        return event;
    }
    spread(index);
    return take_current();
}

inline zab::Instant RadixHeap::next_time() const {
    zab::ensure(!empty(), "only a pending event has a time");
    return buckets_[static_cast<unsigned>(std::countr_zero(occupied_))].earliest;
}

inline void RadixHeap::insert(Event event) {
    const unsigned index = bucket_of(event.time);
    Bucket& bucket = buckets_[index];
    // Copied first: a minimum of values is a conditional move, of references a branch that is
    // mispredicted every other time (a fifth of the queue's time).
    const std::int64_t earliest = bucket.earliest.ns;
    bucket.earliest.ns = std::min(earliest, event.time.ns);
    if (bucket.end % chunk_slots == 0) extend(index);
    slots_[bucket.end++] = event;
}

/// Appends a chunk to a bucket whose last one is full, or which has none.
inline void RadixHeap::extend(unsigned index) {
    if (free_count_ == 0) add_free_chunk();
    const Slot chunk = free_;
    free_ = next_[chunk];
    --free_count_;
    Bucket& bucket = buckets_[index];
    const std::uint64_t bit = std::uint64_t{1} << index;
    if ((occupied_ & bit) == 0) {
        bucket.first = chunk * chunk_slots;
    } else {
        next_[bucket.end / chunk_slots - 1] = chunk;
    }
    bucket.end = chunk * chunk_slots;
    occupied_ |= bit;
}

inline void RadixHeap::release(Slot chunk) {
    next_[chunk] = free_;
    free_ = chunk;
    ++free_count_;
}

/// Takes the next event of the present time. Requires: bucket 0 is occupied.
inline Event RadixHeap::take_current() {
    Bucket& current = buckets_[0];
    const Slot slot = current.first++;
    const Event event = slots_[slot];
    const Slot chunk = slot / chunk_slots;
    if (current.first == current.end) {
        current = {};
        occupied_ &= ~std::uint64_t{1};
        release(chunk);
    } else if (current.first % chunk_slots == 0) {
        current.first = next_[chunk] * chunk_slots;
        release(chunk);
    }
    return event;
}

/// Moves a bucket's events to lower buckets, in order. Requires: last_ is its earliest time and
/// all lower buckets are empty; hence at least one event reaches bucket 0.
inline void RadixHeap::spread(unsigned index) {
    const Bucket bucket = buckets_[index];
    buckets_[index] = {};
    occupied_ &= occupied_ - 1;
    const Slot last_chunk = (bucket.end - 1) / chunk_slots;
    for (Slot chunk = bucket.first / chunk_slots;;) {
        const Slot begin = chunk * chunk_slots;
        const Slot end = chunk == last_chunk ? bucket.end : begin + chunk_slots;
        for (Slot slot = begin; slot != end; ++slot) insert(slots_[slot]);
        const Slot next = next_[chunk];
        release(chunk);
        if (chunk == last_chunk) return;
        chunk = next;
    }
}

}  // namespace sim
