#include "analysis/check/checker_set.hpp"
#include "sim/trace/record_table.hpp"
#include "tests/support/trace_samples.hpp"
#include "tests/unit/cli_script.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>

// What `check` says of a file that cannot answer for everything: never a verdict on the rest.

namespace cli {

namespace {

using nlohmann::json;
using Lines = std::vector<std::string>;

/// The lines of a trace of `tiny`.
Lines trace_of(const Folder& folder, const std::string& level) {
    const std::string file = folder.path("sound.jsonl");
    const Called run =
        call({"run", folder.write("tiny.json", tiny), "--trace", file, "--level", level});
    REQUIRE(run.exit == 0);
    return tests::lines_of(tests::contents(file));
}

std::string joined(const Lines& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

bool is_of_kind(const std::string& line, const std::string& kind) {
    return line.find("\"kind\":\"" + kind + "\"") != std::string::npos;
}

/// Takes all lines of a kind out, and makes the end agree as far as that can be.
void remove_kind(Lines& lines, const std::string& kind) {
    json end = json::parse(lines.back());
    const auto removed = std::erase_if(lines, [&](const auto& l) { return is_of_kind(l, kind); });
    REQUIRE(removed > 0);
    end["lines"] = lines.size() - 2;
    end["counts"].erase(kind);
    lines.back() = end.dump();
}

void replace_in(std::string& line, const std::string& from, const std::string& to) {
    const std::size_t at = line.find(from);
    REQUIRE(at != std::string::npos);
    line.replace(at, from.size(), to);
}

/// Makes the lines those of a format that is not known yet, with a kind of its own.
void make_newer(Lines& lines) {
    replace_in(lines[0], "zabsim.trace/1.4", "zabsim.trace/1.9");
    replace_in(lines[60], "\"kind\":\"", "\"kind\":\"new_");
    json end = json::parse(lines.back());
    const std::string kind = json::parse(lines[60])["kind"].get<std::string>().substr(4);
    end["counts"][kind] = end["counts"][kind].get<int>() - 1;
    end["counts"]["new_" + kind] = 1;
    lines.back() = end.dump();
}

}  // namespace

TEST_CASE("of each level check answers what it can, and names the level for every property else") {
    const std::string all = std::to_string(analysis::all_properties().size());
    for (const trace::Level level :
         {trace::Level::off, trace::Level::operations, trace::Level::protocol,
          trace::Level::messages, trace::Level::all}) {
        const std::string name(trace::level_names()[static_cast<std::size_t>(level)]);
        CAPTURE(name);
        const Folder folder;
        const std::string file = folder.write("t.jsonl", joined(trace_of(folder, name)));

        const Called checked = call({"check", file});

        std::size_t answered = 0;
        for (const analysis::Property& property : analysis::all_properties()) {
            CAPTURE(property.name);
            const std::string needed(
                trace::level_names()[static_cast<std::size_t>(property.level)]);
            const bool is_answered = property.level <= level;
            answered += is_answered ? 1 : 0;
            const std::string line = "not checked: " + std::string(property.name) +
                                     ": needs a trace of level " + needed + "\n";
            CHECK(checked.prints(line) == (!is_answered && level != trace::Level::off));
        }
        const std::string count = std::to_string(answered) + " of " + all + " properties checked";
        const bool is_whole = answered == analysis::all_properties().size();
        CHECK(checked.exit == (is_whole ? 0 : 2));
        CHECK(checked.prints(count) == (answered > 0));
        CHECK(checked.prints(": held: ") == is_whole);
        CHECK(checked.says("run with --level protocol") == !is_whole);
    }
}

TEST_CASE("a file that does not show its whole run gets no verdict at all") {
    struct Case {
        const char* name;
        std::function<void(Lines&)> damage;
        const char* message;
    };
    const Case cases[] = {
        {"nothing in it", [](Lines& l) { l.clear(); }, "the file is empty"},
        {"its header alone", [](Lines& l) { l.resize(1); }, "the trace is truncated"},
        {"its end is missing", [](Lines& l) { l.pop_back(); }, "the trace is truncated"},
        {"half of it", [](Lines& l) { l.resize(l.size() / 2); }, "the trace is truncated"},
        {"a record is missing", [](Lines& l) { l.erase(l.begin() + 50); }, "records stand above"},
        {"its first record is missing", [](Lines& l) { l.erase(l.begin() + 1); },
         "records stand above"},
        {"a record stands twice", [](Lines& l) { l.insert(l.begin() + 50, l[50]); },
         "ids rise from line to line"},
        {"two records changed places", [](Lines& l) { std::swap(l[50], l[51]); },
         "ids rise from line to line"},
        {"a kind is missing", [](Lines& l) { remove_kind(l, "deliver"); },
         "they add up to less than \"records\""},
        {"a window is claimed",
         [](Lines& l) { replace_in(l[0], "\"level\"", "\"from_ns\":0,\"to_ns\":9,\"level\""); },
         "shows a window of the run only"},
        {"a lower level is claimed",
         [](Lines& l) { replace_in(l[0], "\"level\":\"protocol\"", "\"level\":\"operations\""); },
         "a trace of level operations has no"},
        {"a higher level is claimed",
         [](Lines& l) { replace_in(l[0], "\"level\":\"protocol\"", "\"level\":\"all\""); },
         "stand above, not"},
        {"an unknown scenario",
         [](Lines& l) { replace_in(l[0], "\"duration\":", "\"duratoin\":"); }, "duratoin"},
        {"another major version",
         [](Lines& l) { replace_in(l[0], "zabsim.trace/1.", "zabsim.trace/2."); },
         "this zabsim reads zabsim.trace/1.x"},
    };
    for (const Case& c : cases) {
        CAPTURE(std::string(c.name));
        const Folder folder;
        Lines lines = trace_of(folder, "protocol");
        c.damage(lines);

        const Called checked = call({"check", folder.write("t.jsonl", joined(lines))});

        CAPTURE(checked.talk);
        CHECK(checked.exit == 2);
        CHECK(checked.says(c.message));
        CHECK(checked.out.empty());
    }
}

TEST_CASE("a window of a run gets no verdict, whatever its level") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    const std::string trace = folder.path("t.jsonl");
    for (const char* const level : {"operations", "protocol", "messages", "all"}) {
        CAPTURE(level);
        call({"run", file, "--trace", trace, "--level", level, "--set", "trace.from=0s", "--set",
              "trace.to=2s"});

        const Called checked = call({"check", trace});

        CHECK(checked.exit == 2);
        CHECK(checked.says("shows a window of the run only"));
        CHECK(checked.out.empty());
    }
}

TEST_CASE("of a run in which nothing happened no guarantee is said to hold") {
    const Folder folder;
    const std::string file = folder.write("tiny.json", tiny);
    const std::string trace = folder.path("t.jsonl");

    const Called run = call({"run", file, "--until", "0s", "--trace", trace, "--level", "all"});
    const Called checked = call({"check", trace});

    CHECK(run.prints("nothing was checked"));
    CHECK_FALSE(run.prints("held"));
    CHECK(run.exit == 0);
    CHECK(checked.exit == run.exit);
    CHECK(checked.prints("not checked: 0 of "));
    CHECK(checked.prints("nothing happened that they speak of"));
    CHECK_FALSE(checked.prints("held"));
}

TEST_CASE("a trace without a single record gets no verdict") {
    const Folder folder;
    for (const trace::Level level : {trace::Level::operations, trace::Level::protocol,
                                     trace::Level::messages, trace::Level::all}) {
        trace::Header header = tests::header_of(level);
        header.scenario = R"({"name": "none", "duration": "1s", "ensemble": {"voters": 3}})";
        const std::string file = folder.path("t.jsonl");
        REQUIRE(!tests::write_trace(file, header, {}));

        const Called checked = call({"check", file});

        CAPTURE(checked.talk);
        CHECK(checked.exit == 2);
        CHECK_FALSE(checked.prints("held"));
    }
}

TEST_CASE("records of a newer format's kinds leave the verdict incomplete, and it says so") {
    const Folder folder;
    Lines lines = trace_of(folder, "all");
    make_newer(lines);

    const Called checked = call({"check", folder.write("t.jsonl", joined(lines))});

    CAPTURE(checked.talk);
    CHECK(checked.exit != 0);
    CHECK(checked.says("records of kinds that this zabsim does not know"));
    CHECK_FALSE(checked.prints("verified"));
}

TEST_CASE("costs that do not add up are a bug of zabsim only where the hash vouches for them") {
    const Folder folder;
    Lines lines = trace_of(folder, "all");
    make_newer(lines);
    const auto sent = std::ranges::find_if(
        lines, [](const auto& l) { return l.find("\"wire_ns\":") != std::string::npos; });
    replace_in(*sent, "\"wire_ns\":", "\"wire_ns\":9");

    const Called checked = call({"check", folder.write("t.jsonl", joined(lines))});

    CHECK(checked.exit == 2);
    CHECK(checked.says("error: costs do not add up: "));
    CHECK(checked.says("somebody changed the file, or the zabsim that wrote it is wrong"));
}

TEST_CASE(
    "an older trace, which does not say what is written, cannot say that no watch is missed") {
    const Folder folder;
    const std::string scenario = folder.write("watched.json", R"({
        "duration": "3s", "ensemble": {"voters": 1},
        "clients": [{"operations": {"watch": 1}, "paths": {"uniform": {"count": 1}}}]})");
    const std::string file = folder.path("t.jsonl");
    REQUIRE(call({"run", scenario, "--trace", file, "--level", "protocol"}).exit == 0);
    CHECK(call({"check", file}).exit == 0);

    Lines lines = tests::lines_of(tests::contents(file));
    replace_in(lines[0], "zabsim.trace/1.4", "zabsim.trace/1.2");
    for (std::string& line : lines) {
        const bool is_set = is_of_kind(line, "watch_set");
        if (!is_set && !is_of_kind(line, "append")) continue;
        json record = json::parse(line);
        for (const char* const key : {"session", "operation", "write"}) record.erase(key);
        if (is_set) record["zxid"] = "0x1";
        if (!is_set) record.erase("path");
        line = record.dump();
    }
    const Called checked = call({"check", folder.write("old.jsonl", joined(lines))});

    CAPTURE(checked.talk);
    CHECK(checked.exit == 2);
    CHECK(checked.says("not checked: watch_complete: needs a trace of format 1.3"));
    const std::size_t all = analysis::all_properties().size();
    CHECK(checked.prints(fmt::format("held in part: {} of {} properties checked", all - 1, all)));
}

TEST_CASE("an older trace, which says nothing of trees, cannot say that they agree") {
    const Folder folder;
    const std::string scenario = folder.write("expects.json", R"({
        "duration": "3s", "ensemble": {"voters": 1}, "clients": [{}],
        "expect": {"guarantees": "all"}})");
    const std::string file = folder.path("t.jsonl");
    REQUIRE(call({"run", scenario, "--trace", file, "--level", "protocol"}).exit == 0);
    CHECK(call({"analyze", file}).prints("met     guarantees: all"));

    Lines lines = tests::lines_of(tests::contents(file));
    replace_in(lines[0], "zabsim.trace/1.4", "zabsim.trace/1.0");
    for (std::string& line : lines) {
        if (!is_of_kind(line, "deliver") && !is_of_kind(line, "history")) continue;
        json record = json::parse(line);
        record.erase("tree");
        line = record.dump();
    }
    const std::string old = folder.write("old.jsonl", joined(lines));
    const Called checked = call({"check", old});
    const Called analyzed = call({"analyze", old});

    const std::size_t all = analysis::all_properties().size();
    CHECK(checked.exit == 2);
    CHECK(checked.says("not checked: tree_agreement: needs a trace of format 1.1"));
    CHECK(checked.prints(fmt::format("held in part: {} of {} properties checked", all - 1, all)));
    CHECK(analyzed.prints(fmt::format("held: {} properties checked", all - 1)));
    CHECK(analyzed.prints("not checked: tree_agreement"));
    CHECK_FALSE(analyzed.prints("guarantees: all"));
}

TEST_CASE("check says of a run in which nothing happened what the run itself said") {
    const Folder folder;
    const std::string file = folder.path("t.jsonl");
    const std::string dead =
        folder.write("dead.json", R"({"duration": "2s", "ensemble": {"voters": 1},
        "start": {"servers": {"1": {"down": true}}}})");

    const Called run = call({"run", dead, "--trace", file, "--level", "all"});
    const Called checked = call({"check", file});

    CHECK(run.exit == 0);
    CHECK(checked.exit == run.exit);
    const std::string why = "not checked: the guarantees: nothing happened that they speak of";
    CHECK(run.prints(why));
    CHECK(checked.prints(why));
    CHECK(checked.talk.empty());
}

}  // namespace cli
