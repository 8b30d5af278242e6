#include "cli/hunt/recovery.hpp"
#include "cli/hunt/workers.hpp"
#include "cli/loading.hpp"
#include "sim/chaos/chaos.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>

namespace cli {

namespace {

Loaded loaded(const std::string& text, std::optional<std::uint64_t> drawn_with = {}) {
    LoadedText out = load_text(text, "test", drawn_with);
    for (const std::string& mistake : out.mistakes) MESSAGE(mistake);
    REQUIRE(out.loaded.has_value());
    return std::move(*out.loaded);
}

const std::string chaos = R"({"duration": "30s", "chaos": {"most_voters": 9, "off": "30%"}})";

trace::Record record(trace::Kind kind, std::int64_t ms, std::uint16_t node, std::uint64_t a = 0,
                     std::uint64_t b = 0, std::uint16_t detail = 0) {
    return trace::Record({.kind = kind,
                          .time = zab::Instant{} + zab::milliseconds(ms),
                          .node = zab::NodeId{node},
                          .detail = detail,
                          .a = a,
                          .b = b});
}

/// Three servers start; the second crashes at 10 s for a second; a write is asked for after that.
Recovery::Outcome outcome_of(const std::string& fault, bool is_answered, std::int64_t end_ms,
                             bool is_majority_up = true) {
    const Loaded scenario =
        loaded(R"({"duration": "300s", "clients": [{"count": 1}], "faults": [)" + fault + "]}");
    Recovery recovery(*scenario.scenario);
    for (const std::uint16_t id : std::vector<std::uint16_t>{1, 2, 3}) {
        recovery.observe(record(trace::Kind::server_started, 0, id), 0);
    }
    recovery.observe(record(trace::Kind::fault, 10'000, 2, 0), 1);
    recovery.observe(record(trace::Kind::server_stopped, 10'000, 2), 2);
    if (!is_majority_up) recovery.observe(record(trace::Kind::server_stopped, 10'000, 3), 3);
    const auto set = static_cast<std::uint16_t>(trace::Operation::set);
    recovery.observe(record(trace::Kind::invoke, 12'000, 1, 0, 5, set), 4);
    if (is_answered) recovery.observe(record(trace::Kind::complete, 13'000, 1, 0, 5, set), 5);
    return recovery.judge(zab::Instant{} + zab::milliseconds(end_ms)).outcome;
}

}  // namespace

TEST_CASE("recovery is asked for only where a quorum runs undisturbed for long enough") {
    using O = Recovery::Outcome;
    const std::string crash = R"({"at": "10s", "crash": 2, "lasting": "1s"})";
    CHECK(outcome_of(crash, true, 200'000) == O::live);
    CHECK(outcome_of(crash, false, 200'000) == O::dead);
    CHECK(outcome_of(crash, false, 30'000) == O::excused);          // Too short to tell.
    CHECK(outcome_of(crash, false, 200'000, false) == O::excused);  // No quorum.
    CHECK(outcome_of(R"({"at": "10s", "cut": 2})", false, 200'000) == O::excused);
    CHECK(outcome_of(R"({"at": "10s", "crash": 2})", false, 200'000) == O::dead);
}

TEST_CASE("recovery: a fault without an end is over when what it did is undone") {
    const auto outcome_with = [](const std::string& begin, const std::string& end) {
        const Loaded scenario = loaded(R"({"duration": "300s", "clients": [{"count": 1}],
            "faults": [)" + begin + ", " +
                                       end + "]}");
        Recovery recovery(*scenario.scenario);
        for (const std::uint16_t id : std::vector<std::uint16_t>{1, 2, 3}) {
            recovery.observe(record(trace::Kind::server_started, 0, id), 0);
        }
        recovery.observe(record(trace::Kind::fault, 10'000, 2, 0), 1);
        recovery.observe(record(trace::Kind::fault, 12'000, 2, 1), 1);
        const auto set = static_cast<std::uint16_t>(trace::Operation::set);
        recovery.observe(record(trace::Kind::invoke, 14'000, 1, 0, 5, set), 2);
        return recovery.judge(zab::Instant{} + zab::seconds(300)).outcome;
    };
    using O = Recovery::Outcome;
    const std::string cut = R"({"at": "10s", "cut": 2})";
    CHECK(outcome_with(cut, R"({"at": "12s", "heal": 2})") == O::dead);
    CHECK(outcome_with(cut, R"({"at": "12s", "heal": "all"})") == O::dead);
    CHECK(outcome_with(cut, R"({"at": "12s", "heal": 1})") == O::excused);
    CHECK(outcome_with(cut, R"({"at": "12s", "heal": {"from": 2, "one_way": true}})") ==
          O::excused);
    CHECK(outcome_with(cut, R"({"at": "12s", "resume": 2})") == O::excused);
    CHECK(outcome_with(R"({"at": "10s", "pause": 2})", R"({"at": "12s", "resume": 2})") == O::dead);
    CHECK(outcome_with(R"({"at": "10s", "cut": "leader"})", R"({"at": "12s", "heal": "leader"})") ==
          O::excused);  // It may be another one by then.
}

TEST_CASE("recovery: servers that go round and round are told from servers that stand still") {
    const Loaded scenario = loaded(R"({"duration": "300s", "clients": [{"count": 1}]})");
    const auto judged = [&](std::int64_t rounds) {
        Recovery recovery(*scenario.scenario);
        for (const std::uint16_t id : std::vector<std::uint16_t>{1, 2, 3}) {
            recovery.observe(record(trace::Kind::server_started, 0, id), 0);
        }
        const auto set = static_cast<std::uint16_t>(trace::Operation::set);
        recovery.observe(record(trace::Kind::invoke, 1'000, 1, 0, 5, set), 1);
        for (std::int64_t i = 0; i < rounds; ++i) {
            recovery.observe(record(trace::Kind::looking, 4'000 * i + 2'000, 3), 1);
            recovery.observe(record(trace::Kind::leading, 4'000 * i + 4'000, 3), 1);
        }
        return recovery.judge(zab::Instant{} + zab::seconds(300));
    };
    CHECK(judged(1).outcome == Recovery::Outcome::dead);
    CHECK(judged(10).outcome == Recovery::Outcome::lasso);
    CHECK(judged(10).why.ends_with(
        "; 10 times, every 4.000 s on average: 1 boots, 2 boots, 3 looks for a leader"));
}

namespace {

/// What is said at a time, in milliseconds, of a write with this number.
struct Said {
    trace::Kind kind;
    std::int64_t ms;
    std::uint32_t cxid = 0;
    trace::Outcome outcome = trace::Outcome::ok;
};

/// Three servers; the second is cut off from 10 s to 11 s; then clients say this until 300 s.
Recovery::Outcome outcome_after(const std::string& clients, const std::vector<Said>& all) {
    const Loaded scenario = loaded(R"({"duration": "300s", "clients": [)" + clients +
                                   R"(], "faults": [{"at": "10s", "cut": 2, "lasting": "1s"}]})");
    Recovery recovery(*scenario.scenario);
    for (const std::uint16_t id : std::vector<std::uint16_t>{1, 2, 3}) {
        recovery.observe(record(trace::Kind::server_started, 0, id), 0);
    }
    recovery.observe(record(trace::Kind::fault, 10'000, 2, 0), 1);
    for (const Said& said : all) {
        recovery.observe(
            trace::Record({.kind = said.kind,
                           .time = zab::Instant{} + zab::milliseconds(said.ms),
                           .node = zab::NodeId{1},
                           .detail = trace::operation_detail(trace::Operation::set, said.outcome),
                           .b = 5,
                           .c = said.cxid}),
            2);
    }
    return recovery.judge(zab::Instant{} + zab::seconds(300)).outcome;
}

}  // namespace

TEST_CASE("recovery: a write that is refused with its session does not count as acknowledged") {
    using K = trace::Kind;
    using O = Recovery::Outcome;
    const std::string client = R"({"count": 1})";
    CHECK(outcome_after(client, {{K::invoke, 12'000}, {K::complete, 13'000}}) == O::live);
    CHECK(outcome_after(client, {{K::invoke, 12'000},
                                 {K::complete, 13'000, 0, trace::Outcome::session_expired}}) ==
          O::dead);
}

TEST_CASE("recovery: an ensemble that came back and falls silent is dead, unless nobody asks") {
    using K = trace::Kind;
    using O = Recovery::Outcome;
    const std::string client = R"({"count": 1})";
    const std::vector<Said> once = {{K::invoke, 12'000, 1}, {K::complete, 13'000, 1}};
    const auto then = [&](std::vector<Said> more) {
        more.insert(more.begin(), once.begin(), once.end());
        return outcome_after(client, more);
    };
    CHECK(then({}) == O::live);
    CHECK(then({{K::invoke, 14'000, 2}, {K::fail, 20'000, 2}}) == O::dead);
    CHECK(then({{K::invoke, 290'000, 2}}) == O::live);  // Too short to tell.
    CHECK(then({{K::invoke, 14'000, 2}, {K::invoke, 290'000, 3}, {K::complete, 291'000, 3}}) ==
          O::live);
}

TEST_CASE("recovery: clients that come late are not taken for an ensemble that is slow") {
    using K = trace::Kind;
    using O = Recovery::Outcome;
    const std::vector<Said> late = {{K::invoke, 251'000}, {K::complete, 252'000}};
    CHECK(outcome_after(R"({"count": 1, "start": "250s"})", late) == O::live);
    CHECK(outcome_after(R"({"count": 1})", late) == O::slow);
    CHECK(outcome_after(R"({"count": 1, "start": "250s"})", {}) == O::excused);
}

TEST_CASE("chaos: every drawn world loads, and the same seed draws the same") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        const Loaded world = loaded(chaos, seed);
        CHECK_FALSE(world.has_chaos);
        CHECK(world.scenario->seed == seed);
        if (seed <= 10) CHECK(loaded(chaos, seed).document == world.document);
    }
    CHECK(loaded(chaos, 1).document != loaded(chaos, 2).document);
}

TEST_CASE("chaos: leaving a family out takes its faults away and changes no other") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        sim::ChaosSpec all;
        sim::ChaosSpec fewer = all;
        std::erase(fewer.families, sim::FaultFamily::partition);
        const sim::chaos::Setting setting{.voters = {1, 2, 3}, .observers = {}};
        const auto with = sim::chaos::draw(all, seed, setting);
        const auto without = sim::chaos::draw(fewer, seed, setting);
        CHECK(with.overrides == without.overrides);
        std::vector<std::string> rest = with.faults;
        for (const std::string& fault : without.faults) {
            const auto found = std::find(rest.begin(), rest.end(), fault);
            REQUIRE(found != rest.end());
            rest.erase(found);
        }
        for (const std::string& fault : rest) CHECK(fault.find("\"cut\"") != std::string::npos);
    }
}

TEST_CASE("chaos: a run without room for faults and recovery is refused, with what it needs") {
    const auto mistakes = [](const std::string& duration, const std::string& more) {
        return load_text(R"({"clients": [{"count": 1}], "duration": ")" + duration +
                             R"(", "chaos": {)" + more + "}}",
                         "test")
            .mistakes;
    };
    CHECK(mistakes("10s", "").empty());
    REQUIRE(mistakes("9s", "").size() == 1);
    CHECK(mistakes("9s", "").front().find("at least 10s") != std::string::npos);
    // By ZooKeeper's own limits: 2 x 15 ticks of 2 s, 10 s + 60 s of election, and the client.
    CHECK(mistakes("30s", R"("vary": [])").size() == 1);
    CHECK(mistakes("146s", R"("vary": [])").empty());
    CHECK_FALSE(mistakes("145s", R"("vary": [])").empty());
}

TEST_CASE("chaos: a family that is off in every run draws nothing") {
    sim::ChaosSpec spec;
    spec.off = {sim::Probability::certain_ppb};
    CHECK(sim::chaos::draw(spec, 1, {.voters = {1, 2, 3}, .observers = {}}).faults.empty());
}

TEST_CASE("a worker that dies or hangs costs its seed, and no other") {
    Workers workers(
        {.jobs = 2, .patience = std::chrono::seconds(1)},
        [](std::uint64_t seed) {
            if (seed == 3) ::raise(SIGKILL);
            if (seed == 5) ::_exit(9);
            if (seed == 7) {
                for (;;) ::pause();
            }
            return SeedRecord{.scenario = "s", .seed = seed, .hash = "h"};
        },
        [](std::uint64_t seed, const std::string& why) {
            return SeedRecord{.scenario = "s", .seed = seed, .failure = why};
        });
    std::uint64_t next = 0;
    std::map<std::uint64_t, std::string> found;
    const bool is_whole = workers.run(
        [&]() { return next < 12 ? std::optional(++next) : std::nullopt; },
        [&](const SeedRecord& record) { CHECK(found.emplace(record.seed, record.failure).second); },
        [] { return false; });
    CHECK(is_whole);
    CHECK(found.size() == 12);
    for (const auto& [seed, failure] : found) {
        CAPTURE(seed);
        CHECK(failure.empty() == (seed != 3 && seed != 5 && seed != 7));
    }
    CHECK(found[3].find("signal 9") != std::string::npos);
    CHECK(found[5].find("exit code 9") != std::string::npos);
    CHECK(found[7] == "it took longer than 1 s");
}

TEST_CASE("workers: that nobody listened for a while does not make a seed hang") {
    Workers workers(
        {.jobs = 2, .patience = std::chrono::seconds(1)},
        [](std::uint64_t seed) {
            if (seed == 2) ::usleep(300'000);
            return SeedRecord{.scenario = "s", .seed = seed, .hash = "h"};
        },
        [](std::uint64_t seed, const std::string& why) {
            return SeedRecord{.scenario = "s", .seed = seed, .failure = why};
        });
    std::uint64_t next = 0;
    std::uint64_t found = 0;
    CHECK(workers.run([&]() { return next < 2 ? std::optional(++next) : std::nullopt; },
                      [&](const SeedRecord& record) {
                          CHECK(record.failure == "");
                          ++found;
                          if (record.seed == 1) ::usleep(1'600'000);  // A capsule is written.
                      },
                      [] { return false; }));
    CHECK(found == 2);
}

TEST_CASE("workers: a process that cannot be made is told, and is no interrupt") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    Workers workers(
        {.jobs = 1}, [](std::uint64_t) { return SeedRecord{}; },
        [](std::uint64_t, const std::string&) { return SeedRecord{}; });
    const std::function<std::optional<std::uint64_t>()> next = [] { return std::uint64_t{1}; };
    const std::function<void(const SeedRecord&)> found = [](const SeedRecord&) {};
    const std::function<bool()> is_stopped = [] { return false; };
    // Sanitizers look at a function object's type when it is called first, and need files for it.
    next();
    found({});
    is_stopped();
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const bool is_whole = workers.run(next, found, is_stopped);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK_FALSE(is_whole);
    CHECK(workers.failure().find("cannot be made: ") != std::string::npos);
}

}  // namespace cli
