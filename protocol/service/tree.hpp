#pragma once

#include "protocol/message.hpp"
#include "protocol/types/ids.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace zab {

/// The data tree, flat: for every path the transaction that wrote it last. Copies share chunks and
/// clone them on write. Replay over a fuzzy snapshot ends as it should once the last transaction in
/// it is replayed; until then an older write may stand where a newer one was (ZOOKEEPER-3104).
class Tree {
  public:
    /// Applies a transaction; sessions do not touch the tree.
    void apply(const Txn& txn) {
        if (txn.type == TxnType::set ||
            (txn.type == TxnType::create && last_writer(txn.path) == Zxid{})) {
            write(txn.path, txn.zxid);
        }
    }
    /// The last writer of a path; Zxid{} for one that is as it was at the start.
    Zxid last_writer(PathId path) const;
    /// Paths known, written or not: an upper bound, for the size of a snapshot.
    std::size_t paths() const { return chunks_.size() * chunk_size; }
    void clear() { chunks_.clear(); }

  private:
    static constexpr std::size_t chunk_size = 256;
    using Chunk = std::array<Zxid, chunk_size>;

    void write(PathId path, Zxid zxid);

    std::vector<std::shared_ptr<Chunk>> chunks_;  // Null: never written.
};

}  // namespace zab
