#include "analysis/check/checker_set.hpp"
#include "cli/comparison.hpp"
#include "tests/unit/cli_script.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace cli {

TEST_CASE("check gives a file the verdict of its run, and verifies hash and costs at level all") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    const std::string trace = folder.path("t.jsonl.zst");
    const Called run = call({"run", file, "--trace", trace, "--level", "all"});

    const Called checked = call({"check", trace});

    CAPTURE(checked.talk);
    CAPTURE(checked.out);
    CHECK(checked.exit == run.exit);
    CHECK(checked.prints(trace + ": held: "));
    CHECK(checked.prints("0x" + value_after(run.out, "trace hash  0x") + " verified"));
    CHECK(checked.prints("costs add up"));
}

TEST_CASE("analyze gives the summary of the run") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    const std::string trace = folder.path("t.jsonl");
    const Called run = call({"run", file, "--trace", trace, "--level", "all"});

    const Called analyzed = call({"analyze", trace});

    CHECK(analyzed.exit == run.exit);
    const auto body = [](const std::string& text) {
        const std::size_t begin = text.find("\nLeaders");
        return text.substr(begin, text.find('\n', text.find("\ntrace hash") + 1) - begin);
    };
    CHECK(body(analyzed.out) == body(run.out));
    const Called json = call({"analyze", trace, "--json"});
    CHECK(nlohmann::json::parse(json.out)["scenario"]["name"] == "tiny");
}

TEST_CASE("a file whose level cannot answer is refused by the level that is needed") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    const std::string trace = folder.path("t.jsonl");
    call({"run", file, "--trace", trace, "--level", "operations"});

    const Called checked = call({"check", trace});
    call({"run", file, "--trace", trace, "--level", "off"});
    const Called analyzed = call({"analyze", trace});
    const Called off = call({"check", trace});

    CHECK(checked.exit == 2);
    CHECK(checked.says("needed is level protocol: run with --level protocol"));
    CHECK(checked.prints("not checked: "));
    CHECK(off.exit == 2);
    CHECK(off.says("cannot answer for any guarantee"));
    CHECK(off.out.empty());
    CHECK(analyzed.exit == 2);
    CHECK(analyzed.says("needed is level"));
}

TEST_CASE("a file that is cut, changed, or no trace is refused") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    const std::string trace = folder.path("t.jsonl");
    call({"run", file, "--trace", trace, "--level", "all"});
    const std::string text = folder.read("t.jsonl");
    std::string changed = text;
    const std::size_t service = changed.find("\"service_ns\":");
    REQUIRE(service != std::string::npos);
    char& digit = changed[service + 13];
    digit = digit == '9' ? '8' : static_cast<char>(digit + 1);

    const Called cut = call({"check", folder.write("cut.jsonl", text.substr(0, text.size() / 2))});
    const Called tampered = call({"check", folder.write("changed.jsonl", changed)});
    const Called no_trace = call({"check", file});
    const Called none = call({"check", folder.path("none.jsonl")});

    CHECK(cut.exit == 2);
    CHECK(cut.says("truncated"));
    CHECK(tampered.exit == 2);
    CHECK(tampered.says("somebody changed the file"));
    CHECK(no_trace.exit == 2);
    CHECK(none.exit == 2);
}

TEST_CASE("an end that says of the guarantees what its records do not is told") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    for (const std::string level : {"all", "protocol"}) {
        CAPTURE(level);
        call({"run", file, "--trace", folder.path("t.jsonl"), "--level", level});
        std::string text = folder.read("t.jsonl");
        const std::size_t verdict = text.rfind("\"held\"");
        REQUIRE(verdict != std::string::npos);
        text.replace(verdict, 6, "\"violated\"");
        const std::string changed = folder.write("changed.jsonl", text);

        const Called checked = call({"check", changed, "--json"});
        const Called analyzed = call({"analyze", changed});

        const std::string told =
            "its end says that the guarantees were violated, but by its "
            "records they are held";
        CHECK(checked.says(told));
        CHECK(analyzed.says(told));
        // Both levels show whatever the guarantees speak of.
        CHECK(checked.exit == 2);
        CHECK(analyzed.exit == 2);

        // Another behaviour's run may have been judged by other checkers.
        const std::size_t behaviour = text.find("\"behaviour\":");
        text.replace(behaviour, 12, "\"behaviour\":9");
        const Called other = call({"check", folder.write("other.jsonl", text)});
        CHECK(other.says(told));
        CHECK(other.exit == 0);
    }
}

TEST_CASE("a trace hash has sixteen digits wherever it is written, and is read with fewer") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    std::string hash;
    std::string seed = "1";
    for (int i = 1; !hash.starts_with("0x0"); ++i) {  // Sooner or later one begins with a zero.
        seed = std::to_string(i);
        hash = value_after(call({"run", file, "--seed", seed}).out, "trace hash  ");
    }
    call({"run", file, "--seed", seed, "--trace", folder.path("t.jsonl"), "--level", "all"});
    std::string text = folder.read("t.jsonl");
    const std::size_t at = text.rfind("\"hash\":\"" + hash + "\"");
    REQUIRE(at != std::string::npos);
    text.erase(at + 10, 1);

    CHECK(hash.size() == 18);
    CHECK(call({"check", folder.path("t.jsonl")}).exit == 0);
    CHECK(call({"check", folder.write("short.jsonl", text)}).prints("trace hash " + hash));
}

TEST_CASE("verify runs a scenario three times and finds no difference") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);

    const Called called = call({"verify", file, "--seeds", "1..2"});

    CHECK(called.exit == 0);
    CHECK(called.prints("seed 1: the same three times"));
    CHECK(called.prints("seed 2: the same three times"));
}

namespace {

trace::Record numbered(std::uint64_t number) {
    return trace::Record({.kind = trace::Kind::commit,
                          .time = {static_cast<std::int64_t>(number)},
                          .node = {1},
                          .a = number});
}

}  // namespace

TEST_CASE("a comparison finds the block and the record in which two runs differ") {
    struct Case {
        const char* name;
        std::uint64_t first_length, second_length, changed, expected;
    };
    constexpr std::uint64_t nothing = ~std::uint64_t{0};
    static constexpr Case cases[] = {
        {"equal", 3000, 3000, nothing, nothing},
        {"equal, whole blocks", 2048, 2048, nothing, nothing},
        {"both empty", 0, 0, nothing, nothing},
        {"the very first", 3000, 3000, 0, 0},
        {"in the middle", 3000, 3000, 1500, 1500},
        {"the last of a block", 3000, 3000, 1023, 1023},
        {"the last of all", 3000, 3000, 2999, 2999},
        {"one run is longer", 3000, 3001, nothing, 3000},
        {"one run is shorter by blocks", 3000, 2048, nothing, 2048},
        {"one run is longer by blocks", 2048, 5000, nothing, 2048},
    };
    for (const Case& c : cases) {
        SUBCASE(c.name) {
            Milestones first;
            for (std::uint64_t i = 0; i < c.first_length; ++i) first.observe(numbered(i), i);
            first.finish();
            Comparison second(first);
            for (std::uint64_t i = 0; i < c.second_length; ++i) {
                second.observe(numbered(i == c.changed ? i + 1'000'000 : i), i);
            }
            second.finish();

            REQUIRE(second.difference().has_value() == (c.expected != nothing));
            if (c.expected == nothing) return;
            BlockKeeper keeper(second.difference()->first);
            for (std::uint64_t i = 0; i < c.first_length; ++i) keeper.observe(numbered(i), i);
            const auto place = first_difference(keeper.block(), *second.difference());
            REQUIRE(place.has_value());
            CHECK(second.difference()->first + *place == c.expected);
        }
    }
}

TEST_CASE("validate names what is wrong in three formats") {
    const Folder folder;
    const std::string good = folder.write("good.json", tiny);
    const std::string bad = folder.write("bad.json", "{\n  \"duratoin\": \"1s\"\n}");

    const Called text = call({"validate", good, bad});
    const Called json = call({"validate", good, bad, "--format", "json"});
    const Called github = call({"validate", good, bad, "--format", "github"});

    CHECK(text.exit == 2);
    CHECK(text.out == good + ": ok\n");
    CHECK(text.says(bad + ":2:3: error: "));
    const auto parsed = nlohmann::json::parse(json.out);
    CHECK(parsed[0]["ok"] == true);
    CHECK(parsed[1]["mistakes"][0]["line"] == 2);
    CHECK(parsed[1]["mistakes"][0]["column"] == 3);
    CHECK(github.prints("::error file=" + bad + ",line=2,col=3::"));
    CHECK(call({"validate", good}).exit == 0);
}

TEST_CASE("validate escapes in GitHub's form what would end the name of a file") {
    const Folder folder;
    const std::string bad = folder.write("a,b%.json", "{\n  \"duratoin\": \"1s\"\n}");
    CHECK(call({"validate", bad, "--format", "github"})
              .prints("file=" + folder.path("a%2Cb%25.json") + ",line=2,col=3::"));
}

TEST_CASE("list names every property, what it says and the level of trace that tells") {
    const Called called = call({"list", "--properties"});
    CHECK(called.exit == 0);
    for (const auto protocol : {analysis::Protocol::zab, analysis::Protocol::textbook}) {
        for (const analysis::Property& property : analysis::all_properties(protocol)) {
            CAPTURE(property.name);
            CHECK(called.prints(std::string(property.name) + " (--level "));
            CHECK(called.prints("\n    " + std::string(property.statement) + "\n"));
        }
    }
}

TEST_CASE("schemas and references are printed") {
    CHECK(nlohmann::json::parse(call({"schema", "scenario"}).out).contains("definitions"));
    CHECK(nlohmann::json::parse(call({"schema", "trace"}).out).is_object());
    CHECK(call({"schema", "trace", "--reference"}).prints("#"));
    CHECK(call({"schema", "scenario", "--reference"}).prints("#"));
}

TEST_CASE("list names the scenarios of a folder with their why") {
    const Folder folder;
    folder.write("tiny.json", tiny);
    folder.write("x.schema.json", "{}");

    const Called called = call({"list", "--dir", folder.path("")});

    CHECK(called.exit == 0);
    CHECK(called.prints("tiny.json\n    for tests\n"));
    CHECK(!called.prints("schema"));
    CHECK(call({"list", "--dir", folder.path("none")}).exit == 2);
}

}  // namespace cli
