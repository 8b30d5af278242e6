#pragma once

#include "sim/trace/trace_file.hpp"
#include "sim/trace/zstd_stream.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trace {

/// Bytes to read: a file, the standard input ("-"), or text in memory. zstd is recognised by its
/// first bytes, whatever the name.
class ByteSource {
  public:
    /// What a source is made of, if not of a file.
    struct Text {
        std::string_view bytes;  ///< Must outlive the source.
    };

    explicit ByteSource(const std::string& file);
    explicit ByteSource(Text text);
    ~ByteSource();
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;

    /// Fills the front of `out` and returns how much of it: nothing at the end, or after a failure.
    std::size_t read(std::span<char> out);
    /// A reason without a place; empty unless reading failed.
    const Failure& failure() const { return failure_; }
    /// Whether the data end in the middle of what is compressed.
    bool is_cut_short() const;

  private:
    void recognise();
    std::size_t read_raw(std::span<char> out);
    void refill();

    int descriptor_ = -1;
    bool must_close_ = false;
    std::string_view text_;
    std::vector<char> input_;
    std::string_view pending_;  ///< Of input_: read, but not yet passed on.
    std::unique_ptr<Decompressor> decompressor_;
    Failure failure_;
};

}  // namespace trace
