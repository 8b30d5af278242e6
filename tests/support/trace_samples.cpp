#include "tests/support/trace_samples.hpp"

#include "sim/trace/writer.hpp"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>

namespace tests {

namespace {

constexpr std::uint64_t max64 = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t max_time = max64 >> 1;

template <typename Number>
Number value_of(const trace::Field& field, Random& random) {
    constexpr auto max = std::numeric_limits<Number>::max();
    switch (field.form) {
        case trace::Form::absent: return 0;
        case trace::Form::name: return static_cast<Number>(random.value(field.names.size() - 1));
        case trace::Form::flags: {
            const auto operation = random.value(trace::operation_names().size() - 1);
            const auto outcome = random.value(trace::outcome_names().size() - 1);
            return static_cast<Number>(operation | (outcome << 8));
        }
        case trace::Form::integer:
        case trace::Form::hex:
        case trace::Form::zxid: break;
    }
    return static_cast<Number>(random.value(max));
}

}  // namespace

std::uint64_t Random::next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

std::uint64_t Random::value(std::uint64_t max) {
    const std::uint64_t choice = next() % 8;
    if (choice == 0) return 0;
    if (choice == 1) return max;
    const std::uint64_t drawn = next() >> (next() % 64);  // Any number of digits.
    return max == max64 ? drawn : drawn % (max + 1);
}

trace::Record sample_record(trace::Kind kind, trace::RecordId id, zab::Instant time,
                            Random& random) {
    const trace::Row& row = trace::row(kind);
    constexpr std::uint64_t max32 = std::numeric_limits<std::uint32_t>::max();
    trace::Record::Fields f;
    f.kind = kind;
    f.time = time;
    f.node = {value_of<std::uint16_t>(row.node, random)};
    f.peer = value_of<std::uint16_t>(row.peer, random);
    f.detail = value_of<std::uint16_t>(row.detail, random);
    f.cause_back = static_cast<std::uint32_t>(random.value(std::min(id, max32)));
    f.held_back = static_cast<std::uint32_t>(random.value(std::min(id, max32)));
    f.wait_ns = static_cast<std::int64_t>(random.value(max_time));
    f.service_ns = static_cast<std::uint32_t>(random.value(max32));
    f.cost = static_cast<trace::Cost>(random.value(3));
    if (f.cost != trace::Cost::none) f.other_ns = static_cast<std::int64_t>(random.value(max_time));
    f.a = value_of<std::uint64_t>(row.a, random);
    f.b = value_of<std::uint64_t>(row.b, random);
    f.c = value_of<std::uint32_t>(row.c, random);
    return trace::Record(f);
}

std::vector<trace::Record> sample_run(std::size_t records, std::uint64_t seed) {
    Random random(seed);
    std::vector<trace::Record> run;
    zab::Instant time{};
    for (std::size_t i = 0; i < records; ++i) {
        const auto kind = static_cast<trace::Kind>(i % trace::kind_count);
        run.push_back(sample_record(kind, i, time, random));
        time += zab::nanoseconds(static_cast<std::int64_t>(random.value(1'000'000)));
    }
    return run;
}

trace::End end_of(std::span<const trace::Record> records) {
    trace::Recorder recorder;
    for (const trace::Record& record : records) recorder.add(record);
    trace::End end;
    end.records = recorder.next_id();
    end.time = records.empty() ? zab::Instant{} : records.back().time();
    end.verdict = "holds";
    end.hash = recorder.hash();
    end.counts = recorder.counts();
    return end;
}

trace::Header header_of(trace::Level level) {
    trace::Header header;
    header.behaviour = 3;
    header.commit = "abcdef0";
    header.seed = 42;
    header.level = level;
    header.scenario = R"({"name":"sample","why":"\"quoted\" {[\\"})";
    return header;
}

trace::Failure write_trace(const std::string& file, const trace::Header& header,
                           std::span<const trace::Record> records) {
    trace::JsonWriter writer(file, header);
    for (std::size_t i = 0; i < records.size(); ++i) writer.observe(records[i], i);
    return writer.finish(end_of(records));
}

std::string trace_text(const trace::Header& header, std::span<const trace::Record> records) {
    const TemporaryFolder folder;
    const std::string file = folder.file("trace.jsonl");
    if (const auto failure = write_trace(file, header, records)) throw std::runtime_error(*failure);
    return contents(file);
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t size = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, size));
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    return lines;
}

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "zabsim-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::file(std::string_view name) const {
    return path_ + "/" + std::string(name);
}

std::vector<std::string> TemporaryFolder::names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string contents(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace tests
