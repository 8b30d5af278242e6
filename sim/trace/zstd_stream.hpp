#pragma once

#include "sim/trace/trace_file.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

/// zstd as a stream, behind plain types: the only place that knows the library.
namespace trace {

/// The first bytes of every zstd frame.
constexpr std::string_view zstd_magic = "\x28\xb5\x2f\xfd";

class Compressor {
  public:
    Compressor();
    ~Compressor();
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;

    /// Takes bytes off the front of `input` and returns compressed bytes, which are valid until the
    /// next call. Call until `input` is empty.
    std::string_view compress(std::string_view& input) { return step(input, false); }
    /// Ends the frame. Call until it returns nothing.
    std::string_view finish();
    const Failure& failure() const { return failure_; }

  private:
    struct Context;

    std::string_view step(std::string_view& input, bool last);

    std::unique_ptr<Context> context_;
    std::vector<char> output_;
    bool is_finished_ = false;
    Failure failure_;
};

class Decompressor {
  public:
    Decompressor();
    ~Decompressor();
    Decompressor(const Decompressor&) = delete;
    Decompressor& operator=(const Decompressor&) = delete;

    /// Takes bytes off the front of `input`, fills the front of `out`, and returns how much of it.
    std::size_t decompress(std::string_view& input, std::span<char> out);
    /// Whether the input so far ends where a frame ends.
    bool is_between_frames() const { return is_between_frames_; }
    const Failure& failure() const { return failure_; }

  private:
    struct Context;

    std::unique_ptr<Context> context_;
    bool is_between_frames_ = true;
    Failure failure_;
};

}  // namespace trace
