#include "tests/conformance/case.hpp"
#include "tests/ensemble/schedule.hpp"

#include <fstream>
#include <iterator>

// Known defects of epochs and elections, and those that a conformance case shows.

namespace schedule {

namespace {

/// Server 1 misses what is written in epoch 2, and is killed in the middle of catching up, right
/// after this piece of work.
std::uint64_t refusals_after(std::string_view defect, zab::Work last) {
    Cluster c(three(defect));
    form(c, {n1, n2, n3});
    write(c);
    kill_all(c);
    form(c, {n2, n3});
    write(c);
    c.on_disk_work = [&c, last](NodeId node, zab::Work work) {
        if (node == n1 && work == last) c.kill(n1);
    };
    c.start(n1);
    REQUIRE(c.run_until([&] { return !c.is_up(n1); }, zab::seconds(30)));
    c.on_disk_work = nullptr;
    form(c, {n1});
    const std::set<std::string> expected = {"boot_precondition"};
    CHECK((c.violated() == (c.refusals() == 0 ? std::set<std::string>{} : expected)));
    return c.refusals();
}

bool passes(std::string_view id, std::string_view defect) {
    const std::string file = "tests/conformance/cases.json";
    std::ifstream stream(file);
    for (conformance::Case& one :
         conformance::cases_of(file, {std::istreambuf_iterator<char>(stream), {}})) {
        if (one.id != id) continue;
        if (!defect.empty()) one.release = zab::with_defect(one.release, defect);
        bool passed = false;
        const std::string line = conformance::line_of(one, passed);
        INFO(line);
        CHECK(line.find("cannot be interpreted") == std::string::npos);
        return passed;
    }
    FAIL("no case " << id);
    return false;
}

}  // namespace

TEST_CASE("2354: transactions of a new epoch synced, currentEpoch not: the server never starts") {
    CHECK_EQ(refusals_after("", zab::Work::sync_log), 0);
    CHECK_EQ(refusals_after("2354", zab::Work::sync_log), 1);
}

TEST_CASE("1653: the snapshot of a new epoch written, currentEpoch not: the same") {
    CHECK_EQ(refusals_after("1653", zab::Work::write_snapshot), 1);
}

TEST_CASE("defects that a case of ZooKeeper's own tests was written for fail it") {
    struct Row {
        const char* defect;
        const char* id;
    };
    const Row rows[] = {{"1154", "REC-2"}, {"1343", "ZAB-2"},  {"1514", "FLE-2"},
                        {"1732", "FLE-7"}, {"2355", "REC-11"}, {"3104", "REC-4"},
                        {"3642", "REC-5"}, {"4269", "ZAB-14"}};
    for (const Row& row : rows) {
        SUBCASE(row.defect) {
            CHECK(passes(row.id, ""));
            CHECK_FALSE(passes(row.id, row.defect));
        }
    }
}

TEST_CASE("4394: a COMMIT between NEWLEADER's ACK and UPTODATE sends the follower away") {
    const auto roles = [](std::string_view defect) {
        Cluster c(three(defect));
        form(c, {n2, n3});
        write(c);
        // Outstanding when server 1 is synchronized; committed before its UPTODATE.
        c.stalls = [](NodeId, const zab::Start& start) { return start.stage == zab::Stage::sync; };
        write(c);
        c.holds = [](const Cluster::Sent& sent) {
            return sent.from == n1 && sent.as<zab::Ack>() != nullptr;
        };
        c.start(n1);
        c.run(zab::seconds(2));
        c.resume();
        c.run(zab::seconds(1));
        c.release();
        c.run(zab::seconds(10));
        std::size_t looked = 0;
        for (const trace::Record& record : c.records()) {
            looked += record.node() == n1 && record.kind() == trace::Kind::looking ? 1u : 0u;
        }
        CHECK(c.serves(n1));
        return looked;
    };
    CHECK_EQ(roles(""), 1);
    CHECK(roles("4394") > 1);
}

}  // namespace schedule
