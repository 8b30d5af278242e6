#include "protocol/history.hpp"

#include "protocol/types/ensure.hpp"

#include <utility>

namespace zab {

const History::Entry& History::at(std::size_t index) const {
    ensure(index < size_, "only entries of the history can be read");
    const std::size_t place = offset_ + index;
    return (*chunks_[place / chunk_size])[place % chunk_size];
}

Position History::position_at(std::size_t index) const {
    const Entry& entry = at(index);
    return {entry.txn.zxid, entry.prefix};
}

void History::push_behind(Position before, const Txn& txn) {
    const std::size_t place = offset_ + size_;
    if (place / chunk_size == chunks_.size()) {
        add_chunk();
    }
    std::shared_ptr<Chunk>& chunk = chunks_[place / chunk_size];
    if (chunk.use_count() > 1) {
        chunk = std::make_shared<Chunk>(*chunk);  // Somebody else's past must not change.
    }
    last_ = advance(before, txn);
    Entry& entry = (*chunk)[place % chunk_size];
    entry.txn = txn;
    entry.prefix = last_.prefix;
    ++size_;
}

std::size_t History::first_after(Zxid zxid) const {
    if (last_.zxid <= zxid) {
        return size_;
    }
    std::size_t low = 0;
    std::size_t high = size_;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (at(middle).txn.zxid <= zxid) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

std::optional<Position> History::find(Zxid zxid) const {
    const std::size_t next = first_after(zxid);
    const Position found = next == 0 ? base_ : position_at(next - 1);
    if (found.zxid != zxid) {
        return std::nullopt;
    }
    return found;
}

void History::truncate(std::size_t count) {
    ensure(count <= size_, "a truncation keeps at most what is there");
    size_ = count;
    last_ = count == 0 ? base_ : position_at(count - 1);
    chunks_.resize(size_ == 0 ? 0 : (offset_ + size_ + chunk_size - 1) / chunk_size);
}

void History::drop_front(std::size_t count) {
    ensure(count <= size_, "no more can be dropped than is there");
    if (count == 0) {
        return;
    }
    base_ = position_at(count - 1);
    offset_ += count;
    size_ -= count;
    const std::size_t dead = offset_ / chunk_size;
    if (dead == 0) [[likely]] {
        return;
    }
    for (std::size_t i = 0; i < dead; ++i) {
        set_aside(std::move(chunks_[i]));
    }
    chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(dead));
    offset_ %= chunk_size;
}

void History::reset(Position base) {
    chunks_.clear();
    offset_ = place_after(base);
    size_ = 0;
    base_ = base;
    last_ = base;
}

bool History::share_filled_chunk(History& other) {
    const std::size_t next = other.first_after(last_.zxid);
    const std::size_t end = other.offset_ + next;
    if (next == 0 || end % chunk_size != 0 || other.at(next - 1).prefix != last_.prefix) {
        return false;
    }
    std::shared_ptr<Chunk>& mine = chunks_[(offset_ + size_) / chunk_size - 1];
    const std::shared_ptr<Chunk>& others = other.chunks_[end / chunk_size - 1];
    if (mine == others || *mine != *others) {
        return mine == others;
    }
    set_aside(std::exchange(mine, others));
    return true;
}

void History::level_spares(History& other) {
    History& rich = spares_.size() > other.spares_.size() ? *this : other;
    History& poor = &rich == this ? other : *this;
    if (rich.spares_.size() > poor.spares_.size() + 1) {
        poor.spares_.push_back(std::move(rich.spares_.back()));
        rich.spares_.pop_back();
    }
}

/// Keeps a chunk for later, unless a copy of this history still reads it.
void History::set_aside(std::shared_ptr<Chunk> chunk) {
    if (chunk.use_count() == 1) {
        spares_.push_back(std::move(chunk));
    }
}

void History::add_chunk() {
    while (!spares_.empty()) {
        std::shared_ptr<Chunk> spare = std::move(spares_.back());
        spares_.pop_back();
        if (spare.use_count() == 1) {  // A copy of this history may have the same spares.
            chunks_.push_back(std::move(spare));
            return;
        }
    }
    chunks_.push_back(std::make_shared<Chunk>());
}

}  // namespace zab
