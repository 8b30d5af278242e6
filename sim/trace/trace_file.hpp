#pragma once

#include "protocol/types/time.hpp"
#include "sim/trace/record_table.hpp"
#include "sim/trace/recorder.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace trace {

/// The version of trace files. A higher minor only adds keys, kinds and lines, which readers pass
/// over; a higher major is refused.
constexpr std::string_view format_name = "zabsim.trace/";
constexpr std::uint32_t format_major = 1;
constexpr std::uint32_t format_minor = 4;

/// A line that is longer is not one of ours; readers need no more memory than this.
constexpr std::size_t max_line_bytes = std::size_t{16} << 20;

/// Records with from <= time < to.
struct Window {
    zab::Instant from{};
    zab::Instant to{std::numeric_limits<std::int64_t>::max()};
    friend bool operator==(const Window&, const Window&) = default;
    bool contains(zab::Instant time) const { return from <= time && time < to; }
};

/// The first line: what is needed to run it again, and what part of the run the file shows.
struct Header {
    std::uint32_t behaviour = 0;  ///< Raised by hand whenever hashes move.
    std::string commit;           ///< For information. Plain text.
    std::uint64_t seed = 0;
    Level level = Level::all;
    std::optional<Window> window{};
    std::string scenario = "{}";  ///< The resolved scenario: JSON text on one line.
    friend bool operator==(const Header&, const Header&) = default;
};

/// The last line. All but `lines` tell of the whole run, whatever part the file shows of it.
struct End {
    std::uint64_t records = 0;
    std::uint64_t lines = 0;  ///< Record lines in this file; the writer fills it in.
    zab::Instant time{};      ///< When the run ended.
    std::string verdict;      ///< Plain text.
    RunHash hash{};
    KindCounts counts{};
    friend bool operator==(const End&, const End&) = default;
};

/// Why something could not be done, as one line for the user; empty when it was done.
using Failure = std::optional<std::string>;

/// Text that needs no escapes in JSON: printable ASCII without quote and backslash.
constexpr bool is_plain_text(std::string_view text) {
    for (const char c : text) {
        if (c < ' ' || c > '~' || c == '"' || c == '\\') return false;
    }
    return true;
}

}  // namespace trace
