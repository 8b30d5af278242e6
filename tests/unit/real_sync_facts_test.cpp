#include "tests/unit/network_world.hpp"

#include <algorithm>
#include <string>

/// What surprised those who measured how a real ensemble (3.8.0) synchronizes its servers must come
/// out by itself.
namespace test {

namespace {

using trace::Kind;

/// How a server was synchronized the last time: "diff", "trunc", "snap", or "" for never.
std::string last_sync(const Run& done, std::uint16_t node) {
    std::string mode;
    for (const trace::Record& r : done.all(Kind::receive, at_server(node))) {
        const auto message = static_cast<zab::MessageKind>(r.detail());
        if (message == zab::MessageKind::diff) mode = "diff";
        if (message == zab::MessageKind::trunc) mode = "trunc";
        if (message == zab::MessageKind::snap) mode = "snap";
    }
    return mode;
}

/// Three servers of 3.8.0; the last one starts at 4 s, when the others have long served.
/// `histories` are members of start.servers, `clients` those of the scenario's list.
Run with_latecomer(const std::string& histories, const std::string& clients) {
    return run(sim::sound(R"({"duration": "8s", "release": "3.8.0", "cpu": "zero",
        "ensemble": {"voters": 3}, "network": {"delay": "2ms"},
        "start": {"servers": {)" +
                          histories + R"(}}, "clients": [)" + clients +
                          R"(], "faults": [{"at": "4s", "restart": 3}]})"));
}

constexpr const char* writer =
    R"({"placement": {"servers": [1, 2]}, "start": "2s", "operations_each": 5})";

constexpr const char* long_histories = R"("1": {"history": ["1:1-1:3000"]},
    "2": {"history": ["1:1-1:3000"]}, "3": {"history": ["1:1-1:100"], "down": true})";

}  // namespace

TEST_CASE("a tail of an older epoch is truncated only while the new epoch has no transaction") {
    const std::string histories = R"("1": {"history": ["1:1-1:5"]}, "2": {"history": ["1:1-1:5"]},
        "3": {"history": ["1:1-1:9"], "down": true})";

    CHECK(last_sync(with_latecomer(histories, ""), 3) == "trunc");
    const Run written = with_latecomer(histories, writer);
    CHECK(last_sync(written, 3) == "snap");
    check_clean(written);
}

TEST_CASE("a fresh server gets a DIFF in the first quorum, and a snapshot from one that serves") {
    const Run done = with_latecomer(R"("3": {"down": true})", "");

    CHECK(last_sync(done, 1) == "diff");
    CHECK(last_sync(done, 3) == "snap");
}

TEST_CASE("more transactions missed than the leader keeps in memory still make a DIFF") {
    const Run done = with_latecomer(long_histories, "");

    CHECK(last_sync(done, 3) == "diff");
    CHECK(done.servers[2].peer.server().database.position() ==
          done.servers[0].peer.server().database.position());
}

TEST_CASE("a later log file, preallocated, is too much for a DIFF from the log: it is a snapshot") {
    const Run done = with_latecomer(long_histories, R"({"placement": {"servers": [1]},
        "start": "2s", "load": {"closed": {"outstanding": 10}}, "operations_each": 600})");

    CHECK(last_sync(done, 3) == "snap");
}

/// Server 5 leads and reaches only server 4 for a while, until it dies: server 4 alone has what it
/// wrote then, and looks for a leader long before the others do.
Run with_lonely_best(const std::string& release, std::uint64_t seed) {
    return run(sim::sound(R"({"duration": "20s", "cpu": "zero", "release": ")" + release + R"(",
        "ensemble": {"voters": 5, "tick_time": "500ms"}, "network": {"delay": "2ms"},
        "clients": [{"placement": "leader", "start": "2s", "count": 5}],
        "faults": [{"at": "3s", "cut": {"from": 5, "to": [1, 2, 3]}},
                   {"at": "3100ms", "crash": 5}]})"),
               seed);
}

TEST_CASE("the server with the best log can lose the election and is cut back") {
    for (const char* const release : {"3.8.0", "fixed"}) {
        int lost = 0;
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            const Run done = with_lonely_best(release, seed);
            const auto elected = done.all(Kind::elected, between(4, 20));
            const bool another_leads = !elected.empty() && elected.front().peer() != 4;
            const std::string mode = last_sync(done, 4);
            lost += another_leads && (mode == "trunc" || mode == "snap") ? 1 : 0;
            if (done.scenario->release == "fixed") check_clean(done);
        }
        CAPTURE(release);
        CHECK(lost >= 1);
    }
}

}  // namespace test
