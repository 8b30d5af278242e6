#include "protocol/peer.hpp"

namespace zab {

// What a process that starts makes of its disk (QuorumPeer.loadDataBase).

namespace {

/// Whether, behind the snapshot, a transaction is missing within an epoch.
bool has_gap(const DiskImage& disk) {
    const Zxid snapshot = disk.snapshot.has_value() ? disk.snapshot->zxid() : Zxid{};
    Zxid last{};
    for (std::size_t i = 0; i < disk.log.size(); ++i) {
        const Zxid zxid = disk.log.at(i).txn.zxid;
        if (zxid <= snapshot || zxid <= last) {
            continue;
        }
        if (last != Zxid{} && zxid != last.next() && zxid.epoch() <= last.epoch()) {
            return true;
        }
        last = zxid;
    }
    return false;
}

}  // namespace

/// What FileTxnSnapLog.restore throws at. A record that ends too early is only the end of the log.
std::optional<Refusal> Peer::unreadable(const DiskImage& disk) const {
    if (disk.has_only_corrupt_snapshots) {
        return Refusal::corrupt_snapshots;
    }
    if (disk.has_corrupt_record) {
        return Refusal::corrupt_log;
    }
    if (server_.release().refuses_gap_in_log && has_gap(disk)) {
        return Refusal::corrupt_log;
    }
    if (disk.has_torn_header && !server_.release().skips_torn_header) {
        return Refusal::torn_log_header;
    }
    return std::nullopt;
}

/// The epochs this server starts with. What it writes back is told by the role.
std::optional<Refusal> Peer::take_epochs(const DiskImage& disk) {
    Booting booting;
    const Epoch of_log = server_.database.last_processed().epoch();
    // A missing file means a server from before the files: its history tells the epoch.
    server_.current_epoch = disk.current_epoch.value_or(of_log);
    booting.writes_current = !disk.current_epoch.has_value();
    server_.accepted_epoch = disk.accepted_epoch.value_or(of_log);
    booting.writes_accepted = !disk.accepted_epoch.has_value();
    if (of_log > server_.current_epoch) {
        // A crash between the last two steps of synchronization leaves a log ahead of currentEpoch.
        // It was never acknowledged, so a server may start and vote with its old epoch; ZooKeeper
        // refuses to start (ZOOKEEPER-1653, 2354) unless the file that was to be renamed is there.
        const bool has_temporary =
            disk.current_epoch_temporary.has_value() && server_.release().reads_epoch_temporary;
        const LogAheadOfEpoch rule = server_.release().log_ahead;
        if (has_temporary || rule == LogAheadOfEpoch::adopts) {
            server_.current_epoch = has_temporary ? *disk.current_epoch_temporary : of_log;
            booting.writes_current = true;
        } else if (rule == LogAheadOfEpoch::refuses) {
            return Refusal::epoch_of_log_above_current_epoch;
        }
    }
    if (server_.accepted_epoch < server_.current_epoch) {
        return Refusal::accepted_epoch_below_current_epoch;
    }
    role_ = booting;
    return std::nullopt;
}

}  // namespace zab
