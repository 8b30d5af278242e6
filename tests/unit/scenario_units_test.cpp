#include "sim/scenario/units.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace sim {

TEST_CASE("durations are exact decimals with a unit, and print in the largest one that fits") {
    struct Case {
        const char* text;
        std::int64_t ns;
        const char* printed;
    };
    static constexpr Case cases[] = {
        {"0s", 0, "0s"},
        {"0us", 0, "0s"},
        {"1ns", 1, "1ns"},
        {"250us", 250'000, "250us"},
        {"1.5ms", 1'500'000, "1500us"},
        {"1.000000ms", 1'000'000, "1ms"},
        {"0.000001ms", 1, "1ns"},
        {"2s", 2'000'000'000, "2s"},
        {"10m", 600'000'000'000, "600s"},
        {"1.5m", 90'000'000'000, "90s"},
        {"1h", 3'600'000'000'000, "3600s"},
        {"0.000000000001h", 0, nullptr},
        {"0.0000000000025h", 9, "9ns"},
        {"9223372036854775807ns", std::numeric_limits<std::int64_t>::max(),
         "9223372036854775807ns"},
    };
    for (const Case& c : cases) {
        SUBCASE(c.text) {
            const Parsed<zab::Duration> parsed = parse_duration(c.text);
            REQUIRE(parsed.value.has_value() == (c.printed != nullptr));
            if (c.printed == nullptr) return;
            CHECK(parsed.value->ns == c.ns);
            CHECK(to_text(*parsed.value) == c.printed);
        }
    }
}

TEST_CASE("what is no duration is refused with the reason") {
    struct Case {
        const char* text;
        const char* reason;
    };
    static constexpr Case cases[] = {
        {"", "not a number followed by a known unit"},
        {"s", "not a number followed by a known unit"},
        {"5", "a number without a unit"},
        {"5 s", "not a number followed by a known unit"},
        {" 5s", "not a number followed by a known unit"},
        {"5sec", "not a number followed by a known unit"},
        {"-5s", "not a number followed by a known unit"},
        {"1e3s", "not a number followed by a known unit"},
        {".5s", "not a number"},
        {"5.s", "not a number"},
        {"1.2.3s", "not a number"},
        {"0.5ns", "finer than its smallest unit"},
        {"1.0000000001s", "finer than its smallest unit"},
        {"9223372036854775808ns", "too large"},
        {"99999999999999999999s", "more than 19 significant digits"},
        {"1000000000h", "too large"},
    };
    for (const Case& c : cases) {
        SUBCASE(c.text) {
            const Parsed<zab::Duration> parsed = parse_duration(c.text);
            CHECK(!parsed.value.has_value());
            CHECK(parsed.reason == c.reason);
        }
    }
}

TEST_CASE("sizes and rates know decimal and binary units") {
    CHECK(parse_bytes("1kB").value == Bytes{1'000});
    CHECK(parse_bytes("1KiB").value == Bytes{1'024});
    CHECK(parse_bytes("1.5KiB").value == Bytes{1'536});
    CHECK(parse_bytes("2GiB").value == Bytes{std::uint64_t{2} << 30});
    CHECK(!parse_bytes("1KB").value);
    CHECK(!parse_bytes("0.5B").value);
    CHECK(to_text(Bytes{1'536}) == "1536B");
    CHECK(to_text(Bytes{3 << 20}) == "3MiB");
    CHECK(to_text(Bytes{5'000}) == "5kB");
    CHECK(parse_byte_rate("200MB/s").value == ByteRate{200'000'000});
    CHECK(!parse_byte_rate("200MB").value);
    CHECK(parse_bandwidth("2.5Gbit/s").value == Bandwidth{2'500'000'000});
    CHECK(parse_bandwidth("unlimited").value == Bandwidth{});
    CHECK(!parse_bandwidth("0bit/s").value);
    CHECK(to_text(Bandwidth{2'500'000'000}) == "2500Mbit/s");
    CHECK(to_text(Bandwidth{}) == "unlimited");
}

TEST_CASE("probabilities and factors are exact, in per cent or plain") {
    CHECK(parse_probability("1%").value == Probability{10'000'000});
    CHECK(parse_probability("0.0000001%").value == Probability{1});
    CHECK(parse_probability("0.001").value == Probability{1'000'000});
    CHECK(parse_probability("1e-3").value == Probability{1'000'000});
    CHECK(parse_probability("100%").value == Probability{Probability::certain_ppb});
    CHECK(parse_probability("100.0000001%").reason == "above 100%");
    CHECK(parse_probability("0.0000000001").reason == "finer than its smallest unit");
    CHECK(!parse_probability("%").value);
    CHECK(to_text(Probability{1}) == "0.0000001%");
    CHECK(to_text(Probability{Probability::certain_ppb}) == "100%");
    CHECK(parse_factor("0.99").value == Factor{990'000'000});
    CHECK(parse_factor("3").value == Factor{3 * Factor::one_nano});
    CHECK(parse_factor("25e-1").value == Factor{2'500'000'000});
    CHECK(!parse_factor("1e30").value);
    CHECK(!parse_factor("1e").value);
    CHECK(to_text(Factor{2'500'000'000}) == "2.5");
}

TEST_CASE("a rate gives the interval rounded to a nanosecond") {
    CHECK(parse_rate("100/s").value->interval() == zab::milliseconds(10));
    CHECK(parse_rate("3/s").value->interval() == zab::nanoseconds(333'333'333));
    CHECK(parse_rate("0.5/s").value->interval() == zab::seconds(2));
    CHECK(!parse_rate("100").value);
    CHECK(!parse_rate("100/m").value);
    CHECK(to_text(*parse_rate("0.25/s").value) == "0.25/s");
}

TEST_CASE("a zxid is written as epoch and counter, or as one hexadecimal number") {
    CHECK(parse_zxid("1:5").value == zab::Zxid::of({1}, 5));
    CHECK(parse_zxid("0x100000005").value == zab::Zxid::of({1}, 5));
    CHECK(parse_zxid("4294967295:4294967295").value == zab::Zxid{0xffff'ffff'ffff'ffff});
    CHECK(to_text(zab::Zxid::of({7}, 9)) == "7:9");
    for (const char* const wrong : {"", "5", "1:", ":5", "1:5:6", "4294967296:1", "0x",
                                    "0x10000000000000000", "-1:5", "1: 5"})
        CHECK_MESSAGE(!parse_zxid(wrong).value, wrong);
}

}  // namespace sim
