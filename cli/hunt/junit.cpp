#include "cli/hunt/junit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace cli {

namespace {

/// What a character's first byte says: how many bytes it has, 0 for none, and its first bits.
struct Lead {
    std::size_t bytes;
    std::uint32_t bits;
};

Lead lead_of(unsigned char first) {
    if (first < 0x80) return {1, first};
    if ((first & 0xe0) == 0xc0) return {2, first & 0x1fu};
    if ((first & 0xf0) == 0xe0) return {3, first & 0x0fu};
    if ((first & 0xf8) == 0xf0) return {4, first & 0x07u};
    return {0, 0};
}

bool is_xml_character(std::uint32_t code) {
    const bool is_space = code == '\t' || code == '\n' || code == '\r';
    return is_space || (code >= 0x20 && code < 0xd800) || (code >= 0xe000 && code < 0xfffe) ||
           (code >= 0x10000 && code < 0x110000);
}

/// The bytes of the character that `text` begins with; 0: of none that XML 1.0 may have.
std::size_t bytes_of_character(std::string_view text) {
    static constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    const Lead lead = lead_of(static_cast<unsigned char>(text.front()));
    if (lead.bytes == 0 || lead.bytes > text.size()) return 0;
    std::uint32_t code = lead.bits;
    for (const char c : text.substr(1, lead.bytes - 1)) {
        if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) return 0;
        code = code << 6 | (static_cast<unsigned char>(c) & 0x3fu);
    }
    return code >= least[lead.bytes] && is_xml_character(code) ? lead.bytes : 0;
}

}  // namespace

std::string xml_text(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t bytes = bytes_of_character(text);
        switch (bytes == 0 ? '\0' : text.front()) {
            case '\0': out += '?'; break;
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\t': out += "&#9;"; break;
            case '\n': out += "&#10;"; break;
            case '\r': out += "&#13;"; break;
            default: out += text.substr(0, bytes);
        }
        text.remove_prefix(std::max<std::size_t>(bytes, 1));
    }
    return out;
}

std::string junit_xml(std::string_view suite, std::span<const JUnitCase> cases) {
    std::size_t failed = 0;
    std::size_t skipped = 0;
    std::string lines;
    for (const JUnitCase& one : cases) {
        const std::string head = fmt::format("    <testcase classname=\"{}\" name=\"{}\"",
                                             xml_text(suite), xml_text(one.name));
        if (one.failure.empty() && one.skipped.empty()) {
            lines += head + "/>\n";
            continue;
        }
        const bool has_failed = !one.failure.empty();
        ++(has_failed ? failed : skipped);
        lines += fmt::format("{}>\n      <{} message=\"{}\"/>\n    </testcase>\n", head,
                             has_failed ? "failure" : "skipped",
                             xml_text(has_failed ? one.failure : one.skipped));
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n"
        "{}  </testsuite>\n</testsuites>\n",
        xml_text(suite), cases.size(), failed, skipped, lines);
}

}  // namespace cli
