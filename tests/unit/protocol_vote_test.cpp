#include "protocol/election/vote.hpp"
#include "tests/unit/protocol_dice.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <tuple>
#include <vector>

namespace {

using zab::CastVote;
using zab::NodeId;
using zab::ServerState;
using zab::Vote;
using zab::VoteEquality;
using zab::VoteTable;
using zab::Zxid;

constexpr auto looking = ServerState::looking;
constexpr auto following = ServerState::following;
constexpr auto leading = ServerState::leading;
constexpr auto by_epoch = VoteEquality::leader_and_epoch;

struct Zx {
    std::uint32_t epoch, counter;
};

constexpr Vote vote(std::uint16_t leader, Zx zxid, std::uint32_t epoch) {
    return {{leader}, Zxid::of({zxid.epoch}, zxid.counter), {epoch}};
}

struct Cast {
    std::uint16_t sender;
    Vote vote;
    std::uint64_t round;
    ServerState state;
    std::uint8_t version = 2;
};

VoteTable table_of(std::initializer_list<Cast> casts) {
    VoteTable table;
    for (const Cast& c : casts) {
        table[{c.sender}] = {c.vote, c.round, c.state, c.version};
    }
    return table;
}

}  // namespace

TEST_CASE("votes are ordered by epoch, then zxid, then id") {
    struct Case {
        const char* name;
        Vote weaker, stronger;
    };
    static constexpr Case cases[] = {
        {"epoch wins over zxid", vote(3, {1, 9}, 1), vote(1, {1, 2}, 2)},
        {"epoch wins over the zxid's own epoch", vote(3, {9, 9}, 1), vote(1, {1, 1}, 2)},
        {"zxid wins over id", vote(3, {1, 4}, 1), vote(1, {1, 5}, 1)},
        {"the zxid's epoch wins over its counter", vote(3, {1, 9}, 1), vote(1, {2, 0}, 1)},
        {"id breaks the tie", vote(1, {1, 5}, 1), vote(2, {1, 5}, 1)},
        {"FLEPRED-1: an older epoch loses against a newer", vote(4, {0, 0}, 0), vote(3, {0, 0}, 2)},
        {"FLEPRED-2: a newer epoch wins with the smaller id", vote(1, {0, 0}, 0),
         vote(0, {0, 0}, 1)},
        {"FLEPRED-4: the larger id wins when all else is equal", vote(0, {0, 1}, 0),
         vote(1, {0, 1}, 0)},
        {"anybody wins over an observer's empty vote", vote(0, {0, 0}, 0), vote(1, {0, 0}, 0)},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            CHECK(zab::supersedes(c.stronger, c.weaker));
            CHECK_FALSE(zab::supersedes(c.weaker, c.stronger));
            CHECK_FALSE(zab::supersedes(c.weaker, c.weaker));
        }
    }
}

TEST_CASE("of any two different votes exactly one supersedes the other") {
    test::Dice dice(1);
    const auto any = [&dice] {
        const auto leader = static_cast<std::uint16_t>(dice.small(3));
        return vote(leader, {dice.small(2), dice.small(3)}, dice.small(2));
    };
    for (int i = 0; i < 20'000; ++i) {
        const Vote a = any(), b = any(), c = any();
        CHECK_EQ(zab::supersedes(a, b) || zab::supersedes(b, a), !(a == b));
        CHECK_FALSE((zab::supersedes(a, b) && zab::supersedes(b, a)));
        if (zab::supersedes(a, b) && zab::supersedes(b, c)) CHECK(zab::supersedes(a, c));
    }
}

TEST_CASE("a vote of a looking server counts only if everything in it matches") {
    struct Case {
        const char* name;
        CastVote cast;
        bool agrees;
    };
    const Vote proposal = vote(4, {2, 1}, 2);
    const Case cases[] = {
        {"the same", {proposal, 2, looking}, true},
        {"another leader", {vote(3, {2, 1}, 2), 2, looking}, false},
        {"another zxid", {vote(4, {2, 2}, 2), 2, looking}, false},
        {"another epoch", {vote(4, {2, 1}, 1), 2, looking}, false},
        {"another round", {proposal, 3, looking}, false},
        {"the same of a leader", {proposal, 2, leading}, true},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            CHECK_EQ(zab::is_same(c.cast, {proposal, 2, looking}, by_epoch), c.agrees);
        }
    }
}

TEST_CASE("FLETRK-4: votes of different rounds are no quorum for a looking server") {
    const VoteTable votes = table_of({{0, vote(4, {1, 1}, 1), 1, looking},
                                      {1, vote(4, {2, 1}, 2), 2, looking},
                                      {3, vote(4, {2, 1}, 2), 3, looking},
                                      {4, vote(4, {2, 1}, 2), 3, leading}});
    std::size_t agreeing = 0;
    for (const auto& [sender, cast] : votes) {
        const CastVote ours{vote(4, {2, 1}, 2), 2, looking};
        agreeing += zab::is_same(cast, ours, by_epoch) ? 1u : 0u;
    }
    CHECK_EQ(agreeing, 1);
}

TEST_CASE("who supports a settled server's vote depends on whether the table keeps versions") {
    struct Case {
        const char* name;
        Cast cast;
        bool this_round, finished;
    };
    // Told: server 4 leads, elected in round 2 with this zxid and epoch.
    const CastVote told{vote(4, {2, 1}, 2), 2, following, 2};
    const Case cases[] = {
        {"FLETRK-1: zxid and round are ignored", {0, vote(4, {1, 1}, 2), 1, following}, true, true},
        {"FLETRK-2: the epoch counts among finished elections only",
         {0, vote(4, {1, 1}, 1), 1, following},
         true,
         false},
        {"another leader never", {0, vote(3, {2, 1}, 2), 2, following}, false, false},
        {"the leader itself", {4, vote(4, {2, 1}, 2), 2, leading}, true, true},
        {"a looking server with the same vote", {0, vote(4, {2, 1}, 2), 2, looking}, true, true},
        {"a looking server of another round", {0, vote(4, {2, 1}, 2), 1, looking}, false, false},
        {"a looking server with another zxid", {0, vote(4, {2, 0}, 2), 2, looking}, false, false},
        {"a looking server with another epoch", {0, vote(4, {2, 1}, 1), 2, looking}, false, false},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            Cast unversioned = c.cast;
            unversioned.version = 0;
            const NodeId sender{c.cast.sender};
            const auto round_table = zab::supporters(table_of({unversioned}), told, by_epoch);
            const auto finished = zab::supporters(table_of({c.cast}), told, by_epoch);
            CHECK_EQ(round_table.contains(sender), c.this_round);
            CHECK_EQ(finished.contains(sender), c.finished);
        }
    }
}

TEST_CASE("supporters are counted by sender, and nobody else is among them") {
    const VoteTable votes = table_of({{0, vote(4, {1, 1}, 2), 1, following},
                                      {1, vote(4, {1, 2}, 2), 1, following},
                                      {2, vote(3, {2, 1}, 2), 2, following},
                                      {4, vote(4, {2, 1}, 2), 2, leading}});
    const CastVote told{vote(4, {2, 1}, 2), 2, following, 2};

    const zab::NodeSet agreeing = zab::supporters(votes, told, by_epoch);

    CHECK_EQ(agreeing.size(), 3);
    CHECK_FALSE(agreeing.contains({2}));
    CHECK_FALSE(agreeing.contains({3}));
}

TEST_CASE("a leader elected by others must say that it leads; we lead only in our own round") {
    const VoteTable votes = table_of({{2, vote(2, {1, 1}, 1), 7, leading},
                                      {3, vote(2, {1, 1}, 1), 7, following},
                                      {4, vote(4, {1, 1}, 1), 7, looking}});
    struct Case {
        const char* name;
        std::uint16_t self, leader;
        std::uint64_t round, own_round;
        bool is_confirmed;
    };
    static constexpr Case cases[] = {
        {"it says so", 1, 2, 7, 7, true},
        {"it says so, whatever our round", 1, 2, 7, 1, true},
        {"it follows", 1, 3, 7, 7, false},
        {"it looks", 1, 4, 7, 7, false},
        {"it has said nothing", 1, 5, 7, 7, false},
        {"we, in our round", 1, 1, 7, 7, true},
        {"we, in an older round", 1, 1, 6, 7, false},
        {"we, in a newer round", 1, 1, 8, 7, false},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            CHECK_EQ(zab::leader_is_confirmed(votes, {c.self}, {c.leader}, c.round, c.own_round),
                     c.is_confirmed);
        }
    }
}
