#pragma once

#include "protocol/database.hpp"
#include "protocol/effect.hpp"
#include "protocol/history.hpp"
#include "protocol/release/release.hpp"
#include "protocol/types/ring.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/trace/record.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sim {

/// What a power loss takes, and leaves.
struct Lost {
    std::uint64_t records = 0;
    bool is_torn = false;  ///< The first of them is half written.
};

/// A server's disk: what its process would read (the page cache counts) and how much of it would
/// survive a power loss. Files: the transaction log, the two epoch files, the snapshots.
class Disk {
  public:
    /// forceSync=no: the log reaches the disk only when the kernel writes its cache back, 29 to
    /// 30 s later (vm.dirty_expire_centisecs). Simplified: a truncation makes what it leaves of the
    /// log durable all the same; FileTxnLog.truncate has not been looked up for this.
    void never_sync_log() { syncs_log_ = false; }

    /// As the process sees it.
    const zab::DiskImage& image() const { return image_; }

    void append(const zab::Txn& txn) {
        if (starts_file_) [[unlikely]] {
            start_file(txn.zxid);
        }
        image_.log_files.back().bytes += record_overhead + txn.bytes;
        if (continues_at_.has_value()) [[unlikely]] {
            image_.log.push_behind(*continues_at_, txn);
            continues_at_.reset();
            return;
        }
        image_.log.push(txn);
    }
    /// The logs of an ensemble are the same history: what both disks hold is kept in memory once.
    bool share_log(Disk& other) { return image_.log.share_filled_chunk(other.image_.log); }
    void level_memory(Disk& other) { image_.log.level_spares(other.image_.log); }
    /// The next transaction begins a new file: after a snapshot was due, or a start.
    void roll_log() { starts_file_ = true; }
    /// How many transactions were ever appended: what an fsync that starts now makes durable.
    std::uint64_t appended() const { return dropped_ + image_.log.size(); }
    std::uint64_t durable() const { return durable_; }
    /// The end of what is durable in the log.
    zab::Position durable_end() const;
    /// An fsync that started when `appended` transactions were in the log is done, or says so.
    void complete_sync(std::uint64_t appended, std::int64_t now = 0);
    /// A full disk took none of what was not synced: FileTxnLog writes its buffer out only then.
    /// Returns how many transactions that were.
    std::uint64_t drop_unsynced();

    void write_accepted_epoch(zab::Epoch epoch, std::int64_t now = 0) {
        image_.accepted_epoch = epoch;
        settle_epochs(now);
    }
    void write_current_epoch(zab::Epoch epoch, std::int64_t now = 0) {
        image_.current_epoch = epoch;
        image_.current_epoch_temporary.reset();
        settle_epochs(now);
    }
    /// The process ended, or renaming failed, between the two acts of writing currentEpoch.
    void leave_current_epoch_temporary(zab::Epoch epoch) { image_.current_epoch_temporary = epoch; }

    /// Cuts the log after `zxid`, as far as the rule goes. Durable at once.
    /// Rule `exact` leaves everything as it is where that point is not in what is stored.
    /// FileTxnLog.truncate throws where the log has no record at or behind the point; a process of
    /// ZooKeeper then ends. `exact` lets the learner find another way.
    bool can_truncate(zab::Zxid zxid, zab::Truncation rule) const;
    void truncate_after(zab::Zxid zxid, zab::Truncation rule = zab::Truncation::exact);
    bool reaches(zab::Zxid zxid) const;
    /// A snapshot file of so many bytes is complete.
    void add_snapshot(const zab::Snapshot& snapshot, zab::SnapshotWrite how, std::int64_t now,
                      std::uint64_t bytes = 1'024);

    /// Where the newest snapshot is ahead of the log, as when a leader that commits by its
    /// followers' acks has a slow log: makes it durable and lets the log go on behind it. Returns
    /// whether it was so. A restart that votes with such a memory must not lose it again.
    bool continue_behind_snapshot();

    /// Takes what a power loss takes: the log keeps its durable part and, of the rest,
    /// `kept_fraction` / 2^32 of the records; snapshots not written back are gone. If it tears, the
    /// first record lost is half written: reading the log ends there, but a log file that begins
    /// with it has no whole header.
    Lost lose_power(std::int64_t now, std::uint32_t kept_fraction, bool tears = false);

    /// Bits change in a record, or in the newest snapshot that can be read. False: there is none.
    /// `word` chooses the record, among those that a boot reads.
    bool corrupt(Rot what, std::uint64_t word);
    /// A process reads the disk: the log ends where a record seems to end too early, and what only
    /// a corrupt snapshot held is gone. Returns how many transactions that hides.
    std::uint64_t cut_at_rot();
    /// Where log and snapshots that can be read end. A fuzzy snapshot may be ahead of the log.
    zab::Position end() const;

    /// Sets what a scenario says the disk holds at the start; all of it durable.
    void preset(const zab::History& log, const std::optional<zab::Snapshot>& snapshot,
                std::optional<zab::Epoch> accepted, std::optional<zab::Epoch> current);

    /// A digest of the files and of what of them is durable; not of times and costs.
    std::uint64_t fingerprint() const;

    /// Changes when the history on the disk is cut or replaced: a snapshot begun before that must
    /// not be completed after it (release "fixed"; ZooKeeper's background thread would).
    std::uint32_t history_version() const { return history_version_; }

    std::int64_t free_at = 0;  ///< Synchronous operations queue for the device.
    std::int64_t busy_ns = 0;
    std::uint64_t uses = 0;
    std::uint64_t draws = 0;
    std::int64_t slow_factor_nano = 1'000'000'000;
    Distribution extra;  ///< Of every synchronous operation.
    std::int64_t stalled_until = 0;
    std::int64_t fails_until = 0;  ///< Whatever is written or synced fails (EIO).
    std::int64_t full_until = 0;   ///< What needs room fails (ENOSPC).
    std::int64_t lies_until = 0;   ///< What is synced is durable only with the next honest sync.
    std::int64_t loses_until = 0;  ///< What is synced never is: the log has a hole from there on.

  private:
    static bool ends_at(const zab::Snapshot& snapshot, zab::Zxid zxid);
    struct Stored {
        zab::Snapshot snapshot;
        std::int64_t durable_at = 0;
        std::uint64_t bytes = 0;
        bool is_corrupt = false;
    };
    /// So many log entries are written back by then.
    struct Cached {
        std::int64_t due = 0;
        std::uint64_t appended = 0;
    };
    struct Epochs {
        std::optional<zab::Epoch> accepted;
        std::optional<zab::Epoch> current;
    };
    /// Of a record in the log beside its payload: header, checksum, path.
    static constexpr std::uint64_t record_overhead = 96;

    void start_file(zab::Zxid first);
    void replace_log(const zab::Snapshot& snapshot);
    void show_newest_snapshot();
    void show_rot();
    std::uint64_t forget_corrupt_end();
    void settle(std::int64_t now);
    void leave_to_kernel(std::int64_t now);
    void write_back(std::int64_t now);
    void settle_epochs(std::int64_t now);
    void all_is_durable() {
        durable_ = kept_ = appended();
        cached_.clear();
    }
    void trim_files();
    void cut_last_file();

    zab::DiskImage image_;
    std::vector<Stored> snapshots_;  // Oldest first; image_.snapshot is the last.
    bool starts_file_ = true;
    std::optional<zab::Position>
        continues_at_;  // Where the next record goes on, if not at the end.
    std::uint32_t history_version_ = 0;
    std::uint64_t dropped_ = 0;  // Log entries removed from the front.
    std::uint64_t durable_ = 0;  // Log entries, counted from the first ever, that are durable,
                                 // as the process was told,
    std::uint64_t kept_ = 0;     // and in truth: a power loss leaves these.
    std::optional<std::uint64_t> hole_;  // The first that was written in vain.
    bool syncs_log_ = true;
    zab::Ring<Cached> cached_;         // What the kernel is going to write, without fsync.
    Epochs kept_epochs_;               // Of the files, in truth.
    std::optional<zab::Zxid> rotten_;  // A record with a wrong checksum,
    std::optional<zab::Zxid> short_;   // or one that seems to end too early.
};

}  // namespace sim
