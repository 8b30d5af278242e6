#pragma once

#include "sim/scenario/form.hpp"
#include "sim/scenario/scenario.hpp"

/// Whom a fault hits, and which records place it.
namespace sim::decode {

/// A symbolic target, an id, a list of ids, or {"region": "VA"}; the ids of a region are not
/// resolved yet.
Form<Target> target();

/// Records, for `after` and `before`.
Form<RecordPattern> record_pattern();
/// Messages, for `hold`: a pattern that names no record.
Form<RecordPattern> message_pattern();

}  // namespace sim::decode
