#include "tests/unit/network_world.hpp"

#include <fmt/format.h>

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

/// Server 1 comes back to 400 znodes of 100 kB: with 2 MB a second, 20 s and more.
Run come_back(bool by_snapshot, const std::string& faults) {
    const Run run = test::run(sim::sound(
        R"({"duration": "250s", "ensemble": {"voters": 3, "init_limit": 8,
            "force_snapshot_sync": )" +
        std::string(by_snapshot ? "true" : "false") +
        R"(}, "cpu": {"preset": "zero"}, "network": {"delay": "1ms", "bandwidth": "16Mbit/s"},
           "clients": [{"count": 4, "payload": "100000B", "operations_each": 110,
                "placement": {"servers": [3]}, "operations": {"create": 100},
                "load": {"closed": {"outstanding": 1, "think_time": "100ms"}}}],
           "faults": [{"at": "5s", "crash": 1}, {"at": "120s", "restart": 1})" +
        faults + "]}"));
    test::check_clean(run);
    return run;
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
}

TEST_CASE("what waits for a link names what went out before it, over whichever connection") {
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
    const auto installed = run.all(Kind::snapshot_installed, between(120, 250));
    REQUIRE_EQ(sent.size(), 1);
    REQUIRE_EQ(installed.size(), 1);
    CHECK(test::ms(installed.front()) - test::ms(sent.front()) > 16'000);
    CHECK_EQ(run.count(Kind::serving, both(between(120, 250), at_server(1))), 1);
}

TEST_CASE("a difference may not: who sent it waits for its acknowledgement meanwhile") {
    const Run run = come_back(false, "");
    CHECK_EQ(run.count(Kind::snapshot_sent, between(120, 250)), 0);
    CHECK(run.count(Kind::following, both(between(120, 250), at_server(1))) > 2);
    CHECK_EQ(run.count(Kind::serving, both(between(120, 250), at_server(1))), 0);
}

TEST_CASE("a snapshot whose way is cut is given up within initLimit of its last byte") {
    const Run run = come_back(true, R"(, {"at": "125s", "cut": {"from": 3, "to": 1}})");
    const auto down = run.all(Kind::link_down, both(between(120, 250), at_server(1)));
    REQUIRE(!down.empty());
    CHECK(test::ms(down.front()) >= 125'000);
    CHECK(test::ms(down.front()) <= 125'000 + 16'000 + 1'000);
    CHECK_EQ(run.count(Kind::snapshot_installed, between(120, 250)), 0);
}
