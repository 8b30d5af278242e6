#pragma once

#include "sim/trace/trace_file.hpp"
#include "sim/trace/zstd_stream.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace trace {

/// A file being written. Its name: "-" is the standard output; one that ends in ".zst" is
/// compressed. A regular file is written beside its place and renamed by commit(), so that nothing
/// half-written ever stands under the name; without commit() nothing remains. Devices and pipes are
/// written directly. The first failure is kept, and everything after it does nothing.
class ByteSink {
  public:
    explicit ByteSink(const std::string& name);
    ~ByteSink();
    ByteSink(const ByteSink&) = delete;
    ByteSink& operator=(const ByteSink&) = delete;

    void write(std::string_view bytes);
    const Failure& failure() const { return failure_; }
    /// Ends the file, once. Returns the first failure of all.
    Failure commit();

  private:
    void open_file();
    void open_beside(const std::string& target);
    void write_raw(std::string_view bytes);
    void close_file();
    void fail(std::string_view act, int error);

    std::string name_;
    std::string target_;     ///< Where the temporary goes; empty if written directly.
    std::string temporary_;  ///< Empty if there is none.
    int descriptor_ = -1;
    bool must_close_ = false;
    std::unique_ptr<Compressor> compressor_;
    Failure failure_;
};

}  // namespace trace
