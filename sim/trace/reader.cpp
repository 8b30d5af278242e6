#include "sim/trace/reader.hpp"

#include "protocol/types/ensure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace trace {

namespace {

using Reason = ReadError::Reason;

constexpr std::size_t first_buffer = std::size_t{256} << 10;

std::string shown(const std::string& name) { return name == "-" ? "standard input" : name; }

bool is_blank(std::string_view line) {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

std::optional<Mistake> repeated_key(const MemberList& list) {
    for (const Member& member : list.members) {
        if (list.find(member.key) == &member) continue;
        return Mistake{member.key.data() - 1, fmt::format("\"{}\" stands twice", member.key)};
    }
    return std::nullopt;
}

}  // namespace

Reader::Reader(const std::string& file, Options options)
    : name_(shown(file)), options_(options), source_(file), buffer_(first_buffer) {}

Reader::Reader(std::string name, ByteSource::Text text, Options options)
    : name_(std::move(name)), options_(options), source_(text), buffer_(first_buffer) {}

bool Reader::read_header() {
    zab::ensure(line_number_ == 0, "the header is read once, first");
    std::string_view line;
    if (!next_line(line)) {
        if (error_.message.empty()) fail(Reason::malformed, 1, "the file is empty: no header");
        return false;
    }
    if (!split_line(line)) return false;
    if (const auto repeated = repeated_key(members_)) return fail_at(*repeated), false;
    if (const auto wrong = parse_header(members_, header_, minor_)) {
        fail_at(wrong->mistake);
        if (wrong->is_other_version) error_.reason = Reason::other_version;
        return false;
    }
    is_newer_ = minor_ > format_minor;
    kinds_ = header_.level == Level::off ? 0 : kinds_at(header_.level);
    window_ = header_.window.value_or(Window{});
    if (options_.verify && (header_.level != Level::all || header_.window)) {
        fail(Reason::unverifiable, 1,
             fmt::format("the hash is over all records, but this trace has level {}{}: it can be "
                         "verified at level all without a window",
                         level_names()[static_cast<std::size_t>(header_.level)],
                         header_.window ? " and a window" : ""));
        return false;
    }
    return true;
}

Reader::Step Reader::next(NumberedRecord& out) {
    zab::ensure(line_number_ > 0, "the header is read first");
    std::string_view line;
    while (next_line(line)) {
        if (is_blank(line)) continue;
        if (!split_line(line)) return Step::error;
        if (const auto kind = parser_.kind_of(members_)) return take_record(*kind, out);
        if (members_.find("record") != nullptr) {
            const Step step = read_frame_line();
            if (step != Step::record) return step;
            continue;
        }
        if (!is_newer_ || members_.find("kind") == nullptr) {
            return fail_at(LineParser::mistake_in_kind(members_));
        }
        has_unknown_ = true;
        ++lines_;
    }
    if (!error_.message.empty()) return Step::error;
    return fail(Reason::truncated, line_number_ + 1, "the trace is truncated: its end is missing");
}

/// `record`: go on with the next line.
Reader::Step Reader::read_frame_line() {
    const JsonValue& frame = members_.find("record")->value;
    if (frame.text == "end") return take_end();
    if (frame.text == "header") return fail_at(position_of(frame), "a second header");
    if (is_newer_) return Step::record;
    return fail_at(position_of(frame), "\"record\" must be header, on the first line, or end");
}

Reader::Step Reader::take_record(Kind kind, NumberedRecord& out) {
    if (const auto mistake = parser_.parse(members_, kind, out)) return fail_at(*mistake);
    if (!is_in_place(out)) return Step::error;
    last_id_ = out.id;
    last_time_ = out.record.time();
    ++lines_;
    recorder_.add(out.record);
    return Step::record;
}

bool Reader::is_in_place(const NumberedRecord& found) {
    const Record& record = found.record;
    if (last_id_ && found.id <= *last_id_) {
        fail_at(position_of_key("id"),
                fmt::format("id {} after id {}: ids rise from line to line", found.id, *last_id_));
    } else if (record.time() < last_time_) {
        fail_at(position_of_key("t_ns"), fmt::format("{} ns after {} ns: time does not fall",
                                                     record.time().ns, last_time_.ns));
    } else if ((kinds_ & kind_bit(record.kind())) == 0) {
        fail_at(position_of_key("kind"),
                fmt::format("a trace of level {} has no {}",
                            level_names()[static_cast<std::size_t>(header_.level)],
                            row(record.kind()).name));
    } else if (!window_.contains(record.time())) {
        fail_at(position_of_key("t_ns"),
                fmt::format("{} ns is outside the trace's window of {} to "
                            "{} ns",
                            record.time().ns, window_.from.ns, window_.to.ns));
    } else {
        return true;
    }
    return false;
}

Reader::Step Reader::take_end() {
    if (const auto repeated = repeated_key(members_)) return fail_at(*repeated);
    if (const auto mistake = parse_end(members_, is_newer_, end_)) return fail_at(*mistake);
    if (!agrees_with_end() || !has_nothing_left()) return Step::error;
    return Step::end;
}

bool Reader::agrees_with_end() {
    if (end_.lines != lines_) {
        return disagree("lines", fmt::format("{} records stand above, not {}", lines_, end_.lines));
    }
    if (last_id_ && end_.records <= *last_id_) {
        return disagree("records", fmt::format("a run of {} records has none with the id {}",
                                               end_.records, *last_id_));
    }
    if (end_.time < last_time_) {
        return disagree(
            "t_ns", fmt::format("the run ended before its last record, at {} ns", last_time_.ns));
    }
    if (!counts_agree()) return false;
    if (options_.verify && has_unknown_) {
        fail(Reason::unverifiable, line_number_, "records of unknown kinds cannot be verified");
        return false;
    }
    if (options_.verify && recorder_.hash() != end_.hash) {
        return disagree(
            "hash", fmt::format("the records above have the hash 0x{:x}", recorder_.hash().value));
    }
    return true;
}

bool Reader::counts_agree() {
    std::uint64_t unaccounted = end_.records;
    for (const Row& of_kind : rows()) {
        const auto index = static_cast<std::size_t>(of_kind.kind);
        const std::uint64_t count = end_.counts[index];
        const std::uint64_t seen = recorder_.counts()[index];
        const bool is_shown = !header_.window && (kinds_ & kind_bit(of_kind.kind)) != 0;
        if (is_shown ? seen != count : seen > count) {
            return disagree("counts", fmt::format("{} records of kind {} stand above, not {}", seen,
                                                  of_kind.name, count));
        }
        if (count > unaccounted) {
            return disagree("counts", "they add up to more than \"records\"");
        }
        unaccounted -= count;
    }
    if (is_newer_ || unaccounted == 0) return true;  // Unknown kinds have counts, too.
    return disagree("counts", "they add up to less than \"records\"");
}

bool Reader::disagree(std::string_view key, std::string reason) {
    fail_at(position_of_key(key), std::move(reason));
    return false;
}

bool Reader::has_nothing_left() {
    std::string_view line;
    while (next_line(line)) {
        if (is_blank(line)) continue;
        fail(Reason::malformed, line_number_, "nothing may follow the end of the trace");
        return false;
    }
    return error_.message.empty();
}

bool Reader::split_line(std::string_view line) {
    const auto mistake = split_members(line, members_);
    if (!mistake) return true;
    if (has_line_end_) {
        fail_at(*mistake);
    } else {
        fail(Reason::truncated, line_number_, "the trace is truncated in the middle of this line");
    }
    return false;
}

bool Reader::next_line(std::string_view& line) {
    std::size_t scanned = 0;
    while (true) {
        const char* const begin = buffer_.data() + begin_;
        const void* const found = std::memchr(begin + scanned, '\n', filled_ - begin_ - scanned);
        if (found != nullptr) {
            const auto size = static_cast<std::size_t>(static_cast<const char*>(found) - begin);
            line = line_ = {begin, size};
            begin_ += size + 1;
            ++line_number_;
            return true;
        }
        scanned = filled_ - begin_;
        if (!extend_buffer(scanned)) break;
    }
    if (!error_.message.empty() || scanned == 0) return false;
    has_line_end_ = false;
    line = line_ = {buffer_.data() + begin_, scanned};
    begin_ = filled_;
    ++line_number_;
    return true;
}

/// Reads more behind the `known` bytes of an unfinished line. False: there is no more, or an error.
bool Reader::extend_buffer(std::size_t known) {
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, known);
        begin_ = 0;
        filled_ = known;
    }
    if (filled_ == buffer_.size()) {
        if (filled_ >= max_line_bytes) {
            fail(Reason::malformed, line_number_ + 1,
                 fmt::format("the line is longer than {} bytes", max_line_bytes));
            return false;
        }
        buffer_.resize(std::min(2 * buffer_.size(), max_line_bytes));
    }
    const std::size_t got = source_.read(std::span(buffer_).subspan(filled_));
    filled_ += got;
    if (source_.failure()) {
        fail(Reason::unreadable, 0, *source_.failure());
        return false;
    }
    if (got == 0 && source_.is_cut_short()) {
        fail(Reason::truncated, line_number_ + 1,
             "the trace is truncated: its zstd frame has no end");
        return false;
    }
    return got > 0;
}

const char* Reader::position_of_key(std::string_view key) const {
    const Member* const member = members_.find(key);
    return member == nullptr ? members_.begin : position_of(member->value);
}

Reader::Step Reader::fail(Reason reason, std::uint64_t line, std::string text) {
    const std::string where = line == 0 ? name_ : fmt::format("{}:{}:1", name_, line);
    error_ = {reason, line, fmt::format("{}: error: {}", where, text)};
    return Step::error;
}

Reader::Step Reader::fail_at(const Mistake& mistake) {
    const auto column = mistake.at - line_.data() + 1;
    error_ = {Reason::malformed, line_number_,
              fmt::format("{}:{}:{}: error: {}", name_, line_number_, column, mistake.reason)};
    return Step::error;
}

}  // namespace trace
