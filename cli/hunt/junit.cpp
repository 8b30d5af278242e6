#include "cli/hunt/junit.hpp"

#include <fmt/format.h>

namespace cli {

std::string xml_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\n': out += "&#10;"; break;
            default: out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
        }
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
