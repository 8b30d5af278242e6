#pragma once

#include "sim/trace/record.hpp"

#include <string>

namespace cli {

/// A record as a trace file has it, without the line's end.
std::string record_line(const trace::Record& record, trace::RecordId id);

}  // namespace cli
