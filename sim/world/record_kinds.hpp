#pragma once

#include "protocol/effect.hpp"
#include "protocol/input.hpp"
#include "sim/disk/disk.hpp"
#include "sim/trace/record.hpp"

#include <cstdint>

namespace sim {

/// The kind of record that tells a server's note.
trace::Kind record_kind(zab::NoteKind note);

/// What a record tells of a piece of work that is done: its kind, and `detail`, `a`, `b`, `c`.
/// `disk` is as the work left it; `count` is how many transactions an fsync made durable, or 1 for
/// a snapshot that replaces the log.
trace::Record::Fields work_record(zab::Work work, const Disk& disk, std::uint32_t count);

}  // namespace sim
