#include "sim/trace/reader.hpp"
#include "sim/trace/writer.hpp"
#include "tests/support/allocation_counter.hpp"
#include "tests/support/trace_samples.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace trace {

namespace {

using Step = Reader::Step;
using Reason = ReadError::Reason;
using tests::header_of;
using tests::TemporaryFolder;

/// Reads all and writes it again; on an error, throws its message.
std::string rewritten(Reader& reader, const std::string& file) {
    if (!reader.read_header()) throw std::string(reader.error().message);
    JsonWriter writer(file, reader.header());
    NumberedRecord found;
    Step step = Step::record;
    while ((step = reader.next(found)) == Step::record) writer.observe(found.record, found.id);
    if (step == Step::error) throw std::string(reader.error().message);
    if (const auto failure = writer.finish(reader.end())) throw std::string(*failure);
    return tests::contents(file);
}

/// What reading to the end gives: an error's message, or "".
ReadError outcome(std::string_view text, Reader::Options options = {}) {
    Reader reader("t.jsonl", ByteSource::Text{text}, options);
    if (!reader.read_header()) return reader.error();
    NumberedRecord found;
    Step step = Step::record;
    while ((step = reader.next(found)) == Step::record) {
    }
    return step == Step::end ? ReadError{} : reader.error();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a byte order mark is passed over, and what is not a trace is named") {
    const std::string text =
        tests::trace_text(header_of(Level::all), tests::sample_run(kind_count, 1));

    CHECK(outcome(text).message.empty());
    CHECK(outcome("\xef\xbb\xbf" + text).message.empty());
    CHECK(outcome("\x1f\x8b\x08 and so on").message.find("compressed by gzip") !=
          std::string::npos);
}

TEST_CASE("every record comes back, at every level and in every window") {
    const auto run = tests::sample_run(40 * kind_count, 21);
    const zab::Instant middle = run[run.size() / 2].time();
    const TemporaryFolder folder;
    for (const Level level :
         {Level::off, Level::operations, Level::protocol, Level::messages, Level::all}) {
        for (const bool is_windowed : {false, true}) {
            Header header = header_of(level);
            if (is_windowed) header.window = Window{run[100].time(), middle};
            const std::string text = tests::trace_text(header, run);
            Reader reader("t.jsonl", ByteSource::Text{text}, {});

            CHECK(rewritten(reader, folder.file("again.jsonl")) == text);
            CHECK((reader.header() == header));
        }
    }
}

TEST_CASE("records come back with every bit, so that the hash can be verified") {
    const auto run = tests::sample_run(100 * kind_count, 22);
    const std::string text = tests::trace_text(header_of(Level::all), run);
    Reader reader("t.jsonl", ByteSource::Text{text}, {.verify = true});

    REQUIRE(reader.read_header());
    NumberedRecord found;
    for (std::size_t i = 0; i < run.size(); ++i) {
        REQUIRE((reader.next(found) == Step::record));
        REQUIRE(found.id == i);
        REQUIRE((found.record == run[i]));
    }
    CHECK((reader.next(found) == Step::end));
    End expected = tests::end_of(run);
    expected.lines = run.size();
    CHECK((reader.end() == expected));
}

TEST_CASE("a compressed trace is smaller and holds the same") {
    const auto run = tests::sample_run(100 * kind_count, 23);
    const TemporaryFolder folder;
    const std::string plain = folder.file("trace.jsonl"), packed = folder.file("trace.jsonl.zst");
    REQUIRE_FALSE(tests::write_trace(plain, header_of(Level::all), run));
    REQUIRE_FALSE(tests::write_trace(packed, header_of(Level::all), run));

    Reader reader(packed, {.verify = true});

    CHECK(rewritten(reader, folder.file("again.jsonl")) == tests::contents(plain));
    CHECK(2 * tests::contents(packed).size() < tests::contents(plain).size());
}

TEST_CASE("zstd is recognised by its bytes, not by the name, and in several frames") {
    const TemporaryFolder folder;
    const auto run = tests::sample_run(3, 24);
    REQUIRE_FALSE(tests::write_trace(folder.file("a.zst"), header_of(Level::all), run));
    const std::string packed = tests::contents(folder.file("a.zst"));
    Compressor compressor;
    std::string empty_frame(compressor.finish());

    CHECK(outcome(packed).message.empty());
    CHECK(outcome(packed + empty_frame).message.empty());
}

TEST_CASE("keys may stand in any order, with white space and unknown keys between") {
    const std::string text =
        " {\"scenario\" : {} ,\t\"level\":\"all\",\"seed\":\"0x00002A\",\"new\":[{\"a\":[]},{}],"
        "\"engine\":{\"commit\":\"c\",\"more\":null,\"behaviour\":1},"
        "\"format\":\"zabsim.trace/1.4\",\"record\":\"header\"} \r\n\n"
        "{\"bytes\":7,\"zxid\":\"0xA\",\"node\":2,\"prefix\":\"0x0\",\"kind\":\"propose\",\"id\":3,"
        "\"new\":{\"deep\":[1,-2.5e+3,true,\"\\u00e9\\n\",{\"x\":{}}]}, \"disk_ns\" : 0 ,"
        "\"cause\":1,\"t_ns\":9}\n"
        "  \n"
        "{\"counts\":{\"propose\":4},\"hash\":\"0x0\",\"verdict\":\"v\",\"t_ns\":9,\"lines\":1,"
        "\"records\":4,\"record\":\"end\"}";
    Reader reader("t.jsonl", ByteSource::Text{text}, {});
    NumberedRecord found;

    // At level all the end may not count more records than the file shows.
    REQUIRE(reader.read_header());
    REQUIRE((reader.next(found) == Step::record));
    CHECK(reader.header().seed == 42);
    CHECK(found.id == 3);
    CHECK((found.record == Record({.kind = Kind::propose,
                                   .time = {9},
                                   .node = {2},
                                   .cause_back = 2,
                                   .cost = Cost::disk,
                                   .a = 10,
                                   .c = 7})));
    CHECK((reader.next(found) == Step::error));
    CHECK(reader.error().message ==
          "t.jsonl:5:11: error: 1 records of kind propose stand above, not 4");
}

TEST_CASE("a file of minor version 0 lacks the trees' digests, which are then not known") {
    const Record delivered({.kind = Kind::deliver, .node = {2}, .a = 5, .b = 6, .c = 7});
    std::string text = tests::trace_text(header_of(Level::protocol), std::vector{delivered});
    REQUIRE(text.find(",\"tree\":\"0x7\"") != std::string::npos);
    text =
        replaced(replaced(text, "zabsim.trace/1.4", "zabsim.trace/1.0"), ",\"tree\":\"0x7\"", "");
    Reader reader("t.jsonl", ByteSource::Text{text}, {});
    NumberedRecord found;

    REQUIRE(reader.read_header());
    REQUIRE((reader.next(found) == Step::record));

    CHECK(found.record.zxid().value == 5);
    CHECK(found.record.c() == 0);
}

TEST_CASE("a digest that a record has no room for is refused") {
    const Record delivered({.kind = Kind::deliver, .node = {2}, .a = 5, .b = 6, .c = 7});
    const std::string text = tests::trace_text(header_of(Level::protocol), std::vector{delivered});

    const std::string message = outcome(replaced(text, "\"0x7\"", "\"0x100000007\"")).message;

    CHECK(message.find("\"tree\" must be a string \"0x…\" of 1 to 8 hexadecimal digits") !=
          std::string::npos);
}

TEST_CASE("a later minor version's kinds and lines are passed over") {
    std::string text = tests::trace_text(header_of(Level::all), tests::sample_run(2, 25));
    text = replaced(text, "zabsim.trace/1.4", "zabsim.trace/1.7");
    text = replaced(text, "{\"record\":\"end\",\"records\":2,\"lines\":2,",
                    "{\"id\":2,\"t_ns\":1,\"kind\":\"novel\"}\n{\"record\":\"checkpoint\"}\n"
                    "{\"record\":\"end\",\"records\":3,\"lines\":3,");
    text = replaced(text, "\"counts\":{", "\"counts\":{\"novel\":1,");

    CHECK(outcome(text).message.empty());
    CHECK((outcome(text, {.verify = true}).reason == Reason::unverifiable));
}

TEST_CASE("another major version is refused, and the way out is named") {
    const std::string text = replaced(tests::trace_text(header_of(Level::all), {}),
                                      "zabsim.trace/1.4", "zabsim.trace/2.0");
    const ReadError error = outcome(text);

    CHECK((error.reason == Reason::other_version));
    CHECK(error.message ==
          "t.jsonl:1:29: error: the trace has format zabsim.trace/2.0, but this zabsim reads "
          "zabsim.trace/1.x: read it with the zabsim that wrote it, or convert it by running its "
          "seed and scenario, which this line holds, again");
}

TEST_CASE("a trace cut at any byte is truncated, or nothing but the last line feed is missing") {
    const std::string text = tests::trace_text(header_of(Level::all), tests::sample_run(60, 26));

    for (std::size_t size = 1; size + 1 < text.size(); ++size) {
        const ReadError error = outcome(std::string_view(text).substr(0, size));
        CAPTURE(size);
        REQUIRE((error.reason == Reason::truncated));
        REQUIRE(error.message.find(": error: the trace is truncated") != std::string::npos);
    }
    CHECK(outcome(std::string_view(text).substr(0, text.size() - 1)).message.empty());
    CHECK((outcome("").reason == Reason::malformed));
}

TEST_CASE("a compressed trace cut at any byte is truncated") {
    const TemporaryFolder folder;
    const auto run = tests::sample_run(60, 27);
    REQUIRE_FALSE(tests::write_trace(folder.file("a.zst"), header_of(Level::all), run));
    const std::string packed = tests::contents(folder.file("a.zst"));

    for (std::size_t size = 4; size < packed.size(); ++size) {
        CAPTURE(size);
        REQUIRE((outcome(std::string_view(packed).substr(0, size)).reason == Reason::truncated));
    }
    std::string damaged = packed;
    damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 1);
    CHECK(outcome(damaged).message.find("zstd data are damaged") != std::string::npos);
}

TEST_CASE("a changed value is found by the hash, and only there") {
    const auto run = tests::sample_run(2 * kind_count, 28);
    const std::string text = tests::trace_text(header_of(Level::all), run);
    const std::string changed = replaced(text, "\"verdict\":\"holds\"", "\"verdict\":\"fails\"");
    std::string hash = text;
    char& digit = hash[hash.find("\"hash\":\"0x") + 10];
    digit = digit == '1' ? '2' : '1';
    auto other = run;
    Record::Fields fields = other[5].fields();
    fields.wait_ns ^= 1;
    other[5] = Record(fields);
    const std::string other_text = tests::trace_text(header_of(Level::all), other);
    const std::string mixed = other_text.substr(0, other_text.find("{\"record\":\"end\"")) +
                              text.substr(text.find("{\"record\":\"end\""));

    CHECK(outcome(changed, {.verify = true}).message.empty());
    CHECK(outcome(hash).message.empty());
    CHECK((outcome(hash, {.verify = true}).reason == Reason::malformed));
    CHECK(outcome(mixed).message.empty());
    const ReadError error = outcome(mixed, {.verify = true});
    CHECK((error.reason == Reason::malformed));
    CHECK(error.message.find("error: the records above have the hash 0x") != std::string::npos);
}

TEST_CASE("only a trace of the whole run can be verified") {
    const ReadError lower =
        outcome(tests::trace_text(header_of(Level::protocol), {}), {.verify = true});
    Header header = header_of(Level::all);
    header.window = Window{};
    const ReadError windowed = outcome(tests::trace_text(header, {}), {.verify = true});

    CHECK((lower.reason == Reason::unverifiable));
    CHECK(lower.message ==
          "t.jsonl:1:1: error: the hash is over all records, but this trace has level protocol: it "
          "can be verified at level all without a window");
    CHECK((windowed.reason == Reason::unverifiable));
}

TEST_CASE("a file that cannot be read is reported with the reason") {
    const TemporaryFolder folder;
    Reader missing(folder.file("none"), {});
    Reader directory(folder.file("."), {});

    CHECK_FALSE(missing.read_header());
    CHECK((missing.error().reason == Reason::unreadable));
    CHECK(missing.error().message ==
          folder.file("none") + ": error: cannot open it: No such file or directory");
    CHECK_FALSE(directory.read_header());
    CHECK(directory.error().message ==
          folder.file(".") + ": error: cannot read it: Is a directory");
}

TEST_CASE("a line without end is refused before it fills the memory") {
    const std::string text = tests::trace_text(header_of(Level::all), {}).substr(0, 20) +
                             std::string(max_line_bytes + 1, ' ');
    const ReadError error = outcome(text);

    CHECK((error.reason == Reason::malformed));
    CHECK(error.message == "t.jsonl:1:1: error: the line is longer than 16777216 bytes");
}

TEST_CASE("a line may be nearly as long as the limit") {
    Header header = header_of(Level::all);
    header.scenario = "{\"x\":\"" + std::string(max_line_bytes - 1000, 'x') + "\"}";

    CHECK(outcome(tests::trace_text(header, tests::sample_run(5, 1))).message.empty());
}

TEST_CASE("reading a record allocates nothing once warm") {
    const auto run = tests::sample_run(20 * kind_count, 29);
    const std::string text = tests::trace_text(header_of(Level::all), run);
    Reader reader("t.jsonl", ByteSource::Text{text}, {.verify = true});
    REQUIRE(reader.read_header());
    NumberedRecord found;
    for (std::size_t i = 0; i < kind_count; ++i) reader.next(found);

    const std::uint64_t before = tests::allocations();
    for (std::size_t i = kind_count; i < run.size(); ++i) reader.next(found);

    CHECK(tests::allocations() - before == 0);
}

}  // namespace trace
