// libFuzzer target: no input may crash the reader, and what it accepts, written again, must be
// accepted again and give the same records.

#include "sim/trace/frame_lines.hpp"
#include "sim/trace/line_format.hpp"
#include "sim/trace/reader.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

struct Found {
    bool is_complete = false;
    std::vector<trace::NumberedRecord> records;
    std::string text;  ///< All written again.
};

Found read_all(std::string_view text, const trace::LineFormat& format) {
    Found found;
    trace::Reader reader("fuzz", trace::ByteSource::Text{text}, {});
    if (!reader.read_header()) return found;
    found.text = trace::header_line(reader.header());
    trace::NumberedRecord next;
    auto step = trace::Reader::Step::record;
    while ((step = reader.next(next)) == trace::Reader::Step::record) {
        char room[trace::LineFormat::max_line];
        found.records.push_back(next);
        found.text.append(room, format.put(room, next.record, next.id));
    }
    found.is_complete = step == trace::Reader::Step::end;
    if (found.is_complete) {
        found.text += trace::end_line(reader.end());
    } else if (reader.error().message.empty()) {
        std::abort();
    }
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const trace::LineFormat format;
    const std::string text(data, data + size);
    const Found first = read_all(text, format);
    const bool may_hold_unknown = text.find("zabsim.trace/1.4") == std::string::npos;
    if (!first.is_complete || may_hold_unknown) return 0;

    const Found second = read_all(first.text, format);
    if (!second.is_complete || second.text != first.text) std::abort();
    if (second.records.size() != first.records.size()) std::abort();
    return 0;
}
