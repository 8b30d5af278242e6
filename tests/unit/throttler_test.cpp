#include "tests/unit/network_world.hpp"

#include <algorithm>
#include <string>

using test::Run;
using trace::Kind;

namespace {

/// Ten clients at the leader, three requests of each at a time; `rest`: further members.
Run throttled(std::uint32_t most, const std::string& rest, std::uint64_t seed = 1) {
    return test::run(sim::sound(R"({"duration": "6s", "network": {"delay": "1ms"},
        "ensemble": {"voters": 3, "throttle_max_requests": )" +
                                std::to_string(most) + R"(}, "cpu": {"preset": "zero"},
        "clients": [{"count": 10, "start": "2s", "placement": "leader",
                     "operations": {"set": 2, "get": 1},
                     "load": {"closed": {"outstanding": 3}}}])" +
                                rest + "}"),
                     seed);
}

/// The most proposals of clients' writes that were ever under way at a time.
std::size_t most_outstanding(const Run& run) {
    std::size_t now = 0;
    std::size_t most = 0;
    for (const trace::Record& record : run.records) {
        if (record.time() < zab::Instant{3'000'000'000}) continue;  // Sessions are made.
        if (record.kind() == Kind::propose) most = std::max(most, ++now);
        if (record.kind() == Kind::commit && now > 0) --now;
    }
    return most;
}

}  // namespace

TEST_CASE("processors have at most throttle_max_requests of a server's clients' requests") {
    for (const std::uint32_t most : {1u, 2u, 5u}) {
        CAPTURE(most);
        const Run run = throttled(most, "");

        test::check_clean(run);
        CHECK(most_outstanding(run) == most);
        CHECK(run.count(Kind::complete, test::between(5, 6)) > 100);
    }
    CHECK(most_outstanding(throttled(0, "")) > 10);
    CHECK(most_outstanding(throttled(1'000, "")) == most_outstanding(throttled(0, "")));
}

TEST_CASE("a throttler that never holds anything back changes nothing") {
    const Run without = throttled(0, "");
    const Run with = throttled(1'000'000, "");

    REQUIRE(without.records.size() == with.records.size());
    CHECK(std::equal(without.records.begin(), without.records.end(), with.records.begin(),
                     [](const auto& a, const auto& b) { return a.words() == b.words(); }));
}

TEST_CASE("requests whose connections end while they wait hold nobody up") {
    constexpr const char* resets = R"(, "faults": [
        {"at": "2500ms", "reset": {"from": "all", "to": "clients"}},
        {"at": "3s", "reset": {"from": "all", "to": "clients"}},
        {"at": "3100ms", "cut": {"from": "all", "to": "clients"}, "lasting": "300ms"},
        {"at": "4s", "reset": {"from": "all", "to": "clients"}}])";
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        const Run run = throttled(1, resets, seed);

        test::check_clean(run);
        CHECK(run.count(Kind::client_disconnected) >= 30);
        CHECK(run.count(Kind::complete, test::between(5, 6)) > 100);
    }
}
