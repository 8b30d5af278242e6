#include "tests/unit/network_world.hpp"

#include <algorithm>

// How much a disk is in use: what it has done, not what waits for it.

namespace {

using test::at_server;
using test::Run;
using trace::Kind;

/// One server whose every sync takes 10 ms, and writes without a pause.
Run run_with(const std::string& duration, const std::string& faults) {
    return test::run(sim::sound(R"({"duration": ")" + duration +
                                R"(", "ensemble": {"voters": 1}, "cpu": {"preset": "zero"},
        "network": {"delay": "1ms"}, "disk": {"sync": "10ms"},
        "clients": [{"count": 4, "load": {"closed": {"outstanding": 4}}}],
        "faults": [)" + faults + "]}"));
}

std::int64_t busy_ms(const Run& run) {
    std::int64_t total = 0;
    for (const trace::Record& r : run.all(Kind::resource, at_server(1))) {
        const bool is_disk = r.detail() == static_cast<std::uint16_t>(trace::Resource::disk);
        total += is_disk ? static_cast<std::int64_t>(r.a()) / 1'000'000 : 0;
    }
    return total;
}

/// Files of epochs are written too: three at most for each of two boots.
constexpr std::int64_t others_ms = 60;

void check_use(const Run& run) {
    const auto synced = static_cast<std::int64_t>(run.count(Kind::synced)) * 10;
    CHECK(synced > 5'000);
    CHECK(busy_ms(run) >= synced);
    CHECK(busy_ms(run) <= synced + others_ms);
}

}  // namespace

TEST_CASE("a snapshot is as large as the znodes in it") {
    for (const std::uint64_t znodes : {0u, 1u, 255u, 256u, 257u, 1'000u}) {
        CAPTURE(znodes);
        const std::string creates =
            znodes == 0
                ? R"("start": "39s")"
                : R"("operations": {"create": 1}, "operations_each": )" + std::to_string(znodes);
        const Run run = test::run(sim::sound(R"({"duration": "40s", "ensemble": {"voters": 3,
            "force_snapshot_sync": true}, "cpu": "zero", "disk": {"bytes_per_node": 100},
            "start": {"servers": {"1": {"down": true}}},
            "clients": [{"payload": "1MB", )" +
                                             creates + R"(}],
            "faults": [{"at": "20s", "restart": 1}]})"));
        test::check_clean(run);

        const std::vector<trace::Record> sent =
            run.all(Kind::snapshot_sent, [](const trace::Record& r) { return r.peer() == 1; });
        REQUIRE_EQ(sent.size(), 1);
        CHECK_EQ(sent.front().c(), znodes * 1'000'100 + 1'024);
        // The learner's own file of what it installed is as large.
        CHECK_EQ(run.count(Kind::snapshot_written, at_server(1)), 1);
        CHECK_EQ(run.servers.front().disk.image().snapshot_bytes, sent.front().c());
    }
}

TEST_CASE("a disk that does nothing but sync is in use for its syncs") {
    check_use(run_with("9s", ""));
}

TEST_CASE("what waits for a stalled disk at the end is no use of it") {
    check_use(run_with("9s", R"({"at": "8s", "disk_stall": 1, "lasting": "5s"})"));
}

TEST_CASE("a disk is not in use for what a dead process has asked of it") {
    // Ten crashes within a sync; what is left of it would be 50 ms, in the middle.
    std::string faults;
    for (int ms = 6'005; ms < 26'000; ms += 2'000) {
        faults += std::string(faults.empty() ? "" : ", ") + R"({"at": ")" + std::to_string(ms) +
                  R"(ms", "crash": 1}, {"at": ")" + std::to_string(ms + 200) +
                  R"(ms", "restart": 1})";
    }
    const Run run = run_with("26s", faults);
    std::int64_t begun = 0;
    for (const trace::Record& r : run.all(Kind::resource, at_server(1))) {
        if (r.detail() == static_cast<std::uint16_t>(trace::Resource::disk)) begun = r.c();
    }
    const auto done = static_cast<std::int64_t>(run.count(Kind::synced));
    const auto epochs =
        static_cast<std::int64_t>(run.count(Kind::current_epoch) + run.count(Kind::accepted_epoch));
    CHECK_EQ(begun, done + epochs + 11);  // And at the end.
    CHECK(busy_ms(run) >= done * 10);
    CHECK(busy_ms(run) <= done * 10 + epochs + 80);
}
