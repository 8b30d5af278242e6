#include "analysis/metric/cost_check.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace analysis {

namespace {

using trace::Cost;
using Fields = trace::Record::Fields;

Fields caused(std::int64_t time_ns, std::uint32_t cause_back) {
    return {.kind = trace::Kind::work, .time = {time_ns}, .cause_back = cause_back};
}

}  // namespace

TEST_CASE("costs that add up are accepted") {
    CostCheck check;
    Fields record = caused(100, 1);
    record.wait_ns = 20;
    record.service_ns = 30;
    record.cost = Cost::wire;
    record.other_ns = 40;

    check.observe(trace::Record({.kind = trace::Kind::server_started, .time = {10}}), 0);
    check.observe(trace::Record(record), 1);

    CHECK(check.seen() == 2);
    CHECK(check.checked() == 1);
    CHECK(check.offences() == 0);
    CHECK_FALSE(check.first_offence().has_value());
}

TEST_CASE("the first record whose costs are wrong is reported") {
    struct Case {
        const char* name = nullptr;
        Fields record;
    };
    Fields short_of_one = caused(100, 1);
    short_of_one.service_ns = 89;
    Fields negative = caused(100, 1);
    negative.wait_ns = -10;
    negative.service_ns = 100;
    Fields no_kind = caused(100, 1);
    no_kind.other_ns = 90;
    Fields too_early = caused(100, 2);
    Fields held_by_nothing = caused(10, 1);
    held_by_nothing.held_back = 2;
    const Case cases[] = {{"a nanosecond is missing", short_of_one},
                          {"a negative wait", negative},
                          {"time of no kind", no_kind},
                          {"a cause before the first record", too_early},
                          {"held by a record before the first", held_by_nothing}};
    for (const Case& c : cases) {
        CAPTURE(c.name);
        CostCheck check;

        check.observe(trace::Record({.kind = trace::Kind::server_started, .time = {10}}), 0);
        check.observe(trace::Record(c.record), 1);
        check.observe(trace::Record(c.record), 2);

        CHECK(check.offences() >= 1);
        REQUIRE(check.first_offence().has_value());
        CHECK(check.first_offence()->id == 1);
        CHECK(check.first_offence()->record == trace::Record(c.record));
    }
}

TEST_CASE("a cause is found however far back it lies") {
    CostCheck check;
    constexpr std::uint32_t count = 100'000;
    for (std::uint32_t id = 0; id < count; ++id) {
        check.observe(trace::Record({.kind = trace::Kind::work, .time = {id}}), id);
    }
    Fields record = caused(count, count);
    record.cost = Cost::timer;
    record.other_ns = count;

    check.observe(trace::Record(record), count);

    CHECK(check.checked() == 1);
    CHECK(check.offences() == 0);
    CHECK(check.unchecked() == 0);
}

TEST_CASE("a cause that is not in the trace makes no claim") {
    SUBCASE("because it lies beyond the limit") {
        CostCheck check(1024);
        for (std::uint32_t id = 0; id < 2000; ++id) {
            check.observe(trace::Record({.kind = trace::Kind::work, .time = {id}}), id);
        }
        check.observe(trace::Record(caused(5000, 1500)), 2000);
        CHECK(check.unchecked() == 1);
        CHECK(check.offences() == 0);
    }
    SUBCASE("because its level leaves it out") {
        CostCheck check;
        check.observe(trace::Record({.kind = trace::Kind::work, .time = {1}}), 10);
        check.observe(trace::Record(caused(5000, 5)), 20);
        CHECK(check.unchecked() == 1);
        CHECK(check.offences() == 0);
    }
}

}  // namespace analysis
