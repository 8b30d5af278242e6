#include "tests/unit/textbook_bench.hpp"

namespace test {

using textbook::Word;

TEST_CASE("textbook: when a node fails, every other node sends an election message to all") {
    TextbookBench bench(3, 5);
    bench.boot_under(5);

    bench.lose(2);

    for (const std::uint16_t other : Ids{1, 4, 5}) {
        const auto said = bench.said_to(other, Word::election);
        REQUIRE(said.size() == 1);
        CHECK(said[0].number == 3);  // The election id is unique: the node's own number.
    }
    CHECK(bench.said_to(2, Word::election).empty());
    CHECK(bench.notes(zab::NoteKind::looking).size() == 1);
}

TEST_CASE("textbook: only the leader's failure starts an election, if that is the reading") {
    TextbookBench bench(3, 5, {.any_failure_elects = false});
    bench.boot_under(5);

    bench.lose(2);
    CHECK(bench.said_to(1, Word::election).empty());

    bench.lose(5);
    CHECK(bench.said_to(1, Word::election).size() == 1);
}

TEST_CASE("textbook: a failure is noticed by a reset or by silence, and a replaced link is none") {
    for (const zab::DownReason reason : {zab::DownReason::reset, zab::DownReason::timed_out}) {
        TextbookBench bench(3, 3);
        bench.boot_under(3);
        bench.lose(1, reason);
        CHECK(bench.notes(zab::NoteKind::looking).size() == 1);
    }
    TextbookBench bench(3, 3);
    bench.boot_under(3);
    const zab::Message heartbeat = textbook::say(Word::heartbeat, 1);
    bench.step(zab::Received{{77, 1}, zab::LinkKind::election, &heartbeat, nullptr});
    CHECK(bench.count<zab::CloseLink>() == 1);

    bench.lose(1);

    CHECK(bench.notes(zab::NoteKind::looking).empty());
}

TEST_CASE("textbook: who receives an election message compares ids and takes the greatest") {
    struct Case {
        const char* name;
        std::uint16_t received;
        std::uint16_t leader;
        textbook::LeaderOutcome outcome;
    };
    const Case cases[] = {
        {"a greater one is taken", 4, 4, textbook::LeaderOutcome::election_taken},
        {"a smaller one is ignored", 2, 3, textbook::LeaderOutcome::election_ignored},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        TextbookBench bench(3, 5);
        bench.boot().begin_election();

        bench.hear(c.received, Word::election, c.received);

        CHECK(bench.node().leader().value == c.leader);
        const auto notes = bench.notes(zab::NoteKind::leader_compared);
        REQUIRE(notes.size() == 1);
        CHECK(notes[0].a == c.received);
        CHECK(notes[0].b == 3);
        CHECK(notes[0].detail == static_cast<std::uint16_t>(c.outcome));
    }
}

TEST_CASE("textbook: who hears of an election takes part in it, once") {
    TextbookBench bench(3, 5);
    bench.boot_under(5);

    bench.hear(2, Word::election, 2);
    CHECK(bench.said_to(4, Word::election).size() == 1);
    bench.hear(1, Word::election, 1);
    CHECK(bench.said_to(4, Word::election).empty());
}

TEST_CASE("textbook: the winner sends a leader message with its leader id") {
    TextbookBench winner(5, 5);
    winner.boot().begin_election();
    winner.hear(4, Word::election, 4);

    winner.end_of_wait();

    for (const std::uint16_t other : Ids{1, 2, 3, 4}) {
        const auto said = winner.said_to(other, Word::leader);
        REQUIRE(said.size() == 1);
        CHECK(said[0].number == 5);
    }
    CHECK(winner.node().leads());
    CHECK(winner.notes(zab::NoteKind::leader_declared).size() == 1);

    TextbookBench loser(4, 5);
    loser.boot().begin_election();
    loser.hear(5, Word::election, 5);
    loser.end_of_wait();
    CHECK(loser.said_to(1, Word::leader).empty());
    CHECK(!loser.node().leads());
}

TEST_CASE("textbook: receivers of a leader message update their leader id to it, whatever it is") {
    for (const std::uint16_t received : Ids{1, 2, 4, 5}) {
        TextbookBench bench(3, 5);
        bench.boot_under(3);
        REQUIRE(bench.node().leads());

        bench.hear(received, Word::leader, received);

        CHECK(bench.node().leader().value == received);
        CHECK(!bench.node().leads());
    }
}

TEST_CASE("textbook: without its leader message the greatest id is the leader all the same") {
    TextbookBench bench(3, 5);
    bench.boot().begin_election();
    bench.hear(5, Word::election, 5);

    bench.end_of_wait();

    CHECK(bench.node().leader().value == 5);
}

TEST_CASE("textbook: the election begins again when who was about to win it fails") {
    TextbookBench bench(3, 5);
    bench.boot().begin_election();
    bench.hear(5, Word::election, 5);

    bench.lose(4);
    CHECK(bench.said_to(1, Word::election).empty());
    bench.lose(5);

    CHECK(bench.said_to(1, Word::election).size() == 1);
    CHECK(bench.node().leader().value == 3);
}

TEST_CASE(
    "textbook: a node that comes back starts an election and remembers its commands, or not") {
    zab::DiskImage disk;
    disk.log.push({.zxid = {7}});
    for (const bool remembers : {true, false}) {
        TextbookBench bench(3, 3, {.remembers = remembers});

        bench.boot(disk);
        CHECK(bench.node().last_command() == (remembers ? 7u : 0u));
        bench.begin_election();

        CHECK(bench.said_to(1, Word::election).size() == 1);
    }
}

}  // namespace test
