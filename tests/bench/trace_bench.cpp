// How fast traces are written and read: nanoseconds of process time per line, medians over rounds,
// all programs in turn within each round so that a busy machine slows them alike.
//
//     trace_bench [ROUNDS] [LINES]

#include "sim/trace/line_format.hpp"
#include "sim/trace/reader.hpp"
#include "sim/trace/writer.hpp"
#include "tests/support/trace_samples.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using trace::Kind;
using trace::Record;

std::uint64_t process_ns() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec);
}

/// Records as a run under load has them: realistic sizes of numbers, all with costs and causes.
std::vector<Record> busy_run(std::size_t lines) {
    constexpr Kind kinds[] = {Kind::receive, Kind::append, Kind::synced,  Kind::ack,
                              Kind::receive, Kind::commit, Kind::deliver, Kind::complete};
    tests::Random random(1);
    std::vector<Record> run;
    std::int64_t time = 5'000'000'000;
    for (std::size_t i = 0; i < lines; ++i) {
        const Kind kind = kinds[i % std::size(kinds)];
        const trace::Row& row = trace::row(kind);
        time += static_cast<std::int64_t>(random.next() % 20'000);
        Record::Fields f{.kind = kind, .time = {time}};
        f.node = {static_cast<std::uint16_t>(1 + random.next() % 5)};
        if (row.peer.form != trace::Form::absent) f.peer = 1;
        if (row.detail.form == trace::Form::name) f.detail = 12;
        if (row.detail.form == trace::Form::flags) f.detail = 1;
        f.cause_back = static_cast<std::uint32_t>(std::min<std::size_t>(i, 1 + random.next() % 99));
        f.wait_ns = static_cast<std::int64_t>(random.next() % 30'000);
        f.service_ns = 12'000;
        f.cost = trace::Cost::wire;
        f.other_ns = static_cast<std::int64_t>(200'000 + random.next() % 100'000);
        if (row.a.form != trace::Form::absent) f.a = (std::uint64_t{1} << 32) + i / 8;
        if (row.b.form == trace::Form::hex) f.b = random.next();
        if (row.b.form == trace::Form::integer) f.b = random.next() % 100;
        if (row.c.form != trace::Form::absent) f.c = 1024;
        run.emplace_back(f);
    }
    return run;
}

class NullFile {
  public:
    explicit NullFile(const char* name) : descriptor_(::open(name, O_WRONLY)) {}
    ~NullFile() { ::close(descriptor_); }
    NullFile(const NullFile&) = delete;
    NullFile& operator=(const NullFile&) = delete;
    void write(const std::string& block) const {
        if (::write(descriptor_, block.data(), block.size()) < 0) std::abort();
    }

  private:
    int descriptor_;
};

/// The same lines as most programs would write them.
template <typename Json>
void write_with_nlohmann(const std::vector<Record>& run, const char* file) {
    const NullFile out(file);
    std::string block;
    for (std::size_t id = 0; id < run.size(); ++id) {
        const Record& record = run[id];
        const trace::Row& row = trace::row(record.kind());
        Json line;
        const auto put = [&line](const trace::Field& field, std::uint64_t value) {
            using trace::Form;
            if (field.form == Form::integer) line[std::string(field.key)] = value;
            if (field.form == Form::hex || field.form == Form::zxid) {
                line[std::string(field.key)] = fmt::format("0x{:x}", value);
            }
            if (field.form == Form::name) line[std::string(field.key)] = field.names[value];
            if (field.form == Form::flags) {
                line["operation"] = trace::operation_names()[value & 0xff];
                line["outcome"] = trace::outcome_names()[value >> 8];
            }
        };
        line["id"] = id;
        line["t_ns"] = record.time().ns;
        line["kind"] = row.name;
        put(row.node, record.node().value);
        if (record.cause_back() != 0) line["cause"] = id - record.cause_back();
        if (record.wait_ns() != 0) line["wait_ns"] = record.wait_ns();
        if (record.service_ns() != 0) line["service_ns"] = record.service_ns();
        line["wire_ns"] = record.other_ns();
        put(row.peer, record.peer());
        put(row.detail, record.detail());
        put(row.a, record.a());
        put(row.b, record.b());
        put(row.c, record.c());
        block += line.dump();
        block += '\n';
        if (block.size() >= (1u << 20)) {
            out.write(block);
            block.clear();
        }
    }
    out.write(block);
}

void write_ours(const std::vector<Record>& run, const std::string& file) {
    trace::JsonWriter writer(file, tests::header_of(trace::Level::all));
    for (std::size_t id = 0; id < run.size(); ++id) writer.observe(run[id], id);
    if (writer.finish(tests::end_of({}))) std::abort();
}

void read_ours(const std::string& text) {
    trace::Reader reader("bench", trace::ByteSource::Text{text}, {.verify = true});
    trace::NumberedRecord found;
    if (!reader.read_header()) std::abort();
    while (reader.next(found) == trace::Reader::Step::record) {
    }
    if (!reader.error().message.empty()) std::abort();
}

void record_only(const std::vector<Record>& run) {
    trace::Recorder recorder;
    for (const Record& record : run) recorder.add(record);
    if (recorder.hash().value == 1) std::abort();
}

struct Program {
    const char* name;
    std::vector<std::uint64_t> times{};

    std::uint64_t median() {
        std::nth_element(times.begin(),
                         times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                         times.end());
        return times[times.size() / 2];
    }
};

}  // namespace

int main(int count, char** words) {
    const int rounds = count > 1 ? std::atoi(words[1]) : 15;
    const std::size_t lines = count > 2 ? std::strtoull(words[2], nullptr, 10) : 100'000;
    const std::vector<Record> run = busy_run(lines);
    const std::string text = tests::trace_text(tests::header_of(trace::Level::all), run);
    const tests::TemporaryFolder folder;
    const std::string file = folder.file("trace.jsonl"), packed = file + ".zst";
    Program programs[] = {{"write, nlohmann::json"},   {"write, nlohmann::ordered_json"},
                          {"write, ours, to nowhere"}, {"write, ours, to a file"},
                          {"write, ours, to zstd"},    {"read and verify, ours"},
                          {"number, hash and count"}};

    for (int round = 0; round < rounds; ++round) {
        std::uint64_t before = process_ns();
        const auto lap = [&](Program& program) {
            const std::uint64_t now = process_ns();
            program.times.push_back(now - before);
            before = process_ns();
        };
        write_with_nlohmann<nlohmann::json>(run, "/dev/null"), lap(programs[0]);
        write_with_nlohmann<nlohmann::ordered_json>(run, "/dev/null"), lap(programs[1]);
        write_ours(run, "/dev/null"), lap(programs[2]);
        write_ours(run, file), lap(programs[3]);
        write_ours(run, packed), lap(programs[4]);
        read_ours(text), lap(programs[5]);
        record_only(run), lap(programs[6]);
    }

    const std::uint64_t reference = std::min(programs[0].median(), programs[1].median());
    fmt::print("{} lines of {} bytes, median of {} rounds\n", lines, text.size() / lines, rounds);
    for (Program& program : programs) {
        const std::uint64_t time = program.median();
        fmt::print("{:32} {:6} ns per line   {:3}.{} times as fast as nlohmann\n", program.name,
                   time / lines, reference / time, reference * 10 / time % 10);
    }
}
