#include "tests/explore/ensemble.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace explore {

namespace {

analysis::Ensemble three_voters() { return {{{1}, {2}, {3}}, {}, {}}; }

/// Lets one thing happen, as the explorer would.
template <class Act>
void act(Start& start, sim::Scratch& scratch, Act happen) {
    scratch.records.clear();
    happen();
    for (const trace::Record::Fields& fields : scratch.records) {
        start.judge.observe(trace::Record(fields), 0);
    }
    ++start.steps;
}

}  // namespace

Judge::Judge() : set_(three_voters()) {}

std::optional<std::string> Judge::complaint() const {
    if (set_.is_clean()) return std::nullopt;
    const analysis::Violation& first = set_.violations().front();
    return first.property + ": " + first.explanation;
}

Start established(const sim::Defects& defects, const Judge& judge) {
    sim::Bounds bounds;
    bounds.patient[static_cast<std::size_t>(zab::TimerKind::finalize)] = 3;
    bounds.patient[static_cast<std::size_t>(zab::TimerKind::dial_retry)] = 8;
    Start start{sim::SmallWorld(bounds, defects), judge};
    sim::Scratch scratch;
    for (std::size_t i = 0; i < sim::SmallWorld::server_count; ++i) {
        act(start, scratch, [&] { start.world.boot(i, scratch); });
    }
    std::vector<sim::Choice> choices;
    for (start.world.list_choices(choices); !choices.empty(); start.world.list_choices(choices)) {
        // Of timers the last server's: it decides first, and is ready when the others come.
        const bool is_timer = choices[0].what == sim::Choice::What::timer;
        const sim::Choice next = is_timer ? choices.back() : choices.front();
        act(start, scratch, [&] { start.world.apply(next, scratch); });
        REQUIRE(start.steps < 1'000);
    }
    REQUIRE(start.world.is_served());
    return start;
}

Start with_transaction(const sim::Bounds& bounds, const sim::Defects& defects, const Judge& judge,
                       std::size_t server) {
    Start start = established(defects, judge);
    sim::Scratch scratch;
    start.world.set_bounds(bounds);
    act(start, scratch, [&] { start.world.ask_for_session(server, scratch); });
    return start;
}

}  // namespace explore
