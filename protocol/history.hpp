#pragma once

#include "protocol/message.hpp"
#include "protocol/types/digest.hpp"
#include "protocol/types/ids.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace zab {

/// A place in a sequence of transactions: the last one at or before it, and the rolling hash of
/// everything up to there. Two servers that are at equal positions have applied the same history.
struct Position {
    Zxid zxid{};
    std::uint64_t prefix = 0;
    friend bool operator==(const Position&, const Position&) = default;
};

/// The position after `txn` has followed `before`.
inline Position advance(Position before, const Txn& txn) {
    const std::uint64_t what = txn.zxid.value ^ (std::uint64_t{txn.cxid} << 17) ^
                               (txn.session.value << 7) ^ (std::uint64_t{txn.path} << 40) ^
                               static_cast<std::uint64_t>(txn.type);
    return {txn.zxid, mix(before.prefix, what)};
}

/// Transactions in order, mostly of rising zxids, as a persistent structure: copies share chunks
/// and clone them on write, so that logs, snapshots and copies of a world cost what they differ by
/// (measured). The front may be dropped once nobody can present it.
class History {
  public:
    struct Entry {
        Txn txn{};
        std::uint64_t prefix = 0;
        friend bool operator==(const Entry&, const Entry&) = default;
    };

    /// An empty history that continues after `base`.
    explicit History(Position base = {}) : offset_(place_after(base)), base_(base), last_(base) {}

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    /// Where the first kept entry continues: everything up to it was dropped or never here.
    Position base() const { return base_; }
    /// The position after the last entry; `base` when empty.
    Position last() const { return last_; }

    /// Requires index < size().
    const Entry& at(std::size_t index) const;
    Position position_at(std::size_t index) const;

    /// Appends a transaction. Zxids need not rise: a faulty server may write anything to its log.
    void push(const Txn& txn) { push_behind(last_, txn); }
    /// The same for one whose predecessor, `before`, stands elsewhere: in a snapshot, or nowhere.
    void push_behind(Position before, const Txn& txn);
    /// Index of the first entry with a zxid above `zxid` (size() when there is none). This and
    /// `find` require that zxids rise.
    std::size_t first_after(Zxid zxid) const;
    /// The position of exactly this zxid: an entry's, or the base's.
    std::optional<Position> find(Zxid zxid) const;
    /// Keeps the first `count` entries.
    void truncate(std::size_t count);
    /// Forgets the first `count` entries; whole chunks are reused.
    void drop_front(std::size_t count);
    /// Forgets everything and continues after `base`.
    void reset(Position base);

    /// Whether the last entry has filled its chunk.
    bool has_filled_chunk() const { return size_ != 0 && (offset_ + size_) % chunk_size == 0; }
    /// Keeps that chunk only once, if `other`, another server's log, has the same; true: so it is.
    bool share_filled_chunk(History& other);
    /// Chunks set aside here or there are there for both: who makes a chunk is not who drops it.
    void level_spares(History& other);

  private:
    static constexpr std::size_t chunk_size = 256;
    using Chunk = std::array<Entry, chunk_size>;

    /// The chunks of all logs end at the same counters of an epoch, so that they can be shared.
    static std::size_t place_after(Position base) { return base.zxid.counter() % chunk_size; }
    void add_chunk();
    void set_aside(std::shared_ptr<Chunk> chunk);

    std::vector<std::shared_ptr<Chunk>> chunks_;
    std::vector<std::shared_ptr<Chunk>>
        spares_;          // Dropped, so that a steady log allocates nothing.
    std::size_t offset_;  // Entries before the first one in its chunk.
    std::size_t size_ = 0;
    Position base_{};
    Position last_{};
};

}  // namespace zab
