#include "tests/unit/planted_cases.hpp"

#include <doctest/doctest.h>

namespace analysis {

namespace {

using trace::Operation;

/// Client 0 watches path 7 in the state of a1.
void watch_seven(Script& s) {
    s.invoke(0, 1, Operation::watch, 1).watch_set(0, 1, 7, 7);
    s.complete(0, 1, Operation::watch, 1, a1.zxid);
}
/// a2 sets a path, and is applied.
void set_path(Script& s, std::uint32_t path) {
    s.propose(1, a2);
    for (const Script::Node n : {Script::Node{1}, Script::Node{2}}) {
        s.append_set(n, a2, path).synced(n, a2).ack(n, a2);
    }
    s.commit(1, a2, 2).deliver(1, a2).deliver(2, a2);
}
Script at_a1(const std::function<void(Script&)>& act) {
    Script script = begun().connected(0, 1, 7).write(1, a1, {1, 2});
    act(script);
    return script;
}
Script watched(const std::function<void(Script&)>& act, std::uint32_t path = 7) {
    Script script = at_a1(watch_seven);
    set_path(script, path);
    act(script);
    return script;
}
Script& read(Script& s, Script::Node n, Txn t) {
    return s.invoke(0, n, Operation::get, 2).complete(0, n, Operation::get, 2, t.zxid);
}

}  // namespace

std::vector<Case> planted_in_watches() {
    using enum Operation;
    return {
        {"a client hears of a change after it has seen it", "watch_order", with([](Script& s) {
             s.watch_set(0, 1, 8, 7).watch_fired(0, 1, a2.zxid, 7).invoke(0, 1, get, 1);
             s.complete(0, 1, get, 1, a2.zxid).notified(0, 1, a2.zxid, 7);
         })},
        {"a watch fires twice", "watch_once", with([](Script& s) {
             s.watch_set(0, 1, 8, 7).watch_fired(0, 1, a2.zxid, 7);
             s.watch_fired(0, 1, a3.zxid, 7);
         })},
        {"a client is told twice", "watch_once", with([](Script& s) {
             s.watch_set(0, 1, 8, 7).watch_fired(0, 1, a2.zxid, 7);
             s.notified(0, 1, a2.zxid, 7).notified(0, 1, a2.zxid, 7);
         })},
        {"a client is told of another znode", "watch_once", with([](Script& s) {
             s.watch_set(0, 1, 8, 7).watch_fired(0, 1, a2.zxid, 7);
             s.notified(0, 1, a2.zxid, 8);
         })},
        {"a lost connection's watch is told of over the next", "watch_once", with([](Script& s) {
             s.watch_set(0, 1, 8, 7).watch_fired(0, 1, a2.zxid, 7);
             s.disconnected(0, 1, 7).connected(0, 2, 7).notified(0, 2, a2.zxid, 7);
         })},
        {"a change that is never told", "watch_complete",
         watched([](Script& s) { read(s, 1, a2); })},
        {"a change that is not told over the next connection", "watch_complete",
         watched([](Script& s) { read(s.disconnected(0, 1, 7).connected(0, 2, 7), 2, a2); })},
        {"a change between the read that sets the watch and its reply", "watch_complete",
         at_a1([](Script& s) {
             s.invoke(0, 1, Operation::watch, 1).watch_set(0, 1, 7, 7);
             set_path(s, 7);
             read(s.complete(0, 1, Operation::watch, 1, a1.zxid), 1, a2);
         })},
    };
}

TEST_CASE("a watch binds nobody whom it does not concern") {
    const auto is_clean = [](const Script& script) {
        return checked(script).violation_count("watch_complete") == 0;
    };

    CHECK(is_clean(watched([](Script& s) { read(s, 1, a1); })));
    CHECK(is_clean(watched([](Script& s) { read(s, 1, a2); }, 8)));
    CHECK(is_clean(watched([](Script& s) {
        read(s.watch_fired(0, 1, a2.zxid, 7).notified(0, 1, a2.zxid, 7), 1, a2);
    })));
    CHECK(is_clean(watched([](Script& s) { read(s.expired(0, 1, 7).connected(0, 1, 8), 1, a2); })));
    // Another client's, and one that learns only of the second of several set_watches.
    CHECK(is_clean(watched([](Script& s) {
        s.connected(1, 1, 9).invoke(1, 1, Operation::get, 1);
        s.complete(1, 1, Operation::get, 1, a2.zxid);
    })));
    CHECK(is_clean(watched([](Script& s) {
        for (const std::uint32_t cxid : {2u, 3u}) {
            s.invoke(0, 1, Operation::set_watches, cxid);
            s.complete(0, 1, Operation::set_watches, cxid, a2.zxid);
        }
        read(s.watch_fired(0, 1, a2.zxid, 7).notified(0, 1, a2.zxid, 7), 1, a2);
    })));
    // A read whose reply is lost leaves no watch that the client knows of, nor does one of a
    // session that it has given up: the next reply is that of the next one.
    const auto reads_after = [](const std::function<void(Script&)>& lose, Script::Node n,
                                std::uint64_t session) {
        return at_a1([&](Script& s) {
            s.invoke(0, 1, Operation::watch, 1);
            lose(s);
            s.invoke(0, n, Operation::watch, 2).watch_set(0, n, session, 8);
            s.complete(0, n, Operation::watch, 2, a1.zxid);
            set_path(s, 7);
            read(s, n, a2);
        });
    };
    CHECK(is_clean(reads_after(
        [](Script& s) { s.watch_set(0, 1, 7, 7).disconnected(0, 1, 7).connected(0, 1, 7); }, 1,
        7)));
    CHECK(is_clean(reads_after(
        [](Script& s) { s.disconnected(0, 1, 7).connected(0, 2, 7).watch_set(0, 1, 7, 7); }, 2,
        7)));
    CHECK(is_clean(reads_after(
        [](Script& s) { s.expired(0, 1, 7).connected(0, 1, 8).watch_set(0, 1, 7, 7); }, 1, 8)));
}

TEST_CASE("each of two sessions of a client has its watch on a znode at one server") {
    const auto fires = [](std::uint64_t second) {
        return checked(with([second](Script& s) {
                   s.watch_set(0, 1, 8, 7).watch_set(0, 1, second, 7);
                   s.watch_fired(0, 1, a2.zxid, 7).watch_fired(0, 1, a2.zxid, 7);
               }))
            .violation_count("watch_once");
    };

    CHECK(fires(10) == 0);
    CHECK(fires(8) == 1);
}

}  // namespace analysis
