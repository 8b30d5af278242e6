#include "sim/disk/disk.hpp"

#include "protocol/types/digest.hpp"

#include <algorithm>

namespace sim {

namespace {

// Snapshots kept (autopurge.snapRetainCount is 3; one more, because the newest may be cut off).
constexpr std::size_t retained_snapshots = 4;
// When Linux has written back what nobody fsynced (vm.dirty_expire_centisecs).
constexpr std::int64_t write_back_ns = 30'000'000'000;
constexpr std::int64_t write_back_step_ns = 1'000'000'000;

}  // namespace

zab::Position Disk::durable_end() const {
    if (durable_ <= dropped_) {
        return image_.log.base();
    }
    return image_.log.position_at(durable_ - dropped_ - 1);
}

void Disk::complete_sync(std::uint64_t appended, std::int64_t now) {
    durable_ = std::max(durable_, std::min(appended, this->appended()));
    if (!syncs_log_) {
        leave_to_kernel(now);
    } else if (loses_until > now) {
        if (!hole_.has_value() && kept_ < durable_) hole_ = kept_;
    } else if (lies_until <= now) {
        kept_ = std::min(durable_, hole_.value_or(durable_));
        settle_epochs(now);
    }
}

/// What is told to be durable lies in the page cache. Looked at in steps: not every append counts.
void Disk::leave_to_kernel(std::int64_t now) {
    write_back(now);
    const std::int64_t due = now + write_back_ns;
    if (!cached_.empty() && cached_[cached_.size() - 1].due + write_back_step_ns > due) {
        cached_[cached_.size() - 1].appended = durable_;
    } else {
        cached_.push({due, durable_});
    }
}

void Disk::write_back(std::int64_t now) {
    while (!cached_.empty() && cached_.front().due <= now) {
        kept_ = std::max(kept_, cached_.front().appended);
        cached_.pop();
    }
}

std::uint64_t Disk::drop_unsynced() {
    const std::uint64_t dropped = appended() - durable_;
    image_.log.truncate(durable_ - dropped_);
    trim_files();
    starts_file_ = true;
    return dropped;
}

void Disk::settle_epochs(std::int64_t now) {
    if (lies_until <= now) {
        kept_epochs_ = {image_.accepted_epoch, image_.current_epoch};
    }
}

/// No file begins behind the end of the log.
void Disk::trim_files() {
    while (!image_.log_files.empty() && image_.log_files.back().first > image_.log.last().zxid) {
        image_.log_files.pop_back();
        starts_file_ = true;
    }
}

void Disk::start_file(zab::Zxid first) {
    starts_file_ = false;
    image_.has_torn_header = false;  // The same name, or a later one: it is written anew.
    image_.log_files.push_back({first, 0, false});
}

void Disk::show_newest_snapshot() {
    image_.snapshot.reset();
    image_.snapshot_bytes = 0;
    const auto newest = std::find_if(snapshots_.rbegin(), snapshots_.rend(),
                                     [](const Stored& stored) { return !stored.is_corrupt; });
    if (newest != snapshots_.rend()) {
        image_.snapshot = newest->snapshot;
        image_.snapshot_bytes = newest->bytes;
    }
    show_rot();
}

void Disk::show_rot() {
    image_.has_only_corrupt_snapshots = !snapshots_.empty() && !image_.snapshot.has_value();
    image_.has_corrupt_record =
        rotten_.has_value() && image_.log.base().zxid < *rotten_ &&
        image_.log.find(*rotten_).has_value() &&
        (!image_.snapshot.has_value() || image_.snapshot->position.zxid < *rotten_);
}

bool Disk::corrupt(Rot what, std::uint64_t word) {
    if (what == Rot::snapshot) {
        const auto newest = std::find_if(snapshots_.rbegin(), snapshots_.rend(),
                                         [](const Stored& stored) { return !stored.is_corrupt; });
        if (newest == snapshots_.rend()) return false;
        newest->is_corrupt = true;
        show_newest_snapshot();
        return true;
    }
    const zab::Zxid begin =
        image_.snapshot.has_value() ? image_.snapshot->position.zxid : zab::Zxid{};
    const std::size_t first = image_.log.first_after(begin);
    if (first >= image_.log.size()) return false;
    const std::size_t chosen = first + word % (image_.log.size() - first);
    (what == Rot::tail ? short_ : rotten_) = image_.log.at(chosen).txn.zxid;
    show_rot();
    return true;
}

std::uint64_t Disk::cut_at_rot() {
    std::uint64_t hidden = 0;
    if (short_.has_value() && image_.log.base().zxid < *short_ &&
        image_.log.find(*short_).has_value()) {
        const std::size_t kept = image_.log.first_after(zab::Zxid{short_->value - 1});
        hidden = image_.log.size() - kept;
        image_.log.truncate(kept);
        trim_files();
        all_is_durable();
    }
    short_.reset();
    hidden = std::max(hidden, forget_corrupt_end());
    show_rot();
    return hidden;
}

zab::Position Disk::end() const {
    const zab::Position log = image_.log.last();
    const bool is_behind = image_.snapshot.has_value() && log.zxid < image_.snapshot->position.zxid;
    return is_behind ? image_.snapshot->position : log;
}

/// A corrupt snapshot is passed over for an older one, for ever: what it alone held is gone. Where
/// there is none to read, the process does not start. How much of older epochs it held nobody knows
/// any more: that is not counted.
std::uint64_t Disk::forget_corrupt_end() {
    std::uint64_t hidden = 0;
    while (image_.snapshot.has_value() && snapshots_.back().is_corrupt) {
        const zab::Zxid held = snapshots_.back().snapshot.position.zxid;
        const zab::Zxid left = end().zxid;
        if (held <= left) {
            break;
        }
        const bool is_of_one_epoch = held.epoch() == left.epoch();
        hidden = std::max<std::uint64_t>(hidden,
                                         held.counter() - (is_of_one_epoch ? left.counter() : 0));
        snapshots_.pop_back();
    }
    return hidden;
}

/// Whether nothing beyond this point is in a snapshot: neither by its name, nor by what was applied
/// while it was written. A process that leaves its role applies its whole log, committed or not: a
/// snapshot that is being written then has what a TRUNC takes out of the log.
bool Disk::ends_at(const zab::Snapshot& snapshot, zab::Zxid zxid) {
    return std::max(snapshot.position.zxid, snapshot.tree_reaches) <= zxid;
}

/// Whether what is stored up to this point, and nothing beyond, is the history up to it.
bool Disk::reaches(zab::Zxid zxid) const {
    zab::Zxid start;
    for (const Stored& stored : snapshots_) {
        const zab::Zxid end = stored.snapshot.position.zxid;
        start = ends_at(stored.snapshot, zxid) ? std::max(start, end) : start;
    }
    const zab::History& log = image_.log;
    const std::size_t kept = log.first_after(zxid);
    const zab::Zxid last = kept == 0 ? log.base().zxid : log.at(kept - 1).txn.zxid;
    return start == zxid || (last == zxid && log.base().zxid <= start);
}

bool Disk::can_truncate(zab::Zxid zxid, zab::Truncation rule) const {
    const zab::History& log = image_.log;
    return rule == zab::Truncation::exact || (!log.empty() && log.last().zxid >= zxid);
}

void Disk::truncate_after(zab::Zxid zxid, zab::Truncation rule) {
    using enum zab::Truncation;
    if (rule == exact && !reaches(zxid)) {
        return;  // What is there may have been acknowledged: better too much than too little.
    }
    ++history_version_;
    if (rule == exact || rule == keeps_next_record) {
        std::erase_if(snapshots_, [zxid, rule](const Stored& s) {
            return rule == exact ? !ends_at(s.snapshot, zxid) : s.snapshot.position.zxid > zxid;
        });
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
    trim_files();
    cut_last_file();
    starts_file_ = true;
    hole_.reset();
    all_is_durable();
    show_rot();
}

/// FileTxnLog.truncate sets the length of the file that has the point.
void Disk::cut_last_file() {
    if (image_.log_files.empty()) {
        return;
    }
    zab::LogFile& file = image_.log_files.back();
    file = {file.first, 0, true};
    for (std::size_t i = image_.log.size(); i > 0; --i) {
        const zab::Txn& txn = image_.log.at(i - 1).txn;
        if (txn.zxid < file.first) {
            break;
        }
        file.bytes += record_overhead + txn.bytes;
    }
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
    hole_.reset();
    all_is_durable();
}

/// Removes old snapshots, and the log files before the oldest one kept: a restart needs no more
/// (PurgeTxnLog.purgeOlderSnapshots).
void Disk::settle(std::int64_t now) {
    while (snapshots_.size() > retained_snapshots && snapshots_[1].durable_at <= now) {
        snapshots_.erase(snapshots_.begin());
    }
    if (snapshots_.size() < retained_snapshots || snapshots_.front().durable_at > now ||
        snapshots_.front().is_corrupt) {
        return;
    }
    const zab::Zxid oldest = snapshots_.front().snapshot.position.zxid;
    std::vector<zab::LogFile>& files = image_.log_files;
    while (files.size() > 1 && files[1].first <= oldest) {
        const std::size_t unneeded = image_.log.first_after({files[1].first.value - 1});
        if (dropped_ + unneeded > std::max(kept_, dropped_)) {
            return;
        }
        image_.log.drop_front(unneeded);
        dropped_ += unneeded;
        files.erase(files.begin());
    }
}

bool Disk::continue_behind_snapshot() {
    if (snapshots_.empty() || snapshots_.back().is_corrupt ||
        snapshots_.back().snapshot.position.zxid <= image_.log.last().zxid) {
        return false;
    }
    ++history_version_;
    snapshots_.back().durable_at = 0;
    snapshots_.erase(snapshots_.begin(), snapshots_.end() - 1);
    hole_.reset();
    dropped_ = appended();
    image_.log.reset(snapshots_.back().snapshot.position);
    image_.log_files.clear();
    starts_file_ = true;
    all_is_durable();
    show_rot();
    return true;
}

Lost Disk::lose_power(std::int64_t now, std::uint32_t kept_fraction, bool tears) {
    std::erase_if(snapshots_, [now](const Stored& s) { return s.durable_at > now; });
    write_back(now);
    const std::uint64_t sure = std::max(kept_, dropped_);
    const std::uint64_t unsure = appended() - sure;
    const std::uint64_t most = hole_.has_value() ? std::max(*hole_, sure) - sure : unsure;
    const std::uint64_t kept = std::min((unsure * kept_fraction) >> 32, most);
    Lost lost{.records = unsure - kept, .is_torn = tears && kept < unsure};
    image_.log.truncate(sure + kept - dropped_);
    if (lost.is_torn) {
        const zab::Zxid end = image_.log.last().zxid;
        image_.has_torn_header =
            std::any_of(image_.log_files.begin(), image_.log_files.end(),
                        [end](const zab::LogFile& file) { return file.first > end; });
    }
    trim_files();
    hole_.reset();
    all_is_durable();
    image_.accepted_epoch = kept_epochs_.accepted;
    image_.current_epoch = kept_epochs_.current;
    show_newest_snapshot();
    // What a synced snapshot holds beyond the log is not lost with it: the log goes on from there.
    continues_at_.reset();
    if (image_.snapshot.has_value() && image_.snapshot->position.zxid > image_.log.last().zxid) {
        continues_at_ = image_.snapshot->position;
    }
    return lost;
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
    rotten_.reset();
    short_.reset();
    hole_.reset();
    show_newest_snapshot();
    settle_epochs(0);
    dropped_ = 0;
    all_is_durable();
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
    digest.add(image_.log.last().zxid.value).add(appended() - kept_).add(snapshots_.size());
    for (const Stored& stored : snapshots_) {
        digest.add(stored.snapshot.position.zxid.value).add(stored.snapshot.position.prefix);
        digest.add(stored.durable_at == 0).add(stored.snapshot.sessions.size());
    }
    return digest.value;
}

}  // namespace sim
