#include "tests/ensemble/schedule.hpp"

// Known defects of synchronization and recovery: on each schedule the planted defect ends in the
// violation that it is known for, and the repaired protocol in none.

namespace schedule {

TEST_CASE("1154: who was in the committed log's window kept what nobody else had") {
    const auto play = [](Cluster& c) {
        form(c, {n1, n2, n3});
        write(c);
        write_alone_and_die(c);
        form(c, {n1, n2});
        write(c);
        write(c);
        form(c, {n3});
        rest(c);
    };
    check_broken(broken_by("1154", play), {"log_matching", "primary_order", "history_agreement"});
}

TEST_CASE("1319: who joined during the first proposal of an epoch never got it") {
    const auto play = [](Cluster& c) {
        form(c, {n2, n3});
        c.stalls = [](NodeId, const zab::Start& start) { return start.stage == zab::Stage::sync; };
        write(c);
        c.start(n1);
        c.run(zab::seconds(5));
        c.resume();
        rest(c);
    };
    check_broken(broken_by("1319", play), {"log_matching"});
}

TEST_CASE("1549: a TRUNC below a leader's own snapshot left its tail in memory") {
    const auto play = [](Cluster& c) {
        form(c, {n1, n2, n3});
        write(c);
        write_alone_and_die(c);
        c.start(n3);
        c.start(n2);
        const zab::Zxid tail = c.disk(n3).image().log.last().zxid;
        const auto has_snapshot = [&] {
            const auto& newest = c.disk(n3).image().snapshot;
            return newest.has_value() && newest->position.zxid == tail;
        };
        REQUIRE(c.run_until(has_snapshot, zab::seconds(20)));
        c.kill(n3);
        form(c, {n1, n2});
        form(c, {n3});
        rest(c);
    };
    check_broken(broken_by("1549", play), {"log_matching"});
}

TEST_CASE("TRUNC kept the next record where the log lacked the point") {
    const auto play = [](Cluster& c) {
        form(c, {n2, n3});
        write(c);
        form(c, {n1});  // By SNAP: its log is empty.
        c.holds = [](const Cluster::Sent& sent) {
            return sent.to == n2 && sent.as<zab::Proposal>() != nullptr;
        };
        c.stalls = [](NodeId node, const zab::Start& start) {
            return node == n3 && start.stage == zab::Stage::sync;
        };
        write(c);
        c.lose_power(n3);
        kill_all(c);
        c.release();
        c.resume();
        form(c, {n2, n3});
        form(c, {n1});
        rest(c);
    };
    check_broken(broken_by("trunc-next-record", play), {"log_matching"});
}

TEST_CASE("2832: an uncommitted transaction in the log survived a SNAP") {
    const auto play = [](Cluster& c) {
        c.reconfigure([](zab::Config& config) { config.force_snapshot_sync = true; });
        form(c, {n1, n2, n3});
        write(c);
        write_alone_and_die(c);
        form(c, {n1, n2});  // Nothing is written.
        form(c, {n3});
        c.kill(n3);
        form(c, {n3});
        rest(c);
    };
    check_broken(broken_by("2832", play), {"boot_equals_disk", "boot_soundness"});
}

TEST_CASE("2845: what was logged and not committed came back at the next restart") {
    const auto play = [](Cluster& c) {
        form(c, {n1, n2, n3});
        write(c);
        c.holds = [](const Cluster::Sent& sent) {
            return sent.to == n2 && sent.as<zab::Proposal>() != nullptr;
        };
        c.stalls = [](NodeId node, const zab::Start& start) {
            return node == n3 && start.stage == zab::Stage::sync;
        };
        write(c);
        c.lose_power(n3);
        c.release();
        c.resume();
        c.run_until([&] { return all_serve(c, {n1, n2}); }, zab::seconds(60));
        write(c);
        c.kill(n1);
        form(c, {n1});
        rest(c);
    };
    check_broken(broken_by("2845", play), {"log_matching"});
}

namespace {

/// Server 3 leads with a transaction that only it has; server 2 is the one it needs.
void lead_with_tail(Cluster& c) {
    form(c, {n1, n2, n3});
    write(c);
    write_alone_and_die(c);
    c.start(n3);
    c.start(n2);
}

}  // namespace

TEST_CASE("3911: NEWLEADER was acknowledged with the DIFF in memory only") {
    const auto play = [](Cluster& c) {
        lead_with_tail(c);
        c.run(zab::seconds(10));
    };
    check_broken(broken_by("3911", play), {"established_quorum"});
}

TEST_CASE("4646: NEWLEADER was acknowledged before the log's thread had synced") {
    const auto play = [](Cluster& c) {
        c.takes = [](NodeId node, const zab::Start& start) -> std::optional<zab::Duration> {
            const bool is_slow = node == n2 && start.stage == zab::Stage::sync;
            return is_slow ? zab::seconds(1) : zab::milliseconds(1);
        };
        lead_with_tail(c);
        c.run(zab::seconds(10));
    };
    check_broken(broken_by("4646", play), {"established_quorum"});
}

TEST_CASE("4643: currentEpoch written before the transactions won an election without them") {
    const auto play = [](Cluster& c) {
        form(c, {n1, n2, n3});
        write(c);
        c.kill(n2);
        c.run(zab::milliseconds(100));
        write(c);
        c.kill(n1);
        c.run(zab::seconds(30));
        c.on_disk_work = [&c](NodeId node, zab::Work work) {
            if (node == n2 && work == zab::Work::write_current_epoch) c.kill(n2);
        };
        c.start(n2);
        c.run_until([&] { return !c.is_up(n2); }, zab::seconds(30));
        c.on_disk_work = nullptr;
        c.kill(n3);
        form(c, {n1, n2});
        rest(c);
    };
    check_broken(broken_by("4643", play),
                 {"truncation_safety", "committed_durability", "leader_completeness"});
}

TEST_CASE("4685: a proposal's ACK before that of NEWLEADER, and the leader is never established") {
    const auto stalls = [](std::string_view defect) {
        Cluster c(three(defect));
        lead_with_tail(c);
        // The learner's main thread is late with its ACK.
        c.freezes = [&c](NodeId node, zab::Stage stage, NodeId) {
            const zab::Learning* learning = node == n2 ? c.peer(n2).learning() : nullptr;
            return stage == zab::Stage::main && learning != nullptr &&
                   learning->phase == zab::Learning::Phase::handing_over;
        };
        c.run(zab::seconds(2));
        c.thaw();
        return !c.run_until([&] { return all_serve(c, {n2, n3}); }, zab::seconds(10));
    };
    CHECK_FALSE(stalls(""));
    CHECK(stalls("4685"));
}

TEST_CASE("4712: a log thread that outlived its role wrote behind memory's back") {
    const auto play = [](Cluster& c) {
        form(c, {n1, n2, n3});
        write(c);
        c.freezes = [](NodeId node, zab::Stage stage, NodeId) {
            return node == n1 && stage == zab::Stage::sync;
        };
        write(c);
        c.break_links(n1, n3);
        c.run(zab::seconds(10));
        c.thaw();
        c.run(zab::seconds(5));
        rest(c);
        c.kill(n1);
        form(c, {n1});
        rest(c);
    };
    // It comes back with a memory that its log does not hold, and vouches for it.
    check_broken(broken_by("4712", play), {"newleader_ack", "ack_validity"});
}

TEST_CASE("4925: a hole in a follower's committed log was passed on") {
    const auto play = [](Cluster& c) {
        lead_with_tail(c);
        c.run_until([&] { return all_serve(c, {n2, n3}); }, zab::seconds(30));
        write(c);
        c.kill(n3);
        form(c, {n1, n2});
        rest(c);
    };
    check_broken(broken_by("4925", play), {"log_matching"});
}

TEST_CASE("5094: an interrupted TRUNC left memory ahead of the log") {
    const auto play = [](Cluster& c) {
        form(c, {n1, n2, n3});
        write(c);
        write_alone_and_die(c);
        form(c, {n1, n2});
        c.freezes = [](NodeId node, zab::Stage stage, NodeId) {
            return node == n2 && stage == zab::Stage::commit;
        };
        write(c);  // Committed, not yet in the leader's tree.
        c.drops = [once = true](const Cluster::Sent& sent) mutable {
            const bool breaks = once && sent.to == n3 && sent.as<zab::NewLeader>() != nullptr;
            once = once && !breaks;
            return breaks;
        };
        c.start(n3);
        c.run(zab::seconds(1));
        c.thaw();
        c.run(zab::seconds(20));
        write(c);
        c.kill(n3);
        form(c, {n3});
        rest(c);
    };
    check_broken(broken_by("5094", play), {"log_matching"});
}

TEST_CASE("a follower that came back lost a proposal that its ack had committed") {
    const auto play = [](Cluster& c) {
        form(c, {n1, n2, n3});
        write(c);
        c.freezes = [](NodeId node, zab::Stage stage, NodeId) {
            return node == n3 && stage == zab::Stage::commit;
        };
        c.holds = [](const Cluster::Sent& sent) {
            return sent.to == n2 && sent.as<zab::Proposal>() != nullptr;
        };
        write(c);
        c.break_links(n1, n3);
        c.run(zab::seconds(5));
        c.release();
        c.thaw();
        rest(c);
    };
    check_broken(broken_by("returning-learner", play),
                 {"truncation_safety", "committed_durability"});
}

TEST_CASE("a SNAP acknowledged before its snapshot is on disk is on too few disks") {
    const auto play = [](Cluster& c) {
        c.reconfigure([](zab::Config& config) { config.force_snapshot_sync = true; });
        lead_with_tail(c);
        c.run(zab::seconds(10));
    };
    check_broken(broken_by("unsynced-snapshot", play), {"established_quorum"});
}

}  // namespace schedule
