#include "protocol/leader/sync_plan.hpp"
#include "protocol/server.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace {

using zab::Database;
using zab::SyncPlan;
using zab::Zxid;
using Kind = SyncPlan::Kind;

constexpr Zxid z(std::uint32_t epoch, std::uint32_t counter) { return Zxid::of({epoch}, counter); }

/// A leader's database whose committed log is `log`: what came before `first` is in a snapshot.
struct Leader {
    Zxid snapshot{};
    std::vector<Zxid> log;
    Zxid last_processed{};  ///< None: as the log says.
};

Database database_of(const Leader& leader) {
    Database database;
    if (leader.snapshot != Zxid{}) {
        database.install({{leader.snapshot, 1}, {}, {}}, leader.snapshot);
    }
    for (const Zxid zxid : leader.log) {
        database.apply({zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set});
    }
    if (leader.last_processed != Zxid{}) database.begin_epoch(leader.last_processed);
    return database;
}

/// A plan that sends the committed log's entries from `first` to `end`.
struct Expected {
    Kind kind{};
    Zxid zxid{};
    std::size_t first = 0, end = 0;
    Zxid last_queued{};
};

struct Case {
    const char* name;
    Leader leader;
    Zxid learner;
    Expected expected;
};

void check(const Database& database, const SyncPlan& plan, const Expected& expected) {
    CHECK_EQ(static_cast<int>(plan.kind), static_cast<int>(expected.kind));
    CHECK_EQ(plan.zxid.value, expected.zxid.value);
    CHECK_EQ(plan.last_queued.value, expected.last_queued.value);
    REQUIRE_EQ(plan.proposals.size(), expected.end - expected.first);
    for (std::size_t i = 0; i < plan.proposals.size(); ++i) {
        CHECK((plan.proposals[i] == database.committed_log().at(expected.first + i).txn));
    }
}

/// With a disk on which there is no log.
SyncPlan plan_of(const Database& database, Zxid learner, Zxid last_proposed = {}) {
    const zab::Config config;
    const zab::DiskImage disk;
    return zab::plan_sync({database, config, last_proposed, &disk}, learner);
}

void check_all(const std::vector<Case>& cases, Zxid last_proposed = {}) {
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            const Database database = database_of(c.leader);
            check(database, plan_of(database, c.learner, last_proposed), c.expected);
        }
    }
}

}  // namespace

TEST_CASE("a learner is synchronized by the first row of LearnerHandler.syncFollower that fits") {
    // SYNC-4 and 5: the leader has processed one transaction that has left for the tree only.
    const Leader gaps{z(0, 1), {z(0, 2), z(0, 3), z(0, 5)}, z(0, 6)};
    const Leader empty{z(0, 1), {}, {}};
    const Leader plain{{}, {z(1, 1), z(1, 2), z(1, 3)}, {}};
    check_all({
        {"1: SYNC-2: level with the leader", empty, z(0, 1), {Kind::diff, z(0, 1), 0, 0, z(0, 1)}},
        {"1: level with a leader that has a log",
         plain,
         z(1, 3),
         {Kind::diff, z(1, 3), 3, 3, z(1, 3)}},
        {"2: SYNC-1: ahead of a leader without a log",
         empty,
         z(0, 3),
         {Kind::trunc, z(0, 1), 0, 0, z(0, 1)}},
        {"2: ahead of the log", plain, z(1, 9), {Kind::trunc, z(1, 3), 3, 3, z(1, 3)}},
        {"3: SYNC-5: in the log", gaps, z(0, 2), {Kind::diff, z(0, 5), 1, 3, z(0, 5)}},
        {"3: at the first entry", plain, z(1, 1), {Kind::diff, z(1, 3), 1, 3, z(1, 3)}},
        {"3: SYNC-4: in a gap of its own epoch",
         gaps,
         z(0, 4),
         {Kind::trunc, z(0, 3), 2, 3, z(0, 5)}},
        {"4: older than the log", gaps, z(0, 1), {Kind::snap, z(0, 6), 0, 0, z(0, 6)}},
        {"4: SYNC-20: far older than the log",
         {z(0, 6), {z(0, 7), z(0, 8)}, {}},
         z(0, 3),
         {Kind::snap, z(0, 8), 0, 0, z(0, 8)}},
        {"4: a fresh learner", plain, {}, {Kind::snap, z(1, 3), 0, 0, z(1, 3)}},
        {"4: behind a leader without a log",
         {z(0, 5), {}, {}},
         z(0, 3),
         {Kind::snap, z(0, 5), 0, 0, z(0, 5)}},
    });
}

TEST_CASE("a learner whose zxid has counter 0 never gets a TRUNC") {
    // It has no such transaction in its log, so there is nothing to cut after.
    const Leader two{{}, {z(1, 1), z(1, 2)}, z(2, 0)};
    check_all({
        {"SYNC-17: level in a new epoch", two, z(2, 0), {Kind::diff, z(2, 0), 2, 2, z(2, 0)}},
        {"SYNC-16: below the log's first entry, there is no disk to read",
         two,
         z(1, 0),
         {Kind::snap, z(2, 0), 0, 0, z(2, 0)}},
        {"ahead of the log", two, z(3, 0), {Kind::snap, z(2, 0), 0, 0, z(2, 0)}},
        {"between two epochs of the log",
         {{}, {z(1, 1), z(1, 2), z(2, 1), z(2, 2)}, {}},
         z(2, 0),
         {Kind::diff, z(2, 2), 2, 4, z(2, 2)}},
        {"in an epoch that the log skips",
         {{}, {z(1, 1), z(4, 1)}, {}},
         z(3, 0),
         {Kind::diff, z(4, 1), 1, 2, z(4, 1)}},
    });
}

TEST_CASE("no TRUNC is sent across epochs") {
    const Leader log{{}, {z(1, 1), z(2, 1), z(2, 2), z(4, 1)}, z(6, 0)};
    check_all({
        {"SYNC-19: a transaction of an epoch that the leader skips",
         log,
         z(3, 1),
         {Kind::snap, z(6, 0), 0, 0, z(6, 0)}},
        {"a tail beyond the leader's end of that epoch",
         log,
         z(2, 3),
         {Kind::snap, z(6, 0), 0, 0, z(6, 0)}},
        {"a tail beyond the end of the first epoch",
         log,
         z(1, 2),
         {Kind::snap, z(6, 0), 0, 0, z(6, 0)}},
        {"a tail beyond all of the log", log, z(4, 2), {Kind::trunc, z(4, 1), 4, 4, z(4, 1)}},
        {"a later epoch than all of the log", log, z(5, 1), {Kind::trunc, z(4, 1), 4, 4, z(4, 1)}},
    });
}

TEST_CASE("a learner that comes back to the same leader keeps what is proposed but not applied") {
    // The leader of epoch 2 has applied up to <2,1> and proposed up to <2,4>.
    const Leader leader{{}, {z(1, 1), z(2, 1)}, {}};
    check_all(
        {
            {"the last proposal", leader, z(2, 4), {Kind::diff, z(2, 4), 2, 2, z(2, 4)}},
            {"one before", leader, z(2, 2), {Kind::diff, z(2, 2), 2, 2, z(2, 2)}},
            {"beyond what was proposed", leader, z(2, 5), {Kind::trunc, z(2, 1), 2, 2, z(2, 1)}},
            {"a tail of an older epoch", leader, z(1, 2), {Kind::snap, z(2, 1), 0, 0, z(2, 1)}},
        },
        z(2, 4));
}

TEST_CASE("a leader that proposes in a new epoch cuts off an older epoch's tail") {
    const Leader leader{{}, {z(1, 1)}, z(2, 0)};
    check_all({{"one beyond", leader, z(1, 2), {Kind::trunc, z(1, 1), 1, 1, z(1, 1)}}}, z(2, 3));
}

TEST_CASE("the committed log keeps only the newest transactions") {
    Database database(3);
    for (std::uint32_t counter = 1; counter <= 5; ++counter) {
        database.apply({z(1, counter), {}, counter, 0, 0, zab::TxnType::set});
    }
    CHECK_EQ(database.committed_log().size(), 3);
    check(database, plan_of(database, z(1, 3)), {Kind::diff, z(1, 5), 1, 3, z(1, 5)});
    check(database, plan_of(database, z(1, 2)), {Kind::snap, z(1, 5), 0, 0, z(1, 5)});
}

TEST_CASE("up to 3.9.3 the committed log serves one transaction further back than it is told to") {
    const auto plan_on = [](const char* release, Zxid learner) {
        auto config = std::make_shared<zab::Config>();
        config->commit_log_count = 3;
        config->release = zab::release_named(release);
        zab::Server leader({1}, config);
        for (std::uint32_t counter = 1; counter <= 9; ++counter) {
            leader.database.apply({z(1, counter), {}, counter, 0, 0, zab::TxnType::set});
        }
        const zab::DiskImage disk;
        return zab::plan_sync({leader.database, *config, {}, &disk}, learner).kind;
    };
    for (const char* release : {"3.4.10", "3.5.3", "3.7.0", "3.8.0", "3.9.1", "3.9.3"}) {
        INFO(release);
        CHECK((plan_on(release, z(1, 6)) == Kind::diff));
        CHECK((plan_on(release, z(1, 5)) == Kind::snap));
    }
    for (const char* release : {"master", "fixed"}) {
        INFO(release);
        CHECK((plan_on(release, z(1, 7)) == Kind::diff));
        CHECK((plan_on(release, z(1, 6)) == Kind::snap));
    }
}

TEST_CASE("a gap between the log on disk and the one in memory: a SNAP, or 2418 leaves it out") {
    Database database;
    zab::DiskImage disk;
    for (const Zxid zxid : {z(1, 1), z(1, 2), z(1, 3)}) {
        disk.log.push({zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set});
    }
    disk.log_files = {{z(1, 1), 300}};
    database.install({{z(1, 5), 1}, {}, {}}, z(1, 5));
    for (const Zxid zxid : {z(1, 6), z(1, 7)}) {
        database.apply({zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set});
    }
    zab::Config config;
    const auto plan = [&] { return zab::plan_sync({database, config, {}, &disk}, z(1, 2)); };
    CHECK_EQ(static_cast<int>(plan().kind), static_cast<int>(Kind::snap));

    config.release = zab::with_defect(config.release, "2418");
    CHECK_EQ(static_cast<int>(plan().kind), static_cast<int>(Kind::diff));
    std::vector<std::uint32_t> sent;
    for (const zab::Txn& txn : plan().proposals) sent.push_back(txn.zxid.counter());
    CHECK((sent == std::vector<std::uint32_t>{3, 6, 7}));
}

TEST_CASE("the log on disk serves a learner if what lies behind its file is small") {
    // Two files: <1,1> to <1,4>, and <2,1>; what is in memory begins with <2,1>.
    Database database;
    zab::DiskImage disk;
    for (const Zxid zxid : {z(1, 1), z(1, 2), z(1, 3), z(1, 4), z(2, 1)}) {
        const zab::Txn txn{zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set};
        disk.log.push(txn);
        if (zxid == z(1, 4)) database.install({{zxid, 1}, {}, {}}, zxid);
        if (zxid == z(2, 1)) database.apply(txn);
    }
    disk.log_files = {{z(1, 1), 400}, {z(2, 1), 100}};
    struct Row {
        const char* name;
        std::uint64_t snapshot_bytes, preallocation;
        std::uint32_t percent;
        Zxid learner;
        Kind kind;
    };
    const std::uint64_t step = 64u << 20;
    const Row rows[] = {
        {"no snapshot, no limit", 0, step, 33, z(1, 2), Kind::diff},
        {"a later file is preallocated: too much", 1'110, step, 33, z(1, 2), Kind::snap},
        {"a third of the snapshot is just enough", 3 * (step + 16) + 400'000'000, step, 33, z(1, 2),
         Kind::diff},
        {"without preallocation the records count", 360, 0, 33, z(1, 2), Kind::diff},
        {"and are too many for a smaller snapshot", 340, 0, 33, z(1, 2), Kind::snap},
        {"a factor of 0 is no limit", 1'110, step, 0, z(1, 2), Kind::diff},
        {"the log begins too late", 0, step, 33, z(0, 9), Kind::snap},
        {"a tail of another epoch than what follows it", 0, step, 33, z(1, 5), Kind::snap},
    };
    for (const Row& row : rows) {
        SUBCASE(row.name) {
            zab::Config config;
            config.snapshot_size_percent = row.percent;
            config.preallocation = row.preallocation;
            disk.snapshot_bytes = row.snapshot_bytes;
            const SyncPlan plan = zab::plan_sync({database, config, {}, &disk}, row.learner);
            CHECK_EQ(static_cast<int>(plan.kind), static_cast<int>(row.kind));
            if (row.kind != Kind::diff) return;
            CHECK_EQ(plan.proposals.size(), 3);
            CHECK_EQ(plan.zxid.value, z(2, 1).value);
        }
    }
}

TEST_CASE("for a learner that ends with a file's first record, that file counts as a later one") {
    // FileTxnIterator.init opens the last file whose name is below the zxid asked for.
    zab::DiskImage disk;
    for (const Zxid zxid : {z(1, 1), z(1, 2), z(2, 1), z(2, 2)}) {
        disk.log.push({zxid, {}, zxid.counter(), 0, 0, zab::TxnType::set});
    }
    disk.log_files = {{z(1, 1), 200}, {z(2, 1), 200}};
    disk.snapshot_bytes = 1'110;
    const zab::Config config;

    CHECK_FALSE(zab::log_may_serve(disk, config, z(1, 2)));
    CHECK_FALSE(zab::log_may_serve(disk, config, z(2, 1)));
    CHECK(zab::log_may_serve(disk, config, z(2, 2)));
    disk.log_files = {{z(1, 1), 400}};
    CHECK(zab::log_may_serve(disk, config, z(1, 1)));
    CHECK_FALSE(zab::log_may_serve(disk, config, z(1, 0)));
}
