#pragma once

#include <cstdint>

namespace zab {

/// What a client asks for. `watch` is a get that leaves a watch on its znode (getData(watch)); with
/// `set_watches` a client that comes back says which of its watches still wait. A `ping` passes the
/// processors as a read does; no record of operations tells of it.
enum class Operation : std::uint8_t {
    create,
    set,
    get,
    sync,
    create_session,
    close_session,
    watch,
    set_watches,
    ping,
};

}  // namespace zab
