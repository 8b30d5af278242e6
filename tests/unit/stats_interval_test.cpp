#include "analysis/stats/interval.hpp"
#include "analysis/stats/quantity.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace analysis {

TEST_CASE("the 95 % interval of known samples is that of the textbook") {
    // mean 5, sample deviation sqrt(32 / 7), t(7) = 2.365.
    const std::array<double, 8> values = {2, 4, 4, 4, 5, 5, 7, 9};

    const auto found = estimate(values);

    REQUIRE(found.has_value());
    CHECK(found->mean == doctest::Approx(5.0));
    CHECK(found->median == doctest::Approx(4.5));
    CHECK(found->min == doctest::Approx(2.0));
    CHECK(found->max == doctest::Approx(9.0));
    CHECK(*found->deviation == doctest::Approx(2.13809).epsilon(1e-5));
    CHECK(*found->half_width == doctest::Approx(1.78777).epsilon(1e-5));
}

TEST_CASE("two runs have an interval and one has none") {
    const std::array<double, 1> one = {3};
    const std::array<double, 2> two = {1, 3};

    CHECK_FALSE(estimate(one)->half_width.has_value());
    CHECK(estimate(one)->median == doctest::Approx(3.0));
    CHECK(*estimate(two)->half_width == doctest::Approx(12.706));
    CHECK_FALSE(estimate({}).has_value());
}

TEST_CASE("equal runs have an interval of no width") {
    const std::vector<double> values(10, 7.0);

    CHECK(*estimate(values)->half_width == doctest::Approx(0.0));
}

TEST_CASE("an estimate does not depend on the order of the runs") {
    const std::array<double, 4> up = {0.1, 1e9, 3e-7, 12};
    const std::array<double, 4> down = {12, 3e-7, 1e9, 0.1};

    CHECK(estimate(up)->mean == estimate(down)->mean);
    CHECK(*estimate(up)->half_width == *estimate(down)->half_width);
}

TEST_CASE("the factor of the interval is the tabulated one and never too small") {
    CHECK(student_t_95(1) == doctest::Approx(12.706));
    CHECK(student_t_95(9) == doctest::Approx(2.262));
    CHECK(student_t_95(30) == doctest::Approx(2.042));
    CHECK(student_t_95(34) == doctest::Approx(2.042));
    CHECK(student_t_95(199) == doctest::Approx(1.976));
    CHECK(student_t_95(1'000'000) == doctest::Approx(1.962));
    for (std::size_t degrees = 1; degrees < 2000; ++degrees) {
        CHECK(student_t_95(degrees + 1) <= student_t_95(degrees));
    }
}

TEST_CASE("durations are written in the unit that fits") {
    struct Case {
        std::int64_t ns;
        std::string text;
    };
    const std::array<Case, 10> cases = {
        {{0, "0 s"},
         {999, "999 ns"},
         {1'000, "1.000 us"},
         {12'345'678, "12.346 ms"},
         {12'345'499, "12.345 ms"},
         {999'999'999, "1,000.000 ms"},
         {60'000'000'000, "60.000 s"},
         {4'321'000'000'000, "4,321.000 s"},
         {-1'500'000, "-1.500 ms"},
         {std::numeric_limits<std::int64_t>::min(), "-9,223,372,036.855 s"}}};

    for (const Case& c : cases) CHECK(duration_text({c.ns}) == c.text);
}

TEST_CASE("counts and thousandths have separators and no idle zeros") {
    CHECK(count_text(0) == "0");
    CHECK(count_text(999) == "999");
    CHECK(count_text(1000) == "1,000");
    CHECK(count_text(std::numeric_limits<std::uint64_t>::max()) == "18,446,744,073,709,551,615");
    CHECK(thousandths_text(1'234'500) == "1,234.5");
    CHECK(thousandths_text(3'000) == "3");
    CHECK(thousandths_text(-1) == "-0.001");
    CHECK(percent_text(123) == "12.3 %");
}

}  // namespace analysis
