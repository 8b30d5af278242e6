#include "sim/random/decimal.hpp"
#include "sim/random/key.hpp"
#include "sim/random/zipf.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using sim::Key;

constexpr Key key = sim::derive(sim::root_key(1, 0), "test");

/// A uniform word in (0, 1).
double share(std::uint64_t random) { return (static_cast<double>(random) + 0.5) * 0x1p-64; }

[[noreturn]] void throw_reason(const char* why, zab::SourcePlace) { throw std::logic_error(why); }

}  // namespace

TEST_CASE("keys and words do not change from one version to the next") {
    const Key entity = sim::derive(sim::derive(sim::root_key(42, 7), "delay"), "server-1");
    CHECK_EQ(sim::root_key(42, 7).value, 0xad0d'afea'f088'6b01);
    CHECK_EQ(entity.value, 0x32c8'34c7'e41c'6ee5);
    CHECK_EQ(sim::derive(entity, 3).value, 0x20e0'36eb'7352'f346);
    CHECK_EQ(sim::draw(entity, 0x1'0000'0001, 0), 0x9e4d'49b8'e107'c777);
    CHECK_EQ(sim::draw(entity, 0x1'0000'0001, 1), 0x514d'f9e0'6ce6'bc17);
    CHECK_EQ(sim::uniform_below(Key{0xfedc'ba98'7654'3210}, 1'000'000'007), 995'555'562);
    CHECK_EQ(sim::uniform_below(Key{0}, 0xc000'0000'0000'0000), 0xa998'7e2b'1c56'5a43);

    const sim::Zipf zipf(1'000'000, {1'000'000'000});
    CHECK_EQ(zipf.draw(0x1234'5678'9abc'def0), 1);
    CHECK_EQ(zipf.draw(0x9999'5678'9abc'def0), 3'163);
    std::uint64_t digest = 0;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        digest = sim::mix(digest ^ zipf.draw(sim::draw(key, i, 0)));
    }
    CHECK_EQ(digest, 0x00f8'fbd8'03cd'34e0);
}

TEST_CASE("every part of a draw's identity gives other draws") {
    std::set<std::uint64_t> seen;
    std::size_t count = 0;
    const auto see = [&](std::uint64_t random) {
        seen.insert(random);
        ++count;
    };
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        for (std::uint64_t branch = 0; branch < 4; ++branch) {
            for (const char* concern : {"delay", "loss", "", "1"}) {
                for (const char* entity : {"n1", "n2", "n10", "server-with-a-long-name"}) {
                    const Key base = derive(derive(sim::root_key(seed, branch), concern), entity);
                    see(base.value);
                    for (std::uint64_t i = 0; i < 200; ++i) see(sim::draw(base, i % 20, i / 20));
                }
            }
        }
    }
    see(derive(derive(key, "a"), "bc").value);
    see(derive(derive(key, "ab"), "c").value);
    see(derive(key, "abc").value);
    see(derive(key, std::string(1, '\0')).value);
    see(derive(key, "").value);
    see(derive(key, '1').value);
    see(derive(key, "1").value);
    CHECK_EQ(seen.size(), count);
}

TEST_CASE("neighbouring draws share no more bits than chance gives them") {
    constexpr int count = 20'000;
    const Key other = derive(derive(sim::root_key(1, 0), "test"), "neighbour");
    struct Case {
        std::string name;
        std::function<std::uint64_t(std::uint64_t)> first, second;
    };
    const Case cases[] = {
        {"meaning", [](auto i) { return sim::draw(key, i, 0); },
         [](auto i) { return sim::draw(key, i + 1, 0); }},
        {"occurrence", [](auto i) { return sim::draw(key, i, 0); },
         [](auto i) { return sim::draw(key, i, 1); }},
        {"epoch of a zxid", [](auto i) { return sim::draw(key, i, 0); },
         [](auto i) { return sim::draw(key, i + (std::uint64_t{1} << 32), 0); }},
        {"entity", [](auto i) { return sim::draw(key, i, 0); },
         [other](auto i) { return sim::draw(other, i, 0); }},
        {"seed", [](auto i) { return sim::root_key(i, 0).value; },
         [](auto i) { return sim::root_key(i + 1, 0).value; }},
        {"seed and branch exchanged", [](auto i) { return sim::root_key(i, 1).value; },
         [](auto i) { return sim::root_key(1, i + 2).value; }},
        {"number", [](auto i) { return derive(key, i).value; },
         [](auto i) { return derive(key, i + 1).value; }},
        {"word and the next made of it", [](auto i) { return sim::draw(key, i, 0); },
         [](auto i) { return sim::next_word(sim::draw(key, i, 0)); }},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        std::vector<int> flips(64);
        int total = 0;
        double product = 0;
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t a = c.first(i);
            const std::uint64_t b = c.second(i);
            for (std::size_t bit = 0; bit < 64; ++bit) flips[bit] += ((a ^ b) >> bit & 1) != 0;
            total += std::popcount(a ^ b);
            product += (share(a) - 0.5) * (share(b) - 0.5);
        }
        // Five standard deviations of a binomial count, and of a correlation.
        for (const int flip : flips) CHECK(std::abs(flip - count / 2) < 5 * std::sqrt(count) / 2);
        CHECK(std::abs(total - 32.0 * count) < 5 * 4 * std::sqrt(count));
        CHECK(std::abs(12 * product / count) < 5 / std::sqrt(count));
    }
}

TEST_CASE("bounded draws are equally frequent") {
    struct Case {
        std::uint64_t limit;
        std::uint64_t cells;  // Draws are counted modulo this.
    };
    // Without rejection the last one would give every third integer twice as often as the others.
    for (const Case c : {Case{2, 2},
                         {3, 3},
                         {10, 10},
                         {1000, 1000},
                         {1'000'003, 100},
                         {0xc000'0000'0000'0000, 3}}) {
        CAPTURE(c.limit);
        constexpr double count = 300'000;
        std::vector<double> seen(static_cast<std::size_t>(c.cells));
        for (std::uint64_t i = 0; i < 300'000; ++i) {
            const std::uint64_t index = sim::uniform_below(Key{sim::draw(key, i, 2)}, c.limit);
            REQUIRE(index < c.limit);
            seen[static_cast<std::size_t>(index % c.cells)] += 1;
        }

        double chi_square = 0;
        for (std::size_t i = 0; i < seen.size(); ++i) {
            const std::uint64_t members = (c.limit - 1 - i) / c.cells + 1;
            const double expected =
                count * static_cast<double>(members) / static_cast<double>(c.limit);
            chi_square += (seen[i] - expected) * (seen[i] - expected) / expected;
        }
        // A chi-square variable has this mean and this variance; 10 for its skew at few cells.
        const auto freedom = static_cast<double>(c.cells - 1);
        CHECK(chi_square < freedom + 5 * std::sqrt(2 * freedom) + 10);
    }
    CHECK_EQ(sim::uniform_below(Key{~std::uint64_t{0}}, 1), 0);
}

TEST_CASE("an event of some probability happens that often, and its threshold is exact") {
    for (const std::uint32_t ppb : {1'000'000U, 250'000'000U, 999'000'000U}) {
        CAPTURE(ppb);
        constexpr double count = 1'000'000;
        double seen = 0;
        for (std::uint64_t i = 0; i < 1'000'000; ++i) {
            seen += sim::happens({ppb}, sim::draw(key, i, 3)) ? 1 : 0;
        }
        const double p = ppb / 1e9;
        CHECK(std::abs(seen - p * count) < 5 * std::sqrt(count * p * (1 - p)));
    }
    constexpr std::uint64_t last = ~std::uint64_t{0};
    CHECK_FALSE(sim::happens({0}, 0));
    CHECK(sim::happens({1'000'000'000}, last));
    CHECK_FALSE(sim::happens({999'999'999}, last));
    CHECK(sim::happens({500'000'000}, last / 2));
    CHECK_FALSE(sim::happens({500'000'000}, last / 2 + 1));
    CHECK(sim::happens({1}, 18'446'744'073));  // floor(2^64 / 1e9)
    CHECK_FALSE(sim::happens({1}, 18'446'744'074));
}

TEST_CASE("Zipf indexes are as frequent as their powers say") {
    struct Case {
        std::uint32_t count;
        std::int64_t exponent_nano;
    };
    for (const Case c : {Case{1, 1'000'000'000},
                         {7, 0},
                         {100, 1'000'000'000},
                         {30'000, 500'000'000},
                         {1'000'000, 990'000'000},
                         {10'000'000, 0},
                         {10'000'000, 1'200'000'000}}) {
        CAPTURE(c.count);
        CAPTURE(c.exponent_nano);
        const sim::Zipf zipf(c.count, {c.exponent_nano});
        constexpr int count = 500'000;
        // Cells that grow by a tenth: single indexes first, later whole ranges and parts of blocks.
        std::vector<double> expected;
        std::vector<std::uint32_t> ends;
        double total = 0;
        for (std::uint32_t i = 0; i < c.count; ++i) {
            if (ends.empty() || i >= ends.back()) {
                ends.push_back(i + i / 10 + 1);
                expected.push_back(0);
            }
            const double weight = std::pow(i + 1.0, -static_cast<double>(c.exponent_nano) / 1e9);
            expected.back() += weight;
            total += weight;
        }
        std::vector<double> seen(ends.size());
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint32_t index = zipf.draw(sim::draw(key, i, 40));
            REQUIRE(index < c.count);
            seen[static_cast<std::size_t>(std::ranges::upper_bound(ends, index) - ends.begin())]++;
        }
        for (std::size_t i = 0; i < seen.size(); ++i) {
            CAPTURE(i);
            const double mean = count * expected[i] / total;
            CHECK(std::abs(seen[i] - mean) <= 5 * std::sqrt(mean) + 1);
        }
    }
    CHECK_EQ(sim::Zipf(10'000'000, {}).draw(0), 0);
    CHECK_GT(sim::Zipf(10'000'000, {0}).draw(~std::uint64_t{0}), 9'900'000);
}

TEST_CASE("choices from nothing are refused") {
    const zab::EnsureHandler previous = zab::set_ensure_handler(throw_reason);
    CHECK_THROWS_AS(sim::Zipf(0, {}), std::logic_error);
    CHECK_THROWS_AS(sim::uniform_below(key, 0), std::logic_error);
    zab::set_ensure_handler(previous);
}
