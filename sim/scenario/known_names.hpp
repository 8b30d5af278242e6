#pragma once

#include <span>
#include <string_view>

namespace sim {

/// Names that other layers own and a scenario may use. An empty list accepts every name.
struct KnownNames {
    std::span<const std::string_view> records;   ///< Kinds of trace records.
    std::span<const std::string_view> messages;  ///< Kinds of messages between servers.
};

}  // namespace sim
