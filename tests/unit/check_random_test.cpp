#include "tests/unit/check_model.hpp"

#include <doctest/doctest.h>

#include <array>

namespace analysis {

namespace {

Model model_of(std::uint64_t seed) {
    const auto voters = static_cast<std::uint16_t>(1 + 2 * (seed % 3));
    const auto observers = static_cast<std::uint16_t>(seed % 2);
    Model model(seed, voters, observers);
    model.run(4000);
    return model;
}

}  // namespace

TEST_CASE("no checker raises an alarm on a correct history") {
    std::array<std::uint64_t, trace::kind_count> seen{};
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        CAPTURE(seed);
        const Model model = model_of(seed);
        CheckerSet checkers(model.ensemble());

        feed(checkers, model.records());

        for (const trace::Record& r : model.records()) ++seen[static_cast<std::size_t>(r.kind())];
        for (const Violation& v : checkers.violations()) {
            FAIL_CHECK(v.property, " at ", v.record, ": ", v.explanation);
        }
        if (!checkers.is_clean()) break;
    }

    // The histories are worth something: they have every kind that a checker wants.
    const CheckerSet checkers(small_ensemble());
    for (const trace::Row& row : trace::rows()) {
        const bool is_wanted = (checkers.kinds() & trace::kind_bit(row.kind)) != 0;
        if (!is_wanted || row.kind == trace::Kind::refused_to_start) continue;
        CAPTURE(std::string(row.name));
        CHECK(seen[static_cast<std::size_t>(row.kind)] > 20);
    }
}

}  // namespace analysis
