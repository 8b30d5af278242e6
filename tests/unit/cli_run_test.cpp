#include "tests/unit/cli_script.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace cli {

TEST_CASE("a run prints summary, verdict, hash and how to reproduce it") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);

    const Called called = call({"run", file});

    CAPTURE(called.talk);
    CHECK(called.exit == 0);
    CHECK(called.prints("properties checked, no violation"));
    CHECK(called.prints("trace hash  0x"));
    CHECK(called.prints("reproduce   zabsim run " + file + " --seed 1\n"));
    CHECK(called.talk.empty());
}

TEST_CASE("the same seed gives the same hash, and another seed another") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    const auto hash = [&](const std::string& seed) {
        return value_after(call({"run", file, "--seed", seed}).out, "trace hash");
    };

    CHECK(hash("7") == hash("0x7"));
    CHECK(hash("7") != hash("8"));
}

TEST_CASE("an expectation that is not met exits 3") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);

    const Called called = call({"run", file, "--set", R"(expect={"write_p99": "<= 1ns"})"});

    CHECK(called.exit == 3);
    CHECK(called.prints("NOT MET write_p99 <= 1ns"));
    CHECK(called.prints(R"(--set 'expect={"write_p99": "<= 1ns"}')"));
}

TEST_CASE("the guarantees are an expectation, too, but only where they were checked") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    const std::string guarantees = R"(expect={"guarantees": "all"})";

    const Called checked = call({"run", file, "--set", guarantees});
    const Called unchecked = call({"run", file, "--set", guarantees, "--check", "none"});

    CHECK(checked.exit == 0);
    CHECK(checked.prints("guarantees: all"));
    CHECK(unchecked.exit == 0);
    CHECK(unchecked.prints("not checked: the guarantees: --check none"));
    CHECK(!unchecked.prints("guarantees: all"));
}

TEST_CASE("mistakes in scenarios exit 2, all of them told, and nothing runs") {
    const Folder folder;
    const std::string good = folder.write("good.json", tiny);
    const std::string bad = folder.write("bad.json", R"({"duratoin": "1s", "seed": "x"})");

    const Called called = call({"run", good, bad, folder.path("none.json")});

    CHECK(called.exit == 2);
    CHECK(called.out.empty());
    CHECK(called.says("duratoin"));
    CHECK(called.says("/seed"));
    CHECK(called.says("none.json: error: no such file"));
}

TEST_CASE("--set replaces a key and its mistakes are told") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);

    CHECK(call({"run", file, "--set", "ensemble.voters=5"}).prints("5 voters"));
    CHECK(call({"run", file, "--set", "ensemble.voters=-5"}).exit == 2);
}

TEST_CASE("--until ends a run before its time") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);

    const Called called = call({"run", file, "--until", "700ms"});

    CHECK(called.prints("700.000 ms simulated"));
    CHECK(called.prints("--seed 1 --until 700ms"));
}

TEST_CASE("--seeds gives a table over the seeds and its JSON") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);

    const Called text = call({"run", file, "--seeds", "3..5"});
    const Called json = call({"run", file, "--seeds", "3..5", "--json"});

    CHECK(text.exit == 0);
    CHECK(text.prints("+/- 95 %"));
    CHECK(text.prints("in each of 3 seeds, no violation"));
    CHECK(text.prints("--seeds 3..5"));
    const auto parsed = nlohmann::json::parse(json.out);
    REQUIRE(parsed["runs"].size() == 3);
    CHECK(parsed["runs"][0]["seed"] == "0x0000000000000003");
}

TEST_CASE("JSON goes to a file beside the text, or to standard output in its place") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);

    const Called beside = call({"run", file, "--json=" + folder.path("out.json")});
    const Called instead = call({"run", "--json", file, "--profile"});
    const Called several = call({"run", file, file, "--json=-"});

    CHECK(beside.prints("trace hash"));
    CHECK(nlohmann::json::parse(folder.read("out.json"))["kind"] == "run");
    CHECK(nlohmann::json::parse(instead.out)["verdict"]["safety_violations"] == 0);
    CHECK(instead.says("Profile"));
    CHECK(nlohmann::json::parse(several.out).size() == 2);
}

TEST_CASE("a profile counts every record and does not change the run") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);

    const Called plain = call({"run", file});
    const Called profiled = call({"run", file, "--profile"});

    CHECK(profiled.exit == 0);
    CHECK(profiled.prints("trace bytes"));
    CHECK(profiled.prints("measured around each event"));
    CHECK(value_after(plain.out, "trace hash") == value_after(profiled.out, "trace hash"));
}

TEST_CASE("an output that cannot be written exits 6 and leaves nothing") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    const std::string nowhere = folder.path("none/out");
    const std::size_t before = folder.files();

    const Called json = call({"run", file, "--json=" + nowhere});
    const Called trace = call({"run", file, "--trace", nowhere});
    const Called full = call({"run", file, "--trace", "/dev/full", "--level", "all"});

    CHECK(json.exit == 6);
    CHECK(json.says("cannot create it"));
    CHECK(trace.exit == 6);
    CHECK(trace.says("cannot create it"));
    CHECK(full.exit == 6);
    CHECK(folder.files() == before);
}

TEST_CASE("an interrupted run keeps what there is and exits 130") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);

    const Called called =
        call({"run", file, "--trace", folder.path("t.jsonl"), "--level", "all"}, true);

    CHECK(called.exit == 130);
    CHECK(called.says("interrupted"));
    CHECK(called.prints("trace hash"));
    CHECK(folder.read("t.jsonl").find("until interrupted") != std::string::npos);
    CHECK(call({"run", file, "--seeds", "1..3"}, true).exit == 130);
}

TEST_CASE("no output takes the place of an input or of another output") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    const std::string same = folder.path(
        "../" + std::filesystem::path(folder.path("")).parent_path().filename().string() +
        "/tiny.json");

    const Called trace = call({"run", file, "--trace", same});
    const Called json = call({"run", file, "--json=" + file});
    const Called both =
        call({"run", file, "--trace", folder.path("a"), "--json=" + folder.path("./a")});
    const Called check = call({"check", file, "--json=" + file});
    const Called merge = call({"merge", file, "--json=" + file});
    const Called fuzz = call({"fuzz", file, "--seeds=1..1", "--out", folder.path("out"), "--known",
                              same, "--junit", file});

    CHECK(trace.exit == 2);
    CHECK(trace.says("--trace would overwrite "));
    CHECK(json.exit == 2);
    CHECK(json.says("--json would overwrite "));
    CHECK(both.exit == 2);
    CHECK(both.says("--trace and --json name one file"));
    CHECK(check.exit == 2);
    CHECK(check.says("--json would overwrite "));
    CHECK(merge.exit == 2);
    CHECK(merge.says("--json would overwrite "));
    CHECK(fuzz.exit == 2);
    CHECK(fuzz.says("--junit would overwrite "));
    CHECK(folder.read("tiny.json") == tiny);
    CHECK(folder.files() == 1);
}

TEST_CASE("fuzz: a report does not take the place of the list of known failures") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    const std::string known = folder.write("known.json", R"({"format": 1, "known": []})");
    const Called called = call({"fuzz", file, "--seeds=1..1", "--out", folder.path("out"),
                                "--known", known, "--junit", known});
    CHECK(called.exit == 2);
    CHECK(called.says("--junit would overwrite "));
    CHECK(folder.files() == 2);
}

TEST_CASE("no output takes the place of a file that the scenario extends") {
    const Folder folder;
    const std::string base = folder.write("base.json", tiny);
    const std::string file = folder.write("own.json", R"({ "extends": "base.json" })");
    const Called called = call({"run", file, "--trace", base});
    CHECK(called.exit == 2);
    CHECK(called.says("/extends: cannot read "));
    CHECK(called.says("--trace would overwrite "));
    CHECK(folder.read("base.json") == tiny);
}

}  // namespace cli
