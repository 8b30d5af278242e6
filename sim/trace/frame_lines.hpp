#pragma once

#include "sim/trace/json_members.hpp"
#include "sim/trace/trace_file.hpp"

#include <string>

/// The first and the last line of a trace file.
namespace trace {

std::string header_line(const Header& header);
std::string end_line(const End& end);

/// A mistake that means: not damaged, but written by another version.
struct FormatMistake {
    Mistake mistake;
    bool is_other_version = false;
};

/// Reads a header. `minor` gets the minor version of the format.
std::optional<FormatMistake> parse_header(const MemberList& members, Header& header,
                                          std::uint32_t& minor);

/// Reads an end. `newer` allows for counts of kinds unknown here.
std::optional<Mistake> parse_end(const MemberList& members, bool newer, End& end);

}  // namespace trace
