#pragma once

#include "protocol/types/ensure.hpp"

#include <bit>
#include <cstddef>
#include <vector>

namespace zab {

/// A first-in-first-out queue that stops allocating once it has grown to its working size.
/// Copyable as a value. `T` must be default-constructible.
template <class T>
class Ring {
  public:
    bool empty() const { return head_ == tail_; }
    std::size_t size() const { return tail_ - head_; }

    /// The oldest element. Requires !empty().
    T& front() {
        ensure(!empty(), "the front of an empty queue is a bug of the caller");
        return slots_[head_ & mask_];
    }
    const T& front() const {
        ensure(!empty(), "the front of an empty queue is a bug of the caller");
        return slots_[head_ & mask_];
    }
    const T& back() const {
        ensure(!empty(), "the back of an empty queue is a bug of the caller");
        return slots_[(tail_ - 1) & mask_];
    }
    /// The element `index` places behind the front. Requires index < size().
    T& operator[](std::size_t index) {
        ensure(index < size(), "an index into a queue is below its size");
        return slots_[(head_ + index) & mask_];
    }
    const T& operator[](std::size_t index) const {
        ensure(index < size(), "an index into a queue is below its size");
        return slots_[(head_ + index) & mask_];
    }

    /// Makes room at the back and returns the slot, to be filled in place: it still holds the
    /// value of an element long gone.
    T& push_slot() {
        if (size() == mask_ + 1) {
            grow();
        }
        return slots_[tail_++ & mask_];
    }
    /// The same at the front: it will be the oldest.
    T& push_front_slot() {
        if (size() == mask_ + 1) {
            grow();
        }
        return slots_[--head_ & mask_];
    }
    void push(const T& value) { push_slot() = value; }
    void pop() {
        ensure(!empty(), "only what was queued can be taken");
        if (++head_ == tail_) {
            clear();  // A queue of one stays in one place, hence in the cache.
        }
    }
    void pop_back() {
        ensure(!empty(), "only what was queued can be taken back");
        --tail_;
    }
    void clear() { head_ = tail_ = 0; }

  private:
    void grow() {
        std::vector<T> larger(slots_.empty() ? 8 : slots_.size() * 2);
        const std::size_t count = size();
        for (std::size_t i = 0; i < count; ++i) {
            larger[i] = std::move(slots_[(head_ + i) & mask_]);
        }
        slots_ = std::move(larger);
        mask_ = slots_.size() - 1;
        head_ = 0;
        tail_ = count;
    }

    std::vector<T> slots_;                // Its size is zero or a power of two.
    std::size_t mask_ = ~std::size_t{0};  // One less than that.
    std::size_t head_ = 0;                // Free-running; masked on access.
    std::size_t tail_ = 0;
};

}  // namespace zab
