#include "tests/unit/network_world.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace {

using test::between;
using test::both;
using test::Run;
using trace::Kind;

Run::Wanted received(std::uint16_t node, std::uint16_t peer, zab::MessageKind kind) {
    return [=](const trace::Record& r) {
        return r.node().value == node && r.peer() == peer &&
               r.detail() == static_cast<std::uint16_t>(kind);
    };
}

/// Server 3 leads; its links to both others go by the relay of its machine, which takes 100us for a
/// message, and `gathering` to wake up. One write every ten milliseconds.
Run run_by_relay(const std::string& cpu, const std::string& gathering) {
    return test::run(sim::sound(R"({"duration": "5s", "ensemble": {"voters": 3},
        "network": {"delay": "1ms", "per_hop": "300us", "per_hop_cpu": "100us",
                    "per_hop_gathering": ")" +
                                gathering + R"(",
                    "links": [{"from": 3, "to": 1, "both_ways": false, "hops": 1},
                              {"from": 3, "to": 2, "both_ways": false, "hops": 1}]},
        "hosts": {"default": {"cores": 1}}, "cpu": )" +
                                cpu + R"(,
        "clients": [{"count": 1, "placement": {"servers": [3]},
                     "load": {"closed": {"think_time": "10ms"}}}]})"));
}

}  // namespace

TEST_CASE("a relay that listens only while its target does refuses without the way there") {
    struct Row {
        const char* listening;
        std::int64_t wire_ns;
    };
    // Server 1 is down: the others' connections to it are refused.
    for (const Row& row : {Row{"4ms", 50'000}, Row{"0s", 40'400'000}}) {
        CAPTURE(row.listening);
        const Run run = test::run(sim::sound(R"({"duration": "5s", "ensemble": {"voters": 3},
            "network": {"per_hop": "200us", "per_hop_listening": ")" +
                                             std::string(row.listening) + R"(",
                        "links": [{"from": 3, "to": 1, "hops": 1, "delay": "20ms"}]},
            "start": {"servers": {"1": {"down": true}}},
            "cpu": "zero", "clients": [{"count": 1}]})"));
        const auto failed = run.all(Kind::dial_failed, [](const trace::Record& r) {
            return r.node().value == 3 && r.peer() == 1 &&
                   r.detail() == static_cast<std::uint16_t>(zab::DownReason::refused);
        });
        REQUIRE_FALSE(failed.empty());
        for (const trace::Record& r : failed) CHECK_EQ(r.other_ns(), row.wire_ns);
    }
}

TEST_CASE("a relay takes a connection soon after its target listens, and none before") {
    const Run run = test::run(sim::sound(R"({"duration": "8s", "ensemble": {"voters": 3},
        "network": {"per_hop": "200us", "per_hop_listening": "4ms",
                    "links": [{"from": 3, "to": 1, "hops": 1, "delay": "20ms"},
                              {"from": 2, "to": 1, "hops": 1, "delay": "20ms"}]},
        "start": {"servers": {"1": {"down": true}}}, "faults": [{"at": "3s", "restart": 1}],
        "cpu": "zero", "clients": [{"count": 1}]})"));
    test::check_clean(run);
    CHECK(run.count(Kind::serving, both(between(3, 8), test::at_server(1))) == 1);
}

TEST_CASE("what a relay reads at once draws its delay once") {
    // Ten proposals leave together, every two milliseconds.
    const auto different_times = [](const std::string& gathering) {
        const Run run = test::run(sim::sound(R"({"duration": "5s", "ensemble": {"voters": 3},
            "network": {"delay": "1ms", "per_hop_gathering": ")" +
                                             gathering + R"(",
                        "links": [{"from": 3, "to": 1, "both_ways": false, "hops": 1,
                                   "delay": {"uniform": {"min": "10ms", "max": "10900us"}}}]},
            "cpu": "zero", "clients": [{"count": 1, "placement": {"servers": [3]},
                                        "load": {"closed": {"outstanding": 10}}}]})"));
        std::set<std::int64_t> times;
        const auto proposals =
            run.all(Kind::receive, both(between(2, 4), received(1, 3, zab::MessageKind::proposal)));
        for (const trace::Record& r : proposals) times.insert(r.other_ns());
        REQUIRE(proposals.size() > 3'000);
        return static_cast<double>(times.size()) / static_cast<double>(proposals.size());
    };

    CHECK(different_times("100us") < 0.11);
    CHECK(different_times("0s") > 0.25);
}

TEST_CASE("a relay passes one message on after the other, whatever connection they are of") {
    const Run run = run_by_relay(R"("zero")", "20us");
    // Both proposals of a write leave at the same instant.
    std::map<std::uint64_t, std::array<std::int64_t, 2>> waits;
    for (const std::uint16_t server : {std::uint16_t{1}, std::uint16_t{2}}) {
        for (const trace::Record& r :
             run.all(Kind::receive,
                     both(between(2, 4), received(server, 3, zab::MessageKind::proposal)))) {
            waits[r.zxid().value].at(server - 1u) = r.wait_ns();
            CHECK_EQ(r.other_ns(), 1'300'000);
        }
    }
    REQUIRE(waits.size() > 50);
    for (auto [zxid, both_waits] : waits) {
        CAPTURE(zxid);
        std::sort(both_waits.begin(), both_waits.end());
        CHECK_EQ(both_waits[0], 0);
        CHECK_EQ(both_waits[1], 100'000);
    }
}

TEST_CASE("a machine's threads wait while its relay has the only core") {
    // The leader's own sync of a write begins while its proposals pass the relay.
    const auto longest_wait = [](const std::string& cpu, const std::string& gathering) {
        const Run run = run_by_relay(cpu, gathering);
        std::int64_t longest = 0;
        for (const trace::Record& r :
             run.all(Kind::append, both(between(2, 4), test::at_server(3)))) {
            longest = std::max(longest, r.wait_ns());
        }
        return longest;
    };
    const std::string append = R"({"preset": "zero", "append": "10us"})";
    CHECK_EQ(longest_wait(R"("zero")", "20us"), 0);
    CHECK_EQ(longest_wait(append, "0s"), 200'000);
    // It was idle, and took 20us more of the core to wake up; twice, as the second proposal is
    // only written when the first has left it.
    CHECK_EQ(longest_wait(append, "20us"), 240'000);
}

TEST_CASE("a relay waits while other threads have the cores of its machine, and says for whom") {
    const Run run = test::run(sim::sound(R"({"duration": "5s", "ensemble": {"voters": 3},
        "hosts": {"named": {"box": {"cores": 1}, "guest": {"cores_of": "box"}},
                  "servers": {"1": "box", "2": "box", "3": "box"}},
        "network": {"delay": "1ms", "per_hop": "300us", "per_hop_cpu": "10us",
                    "links": [{"from": "guest", "to": "box", "both_ways": false, "hops": 1}]},
        "cpu": {"preset": "zero", "append": "500us"},
        "clients": [{"count": 5, "host": ["guest"],
                     "load": {"closed": {"think_time": "1ms"}}}]})"));
    test::check_clean(run);
    std::size_t waited = 0;
    for (const trace::Record& r : run.all(
             Kind::receive, both(between(2, 4), [](const trace::Record& r) {
                 return r.detail() == static_cast<std::uint16_t>(zab::MessageKind::client_request);
             }))) {
        CHECK_EQ(r.other_ns(), 1'300'000);
        if (r.wait_ns() == 0) continue;
        ++waited;
        CHECK(r.held_back() != 0);
    }
    CHECK(waited > 100);
}
