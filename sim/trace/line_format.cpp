#include "sim/trace/line_format.hpp"

#include "sim/trace/digits.hpp"

#include <fmt/format.h>

namespace trace {

namespace {

std::uint64_t value_at(const Record& record, Place place) {
    return (record.words()[place.word] >> place.shift) & place.max;
}

char* put_keyed(char* at, const Literal<32>& key, std::uint64_t value) {
    return put_decimal(key.put(at), value);
}

}  // namespace

LineFormat::LineFormat()
    : id_("{\"id\":"),
      time_(",\"t_ns\":"),
      cause_(",\"cause\":"),
      held_by_(",\"held_by\":"),
      wait_(",\"wait_ns\":"),
      service_(",\"service_ns\":") {
    for (const Cost cost : {Cost::wire, Cost::disk, Cost::timer}) {
        costs_[static_cast<std::size_t>(cost)] = Key(fmt::format(",\"{}\":", cost_key(cost)));
    }
    for (const Row& of_kind : rows()) {
        plans_[static_cast<std::size_t>(of_kind.kind)] = plan_of(of_kind);
    }
}

LineFormat::Plan LineFormat::plan_of(const Row& row) {
    Plan plan;
    std::array<std::uint64_t, 8> used{};
    used[place::peer.word] |= place::cost.mask() | 0xff;  // The kind itself.
    used[place::service.word] |= place::service.mask();
    plan.has_node = row.node.form != Form::absent;
    plan.kind = Name(plan.has_node ? fmt::format(",\"kind\":\"{}\",\"{}\":", row.name, row.node.key)
                                   : fmt::format(",\"kind\":\"{}\"", row.name));
    for (const KeyLayout& key : own_keys(row.kind)) {
        used[key.place.word] |= key.place.mask();
        plan.steps.push_back(step_of(key));
    }
    if (plan.has_node) plan.steps.erase(plan.steps.begin());  // The costs come after the node.
    for (const std::uint8_t word :
         {place::peer.word, place::c.word, place::a.word, place::b.word}) {
        plan.unused[word] = ~used[word];
    }
    return plan;
}

LineFormat::Step LineFormat::step_of(const KeyLayout& key) {
    Step step{.key = {}, .names = {}, .form = key.form, .place = key.place};
    switch (key.form) {
        case Form::name:
            for (const std::string_view name : key.names) {
                step.names.emplace_back(fmt::format(",\"{}\":\"{}\"", key.key, name));
            }
            break;
        case Form::hex:
        case Form::zxid: step.key = Key(fmt::format(",\"{}\":\"0x", key.key)); break;
        case Form::integer: step.key = Key(fmt::format(",\"{}\":", key.key)); break;
        case Form::absent:
        case Form::flags: break;
    }
    return step;
}

void LineFormat::check(const Plan& plan, const Record& record, RecordId id) {
    const auto& words = record.words();
    const std::uint64_t stray = (words[1] & plan.unused[1]) | (words[4] & plan.unused[4]) |
                                (words[6] & plan.unused[6]) | (words[7] & plan.unused[7]);
    zab::ensure(stray == 0, "a record leaves the fields that its kind lacks at zero");
    zab::ensure(((words[0] | words[3] | words[5]) >> 63) == 0, "time does not run backwards");
    zab::ensure(record.cost() <= Cost::timer, "a record's cost comes from the enumeration");
    zab::ensure(record.cost() != Cost::none || words[5] == 0, "a cost was spent on something");
    zab::ensure(record.cause_back() <= id, "a cause precedes its effect");
    zab::ensure(record.held_back() <= id, "a resource is held by an earlier record");
}

char* LineFormat::put(char* at, const Record& record, RecordId id) const {
    const auto kind = static_cast<std::size_t>(record.kind());
    zab::ensure(kind < kind_count, "a record's kind comes from the enumeration");
    const Plan& plan = plans_[kind];
    check(plan, record, id);
    at = put_keyed(at, id_, id);
    at = put_keyed(at, time_, record.words()[place::time.word]);
    at = plan.kind.put(at);
    if (plan.has_node) at = put_decimal(at, record.node().value);
    at = put_costs(at, record, id);
    for (const Step& step : plan.steps) at = put_step(at, step, record);
    std::memcpy(at, "}\n", 2);
    return at + 2;
}

char* LineFormat::put_costs(char* at, const Record& record, RecordId id) const {
    const auto& words = record.words();
    if (record.cause_back() != 0) at = put_keyed(at, cause_, id - record.cause_back());
    if (record.held_back() != 0) at = put_keyed(at, held_by_, id - record.held_back());
    if (words[place::wait.word] != 0) at = put_keyed(at, wait_, words[place::wait.word]);
    if (record.service_ns() != 0) at = put_keyed(at, service_, record.service_ns());
    if (record.cost() == Cost::none) return at;
    return put_keyed(at, costs_[static_cast<std::size_t>(record.cost())], words[place::other.word]);
}

char* LineFormat::put_step(char* at, const Step& step, const Record& record) {
    const std::uint64_t value = value_at(record, step.place);
    switch (step.form) {
        case Form::name:
            zab::ensure(value < step.names.size(), "a record's names come from the enumerations");
            return step.names[value].put(at);
        case Form::hex:
        case Form::zxid:
            at = put_hex(step.key.put(at), value);
            *at = '"';
            return at + 1;
        case Form::integer: return put_decimal(step.key.put(at), value);
        case Form::absent:
        case Form::flags: break;
    }
    zab::ensure(false, "a plan holds only keys that are written");
    return at;
}

}  // namespace trace
