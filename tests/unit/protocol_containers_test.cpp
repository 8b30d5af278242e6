#include "protocol/types/node_set.hpp"
#include "protocol/types/quorum.hpp"
#include "protocol/types/ring.hpp"
#include "tests/unit/protocol_dice.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

namespace {

using test::Dice;
using zab::NodeId;
using zab::NodeSet;
using zab::Quorum;
using zab::Ring;

std::vector<NodeId> nodes(std::initializer_list<int> ids) {
    std::vector<NodeId> list;
    for (const int id : ids) list.push_back({static_cast<std::uint16_t>(id)});
    return list;
}

NodeSet set_of(const std::vector<NodeId>& ids) {
    NodeSet set;
    for (const NodeId id : ids) set.insert(id);
    return set;
}

void check_equal(const Ring<std::string>& ring, const std::deque<std::string>& model) {
    REQUIRE_EQ(ring.size(), model.size());
    REQUIRE_EQ(ring.empty(), model.empty());
    for (std::size_t i = 0; i < model.size(); ++i) REQUIRE_EQ(ring[i], model[i]);
    if (model.empty()) return;
    REQUIRE_EQ(ring.front(), model.front());
    REQUIRE_EQ(ring.back(), model.back());
}

}  // namespace

TEST_CASE("a ring is a first-in-first-out queue, whatever is done to it") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        CAPTURE(seed);
        Dice dice(seed);
        Ring<std::string> ring;
        std::deque<std::string> model;
        const std::uint64_t fullness = 3 + seed % 5;  // Some rings stay short, others grow.
        for (int step = 0; step < 600; ++step) {
            const std::uint64_t what = dice.below(fullness + 4);
            if (what < fullness) {
                ring.push(std::to_string(step));
                model.push_back(std::to_string(step));
            } else if (what == fullness && dice.one_in(20)) {
                ring.clear();
                model.clear();
            } else if (what == fullness + 1 && !model.empty()) {
                ring.pop_back();
                model.pop_back();
            } else if (what > fullness + 1 && !model.empty()) {
                ring.pop();
                model.pop_front();
            }
            check_equal(ring, model);
        }
    }
}

TEST_CASE("a copy of a ring does not follow its original") {
    Ring<std::string> ring;
    for (const char* text : {"one", "two", "three"}) ring.push(text);

    const Ring<std::string> copy = ring;
    ring.pop();
    ring[0] = "changed";

    check_equal(copy, {"one", "two", "three"});
    check_equal(ring, {"changed", "three"});
}

TEST_CASE("a node set holds what was put in and not taken out") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        CAPTURE(seed);
        Dice dice(seed);
        const std::uint32_t range = seed % 3 == 0 ? 64u : seed % 3 == 1 ? 65u : 500u;
        NodeSet set;
        std::set<NodeId> model;
        for (int step = 0; step < 400; ++step) {
            const NodeId node{static_cast<std::uint16_t>(dice.small(range))};
            if (dice.one_in(2)) {
                set.insert(node);
                model.insert(node);
            } else {
                set.erase(node);
                model.erase(node);
            }
            if (dice.one_in(100)) {
                set.clear();
                model.clear();
            }
            REQUIRE_EQ(set.size(), model.size());
            for (std::uint32_t id = 0; id <= range; ++id) {
                const NodeId asked{static_cast<std::uint16_t>(id)};
                REQUIRE_EQ(set.contains(asked), model.contains(asked));
            }
            REQUIRE((set == set_of({model.begin(), model.end()})));
        }
    }
}

TEST_CASE("node sets are equal when they hold the same nodes, however they came to it") {
    NodeSet grown = set_of(nodes({1, 2, 4095}));
    grown.erase({4095});

    CHECK((grown == set_of(nodes({2, 1}))));
    CHECK_FALSE((grown == set_of(nodes({1, 2, 3}))));
    grown.erase({1});
    grown.erase({2});
    CHECK((grown == NodeSet{}));
}

TEST_CASE("a quorum is more than half of the voters, and only voters count") {
    struct Case {
        const char* name;
        std::vector<NodeId> voters, acks;
        bool is_quorum;
    };
    const Case cases[] = {
        {"QRM-1: two of five are not enough", nodes({1, 2, 3, 4, 5}), nodes({1, 2}), false},
        {"QRM-2: a stranger does not help", nodes({1, 2, 3, 4, 5}), nodes({1, 2, 6}), false},
        {"three of five are", nodes({1, 2, 3, 4, 5}), nodes({1, 3, 5}), true},
        {"QRM-4: one of three is not enough", nodes({1, 2, 3}), nodes({1}), false},
        {"QRM-5: observers do not help", nodes({1, 2, 3}), nodes({1, 4, 5}), false},
        {"two of three are", nodes({1, 2, 3}), nodes({2, 3, 4}), true},
        {"half of four is not enough", nodes({1, 2, 3, 4}), nodes({1, 2}), false},
        {"three of four are", nodes({1, 2, 3, 4}), nodes({1, 2, 4}), true},
        {"a single voter decides alone", nodes({7}), nodes({7}), true},
        {"nobody never decides", nodes({7}), nodes({}), false},
        {"ids beyond one word count", nodes({64, 128, 200}), nodes({64, 200}), true},
        {"ids that differ by a word do not", nodes({1, 2, 3}), nodes({65, 66, 67}), false},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) { CHECK_EQ(Quorum(c.voters).is_quorum(set_of(c.acks)), c.is_quorum); }
    }
}

TEST_CASE("only where half decides is exactly half enough, of voters, of weight and of groups") {
    const auto pairs = std::vector<std::vector<NodeId>>{nodes({1, 2}), nodes({3, 4})};
    struct Case {
        const char* name;
        std::vector<NodeId> voters, acks;
        std::vector<std::vector<NodeId>> groups;
        bool is_quorum, is_quorum_by_half;
    };
    const Case cases[] = {
        {"two of four", nodes({1, 2, 3, 4}), nodes({3, 4}), {}, false, true},
        {"one of four", nodes({1, 2, 3, 4}), nodes({3}), {}, false, false},
        {"one of three", nodes({1, 2, 3}), nodes({3}), {}, false, false},
        {"two of three", nodes({1, 2, 3}), nodes({1, 3}), {}, true, true},
        {"half of half of the groups", nodes({1, 2, 3, 4}), nodes({4}), pairs, false, true},
        {"nobody", nodes({1, 2, 3, 4}), nodes({}), pairs, false, false},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            for (const bool half : {false, true}) {
                const Quorum quorum(c.voters,
                                    {.groups = c.groups, .weights = {}, .half_decides = half});
                CHECK_EQ(quorum.is_quorum(set_of(c.acks)),
                         half ? c.is_quorum_by_half : c.is_quorum);
            }
        }
    }
}

TEST_CASE("any two quorums share a voter, and none is larger than it must be") {
    for (std::uint16_t count = 1; count <= 49; ++count) {
        std::vector<NodeId> voters;
        for (std::uint16_t id = 1; id <= count; ++id) voters.push_back({id});
        const Quorum quorum(voters);

        CHECK_EQ(quorum.voters(), count);
        CHECK(2 * quorum.needed() > count);
        CHECK(quorum.is_enough(quorum.needed()));
        CHECK_FALSE(quorum.is_enough(quorum.needed() - 1));
        CHECK(quorum.is_voter({count}));
        CHECK_FALSE(quorum.is_voter({static_cast<std::uint16_t>(count + 1)}));
    }
}
