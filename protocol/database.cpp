#include "protocol/database.hpp"

#include "protocol/types/digest.hpp"

#include <algorithm>

namespace zab {

namespace {

bool is_before(const Session& session, SessionId id) { return session.id < id; }

}  // namespace

void Database::load(const DiskImage& disk) {
    clear();
    if (disk.snapshot.has_value()) {
        position_ = disk.snapshot->position;
        tree_ = disk.snapshot->tree;
        sessions_ = disk.snapshot->sessions;
        last_processed_ = disk.snapshot->zxid();
        played_ = position_.zxid;
        tree_reaches_ = disk.snapshot->tree_reaches;
    }
    committed_log_.reset(position_);
    fast_forward(disk);
}

void Database::fast_forward(const DiskImage& disk) {
    // From the first record beyond on, in the order of the file, which a defect may have mixed up.
    std::size_t next = 0;
    while (next < disk.log.size() && disk.log.at(next).txn.zxid <= last_processed_) {
        ++next;
    }
    for (; next < disk.log.size(); ++next) {
        apply(disk.log.at(next).txn);
    }
}

void Database::install(const Snapshot& snapshot, Zxid zxid) {
    ++generation_;
    tree_ = snapshot.tree;
    sessions_ = snapshot.sessions;
    position_ = snapshot.position;
    played_ = position_.zxid;
    tree_reaches_ = snapshot.tree_reaches;
    last_processed_ = zxid;
    committed_log_.reset(position_);
}

void Database::clear() {
    ++generation_;
    tree_.clear();
    sessions_.clear();
    position_ = {};
    played_ = {};
    tree_reaches_ = {};
    last_processed_ = {};
    committed_log_.reset({});
}

void Database::apply(const Txn& txn, bool is_recorded) {
    apply_to_state(txn);
    last_processed_ = std::max(last_processed_, txn.zxid);
    played_ = txn.zxid;
    if (txn.zxid <= position_.zxid) {
        // Replayed over a state that has it already, and later writes with it.
        tree_reaches_ = std::max(tree_reaches_, position_.zxid);
        return;
    }
    if (!is_recorded) {
        position_ = advance(position_, txn);
        return;
    }
    committed_log_.push_behind(position_, txn);
    position_ = committed_log_.last();
    if (committed_log_.size() > commit_log_count_) {
        committed_log_.drop_front(1);
    }
}

void Database::apply_to_state(const Txn& txn) {
    tree_.apply(txn);
    if (txn.type != TxnType::create_session && txn.type != TxnType::close_session) {
        return;
    }
    const auto place = std::lower_bound(sessions_.begin(), sessions_.end(), txn.session, is_before);
    const bool is_known = place != sessions_.end() && place->id == txn.session;
    if (txn.type == TxnType::create_session && !is_known) {
        sessions_.insert(place, {txn.session, txn.path});
    } else if (txn.type == TxnType::close_session && is_known) {
        sessions_.erase(place);
    }
}

bool Database::has_session(SessionId session) const {
    const auto place = std::lower_bound(sessions_.begin(), sessions_.end(), session, is_before);
    return place != sessions_.end() && place->id == session;
}

std::uint64_t Database::fingerprint() const {
    Digest digest;
    digest.add(last_processed_.value).add(position_.zxid.value).add(position_.prefix);
    digest.add(committed_log_.base().prefix).add(committed_log_.size()).add(sessions_.size());
    for (const Session& session : sessions_) {
        digest.add(session.id.value).add(session.timeout_ms);
    }
    digest.add(tree_.digest());
    if (played_ < tree_reaches_) {
        digest.add(played_.value).add(tree_reaches_.value);
    }
    return digest.value;
}

}  // namespace zab
