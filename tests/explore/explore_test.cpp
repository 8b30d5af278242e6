#include "tests/explore/ensemble.hpp"

#include <doctest/doctest.h>

#include <string>

/// Exhaustive searches over three shipped peers; see sim/search/small_world.hpp for what one step
/// is. All start where server 3 leads epoch 1, 1 and 2 follow, and a client has just asked for a
/// session: one transaction. Golden counts move when the protocol's behaviour does; say why.
namespace explore {

namespace {

constexpr auto notification = static_cast<std::size_t>(zab::TimerKind::notification);
constexpr auto finalize = static_cast<std::size_t>(zab::TimerKind::finalize);
constexpr auto dial_retry = static_cast<std::size_t>(zab::TimerKind::dial_retry);

/// Room for one re-election: timers fire when nothing else can happen, so often in all.
sim::Bounds one_election() {
    sim::Bounds bounds;
    bounds.patient[notification] = 3;
    bounds.patient[finalize] = 4;
    bounds.patient[dial_retry] = 5;
    return bounds;
}

/// The files are written first, and memory follows in the same step.
const char* memory_and_files_differ(const sim::SmallWorld& world) {
    for (std::size_t i = 0; i < sim::SmallWorld::server_count; ++i) {
        const zab::Server& server = world.peer(i).server();
        const zab::DiskImage& disk = world.disk(i).image();
        if (!world.is_up(i)) continue;
        if (disk.accepted_epoch.value_or(server.accepted_epoch) != server.accepted_epoch) {
            return "the accepted epoch in memory is not the file's";
        }
        if (disk.current_epoch.value_or(server.current_epoch) != server.current_epoch) {
            return "the current epoch in memory is not the file's";
        }
    }
    return nullptr;
}

sim::Exploration explored(const Start& start, sim::Order order = sim::Order::depth_first,
                          std::size_t most_states = 10'000'000) {
    sim::TupleSet tuples;
    sim::Explorer<Judge> explorer(start.world, start.judge,
                                  {order, most_states, memory_and_files_differ, &tuples});
    sim::Exploration found = explorer.run();
    // What coverage excludes as impossible comes up in no interleaving either.
    CHECK(sim::broken_claim(tuples) == "");
    return found;
}

std::string text(const sim::Story& story) {
    std::string all = story.ending;
    for (const std::string& line : story.lines) all += "\n    " + line;
    return all;
}

void check_clean(const sim::Exploration& found) {
    if (found.violation.has_value()) FAIL_CHECK(text(*found.violation));
    CHECK(found.is_complete);
}

}  // namespace

TEST_CASE("one transaction: every interleaving of three peers ends in the same served state") {
    const Start start = with_transaction({}, {}, Judge(), 2);

    const sim::Exploration found = explored(start);

    check_clean(found);
    CHECK(start.judge.complaint().value_or("") == "");
    CHECK(found.states == 582);
    CHECK(found.unserved == 0);
}

TEST_CASE("one transaction, one crash anywhere, and the re-election keep every guarantee") {
    sim::Bounds bounds = one_election();
    bounds.crashes = 1;

    const sim::Exploration found = explored(with_transaction(bounds, {}, Judge(), 2));

    check_clean(found);
    CHECK(found.states == 767746);
}

TEST_CASE("the same, with a client of a follower, whose request is forwarded") {
    sim::Bounds bounds = one_election();
    bounds.crashes = 1;

    const sim::Exploration found = explored(with_transaction(bounds, {}, Judge(), 0));

    check_clean(found);
    CHECK(found.states == 780581);
}

TEST_CASE("the same, when one server does not wait long enough for a better vote") {
    sim::Bounds bounds = one_election();
    bounds.crashes = 1;
    bounds.patient[notification] = 1;
    bounds.hasty[finalize] = 1;

    const sim::Exploration found = explored(with_transaction(bounds, {}, Judge(), 2));

    check_clean(found);
    CHECK(found.states == 1045946);
}

TEST_CASE("without the log's wait for its fsync the shortest story breaks the acknowledgement") {
    sim::Bounds bounds = one_election();
    bounds.power_losses = 1;
    const sim::Defects planted{.acknowledges_before_sync = true};

    const sim::Exploration found =
        explored(with_transaction(bounds, planted, Judge(), 2), sim::Order::breadth_first);

    REQUIRE(found.violation.has_value());
    MESSAGE(text(*found.violation));
    CHECK(found.violation->ending.starts_with("ack_validity: "));
    CHECK(found.violation->lines.size() == 2);
}

}  // namespace explore
