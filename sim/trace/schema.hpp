#pragma once

#include <string>

/// Descriptions of the trace format for others, made from the table that makes the format.
namespace trace {

/// A JSON Schema (draft-07) that each line of a trace file satisfies.
std::string trace_schema();

/// The reference page, in Markdown.
std::string trace_reference();

}  // namespace trace
