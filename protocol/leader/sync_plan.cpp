#include "protocol/leader/sync_plan.hpp"

namespace zab {

namespace {

SyncPlan snap(const Database& database) {
    return {SyncPlan::Kind::snap, database.last_processed(), 0, 0, database.last_processed()};
}

/// The learner lies inside the committed log's range (queueCommittedProposals).
SyncPlan walk(const Database& database, Zxid learner) {
    const History& log = database.committed_log();
    const std::size_t after = log.first_after(learner);
    const bool is_in_log = after > 0 && log.at(after - 1).txn.zxid == learner;
    const bool is_new_epoch = learner.counter() == 0;
    const Zxid end = log.last().zxid;
    if (is_in_log || is_new_epoch) {
        return {SyncPlan::Kind::diff, end, after, log.size(), end};
    }
    const Zxid next = log.at(after).txn.zxid;
    if (after == 0 || next.epoch() != learner.epoch()) {
        // A TRUNC across epochs is never sent: what the learner has of the old epoch may have
        // been committed and only be missing in this log's range.
        return snap(database);
    }
    return {SyncPlan::Kind::trunc, log.at(after - 1).txn.zxid, after, log.size(), end};
}

}  // namespace

SyncPlan plan_sync(const Database& database, Zxid learner, Zxid last_proposed) {
    const History& log = database.committed_log();
    const Zxid last = database.last_processed();
    const Zxid min = log.empty() ? last : log.at(0).txn.zxid;
    const Zxid max = log.empty() ? last : log.last().zxid;
    if (learner == last) {
        return {SyncPlan::Kind::diff, learner, log.size(), log.size(), learner};
    }
    if (learner > max && learner.counter() != 0 && learner <= last_proposed &&
        learner.epoch() == last_proposed.epoch()) {
        return {SyncPlan::Kind::diff, learner, log.size(), log.size(), learner};
    }
    if (learner > max && learner.counter() != 0) {
        return {SyncPlan::Kind::trunc, max, log.size(), log.size(), max};
    }
    if (min <= learner && learner <= max && !log.empty()) {
        return walk(database, learner);
    }
    return snap(database);
}

}  // namespace zab
