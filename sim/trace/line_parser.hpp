#pragma once

#include "sim/trace/json_members.hpp"
#include "sim/trace/line_layout.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace trace {

struct NumberedRecord {
    RecordId id = 0;
    Record record;
};

/// Turns the members of a record's line back into the record: any order of keys, and keys that no
/// kind has are passed over. Lines in the writer's order are the fastest.
class LineParser {
  public:
    LineParser();

    /// The line's kind; nothing if it has none that is known here (`mistake_in_kind` says why).
    std::optional<Kind> kind_of(const MemberList& members) const;
    static Mistake mistake_in_kind(const MemberList& members);

    /// Requires the kind that the line has. `out` is complete only if there is no mistake.
    std::optional<Mistake> parse(const MemberList& members, Kind kind, NumberedRecord& out);

  private:
    enum class Target : std::uint8_t { word, id, kind, cause, held_by, cost };

    struct Slot {
        std::string_view key;
        Target target{};
        bool is_required = false;
        Form form = Form::integer;
        std::span<const std::string_view> names;
        Place place;
        Cost cost = Cost::none;
    };

    struct Plan {
        std::vector<Slot> slots;     ///< In the order in which the writer puts the keys.
        std::uint64_t required = 0;  ///< A bit for each slot that must be there.
    };

    /// What a line says, until all its members are known.
    struct Line {
        std::array<std::uint64_t, 8> words{};
        RecordId id = 0;
        std::optional<std::uint64_t> cause, held_by;
        const char* cause_at = nullptr;
        const char* held_by_at = nullptr;
    };

    static Plan plan_of(const Row& row);
    static std::optional<std::uint64_t> value_of(const Slot& slot, const JsonValue& value);
    static Mistake mistake_in(const Slot& slot, const JsonValue& value);
    static std::optional<Mistake> store(const Slot& slot, const JsonValue& value, Line& line);
    static std::optional<Mistake> store_links(Line& line);

    std::array<Plan, kind_count> plans_;
};

}  // namespace trace
