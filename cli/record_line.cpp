#include "cli/record_line.hpp"

#include "sim/trace/line_format.hpp"

#include <array>

namespace cli {

std::string record_line(const trace::Record& record, trace::RecordId id) {
    const trace::LineFormat format;
    std::array<char, trace::LineFormat::max_line> line{};
    const char* const end = format.put(line.data(), record, id);
    return {line.data(), static_cast<std::size_t>(end - line.data()) - 1};
}

}  // namespace cli
