#include "protocol/database.hpp"
#include "protocol/peer.hpp"
#include "tests/unit/protocol_dice.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace {

using test::Dice;
using zab::Database;
using zab::DiskImage;
using zab::SessionId;
using zab::Tree;
using zab::Txn;
using zab::TxnType;
using zab::Zxid;

Zxid z(std::uint32_t epoch, std::uint32_t counter) { return Zxid::of({epoch}, counter); }

/// Random transactions with rising zxids, over several epochs.
std::vector<Txn> random_txns(Dice& dice, std::size_t count) {
    std::vector<Txn> txns;
    Zxid next = z(1, 1);
    for (std::size_t i = 0; i < count; ++i) {
        Txn txn{next, {1 + dice.below(4)}, dice.small(9), dice.small(600), 0, TxnType::set};
        const std::uint64_t what = dice.below(10);
        if (what < 2) txn.type = TxnType::create;
        if (what == 2) txn.type = TxnType::create_session;
        if (what == 3) txn.type = TxnType::close_session;
        txns.push_back(txn);
        next = dice.one_in(15) ? Zxid::of(next.epoch().next(), 1) : next.next();
    }
    return txns;
}

/// The state after some transactions, as anybody would write it.
struct Model {
    std::map<zab::PathId, Zxid> writers;
    std::set<SessionId> sessions;

    void apply(const Txn& txn) {
        if (txn.type == TxnType::set) writers[txn.path] = txn.zxid;
        // NODEEXISTS is no error in a replay, and changes nothing.
        if (txn.type == TxnType::create) writers.emplace(txn.path, txn.zxid);
        if (txn.type == TxnType::create_session) sessions.insert(txn.session);
        if (txn.type == TxnType::close_session) sessions.erase(txn.session);
    }
};

void check_equal(const Tree& tree, const Model& model) {
    for (zab::PathId path = 0; path < 600; ++path) {
        const auto found = model.writers.find(path);
        const Zxid expected = found == model.writers.end() ? Zxid{} : found->second;
        REQUIRE_EQ(tree.last_writer(path).value, expected.value);
    }
    REQUIRE_EQ(tree.paths(), model.writers.size());
}

void check_equal(const Database& database, const Model& model) {
    check_equal(database.tree(), model);
    std::vector<SessionId> sessions;
    for (const zab::Session& session : database.sessions()) {
        sessions.push_back(session.id);
    }
    REQUIRE((sessions == std::vector<SessionId>(model.sessions.begin(), model.sessions.end())));
}

zab::History history_of(const std::vector<Txn>& txns, std::size_t first, std::size_t end,
                        zab::Position base) {
    zab::History history(base);
    for (std::size_t i = first; i < end; ++i) history.push(txns[i]);
    return history;
}

zab::Position position_after(const std::vector<Txn>& txns, std::size_t count) {
    return history_of(txns, 0, count, {}).last();
}

/// Why a process of a release does not start from this disk; nothing: it does.
std::optional<zab::Refusal> refusal_on(const std::string& release, DiskImage disk) {
    disk.accepted_epoch = disk.current_epoch = zab::Epoch{9};
    auto config = std::make_shared<zab::Config>();
    config->voters = {{1}, {2}, {3}};
    config->release = zab::release_named(release);
    zab::Peer peer({1}, config);
    zab::Effects effects;
    peer.step(zab::Started{&disk}, {}, effects);
    for (const zab::Effect& effect : effects.list()) {
        if (const auto* refusal = std::get_if<zab::RefuseToStart>(&effect)) return refusal->reason;
    }
    return std::nullopt;
}

DiskImage disk_of(const std::vector<Zxid>& log) {
    DiskImage disk;
    for (const Zxid zxid : log) disk.log.push({zxid, {}, 0, 0, 0, TxnType::set});
    return disk;
}

}  // namespace

TEST_CASE("up to 3.9.1 a last log file without its header keeps a server from starting") {
    DiskImage disk = disk_of({z(1, 1)});
    disk.has_torn_header = true;
    for (const zab::ReleaseName& release : zab::releases()) {
        INFO(release.name);
        const std::string name(release.name);
        const bool is_mended = name == "fixed" || name == "master" || name == "3.9.3";
        CHECK((refusal_on(name, disk) == zab::Refusal::torn_log_header) == !is_mended);
    }
}

TEST_CASE("today's ZooKeeper does not start from a log that lacks a transaction of an epoch") {
    CHECK((refusal_on("master", disk_of({z(1, 1), z(1, 3)})) == zab::Refusal::corrupt_log));
    CHECK_FALSE(refusal_on("master", disk_of({z(1, 3), z(1, 4), z(2, 2), z(4, 1)})).has_value());
    CHECK_FALSE(refusal_on("master", disk_of({z(1, 1), z(1, 2), z(1, 1), z(1, 3)})).has_value());
    CHECK_FALSE(refusal_on("3.9.3", disk_of({z(1, 1), z(1, 3)})).has_value());
    DiskImage behind_snapshot = disk_of({z(1, 1), z(1, 3), z(1, 4)});
    behind_snapshot.snapshot = {{z(1, 2), 1}, {}, {}};
    CHECK_FALSE(refusal_on("master", behind_snapshot).has_value());
}

TEST_CASE("a role's log thread draws its next snapshot anew; up to 3.5 it also counts anew") {
    for (const zab::ReleaseName& release : zab::releases()) {
        INFO(release.name);
        auto config = std::make_shared<zab::Config>();
        config->release = zab::release_named(release.name);
        zab::Server server({1}, config);
        for (std::uint32_t counter = 1; counter <= 7; ++counter) {
            server.pipeline.count_logged({z(1, counter), {}, 0, 0, 10, TxnType::set});
        }
        server.pipeline.next_jitter = 4'321;
        server.pipeline.start(server, false);
        CHECK_EQ(server.pipeline.snapshot_after, 54'321);
        const bool is_old = release.name == "3.5.3" || release.name == "3.4.10";
        CHECK_EQ(server.pipeline.txns_since_snapshot, is_old ? 0 : 7);
        CHECK_EQ(server.pipeline.bytes_since_snapshot, is_old ? 0 : 70);
    }
}

TEST_CASE("a tree knows the last writer of every path, and copies do not follow each other") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CAPTURE(seed);
        Dice dice(seed);
        std::vector<Tree> trees(1);
        std::vector<Model> models(1);
        for (const Txn& txn : random_txns(dice, 300)) {
            const std::size_t chosen = dice.below(trees.size());
            trees[chosen].apply(txn);
            models[chosen].apply(txn);
            if (trees.size() < 4 && dice.one_in(40)) {
                trees.push_back(trees[chosen]);
                models.push_back(models[chosen]);
            }
            if (dice.one_in(100)) {
                trees[chosen].clear();
                models[chosen] = {};
            }
        }
        for (std::size_t i = 0; i < trees.size(); ++i) check_equal(trees[i], models[i]);
    }
}

TEST_CASE("an older write never replaces a newer one in the tree") {
    Tree tree;
    tree.apply({z(2, 5), {}, 0, 7, 0, TxnType::set});
    tree.apply({z(2, 4), {}, 0, 7, 0, TxnType::create});

    CHECK_EQ(tree.last_writer(7).value, z(2, 5).value);
    CHECK_EQ(tree.last_writer(8).value, 0);
    CHECK_EQ(tree.last_writer(100'000).value, 0);
}

TEST_CASE("a database that boots has the snapshot and every logged transaction after it") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        CAPTURE(seed);
        Dice dice(seed);
        const std::vector<Txn> txns = random_txns(dice, 120);
        const std::size_t in_snapshot = dice.below(txns.size());
        const std::size_t log_begins = dice.below(in_snapshot + 1);
        Model model;
        Database source(1'000);
        for (std::size_t i = 0; i < txns.size(); ++i) {
            if (i < in_snapshot) source.apply(txns[i]);
            model.apply(txns[i]);
        }
        DiskImage disk;
        disk.log = history_of(txns, log_begins, txns.size(), position_after(txns, log_begins));
        if (in_snapshot > 0) disk.snapshot = source.snapshot();

        Database booted(1'000);
        booted.apply({z(9, 9), {}, 0, 3, 0, TxnType::set});  // What it held before must go.
        booted.load(disk);

        check_equal(booted, model);
        CHECK((booted.position() == position_after(txns, txns.size())));
        CHECK_EQ(booted.last_processed().value, txns.back().zxid.value);
        CHECK_EQ(booted.committed_log().size(), txns.size() - in_snapshot);
    }
}

TEST_CASE("replaying a log over a fuzzy snapshot gives the state of the log") {
    // A snapshot is named at its beginning and written later: it may hold effects of what follows.
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        CAPTURE(seed);
        Dice dice(seed);
        const std::vector<Txn> txns = random_txns(dice, 100);
        const std::size_t named = dice.below(txns.size());
        const std::size_t written = named + dice.below(txns.size() - named + 1);
        Model model;
        Database source;
        for (std::size_t i = 0; i < written; ++i) source.apply(txns[i]);
        zab::Snapshot fuzzy = source.snapshot();
        fuzzy.position = position_after(txns, named);
        fuzzy.name = fuzzy.position.zxid;
        for (const Txn& txn : txns) model.apply(txn);
        DiskImage disk;
        disk.snapshot = fuzzy;
        disk.log = history_of(txns, 0, txns.size(), {});

        Database booted;
        booted.load(disk);

        check_equal(booted, model);
        CHECK((booted.position() == position_after(txns, txns.size())));
    }
}

TEST_CASE("a tree has the digest of its history as soon as it is that of one, and none before") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        CAPTURE(seed);
        Dice dice(seed);
        const std::vector<Txn> txns = random_txns(dice, 100);
        const std::size_t named = dice.below(txns.size());
        const std::size_t written = named + dice.below(txns.size() - named + 1);
        Database source;
        std::vector<std::uint32_t> digests = {source.tree_digest()};
        zab::Snapshot fuzzy = source.snapshot();
        for (std::size_t i = 0; i < txns.size(); ++i) {
            if (i == named) fuzzy = source.snapshot();
            if (i == written) source.finish(fuzzy);
            source.apply(txns[i]);
            digests.push_back(source.tree_digest());
        }
        if (named == txns.size()) fuzzy = source.snapshot();
        if (written == txns.size()) source.finish(fuzzy);

        Database learner;
        learner.install(fuzzy, fuzzy.zxid());

        CHECK_EQ(learner.tree_digest(), written == named ? digests[named] : 0);
        for (std::size_t i = named; i < txns.size(); ++i) {
            learner.apply(txns[i]);
            REQUIRE_EQ(learner.tree_digest(), i + 1 < written ? 0 : digests[i + 1]);
        }
    }
}

TEST_CASE("equal trees have equal digests, and older writes over newer ones another") {
    Dice dice(8);
    const std::vector<Txn> txns = random_txns(dice, 400);
    Tree tree, repeated;
    for (const Txn& txn : txns) tree.apply(txn);
    for (const Txn& txn : txns) repeated.apply(txn);
    CHECK_EQ(tree.digest(), repeated.digest());

    for (const Txn& txn : txns) {
        Tree other = tree;
        other.apply(txn);
        CHECK((other.digest() == tree.digest()) ==
              (other.last_writer(txn.path) == tree.last_writer(txn.path)));
    }
    tree.clear();
    CHECK_EQ(tree.digest(), Tree{}.digest());
}

TEST_CASE("a snapshot written while older transactions are replayed keeps what is wrong in it") {
    // ZOOKEEPER-3104: named after the newest of the tree, which it is not the tree of any more.
    const Txn older{z(1, 1), {1}, 1, 5, 0, TxnType::set};
    const Txn newer{z(1, 2), {1}, 2, 5, 0, TxnType::set};
    Database leader;
    leader.apply(older);
    leader.apply(newer);
    Database learner;
    learner.install(leader.snapshot(), newer.zxid);
    learner.apply(older);
    DiskImage disk;
    disk.snapshot = learner.snapshot();

    Database booted;
    booted.load(disk);
    const std::uint32_t wrong = booted.tree_digest();
    learner.apply(newer);

    CHECK((booted.position() == leader.position()));
    CHECK_NE(wrong, 0);
    CHECK_NE(wrong, leader.tree_digest());
    CHECK_EQ(learner.tree_digest(), leader.tree_digest());
}

TEST_CASE("a fast-forward applies what the log has beyond memory, and nothing twice") {
    Dice dice(4);
    const std::vector<Txn> txns = random_txns(dice, 60);
    DiskImage disk;
    disk.log = history_of(txns, 0, txns.size(), {});
    Model model;
    Database database;
    for (std::size_t i = 0; i < txns.size(); ++i) {
        if (i < 25) database.apply(txns[i]);
        model.apply(txns[i]);
    }

    database.fast_forward(disk);
    const std::uint64_t once = database.fingerprint();
    database.fast_forward(disk);

    check_equal(database, model);
    CHECK((database.position() == disk.log.last()));
    CHECK_EQ(database.committed_log().size(), txns.size());
    CHECK_EQ(database.fingerprint(), once);
}

TEST_CASE("a transaction applied twice changes nothing") {
    Dice dice(5);
    Database database;
    for (const Txn& txn : random_txns(dice, 80)) {
        database.apply(txn);
        const std::uint64_t once = database.fingerprint();
        const std::size_t kept = database.committed_log().size();
        database.apply(txn);
        REQUIRE_EQ(database.fingerprint(), once);
        REQUIRE_EQ(database.committed_log().size(), kept);
    }
}

TEST_CASE("an installed snapshot is all that the memory holds, under the leader's zxid") {
    Dice dice(6);
    const std::vector<Txn> txns = random_txns(dice, 50);
    Database leader;
    Model model;
    for (const Txn& txn : txns) {
        leader.apply(txn);
        model.apply(txn);
    }
    Database learner;
    learner.apply({z(7, 7), {9}, 0, 5, 0, TxnType::create_session});

    learner.install(leader.snapshot(), z(8, 0));

    check_equal(learner, model);
    CHECK_EQ(learner.last_processed().value, z(8, 0).value);
    CHECK((learner.position() == leader.position()));
    CHECK(learner.committed_log().empty());
    CHECK((learner.committed_log().base() == leader.position()));
}

TEST_CASE("a leader's own epoch is processed without being a transaction") {
    Database database;
    database.apply({z(1, 4), {}, 0, 0, 0, TxnType::set});

    database.begin_epoch(z(2, 0));

    CHECK_EQ(database.last_processed().value, z(2, 0).value);
    CHECK_EQ(database.position().zxid.value, z(1, 4).value);
    database.apply({z(2, 1), {}, 0, 0, 0, TxnType::set});
    CHECK_EQ(database.last_processed().value, z(2, 1).value);
}
