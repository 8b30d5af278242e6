#include "cli/hunt/campaign.hpp"
#include "cli/hunt/canary.hpp"
#include "cli/hunt/capsule_file.hpp"
#include "tests/unit/cli_script.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>

namespace cli {

namespace {

// A release that loses what it has acknowledged (ZOOKEEPER-3911), under the shipped chaos.
const std::vector<std::string> sick = {
    "fuzz", "scenarios/chaos/default.json", "--set", "release=3.4.10", "--set", "duration=20s"};

std::vector<std::string> with(std::vector<std::string> words, std::vector<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

std::string merged(const std::vector<std::string>& folders) {
    const Called merge = call(with({"merge"}, folders));
    CHECK(merge.talk.empty());
    return merge.out;
}

}  // namespace

TEST_CASE("fuzz: a sick release fails, and each class leaves one capsule that replays as it says") {
    const Folder folder;
    const Called fuzz = call(with(sick, {"--seeds", "1..12", "--jobs", "2", "--out",
                                         folder.path("found"), "--junit", folder.path("out.xml")}));
    CHECK(fuzz.exit == 1);
    CHECK(fuzz.prints("12 seeds, "));
    CHECK(fuzz.prints("newleader_ack@follower"));
    CHECK(folder.read("out.xml").find("<failure message=") != std::string::npos);
    const Called replay = call({"replay", folder.path("found")});
    CHECK(replay.exit == 0);
    CHECK(replay.prints("newleader_ack@follower"));
    const std::string good = value_after(replay.out, "json: ");
    CHECK(good.starts_with("as expected"));
    CHECK(good.find("another path") == std::string::npos);
}

TEST_CASE("fuzz: today's behaviour is clean, and exits 0") {
    const Folder folder;
    const Called fuzz = call({"fuzz", "scenarios/chaos/default.json", "--seeds", "1..12", "--jobs",
                              "2", "--out", folder.path("found"), "--set", "duration=20s"});
    CHECK(fuzz.exit == 0);
    CHECK(fuzz.prints("12 seeds, 12 clean, 0 failed"));
    CHECK(std::filesystem::exists(folder.path("found/results.jsonl")));

    const Called replay = call({"replay", folder.path("found")});
    CHECK(replay.exit == 0);
    CHECK(replay.prints("12 seeds, none failed: there is nothing to replay"));
    CHECK(call({"replay", folder.path("")}).exit == 2);  // It lies in there; this is no results.
}

TEST_CASE("merge: results are the same bytes whatever the number and order of shards") {
    const Folder folder;
    call(with(sick, {"--seeds", "1..12", "--jobs", "1", "--out", folder.path("whole")}));
    for (const std::string shard : {"1", "2", "3"}) {
        call(with(sick, {"--seeds", "1..12", "--jobs", "2", "--shard", shard + "/3", "--out",
                         folder.path("shard" + shard)}));
    }
    const std::string whole = merged({folder.path("whole")});
    CHECK(whole.find("12 seeds, ") == 0);
    CHECK(merged({folder.path("shard3"), folder.path("shard1"), folder.path("shard2")}) == whole);
    CHECK(merged({folder.path("shard2"), folder.path("whole"), folder.path("shard3"),
                  folder.path("shard1")}) == whole);
}

TEST_CASE("fuzz: goes on behind a line that a kill left half written") {
    const Folder folder;
    const auto words = with(sick, {"--seeds", "1..8", "--jobs", "1", "--out", folder.path("one")});
    call(words);
    const std::string all = folder.read("one/results.jsonl");
    const std::string whole = merged({folder.path("one")});
    folder.write("one/results.jsonl", all.substr(0, all.size() / 2));
    CHECK(merged({folder.path("one")}) != whole);  // The half line is passed over, not counted.
    CHECK(call(words).exit == 1);
    CHECK(folder.read("one/results.jsonl") == all);
}

TEST_CASE("fuzz: a last line that lacks only its end is kept, and a foreign file is not touched") {
    const Folder folder;
    const auto words = with(sick, {"--seeds", "1..3", "--jobs", "1", "--out", folder.path("one")});
    call(words);
    const std::string all = folder.read("one/results.jsonl");
    folder.write("one/results.jsonl", all.substr(0, all.size() - 1));
    CHECK(call(words).exit != 2);
    CHECK(folder.read("one/results.jsonl") == all);
    folder.write("one/results.jsonl", "my only copy");
    const Called foreign = call(words);
    CHECK(foreign.exit == 2);
    CHECK(foreign.says("results.jsonl:1: error: not a result"));
    CHECK(folder.read("one/results.jsonl") == "my only copy");
}

TEST_CASE("merge: numbers out of their range, and folders in place of files, are no results") {
    const Folder folder;
    const std::string line = to_line({.scenario = "0x1", .behaviour = 6, .seed = 1, .hash = "0x2"});
    std::string reason;
    CHECK(from_line(line, reason).has_value());
    for (const auto& [good, bad] : std::vector<std::pair<std::string, std::string>>{
             {"\"seed\":1", "\"seed\":-1"},
             {"\"seed\":1", "\"seed\":1.5"},
             {"\"behaviour\":6", "\"behaviour\":4294967302"},
             {"\"time_ns\":0", "\"time_ns\":9223372036854775808"}}) {
        std::string wrong = line;
        wrong.replace(wrong.find(good), good.size(), bad);
        CAPTURE(bad);
        CHECK_FALSE(from_line(wrong, reason).has_value());
        CHECK(reason.find(good.substr(0, good.find(':'))) != std::string::npos);
    }
    std::filesystem::create_directories(folder.path("odd/results.jsonl"));
    CHECK(call({"merge", folder.path("odd")}).exit == 2);
    CHECK(call({"merge", std::string(5'000, 'a')}).exit == 2);
}

TEST_CASE("merge: two different results of one seed are refused") {
    const Folder folder;
    call(with(sick, {"--seeds", "1..1", "--jobs", "1", "--out", folder.path("one")}));
    const std::string line = folder.read("one/results.jsonl");
    std::string other = line;
    other.replace(other.find("\"records\":"), 10, "\"records\":1");
    folder.write("two.jsonl", line + other);
    const Called merge = call({"merge", folder.path("two.jsonl")});
    CHECK(merge.exit == 2);
    CHECK(merge.says("two.jsonl:2: error: seed 1 has two different results"));
    folder.write("new.jsonl", "{\"format\":99}\n\n");
    CHECK(call({"merge", folder.path("new.jsonl")}).says("results of format 99"));
    folder.write("bad.jsonl", "nonsense\n\n");
    CHECK(call({"merge", folder.path("bad.jsonl")}).says("bad.jsonl:1: error: not a result"));
    CHECK(call({"merge", folder.path("none")}).exit == 2);
}

TEST_CASE("fuzz: a folder that cannot be written ends it with 6 before anything runs") {
    const Folder folder;
    folder.write("file", "");
    const Called fuzz = call(with(sick, {"--seeds", "1..2", "--out", folder.path("file/inside")}));
    CHECK(fuzz.exit == 6);
    CHECK(fuzz.says("file/inside: error: cannot be written"));
}

TEST_CASE("fuzz, replay: a report that cannot be written ends them with 6 before anything runs") {
    const Folder folder;
    const std::string report = folder.path("nowhere/out.xml");
    const Called fuzz = call(with(
        sick, {"--seeds", "1..2", "--jobs", "1", "--out", folder.path("one"), "--junit", report}));
    CHECK(fuzz.exit == 6);
    CHECK(fuzz.says("nowhere/out.xml"));
    CHECK_FALSE(std::filesystem::exists(folder.path("one/results.jsonl")));
    const Called replay = call({"replay", "scenarios/regress", "--junit", report});
    CHECK(replay.exit == 6);
    CHECK(replay.out.empty());
}

TEST_CASE("fuzz: a known failure does not fail the campaign until its day has passed") {
    const Folder folder;
    const auto known = [&](const std::string& until) {
        return folder.write("known.json", R"({"format": 1, "known": [
          {"class": "newleader_ack@follower", "until": ")" +
                                              until + R"(", "why": "3911"}]})");
    };
    // One seed: its failure is the one that is known.
    const auto words = with(sick, {"--seeds", "4..4", "--jobs", "1", "--out", folder.path("one"),
                                   "--new-only", "--known", folder.path("known.json")});
    known("9999-12-31");
    const Called first = call(words);
    CHECK(first.exit == 0);
    CHECK(first.prints("known     until 9999-12-31: 3911"));
    known("2020-01-01");
    CHECK(call(words).exit == 1);
    folder.write("known.json", R"({"format": 1, "known": [{"class": "x", "until": "soon"}]})");
    const Called wrong = call(words);
    CHECK(wrong.exit == 2);
    CHECK(wrong.says("known.json:1:"));
    CHECK(wrong.says("why"));
    for (const auto& [day, is_one] :
         std::vector<std::pair<std::string, bool>>{{"2028-02-29", true},
                                                   {"2027-02-29", false},
                                                   {"2027-04-31", false},
                                                   {"2027-13-01", false},
                                                   {"2027-00-10", false},
                                                   {"27-01-01", false}}) {
        known(day);
        CAPTURE(day);
        CHECK((call(words).exit != 2) == is_one);
    }
}

TEST_CASE("fuzz: wrong options are told, each with what is accepted") {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{"--shard", "3/2"}, "from 1 to 2"},
        {{"--shard", "2"}, "I/N"},
        {{"--jobs", "0"}, "from 1 to"},
        {{"--time", "10ms"}, "at least a second"},
        {{"--format", "xml"}, "text or github"},
        {{"--new-only"}, "--known FILE"},
        {{"--known", "nowhere.json"}, "nowhere.json: error: no such file"},
    };
    for (const auto& [more, says] : cases) {
        const Called called = call(with(sick, more));
        CAPTURE(says);
        CHECK(called.exit == 2);
        CHECK(called.says(says));
    }
}

TEST_CASE("fuzz: the canary dies, as it must") { CHECK(failure_of_canary().empty()); }

TEST_CASE("fuzz: reports for CI escape what their formats cannot hold") {
    CHECK(xml_text("a<b>&\"c\"\n\x01") == "a&lt;b&gt;&amp;&quot;c&quot;&#10;?");
    // Of UTF-8, XML 1.0 has not all: U+FFFF, surrogates, and what is none at all.
    CHECK(xml_text("é – 🦓\xef\xbf\xbd") == "é – 🦓\xef\xbf\xbd");
    CHECK(xml_text("a\xef\xbf\xbf") == "a???");
    CHECK(xml_text("\xed\xa0\x80"
                   "b") == "???b");
    CHECK(xml_text("\xc0\xaf"
                   "b\xe2\x82") == "??b??");
    CampaignSummary summary;
    summary.add({.seed = 7, .failure = "x@y", .message = "50%\nlost", .hash = "0x1"});
    CHECK(github_lines("f.json", summary) ==
          "::error file=f.json,title=x@y::seed 7: 50%25%0Alost \n");
    CHECK(github_lines("a,b:c.json", summary).find("file=a%2Cb%3Ac.json,title") !=
          std::string::npos);
}

TEST_CASE("fuzz: the greatest seed is the last, and one seed is one seed") {
    const Folder folder;
    const std::string quick = folder.write("quick.json", tiny);
    const Called last =
        call({"fuzz", quick, "--seeds", "18446744073709551611..18446744073709551615", "--jobs", "1",
              "--out", folder.path("last")});
    CHECK(last.exit == 0);
    CHECK(last.prints("5 seeds, 5 clean"));
    const Called beyond =
        call({"fuzz", quick, "--seeds", "18446744073709551615..18446744073709551615", "--shard",
              "3/3", "--out", folder.path("beyond")});
    CHECK(beyond.prints("0 seeds, 0 clean"));
    const Called one =
        call({"fuzz", quick, "--seed", "5", "--jobs", "1", "--out", folder.path("one")});
    CHECK(one.prints("1 seeds, 1 clean"));
}

TEST_CASE("fuzz: what a full disk leaves of a line is taken away again") {
    const Folder folder;
    const std::string path = folder.path("results.jsonl");
    const std::string line = to_line({.scenario = "0x1", .behaviour = 6, .seed = 1, .hash = "0x2"});
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    ResultLog log(path);
    log.append({.scenario = "0x1", .behaviour = 6, .seed = 1, .hash = "0x2"});
    const auto old = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit little{.rlim_cur = line.size() + 20, .rlim_max = before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &little) == 0);
    log.append({.scenario = "0x1", .behaviour = 6, .seed = 2, .hash = "0x2"});
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    ::signal(SIGXFSZ, old);
    CHECK(log.failure().has_value());
    CHECK(folder.read("results.jsonl") == line);
}

TEST_CASE("fuzz: the capsule of a seed whose process died has the whole run") {
    const TrialOutcome died{.failure = died_class, .message = "ended by signal 11"};
    const std::string text = capsule_text(tiny, 7, died, "zabsim run", false);
    CHECK(text.find(R"("duration": "2s")") != std::string::npos);
}

TEST_CASE("fuzz: the first seed of a class is its lowest, in whatever order they come") {
    CampaignSummary summary;
    summary.add({.seed = 9, .failure = "x", .message = "nine", .hash = ""});
    summary.add({.seed = 3, .failure = "x", .message = "three", .hash = ""});
    summary.add({.seed = 5, .failure = "x", .message = "five", .hash = ""});
    CHECK(summary.failures.at("x").first_seed == 3);
    CHECK(summary.failures.at("x").message == "three");
    CHECK(summary.failures.at("x").seeds == 3);
}

}  // namespace cli
