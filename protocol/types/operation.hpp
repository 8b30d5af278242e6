#pragma once

#include <cstdint>

namespace zab {

/// What a client asks for.
enum class Operation : std::uint8_t { create, set, get, sync, create_session, close_session };

}  // namespace zab
