#include "tests/unit/cli_script.hpp"
#include "tests/unit/network_world.hpp"

#include <string>
#include <vector>

// Epoch files that a scenario gives its servers: what a run says of them before it starts.

namespace test {

namespace {

using trace::Kind;

/// Three servers with one transaction each. The first has crashed once between acceptedEpoch and
/// the end of a discovery that came to nothing, and starts late.
std::string text_with(const std::string& epochs) {
    return R"({"duration": "5s", "ensemble": {"voters": 3}, "start": {"servers": {
        "1": {"down": true, "history": ["1:1"])" +
           epochs + R"(}, "2": {"history": ["1:1"]}, "3": {"history": ["1:1"]}}},
        "faults": [{"at": "2s", "restart": 1}]})";
}

const Run::Wanted before_the_start = [](const trace::Record& r) { return r.cause_back() == 0; };

}  // namespace

TEST_CASE("an accepted epoch above the current one is told at the start, and no run is false") {
    struct Row {
        const char* epochs;
        std::vector<std::uint32_t> told;
    };
    const Row rows[] = {
        {"", {}},
        {R"(, "accepted_epoch": 1)", {}},
        {R"(, "current_epoch": 1, "accepted_epoch": 1)", {}},
        {R"(, "current_epoch": 2, "accepted_epoch": 2)", {}},
        {R"(, "accepted_epoch": 2)", {2}},
        {R"(, "current_epoch": 1, "accepted_epoch": 2)", {2}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.epochs);
        const Run done = run(sim::sound(text_with(row.epochs)));

        check_clean(done);
        std::vector<std::uint32_t> told;
        for (const trace::Record& r : done.all(Kind::accepted_epoch, before_the_start)) {
            CHECK_EQ(r.node().value, 1);
            CHECK_EQ(r.time().ns, 0);
            told.push_back(r.c());
        }
        CHECK(told == row.told);
        CHECK_EQ(done.count(Kind::serving, both(at_server(1), between(2, 5))), 1);
    }
}

TEST_CASE("a log ahead of the current epoch, whose leader's epoch was accepted, is no lie either") {
    const Run done = run(sim::sound(R"({"duration": "5s", "ensemble": {"voters": 3},
        "start": {"servers": {
            "1": {"history": ["1:1", "2:1"], "current_epoch": 1, "accepted_epoch": 2},
            "2": {"history": ["1:1"]}, "3": {"history": ["1:1"]}}}})"));

    check_clean(done);
    CHECK_EQ(done.count(Kind::serving), 3);
}

TEST_CASE("no fault waits for what the disks held before the start") {
    const Run done = run(sim::sound(R"({"duration": "5s", "ensemble": {"voters": 3},
        "start": {"servers": {"1": {"history": ["1:1"], "accepted_epoch": 5}}},
        "faults": [{"after": {"record": "accepted_epoch", "node": 1}, "crash": 1}]})"));

    const std::vector<trace::Record> written = done.all(Kind::accepted_epoch, at_server(1));
    REQUIRE_EQ(written.size(), 2);
    CHECK_EQ(written.back().c(), 6);
    const std::vector<trace::Record> struck = done.all(Kind::server_stopped, at_server(1));
    REQUIRE_EQ(struck.size(), 1);
    CHECK(struck.front().time() == written.back().time());
    check_clean(done);
}

TEST_CASE("check says of a run with such epochs what the run itself said") {
    const cli::Folder folder;
    const std::string file = folder.path("epochs.jsonl");
    const std::string text = text_with(R"(, "current_epoch": 1, "accepted_epoch": 2)");

    const cli::Called run =
        cli::call({"run", folder.write("epochs.json", text), "--trace", file, "--level", "all"});
    const cli::Called check = cli::call({"check", file});

    CHECK_EQ(run.exit, 0);
    CHECK_EQ(check.exit, 0);
    CHECK(check.out.find("held: ") != std::string::npos);
}

}  // namespace test
