#include "tests/conformance/case.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

namespace conformance {

void check_by_id(const std::string& id) {
    const std::string file = "tests/conformance/cases.json";
    std::ifstream stream(file);  // The tests run in the project's folder.
    REQUIRE(stream.good());
    for (const Case& one : cases_of(file, {std::istreambuf_iterator<char>(stream), {}})) {
        if (one.id != id) continue;
        bool passed = false;
        const std::string line = line_of(one, passed);
        CHECK_MESSAGE(passed, line);
        return;
    }
    FAIL("no case " << id);
}

}  // namespace conformance
