#include "protocol/history.hpp"
#include "tests/unit/protocol_dice.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace {

using test::Dice;
using zab::History;
using zab::Position;
using zab::Txn;
using zab::Zxid;

Zxid zxid(std::uint32_t epoch, std::uint32_t counter) { return Zxid::of({epoch}, counter); }

Txn txn(Zxid number, std::uint32_t path = 0) {
    return {number, {}, number.counter(), path, 0, zab::TxnType::set};
}

/// What a history is, without any cleverness.
struct Model {
    std::vector<Txn> txns;
    Position base{};

    Position position(std::size_t count) const {
        Position at = base;
        for (std::size_t i = 0; i < count; ++i) at = zab::advance(at, txns[i]);
        return at;
    }
    Position last() const { return position(txns.size()); }
    std::size_t first_after(Zxid asked) const {
        std::size_t i = 0;
        while (i < txns.size() && txns[i].zxid <= asked) ++i;
        return i;
    }
    std::optional<Position> find(Zxid asked) const {
        for (std::size_t i = txns.size(); i > 0; --i) {
            if (txns[i - 1].zxid == asked) return position(i);
        }
        return base.zxid == asked ? std::optional(base) : std::nullopt;
    }
};

void check_equal(const History& history, const Model& model) {
    REQUIRE_EQ(history.size(), model.txns.size());
    REQUIRE_EQ(history.empty(), model.txns.empty());
    REQUIRE((history.base() == model.base));
    REQUIRE((history.last() == model.last()));
    Position at = model.base;
    for (std::size_t i = 0; i < model.txns.size(); ++i) {
        at = zab::advance(at, model.txns[i]);
        REQUIRE((history.at(i).txn == model.txns[i]));
        REQUIRE((history.position_at(i) == at));
    }
}

void check_answers(const History& history, const Model& model, Zxid asked) {
    REQUIRE_EQ(history.first_after(asked), model.first_after(asked));
    REQUIRE((history.find(asked) == model.find(asked)));
}

/// Lets a history and its model take the same random step.
void take_step(History& history, Model& model, Dice& dice) {
    const std::uint64_t what = dice.below(100);
    const Zxid last = model.last().zxid;
    if (what < 70) {
        // Sometimes many at once, so that chunks fill and are dropped.
        const std::uint64_t count = dice.one_in(8) ? 1 + dice.below(300) : 1;
        for (std::uint64_t i = 0; i < count; ++i) {
            const Zxid before = model.txns.empty() ? last : model.txns.back().zxid;
            const Zxid next = dice.one_in(20) ? Zxid::of(before.epoch().next(), 1)
                                              : Zxid{before.value + 1 + dice.below(2)};
            history.push(txn(next, dice.small(9)));
            model.txns.push_back(history.at(history.size() - 1).txn);
        }
    } else if (what < 80) {
        const std::size_t keep = dice.below(model.txns.size() + 1);
        history.truncate(keep);
        model.txns.resize(keep);
    } else if (what < 95) {
        const std::size_t count = dice.below(model.txns.size() + 1);
        history.drop_front(count);
        model.base = model.position(count);
        model.txns.erase(model.txns.begin(),
                         model.txns.begin() + static_cast<std::ptrdiff_t>(count));
    } else if (what < 97) {
        const Position base{zxid(dice.small(3), dice.small(9)), dice.below(1000)};
        history.reset(base);
        model = {{}, base};
    }
}

}  // namespace

TEST_CASE("a history answers like a plain list of transactions") {
    for (std::uint64_t seed = 0; seed < 25; ++seed) {
        CAPTURE(seed);
        Dice dice(seed);
        History history;
        Model model;
        for (int step = 0; step < 120; ++step) {
            CAPTURE(step);
            take_step(history, model, dice);
            check_equal(history, model);
            const Zxid last = model.last().zxid;
            for (const Zxid asked : {Zxid{}, model.base.zxid, last, Zxid{last.value + 1},
                                     Zxid{model.base.zxid.value + dice.below(500)}}) {
                check_answers(history, model, asked);
            }
        }
    }
}

TEST_CASE("copies of a history share its past and nothing else") {
    for (std::uint64_t seed = 0; seed < 15; ++seed) {
        CAPTURE(seed);
        Dice dice(100 + seed);
        std::vector<History> histories(1);
        std::vector<Model> models(1);
        for (int step = 0; step < 120; ++step) {
            const std::size_t chosen = dice.below(histories.size());
            if (dice.one_in(6) && histories.size() < 5) {
                histories.push_back(histories[chosen]);
                models.push_back(models[chosen]);
            } else if (dice.one_in(10)) {
                const std::size_t from = dice.below(histories.size());
                histories[chosen] = histories[from];
                models[chosen] = models[from];
            } else {
                take_step(histories[chosen], models[chosen], dice);
            }
            for (std::size_t i = 0; i < models.size(); ++i) check_equal(histories[i], models[i]);
        }
    }
}

TEST_CASE("a history that lost its front still ends in the same position") {
    History whole;
    for (std::uint32_t counter = 1; counter <= 1'000; ++counter) whole.push(txn(zxid(1, counter)));
    History tail = whole;

    tail.drop_front(700);

    CHECK((tail.last() == whole.last()));
    CHECK((tail.base() == whole.position_at(699)));
    CHECK((tail.find(zxid(1, 700)) == whole.find(zxid(1, 700))));
    CHECK_FALSE(tail.find(zxid(1, 699)).has_value());
    CHECK_EQ(tail.first_after(zxid(1, 699)), 0);
}

TEST_CASE("histories that differ in one field of one transaction end in different positions") {
    const Txn original{zxid(1, 1), {7}, 3, 4, 100, zab::TxnType::set};
    struct Case {
        const char* name;
        Txn changed;
    };
    const Case cases[] = {
        {"zxid", {zxid(1, 2), {7}, 3, 4, 100, zab::TxnType::set}},
        {"session", {zxid(1, 1), {8}, 3, 4, 100, zab::TxnType::set}},
        {"cxid", {zxid(1, 1), {7}, 4, 4, 100, zab::TxnType::set}},
        {"path", {zxid(1, 1), {7}, 3, 5, 100, zab::TxnType::set}},
        {"type", {zxid(1, 1), {7}, 3, 4, 100, zab::TxnType::create}},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            CHECK(zab::advance({}, c.changed).prefix != zab::advance({}, original).prefix);
        }
    }
    const Position one_way = zab::advance(zab::advance({}, txn(zxid(1, 1))), txn(zxid(1, 2)));
    const Position other_way = zab::advance(zab::advance({}, txn(zxid(1, 2))), txn(zxid(1, 1)));
    CHECK(one_way.prefix != other_way.prefix);
}
