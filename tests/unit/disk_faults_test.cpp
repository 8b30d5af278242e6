#include "tests/unit/network_world.hpp"

#include <algorithm>
#include <set>
#include <string>

// Disks that fail, fill up, tear, rot, lie or forget; clocks that drift; bursts of clients.

namespace {

using sim::Disk;
using sim::Rot;
using zab::Epoch;
using zab::Txn;
using zab::Zxid;

constexpr std::uint32_t all = 0xffff'ffff;

Txn txn(std::uint32_t counter) {
    return {Zxid::of({1}, counter), {}, counter, counter % 7, 0, zab::TxnType::set};
}

Disk disk_with(std::uint32_t count) {
    Disk disk;
    for (std::uint32_t counter = 1; counter <= count; ++counter) disk.append(txn(counter));
    return disk;
}

std::uint32_t last(const Disk& disk) { return disk.image().log.last().zxid.counter(); }

void add_snapshot(Disk& disk, std::uint32_t count) {
    zab::Database database(100);
    for (std::uint32_t counter = 1; counter <= count; ++counter) database.apply(txn(counter));
    disk.add_snapshot(database.snapshot(), zab::SnapshotWrite::synced, 0);
}

test::Run run(const std::string& faults, const std::string& release = "fixed") {
    return test::run(test::small_scenario("20s", R"("release": ")" + release + R"(",
        "clients": [{"count": 3, "load": {"open": {"poisson": "50/s"}}}],
        "faults": [)" + faults + "]"));
}

test::Run::Wanted for_reason(trace::LossReason reason) {
    return [reason](const trace::Record& r) {
        return r.detail() == static_cast<std::uint16_t>(reason);
    };
}

test::Run::Wanted refused_for(zab::Refusal reason) {
    return [reason](const trace::Record& r) {
        return r.detail() == static_cast<std::uint16_t>(reason);
    };
}

bool fell(const test::Run& run, const std::string& property) {
    return std::any_of(run.violations.begin(), run.violations.end(),
                       [&](const analysis::Violation& v) { return v.property == property; });
}

}  // namespace

TEST_CASE("what a slow disk takes longer is drawn for each of its syncs") {
    const test::Run done = run(R"({"at": "5s", "slow_disk": {"target": 3,
        "extra": {"exponential": {"mean": "2ms"}}}})");
    std::set<std::int64_t> times;
    const auto syncs =
        done.all(trace::Kind::synced, test::both(test::between(6, 20), test::at_server(3)));
    for (const trace::Record& r : syncs) times.insert(r.other_ns());
    REQUIRE(syncs.size() > 500);
    CHECK(times.size() > syncs.size() * 99 / 100);
}

TEST_CASE("a disk that never comes back stops its server, and nothing else") {
    for (const char* extra : {R"({"pareto": {"min": "22us", "shape": 0.9}})", R"("315360000s")"}) {
        CAPTURE(extra);
        const test::Run done = run(R"({"at": "5s", "slow_disk": {"target": "all",
            "factor": 1000000, "extra": )" +
                                   std::string(extra) + "}}");
        test::check_clean(done);
        CHECK(done.count(trace::Kind::synced, test::between(0, 5)) > 100);
    }
}

TEST_CASE("a power loss takes what a lying disk said is durable, until an honest sync") {
    Disk disk = disk_with(5);
    disk.complete_sync(2, 0);
    disk.lies_until = 100;
    disk.write_accepted_epoch(Epoch{7}, 50);
    disk.complete_sync(5, 50);
    Disk synced = disk;

    CHECK_EQ(disk.durable(), 5);
    CHECK_EQ(disk.lose_power(60, 0).records, 3);
    synced.complete_sync(5, 100);
    CHECK_EQ(synced.lose_power(110, 0).records, 0);

    CHECK_EQ(last(disk), 2);
    CHECK_FALSE(disk.image().accepted_epoch.has_value());
    CHECK_EQ(last(synced), 5);
    CHECK((synced.image().accepted_epoch == Epoch{7}));
}

TEST_CASE("without fsync a power loss takes what was written in the last half minute") {
    constexpr std::int64_t second = 1'000'000'000;
    Disk disk = disk_with(2);
    disk.never_sync_log();
    disk.complete_sync(2, 0);
    disk.append(txn(3));
    disk.complete_sync(3, 10 * second);
    disk.write_accepted_epoch(Epoch{7}, 10 * second);
    Disk later = disk;
    Disk truncated = disk;

    CHECK_EQ(disk.durable(), 3);
    CHECK_EQ(disk.lose_power(29 * second, 0).records, 3);
    CHECK((disk.image().accepted_epoch == Epoch{7}));
    CHECK_EQ(later.lose_power(31 * second, 0).records, 1);
    CHECK_EQ(last(later), 2);
    // A truncation is synced; what was to be written back before it is no longer there.
    truncated.truncate_after(txn(1).zxid);
    truncated.append(txn(4));
    truncated.complete_sync(2, 20 * second);
    CHECK_EQ(truncated.lose_power(45 * second, 0).records, 1);
}

TEST_CASE("a synced snapshot outlives the log before it, which goes on behind it") {
    Disk disk = disk_with(2);
    disk.never_sync_log();
    disk.complete_sync(2, 0);
    add_snapshot(disk, 9);
    disk.append(txn(10));
    disk.complete_sync(3, 0);
    Disk whole = disk;
    disk.lose_power(1, 0);
    disk.append(txn(10));

    CHECK_EQ(last(disk), 10);
    CHECK((disk.image().log.last() == whole.image().log.last()));
}

TEST_CASE("what a disk has lost never becomes durable, nor does what was written behind it") {
    Disk disk = disk_with(3);
    disk.complete_sync(3, 0);
    disk.loses_until = 100;
    disk.append(txn(4));
    disk.complete_sync(4, 50);
    disk.append(txn(5));
    disk.complete_sync(5, 200);

    CHECK_EQ(disk.lose_power(300, all).records, 2);
    CHECK_EQ(last(disk), 3);
}

TEST_CASE("a full disk takes none of what was not synced") {
    Disk disk = disk_with(5);
    disk.complete_sync(3);

    CHECK_EQ(disk.drop_unsynced(), 2);
    CHECK_EQ(last(disk), 3);
    disk.append(txn(4));
    CHECK_EQ(last(disk), 4);
}

TEST_CASE("a power loss tears a log file's header only where nothing else of the file is left") {
    Disk disk = disk_with(3);
    disk.complete_sync(3);
    Disk rolled = disk;
    disk.append(txn(4));
    rolled.roll_log();
    rolled.append(txn(4));

    CHECK(disk.lose_power(0, 0, true).is_torn);
    CHECK(rolled.lose_power(0, 0, true).is_torn);
    CHECK_FALSE(rolled.lose_power(0, 0, true).is_torn);  // Nothing is lost: nothing is torn.

    CHECK_FALSE(disk.image().has_torn_header);
    CHECK(rolled.image().has_torn_header);
    rolled.roll_log();
    rolled.append(txn(4));
    CHECK_FALSE(rolled.image().has_torn_header);
}

TEST_CASE("a corrupt snapshot is passed over for an older one; without one nothing can be read") {
    Disk disk = disk_with(9);
    disk.complete_sync(9);
    add_snapshot(disk, 3);
    add_snapshot(disk, 6);

    REQUIRE(disk.corrupt(Rot::snapshot, 0));
    CHECK_EQ(disk.image().snapshot->position.zxid.counter(), 3);
    CHECK_FALSE(disk.image().has_only_corrupt_snapshots);
    REQUIRE(disk.corrupt(Rot::snapshot, 0));
    CHECK(disk.image().has_only_corrupt_snapshots);
    CHECK_FALSE(disk.corrupt(Rot::snapshot, 0));
}

TEST_CASE("what only a corrupt snapshot held is gone, and a boot says how much that was") {
    Disk disk = disk_with(5);
    add_snapshot(disk, 3);
    add_snapshot(disk, 7);  // Fuzzy: ahead of its log.
    add_snapshot(disk, 9);
    CHECK_EQ(disk.end().zxid.counter(), 9);

    REQUIRE(disk.corrupt(Rot::snapshot, 0));
    CHECK_EQ(disk.cut_at_rot(), 2);
    CHECK_EQ(disk.end().zxid.counter(), 7);
    CHECK_EQ(disk.cut_at_rot(), 0);  // It is told once.
    Disk goes_on = disk;
    CHECK(goes_on.continue_behind_snapshot());
    CHECK_EQ(goes_on.image().log.base().zxid.counter(), 7);
    REQUIRE(disk.corrupt(Rot::snapshot, 0));
    CHECK_EQ(disk.cut_at_rot(), 2);
    CHECK_EQ(disk.end().zxid.counter(), 5);
    REQUIRE(disk.corrupt(Rot::snapshot, 0));
    CHECK_EQ(disk.cut_at_rot(), 0);  // Nothing can be read: nobody starts with what is left.
    CHECK(disk.image().has_only_corrupt_snapshots);
}

TEST_CASE("a record that rots matters as long as a boot reads it; one cut short ends the log") {
    Disk disk = disk_with(9);
    disk.complete_sync(9);
    Disk cut_short = disk;

    REQUIRE(disk.corrupt(Rot::record, 4));
    CHECK(disk.image().has_corrupt_record);
    add_snapshot(disk, 9);
    CHECK_FALSE(disk.image().has_corrupt_record);

    REQUIRE(cut_short.corrupt(Rot::tail, 4));
    CHECK_EQ(last(cut_short), 9);
    CHECK_EQ(cut_short.cut_at_rot(), 5);
    CHECK_EQ(last(cut_short), 4);
    CHECK_EQ(cut_short.cut_at_rot(), 0);
}

TEST_CASE("a clock that drifts never says before its time that a span has passed") {
    for (const std::int64_t rate :
         {100'000'000LL, 333'333'333LL, 1'000'000'007LL, 7'999'999'999LL}) {
        sim::ServerClock clock;
        clock.run_at({rate}, 12'345);
        for (const std::int64_t span : {1LL, 999LL, 2'000'000'001LL, 3'600'000'000'000LL}) {
            const std::int64_t begin = 77'777;
            const std::int64_t takes = clock.true_time(span);
            CHECK(clock.at(begin + takes) - clock.at(begin) >= span);
            CHECK(clock.at(begin + takes - 1) - clock.at(begin) <= span);
        }
        const std::int64_t read = clock.at(1'000'000);
        clock.run_at({}, 1'000'000);
        CHECK_EQ(clock.at(1'000'500), read + 500);
    }
}

TEST_CASE("a disk that fails ends its server, which comes back when the fault ends") {
    for (const std::string fault : {"disk_error", "disk_full"}) {
        CAPTURE(fault);
        const test::Run run =
            ::run(R"({"at": "5s", "lasting": "4s", ")" + fault + R"(": "follower"})");

        test::check_clean(run);
        test::check_all_equal(run);
        const auto halted = run.all(trace::Kind::server_stopped);
        REQUIRE_EQ(halted.size(), 1);
        CHECK_EQ(halted[0].detail(), static_cast<std::uint16_t>(trace::StopReason::halted));
        const auto again = [&](const trace::Record& r) { return r.time() >= halted[0].time(); };
        const auto started = run.all(trace::Kind::server_started, again);
        REQUIRE_EQ(started.size(), 1);
        CHECK_EQ(test::ms(started[0]), 9'000);
        CHECK_EQ(run.count(trace::Kind::lost, for_reason(trace::LossReason::full_disk)),
                 fault == "disk_full" ? 1 : 0);
    }
}

TEST_CASE("in today's ZooKeeper a leader whose log cannot be written gives its role up") {
    const test::Run run = ::run(R"({"at": "5s", "lasting": "4s", "disk_error": 3})", "master");

    // Elected again, it cannot write its snapshot: only that ends the process.
    for (const trace::Record& stopped : run.all(trace::Kind::server_stopped)) {
        CHECK_EQ(stopped.a(), 10);
    }
    CHECK(run.count(trace::Kind::looking, test::both(test::at_server(3), test::between(5, 9))) > 0);
    CHECK(run.count(trace::Kind::established, test::between(5, 20)) > 0);
}

TEST_CASE("a checksum that is wrong keeps its server from starting, and the others go on") {
    const test::Run run = ::run(R"({"at": "5s", "disk_corrupt": {"target": 1, "what": "record"}},
                                   {"at": "6s", "lasting": "1s", "crash": 1})");

    test::check_clean(run);
    CHECK_EQ(run.count(trace::Kind::refused_to_start, refused_for(zab::Refusal::corrupt_log)), 1);
    CHECK_FALSE(run.servers[0].up);
    CHECK(run.count(trace::Kind::commit, test::between(10, 20)) > 0);
}

TEST_CASE("a disk that forgets breaks what was synced, and a torn log nothing") {
    const std::string power = R"({"at": "6s", "lasting": "1s", "power_loss": 1})";
    const std::string tail = R"({"at": "5s", "disk_corrupt": {"target": 1, "what": "tail"}},
                                {"at": "6s", "lasting": "1s", "crash": 1})";

    CHECK(fell(run(R"({"at": "3s", "disk_lie": 1}, )" + power), "synced_survives"));
    CHECK(fell(run(R"({"at": "3s", "disk_lose_writes": 1}, )" + power), "synced_survives"));
    CHECK(fell(run(tail), "synced_survives"));
    const test::Run torn =
        run(R"({"at": "6s", "lasting": "1s", "power_loss": {"target": "all", "torn": true}})");
    test::check_clean(torn);
    test::check_all_equal(torn);
}

TEST_CASE("of two slow disks at a time the later counts, and its end leaves the earlier one's") {
    const test::Run run = test::run(test::small_scenario("14s", R"("clients": [{"count": 1}],
        "faults": [{"at": "3s", "slow_disk": {"target": "all", "extra": "50ms"}, "lasting": "8s"},
                   {"at": "4s", "slow_disk": {"target": "all", "extra": "200ms"}, "lasting": "2s"},
                   {"at": "7s", "slow_disk": {"target": "all", "extra": "10ms"}, "lasting": "9s"}]
        )"));
    const auto ms_a_commit = [&run](std::int64_t from, std::int64_t to) {
        return (to - from) * 1000 /
               static_cast<std::int64_t>(run.count(trace::Kind::commit, test::between(from, to)));
    };

    CHECK_EQ(ms_a_commit(4, 6) / 10, 20);
    CHECK_EQ(ms_a_commit(6, 7) / 10, 5);
    CHECK_EQ(ms_a_commit(8, 11) / 10, 1);
    CHECK_EQ(ms_a_commit(11, 14) / 10, 1);
}

TEST_CASE("a server whose clock runs fast loses a leader that takes its time, and others do not") {
    const std::string slow_link = R"({"at": "4s", "lasting": "9s",
        "cut": {"from": 3, "to": 2}}, )";
    const auto timed_out = [](const test::Run& run) {
        const auto gone =
            run.all(trace::Kind::link_down,
                    test::both(test::at_server(2), test::because(zab::DownReason::timed_out)));
        return gone.empty() ? std::int64_t{0} : test::ms(gone.front());
    };
    const test::Run plain = run(slow_link + R"({"at": "1s", "pause": 1, "lasting": "1ms"})");
    const test::Run fast =
        run(slow_link + R"({"at": "1s", "clock_drift": {"target": 2, "factor": 2}})");

    REQUIRE(timed_out(plain) > 0);
    REQUIRE(timed_out(fast) > 0);
    CHECK(timed_out(fast) - 4'000 < (timed_out(plain) - 4'000) * 3 / 4);
}

TEST_CASE("a burst asks for so many operations more, of closed and of open loads") {
    const auto operations = [](const std::string& load, const std::string& faults) {
        const test::Run run = test::run(test::small_scenario(
            "10s", R"("clients": [{"name": "a", "count": 2, "operations_each": 100,
                       "load": )" +
                       load + R"(}], "faults": [)" + faults + "]"));
        return run.count(trace::Kind::invoke, test::between(5, 6));
    };
    const std::string burst = R"({"at": "5s", "client_burst": {"clients": "a", "operations": 20}})";
    for (const std::string load : {R"({"closed": {"outstanding": 1, "think_time": "3s"}})",
                                   R"({"open": {"constant": "0.1/s"}})"}) {
        CAPTURE(load);
        const std::size_t without = operations(load, "");
        const std::size_t with = operations(load, burst);
        CHECK(with >= without + 40);
        CHECK(with <= without + 42);  // Who was thinking goes on at once.
    }
}
