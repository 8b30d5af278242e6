#include "protocol/service/watches.hpp"

#include "tests/unit/network_world.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using test::ms;
using test::Run;
using trace::Kind;

namespace {

constexpr auto watch = static_cast<std::uint16_t>(trace::Operation::watch);

bool is_answer(const trace::Record& record, trace::Operation operation) {
    return record.kind() == Kind::complete && trace::operation_of(record.detail()) == operation &&
           trace::outcome_of(record.detail()) == trace::Outcome::ok;
}

std::vector<zab::LinkId> taken(zab::Watches& watches, zab::PathId path) {
    std::vector<zab::LinkId> out;
    watches.take(path, [&out](zab::LinkId link) { out.push_back(link); });
    return out;
}

/// Client 0 writes the only znode there is, `writes` times; the others watch it.
std::string scenario(const std::string& writes, const std::string& watchers,
                     const std::string& rest) {
    return R"({"duration": "30s", "network": {"delay": "1ms"}, "ensemble": {"voters": 3},
        "clients": [
            {"name": "writer", "start": "2s", "paths": {"uniform": {"count": 1}}, )" +
           writes + R"(},
            {"name": "watchers", "operations": {"watch": 1},
             "paths": {"uniform": {"count": 1}}, )" +
           watchers + "}]" + rest + "}";
}

/// What the last read of each client but the writer showed.
std::map<std::uint64_t, zab::Zxid> last_reads(const Run& run) {
    std::map<std::uint64_t, zab::Zxid> out;
    for (const trace::Record& record : run.records) {
        if (is_answer(record, trace::Operation::watch)) out[record.b()] = record.zxid();
    }
    return out;
}

zab::Zxid last_write(const Run& run) {
    zab::Zxid last;
    for (const trace::Record& record : run.records) {
        if (is_answer(record, trace::Operation::set)) last = std::max(last, record.zxid());
    }
    return last;
}

}  // namespace

TEST_CASE("watches are told in the order in which they were set, once, and end with connections") {
    const zab::LinkId a{7, 1}, b{3, 1}, c{5, 1};
    zab::Watches watches;
    for (const zab::LinkId link : {a, b, c, a}) watches.add(1, link);
    watches.add(2, a);
    CHECK(watches.size() == 4);
    const std::uint64_t before = watches.fingerprint();

    watches.remove(b);
    CHECK(watches.fingerprint() != before);
    CHECK(taken(watches, 1) == std::vector{a, c});
    CHECK(taken(watches, 1).empty());
    CHECK(taken(watches, 2) == std::vector{a});
    CHECK(watches.empty());
}

TEST_CASE("a watcher hears of each change that it still waits for, and reads it") {
    const Run run = test::run(
        sim::sound(scenario(R"("load": {"open": {"constant": "10/s"}})", R"("count": 4)", "")));

    test::check_clean(run);
    const std::size_t writes = static_cast<std::size_t>(std::ranges::count_if(
        run.records, [](const auto& r) { return is_answer(r, trace::Operation::set); }));
    CHECK(writes > 250);
    CHECK(run.count(Kind::notified) == 4 * writes);
    CHECK(run.count(Kind::watch_fired) == 4 * writes);
    for (const auto& [client, zxid] : last_reads(run)) CHECK(zxid == last_write(run));
    CHECK(last_reads(run).size() == 4);
}

TEST_CASE("a write's reply comes after all of its server's watchers have been told, one by one") {
    const Run run = test::run(
        sim::sound(scenario(R"("load": {"closed": {"think_time": "1s"}}, "placement": "leader")",
                            R"("count": 5, "placement": "leader")",
                            R"(, "cpu": {"preset": "zero", "watch_event": "10ms"})")));

    test::check_clean(run);
    const auto told = run.all(Kind::notified);
    const auto written =
        run.all(Kind::complete, [](const auto& r) { return is_answer(r, trace::Operation::set); });
    REQUIRE(told.size() >= 10);
    for (std::size_t i = 1; i < 5; ++i) CHECK(ms(told[i]) - ms(told[i - 1]) == 10);
    CHECK(written.front().time() >= told[4].time());
    CHECK(ms(written.front()) - ms(told[4]) <= 1);
    CHECK(told[4].zxid() == written.front().zxid());
}

namespace {

/// One change of the leader's, which 100 watchers of it are told of, for 20 ms each.
std::string slow_telling(const std::string& rest) {
    std::string text = scenario(R"("operations_each": 1, "placement": "leader")",
                                R"("count": 100, "placement": "leader", "session_timeout": "20s")",
                                R"(, "cpu": {"preset": "zero", "watch_event": "20ms"})" + rest);
    return text.replace(text.find("2s"), 2, "4s");  // All watch when it comes.
}

}  // namespace

TEST_CASE("telling many watchers takes its time, and the server's other threads go on meanwhile") {
    std::string writes = R"("set 5 10B")";
    for (int i = 1; i < 80; ++i) writes += R"(, "set 5 10B")";
    std::string text = slow_telling(R"(, "hosts": {"default": {"cores": 1, "nic": "1Mbit/s"}})");
    text.insert(text.find(R"({"name": "watchers")"),
                R"({"name": "others", "placement": {"servers": [1]}, "start": "2s",
                    "load": {"closed": {"think_time": "50ms"}}, "paths": {"uniform": {"count": 9}},
                    "requests": [[)" +
                    writes + "]]},");
    const Run run = test::run(sim::sound(text));

    test::check_clean(run);
    const auto fired = run.all(Kind::watch_fired);
    const auto told = run.all(Kind::notified);
    REQUIRE(told.size() == 100);
    CHECK(ms(fired.back()) - ms(fired.front()) >= 99 * 20);
    // Each hears of it when its notice has been written, the last after two seconds.
    for (std::size_t i = 0; i < told.size(); ++i) {
        CHECK(ms(told[i]) - ms(fired[i]) >= 20);
        CHECK(ms(told[i]) - ms(fired[i]) <= 30);
    }
    // Others go on committing: the leader's other threads run between one notice and the next.
    CHECK(run.count(Kind::commit, [&](const trace::Record& r) {
        return r.time() > fired.front().time() && r.time() < fired.back().time();
    }) >= 8);
    // But nothing is applied there before all have been told.
    CHECK(run.count(Kind::deliver, [&](const trace::Record& r) {
        return r.node() == fired.front().node() && r.time() > fired.front().time() &&
               r.time() <= fired.back().time();
    }) == 0);
}

TEST_CASE("a server that dies while it tells watchers leaves the rest to the next one") {
    const Run run = test::run(sim::sound(slow_telling(
        R"(, "faults": [{"after": {"record": "watch_fired", "nth": 7}, "plus": "19ms",
                         "crash": "leader"}])")));

    test::check_clean(run);
    const auto fired = run.all(Kind::watch_fired);
    const auto told = run.all(Kind::notified);
    REQUIRE(fired.size() == 100);
    CHECK(fired[6].node() == fired[0].node());
    CHECK(fired[7].node() != fired[0].node());
    CHECK(told.size() == 100);
}

TEST_CASE("who comes back is told at once of what has changed meanwhile, and of nothing else") {
    struct Case {
        const char* name;
        const char* writes;
        std::size_t told_after;
    };
    // The watcher is away for four seconds, for three of which the writer is, too.
    static constexpr Case cases[] = {
        {"a write meanwhile", R"("start": "5s", "operations_each": 1)", 1},
        {"a write before", R"("operations_each": 1)", 0},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            std::string text = scenario(
                c.writes,
                R"("start": "2s", "placement": {"servers": [1, 2]}, "reconnect": {"pause": "4s"})",
                R"(, "faults": [{"at": "4s", "crash": 2, "lasting": "1s"},
                                {"at": "4s", "crash": 1, "lasting": "1s"}])");
            if (c.told_after == 1) text.erase(text.find(R"("start": "2s", )"), 15);
            const Run run = test::run(sim::sound(text));

            test::check_clean(run);
            const auto back = run.all(Kind::client_connected, [](const trace::Record& r) {
                return r.b() == 1 && r.time() > zab::Instant{} + zab::seconds(7);
            });
            REQUIRE(back.size() == 1);
            const auto told = run.all(Kind::notified, test::between(7, 30));
            REQUIRE(told.size() == c.told_after);
            CHECK(run.count(Kind::complete, [&](const trace::Record& r) {
                return is_answer(r, trace::Operation::set_watches);
            }) == 1);
            for (const trace::Record& r : told) {
                CHECK(r.zxid() == last_write(run));
                CHECK(r.time() - back.front().time() < zab::milliseconds(10));
            }
            CHECK(last_reads(run).at(1) >= (c.told_after == 1 ? last_write(run) : zab::Zxid{}));
        }
    }
}

TEST_CASE("a client whose session ended reads and watches anew") {
    const Run run = test::run(sim::sound(
        scenario(R"("load": {"closed": {"think_time": "500ms"}}, "placement": {"servers": [3]})",
                 R"("placement": {"servers": [1]}, "session_timeout": "4s")",
                 R"(, "faults": [{"at": "5s", "cut": {"from": {"clients": "watchers"}, "to": 1},
                         "lasting": "12s"}])")));

    test::check_clean(run);
    REQUIRE(run.count(Kind::client_expired) >= 1);
    CHECK(run.count(Kind::notified, test::between(20, 30)) > 10);
}

TEST_CASE("when writing stops every watcher has seen the last write, whatever struck meanwhile") {
    std::size_t came_back = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        const std::string at = std::to_string(3'000 + seed * 97) + "ms";
        const Run run = test::run(
            sim::sound(scenario(
                R"("operations_each": 60, "load": {"closed": {"think_time": "100ms"}})",
                R"("count": 6, "load": {"closed": {"outstanding": 2}}, "session_timeout": "6s")",
                R"(, "faults": [
                    {"at": ")" +
                    at + R"(", "crash": "any_voter", "lasting": "2s"},
                    {"at": "6s", "cut": "leader", "lasting": "3s"},
                    {"at": "9s", "reset": {"from": {"clients": "watchers"}, "to": "all"}}])")),
            seed);

        test::check_clean(run);
        const auto reads = last_reads(run);
        CHECK(reads.size() == 6);
        for (const auto& [client, zxid] : reads) {
            CAPTURE(client);
            CHECK(zxid >= last_write(run));
        }
        came_back += run.count(Kind::complete, [](const trace::Record& r) {
            return is_answer(r, trace::Operation::set_watches);
        });
    }
    CHECK(came_back > 60);
}

TEST_CASE("two watches of one client on one znode are one, and both of its reads go on") {
    const Run run = test::run(
        sim::sound(scenario(R"("load": {"closed": {"think_time": "500ms"}})",
                            R"("load": {"closed": {"outstanding": 3}}, "count": 1)", "")));

    test::check_clean(run);
    const std::size_t asked =
        run.count(Kind::invoke, [](const trace::Record& r) { return r.detail() == watch; });
    const std::size_t told = run.count(Kind::notified);
    CHECK(told > 20);
    CHECK(asked == 3 * (told + 1));
}

TEST_CASE("a connection that breaks while changes are being told loses none of them") {
    std::string reads, writes;
    for (int path = 0; path < 20; ++path) {
        const std::string comma = path == 0 ? "" : ", ";
        reads += comma + "\"watch " + std::to_string(path) + "\"";
        writes += comma + "\"set " + std::to_string(path) + " 10B\"";
    }
    const std::string shared = R"("load": {"closed": {"outstanding": 20}},
        "paths": {"uniform": {"count": 20}}, "session_timeout": "30s", )";
    for (const int nth : {1, 5, 19, 20}) {
        CAPTURE(nth);
        const Run run = test::run(sim::sound(
            R"({"duration": "40s", "network": {"delay": "1ms"}, "ensemble": {"voters": 3},
                "cpu": {"preset": "zero", "commit": "1ms"}, "clients": [
                {"name": "w", "start": "2s", )" +
            shared + R"("requests": [[)" + reads + R"(]], "placement": {"servers": [1, 2]},
                 "reconnect": {"pause": "2s"}},
                {"start": "6s", )" +
            shared + R"("requests": [[)" + writes + R"(]], "placement": {"servers": [3]}}],
                "faults": [{"at": "5s", "reset": {"from": {"clients": "w"}, "to": "all"}},
                    {"after": {"record": "watch_fired", "nth": )" +
            std::to_string(nth) + R"(}, "plus": "500us",
                     "reset": {"from": {"clients": "w"}, "to": "all"}}]})"));

        test::check_clean(run);
        std::map<std::uint32_t, int> told;
        for (const trace::Record& r : run.all(Kind::notified)) ++told[r.c()];
        CHECK(told.size() == 20);
    }
}

TEST_CASE("a client that has closed its session asks for nothing more, whatever comes") {
    const Run run = test::run(sim::sound(
        R"({"duration": "20s", "network": {"delay": "20ms"}, "ensemble": {"voters": 3}, "clients": [
            {"name": "w", "operations": {"get": 1, "watch": 1}, "paths": {"uniform": {"count": 1}},
             "load": {"closed": {"outstanding": 4}}, "count": 2,
             "leave": {"at": "8s", "how": "close_session"}},
            {"load": {"closed": {"think_time": "5ms"}}, "paths": {"uniform": {"count": 1}}}],
            "faults": [{"at": "8010ms", "reset": {"from": {"clients": "w"}, "to": [1]}}]})"));

    test::check_clean(run);
    const auto last_asked = run.all(Kind::invoke, [](const trace::Record& r) { return r.b() < 2; });
    CHECK(last_asked.size() > 100);
    CHECK(trace::operation_of(last_asked.back().detail()) == trace::Operation::close_session);
    CHECK(run.count(Kind::client_connecting, [](const trace::Record& r) {
        return r.b() < 2 && r.time() > zab::Instant{} + zab::seconds(8);
    }) == 0);
}

TEST_CASE("a closed loop thinks after each of its requests, however many are under way") {
    const Run run = test::run(sim::sound(
        R"({"duration": "25s", "network": {"delay": "1ms"}, "ensemble": {"voters": 3}, "clients": [
            {"load": {"open": {"poisson": "100/s"}}, "paths": {"uniform": {"count": 10}}},
            {"operations": {"watch": 1}, "paths": {"uniform": {"count": 10}},
             "load": {"closed": {"outstanding": 5, "think_time": "1s"}}}]})"));

    test::check_clean(run);
    const std::size_t asked = run.count(Kind::invoke, [](const trace::Record& r) {
        return r.detail() == watch && r.time() > zab::Instant{} + zab::seconds(5);
    });
    CHECK(asked <= 5 * 20);  // Each place needs a second's thought, and then a change.
    CHECK(asked >= 5 * 15);
}
