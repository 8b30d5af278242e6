#include "protocol/leader/sync_plan.hpp"

#include <algorithm>
#include <optional>

namespace zab {

namespace {

/// A log file's header, before which nothing is preallocated.
constexpr std::uint64_t file_header = 16;
/// FilePadding: a file grows by another step when less than this is left.
constexpr std::uint64_t padding_margin = 4'096;

std::uint64_t size_on_disk(const LogFile& file, std::uint64_t step) {
    if (step == 0 || file.is_cut) {
        return file_header + file.bytes;
    }
    return file_header + (file.bytes + padding_margin + step) / step * step;
}

SyncPlan snap(const Database& database) {
    return {SyncPlan::Kind::snap, database.last_processed(), {}, database.last_processed()};
}

/// Queues what the learner lacks, entry by entry (queueCommittedProposals). The first entry that
/// is not below the learner's zxid decides between DIFF and TRUNC.
class Walk {
  public:
    Walk(Zxid learner, Zxid end, const Release& release)
        : learner_(learner), end_(end), release_(release) {
        plan_.last_queued = learner;
    }

    void over(const History& log, std::optional<Zxid> limit) {
        std::optional<Zxid> previous;
        for (std::size_t i = 0; i < log.size(); ++i) {
            const Txn& txn = log.at(i).txn;
            if (limit.has_value() && txn.zxid > *limit) {
                break;
            }
            if (txn.zxid < learner_) {
                previous = txn.zxid;
                continue;
            }
            if (!is_decided_ && !decide(txn.zxid, previous)) {
                return;
            }
            if (txn.zxid > plan_.last_queued) {
                plan_.proposals.push_back(txn);
                plan_.last_queued = txn.zxid;
            }
        }
        if (!is_decided_ && is_new_epoch()) {
            send_diff();  // Our history is older than its epoch, and nothing was added since.
        }
    }

    bool is_decided() const { return is_decided_; }
    const SyncPlan& plan() const { return plan_; }

  private:
    bool is_new_epoch() const { return learner_.counter() == 0; }

    /// False: nothing may be sent from here.
    bool decide(Zxid next, std::optional<Zxid> previous) {
        if (next == learner_ || is_new_epoch() || release_.window_ignores_epochs) {
            send_diff();
            return true;
        }
        if (next.epoch() != learner_.epoch() || !previous.has_value()) {
            // A TRUNC across epochs is never sent: what the learner has of the old epoch may have
            // been committed and only be missing in this log's range.
            return false;
        }
        plan_.kind = SyncPlan::Kind::trunc;
        plan_.zxid = *previous;
        is_decided_ = true;
        return true;
    }

    void send_diff() {
        plan_.kind = SyncPlan::Kind::diff;
        plan_.zxid = end_;
        is_decided_ = true;
    }

    Zxid learner_;
    Zxid end_;
    const Release& release_;
    SyncPlan plan_;
    bool is_decided_ = false;
};

/// The learner lies before the committed log: from disk up to where that log begins, then from it.
SyncPlan plan_from_disk(const SyncSource& source, Zxid learner, Zxid min, Zxid max) {
    if (!log_may_serve(*source.disk, source.config, learner)) {
        return snap(source.database);
    }
    Walk walk(learner, max, source.config.release);
    walk.over(source.disk->log, min);
    if (walk.plan().last_queued < min && source.config.release.sees_gap_in_log) {
        return snap(source.database);  // A gap between the two logs.
    }
    walk.over(source.database.committed_log(), std::nullopt);
    return walk.is_decided() ? walk.plan() : snap(source.database);
}

/// LearnerHandler.run of 3.4: what the learner lacks of the committed log, behind a TRUNC to the
/// entry before where it has one that the log does not have; a SNAP where it lies before all that.
SyncPlan plan_by_window(const Database& database, Zxid learner) {
    const History& log = database.committed_log();
    if (learner == database.last_processed()) {
        return {SyncPlan::Kind::diff, learner, {}, learner};
    }
    if (log.empty() || learner < log.at(0).txn.zxid) {
        return snap(database);
    }
    const Zxid max = log.last().zxid;
    const std::size_t next = log.first_after(learner);
    const Zxid previous = log.at(next - 1).txn.zxid;
    const bool is_beyond = learner > max;
    SyncPlan plan{SyncPlan::Kind::diff, max, {}, max};
    if (previous < learner) {
        plan = {SyncPlan::Kind::trunc, previous, {}, max};
    }
    for (std::size_t i = next; !is_beyond && i < log.size(); ++i) {
        plan.proposals.push_back(log.at(i).txn);
    }
    return plan;
}

}  // namespace

bool log_may_serve(const DiskImage& disk, const Config& config, Zxid learner) {
    if (disk.log_files.empty() || disk.log.empty() || disk.log.at(0).txn.zxid > learner) {
        return false;
    }
    std::size_t chosen = 0;
    for (std::size_t i = 1; i < disk.log_files.size(); ++i) {
        if (disk.log_files[i].first < learner) {
            chosen = i;
        }
    }
    const std::uint64_t limit = disk.snapshot_bytes * config.snapshot_size_percent / 100;
    std::uint64_t size = 0;
    for (std::size_t i = chosen + 1; i < disk.log_files.size(); ++i) {
        size += size_on_disk(disk.log_files[i], config.preallocation);
    }
    return limit == 0 || size <= limit;
}

SyncPlan plan_sync(const SyncSource& source, Zxid learner) {
    const Database& database = source.database;
    const Release& release = source.config.release;
    const History& log = database.committed_log();
    const Zxid last = database.last_processed();
    const Zxid min = log.empty() ? last : log.at(0).txn.zxid;
    const Zxid max = log.empty() ? last : log.last().zxid;
    const bool is_new_epoch = learner.counter() == 0;
    // Even where a SNAP is forced: it would cut off what has been acknowledged, and is counted.
    if (release.returning_learner_keeps && learner > std::max(max, last) && !is_new_epoch &&
        learner <= source.last_proposed && learner.epoch() == source.last_proposed.epoch()) {
        return {SyncPlan::Kind::diff, learner, {}, learner};
    }
    if (source.config.force_snapshot_sync) {
        return snap(database);
    }
    if (release.plans_by_window) {
        return plan_by_window(database, learner);
    }
    if (learner == last) {
        return {SyncPlan::Kind::diff, learner, {}, learner};
    }
    if (learner > max && !is_new_epoch) {
        return {SyncPlan::Kind::trunc, max, {}, max};
    }
    if (min <= learner && learner <= max) {
        Walk walk(learner, max, release);
        walk.over(log, std::nullopt);
        return walk.is_decided() ? walk.plan() : snap(database);
    }
    if (learner < min && release.syncs_from_disk && source.config.sync_from_disk) {
        return source.disk != nullptr ? plan_from_disk(source, learner, min, max)
                                      : SyncPlan{SyncPlan::Kind::needs_log, {}, {}, {}};
    }
    return snap(database);
}

}  // namespace zab
