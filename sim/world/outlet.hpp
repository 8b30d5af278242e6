#pragma once

#include "sim/trace/recorder.hpp"

namespace sim {

class TupleSet;

/// Where a world's records go. Copies of a world start without one.
struct Outlet {
    const trace::Outlets* value = nullptr;
    TupleSet* tuples = nullptr;
    trace::KindSet wanted() const { return value == nullptr ? 0 : value->wanted(); }
    Outlet() = default;
    Outlet(const Outlet&) {}
    // NOLINTNEXTLINE(bugprone-unhandled-self-assignment): there is nothing to copy.
    Outlet& operator=(const Outlet&) { return *this; }
    Outlet(Outlet&&) = default;
    Outlet& operator=(Outlet&&) = default;
    ~Outlet() = default;
};

}  // namespace sim
