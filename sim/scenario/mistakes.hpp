#pragma once

#include "sim/scenario/json_value.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

/// One input of a scenario: a file, or a `--set path=value` of the command line.
struct Source {
    std::string name;  ///< As messages print it.
    std::string text;
    bool has_lines = true;  ///< False: messages name no line and column.
};
using Sources = std::vector<Source>;

/// One thing that is wrong with a scenario. Empty fields are left out of the message.
struct Mistake {
    json::Place place;
    std::string pointer;
    std::string reason;
    std::string accepted;
    std::string suggestion;

    bool is_of_key() const { return reason == unknown_key; }
    static constexpr std::string_view unknown_key = "unknown key";
};

/// Collects mistakes, so that one run of the loader names them all.
class Mistakes {
  public:
    void add(Mistake mistake);
    bool is_full() const { return mistakes_.size() == most_kept; }
    bool empty() const { return mistakes_.empty(); }
    /// Whether a mistake was found at this pointer or below it. A mistyped key stands for the one
    /// that was probably meant.
    bool any_under(std::string_view pointer) const;
    /// Whether one was found at this very pointer, or a key below it that resembles none: nobody
    /// knows what was meant.
    bool any_at(std::string_view pointer) const;
    /// `file:line:col: error: /pointer: reason; accepted: …; did you mean "…"?`, one for each, in
    /// the order of the text. Line and column count from 1, the column in bytes.
    std::vector<std::string> messages(const Sources& sources) const;

    /// More are only counted: nobody reads the thousandth.
    static constexpr std::size_t most_printed = 100;
    static constexpr std::size_t most_kept = 1'000;

  private:
    std::vector<Mistake> mistakes_;
};

/// Input text for a message: control characters escaped, cut when it is long.
std::string printable(std::string_view text);
/// The same between double quotes.
std::string in_quotes(std::string_view text);

/// The candidate that was probably meant by a mistyped `name`, or nothing.
std::string closest(std::string_view name, const std::vector<std::string_view>& candidates);

/// "a, b or c".
std::string listed(const std::vector<std::string_view>& names);

}  // namespace sim
