#include "tests/support/golden_hashes.hpp"

#include "tests/support/trace_samples.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace tests {

namespace {

constexpr const char* committed = "behaviour 7\na 0x1 10\nb 0x2 20\n";

const GoldenHashes as_committed{7, {{"a", "0x1 10"}, {"b", "0x2 20"}}};
const GoldenHashes moved_silently{7, {{"a", "0x1 10"}, {"b", "0x3 20"}}};
const GoldenHashes moved_and_raised{8, {{"a", "0x1 10"}, {"b", "0x3 20"}}};
const GoldenHashes raised_only{8, {{"a", "0x1 10"}, {"b", "0x2 20"}}};
const GoldenHashes moved_and_lowered{6, {{"a", "0x1 10"}, {"b", "0x3 20"}}};
const GoldenHashes one_more_run{7, {{"a", "0x1 10"}, {"b", "0x2 20"}, {"c", "0x4 5"}}};
const GoldenHashes one_run_less{7, {{"a", "0x1 10"}}};
const GoldenHashes shorter_by_a_record{7, {{"a", "0x1 9"}, {"b", "0x2 20"}}};

}  // namespace

TEST_CASE("hashes that move are passed and written only with a raised behaviour") {
    struct Case {
        const char* name;
        const GoldenHashes& found;
        bool passes, is_writable;
        const char* reason;  ///< What the refusal says.
    };
    const Case cases[] = {
        {"nothing moved", as_committed, true, true, ""},
        {"moved under the same number", moved_silently, false, false, "b: 0x3 20 was 0x2 20"},
        {"a record less under the same number", shorter_by_a_record, false, false,
         "a: 0x1 9 was 0x1 10"},
        {"moved under a raised number", moved_and_raised, false, true, "GOLDEN_REWRITE=1 writes"},
        {"a number raised for nothing", raised_only, false, true, "GOLDEN_REWRITE=1 writes"},
        {"moved under a lower number", moved_and_lowered, false, false, "fell from 7 to 6"},
        {"a run more", one_more_run, false, true, "GOLDEN_REWRITE=1 writes"},
        {"a run less", one_run_less, false, true, "GOLDEN_REWRITE=1 writes"},
    };
    for (const Case& c : cases) {
        CAPTURE(std::string(c.name));
        const TemporaryFolder folder;
        const std::string file = folder.file("hashes.txt");
        std::ofstream(file) << committed;

        const std::string read_only = settle(file, c.found, false);
        const std::string untouched = contents(file);
        const std::string rewriting = settle(file, c.found, true);

        CHECK(read_only.empty() == c.passes);
        CHECK(read_only.find(c.reason) != std::string::npos);
        CHECK(untouched == committed);
        CHECK(rewriting.empty() == c.is_writable);
        CHECK((contents(file) == committed) == (c.passes || !c.is_writable));
        if (c.is_writable) CHECK(settle(file, c.found, false).empty());
    }
}

TEST_CASE("a missing file of hashes is no occasion to write any") {
    const TemporaryFolder folder;
    const std::string file = folder.file("hashes.txt");

    CHECK_FALSE(settle(file, as_committed, true).empty());
    CHECK_FALSE(std::filesystem::exists(file));
}

}  // namespace tests
