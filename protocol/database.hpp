#pragma once

#include "protocol/history.hpp"
#include "protocol/message.hpp"
#include "protocol/service/sessions.hpp"
#include "protocol/service/tree.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace zab {

/// A whole state of the service: what a snapshot file holds, or a SNAP carries. Named after the
/// last transaction processed when its writing began.
struct Snapshot {
    Position position{};
    Tree tree;
    std::vector<Session> sessions;
    /// Its file's: what counted as processed, a leader's <epoch,0> for instance. 0: `position`'s.
    Zxid name{};
    /// What the tree may hold already when its writing ends: it is that of a history again once
    /// everything up to here has been replayed over it.
    Zxid tree_reaches{};

    Zxid zxid() const { return name == Zxid{} ? position.zxid : name; }
};

/// One file of the transaction log: named after its first transaction.
struct LogFile {
    Zxid first{};
    std::uint64_t bytes = 0;  ///< Written; the file itself is preallocated in larger steps,
    bool is_cut = false;      ///< unless a TRUNC has cut it behind its last record.
};

/// What a process finds when it reads its disk: the page cache counts, unsynced or not.
struct DiskImage {
    History log;
    std::optional<Snapshot> snapshot;  ///< The newest valid one.
    std::optional<Epoch> accepted_epoch;
    std::optional<Epoch> current_epoch;
    std::optional<Epoch> current_epoch_temporary;  ///< currentEpoch.tmp: not renamed.
    std::vector<LogFile> log_files;                ///< Oldest first.
    std::uint64_t snapshot_bytes = 0;              ///< Size of the newest snapshot; 0: none.
    bool has_corrupt_record = false;  ///< In the log that a boot reads: behind the snapshot.
    bool has_only_corrupt_snapshots = false;  ///< And at least one of these.
    bool has_torn_header = false;             ///< Of a last log file that holds nothing else.
};

/// ZKDatabase: the state in memory, with the last committed transactions for learners that lag.
/// It survives changes of role (ZOOKEEPER-2678).
class Database {
  public:
    explicit Database(std::uint32_t commit_log_count = 500) : commit_log_count_(commit_log_count) {}

    /// Boot and reload: the newest snapshot, then every logged transaction after it, committed or
    /// not (ZKDatabase.loadDataBase). Replayed transactions enter the committed log.
    void load(const DiskImage& disk);
    /// Applies what the log on disk has beyond memory (fastForwardDataBase, ZOOKEEPER-2845).
    void fast_forward(const DiskImage& disk);
    /// Takes over a leader's snapshot under the zxid of its header.
    void install(const Snapshot& snapshot, Zxid zxid);
    void clear();

    void apply(const Txn& txn) { apply(txn, true); }
    /// The same past the committed log: whoever is synchronized from it later will miss this one
    /// (ZOOKEEPER-4925).
    void apply_unrecorded(const Txn& txn) { apply(txn, false); }
    /// Says that everything up to `zxid` is processed, whatever memory holds: what TRUNC sets, and
    /// DIFF did before ZOOKEEPER-2355.
    void claim_processed(Zxid zxid) { last_processed_ = zxid; }
    /// A leader's own <epoch,0>: no transaction, but what its database says it has processed.
    void begin_epoch(Zxid zxid) { last_processed_ = zxid; }

    /// What is compared in elections and told to leaders and clients.
    Zxid last_processed() const { return last_processed_; }
    /// The last transaction applied, and the hash of all up to it.
    Position position() const { return position_; }
    const History& committed_log() const { return committed_log_; }
    const Tree& tree() const { return tree_; }
    /// For the trace: the digest of the tree that `position` has led to. 0 while it is not known
    /// to be of any one history, because older writes are being replayed over a fuzzy snapshot
    /// (DataTree.compareDigest, digestFromLoadedSnapshot).
    std::uint32_t tree_digest() const {
        return played_ < tree_reaches_ ? 0 : static_cast<std::uint32_t>(tree_.digest());
    }
    const std::vector<Session>& sessions() const { return sessions_; }
    bool has_session(SessionId session) const;
    Snapshot snapshot() const {
        return {position_, tree_, sessions_, last_processed_,
                std::max(position_.zxid, tree_reaches_)};
    }
    /// The end of a fuzzy writing: what was applied meanwhile may be in the snapshot, too.
    void finish(Snapshot& snapshot) const {
        snapshot.tree = tree_;
        snapshot.sessions = sessions_;
        snapshot.tree_reaches = std::max(position_.zxid, tree_reaches_);
    }
    /// Changes when the whole contents are replaced, not when transactions are applied.
    std::uint32_t generation() const { return generation_; }
    std::uint64_t fingerprint() const;

  private:
    void apply(const Txn& txn, bool is_recorded);
    void apply_to_state(const Txn& txn);

    std::uint32_t commit_log_count_;
    std::uint32_t generation_ = 0;
    Zxid last_processed_{};
    Position position_{};
    Zxid played_{};        // The last transaction applied, also when it was an older one, again.
    Zxid tree_reaches_{};  // As in Snapshot.
    Tree tree_;
    std::vector<Session> sessions_;  // Ascending by id.
    History committed_log_;
};

}  // namespace zab
