#pragma once

#include <cstdint>

namespace sim {

/// What an event is about; see World::dispatch.
enum class EventKind : std::uint8_t {
    pipe_head,
    stage,
    core,
    timer,
    work_done,
    boot,
    dial_arrives,
    dial_answered,
    dial_expires,
    read_timeout,
    pipe_breaks,
    pipe_retries,
    process_reset,
    client_timer,
    client_arrival,
    client_dial,
    client_leaves,
    fault,
    resume,
    undo_fault,
    warm,
};

}  // namespace sim
