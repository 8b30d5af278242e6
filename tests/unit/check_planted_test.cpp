#include "tests/unit/planted_cases.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>

namespace analysis {

namespace {

using trace::Operation;

/// a1 is committed, a2 is on server 1 only; server 2 begins epoch 2 with a1.
Script second_epoch() {
    return begun()
        .write(1, a1, {1, 2, 3})
        .propose(1, a2)
        .append(1, a2)
        .synced(1, a2)
        .lead(2, 2, a1, {2, 3})
        .join(3, 2, 2, a1)
        .established(2, 2, a1)
        .serving(2, 2, 2, a1);
}

std::vector<Case> broadcast_cases() {
    return {
        {"a delivery that nobody proposed", "integrity",
         begun().write(1, a1, {1, 2}).deliver(3, x1)},
        {"a delivery is left out", "total_order",
         begun().write(1, a1, {1, 2}).write(1, a2, {1, 2}).deliver(3, a2)},
        {"a delivery twice", "total_order", begun().write(1, a1, {1, 2, 3}).deliver(3, a1)},
        {"a delivery before the commit", "agreement",
         begun().broadcast(1, a1, {1, 2, 3}).deliver(2, a1)},
        {"a server serves an uncommitted tail", "agreement",
         begun().broadcast(1, a1, {1}).history(1, a1).serving(1, 1, 1, a1)},
        {"an observer is informed of what is not committed", "agreement",
         begun().broadcast(1, a1, {1, 2, 3}).inform(4, a1)},
        {"a counter is left out", "local_primary_order",
         begun().write(1, a1, {1, 2}).propose(1, a3)},
        {"a follower proposes", "local_primary_order", begun().propose(2, a1)},
        {"a leader proposes before it is established", "local_primary_order",
         Script().boot_all().lead(1, 1, nothing, {1, 2, 3}).propose(1, a1)},
        {"an old epoch's transaction after a new one's", "global_primary_order",
         second_epoch().write(2, b1, {2, 3}).deliver(2, a2)},
        {"a new leader has not delivered what others have", "primary_integrity",
         begun()
             .write(1, a1, {1, 2, 3})
             .lead(2, 2, a1, {2, 3})
             .join(3, 2, 2, a1)
             .established(2, 2, a1)
             .history(2, nothing)
             .propose(2, b1)},
        {"a skipped transaction is delivered", "primary_integrity",
         second_epoch().propose(2, b1).deliver(1, a2)},
        {"two leaders in one epoch", "one_leader_per_epoch",
         begun().accepted(2, 1).leading(2, 1, nothing).current(2, 1)},
        {"a learner acknowledges another leader of the epoch", "one_leader_per_epoch",
         begun().synchronized(3, 2, 1, nothing)},
    };
}

std::vector<Case> epoch_and_ack_cases() {
    return {
        {"the accepted epoch falls", "epoch_monotone", begun().accepted(2, 3).accepted(2, 2)},
        {"the current epoch falls over a restart", "epoch_monotone",
         begun().stopped(2).booted(2, nothing, 0)},
        {"the current epoch passes the accepted one", "current_within_accepted",
         begun().current(2, 2)},
        {"a server starts with a current epoch that it has not accepted", "current_within_accepted",
         begun().stopped(2).booted(2, nothing, 2)},
        {"a new epoch's transaction is durable too early", "log_within_current_epoch",
         second_epoch().propose(2, b1).synced(1, b1)},
        {"a log of a later epoch at boot, where it forbids the start", "boot_precondition",
         begun().write(1, a1, {1, 2}).stopped(2).booted(2, a1, 0), "master"},
        {"a server refuses to start", "boot_precondition", begun().stopped(2).refused(2)},
        {"an ack before the sync", "ack_validity", begun().propose(1, a1).append(2, a1).ack(2, a1)},
        {"an ack of what a power loss took", "ack_validity",
         begun().broadcast(1, a1, {1, 2}).lost(2, nothing, 1).ack(2, a1)},
        {"an ack of what was cut", "ack_validity",
         begun().broadcast(1, a1, {1, 2}).truncated(2, 1, nothing).ack(2, a1)},
        {"NEWLEADER without the initial history", "newleader_ack",
         begun()
             .write(1, a1, {1, 2})
             .lead(2, 2, a1, {2, 3})
             .current(3, 2)
             .synchronized(3, 2, 2, nothing)},
        {"NEWLEADER with more than is durable", "newleader_ack",
         begun()
             .write(1, a1, {1, 2})
             .lead(2, 2, a1, {2, 3})
             .current(3, 2)
             .synchronized(3, 2, 2, a1)},
        {"NEWLEADER before the current epoch", "newleader_ack",
         begun().write(1, a1, {1, 2, 3}).lead(2, 2, a1, {2, 3}).synchronized(3, 2, 2, a1)},
    };
}

std::vector<Case> commit_cases() {
    return {
        {"a commit without a quorum on disk", "commit_quorum",
         begun().broadcast(1, a1, {1}).commit(1, a1, 2)},
        {"a commit without enough acks", "commit_quorum",
         begun().broadcast(1, a1, {1, 2}).commit(1, a1, 1)},
        {"a commit that counts an ack nobody sent", "commit_quorum",
         begun().propose(1, a1).synced(1, a1).ack(1, a1).synced(2, a1).commit(1, a1, 2)},
        {"a commit is left out", "commit_order",
         begun().broadcast(1, a1, {1, 2}).broadcast(1, a2, {1, 2}).commit(1, a2, 2)},
        {"a deposed leader commits what its successor skipped", "commit_order",
         second_epoch().write(2, b1, {2, 3}).commit(1, a2, 2)},
        {"a follower commits", "commit_order", begun().broadcast(1, a1, {1, 2}).commit(2, a1, 2)},
        {"a leader is established alone", "established_quorum",
         begun()
             .broadcast(1, a1, {1})
             .history(1, a1)
             .lead(1, 2, a1, {1, 2, 3})
             .established(1, 2, a1)},
        {"a leader without a committed transaction", "leader_completeness",
         begun().write(1, a1, {1, 2}).lead(3, 2, nothing, {3, 2}).established(3, 2, nothing)},
        {"a skipped transaction is committed", "no_resurrected", second_epoch().commit(1, a2, 2)},
        {"a skipped transaction in a later initial history", "no_resurrected",
         second_epoch().lead(1, 3, a2, {1, 3}).established(1, 3, a2)},
    };
}

std::vector<Case> disk_cases() {
    return {
        {"another history under the same zxid", "log_matching",
         begun().propose(1, a1).synced(2, x1)},
        {"a snapshot of a history that never was", "log_matching",
         begun().propose(1, a1).snapshot(2, x1, true)},
        {"a log with a hole", "log_continuity",
         begun().propose(1, a1).propose(1, a2).append(2, a2)},
        {"a transaction is durable in a log that never took it", "log_continuity",
         begun().propose(1, a1).synced(2, a1)},
        {"a log that takes a transaction twice", "log_continuity",
         begun().propose(1, a1).append(2, a1).append(2, a1)},
        {"a log that takes twice what a snapshot has", "log_continuity",
         begun()
             .broadcast(1, a1, {1, 3})
             .commit(1, a1, 2)
             .deliver(2, a1)
             .snapshot(2, a1, true)
             .append(2, a1)
             .append(2, a1)},
        {"a boot without the page cache", "boot_equals_disk",
         begun().propose(1, a1).append(2, a1).stopped(2).booted(2, nothing, 1)},
        {"a boot without a durable transaction", "boot_soundness",
         begun().broadcast(1, a1, {1, 2}).stopped(2).booted(2, nothing, 1)},
        {"a snapshot ahead of memory", "boot_soundness",
         begun().broadcast(1, a1, {1, 2}).snapshot(2, a1, true)},
        {"a power loss takes a durable transaction", "synced_survives",
         begun().broadcast(1, a1, {1, 2}).stopped(2).lost(2, nothing, 1)},
        {"a power loss takes a durable transaction of a server whose boot was not told",
         "synced_survives",
         Script()
             .booted(1, nothing, 0)
             .looking(2, nothing)
             .lead(1, 1, nothing, {1, 2})
             .join(2, 1, 1, nothing)
             .established(1, 1, nothing)
             .broadcast(1, a1, {1, 2})
             .stopped(2)
             .lost(2, nothing, 1)},
        {"a committed transaction loses its quorum to a power loss", "committed_durability",
         begun().write(1, a1, {1, 2}).stopped(2).lost(2, nothing, 1)},
        {"a committed transaction loses its quorum to a truncation", "committed_durability",
         begun().write(1, a1, {1, 2}).truncated(2, 1, nothing)},
        {"a committed transaction loses its quorum at a boot", "committed_durability",
         begun().write(1, a1, {1, 2}).stopped(2).booted(2, nothing, 1)},
        {"a delivery makes another tree than elsewhere", "tree_agreement",
         begun().broadcast(1, a1, {1, 2}).commit(1, a1, 2).deliver(1, a1, 7).deliver(2, a1, 8)},
        {"a server comes back with another tree", "tree_agreement",
         begun().broadcast(1, a1, {1, 2}).commit(1, a1, 2).deliver(1, a1, 7).history(2, a1, 8)},
        {"a truncation removes a committed transaction", "truncation_safety",
         begun().write(1, a1, {1, 2, 3}).write(1, a2, {1, 2, 3}).truncated(3, 1, a1)},
    };
}

/// Two clients of an ensemble with three transactions, and what happens then.
std::vector<Case> client_cases() {
    using enum Operation;
    return {
        {"a later write gets a lower zxid", "linearizable_writes", with([](Script& s) {
             s.invoke(0, 1, set, 1).complete(0, 1, set, 1, a2.zxid);
             s.invoke(1, 2, set, 1).complete(1, 2, set, 1, a1.zxid);
         })},
        {"two concurrent writes get one zxid", "linearizable_writes", with([](Script& s) {
             s.invoke(0, 1, set, 1).invoke(1, 2, set, 1);
             s.complete(0, 1, set, 1, a2.zxid).complete(1, 2, set, 1, a2.zxid);
         })},
        {"replies in the wrong order", "fifo_client_order", with([](Script& s) {
             s.invoke(0, 1, set, 1).invoke(0, 1, set, 2).complete(0, 1, set, 2, a2.zxid);
         })},
        {"a reply to a request that was given up", "fifo_client_order", with([](Script& s) {
             s.invoke(0, 1, set, 1).fail(0, 1, set, 1).complete(0, 1, set, 1, a2.zxid);
         })},
        {"a client that no scenario can have", "fifo_client_order",
         with([](Script& s) { s.invoke(std::uint64_t{1} << 40, 1, set, 1); })},
        {"a session's writes fall", "fifo_client_order", with([](Script& s) {
             s.invoke(0, 1, set, 1).invoke(0, 1, set, 2);
             s.complete(0, 1, set, 1, a2.zxid).complete(0, 1, set, 2, a1.zxid);
         })},
        {"a session goes back in time at another server", "session_monotone_reads",
         with([](Script& s) {
             s.invoke(0, 1, get, 1).complete(0, 1, get, 1, a2.zxid).connected(0, 2, 8);
             s.invoke(0, 2, get, 2).complete(0, 2, get, 2, a1.zxid);
         })},
        {"a read misses the session's own write", "read_your_writes", with([](Script& s) {
             s.invoke(0, 1, set, 1).complete(0, 1, set, 1, a2.zxid);
             s.invoke(0, 1, get, 2).complete(0, 1, get, 2, a1.zxid);
         })},
        {"a client sees what is not committed", "committed_replies", with([](Script& s) {
             const Txn a4 = then(a3, 1, 4);
             s.broadcast(1, a4, {1}).invoke(0, 1, set, 1).complete(0, 1, set, 1, a4.zxid);
         })},
        {"a client sees the state of an epoch that has not begun", "committed_replies",
         with([](Script& s) {
             s.invoke(0, 1, get, 1).complete(0, 1, get, 1, zab::Zxid::of({2}, 0));
         })},
    };
}

std::vector<Case> all_cases() {
    std::vector<Case> all = broadcast_cases();
    for (const auto& more : {epoch_and_ack_cases(), commit_cases(), disk_cases(), client_cases(),
                             planted_in_watches()}) {
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

}  // namespace

TEST_CASE("a planted defect is flagged as what it is, with a short witness") {
    for (const Case& c : all_cases()) {
        CAPTURE(c.name);
        const CheckerSet checkers = checked(c.script, trace::Level::all, c.release);

        CHECK(checkers.violation_count(c.property) > 0);
        for (const Violation& violation : checkers.violations()) {
            CHECK(violation.witness.size() <= 10);
            CHECK(std::ranges::count(violation.witness, violation.record) == 1);
            CHECK(violation.witness.back() < c.script.records().size());
            CHECK_FALSE(violation.explanation.empty());
        }
    }
}

TEST_CASE(
    "a log ahead of the current epoch at boot is wrong in every release but the repaired one") {
    // Epoch 2 reached the log of server 3, and not its currentEpoch, when it crashed.
    const Script script = second_epoch()
                              .write(2, b1, {2, 3})
                              .following(1, 2)
                              .accepted(1, 2)
                              .truncated(1, 2, a1)
                              .append(1, b1)
                              .synced(1, b1)
                              .stopped(1)
                              .booted(1, b1, 1);

    for (const char* const release : {"3.4.5", "3.8.0", "3.9.4", "master"}) {
        CAPTURE(release);
        const CheckerSet checkers = checked(script, trace::Level::all, release);
        CHECK(checkers.violation_count("boot_precondition") == 1);
        CHECK(checkers.violation_count() == 1);
    }
    CHECK(checked(script, trace::Level::all, "fixed").is_clean());
    CHECK(checked(script).is_clean());
}

TEST_CASE("only known trees of one and the same history are compared") {
    const Script begun_twice = begun().broadcast(1, a1, {1, 2}).commit(1, a1, 2);
    const auto is_clean = [&](auto act) {
        Script script = begun_twice;
        act(script);
        return checked(script).violation_count("tree_agreement") == 0;
    };

    CHECK(is_clean([](Script& s) { s.deliver(1, a1, 7).deliver(2, a1, 7); }));
    CHECK(is_clean([](Script& s) { s.deliver(1, a1, 0).deliver(2, a1, 8).history(1, a1, 8); }));
    CHECK(is_clean([](Script& s) { s.deliver(1, a1, 7).deliver(2, a1, 0); }));
    CHECK(is_clean([](Script& s) { s.deliver(1, a1, 7).history(3, x1, 8).deliver(2, a1, 7); }));
    // Who does not know its digest replaces nobody's.
    CHECK_FALSE(
        is_clean([](Script& s) { s.deliver(1, a1, 7).deliver(2, a1, 0).history(2, a1, 9); }));
}

TEST_CASE("every property is broken by some planted defect") {
    std::set<std::string_view> planted;
    for (const Case& c : all_cases()) planted.insert(c.property);

    for (const Property& property : all_properties()) {
        CAPTURE(property.name);
        CHECK(planted.contains(property.name));
    }
}

}  // namespace analysis
