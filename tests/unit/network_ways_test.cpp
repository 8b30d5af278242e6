#include "tests/unit/network_world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

// Links that have a rate, and limits of rate, when faults begin and end: what waited goes on, what
// was past them is as late as it was.

namespace {

using test::at_server;
using test::between;
using test::both;
using test::Run;
using trace::Kind;

Run run_of(const std::string& text) {
    const Run run = test::run(sim::sound(text));
    test::check_clean(run);
    return run;
}

Run::Wanted of(zab::MessageKind kind) {
    return
        [kind](const trace::Record& r) { return r.detail() == static_cast<std::uint16_t>(kind); };
}

/// Two servers, 2 leads, a write of so many bytes each 0.2 s from 20 s on; at 30 s a limit that
/// limits nothing begins, and at `until` it ends.
Run harmless_limit(const std::string& link, const std::string& payload, const std::string& until) {
    return run_of(fmt::format(R"({{
        "duration": "36s", "cpu": {{ "preset": "zero" }},
        "ensemble": {{ "voters": 2, "sync_limit": 50, "init_limit": 50, "tick_time": "4s" }},
        "network": {{ "delay": "1ms", "links": [ {{ "from": 2, "to": 1, {} }} ] }},
        "clients": [ {{ "count": 1, "start": "20s", "placement": {{ "servers": [2] }},
            "load": {{ "open": {{ "constant": "5/s" }} }}, "payload": "{}",
            "session_timeout": "60s" }} ],
        "faults": [ {{ "at": "30s", "lasting": "{}",
            "rate": {{ "from": 2, "to": 1, "one_way": true, "bandwidth": "1Gbit/s" }} }} ] }})",
                              link, payload, until));
}

/// Leader 5 sends 2 MB/s each to 1 and 2, which share a link of a megabyte a second from its host,
/// where 4 is too; the fault strikes at 9 s.
Run run_shared(const std::string& fault) {
    return run_of(fmt::format(R"({{
        "duration": "20s", "cpu": {{ "preset": "zero" }},
        "ensemble": {{ "voters": 5, "sync_limit": 50, "init_limit": 50 }},
        "hosts": {{ "named": {{ "A": {{}}, "B": {{}} }},
            "servers": {{ "1": "A", "2": "A", "3": "B", "4": "B", "5": "B" }} }},
        "network": {{ "delay": "100us", "bandwidth": "8Mbit/s", "send_buffer": "64MiB" }},
        "clients": [ {{ "count": 1, "start": "5s", "host": "B", "placement": {{ "servers": [5] }},
            "load": {{ "open": {{ "constant": "20/s" }} }}, "payload": "100kB" }} ],
        "faults": [ {{ "at": "9s", {} }} ] }})",
                              fault));
}

/// Of the leader's messages to a follower, which TCP tries to send six times, nothing passes.
Run clogged_and_cut(const char* cut_at, const char* cut_for, const char* clog_at,
                    const char* clog_for) {
    return run_of(fmt::format(R"({{
        "duration": "60s", "ensemble": {{ "voters": 3, "tick_time": "10s", "sync_limit": 50 }},
        "network": {{ "delay": "100us", "retransmission_limit": 5 }},
        "clients": [ {{ "count": 1, "start": "5s", "placement": {{ "servers": [3] }},
            "load": {{ "open": {{ "constant": "5/s" }} }}, "session_timeout": "100s" }} ],
        "faults": [ {{ "at": "{}", "lasting": "{}",
                       "cut": {{ "from": 3, "to": 1, "one_way": true }} }},
                    {{ "at": "{}", "lasting": "{}",
                       "clog": {{ "from": 3, "to": 1, "one_way": true }} }} ] }})",
                              cut_at, cut_for, clog_at, clog_for));
}

std::size_t connections_lost(const char* cut_at, const char* cut_for, const char* clog_at,
                             const char* clog_for) {
    return clogged_and_cut(cut_at, cut_for, clog_at, clog_for)
        .count(Kind::link_down, between(9, 60));
}

}  // namespace

TEST_CASE("the end of a limit of rate takes nothing off what is past it") {
    const Run run = harmless_limit(R"("delay": "1s")", "100B", "500ms");
    const auto proposals = run.all(
        Kind::receive, both(between(28, 36), both(at_server(1), of(zab::MessageKind::proposal))));
    REQUIRE_GT(proposals.size(), 20);
    for (const trace::Record& r : proposals) {
        CHECK_GE(r.other_ns(), 1'000'000'000);
        CHECK_LT(r.other_ns(), 1'001'000'000);
    }
}

TEST_CASE("what is out on its link is not sent over it again when a limit of rate ends") {
    const Run run = harmless_limit(R"("delay": "1s", "bandwidth": "8Mbit/s")", "100kB", "10ms");
    const auto proposals = run.all(
        Kind::receive, both(between(28, 36), both(at_server(1), of(zab::MessageKind::proposal))));
    REQUIRE_GT(proposals.size(), 20);
    for (const trace::Record& r : proposals) CHECK_LT(r.wait_ns(), 1'000'000);
}

TEST_CASE("a limit of rate that ends lets go what waits for it") {
    // A megabyte a second limits 1.25 MB/s: from 5 s on 250 kB/s more wait. It ends at 15 s.
    const Run run = run_of(R"({
        "duration": "20s", "cpu": { "preset": "zero" }, "network": { "delay": "1ms" },
        "ensemble": { "voters": 3, "sync_limit": 50, "init_limit": 50 },
        "clients": [ { "count": 1, "start": "5s", "placement": { "servers": [3] },
            "load": { "open": { "constant": "12.5/s" } }, "payload": "100kB" } ],
        "faults": [ { "at": "5s", "lasting": "10s",
            "rate": { "from": 3, "to": 1, "one_way": true, "bandwidth": "8Mbit/s" } } ] })");
    const auto late = both(at_server(1), of(zab::MessageKind::proposal));
    const auto before = run.count(Kind::receive, both(between(5, 15), late));
    CHECK(before > 95);
    CHECK(before <= 100);
    CHECK(run.count(Kind::receive, both(between(5, 16), late)) >= 125 + 10);
}

TEST_CASE(
    "a reset throws away what waits for a limit of rate, and nobody waits for it any longer") {
    // Of 4 MB/s a megabyte a second gets through: at 15 s what needs 30 s more is thrown away.
    const Run run = run_of(R"({
        "duration": "25s", "cpu": { "preset": "zero" }, "network": { "delay": "100us" },
        "ensemble": { "voters": 3, "sync_limit": 50, "init_limit": 50 },
        "clients": [ { "count": 1, "start": "5s", "placement": { "servers": [2] },
            "load": { "open": { "constant": "40/s" } }, "payload": "100kB",
            "operations_each": 390 } ],
        "faults": [ { "at": "5s",
            "rate": { "from": 3, "to": 1, "one_way": true, "bandwidth": "8Mbit/s" } },
                    { "at": "15s", "reset": { "from": 3, "to": 1 } } ] })");
    const auto infos =
        run.all(Kind::receive,
                both(between(15, 25), both(at_server(1), of(zab::MessageKind::leader_info))));
    REQUIRE_FALSE(infos.empty());
    CHECK_LT(test::ms(infos.front()), 16'000);
}

TEST_CASE("a link that several servers share carries no more than its rate when one's way opens") {
    // It is the way of 4's election connection, which says nothing.
    for (const char* fault : {R"("cut": { "from": 4, "to": 1, "one_way": true })",
                              R"("rate": { "from": 4, "to": 1, "bandwidth": "1Gbit/s" })"}) {
        INFO(fault);
        const Run run = run_shared(fmt::format(R"("lasting": "10ms", {})", fault));
        for (const trace::Record& r : run.all(Kind::resource)) CHECK_LE(r.a(), r.b());
        const auto at_a = [](const trace::Record& r) { return r.node().value <= 2; };
        const auto proposals = run.count(
            Kind::receive, both(between(10, 20), both(at_a, of(zab::MessageKind::proposal))));
        CHECK(proposals > 95);
        CHECK(proposals <= 100);
    }
}

TEST_CASE("a connection that TCP tries again late keeps its link free for others until then") {
    // Server 1 and a client share a host. For 12 s nothing of the server's gets to server 3; TCP's
    // next try is some seconds later. The client's requests, over the same link, wait for nothing.
    const Run run = run_of(R"({
        "duration": "40s", "cpu": { "preset": "zero" },
        "hosts": { "named": { "A": {} }, "servers": { "1": "A" } },
        "network": { "delay": "1ms", "bandwidth": "8Mbit/s" },
        "ensemble": { "voters": 3, "sync_limit": 2, "init_limit": 5, "tick_time": "1s" },
        "clients": [ { "count": 1, "host": "A", "placement": { "servers": [3] },
                       "load": { "open": { "constant": "10/s" } } } ],
        "faults": [ { "at": "10s", "lasting": "12s", "cut": { "from": 1, "to": 3 } } ] })");
    const auto asked =
        run.all(Kind::receive,
                both(between(11, 40), both(at_server(3), of(zab::MessageKind::client_request))));
    CHECK_GT(asked.size(), 280);
    for (const trace::Record& r : asked) CHECK_LT(r.wait_ns(), 5'000'000);
    CHECK_FALSE(run.all(Kind::serving, both(between(22, 40), at_server(1))).empty());
}

namespace {

/// Of payload bytes in proposals, the most and the least that come to these servers in any of the
/// seconds, in kB.
std::pair<std::size_t, std::size_t> kilobytes_a_second(const Run& run, std::uint16_t last_server,
                                                       std::int64_t from, std::int64_t to) {
    std::pair<std::size_t, std::size_t> most_and_least{0, ~std::size_t{0}};
    for (std::int64_t second = from; second < to; ++second) {
        const auto is_proposal = [last_server](const trace::Record& r) {
            return r.node().value <= last_server &&
                   r.detail() == static_cast<std::uint16_t>(zab::MessageKind::proposal);
        };
        std::size_t bytes = 0;
        for (const trace::Record& r :
             run.all(Kind::receive, both(between(second, second + 1), is_proposal))) {
            bytes += r.c();
        }
        most_and_least.first = std::max(most_and_least.first, bytes / 1'000);
        most_and_least.second = std::min(most_and_least.second, bytes / 1'000);
    }
    return most_and_least;
}

/// Leader 3 sends 2 MB/s to server 1 from 5 s on.
Run run_one_way(const std::string& network, const std::string& faults) {
    return run_of(fmt::format(R"({{
        "duration": "20s", "cpu": {{ "preset": "zero" }},
        "ensemble": {{ "voters": 3, "sync_limit": 50, "init_limit": 50 }},
        "hosts": {{ "named": {{ "N": {{ "nic": "{}" }} }}, "servers": {{ "3": "N" }} }},
        "network": {{ "delay": "100us", "send_buffer": "64MiB", "bandwidth": "{}" }},
        "clients": [ {{ "count": 1, "start": "5s", "placement": {{ "servers": [3] }},
            "load": {{ "open": {{ "constant": "20/s" }} }}, "payload": "100kB" }} ],
        "faults": [ {} ] }})",
                              network == "card" ? "16Mbit/s" : "unlimited",
                              network == "card"   ? "80Mbit/s"
                              : network == "link" ? "8Mbit/s"
                                                  : "unlimited",
                              faults));
}

}  // namespace

TEST_CASE("a short cut makes nobody wait for all that others have queued on the link since") {
    for (const char* fault : {R"("lasting": "10ms", "cut": { "from": 5, "to": 1 })",
                              R"("lasting": "1s", "rate": { "from": 5, "to": 1,
                                 "bandwidth": "1Gbit/s" })"}) {
        INFO(fault);
        const Run run = run_shared(fault);
        // Server 1 has its half of the link; both together have it whole.
        CHECK_GE(kilobytes_a_second(run, 1, 10, 19).second, 400);
        CHECK_GE(kilobytes_a_second(run, 2, 10, 19).second, 900);
        CHECK_LE(kilobytes_a_second(run, 2, 10, 19).first, 1'000);
    }
}

TEST_CASE("neither link nor limit lets more past after a cut, whoever had read what before") {
    const std::string limit =
        R"({"at": "5s", "rate": {"from": 3, "to": 1, "one_way": true, "bandwidth": "8Mbit/s"}}, )";
    const std::string cut =
        R"({"at": "10s", "lasting": "2s", "cut": {"from": 3, "to": 1, "one_way": true}})";
    const std::string pause = R"({"at": "9700ms", "lasting": "2400ms", "pause": 1}, )";
    for (const Run& run : {run_one_way("link", cut), run_one_way("link", pause + cut),
                           run_one_way("", limit + cut), run_one_way("link", limit + cut)}) {
        CHECK_LE(kilobytes_a_second(run, 1, 6, 9).first, 1'000);
        CHECK_LE(kilobytes_a_second(run, 1, 14, 20).first, 1'000);
        CHECK_GE(kilobytes_a_second(run, 1, 14, 20).second, 900);
    }
}

TEST_CASE(
    "no message comes sooner than its host's card has let it go, and a link idles behind it") {
    const Run run =
        run_one_way("card", R"({"at": "9950ms", "lasting": "10ms", "cut": {"from": 3, "to": 1}})");
    for (const trace::Record& r : run.records) CHECK_GE(std::min(r.wait_ns(), r.other_ns()), 0);
    // Two learners share a card of 2 MB/s; each link could take 10.
    CHECK_LE(kilobytes_a_second(run, 1, 6, 20).first, 1'100);
    for (const trace::Record& r : run.all(Kind::resource, at_server(3))) {
        if (r.detail() != static_cast<std::uint16_t>(trace::Resource::link)) continue;
        CHECK_GT(r.a(), 1'000'000'000);  // 14 MB at 10 MB/s.
        CHECK_LT(r.a(), 1'700'000'000);
    }
}

TEST_CASE("a cut that is over breaks nothing that a clog holds up later") {
    CHECK_EQ(connections_lost("9s", "1s", "12s", "40s"), 0);
}

TEST_CASE("a cut that is over breaks nothing that a clog holds up since before its end") {
    CHECK_EQ(connections_lost("9s", "1s", "9500ms", "40s"), 0);
}

TEST_CASE("TCP gives up in a cut, though the way was clogged before, or is meanwhile") {
    CHECK_GT(connections_lost("12s", "40s", "9s", "50s"), 0);
    CHECK_GT(connections_lost("12s", "40s", "9s", "4s"), 0);
    CHECK_GT(connections_lost("12s", "40s", "14s", "1s"), 0);
}

TEST_CASE("what waited in a cut behind a clog arrives when both are over") {
    const Run run = clogged_and_cut("10s", "3s", "9s", "20s");
    CHECK_EQ(run.count(Kind::link_down, between(9, 60)), 0);
    const auto proposals = run.all(
        Kind::receive, both(between(5, 60), both(at_server(1), of(zab::MessageKind::proposal))));
    REQUIRE_GT(proposals.size(), 100);
    for (std::size_t i = 1; i < proposals.size(); ++i) {
        CHECK_EQ(proposals[i].a(), proposals[i - 1].a() + 1);
    }
    CHECK_EQ(run.count(Kind::receive,
                       both(between(10, 29), both(at_server(1), of(zab::MessageKind::proposal)))),
             0);
}
