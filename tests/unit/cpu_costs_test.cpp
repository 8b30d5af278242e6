#include "tests/unit/network_world.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace test {

namespace {

using trace::Kind;

/// Milliseconds that a client's connection and its first writes take, with such a cpu.
std::vector<std::int64_t> waits(const std::string& cpu) {
    const Run done = run(sim::sound(
        R"({"duration": "5s", "network": {"delay": "1ms"}, "disk": {"sync": "1ms"},
            "cpu": {"preset": "zero")" +
        cpu + R"(}, "clients": [{"start": "3s", "placement": "leader",
                                  "load": {"closed": {"think_time": "100ms"}}}]})"));
    std::vector<std::int64_t> out = {ms(done.all(Kind::client_connected).at(0)) -
                                     ms(done.all(Kind::client_connecting).at(0))};
    const std::vector<trace::Record> asked = done.all(Kind::invoke);
    const std::vector<trace::Record> told = done.all(Kind::complete);
    for (std::size_t i = 0; i < 3; ++i) out.push_back(ms(told.at(i)) - ms(asked.at(i)));
    return out;
}

}  // namespace

TEST_CASE("a process's first client pays for the code that runs for the first time, once") {
    const std::vector<std::int64_t> plain = waits("");
    const std::vector<std::int64_t> cold = waits(R"(, "first_use": "30ms")");

    CHECK(cold.at(0) >= plain.at(0) + 30);
    CHECK(cold.at(0) <= plain.at(0) + 60);
    CHECK(cold.at(1) >= plain.at(1));
    CHECK(cold.at(0) + cold.at(1) >= plain.at(0) + plain.at(1) + 60);
    CHECK(cold.at(2) <= plain.at(2) + 1);
    CHECK(cold.at(3) <= plain.at(3) + 1);
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

}  // namespace test
