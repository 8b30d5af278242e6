#include "tests/unit/textbook_bench.hpp"

#include <algorithm>

namespace test {

using textbook::Word;

namespace {

/// A vote of that node for a command.
zab::Telegram vote(std::uint64_t id) { return textbook::say(Word::vote, id); }

}  // namespace

TEST_CASE("textbook: the leader sends each command with a unique, rising command id to all") {
    TextbookBench leader(3, 3);
    leader.boot_under(3);

    for (std::uint32_t n = 1; n <= 3; ++n) {
        leader.ask(n, 1, zab::Operation::set);
        for (const std::uint16_t other : Ids{1, 2}) {
            const auto said = leader.said_to(other, Word::command);
            REQUIRE(said.size() == 1);
            CHECK(said[0].number == n);
            CHECK(said[0].client == n);
        }
    }
}

TEST_CASE("textbook: a client's command goes to the leader, and waits while nobody leads") {
    TextbookBench bench(2, 3);
    bench.boot_under(3);
    bench.ask(1, 1, zab::Operation::set);
    CHECK(bench.said_to(3, Word::forward).size() == 1);

    bench.lose(3);
    bench.ask(1, 2, zab::Operation::set);
    CHECK(bench.said_to(3, Word::forward).empty());
    bench.end_of_wait();

    CHECK(bench.node().leads());
    CHECK(bench.said_to(1, Word::command).size() == 1);
}

TEST_CASE("textbook: a node whose last command id is smaller takes a command; others ignore it") {
    struct Case {
        const char* name;
        std::uint64_t last, received;
        bool taken;
    };
    const Case cases[] = {
        {"the next one", 4, 5, true},
        {"a later one: what lies between is lost", 4, 9, true},
        {"the same once more", 5, 5, false},
        {"one that was overtaken", 9, 5, false},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        TextbookBench bench(1, 3);
        bench.boot_under(3);
        bench.hear(3, command(c.last));

        bench.hear(3, command(c.received, 8));

        const auto notes = bench.notes(zab::NoteKind::command_compared);
        REQUIRE(notes.size() == 1);
        CHECK(notes[0].a == c.received);
        CHECK(notes[0].c == c.last);
        CHECK(notes[0].detail == (c.taken ? 1u : 0u));
        CHECK(bench.count<zab::Hand>() == (c.taken ? 1u : 0u));
        CHECK(bench.node().last_command() == std::max(c.last, c.received));  // C = max(id)
    }
}

TEST_CASE("textbook: after executing, a node sends a vote message with a vote id to the leader") {
    TextbookBench bench(1, 3);
    bench.boot_under(3);
    bench.hear(3, command(5));
    CHECK(bench.said_to(3, Word::vote).empty());  // It has not executed it yet.

    bench.execute();

    CHECK(bench.notes(zab::NoteKind::command_executed).size() == 1);
    const auto said = bench.said_to(3, Word::vote);
    REQUIRE(said.size() == 1);
    CHECK(said[0].number == 5);
    CHECK(bench.said_to(2, Word::vote).empty());
}

TEST_CASE("textbook: what is executed is logged, unless a returning node shall know nothing") {
    for (const bool remembers : {true, false}) {
        TextbookBench bench(1, 3, {.remembers = remembers});
        bench.boot_under(3);
        bench.hear(3, command(5));
        bench.execute();
        CHECK(bench.count<zab::Append>() == (remembers ? 1u : 0u));
    }
}

TEST_CASE("textbook: the leader ignores a vote id that is not greater than that node's last") {
    TextbookBench leader(5, 5);
    leader.boot_under(5);
    leader.ask(1, 1, zab::Operation::set);
    leader.ask(2, 1, zab::Operation::set);

    leader.hear(1, vote(2));
    leader.hear(1, vote(1));  // Its vote table has 2 for node 1.

    const auto notes = leader.notes(zab::NoteKind::vote_compared);
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].detail == 0);
    CHECK(notes[0].b == 2);
    leader.hear(1, vote(2));
    CHECK(leader.notes(zab::NoteKind::vote_compared)[0].detail == 0);
}

TEST_CASE("textbook: the leader records votes in the vote table as it fills") {
    TextbookBench leader(5, 5);
    leader.boot_under(5);
    leader.ask(1, 1, zab::Operation::set);

    std::uint32_t expected = 1;  // Its own, for having sent it.
    for (const std::uint16_t voter : Ids{1, 3}) {
        leader.hear(voter, vote(1));
        const auto notes = leader.notes(zab::NoteKind::vote_compared);
        REQUIRE(notes.size() == 1);
        CHECK(notes[0].peer.value == voter);
        CHECK(notes[0].detail == 1);
        CHECK(notes[0].c == ++expected);
    }
}

TEST_CASE("textbook: with more than half of all votes the leader executes and answers the client") {
    for (const bool leader_votes : {true, false}) {
        CAPTURE(leader_votes);
        TextbookBench leader(5, 5, {.leader_votes = leader_votes});
        leader.boot_under(5);
        leader.ask(1, 1, zab::Operation::set);
        std::uint16_t voter = 1;
        for (std::uint32_t votes = leader_votes ? 1 : 0; votes < 3; ++votes, ++voter) {
            CHECK(leader.notes(zab::NoteKind::command_agreed).empty());
            CHECK(leader.count<zab::Hand>() == 0);
            leader.hear(voter, vote(1));
        }

        const auto agreed = leader.notes(zab::NoteKind::command_agreed);
        REQUIRE(agreed.size() == 1);
        CHECK(agreed[0].c == 3);
        leader.execute();
        CHECK(leader.notes(zab::NoteKind::command_executed).size() == 1);
        const auto replies = leader.replies_to(1);
        REQUIRE(replies.size() == 1);
        CHECK(replies[0].cxid == 1);
        CHECK(replies[0].zxid.value == 1);
    }
}

TEST_CASE("textbook: the answer for a client of another server goes by way of that server") {
    TextbookBench leader(3, 3);
    leader.boot_under(3);
    zab::Telegram asked = command(0, 4, 7);
    asked.kind = static_cast<std::uint8_t>(Word::forward);
    leader.hear(1, asked);
    leader.hear(2, vote(1));
    leader.execute();
    const auto answers = leader.said_to(1, Word::answer);
    REQUIRE(answers.size() == 1);

    TextbookBench server(1, 3);
    server.boot_under(3);
    for (zab::Cxid cxid = 1; cxid <= 7; ++cxid) server.ask(4, cxid, zab::Operation::get);
    server.ask(4, 7, zab::Operation::set);
    CHECK(server.replies_to(4).empty());
    server.hear(3, answers[0]);

    REQUIRE(server.replies_to(4).size() == 1);
    CHECK(server.replies_to(4)[0].zxid.value == 1);
}

TEST_CASE("textbook: a read shows at once what its server has executed, agreed or not") {
    TextbookBench bench(1, 5);
    bench.boot_under(5);
    bench.hear(5, command(5));
    bench.execute();

    bench.ask(2, 1, zab::Operation::get);

    REQUIRE(bench.replies_to(2).size() == 1);
    CHECK(bench.replies_to(2)[0].zxid.value == 5);
}

TEST_CASE("textbook: nothing is sent again, and a client that waits for long is disconnected") {
    TextbookBench leader(3, 3);  // Beats of 200 ms; it gives up after 2 s.
    leader.boot_under(3);
    leader.ask(1, 1, zab::Operation::set);
    for (int beats = 0; beats < 10; ++beats) {
        leader.beat();
        CHECK(leader.said_to(1, Word::command).empty());
        CHECK(leader.count<zab::CloseLink>() == 0);
    }

    leader.beat();

    CHECK(leader.count<zab::CloseLink>() == 1);
}

TEST_CASE("textbook: an application registers with its id, and the server records it") {
    TextbookBench bench(1, 3);
    bench.boot_under(3);
    for (std::uint32_t n = 1; n <= 3; ++n) {
        zab::Telegram watch = textbook::say(Word::watch, 40 + n);
        watch.client = n;
        bench.hear_client(n, watch);
        const auto notes = bench.notes(zab::NoteKind::watcher_registered);
        REQUIRE(notes.size() == 1);
        CHECK(notes[0].a == 40 + n);
        CHECK(notes[0].c == n);  // In the watcher table.
        bench.hear_client(n, watch);
        CHECK(bench.notes(zab::NoteKind::watcher_registered)[0].c == n);  // Still one.
    }
}

TEST_CASE("textbook: when the configuration changes every watcher gets a rising notification id") {
    TextbookBench bench(1, 3);
    bench.boot_under(3);
    for (const std::uint32_t n : {1u, 2u}) bench.hear_client(n, textbook::say(Word::watch, n));

    bench.hear(3, command(5, 9, 1, textbook::Watchers::configuration + 1));
    bench.execute();
    CHECK(bench.said_to_client(1, Word::notification).empty());

    std::uint64_t last = 0;
    for (const std::uint64_t id : {6u, 7u}) {
        bench.hear(3, command(id, 9, 1, textbook::Watchers::configuration));
        bench.execute();
        CHECK(bench.notes(zab::NoteKind::configuration_changed).size() == 1);
        for (const std::uint32_t n : {1u, 2u}) {
            const auto said = bench.said_to_client(n, Word::notification);
            REQUIRE(said.size() == 1);
            CHECK(said[0].number > last);
        }
        last = bench.said_to_client(1, Word::notification)[0].number;
    }
}

TEST_CASE("textbook: an application takes a greater notification id and ignores any other") {
    std::uint64_t last = 0;
    CHECK(textbook::takes_notification(5, last));
    CHECK(last == 5);
    CHECK(!textbook::takes_notification(5, last));
    CHECK(!textbook::takes_notification(4, last));
    CHECK(last == 5);
    CHECK(textbook::takes_notification(6, last));
    CHECK(last == 6);
}

TEST_CASE("textbook: strangers and words out of place are ignored") {
    TextbookBench bench(3, 3);
    bench.boot_under(3);
    const zab::Message stranger = textbook::say(Word::heartbeat, 9);
    bench.step(zab::Received{{88, 1}, zab::LinkKind::election, &stranger, nullptr});
    const zab::Message election = textbook::say(Word::election, 9);
    bench.step(zab::Received{{88, 1}, zab::LinkKind::election, &election, nullptr});
    CHECK(bench.node().leads());

    const zab::Message zabs = zab::Commit{{5}};
    bench.step(zab::Received{{1, 1}, zab::LinkKind::election, &zabs, nullptr});
    bench.hear_client(1, zab::ClientRequest{{{}, 1, 5, 100, 1, zab::Operation::set}});
    CHECK(bench.said_to(1, Word::command).empty());  // It has not introduced itself.
    bench.hear(1, Word::notification, 1);
    bench.hear(1, textbook::say(Word::vote, 4'000'000'000));
    CHECK(bench.node().leads());
}

}  // namespace test
