#include "cli/hunt/pointers.hpp"
#include "sim/scenario/json_parse.hpp"
#include "tests/unit/cli_script.hpp"

#include <doctest/doctest.h>

#include <regex>

namespace cli {

namespace {

/// The capsule of a failure of release 3.4.10.
std::string capsule_in(const Folder& folder) {
    call({"fuzz", "scenarios/chaos/default.json", "--set", "release=3.4.10", "--seeds", "50..69",
          "--jobs", "1", "--out", folder.path("found")});
    return folder.path("found/newleader_ack-follower.json");
}

std::string replaced(const std::string& text, const std::string& what, const std::string& with) {
    std::string out = text;
    const std::size_t at = out.find(what);
    REQUIRE(at != std::string::npos);
    return out.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("replay: a capsule may end as expected, by another path, fixed, or otherwise") {
    const Folder folder;
    capsule_in(folder);
    const std::string text = folder.read("found/newleader_ack-follower.json");
    const auto replay = [&](const std::string& changed) {
        return call({"replay", folder.write("c.json", changed)});
    };
    CHECK(replay(text).prints("as expected: newleader_ack@follower\n"));
    const std::regex hash(R"("hash": "0x[0-9a-f]*")");
    const Called other = replay(std::regex_replace(text, hash, R"("hash": "0x0000000000000001")"));
    CHECK(other.exit == 0);
    CHECK(other.prints("by another path"));
    const Called fixed = replay(replaced(text, "\"3.4.10\"", "\"fixed\""));
    CHECK(fixed.exit == 5);
    CHECK(fixed.prints("NOT as expected: clean instead of newleader_ack@follower"));
    const Called drifted =
        replay(replaced(text, "\"newleader_ack@follower\"", "\"log_matching@leader\""));
    CHECK(drifted.exit == 5);
    CHECK(drifted.prints("newleader_ack@follower instead of log_matching@leader"));
}

TEST_CASE("replay: the capsules of repaired and of planted defects end as they say") {
    const Called replay = call({"replay", "scenarios/regress", "scenarios/bugs/found"});
    CHECK(replay.exit == 0);
    CHECK(replay.prints(" as expected\n"));
}

TEST_CASE("replay: a capsule that hangs is ended, and those beside it are not") {
    const Folder folder;
    const std::string hangs = folder.write("a.json", R"({"duration": "3600000s",
        "clients": [{"count": 100, "load": {"closed": {"outstanding": 100}}}],
        "capsule": {"format": 1, "expected": "internal_error@process"}})");
    const std::string ends = folder.write("b.json", R"({"duration": "5s",
        "clients": [{"count": 1}], "capsule": {"format": 1, "expected": "clean"}})");
    const Called replay = call({"replay", hangs, ends, "--patience", "2s", "--jobs", "2"});
    CHECK(replay.exit == 0);
    CHECK(replay.prints("a.json: as expected: internal_error@process\n"));
    CHECK(replay.out.find("b.json: as expected: clean\n") > replay.out.find("a.json"));
    CHECK(replay.prints("2 of 2 as expected\n"));
}

TEST_CASE("replay: what is no capsule is named, with its place") {
    const Folder folder;
    const std::string start = R"({"clients": [{"count": 1}], "capsule": )";
    const std::vector<std::pair<std::string, std::string>> cases = {
        {tiny, "/capsule: missing"},
        {start + R"({"format": 2, "expected": "clean"}})", "capsules of format 1"},
        {start + R"({"format": 1}})", "expected"},
        {start + R"({"format": 1, "expected": 5}})", "/capsule/expected"},
        {start + R"({"format": 1, "expected": ""}})", "neither \"clean\" nor a class"},
        {start + R"({"format": 1, "expected": "clean@"}})", "neither \"clean\" nor a class"},
        {start + R"({"format": 1, "expected": "clean", "hash": "0x1"}})", "/capsule/hash"},
        {start + R"({"format": 1, "expected": "clean",
            "certificate": [{"item": "/faults/0", "gone": 3, "tries": 2}]}})",
         "/capsule/certificate/0/gone"},
        {"{", "c.json:1:"},
    };
    for (const auto& [text, says] : cases) {
        const Called replay = call({"replay", folder.write("c.json", text)});
        CAPTURE(says);
        CHECK(replay.exit == 2);
        CHECK(replay.says(says));
    }
    CHECK(call({"replay", folder.path("nowhere")}).exit == 2);
}

TEST_CASE("freeze: the world written out has the trace of the one that was drawn") {
    const Folder folder;
    for (std::uint64_t seed = 1; seed <= 25; ++seed) {
        CAPTURE(seed);
        const std::string number = std::to_string(seed);
        const std::string file = folder.path("w.json");
        const std::vector<std::string> chaos = {"scenarios/chaos/default.json", "--set",
                                                "duration=12s", "--seed", number};
        std::vector<std::string> freeze = {"freeze", "--out", file};
        freeze.insert(freeze.end(), chaos.begin(), chaos.end());
        REQUIRE(call(freeze).exit == 0);
        std::vector<std::string> run = {"run"};
        run.insert(run.end(), chaos.begin(), chaos.end());
        const std::string hash = value_after(call(run).out, "trace hash  ");
        CHECK(hash.starts_with("0x"));
        CHECK(value_after(call({"run", file}).out, "trace hash  ") == hash);
    }
}

TEST_CASE("freeze: a reader of what it prints that leaves is no news, a full disk is") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    for (const bool has_left : {true, false}) {
        std::ostringstream out;
        out.setstate(std::ios::badbit);
        std::ostringstream talk;
        const Environment environment{
            .out = out, .talk = talk, .reader_left = [has_left] { return has_left; }};
        const int exit = run_cli(std::vector<std::string>{"freeze", file}, environment);
        CHECK(exit == (has_left ? 0 : 6));
        CHECK(talk.str().empty() == has_left);
    }
    CHECK(call({"freeze", file}).prints("\"name\": \"tiny\""));
}

TEST_CASE("freeze lists what clients ask for, and leaves alone what nobody would read") {
    const Folder folder;
    const std::string file = folder.path("w.json");
    const Called small = call({"freeze", "scenarios/chaos/default.json", "--seed", "17", "--set",
                               "duration=12s", "--out", file});
    CHECK(small.exit == 0);
    auto root = sim::json::parse_if_valid(folder.read("w.json"));
    REQUIRE(root.has_value());
    const auto* requests = value_at(*root, "/clients/0/requests/0");
    REQUIRE(requests != nullptr);
    CHECK(requests->elements.size() > 5);
    CHECK(folder.read("w.json").find("\"operations\"") == std::string::npos);
    const std::string bursts =
        R"(clients.0.load={"open": {"bursts": {"every": "1s", "size": 20000}}})";
    const Called large =
        call({"freeze", "scenarios/basics/five-lines.json", "--set", bursts, "--out", file});
    CHECK(large.exit == 0);
    CHECK(large.says("more than 100000 requests: they stay drawn"));
    CHECK(folder.read("w.json").find("\"requests\"") == std::string::npos);
}

TEST_CASE(
    "shrink: a capsule lists requests, and those are left out that the failure does not need") {
    const Folder folder;
    const std::string capsule = capsule_in(folder);
    const auto requests = [&](const std::string& name) {
        const std::string text = folder.read(name);
        const std::regex request(R"("(create|set \d+|get \d+|sync \d+)[^"]*",?\n)");
        return std::distance(std::sregex_iterator(text.begin(), text.end(), request), {});
    };
    CHECK(requests("found/newleader_ack-follower.json") > 20);
    CHECK(call({"shrink", capsule, "--out", folder.path("small.json")}).exit == 0);
    CHECK(requests("small.json") < 20);
}

TEST_CASE("freeze --logical: faults come after steps of the story, and the failure stays") {
    const Folder folder;
    const std::string story = folder.path("story.json");
    CHECK(call({"freeze", capsule_in(folder), "--logical", "--out", story}).exit == 0);
    const std::string text = folder.read("story.json");
    CHECK(text.find("\"at\"") == std::string::npos);
    CHECK(text.find("\"after\"") != std::string::npos);
    const Called replay = call({"replay", story});
    CHECK(replay.exit == 0);
    CHECK(replay.prints("as expected: newleader_ack@follower"));
}

TEST_CASE("shrink: what is left still fails, and the failure is gone without any of it") {
    const Folder folder;
    const std::string capsule = capsule_in(folder);
    const std::string small = folder.path("small.json");
    const Called shrink = call({"shrink", capsule, "--out", small});
    CHECK(shrink.exit == 0);
    CHECK(folder.read("small.json").size() <
          folder.read("found/newleader_ack-follower.json").size());
    const Called replay = call({"replay", small});
    CHECK(replay.exit == 0);
    CHECK_FALSE(replay.prints("another path"));
    const auto story = sim::json::parse_if_valid(folder.read("small.json"));
    REQUIRE(story.has_value());
    CHECK(pointers_to_items(*story).size() <= 15);
    CHECK(call({"shrink", small, "--certify"}).exit == 0);
    const Called run = call({"run", small});
    CHECK(run.exit == 1);
}

TEST_CASE("shrink: a capsule that does not fail any more, or expects none, is not cut down") {
    const Folder folder;
    capsule_in(folder);
    const std::string text = folder.read("found/newleader_ack-follower.json");
    const std::string fixed = folder.write("f.json", replaced(text, "\"3.4.10\"", "\"fixed\""));
    const Called gone = call({"shrink", fixed, "--out", folder.path("out.json")});
    CHECK(gone.exit == 5);
    CHECK(gone.says("does not fail in newleader_ack@follower any more"));
    CHECK_FALSE(std::filesystem::exists(folder.path("out.json")));
    CHECK(call({"shrink", "scenarios/regress/reset-while-dialling.json"}).exit == 2);
    CHECK(call({"shrink", folder.write("t.json", tiny)}).exit == 2);
    CHECK(call({"shrink", fixed}, true).exit == 130);
}

TEST_CASE("chaos that contradicts what the scenario fixes is told, by every command that draws") {
    const std::vector<std::string> wan = {"scenarios/wan/five-regions.json", "--set", "chaos={}"};
    for (const std::string command : {"run", "verify", "freeze"}) {
        std::vector<std::string> words = {command, "--seed", "1"};
        words.insert(words.end(), wan.begin(), wan.end());
        const Called called = call(words);
        CAPTURE(command);
        CHECK(called.exit == 2);
        CHECK(called.says("/chaos: what it draws contradicts the rest of the scenario"));
        CHECK(called.says("/chaos/vary"));
    }
    CHECK(call({"run", "scenarios/wan/five-regions.json", "--set", R"(chaos={"vary": []})", "--set",
                "duration=200s", "--until", "2s"})
              .exit == 3);  // Its expectations are of the whole run.
}

TEST_CASE("pointers name faults, groups of clients and keys, and take them out") {
    auto root = sim::json::parse_if_valid(
        R"({"why": "w", "ensemble": {"voters": 3, "a/b": 1}, "cpu": "zero",
            "faults": [{"at": "1s"}, {"at": "2s"}]})");
    REQUIRE(root.has_value());
    CHECK(pointers_to_items(*root) == std::vector<std::string>{"/ensemble/voters", "/ensemble/a~1b",
                                                               "/cpu", "/faults/0", "/faults/1"});
    CHECK(pointers_to_keys(*root) == std::vector<std::string>{"/ensemble", "/cpu", "/faults",
                                                              "/ensemble/voters", "/ensemble/a~1b",
                                                              "/faults/0/at", "/faults/1/at"});
    REQUIRE(value_at(*root, "/faults/1/at") != nullptr);
    CHECK(value_at(*root, "/faults/1/at")->text == "2s");
    CHECK(value_at(*root, "/faults/2") == nullptr);
    CHECK(remove_at(*root, "/faults/0"));
    CHECK(remove_at(*root, "/ensemble/a~1b"));
    CHECK_FALSE(remove_at(*root, "/ensemble/a~1b"));
    CHECK_FALSE(remove_at(*root, ""));
    CHECK(sim::json::compact(*root) ==
          R"({"why":"w","ensemble":{"voters":3},"cpu":"zero","faults":[{"at":"2s"}]})");
}

}  // namespace cli
