#include "tests/conformance/case.hpp"

#include <doctest/doctest.h>

#include <string>

namespace conformance {

TEST_CASE("a file of cases that is not of their form is told where") {
    const std::string start = "{\"format\": \"zk-conformance-1\",\n \"cases\": ";
    const std::string whole = R"({"id": "a", "area": "b", "source": "c", "level": "d",
  "initial": {}, "stimulus": {}, "expected": {}})";
    std::string without = whole;
    without.erase(without.find("\"stimulus\""), 16);
    std::string odd = whole;
    odd.replace(odd.find("\"d\""), 3, "[4]");
    struct Row {
        std::string text;
        const char* message;
    };
    const Row rows[] = {
        {"{]", "f.json:1:2: error: "},
        {"{}", "f.json:1:1: error: \"format\" must be \"zk-conformance-1\""},
        {start + "3}", "f.json:2:11: error: \"cases\" must be a list"},
        {start + "[" + without + "]}", "f.json:2:12: error: \"stimulus\" is missing"},
        {start + "[" + whole + ",\n" + odd + "]}", "f.json:4:50: error: \"level\" must be a text"},
    };
    CHECK_EQ(cases_of("f.json", start + "[" + whole + "]}").size(), 1);
    for (const Row& row : rows) {
        CAPTURE(row.text);
        std::string said;
        try {
            cases_of("f.json", row.text);
        } catch (const Malformed& malformed) {
            said = malformed.what();
        }
        CHECK_MESSAGE(said.starts_with(row.message), said);
    }
}

}  // namespace conformance
