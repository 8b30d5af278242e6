#include "sim/disk/disk.hpp"

#include "protocol/types/digest.hpp"

#include <algorithm>

namespace sim {

namespace {

// Snapshots kept (autopurge.snapRetainCount is 3; one more, because the newest may be cut off).
constexpr std::size_t retained_snapshots = 4;
// When Linux has written back what nobody fsynced (vm.dirty_expire_centisecs).
constexpr std::int64_t write_back_ns = 30'000'000'000;

}  // namespace

zab::Position Disk::durable_end() const {
    if (durable_ <= dropped_) {
        return image_.log.base();
    }
    return image_.log.position_at(durable_ - dropped_ - 1);
}

void Disk::complete_sync(std::uint64_t appended) {
    durable_ = std::max(durable_, std::min(appended, this->appended()));
}

void Disk::start_file(zab::Zxid first) {
    starts_file_ = false;
    image_.log_files.push_back({first, 0});
}

void Disk::show_newest_snapshot() {
    image_.snapshot.reset();
    image_.snapshot_bytes = 0;
    if (!snapshots_.empty()) {
        image_.snapshot = snapshots_.back().snapshot;
        image_.snapshot_bytes = snapshots_.back().bytes;
    }
}

/// Whether what is stored up to this point, and nothing beyond, is the history up to it.
bool Disk::reaches(zab::Zxid zxid) const {
    zab::Zxid start;
    for (const Stored& stored : snapshots_) {
        const zab::Zxid end = stored.snapshot.position.zxid;
        start = end <= zxid ? std::max(start, end) : start;
    }
    const zab::History& log = image_.log;
    const std::size_t kept = log.first_after(zxid);
    const zab::Zxid last = kept == 0 ? log.base().zxid : log.at(kept - 1).txn.zxid;
    return start == zxid || (last == zxid && log.base().zxid <= start);
}

void Disk::truncate_after(zab::Zxid zxid, zab::Truncation rule) {
    using enum zab::Truncation;
    if (rule == exact && !reaches(zxid)) {
        return;  // What is there may have been acknowledged: better too much than too little.
    }
    ++history_version_;
    if (rule == exact || rule == keeps_next_record) {
        std::erase_if(snapshots_,
                      [zxid](const Stored& s) { return s.snapshot.position.zxid > zxid; });
        show_newest_snapshot();
    }
    zab::History& log = image_.log;
    std::size_t kept = log.first_after(zxid);
    const bool lacks_point =
        kept == 0 ? log.base().zxid != zxid : log.at(kept - 1).txn.zxid != zxid;
    if ((rule == keeps_next_record || rule == keeps_both) && lacks_point && kept < log.size()) {
        ++kept;  // FileTxnLog.truncate: behind the first record that is not below the point.
    }
    log.truncate(kept);
    while (!image_.log_files.empty() && image_.log_files.back().first > log.last().zxid) {
        image_.log_files.pop_back();
    }
    starts_file_ = true;
    durable_ = appended();
}

void Disk::add_snapshot(const zab::Snapshot& snapshot, zab::SnapshotWrite how, std::int64_t now,
                        std::uint64_t bytes) {
    settle(now);
    using enum zab::SnapshotWrite;
    const zab::Zxid name = snapshot.zxid();
    std::int64_t durable_at = how == replacing || how == synced ? now : now + write_back_ns;
    for (const Stored& stored : snapshots_) {
        if (stored.snapshot.zxid() == name) {
            // The same file again. What it holds is as good as before, so the old one counts.
            durable_at = std::min(durable_at, stored.durable_at);
        }
    }
    std::erase_if(snapshots_, [name](const Stored& s) { return s.snapshot.zxid() == name; });
    if (how == replacing) {
        replace_log(snapshot);
    } else if (how != background && !(image_.log.last() == snapshot.position)) {
        continues_at_ = snapshot.position;
    }
    const auto place = std::find_if(snapshots_.begin(), snapshots_.end(),
                                    [name](const Stored& s) { return s.snapshot.zxid() > name; });
    snapshots_.insert(place, {snapshot, durable_at, bytes});
    show_newest_snapshot();
    settle(now);
}

/// An older history beyond this point must not come back at the next boot (ZOOKEEPER-2832).
void Disk::replace_log(const zab::Snapshot& snapshot) {
    ++history_version_;
    std::erase_if(snapshots_, [&snapshot](const Stored& s) {
        return s.snapshot.position.zxid > snapshot.position.zxid;
    });
    if (!(image_.log.last() == snapshot.position)) {
        dropped_ = appended();
        image_.log.reset(snapshot.position);
        image_.log_files.clear();
        starts_file_ = true;
        snapshots_.clear();
    }
    durable_ = appended();
}

/// Removes old snapshots, and the log before the oldest one kept: a restart needs no more.
void Disk::settle(std::int64_t now) {
    while (snapshots_.size() > retained_snapshots && snapshots_[1].durable_at <= now) {
        snapshots_.erase(snapshots_.begin());
    }
    if (snapshots_.size() < retained_snapshots || snapshots_.front().durable_at > now) {
        return;
    }
    const zab::Zxid oldest = snapshots_.front().snapshot.position.zxid;
    const std::size_t unneeded =
        std::min<std::size_t>(image_.log.first_after(oldest), durable_ - dropped_);
    image_.log.drop_front(unneeded);
    dropped_ += unneeded;
    std::vector<zab::LogFile>& files = image_.log_files;
    while (files.size() > 1 && files[1].first <= image_.log.base().zxid) {
        files.erase(files.begin());
    }
}

bool Disk::continue_behind_snapshot() {
    if (snapshots_.empty() || snapshots_.back().snapshot.position.zxid <= image_.log.last().zxid) {
        return false;
    }
    ++history_version_;
    snapshots_.back().durable_at = 0;
    snapshots_.erase(snapshots_.begin(), snapshots_.end() - 1);
    dropped_ = appended();
    image_.log.reset(snapshots_.back().snapshot.position);
    image_.log_files.clear();
    starts_file_ = true;
    durable_ = appended();
    return true;
}

std::uint64_t Disk::lose_power(std::int64_t now, std::uint32_t kept_fraction) {
    std::erase_if(snapshots_, [now](const Stored& s) { return s.durable_at > now; });
    show_newest_snapshot();
    const std::uint64_t unsynced = appended() - durable_;
    const std::uint64_t kept = (unsynced * kept_fraction) >> 32;
    image_.log.truncate(durable_ + kept - dropped_);
    durable_ = appended();
    return unsynced - kept;
}

void Disk::preset(const zab::History& log, const std::optional<zab::Snapshot>& snapshot,
                  std::optional<zab::Epoch> accepted, std::optional<zab::Epoch> current) {
    image_ = {log, snapshot, accepted, current, {}, {}, 0};
    continues_at_.reset();
    starts_file_ = true;
    if (!log.empty()) {
        start_file(log.at(0).txn.zxid);
        starts_file_ = true;
    }
    snapshots_.clear();
    if (snapshot.has_value()) {
        snapshots_.push_back({*snapshot, 0, 1'024});
    }
    show_newest_snapshot();
    dropped_ = 0;
    durable_ = log.size();
}

std::uint64_t Disk::fingerprint() const {
    zab::Digest digest;
    const auto add = [&digest](const std::optional<zab::Epoch>& epoch) {
        digest.add(epoch.has_value()).add(epoch.value_or(zab::Epoch{}).value);
    };
    add(image_.accepted_epoch);
    add(image_.current_epoch);
    add(image_.current_epoch_temporary);
    digest.add(image_.log.base().prefix).add(image_.log.size()).add(image_.log.last().prefix);
    digest.add(image_.log.last().zxid.value).add(appended() - durable_).add(snapshots_.size());
    for (const Stored& stored : snapshots_) {
        digest.add(stored.snapshot.position.zxid.value).add(stored.snapshot.position.prefix);
        digest.add(stored.durable_at == 0).add(stored.snapshot.sessions.size());
    }
    return digest.value;
}

}  // namespace sim
