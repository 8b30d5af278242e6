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

void Disk::truncate_after(zab::Zxid zxid) {
    ++history_version_;
    std::erase_if(snapshots_, [zxid](const Stored& s) { return s.snapshot.position.zxid > zxid; });
    image_.snapshot.reset();
    if (!snapshots_.empty()) {
        image_.snapshot = snapshots_.back().snapshot;
    }
    image_.log.truncate(image_.log.first_after(zxid));
    durable_ = appended();
}

void Disk::add_snapshot(const zab::Snapshot& snapshot, bool replaces_log, std::int64_t now) {
    settle(now);
    const zab::Zxid name = snapshot.position.zxid;
    std::int64_t durable_at = replaces_log ? now : now + write_back_ns;
    for (const Stored& stored : snapshots_) {
        if (stored.snapshot.position.zxid == name) {
            // The same file again. What it holds is as good as before, so the old one counts.
            durable_at = std::min(durable_at, stored.durable_at);
        }
    }
    std::erase_if(snapshots_, [name](const Stored& s) { return s.snapshot.position.zxid == name; });
    if (replaces_log) {
        ++history_version_;
        // An older history beyond this point must not come back at the next boot (2832).
        std::erase_if(snapshots_,
                      [name](const Stored& s) { return s.snapshot.position.zxid > name; });
        if (!(image_.log.last() == snapshot.position)) {
            dropped_ = appended();
            image_.log.reset(snapshot.position);
            snapshots_.clear();
        }
        durable_ = appended();
    }
    const auto place = std::find_if(snapshots_.begin(), snapshots_.end(), [name](const Stored& s) {
        return s.snapshot.position.zxid > name;
    });
    snapshots_.insert(place, {snapshot, durable_at});
    image_.snapshot = snapshots_.back().snapshot;
    settle(now);
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
    durable_ = appended();
    return true;
}

std::uint64_t Disk::lose_power(std::int64_t now, std::uint32_t kept_fraction) {
    std::erase_if(snapshots_, [now](const Stored& s) { return s.durable_at > now; });
    image_.snapshot.reset();
    if (!snapshots_.empty()) {
        image_.snapshot = snapshots_.back().snapshot;
    }
    const std::uint64_t unsynced = appended() - durable_;
    const std::uint64_t kept = (unsynced * kept_fraction) >> 32;
    image_.log.truncate(durable_ + kept - dropped_);
    durable_ = appended();
    return unsynced - kept;
}

void Disk::preset(const zab::History& log, const std::optional<zab::Snapshot>& snapshot,
                  std::optional<zab::Epoch> accepted, std::optional<zab::Epoch> current) {
    image_ = {log, snapshot, accepted, current};
    snapshots_.clear();
    if (snapshot.has_value()) {
        snapshots_.push_back({*snapshot, 0});
    }
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
    digest.add(image_.log.base().prefix).add(image_.log.size()).add(image_.log.last().prefix);
    digest.add(image_.log.last().zxid.value).add(appended() - durable_).add(snapshots_.size());
    for (const Stored& stored : snapshots_) {
        digest.add(stored.snapshot.position.zxid.value).add(stored.snapshot.position.prefix);
        digest.add(stored.durable_at == 0).add(stored.snapshot.sessions.size());
    }
    return digest.value;
}

}  // namespace sim
