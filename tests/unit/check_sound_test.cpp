#include "tests/unit/check_script.hpp"

#include <doctest/doctest.h>

#include <string>

namespace analysis {

namespace {

using trace::Operation;

constexpr Txn a1 = then(nothing, 1, 1);
constexpr Txn a2 = then(a1, 1, 2);
constexpr Txn a3 = then(a2, 1, 3);
constexpr Txn b1 = then(a1, 2, 1);
constexpr Txn b2 = then(b1, 2, 2);
constexpr Txn c1 = then(b1, 3, 1);

struct Case {
    std::string name;
    Script script;
};

Script begun() { return Script().begin(); }

Script led(Script script, Script::Node leader, Script::Epoch epoch, Txn initial,
           Script::Node follower) {
    script.lead(leader, epoch, initial, {leader, follower}).history(leader, initial);
    return script.join(follower, leader, epoch, initial)
        .established(leader, epoch, initial)
        .serving(leader, leader, epoch, initial)
        .serving(follower, leader, epoch, initial);
}

/// Transaction a2 is on server 1 only.
Script tail() { return begun().write(1, a1, {1, 2, 3}).propose(1, a2).append(1, a2).synced(1, a2); }

std::vector<Case> broadcast_cases() {
    return {
        {"a few writes", begun().write(1, a1, {1, 2, 3}).write(1, a2, {2, 3}).deliver(1, a2)},
        {"the followers commit without the leader's disk",
         begun().broadcast(1, a1, {2, 3}).commit(1, a1, 2).deliver(1, a1)},
        {"a delivery before the own sync", begun()
                                               .broadcast(1, a1, {1, 2})
                                               .commit(1, a1, 2)
                                               .append(3, a1)
                                               .deliver(3, a1)
                                               .synced(3, a1)
                                               .ack(3, a1)},
        {"a crash keeps the page cache",
         begun().broadcast(1, a1, {1}).append(2, a1).stopped(2).booted(2, a1, 1).synced(2, a1)},
        {"a power loss takes what was not synced", begun()
                                                       .broadcast(1, a1, {1, 3})
                                                       .append(2, a1)
                                                       .stopped(2)
                                                       .lost(2, nothing, 1)
                                                       .booted(2, nothing, 1)},
    };
}

std::vector<Case> tail_cases() {
    return {
        {"an uncommitted tail is truncated", led(tail(), 2, 2, a1, 3)
                                                 .write(2, b1, {2, 3})
                                                 .looking(1, a2)
                                                 .following(1, 2)
                                                 .accepted(1, 2)
                                                 .truncated(1, 2, a1)
                                                 .append(1, b1)
                                                 .synced(1, b1)
                                                 .current(1, 2)
                                                 .synchronized(1, 2, 2, b1)
                                                 .history(1, b1)
                                                 .serving(1, 2, 2, b1)
                                                 .write(2, b2, {1, 2, 3})},
        {"an uncommitted tail is replaced by a snapshot", led(tail(), 2, 2, a1, 3)
                                                              .write(2, b1, {2, 3})
                                                              .looking(1, a2)
                                                              .following(1, 2)
                                                              .accepted(1, 2)
                                                              .installed(1, 2, b1)
                                                              .snapshot(1, b1, true)
                                                              .current(1, 2)
                                                              .synchronized(1, 2, 2, b1)
                                                              .history(1, b1)
                                                              .write(2, b2, {1, 2, 3})},
        {"an uncommitted tail is committed by the next leader",
         led(begun().propose(1, a1).append(1, a1).synced(1, a1).looking(1, a1).append(3, a1), 1, 2,
             a1, 3)
             .looking(2, nothing)
             .following(2, 1)
             .accepted(2, 2)
             .append(2, a1)
             .join(2, 1, 2, a1)},
        {"two leaders in different epochs",
         led(tail(), 2, 2, a1, 3).propose(1, a3).write(2, b1, {2, 3}).append(1, a3)},
        {"a deposed leader counts late acks of what its successor has",
         led(begun().broadcast(1, a1, {1, 2}).append(3, a1), 2, 2, a1, 3)
             .write(2, b1, {2, 3})
             .commit(1, a1, 2)
             .deliver(1, a1)},
    };
}

std::vector<Case> epoch_cases() {
    return {
        {"a leader learns late that it is established",
         led(Script().boot_all().lead(1, 1, nothing, {1, 2}).join(2, 1, 1, nothing), 2, 2, nothing,
             3)
             .write(2, then(nothing, 2, 1), {2, 3})
             .established(1, 1, nothing)},
        {"an epoch that only its leader accepted is claimed again",
         Script()
             .boot_all()
             .accepted(1, 1)
             .leading(1, 1, nothing)
             .stopped(1)
             .lead(2, 1, nothing, {2, 3})
             .join(3, 2, 1, nothing)
             .established(2, 1, nothing)},
        {"two servers bid for an epoch, and the later bid is acknowledged by nobody",
         Script()
             .boot_all()
             .lead(2, 1, nothing, {2, 3})
             .join(3, 2, 1, nothing)
             .established(2, 1, nothing)
             .accepted(1, 1)
             .leading(1, 1, nothing)
             .looking(1, nothing)},
        {"epochs are skipped", led(begun().write(1, a1, {1, 2, 3}).looking(2, a1), 2, 7, a1, 3)
                                   .write(2, then(a1, 7, 1), {2, 3})},
        {"a state is named by the epoch that begins with it",
         led(begun().write(1, a1, {1, 2, 3}), 2, 2, a1, 3)
             .serving(2, 2, 2, {zab::Zxid::of({2}, 0), a1.prefix})
             .write(2, b1, {2, 3})},
        {"a third meets a quorum after long",
         led(led(tail(), 2, 2, a1, 3).write(2, b1, {2, 3}), 3, 3, b1, 2)
             .write(3, c1, {2, 3})
             .stopped(1)
             .booted(1, a2, 1)
             .following(1, 3)
             .accepted(1, 3)
             .truncated(1, 3, a1)
             .append(1, b1)
             .append(1, c1)
             .join(1, 3, 3, c1)
             .serving(1, 3, 3, c1)},
    };
}

std::vector<Case> file_cases() {
    return {
        {"a crash between the sync and the current epoch of old transactions",
         led(begun()
                 .write(1, a1, {1, 2})
                 .lead(2, 2, a1, {2, 3})
                 .append(3, a1)
                 .synced(3, a1)
                 .stopped(3)
                 .booted(3, a1, 1),
             2, 3, a1, 3)},
        {"an observer lacks proposals", begun()
                                            .following(4, 1)
                                            .accepted(4, 1)
                                            .current(4, 1)
                                            .synchronized(4, 1, 1, nothing)
                                            .history(4, nothing)
                                            .serving(4, 1, 1, nothing)
                                            .write(1, a1, {1, 2, 3})
                                            .inform(4, a1)
                                            .append(4, a1)
                                            .deliver(4, a1)
                                            .synced(4, a1)},
        {"a snapshot is fuzzy and ahead of the log", begun()
                                                         .broadcast(1, a1, {1, 2})
                                                         .commit(1, a1, 2)
                                                         .deliver(3, a1)
                                                         .snapshot(3, a1, true)
                                                         .append(3, a1)
                                                         .synced(3, a1)
                                                         .ack(3, a1)
                                                         .stopped(3)
                                                         .booted(3, a1, 1)},
    };
}

/// Observers' disks and memories count for nothing, and a minority's unsynced suffix for little.
std::vector<Case> lost_suffix_cases() {
    const Script observed = begun()
                                .following(4, 1)
                                .accepted(4, 1)
                                .current(4, 1)
                                .synchronized(4, 1, 1, nothing)
                                .history(4, nothing)
                                .serving(4, 1, 1, nothing)
                                .write(1, a1, {1, 2, 3})
                                .inform(4, a1)
                                .append(4, a1)
                                .deliver(4, a1);
    return {
        {"a minority loses what others committed", begun()
                                                       .broadcast(1, a1, {1, 2})
                                                       .append(3, a1)
                                                       .commit(1, a1, 2)
                                                       .deliver(3, a1)
                                                       .stopped(3)
                                                       .lost(3, nothing, 1)
                                                       .booted(3, nothing, 1)
                                                       .following(3, 1)
                                                       .append(3, a1)
                                                       .join(3, 1, 1, a1)},
        {"an observer loses what it has delivered",
         Script(observed).stopped(4).lost(4, nothing, 1).booted(4, nothing, 1)},
        {"an observer comes back by a snapshot of a later epoch",
         led(Script(observed).stopped(4), 2, 2, a1, 3)
             .write(2, b1, {2, 3})
             .booted(4, a1, 1)
             .following(4, 2)
             .accepted(4, 2)
             .installed(4, 2, b1)
             .snapshot(4, b1, true)
             .current(4, 2)
             .synchronized(4, 2, 2, b1)
             .history(4, b1)
             .serving(4, 2, 2, b1)},
        {"a restarted server remembers a tail that it never serves",
         led(tail().stopped(1).booted(1, a2, 1).looking(1, a2), 2, 2, a1, 3).write(2, b1, {2, 3})},
        {"a log of the new epoch ahead of its file, where the release repairs that",
         led(tail().stopped(1), 2, 2, a1, 3)
             .write(2, b1, {2, 3})
             .booted(1, a2, 1)
             .following(1, 2)
             .accepted(1, 2)
             .truncated(1, 2, a1)
             .append(1, b1)
             .synced(1, b1)
             .stopped(1)
             .booted(1, b1, 1)
             .following(1, 2)
             .current(1, 2)
             .synchronized(1, 2, 2, b1)},
    };
}

std::vector<Case> given_cases() {
    const Txn g8 = then(then(nothing, 5, 7), 5, 8);
    const Txn g10 = then(then(g8, 5, 9), 5, 10);
    const Txn h1 = then(g8, 6, 1);
    const Txn h2 = then(h1, 6, 2);
    const Txn h3 = then(h2, 6, 3);
    const Txn i1 = then(h3, 7, 1);
    const auto start = [&](Script script) {
        script.booted(1, g10, 5).booted(2, h3, 6).booted(3, g8, 5).booted(4, nothing, 0);
        return led(script.append(3, h1).append(3, h2).append(3, h3), 2, 7, h3, 3)
            .write(2, i1, {2, 3})
            .following(1, 2)
            .accepted(1, 7)
            .truncated(1, 2, g8)
            .append(1, h1)
            .append(1, h2)
            .append(1, h3)
            .append(1, i1)
            .join(1, 2, 7, i1)
            .serving(1, 2, 7, i1);
    };
    Script told;
    told.history(1, g10).history(2, g8).history(2, h3).history(3, g8);
    return {{"given histories of which only the ends are told", start(Script())},
            {"given histories, epoch by epoch", start(told)}};
}

std::vector<Case> client_cases() {
    using enum Operation;
    Script lost = begun().connected(0, 1, 8).invoke(0, 1, set, 1).invoke(0, 1, set, 2);
    lost.write(1, a1, {1, 2, 3}).fail(0, 1, set, 1).fail(0, 1, set, 2).connected(0, 2, 8);
    lost.invoke(0, 2, get, 3).complete(0, 2, get, 3, a1.zxid);
    Script stale = begun().connected(0, 1, 8).connected(1, 2, 9).write(1, a1, {1, 2, 3});
    stale.invoke(0, 1, set, 1).write(1, a2, {1, 3}).complete(0, 1, set, 1, a2.zxid);
    stale.invoke(1, 2, get, 1).complete(1, 2, get, 1, a1.zxid);
    Script fresh = stale;
    fresh.expired(0, 1, 8).connected(0, 2, 10);
    fresh.invoke(0, 2, get, 2).complete(0, 2, get, 2, a1.zxid);
    Script epoch = begun().connected(0, 1, 8);
    epoch.invoke(0, 1, get, 1).complete(0, 1, get, 1, zab::Zxid::of({1}, 0));
    Script moved = begun().connected(0, 1, 8).write(1, a1, {1, 2, 3}).invoke(0, 1, set, 1);
    moved.complete(0, 1, set, 1, a1.zxid).connected(0, 2, 8).write(1, a2, {1, 2, 3});
    moved.invoke(0, 2, get, 2).complete(0, 2, get, 2, a1.zxid).connected(0, 1, 8);
    moved.invoke(0, 1, get, 3).complete(0, 1, get, 3, a2.zxid);
    Script overtaken = begun().connected(0, 1, 8).connected(1, 2, 9);
    overtaken.invoke(0, 1, set, 1).invoke(1, 2, set, 1);
    overtaken.write(1, a1, {1, 2, 3}).write(1, a2, {1, 2, 3});
    overtaken.complete(1, 2, set, 1, a2.zxid).complete(0, 1, set, 1, a1.zxid);
    return {{"a session moves from server to server", moved},
            {"of two concurrent writes the later reply has the lower zxid", overtaken},
            {"a lost connection leaves writes undecided", lost},
            {"a stale read of another session", stale},
            {"a new session may see less than the one before", fresh},
            {"a read sees an epoch that has no transaction yet", epoch}};
}

}  // namespace

TEST_CASE("what the contract allows is not flagged") {
    std::vector<Case> cases;
    for (const auto& more : {broadcast_cases(), tail_cases(), epoch_cases(), file_cases(),
                             lost_suffix_cases(), given_cases(), client_cases()}) {
        cases.insert(cases.end(), more.begin(), more.end());
    }
    for (const Case& c : cases) {
        CAPTURE(c.name);
        const CheckerSet checkers = checked(c.script);

        for (const Violation& violation : checkers.violations()) {
            FAIL_CHECK(violation.property, " at ", violation.record, ": ", violation.explanation);
        }
    }
}

}  // namespace analysis
