#include "tests/unit/network_world.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace test {

namespace {

using trace::Kind;

/// Milliseconds that a client's writes take, one after the other, with such a cpu.
std::vector<std::int64_t> waits(const std::string& cpu) {
    const Run done = run(sim::sound(
        R"({"duration": "25s", "network": {"delay": "1ms"}, "disk": {"sync": "1ms"},
            "cpu": {"preset": "zero")" +
        cpu + R"(}, "clients": [{"start": "3s", "placement": "leader", "operations_each": 250,
                                  "load": {"closed": {"think_time": "20ms"}}}]})"));
    std::vector<std::int64_t> out;
    const std::vector<trace::Record> asked = done.all(Kind::invoke);
    const std::vector<trace::Record> told = done.all(Kind::complete);
    for (std::size_t i = 0; i < asked.size(); ++i) out.push_back(ms(told.at(i)) - ms(asked.at(i)));
    return out;
}

/// Draws of such a shape are beyond all bounds as a rule.
std::string unbounded(const std::vector<std::string>& costs, const std::string& shape) {
    std::string out = R"({"duration": "20s", "cpu": {"preset": "zero")";
    for (const std::string& cost : costs) {
        out += ", \"" + cost + R"(": {"pareto": {"min": "1s", "shape": ")" + shape + R"("}})";
    }
    return out + R"(}, "ensemble": {"voters": 3}, "clients": [{}]})";
}

}  // namespace

TEST_CASE("code's first use fades with practice, and is over once the code is compiled") {
    const std::vector<std::int64_t> plain = waits("");
    const std::vector<std::int64_t> cold = waits(R"(, "first_use": "20ms")");
    REQUIRE_EQ(plain.size(), 250);
    REQUIRE_EQ(cold.size(), 250);
    const auto excess = [&](std::size_t n) { return cold.at(n) - plain.at(n); };

    // The session's creation was every thread's first item. A write passes io, request, sync and
    // commit on its way, besides a handler and a sender.
    CHECK(excess(0) >= 4 * 20 * 10 / 11 - 4);
    CHECK(excess(0) <= 7 * 20);
    CHECK(excess(0) > excess(10));
    CHECK(excess(10) > excess(50));
    CHECK(excess(50) > 0);
    CHECK(excess(220) <= 1);
}

TEST_CASE("what would take longer than any item may is cut to that, whatever adds up") {
    const std::vector<std::string> worlds = {
        unbounded({"first_use"}, "0.1"),
        unbounded({"commit", "reply", "leader_reply", "propose"}, "0.01"),
        unbounded({"sender", "wake_up"}, "0.01"),
    };
    for (std::size_t i = 0; i < 20 * worlds.size(); ++i) {
        const std::uint64_t seed = 1 + i / worlds.size();
        CAPTURE(seed);
        CAPTURE(i % worlds.size());
        const Run done = run(sim::sound(worlds[i % worlds.size()]), seed);

        zab::Instant last;
        for (const trace::Record& record : done.records) {
            CHECK(record.time() >= last);
            // Its cause's thread, and the sender's packet.
            CHECK(record.service_ns() <= 2'000'000'000);
            last = record.time();
        }
    }
}

TEST_CASE("costs beyond all bounds add up to the longest that an item may take, not to nothing") {
    constexpr std::int64_t longest = 1'000'000'000;
    const Run answers = run(sim::sound(unbounded({"commit", "reply", "leader_reply"}, "0.01")));
    CHECK(answers.count(Kind::complete) >= 5);
    for (const trace::Record& told : answers.all(Kind::complete)) {
        CHECK(told.service_ns() == longest);
    }
}

TEST_CASE("a leader pays leader_reply for the writes of its own clients, and for nothing else") {
    struct Case {
        const char* name;
        const char* placement;
        const char* operations;
        bool pays;
    };
    static constexpr Case cases[] = {
        {"a write at the leader", "leader", R"({"set": 1})", true},
        {"a write at a follower", "followers", R"({"set": 1})", false},
        {"a read at the leader", "leader", R"({"get": 1})", false},
        {"a sync at the leader", "leader", R"({"sync": 1})", false},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            const auto took = [&c](const std::string& cost) {
                const Run done = run(sim::sound(
                    R"({"duration": "5s", "network": {"delay": "1ms"}, "disk": {"sync": "1ms"},
                        "cpu": {"preset": "zero", "leader_reply": ")" +
                    cost + R"("}, "clients": [{"start": "3s", "placement": ")" + c.placement +
                    R"(", "operations": )" + c.operations +
                    R"(, "load": {"closed": {"think_time": "100ms"}}}]})"));
                return ms(done.all(Kind::complete).at(1)) - ms(done.all(Kind::invoke).at(1));
            };
            CHECK_EQ(took("20ms") - took("0s"), c.pays ? 20 : 0);
        }
    }
}

TEST_CASE("a process that is started again runs its code for the first time again") {
    const auto last_connection = [](const std::string& cpu) {
        const Run done = run(sim::sound(
            R"({"duration": "12s", "network": {"delay": "1ms"}, "cpu": {"preset": "zero")" + cpu +
            R"(}, "faults": [{"at": "6s", "crash": 1, "lasting": "2s"}],
                "clients": [{"start": "3s", "placement": {"servers": [1]}}]})"));
        const auto connected = done.all(Kind::client_connected);
        REQUIRE_EQ(connected.size(), 2);
        return ms(connected.back()) - ms(done.all(Kind::client_connecting).back());
    };

    CHECK(last_connection(R"(, "first_use": "30ms")") >= last_connection("") + 30);
}

TEST_CASE("what a leader pays for its own client's writes is drawn for each of them") {
    const Run done = run(sim::sound(R"({"duration": "6s", "ensemble": {"voters": 3},
        "cpu": {"preset": "zero", "propose": {"exponential": {"mean": "2ms"}}},
        "clients": [{"placement": "leader"}]})"));
    std::set<std::uint32_t> costs;
    std::int64_t sum = 0;
    const std::vector<trace::Record> requests = done.all(Kind::request, at_server(3));
    for (const trace::Record& record : requests) {
        costs.insert(record.service_ns());
        sum += record.service_ns();
    }
    REQUIRE(requests.size() > 1'000);
    CHECK(costs.size() > requests.size() * 99 / 100);
    const double mean_ms =
        static_cast<double>(sum) / static_cast<double>(requests.size()) / 1'000'000;
    CHECK(mean_ms > 1.8);
    CHECK(mean_ms < 2.2);
}

TEST_CASE("who waits for a core names the item that had it, and not its own thread's last one") {
    const Run done = run(sim::sound(R"({"duration": "6s", "ensemble": {"voters": 3},
        "hosts": {"default": {"cores": 1}}, "cpu": {"preset": "jvm"},
        "clients": [{"count": 4, "load": {"open": {"poisson": "300/s"}}}]})"));
    check_clean(done);
    std::size_t waited = 0;
    for (std::size_t i = 0; i < done.records.size(); ++i) {
        const trace::Record& record = done.records[i];
        // A transaction is applied by a thread that has nothing else before it.
        if (record.kind() != Kind::deliver || record.wait_ns() == 0) continue;
        REQUIRE_MESSAGE(record.held_back() != 0, "record " << i << " names nobody");
        const trace::Record& holder = done.records.at(i - record.held_back());
        ++waited;
        // Who held it began before the wait was over, and not a wait ago and more.
        CHECK(record.time().ns - holder.time().ns <= record.wait_ns() + 5'000'000);
    }
    CHECK(waited > 500);
}

TEST_CASE("servers that share a machine tell the same use of its cores, in time and in items") {
    const Run done = run(sim::sound(R"({"duration": "10s", "ensemble": {"voters": 3},
        "hosts": {"named": {"box": {"cores": 2}}, "servers": {"1": "box", "3": "box"}},
        "start": {"servers": {"1": {"down": true}}}, "clients": [{}]})"));
    std::vector<trace::Record> cores;
    for (const trace::Record& r : done.all(Kind::resource)) {
        if (r.detail() == static_cast<std::uint16_t>(trace::Resource::core)) cores.push_back(r);
    }

    REQUIRE_EQ(cores.size(), 3);
    const trace::Record& down = cores[0];
    const trace::Record& alone = cores[1];
    const trace::Record& beside = cores[2];
    CHECK_EQ(down.node().value, 1);
    CHECK(down.a() > 0);
    CHECK_EQ(down.a(), beside.a());
    CHECK(down.c() > 1'000);
    CHECK_EQ(down.c(), beside.c());
    CHECK(down.c() != alone.c());
}

TEST_CASE("a resource's use is that of the time after the warm-up") {
    struct Row {
        const char* start;
        const char* leave;
        bool uses;
    };
    for (const Row& row : {Row{"2s", "9s", false}, Row{"10s", "19s", true}}) {
        CAPTURE(row.start);
        const Run done = run(sim::sound(R"({"duration": "20s", "warm_up": "10s",
            "ensemble": {"voters": 3}, "cpu": "zero", "disk": {"sync": "2ms"},
            "clients": [{"placement": "followers", "start": ")" +
                                        std::string(row.start) + R"(",
                         "leave": {"at": ")" +
                                        std::string(row.leave) + R"("}}]})"));
        for (const trace::Record& r : done.all(Kind::resource)) {
            CHECK_EQ(r.b(), 10'000'000'000);
            if (r.detail() != static_cast<std::uint16_t>(trace::Resource::disk)) continue;
            const double share = static_cast<double>(r.a()) / static_cast<double>(r.b());
            CHECK_EQ(share > 0.5, row.uses);
            CHECK_EQ(share < 0.01, !row.uses);
        }
    }
}

}  // namespace test
