#pragma once

#include "sim/trace/record.hpp"
#include "sim/trace/trace_file.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Records and files for the tests of the trace.
namespace tests {

/// SplitMix64: the same numbers everywhere.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    /// 0 to `max`, with the smallest and the largest value far more often than by chance.
    std::uint64_t value(std::uint64_t max);

  private:
    std::uint64_t state_;
};

/// A record of that kind at `time`, as the table allows it, all of its fields drawn.
trace::Record sample_record(trace::Kind kind, trace::RecordId id, zab::Instant time,
                            Random& random);

/// Records of all kinds in turn, with ids from 0; time rises by up to a millisecond each.
std::vector<trace::Record> sample_run(std::size_t records, std::uint64_t seed);

/// The end of a run of these records.
trace::End end_of(std::span<const trace::Record> records);

trace::Header header_of(trace::Level level);

/// Writes the records, numbered from 0, to a file. Returns why it could not.
trace::Failure write_trace(const std::string& file, const trace::Header& header,
                           std::span<const trace::Record> records);

/// The text of a file of these records.
std::string trace_text(const trace::Header& header, std::span<const trace::Record> records);

std::vector<std::string> lines_of(std::string_view text);

/// A folder of its own, removed with all that is in it.
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string file(std::string_view name) const;
    std::vector<std::string> names() const;

  private:
    std::string path_;
};

std::string contents(const std::string& file);

}  // namespace tests
