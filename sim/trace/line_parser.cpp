#include "sim/trace/line_parser.hpp"

#include <fmt/format.h>

#include <bit>

namespace trace {

namespace {

constexpr std::uint64_t any = ~std::uint64_t{0};
constexpr Place whole{0, 0, any};

/// Finds the slot of a key, beginning where the writer would have put it.
template <typename Slots>
std::optional<std::size_t> slot_of(const Slots& slots, std::string_view key, std::size_t first) {
    for (std::size_t i = first; i < slots.size(); ++i) {
        if (slots[i].key == key) return i;
    }
    for (std::size_t i = 0; i < first; ++i) {
        if (slots[i].key == key) return i;
    }
    return std::nullopt;
}

/// How far back `earlier` lies, if a record can say so.
std::optional<std::uint64_t> steps_back(RecordId id, std::uint64_t earlier) {
    if (earlier >= id || id - earlier > place::cause_back.max) return std::nullopt;
    return id - earlier;
}

std::optional<std::uint64_t> within(std::optional<std::uint64_t> value, std::uint64_t most) {
    return value.has_value() && *value > most ? std::nullopt : value;
}

Mistake link_mistake(const char* at, std::string_view key, std::uint64_t earlier, RecordId id) {
    return {at, earlier >= id
                    ? fmt::format("\"{}\" is {}, which is not before the record's own id {}", key,
                                  earlier, id)
                    : fmt::format("\"{}\" is {}, which is too far before the record's own id {}",
                                  key, earlier, id)};
}

}  // namespace

LineParser::LineParser() {
    for (const Row& of_kind : rows()) {
        plans_[static_cast<std::size_t>(of_kind.kind)] = plan_of(of_kind);
    }
}

LineParser::Plan LineParser::plan_of(const Row& row) {
    Plan plan;
    const auto add = [&plan](std::string_view key, Target target, bool is_required, Place where,
                             Cost cost = Cost::none) {
        plan.slots.push_back({key, target, is_required, Form::integer, {}, where, cost});
    };
    const auto add_own = [&plan](const KeyLayout& own) {
        plan.slots.push_back(
            {own.key, Target::word, own.is_required, own.form, own.names, own.place, Cost::none});
    };
    const std::vector<KeyLayout> keys = own_keys(row.kind);
    const std::size_t nodes = row.node.form == Form::absent ? 0 : 1;
    add("id", Target::id, true, whole);
    add("t_ns", Target::word, true, place::time);
    add("kind", Target::kind, true, whole);
    if (nodes == 1) add_own(keys.front());
    add("cause", Target::cause, false, whole);
    add("held_by", Target::held_by, false, whole);
    add("wait_ns", Target::word, false, place::wait);
    add("service_ns", Target::word, false, place::service);
    for (const Cost cost : {Cost::wire, Cost::disk, Cost::timer}) {
        add(cost_key(cost), Target::cost, false, place::other, cost);
    }
    for (std::size_t i = nodes; i < keys.size(); ++i) add_own(keys[i]);
    for (std::size_t i = 0; i < plan.slots.size(); ++i) {
        if (plan.slots[i].is_required) plan.required |= std::uint64_t{1} << i;
    }
    return plan;
}

std::optional<Kind> LineParser::kind_of(const MemberList& members) const {
    constexpr std::size_t usual_place = 2;
    const Member* member = nullptr;
    if (members.members.size() > usual_place && members.members[usual_place].key == "kind") {
        member = &members.members[usual_place];
    } else {
        member = members.find("kind");
    }
    if (member == nullptr || member->value.type != JsonValue::Type::string) return std::nullopt;
    return kind_named(member->value.text);
}

Mistake LineParser::mistake_in_kind(const MemberList& members) {
    const Member* const kind = members.find("kind");
    if (kind == nullptr) return {members.begin, "\"kind\" is missing"};
    const char* const at = position_of(kind->value);
    if (kind->value.type != JsonValue::Type::string) return {at, "\"kind\" must be a string"};
    return {at, fmt::format("unknown kind \"{}\"", kind->value.text)};
}

std::optional<Mistake> LineParser::parse(const MemberList& members, Kind kind,
                                         NumberedRecord& out) {
    const Plan& plan = plans_[static_cast<std::size_t>(kind)];
    Line line;
    line.words[place::peer.word] = static_cast<std::uint64_t>(kind);
    std::uint64_t seen = 0;
    std::size_t next = 0;
    for (const Member& member : members.members) {
        const auto slot = slot_of(plan.slots, member.key, next);
        if (!slot) continue;  // A later minor version may add keys.
        next = *slot + 1;
        const std::uint64_t bit = std::uint64_t{1} << *slot;
        if ((seen & bit) != 0) {
            return Mistake{member.key.data() - 1, fmt::format("\"{}\" stands twice", member.key)};
        }
        seen |= bit;
        if (auto mistake = store(plan.slots[*slot], member.value, line)) return mistake;
    }
    if (const std::uint64_t missing = plan.required & ~seen; missing != 0) {
        const auto first = static_cast<std::size_t>(std::countr_zero(missing));
        return Mistake{members.begin, fmt::format("\"{}\" is missing", plan.slots[first].key)};
    }
    if (auto mistake = store_links(line)) return mistake;
    out.id = line.id;
    out.record = std::bit_cast<Record>(line.words);
    return std::nullopt;
}

std::optional<std::uint64_t> LineParser::value_of(const Slot& slot, const JsonValue& value) {
    switch (slot.form) {
        case Form::integer: return integer_of(value, slot.place.max);
        case Form::hex:
        case Form::zxid: return within(hex_of(value), slot.place.max);
        case Form::name: return name_of(value, slot.names);
        case Form::absent:
        case Form::flags: break;
    }
    return std::nullopt;
}

Mistake LineParser::mistake_in(const Slot& slot, const JsonValue& value) {
    std::string reason;
    if (slot.form == Form::integer) {
        reason = fmt::format("\"{}\" must be an integer from 0 to {}", slot.key, slot.place.max);
    } else if (slot.form == Form::name) {
        reason = fmt::format("\"{}\" must be one of: {}", slot.key, fmt::join(slot.names, ", "));
    } else {
        reason = fmt::format("\"{}\" must be a string \"0x…\" of 1 to {} hexadecimal digits",
                             slot.key, hex_digits(slot.place.max));
    }
    return {position_of(value), std::move(reason)};
}

std::optional<Mistake> LineParser::store(const Slot& slot, const JsonValue& value, Line& line) {
    if (slot.target == Target::kind) return std::nullopt;  // It chose the plan.
    const auto number = value_of(slot, value);
    if (!number) return mistake_in(slot, value);
    switch (slot.target) {
        case Target::kind: break;
        case Target::id: line.id = *number; break;
        case Target::word: line.words[slot.place.word] |= *number << slot.place.shift; break;
        case Target::cause:
            line.cause = number;
            line.cause_at = position_of(value);
            break;
        case Target::held_by:
            line.held_by = number;
            line.held_by_at = position_of(value);
            break;
        case Target::cost: {
            std::uint64_t& word = line.words[place::cost.word];
            if ((word & place::cost.mask()) != 0) {
                return Mistake{position_of(value),
                               "a record has one of wire_ns, disk_ns, timer_ns"};
            }
            word |= static_cast<std::uint64_t>(slot.cost) << place::cost.shift;
            line.words[place::other.word] = *number;
            break;
        }
    }
    return std::nullopt;
}

std::optional<Mistake> LineParser::store_links(Line& line) {
    std::uint64_t& word = line.words[place::cause_back.word];
    if (line.cause) {
        const auto back = steps_back(line.id, *line.cause);
        if (!back) return link_mistake(line.cause_at, "cause", *line.cause, line.id);
        word |= *back << place::cause_back.shift;
    }
    if (line.held_by) {
        const auto back = steps_back(line.id, *line.held_by);
        if (!back) return link_mistake(line.held_by_at, "held_by", *line.held_by, line.id);
        word |= *back << place::held_back.shift;
    }
    return std::nullopt;
}

}  // namespace trace
