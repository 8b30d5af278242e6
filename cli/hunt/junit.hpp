#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cli {

/// One test case of a JUnit report. It passed, unless one of the two is said.
struct JUnitCase {
    std::string name;
    std::string failure{};  ///< What is wrong.
    std::string skipped{};  ///< Why it does not count.
};

/// A report of one suite, as CI servers read it.
std::string junit_xml(std::string_view suite, std::span<const JUnitCase> cases);

/// Text inside an XML element or attribute. Control characters, which XML cannot hold, become "?".
std::string xml_text(std::string_view text);

}  // namespace cli
