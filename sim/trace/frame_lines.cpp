#include "sim/trace/frame_lines.hpp"

#include "protocol/types/ensure.hpp"
#include "sim/trace/line_layout.hpp"

#include <fmt/format.h>

namespace trace {

namespace {

constexpr std::uint64_t any = ~std::uint64_t{0};
constexpr std::uint64_t max_small = 0xffff'ffff;

/// Reads the members of a line one by one and keeps the first mistake.
class MemberReader {
  public:
    MemberReader(const MemberList& list, std::optional<Mistake>& mistake)
        : list_(list), mistake_(mistake) {}

    bool has(std::string_view key) const { return list_.find(key) != nullptr; }

    const JsonValue* value(std::string_view key) {
        const Member* const member = list_.find(key);
        if (member == nullptr) {
            fail(list_.begin, fmt::format("\"{}\" is missing", key));
            return nullptr;
        }
        return &member->value;
    }

    std::uint64_t integer(std::string_view key, std::uint64_t max) {
        const JsonValue* const found = value(key);
        if (found == nullptr) return 0;
        const auto number = integer_of(*found, max);
        if (!number) {
            fail(position_of(*found),
                 fmt::format("\"{}\" must be an integer from 0 to {}", key, max));
        }
        return number.value_or(0);
    }

    zab::Instant time(std::string_view key) {
        return {static_cast<std::int64_t>(integer(key, place::max_time))};
    }

    std::uint64_t hex(std::string_view key) {
        const JsonValue* const found = value(key);
        if (found == nullptr) return 0;
        const auto number = hex_of(*found);
        if (!number) {
            fail(position_of(*found),
                 fmt::format("\"{}\" must be a string \"0x…\" of 1 to 16 hexadecimal digits", key));
        }
        return number.value_or(0);
    }

    std::string plain_text(std::string_view key) {
        const JsonValue* const found = value(key);
        if (found == nullptr) return {};
        if (found->type != JsonValue::Type::string || !is_plain_text(found->text)) {
            fail(position_of(*found), fmt::format("\"{}\" must be a string of plain text", key));
            return {};
        }
        return std::string(found->text);
    }

    std::string_view object(std::string_view key) {
        const JsonValue* const found = value(key);
        if (found == nullptr) return {};
        if (found->type != JsonValue::Type::object) {
            fail(position_of(*found), fmt::format("\"{}\" must be an object", key));
            return {};
        }
        return found->text;
    }

    Level level() {
        const JsonValue* const found = value("level");
        if (found == nullptr) return Level::off;
        const auto index = name_of(*found, level_names());
        if (!index) {
            fail(position_of(*found),
                 fmt::format("\"level\" must be one of: {}", fmt::join(level_names(), ", ")));
        }
        return static_cast<Level>(index.value_or(0));
    }

    void fail(const char* at, std::string reason) {
        if (!mistake_) mistake_ = Mistake{at, std::move(reason)};
    }

  private:
    const MemberList& list_;
    std::optional<Mistake>& mistake_;
};

/// The digits at the front of `text`, which loses them, as a number below a million.
std::optional<std::uint32_t> take_number(std::string_view& text) {
    std::uint32_t number = 0;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        if (digits == 6) return std::nullopt;
        number = number * 10 + static_cast<std::uint32_t>(text[digits++] - '0');
    }
    text.remove_prefix(digits);
    return digits == 0 ? std::nullopt : std::optional(number);
}

std::optional<FormatMistake> parse_format(const MemberList& members, std::uint32_t& minor) {
    std::optional<Mistake> mistake;
    MemberReader reader(members, mistake);
    const std::string format = reader.plain_text("format");
    if (mistake) return FormatMistake{*mistake};
    const char* const at = position_of(members.find("format")->value);
    std::string_view version = format;
    if (!version.starts_with(format_name)) {
        return FormatMistake{{at, fmt::format("\"format\" must be {}{}.{}", format_name,
                                              format_major, format_minor)}};
    }
    version.remove_prefix(format_name.size());
    const auto major = take_number(version);
    const bool has_dot = version.starts_with('.');
    if (has_dot) version.remove_prefix(1);
    const auto found_minor = take_number(version);
    if (!major || !has_dot || !found_minor || !version.empty()) {
        return FormatMistake{{at, "\"format\" must end in a version, as in 1.0"}};
    }
    minor = *found_minor;
    if (*major == format_major) return std::nullopt;
    return FormatMistake{
        {at, fmt::format("the trace has format {}, but this zabsim reads {}{}.x: read it with the "
                         "zabsim that wrote it, or convert it by running its seed and scenario, "
                         "which this line holds, again",
                         format, format_name, format_major)},
        true};
}

void parse_engine(std::string_view text, Header& header, std::optional<Mistake>& mistake) {
    if (mistake) return;
    MemberList members;
    mistake = split_members(text, members);
    if (mistake) return;
    MemberReader engine(members, mistake);
    header.behaviour = static_cast<std::uint32_t>(engine.integer("behaviour", max_small));
    header.commit = engine.plain_text("commit");
}

void parse_counts(std::string_view text, bool newer, KindCounts& counts,
                  std::optional<Mistake>& mistake) {
    if (mistake) return;
    MemberList members;
    mistake = split_members(text, members);
    if (mistake) return;
    MemberReader reader(members, mistake);
    for (const Row& of_kind : rows()) {
        auto& count = counts[static_cast<std::size_t>(of_kind.kind)];
        count = reader.has(of_kind.name) ? reader.integer(of_kind.name, any) : 0;
    }
    for (const Member& member : members.members) {
        if (!newer && !kind_named(member.key)) {
            reader.fail(member.key.data() - 1, fmt::format("unknown kind \"{}\"", member.key));
        }
    }
}

}  // namespace

std::string header_line(const Header& header) {
    zab::ensure(is_plain_text(header.commit), "a commit is hexadecimal digits, or a word");
    zab::ensure(header.scenario.find('\n') == std::string::npos, "a header is one line");
    std::string window;
    if (header.window) {
        window = fmt::format("\"from_ns\":{},\"to_ns\":{},", header.window->from.ns,
                             header.window->to.ns);
    }
    return fmt::format(
        "{{\"record\":\"header\",\"format\":\"{}{}.{}\",\"engine\":{{\"behaviour\":{},"
        "\"commit\":\"{}\"}},\"seed\":\"0x{:x}\",\"level\":\"{}\",{}\"scenario\":{}}}\n",
        format_name, format_major, format_minor, header.behaviour, header.commit, header.seed,
        level_names()[static_cast<std::size_t>(header.level)], window, header.scenario);
}

std::string end_line(const End& end) {
    zab::ensure(is_plain_text(end.verdict), "a verdict is a word");
    std::string counts;
    for (const Row& of_kind : rows()) {
        const std::uint64_t count = end.counts[static_cast<std::size_t>(of_kind.kind)];
        if (count == 0) continue;
        counts += fmt::format("{}\"{}\":{}", counts.empty() ? "" : ",", of_kind.name, count);
    }
    return fmt::format(
        "{{\"record\":\"end\",\"records\":{},\"lines\":{},\"t_ns\":{},\"verdict\":\"{}\","
        "\"hash\":\"0x{:016x}\",\"counts\":{{{}}}}}\n",
        end.records, end.lines, end.time.ns, end.verdict, end.hash.value, counts);
}

std::optional<FormatMistake> parse_header(const MemberList& members, Header& header,
                                          std::uint32_t& minor) {
    std::optional<Mistake> mistake;
    MemberReader reader(members, mistake);
    const Member* const record = members.find("record");
    if (record == nullptr || record->value.text != "header") {
        return FormatMistake{{members.begin,
                              "a trace begins with its header, "
                              "{\"record\":\"header\",…}: this is not a trace"}};
    }
    if (auto other = parse_format(members, minor)) return other;
    parse_engine(reader.object("engine"), header, mistake);
    header.seed = reader.hex("seed");
    header.level = reader.level();
    header.window.reset();
    if (reader.has("from_ns") || reader.has("to_ns")) {
        header.window = Window{reader.time("from_ns"), reader.time("to_ns")};
    }
    header.scenario = std::string(reader.object("scenario"));
    if (mistake) return FormatMistake{std::move(*mistake)};
    return std::nullopt;
}

std::optional<Mistake> parse_end(const MemberList& members, bool newer, End& end) {
    std::optional<Mistake> mistake;
    MemberReader reader(members, mistake);
    end.records = reader.integer("records", any);
    end.lines = reader.integer("lines", any);
    end.time = reader.time("t_ns");
    end.verdict = reader.plain_text("verdict");
    end.hash = {reader.hex("hash")};
    parse_counts(reader.object("counts"), newer, end.counts, mistake);
    return mistake;
}

}  // namespace trace
