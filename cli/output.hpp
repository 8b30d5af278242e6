#pragma once

#include "cli/arguments.hpp"
#include "cli/environment.hpp"
#include "cli/exit_code.hpp"
#include "sim/trace/byte_sink.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// Why the outputs would destroy an input or each other; empty: they would not.
std::string overwriting(const Arguments& arguments);
/// The same of one more input, which is not among the arguments.
std::string overwriting(const Arguments& arguments, const std::string& input);
/// Tells it; not ok: the command must not begin.
Exit refuse_overwriting(const Arguments& arguments, const Environment& environment);

/// Where results go: text on standard output, and JSON in a file or, as "-", in its place. The
/// file is opened at once, so that a run is not in vain, and appears complete or not at all.
class Results {
  public:
    /// `is_array`: several results become one JSON array.
    Results(const Environment& environment, const std::optional<std::string>& json, bool is_array);

    /// Why the file cannot be written.
    const trace::Failure& failure() const;
    bool shows_text() const { return !is_json_; }
    bool wants_json() const { return is_json_ || sink_ != nullptr; }
    void add_json(const std::string& object);
    Exit finish();

  private:
    const Environment& environment_;
    bool is_json_;  ///< Standard output gets JSON.
    bool is_array_;
    bool is_first_ = true;
    std::string text_;
    std::unique_ptr<trace::ByteSink> sink_;
    trace::Failure none_;
};

}  // namespace cli
