#pragma once

#include "sim/trace/byte_source.hpp"
#include "sim/trace/frame_lines.hpp"
#include "sim/trace/line_parser.hpp"
#include "sim/trace/trace_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trace {

/// Why a trace cannot be read on: `message` is the line to print, "file:line:column: error: …".
struct ReadError {
    enum class Reason : std::uint8_t {
        unreadable,     ///< The file cannot be opened or read.
        malformed,      ///< It is not a trace, or somebody changed it.
        other_version,  ///< Of a format that is not read here.
        truncated,      ///< What there is is right, but the rest is missing.
        unverifiable,   ///< The hash was asked for, and this file does not show the whole run.
    };
    Reason reason{};
    std::uint64_t line = 0;  ///< From 1; 0: the whole file.
    std::string message;
};

/// Reads a trace file line by line, in bounded memory whatever it holds: plain or zstd, file, "-"
/// or text. Accepts any order of keys and white space, and what later minor versions add.
/// Demands that ids rise, time does not fall, every line belongs to the file's level and window,
/// and that the end agrees with what was read. Once, from the header to the end or an error.
class Reader {
  public:
    struct Options {
        /// Compare the records' hash with the end's. Needs level "all" and no window.
        bool verify = false;
    };
    enum class Step : std::uint8_t { record, end, error };

    /// `name` stands in messages.
    Reader(const std::string& file, Options options);
    Reader(std::string name, ByteSource::Text text, Options options);

    /// The first call. False: see error().
    bool read_header();
    /// The next record, or that there is none.
    Step next(NumberedRecord& out);
    /// Where the record stands that was read last, from 1.
    std::uint64_t line() const { return line_number_; }

    const Header& header() const { return header_; }
    /// The minor version of its format.
    std::uint32_t minor() const { return minor_; }
    /// Valid once next() returned `end`.
    const End& end() const { return end_; }
    /// Whether lines were passed over, because a newer minor version has kinds unknown here.
    bool has_unknown_kinds() const { return has_unknown_; }
    /// Valid once something failed.
    const ReadError& error() const { return error_; }

  private:
    bool next_line(std::string_view& line);
    bool extend_buffer(std::size_t known);
    bool split_line(std::string_view line);
    Step read_frame_line();
    Step take_record(Kind kind, NumberedRecord& out);
    bool is_in_place(const NumberedRecord& found);
    Step take_end();
    bool agrees_with_end();
    bool counts_agree();
    bool disagree(std::string_view key, std::string reason);
    bool has_nothing_left();

    const char* position_of_key(std::string_view key) const;
    Step fail(ReadError::Reason reason, std::uint64_t line, std::string text);
    Step fail_at(const Mistake& mistake);
    Step fail_at(const char* at, std::string reason) { return fail_at({at, std::move(reason)}); }

    std::string name_;
    Options options_;
    ByteSource source_;
    LineParser parser_;
    MemberList members_;

    std::vector<char> buffer_;
    std::size_t begin_ = 0, filled_ = 0;  ///< Of what is not yet read in buffer_.
    std::string_view line_;
    bool has_line_end_ = true;
    std::uint64_t line_number_ = 0;

    Header header_;
    End end_;
    ReadError error_;
    std::uint32_t minor_ = 0;
    bool is_newer_ = false;  ///< By its minor version: unknown kinds and lines are passed over.
    KindSet kinds_ = 0;
    Window window_;
    std::optional<RecordId> last_id_;
    zab::Instant last_time_{};
    std::uint64_t lines_ = 0;
    bool has_unknown_ = false;
    Recorder recorder_;
};

}  // namespace trace
