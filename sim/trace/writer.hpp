#pragma once

#include "sim/trace/byte_sink.hpp"
#include "sim/trace/line_format.hpp"
#include "sim/trace/trace_file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trace {

/// Writes a trace file (see ByteSink for its name): a header, one line per record of the level and
/// the window, and the end. What a line says depends on neither. Nothing is allocated per record.
class JsonWriter final : public Sink {
  public:
    /// Requires a commit in plain text and a scenario on one line.
    JsonWriter(const std::string& file, const Header& header);

    /// What to subscribe to; other kinds are passed over.
    KindSet kinds() const { return kinds_; }
    void observe(const Record& record, RecordId id) override;

    /// Why the file cannot be written; then a run may as well end.
    const Failure& failure() const { return sink_.failure(); }
    /// Writes the end and puts the file in its place. Once, and the last call. Without it no file
    /// remains. Requires a verdict in plain text; `end.lines` is ignored.
    Failure finish(const End& end);

  private:
    void put(std::string_view text);
    void flush();

    ByteSink sink_;
    LineFormat format_;
    KindSet kinds_;
    Window window_;
    std::vector<char> buffer_;
    char* at_;           ///< Where the next line goes.
    char* flush_after_;  ///< Beyond it there may be no room for one more line.
    std::uint64_t lines_ = 0;
};

}  // namespace trace
