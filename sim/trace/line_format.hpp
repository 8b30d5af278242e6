#pragma once

#include "protocol/types/ensure.hpp"
#include "sim/trace/line_layout.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace trace {

/// Constant text, prepared so that appending it is one copy of fixed size. Writes `Capacity` bytes
/// wherever it is put, of which the first `size` count.
template <std::size_t Capacity>
class Literal {
  public:
    Literal() = default;
    explicit Literal(std::string_view text) : size_(text.size()) {
        zab::ensure(text.size() <= Capacity, "the keys and names of the table are short");
        std::memcpy(text_.data(), text.data(), text.size());
    }
    char* put(char* at) const {
        std::memcpy(at, text_.data(), Capacity);
        return at + size_;
    }

  private:
    std::array<char, Capacity> text_{};
    std::size_t size_ = 0;
};

/// Turns records into lines. All text that a line can hold is prepared once, from the table.
///
/// A line's keys, in this order: id, t_ns, kind, node; cause and held_by, unless there is none;
/// wait_ns and service_ns, unless zero; wire_ns, disk_ns or timer_ns, even if zero, unless the
/// record has no such cost; then the kind's own keys, always. Hence a line gives its record back.
class LineFormat {
  public:
    /// No line is longer, and `put` touches no more than this.
    static constexpr std::size_t max_line = 1024;

    LineFormat();

    /// Writes the line of `record`, with its line feed, at `at`, and returns the end.
    /// Requires a record as the table describes it: fields that its kind lacks are zero, names are
    /// of their enumerations, no time or cost is negative, cause and holder precede it.
    char* put(char* at, const Record& record, RecordId id) const;

  private:
    using Key = Literal<32>;
    using Name = Literal<64>;

    struct Step {
        Key key;                  ///< Empty for names, which hold their key.
        std::vector<Name> names;  ///< Key and name, by value.
        Form form{};
        Place place;
    };

    struct Plan {
        Name kind;  ///< The kind's key and name and, if it has a node, the node's key.
        bool has_node = false;
        std::vector<Step> steps;
        std::array<std::uint64_t, 8> unused{};  ///< Bits that must be zero.
    };

    static Plan plan_of(const Row& row);
    static Step step_of(const KeyLayout& key);
    static void check(const Plan& plan, const Record& record, RecordId id);
    static char* put_step(char* at, const Step& step, const Record& record);
    char* put_costs(char* at, const Record& record, RecordId id) const;

    std::array<Plan, kind_count> plans_;
    Key id_, time_, cause_, held_by_, wait_, service_;
    std::array<Key, 4> costs_;  ///< By Cost.
};

}  // namespace trace
