#include "sim/disk/disk.hpp"

#include "protocol/leader/sync_plan.hpp"
#include "tests/unit/protocol_dice.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace {

using sim::Disk;
using test::Dice;
using zab::Epoch;
using zab::Txn;
using zab::Zxid;

constexpr std::int64_t second = 1'000'000'000;
constexpr std::uint32_t all = 0xffff'ffff;  // Nearly: one of 2^32 parts is lost.

Txn txn(std::uint32_t epoch, std::uint32_t counter) {
    return {Zxid::of({epoch}, counter), {}, counter, counter % 7, 0, zab::TxnType::set};
}

zab::Database database_of(const std::vector<Txn>& txns, std::size_t count) {
    zab::Database database(100'000);
    for (std::size_t i = 0; i < count; ++i) database.apply(txns[i]);
    return database;
}

/// What a process that starts on this disk has in memory.
zab::Position booted(const Disk& disk) {
    zab::Database database;
    database.load(disk.image());
    return database.position();
}

Disk disk_with(std::uint32_t count) {
    Disk disk;
    for (std::uint32_t counter = 1; counter <= count; ++counter) disk.append(txn(1, counter));
    return disk;
}

/// What was written to a disk, and how much of it an fsync has confirmed.
struct Model {
    std::vector<Txn> written;
    std::size_t durable = 0;
    Zxid next = Zxid::of({1}, 1);

    zab::Position position(std::size_t count) const {
        return database_of(written, count).position();
    }
};

/// How many transactions of the model a boot finds; nothing if it finds another history.
std::optional<std::size_t> found_at_boot(const Disk& disk, const Model& model) {
    const zab::Position found = booted(disk);
    zab::Position at{};
    for (std::size_t count = 0;; ++count) {
        if (at == found) return count;
        if (count == model.written.size()) return std::nullopt;
        at = zab::advance(at, model.written[count]);
    }
}

void append_some(Disk& disk, Model& model, Dice& dice) {
    for (std::uint64_t i = 1 + dice.below(dice.one_in(10) ? 400 : 10); i > 0; --i) {
        const Txn next{model.next, {}, dice.small(99), dice.small(50), 0, zab::TxnType::set};
        disk.append(next);
        model.written.push_back(next);
        model.next = dice.one_in(60) ? Zxid::of(model.next.epoch().next(), 1) : model.next.next();
    }
}

/// A power loss: all that was durable is found again, and of the rest a first part at most.
void lose_power(Disk& disk, Model& model, Dice& dice, std::int64_t now) {
    const std::size_t before = model.written.size();
    const std::uint64_t lost = disk.lose_power(now, dice.small(all)).records;
    const auto left = found_at_boot(disk, model);
    REQUIRE(left.has_value());
    REQUIRE(*left >= model.durable);
    REQUIRE_EQ(*left, before - lost);
    model.written.resize(*left);
    model.durable = *left;
    model.next = Zxid::of(model.next.epoch().next(), 1);
}

}  // namespace

TEST_CASE(
    "whatever happens to a disk, a boot finds what was written, and a power loss the durable") {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        CAPTURE(seed);
        Dice dice(seed);
        Disk disk;
        Model model;
        std::int64_t now = 0;
        std::optional<std::pair<std::uint64_t, std::size_t>> syncing;  // An fsync under way.
        for (int step = 0; step < 150; ++step) {
            CAPTURE(step);
            now += static_cast<std::int64_t>(dice.below(10)) * second;
            const std::uint64_t what = dice.below(100);
            if (what < 40) {
                append_some(disk, model, dice);
            } else if (what < 55) {
                syncing = {disk.appended(), model.written.size()};
            } else if (what < 75 && syncing.has_value()) {
                disk.complete_sync(syncing->first);
                model.durable = std::max(model.durable, syncing->second);
                syncing.reset();
            } else if (what < 85) {
                // In the background, of what is applied; here of durable transactions only.
                disk.add_snapshot(database_of(model.written, model.durable).snapshot(),
                                  zab::SnapshotWrite::background, now);
            } else if (what < 88) {
                // A SNAP or TRUNC was installed: it stands for all that memory holds.
                disk.add_snapshot(database_of(model.written, model.written.size()).snapshot(),
                                  zab::SnapshotWrite::replacing, now);
                model.durable = model.written.size();
                syncing.reset();
            } else if (what < 94) {
                lose_power(disk, model, dice, now);
                syncing.reset();
            }
            REQUIRE_EQ(found_at_boot(disk, model).value_or(~std::size_t{0}), model.written.size());
        }
    }
}

TEST_CASE("an fsync makes durable what was appended before it began, and no more") {
    Disk disk = disk_with(5);
    const std::uint64_t begun = disk.appended();
    disk.append(txn(1, 6));

    disk.complete_sync(begun);

    CHECK_EQ(disk.durable(), 5);
    CHECK_EQ(disk.durable_end().zxid.value, Zxid::of({1}, 5).value);
    disk.complete_sync(3);  // An older one that ends later takes nothing back.
    CHECK_EQ(disk.durable(), 5);
}

TEST_CASE("a power loss keeps the durable part, and of the rest the first part as drawn") {
    struct Case {
        const char* name;
        std::uint32_t kept_fraction;
        std::uint32_t kept;
    };
    static constexpr Case cases[] = {
        {"nothing", 0, 4}, {"half", 0x8000'0000, 7}, {"nearly all", all, 9}};
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            Disk disk = disk_with(10);
            disk.complete_sync(4);

            const std::uint64_t lost = disk.lose_power(0, c.kept_fraction).records;

            CHECK_EQ(lost, 10 - c.kept);
            CHECK_EQ(disk.image().log.size(), c.kept);
            CHECK_EQ(disk.durable(), c.kept);
            CHECK_EQ(booted(disk).zxid.value, Zxid::of({1}, c.kept).value);
        }
    }
}

TEST_CASE("the epoch files are durable at once, each for itself") {
    Disk disk;
    disk.write_accepted_epoch({3});
    disk.lose_power(0, 0);
    CHECK((disk.image().accepted_epoch == Epoch{3}));
    CHECK_FALSE(disk.image().current_epoch.has_value());

    disk.write_current_epoch({2});
    disk.lose_power(0, 0);
    CHECK((disk.image().accepted_epoch == Epoch{3}));
    CHECK((disk.image().current_epoch == Epoch{2}));
}

TEST_CASE("a truncation cuts right after a zxid that is stored, and leaves all where none is") {
    struct Case {
        const char* name;
        Zxid after;
        std::uint32_t left;
        bool is_stored;
    };
    static constexpr Case cases[] = {
        {"inside the log", Zxid::of({1}, 4), 4, true},
        {"at its end", Zxid::of({1}, 9), 9, true},
        {"beyond its end", Zxid::of({2}, 1), 9, false},
        {"before it", Zxid::of({0}, 5), 9, false},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            Disk disk = disk_with(9);
            std::vector<Txn> txns;
            for (std::size_t i = 0; i < 9; ++i) txns.push_back(disk.image().log.at(i).txn);
            disk.add_snapshot(database_of(txns, 2).snapshot(), zab::SnapshotWrite::background, 0);
            disk.add_snapshot(database_of(txns, 6).snapshot(), zab::SnapshotWrite::background, 0);

            disk.truncate_after(c.after);

            CHECK_EQ(booted(disk).zxid.value, Zxid::of({1}, c.left).value);
            CHECK((disk.durable() == disk.appended()) == c.is_stored);
            if (c.is_stored && disk.image().snapshot.has_value()) {
                CHECK(disk.image().snapshot->position.zxid <= c.after);
            }
        }
    }
}

TEST_CASE("a snapshot in the page cache is lost with the power, one written back is not") {
    const std::vector<Txn> txns{txn(1, 1), txn(1, 2), txn(1, 3)};
    Disk disk = disk_with(3);
    disk.complete_sync(3);
    disk.add_snapshot(database_of(txns, 1).snapshot(), zab::SnapshotWrite::background, 0);
    disk.add_snapshot(database_of(txns, 2).snapshot(), zab::SnapshotWrite::background, 20 * second);

    disk.lose_power(31 * second, 0);

    REQUIRE(disk.image().snapshot.has_value());
    CHECK_EQ(disk.image().snapshot->position.zxid.value, Zxid::of({1}, 1).value);
    CHECK_EQ(booted(disk).zxid.value, Zxid::of({1}, 3).value);
}

TEST_CASE("a snapshot that replaces the log survives the power loss, and the old log does not") {
    const std::vector<Txn> other{txn(1, 1), txn(2, 1), txn(2, 2)};
    Disk disk = disk_with(9);
    disk.complete_sync(9);

    disk.add_snapshot(database_of(other, 3).snapshot(), zab::SnapshotWrite::replacing, 0);
    disk.append(txn(2, 3));
    disk.lose_power(0, 0);

    CHECK((booted(disk) == database_of(other, 3).position()));
    CHECK(disk.image().log.empty());
    CHECK((disk.durable_end() == database_of(other, 3).position()));
}

TEST_CASE("old snapshots and the log before them are removed, so that a disk does not grow") {
    Disk disk;
    std::vector<Txn> txns;
    for (std::uint32_t round = 1; round <= 30; ++round) {
        for (std::uint32_t i = 1; i <= 100; ++i) {
            txns.push_back(txn(1, (round - 1) * 100 + i));
            disk.append(txns.back());
        }
        disk.complete_sync(disk.appended());
        disk.add_snapshot(database_of(txns, txns.size()).snapshot(), zab::SnapshotWrite::background,
                          std::int64_t{60} * round * second);
        disk.roll_log();
        CHECK(disk.image().log.size() <= 500);
        CHECK((booted(disk) == disk.image().log.last()));
    }
    CHECK_EQ(disk.appended(), 3'000);
    CHECK_EQ(disk.durable(), 3'000);
}

TEST_CASE("a log file goes as a whole: what of it lies before the oldest snapshot stays") {
    Disk disk;
    std::vector<Txn> txns;
    for (std::uint32_t counter = 1; counter <= 60; ++counter) {
        txns.push_back(txn(1, counter));
        disk.append(txns.back());
        disk.complete_sync(disk.appended());
        if (counter == 25) disk.roll_log();
        if (counter % 10 != 0) continue;
        disk.add_snapshot(database_of(txns, txns.size()).snapshot(), zab::SnapshotWrite::background,
                          std::int64_t{60} * counter * second);
    }
    // Snapshots 30, 40, 50 and 60 are kept; the second file begins with 26.
    REQUIRE_EQ(disk.image().log_files.size(), 1);
    CHECK_EQ(disk.image().log.at(0).txn.zxid.value, Zxid::of({1}, 26).value);
    CHECK(zab::log_may_serve(disk.image(), zab::Config{}, Zxid::of({1}, 27)));
}

TEST_CASE("a log file that a TRUNC has cut is as long as what is left in it") {
    Disk disk = disk_with(3);
    disk.roll_log();
    for (std::uint32_t counter = 4; counter <= 9; ++counter) disk.append(txn(1, counter));
    disk.add_snapshot({}, zab::SnapshotWrite::background, 0, 1'200);
    const auto may_serve = [&disk] {
        return zab::log_may_serve(disk.image(), zab::Config{}, Zxid::of({1}, 2));
    };
    CHECK_FALSE(may_serve());  // The second file is preallocated.

    disk.truncate_after(Zxid::of({1}, 6));
    REQUIRE_EQ(disk.image().log_files.size(), 2);
    CHECK(may_serve());
    for (std::uint32_t counter = 7; counter <= 9; ++counter) disk.append(txn(1, counter));
    CHECK_EQ(disk.image().log_files.size(), 3);
    CHECK_FALSE(may_serve());
}

TEST_CASE("what a scenario puts on a disk is durable") {
    Disk disk;
    const Disk source = disk_with(3);

    disk.preset(source.image().log, std::nullopt, Epoch{2}, Epoch{1});
    disk.lose_power(0, 0);

    CHECK((booted(disk) == source.image().log.last()));
    CHECK((disk.image().accepted_epoch == Epoch{2}));
    CHECK((disk.image().current_epoch == Epoch{1}));
}
