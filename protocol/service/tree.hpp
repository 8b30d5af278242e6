#pragma once

#include "protocol/message.hpp"
#include "protocol/types/digest.hpp"
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
    /// Paths that have been written: they make up the size of a snapshot.
    std::size_t paths() const { return paths_; }
    /// The sum of all nodes' digests, as DataTree keeps one since 3.6 (AdHash: a write takes the
    /// old node's share out and puts the new one's in). Equal trees have equal digests, whatever
    /// the order of their writes.
    std::uint64_t digest() const { return digest_; }
    void clear() {
        chunks_.clear();
        paths_ = 0;
        digest_ = digest_of_untouched;
    }

  private:
    static constexpr std::size_t chunk_size = 256;
    using Chunk = std::array<Zxid, chunk_size>;
    /// Not 0, so that the digest of an empty tree counts as one.
    static constexpr std::uint64_t digest_of_untouched = 0x7a6f'6f6b'6565'7065u;

    static constexpr std::uint64_t digest_of(PathId path, Zxid writer) {
        return mix(path, writer.value);
    }
    void write(PathId path, Zxid zxid);

    std::vector<std::shared_ptr<Chunk>> chunks_;  // Null: never written.
    std::size_t paths_ = 0;
    std::uint64_t digest_ = digest_of_untouched;
};

}  // namespace zab
