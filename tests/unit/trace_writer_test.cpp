#include "protocol/types/ensure.hpp"
#include "sim/trace/writer.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/trace_samples.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace trace {

namespace {

using Json = nlohmann::ordered_json;
using tests::TemporaryFolder;

std::string hex(std::uint64_t value) {
    std::ostringstream out;
    out << "0x" << std::hex << value;
    return out.str();
}

/// The line's members for one field of the table, by another way than the writer's.
void expect_field(Json& line, const Field& field, std::uint64_t value) {
    switch (field.form) {
        case Form::absent: return;
        case Form::integer: line[std::string(field.key)] = value; return;
        case Form::hex:
        case Form::zxid: line[std::string(field.key)] = hex(value); return;
        case Form::name: line[std::string(field.key)] = field.names[value]; return;
        case Form::flags:
            line["operation"] = operation_names()[value & 0xff];
            line["outcome"] = outcome_names()[value >> 8];
            return;
    }
}

Json expected_line(const Record& record, RecordId id) {
    const Row& row = trace::row(record.kind());
    Json line;
    line["id"] = id;
    line["t_ns"] = record.time().ns;
    line["kind"] = row.name;
    expect_field(line, row.node, record.node().value);
    if (record.cause_back() != 0) line["cause"] = id - record.cause_back();
    if (record.held_back() != 0) line["held_by"] = id - record.held_back();
    if (record.wait_ns() != 0) line["wait_ns"] = record.wait_ns();
    if (record.service_ns() != 0) line["service_ns"] = record.service_ns();
    if (record.cost() == Cost::wire) line["wire_ns"] = record.other_ns();
    if (record.cost() == Cost::disk) line["disk_ns"] = record.other_ns();
    if (record.cost() == Cost::timer) line["timer_ns"] = record.other_ns();
    expect_field(line, row.peer, record.peer());
    expect_field(line, row.detail, record.detail());
    expect_field(line, row.a, record.a());
    expect_field(line, row.b, record.b());
    expect_field(line, row.c, record.c());
    return line;
}

/// Limits the size of files that this process may write, as a full disk does.
class SmallDisk {
  public:
    explicit SmallDisk(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit small{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~SmallDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

  private:
    rlimit before_{};
    void (*handler_)(int);
};

[[noreturn]] void throw_reason(const char* why, zab::SourcePlace) { throw std::string(why); }

std::string why_refused(const Record& record, RecordId id) {
    const zab::EnsureHandler before = zab::set_ensure_handler(throw_reason);
    std::string why;
    try {
        std::array<char, LineFormat::max_line> room{};
        LineFormat().put(room.data(), record, id);
    } catch (const std::string& reason) {
        why = reason;
    }
    zab::set_ensure_handler(before);
    return why;
}

}  // namespace

TEST_CASE("every line is the JSON that nlohmann writes for the same record, byte for byte") {
    const auto run = tests::sample_run(100 * kind_count, 5);
    const auto lines = tests::lines_of(tests::trace_text(tests::header_of(Level::all), run));

    REQUIRE(lines.size() == run.size() + 2);
    for (std::size_t i = 0; i < run.size(); ++i) {
        REQUIRE(lines[i + 1] == expected_line(run[i], i).dump());
    }
}

TEST_CASE("header and end are JSON with the keys of the format, in its order") {
    const auto run = tests::sample_run(2 * kind_count, 6);
    Header header = tests::header_of(Level::protocol);
    header.window = Window{{5}, {1'000'000'000}};
    const auto lines = tests::lines_of(tests::trace_text(header, run));

    CHECK(lines.front() ==
          R"({"record":"header","format":"zabsim.trace/1.4","engine":{"behaviour":3,)"
          R"("commit":"abcdef0"},"seed":"0x2a","level":"protocol","from_ns":5,)"
          R"("to_ns":1000000000,"scenario":{"name":"sample","why":"\"quoted\" {[\\"}})");
    const Json end = Json::parse(lines.back());
    CHECK(end["record"] == "end");
    CHECK(end["records"] == run.size());
    CHECK(end["lines"] == lines.size() - 2);
    CHECK(end["t_ns"] == run.back().time().ns);
    CHECK(end["verdict"] == "holds");
    CHECK(end["hash"] == hex(tests::end_of(run).hash.value));
    CHECK(end["counts"].size() == kind_count);
    CHECK(end["counts"]["ack"] == 2);
}

TEST_CASE("a lower level writes a part of the same lines, and the same end but for their number") {
    const auto run = tests::sample_run(5 * kind_count, 8);
    const auto all = tests::lines_of(tests::trace_text(tests::header_of(Level::all), run));
    Json end_of_all = Json::parse(all.back());
    end_of_all.erase("lines");

    for (const Level level : {Level::off, Level::operations, Level::protocol, Level::messages}) {
        const auto some = tests::lines_of(tests::trace_text(tests::header_of(level), run));
        std::vector<std::string> expected;
        for (std::size_t i = 0; i < run.size(); ++i) {
            const bool is_shown = level != Level::off && row(run[i].kind()).level <= level;
            if (is_shown) expected.push_back(all[i + 1]);
        }
        CHECK((std::vector(some.begin() + 1, some.end() - 1) == expected));
        Json end = Json::parse(some.back());
        CHECK(end["lines"] == expected.size());
        end.erase("lines");
        CHECK((end == end_of_all));
    }
}

TEST_CASE("a window shows its first instant and not its last") {
    std::vector<Record> run;
    for (const std::int64_t time : {1, 2, 2, 3, 4, 4, 5}) {
        run.push_back(Record({.kind = Kind::ack, .time = {time}}));
    }
    Header header = tests::header_of(Level::all);
    header.window = Window{{2}, {4}};
    const auto lines = tests::lines_of(tests::trace_text(header, run));

    REQUIRE(lines.size() == 5);
    CHECK(lines[1].starts_with(R"({"id":1,"t_ns":2,)"));
    CHECK(lines[2].starts_with(R"({"id":2,"t_ns":2,)"));
    CHECK(lines[3].starts_with(R"({"id":3,"t_ns":3,)"));
}

TEST_CASE("a record that the table does not allow is refused") {
    struct Case {
        const char* why;
        Record::Fields fields;
    };
    const Case cases[] = {
        {"a record leaves the fields that its kind lacks at zero", {.kind = Kind::ack, .c = 1}},
        {"a record leaves the fields that its kind lacks at zero", {.kind = Kind::ack, .b = 1}},
        {"a record leaves the fields that its kind lacks at zero", {.kind = Kind::timer, .a = 1}},
        {"a record leaves the fields that its kind lacks at zero",
         {.kind = Kind::append, .peer = 1}},
        {"a record leaves the fields that its kind lacks at zero",
         {.kind = Kind::ack, .detail = 1}},
        {"a record leaves the fields that its kind lacks at zero",
         {.kind = Kind::fault_skipped, .node = {1}}},
        {"time does not run backwards", {.kind = Kind::ack, .time = {-1}}},
        {"time does not run backwards", {.kind = Kind::ack, .wait_ns = -1}},
        {"a cost was spent on something", {.kind = Kind::ack, .other_ns = 1}},
        {"a cause precedes its effect", {.kind = Kind::ack, .cause_back = 8}},
        {"a resource is held by an earlier record", {.kind = Kind::ack, .held_back = 8}},
        {"a record's names come from the enumerations", {.kind = Kind::timer, .detail = 999}},
        {"a record's kind comes from the enumeration", {.kind = static_cast<Kind>(kind_count)}},
        {"a record's cost comes from the enumeration",
         {.kind = Kind::ack, .cost = static_cast<Cost>(4)}},
        {"", {.kind = Kind::ack, .cause_back = 7, .held_back = 7}},
    };
    for (const Case& c : cases) CHECK(why_refused(Record(c.fields), 7) == c.why);
}

TEST_CASE("no record's line is longer than the room kept for it") {
    constexpr std::uint64_t top = ~std::uint64_t{0};
    const LineFormat format;
    for (const Row& row : rows()) {
        const auto longest = [](const Field& field) -> std::uint64_t {
            return field.form == Form::absent ? 0 : field.form == Form::name ? 0 : top;
        };
        Record::Fields f{.kind = row.kind, .time = {INT64_MAX}, .wait_ns = INT64_MAX};
        f.cost = Cost::timer;
        f.other_ns = INT64_MAX;
        f.service_ns = UINT32_MAX;
        f.cause_back = f.held_back = 1;
        f.node = {static_cast<std::uint16_t>(longest(row.node))};
        f.peer = static_cast<std::uint16_t>(longest(row.peer));
        f.a = longest(row.a);
        f.b = longest(row.b);
        f.c = static_cast<std::uint32_t>(longest(row.c));
        std::array<char, LineFormat::max_line> room{};

        const char* const end = format.put(room.data(), Record(f), top);

        // A name is at most 40 characters longer than the first; each copy reaches 64 beyond.
        CHECK(end - room.data() + std::ptrdiff_t{2} * 40 + 64 <
              static_cast<std::ptrdiff_t>(LineFormat::max_line));
    }
}

TEST_CASE("writing a record allocates nothing") {
    const auto run = tests::sample_run(20 * kind_count, 9);
    const TemporaryFolder folder;
    for (const char* const name : {"trace.jsonl", "trace.jsonl.zst"}) {
        JsonWriter writer(folder.file(name), tests::header_of(Level::all));
        writer.observe(run[0], 0);

        const std::uint64_t before = tests::allocations();
        for (int round = 0; round < 20; ++round) {
            for (std::size_t i = 0; i < run.size(); ++i) writer.observe(run[i], i);
        }

        CHECK(tests::allocations() - before == 0);
        if (tests::counts_allocations()) CHECK(before > 0);
    }
}

TEST_CASE("a file stands under its name only when it is complete") {
    const TemporaryFolder folder;
    const std::string file = folder.file("trace.jsonl");
    std::ofstream(file) << "old";
    {
        JsonWriter writer(file, tests::header_of(Level::all));
        CHECK(tests::contents(file) == "old");
        CHECK(folder.names().size() == 2);
    }
    CHECK((folder.names() == std::vector<std::string>{"trace.jsonl"}));
    CHECK(tests::contents(file) == "old");

    CHECK_FALSE(tests::write_trace(file, tests::header_of(Level::all), {}));

    CHECK((folder.names() == std::vector<std::string>{"trace.jsonl"}));
    CHECK(tests::contents(file).starts_with(R"({"record":"header",)"));
}

TEST_CASE("two writers of one name do not disturb each other") {
    const TemporaryFolder folder;
    const std::string file = folder.file("trace.jsonl");
    JsonWriter first(file, tests::header_of(Level::all));
    JsonWriter second(file, tests::header_of(Level::off));

    CHECK_FALSE(first.finish({}));
    CHECK_FALSE(second.finish({}));

    CHECK(folder.names().size() == 1);
    CHECK(tests::contents(file).find(R"("level":"off")") != std::string::npos);
}

TEST_CASE("a link is followed, not replaced") {
    const TemporaryFolder folder;
    std::ofstream(folder.file("real")) << "old";
    std::filesystem::create_symlink(folder.file("real"), folder.file("link"));

    CHECK_FALSE(tests::write_trace(folder.file("link"), tests::header_of(Level::all), {}));

    CHECK(std::filesystem::is_symlink(folder.file("link")));
    CHECK(tests::contents(folder.file("real")).starts_with("{"));
}

TEST_CASE("a full disk is reported, and leaves nothing behind") {
    const TemporaryFolder folder;
    const auto run = tests::sample_run(200 * kind_count, 10);
    for (const char* const name : {"trace.jsonl", "trace.jsonl.zst"}) {
        const SmallDisk disk(10'000);
        const auto failure =
            tests::write_trace(folder.file(name), tests::header_of(Level::all), run);

        REQUIRE(failure);
        CHECK(*failure == folder.file(name) + ": error: cannot write it: File too large");
        CHECK(folder.names().empty());
    }
}

TEST_CASE("a device is written directly, and its failure reported") {
    const auto run = tests::sample_run(10, 11);

    const auto full = tests::write_trace("/dev/full", tests::header_of(Level::all), run);
    const auto null = tests::write_trace("/dev/null", tests::header_of(Level::all), run);

    REQUIRE(full);
    CHECK(*full == "/dev/full: error: cannot write it: No space left on device");
    CHECK_FALSE(null);
    CHECK(std::filesystem::is_character_file("/dev/full"));
    CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("a place that cannot be written is reported at once") {
    const TemporaryFolder folder;
    const JsonWriter writer(folder.file("missing/trace.jsonl"), tests::header_of(Level::all));
    const JsonWriter on_folder(folder.file(""), tests::header_of(Level::all));

    REQUIRE(writer.failure());
    CHECK(*writer.failure() == folder.file("missing/trace.jsonl") +
                                   ": error: cannot create it: No such file or directory");
    REQUIRE(on_folder.failure());
    CHECK(*on_folder.failure() == folder.file("") + ": error: cannot open it: Is a directory");
}

}  // namespace trace
