#pragma once

#include "sim/trace/record.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace trace {

/// How a field is written. `absent` fields are not in the line and must be zero in the record.
enum class Form : std::uint8_t {
    absent,
    integer,  ///< Decimal.
    hex,      ///< "0x…", for identities.
    zxid,     ///< "0x…", epoch in the high half.
    name,     ///< An enumeration, by the names given.
    flags,    ///< operation_detail(): writes two keys, the operation and the outcome.
};

struct Field {
    std::string_view key = {};
    Form form = Form::absent;
    std::span<const std::string_view> names = {};  ///< For `name`, by value.
    std::string_view meaning = {};
    bool is_late = false;  ///< Files of earlier minor versions lack it, which means 0.
};

/// The least detailed level at which a kind's lines are written.
enum class Level : std::uint8_t { off, operations, protocol, messages, all };

/// One row of the format: a kind, the level that shows it, and what its own fields mean.
struct Row {
    Kind kind{};
    std::string_view name;
    Level level{};
    std::string_view meaning;
    Field node, peer, detail, a, b, c;
};

/// The row of a kind; the table is in the order of the kinds.
const Row& row(Kind kind);
std::span<const Row> rows();
/// The kind of that name, if there is one.
std::optional<Kind> kind_named(std::string_view name);

std::span<const std::string_view> message_names();
std::span<const std::string_view> timer_names();
std::span<const std::string_view> operation_names();
std::span<const std::string_view> outcome_names();
std::span<const std::string_view> level_names();

/// The kinds whose lines are written at a level.
KindSet kinds_at(Level level);

}  // namespace trace
