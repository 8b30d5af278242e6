#pragma once

#include "sim/trace/record.hpp"

#include <cstddef>
#include <span>
#include <vector>

/// Histories made bad: each anomaly deletes, repeats, exchanges, rewinds or moves records of a good
/// one so that a guarantee is surely broken. What it does is done to records alone, so that a
/// checker can be shown any history, of a model or of a real run.
namespace tests {

using Records = std::vector<trace::Record>;

/// Changes the records at `index`; false: nothing there would surely break a guarantee, and
/// nothing was changed.
using Damage = bool (*)(Records& records, std::size_t index);

struct Anomaly {
    const char* name;
    trace::Kind kind;  ///< Of the record that it strikes.
    Damage damage;
};

/// Those of what servers do, and those that clients can see by themselves.
std::span<const Anomaly> server_anomalies();
std::span<const Anomaly> client_anomalies();

std::vector<std::size_t> places_of(const Records& records, trace::Kind kind);

}  // namespace tests
