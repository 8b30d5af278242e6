#include "tests/unit/network_world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

// Links that have a rate: what is sent over one waits behind what was sent before it.

namespace {

using test::at_server;
using test::between;
using test::both;
using test::Run;
using trace::Kind;

/// Three servers, of which 3 leads; every link takes a megabyte a second.
Run run_on_links(const std::string& duration, const std::string& rest) {
    const Run run = test::run(sim::sound(R"({"duration": ")" + duration +
                                         R"(", "ensemble": {"voters": 3}, "cpu": {"preset": "zero"},
            "network": {"delay": "1ms", "bandwidth": "8Mbit/s"}, )" +
                                         rest + "}"));
    test::check_clean(run);
    return run;
}

const std::string writers = R"("clients": [{"count": 8, "payload": "10000B",
    "placement": {"servers": [3]}, "load": {"closed": {"outstanding": 4}},
    "operations": {"set": 100}}])";

double writes_a_second(const Run& run) {
    return static_cast<double>(run.count(Kind::commit, both(between(10, 30), at_server(3)))) / 20;
}

constexpr const char* znodes = R"("clients": [{"count": 4, "payload": "100000B",
    "operations_each": 110, "placement": {"servers": [3]}, "operations": {"create": 100},
    "load": {"closed": {"outstanding": 1, "think_time": "100ms"}}}])";

/// Server 1 comes back at 120 s to 440 creates that it missed, 44 MB, or to a snapshot of 154 MB:
/// with 2 MB a second, 22 s or 77. initLimit is 16 s.
Run come_back(bool by_snapshot, const std::string& faults) {
    const Run run = test::run(sim::sound(
        R"({"duration": "250s", "ensemble": {"voters": 3, "init_limit": 8,
            "force_snapshot_sync": )" +
        std::string(by_snapshot ? "true" : "false") +
        R"(}, "cpu": {"preset": "zero"}, "disk": {"bytes_per_node": 250000},
            "network": {"delay": "1ms", "bandwidth": "16Mbit/s"}, )" +
        znodes + R"(, "faults": [{"at": "5s", "crash": 1}, {"at": "120s", "restart": 1})" + faults +
        "]}"));
    test::check_clean(run);
    return run;
}

/// When the last snapshot behind that second was installed, in ms.
std::int64_t installed_ms(const Run& run) {
    const auto installed = run.all(Kind::snapshot_installed, between(120, 250));
    REQUIRE_EQ(installed.size(), 1);
    return test::ms(installed.front());
}

}  // namespace

TEST_CASE("a link carries no more than its rate, however much is outstanding") {
    const Run run = run_on_links("30s", writers);
    // A proposal has 90 bytes more than its payload.
    const double limit = 1e6 / 10'090;
    CHECK(writes_a_second(run) < limit);
    CHECK(writes_a_second(run) > 0.97 * limit);
}

TEST_CASE("the clients of a group share the links of their host, other groups have others") {
    const auto clients = [](int groups, int count) {
        std::string all;
        for (int i = 0; i < groups; ++i) {
            all += fmt::format(R"({}{{"name": "g{}", "count": {}, "payload": "40000B",
                "placement": {{"servers": [1]}}, "operations": {{"set": 100}},
                "load": {{"open": {{"poisson": "2/s"}}}}}})",
                               i == 0 ? "" : ", ", i, count);
        }
        return R"("clients": [)" + all + "]";
    };
    const auto waited = [](const Run& run) {
        std::int64_t all = 0;
        for (const trace::Record& r : run.all(Kind::receive, at_server(1))) {
            const bool is_request =
                r.detail() == static_cast<std::uint16_t>(zab::MessageKind::client_request);
            all += is_request ? r.wait_ns() : 0;
        }
        return all;
    };
    const Run together = run_on_links("20s", clients(1, 8));
    const Run apart = run_on_links("20s", clients(8, 1));
    // A request takes 40 ms; two thirds of the time one is on its way, or a twelfth.
    CHECK(waited(together) > 5'000'000'000);
    CHECK(waited(apart) < waited(together) / 4);

    std::size_t held_by_others = 0;
    for (std::size_t i = 0; i < together.records.size(); ++i) {
        const trace::Record& r = together.records[i];
        if (r.kind() != Kind::receive || r.held_back() == 0 || r.node().value != 1 ||
            r.detail() != static_cast<std::uint16_t>(zab::MessageKind::client_request)) {
            continue;
        }
        const trace::Record& holder = together.records.at(i - r.held_back());
        held_by_others += holder.kind() == Kind::invoke && holder.b() != r.b() >> 32;
    }
    CHECK(held_by_others > 50);  // Each has a connection of its own.
}

TEST_CASE("what waits for a link names what went out before it") {
    const Run run = run_on_links("20s", writers);
    std::size_t behind = 0;
    for (std::size_t i = 0; i < run.records.size(); ++i) {
        const trace::Record& r = run.records[i];
        if (r.kind() != Kind::receive || r.node().value != 1 || r.peer() != 3) continue;
        if (r.held_back() == 0 || r.wait_ns() < 5'000'000) continue;
        // Of the sender: a record of server 3, from before this message came.
        behind += run.records.at(i - r.held_back()).node().value == 3;
    }
    CHECK(behind > 500);
}

TEST_CASE("how much a link is in use is told") {
    const Run run = run_on_links("30s", writers);
    std::size_t told = 0;
    for (const trace::Record& r : run.all(Kind::resource, at_server(3))) {
        if (r.detail() != static_cast<std::uint16_t>(trace::Resource::link)) continue;
        ++told;
        CHECK((r.peer() == 1 || r.peer() == 2));
        CHECK(r.a() > r.b() * 9 / 10);  // ns of ns.
        CHECK(r.a() <= r.b());
    }
    CHECK_EQ(told, 2);
}

TEST_CASE("a snapshot may take longer than initLimit, as long as some bytes come") {
    const Run run = come_back(true, "");
    const auto sent = run.all(Kind::snapshot_sent, between(120, 250));
    REQUIRE_EQ(sent.size(), 1);
    CHECK(installed_ms(run) - test::ms(sent.front()) > 70'000);
    CHECK_EQ(run.count(Kind::serving, both(between(120, 250), at_server(1))), 1);
}

TEST_CASE("a snapshot that the buffer takes whole is acknowledged within initLimit or not at all") {
    sim::Scenario scenario = sim::sound(
        R"({"duration": "60s", "ensemble": {"voters": 3, "init_limit": 8,
            "force_snapshot_sync": true}, "cpu": {"preset": "zero"},
            "disk": {"write_bandwidth": "2MB/s", "bytes_per_node": 754000},
            "network": {"delay": "1ms", "bandwidth": "19Mbit/s", "send_buffer": "64MiB"},
            "clients": [{"count": 1, "payload": "100000B", "operations_each": 30,
                "paths": {"uniform": {"count": 1}}, "placement": {"servers": [3]},
                "operations": {"create": 100}}],
            "faults": [{"at": "3s", "crash": 1}, {"at": "40s", "restart": 1}]})");
    const Run run = test::run(scenario);
    const auto down = run.all(Kind::link_down, both(between(40, 60), at_server(3)));
    REQUIRE(!down.empty());  // 11 s on its way, 13 s to the disk.
    CHECK(test::ms(down.front()) > 56'000);
    CHECK(test::ms(down.front()) < 57'000);
}

TEST_CASE("a difference may not: who sent it waits for its acknowledgement meanwhile") {
    const Run run = come_back(false, "");
    CHECK_EQ(run.count(Kind::snapshot_sent, between(120, 250)), 0);
    CHECK(run.count(Kind::following, both(between(120, 250), at_server(1))) > 2);
    CHECK_EQ(run.count(Kind::serving, both(between(120, 250), at_server(1))), 0);
}

TEST_CASE("a snapshot whose way is cut is given up initLimit after its last byte") {
    const Run run = come_back(true, R"(, {"at": "125s", "cut": {"from": 3, "to": 1}})");
    const auto down = run.all(Kind::link_down, both(between(120, 250), at_server(1)));
    REQUIRE(!down.empty());
    CHECK(test::ms(down.front()) >= 125'000 + 16'000);
    CHECK(test::ms(down.front()) <= 125'000 + 16'100);
    CHECK_EQ(run.count(Kind::snapshot_installed, between(120, 250)), 0);
}

TEST_CASE("a cut in the middle of a snapshot makes it so much later, and breaks nothing") {
    const std::int64_t undisturbed = installed_ms(come_back(true, ""));
    struct Row {
        const char* at;
        const char* lasting;
        std::int64_t ms;
    };
    // The second is there when the time-out would have been, without the bytes before it.
    for (const Row& row : {Row{"122s", "10s", 10'000}, Row{"136670ms", "100ms", 100}}) {
        CAPTURE(row.ms);
        for (const char* const fault : {"cut", "clog"}) {
            const Run run =
                come_back(true, fmt::format(R"(, {{"at": "{}", "{}": {{"from": 3, "to": 1}},
                    "lasting": "{}"}})",
                                            row.at, fault, row.lasting));
            CHECK_EQ(installed_ms(run), undisturbed + row.ms);
        }
    }
}

TEST_CASE("what is on its way when a long way opens again is not late by the whole cut") {
    const Run run = test::run(sim::sound(
        R"({"duration": "30s", "ensemble": {"voters": 3, "tick_time": "4s"},
            "cpu": {"preset": "zero"}, "network": {"delay": "100ms", "bandwidth": "8Mbit/s"},
            "clients": [{"count": 4, "placement": {"servers": [3]}, "payload": "1000B"}],
            "faults": [{"at": "10s", "clog": {"from": 3, "to": 1}, "lasting": "5s"}]})"));
    test::check_clean(run);
    std::int64_t longest = 0;
    for (const trace::Record& r : run.all(Kind::receive, both(between(14, 30), at_server(1)))) {
        longest = std::max(longest, r.peer() == 3 ? r.other_ns() : 0);
    }
    CHECK(longest > 4'900'000'000);  // Sent as it closed.
    CHECK(longest < 5'300'000'000);
    CHECK_EQ(run.count(Kind::receive, both(between(16, 30),
                                           [](const trace::Record& r) {
                                               return r.peer() == 3 && r.other_ns() > 1'000'000'000;
                                           })),
             0);
}

TEST_CASE("what is gone before it went out keeps nobody waiting") {
    const Run run =
        come_back(true, R"(, {"at": "125s", "crash": 1}, {"at": "126s", "restart": 1})");
    CHECK_EQ(run.count(Kind::following, both(between(126, 128), at_server(1))), 1);
}

TEST_CASE("a link carries no more than its rate when a fault of it has ended") {
    const auto fault = [](const char* at, const char* name, const char* rest) {
        return fmt::format(R"({{"at": "{}", "{}": {{"from": 3, "to": 1{}}}, "lasting": "4s"}})", at,
                           name, rest);
    };
    const Run run =
        run_on_links("50s", writers + R"(, "faults": [)" +
                                fault("10s", "rate", R"(, "bandwidth": "400kbit/s")") + ", " +
                                fault("20s", "clog", "") + ", " + fault("35s", "cut", "") + "]");
    std::size_t most = 0;
    for (std::int64_t second = 5; second < 50; ++second) {
        const auto is_proposal = [](const trace::Record& r) {
            return r.node().value == 1 && r.peer() == 3 &&
                   r.detail() == static_cast<std::uint16_t>(zab::MessageKind::proposal);
        };
        most = std::max(most,
                        run.count(Kind::receive, both(between(second, second + 1), is_proposal)));
    }
    CHECK(most > 95);
    CHECK(most <= 100);  // 1 MB of 10,090 bytes each, and one on its way at either end.
}

TEST_CASE("a link between two servers is told of, though a client of the host was there first") {
    const Run run = run_on_links("20s", R"("hosts": {"named": {"A": {"cores": 4}},
        "servers": {"3": "A"}}, "clients": [{"count": 2, "host": "A", "payload": "10000B",
        "placement": {"servers": [1]}, "load": {"closed": {"outstanding": 8}}}])");
    std::size_t told = 0;
    for (const trace::Record& r : run.all(Kind::resource, at_server(3))) {
        told += r.detail() == static_cast<std::uint16_t>(trace::Resource::link) && r.peer() == 1;
    }
    CHECK_EQ(told, 1);
}
