#include "sim/trace/writer.hpp"

#include "sim/trace/frame_lines.hpp"

namespace trace {

namespace {

constexpr std::size_t block = std::size_t{1} << 20;

}  // namespace

JsonWriter::JsonWriter(const std::string& file, const Header& header)
    : sink_(file),
      kinds_(header.level == Level::off ? 0 : kinds_at(header.level)),
      window_(header.window.value_or(Window{})),
      buffer_(block + LineFormat::max_line),
      at_(buffer_.data()),
      flush_after_(buffer_.data() + block) {
    put(header_line(header));
}

void JsonWriter::observe(const Record& record, RecordId id) {
    if ((kinds_ & kind_bit(record.kind())) == 0 || !window_.contains(record.time())) return;
    at_ = format_.put(at_, record, id);
    ++lines_;
    if (at_ > flush_after_) flush();
}

Failure JsonWriter::finish(const End& end) {
    End complete = end;
    complete.lines = lines_;
    put(end_line(complete));
    return sink_.commit();
}

void JsonWriter::put(std::string_view text) {
    flush();
    sink_.write(text);
}

void JsonWriter::flush() {
    sink_.write({buffer_.data(), static_cast<std::size_t>(at_ - buffer_.data())});
    at_ = buffer_.data();
}

}  // namespace trace
