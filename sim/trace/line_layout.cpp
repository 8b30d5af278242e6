#include "sim/trace/line_layout.hpp"

#include "protocol/types/ensure.hpp"

namespace trace {

namespace {

void add_keys(std::vector<KeyLayout>& keys, const Field& field, Place where) {
    switch (field.form) {
        case Form::absent: return;
        case Form::flags:
            keys.push_back(
                {"operation", Form::name, operation_names(), place::operation, "what was asked"});
            keys.push_back(
                {"outcome", Form::name, outcome_names(), place::outcome, "what came of it"});
            return;
        case Form::integer:
        case Form::hex:
        case Form::zxid:
        case Form::name:
            keys.push_back(
                {field.key, field.form, field.names, where, field.meaning, !field.is_late});
            return;
    }
}

}  // namespace

std::vector<KeyLayout> own_keys(Kind kind) {
    const Row& of_kind = row(kind);
    std::vector<KeyLayout> keys;
    add_keys(keys, of_kind.node, place::node);
    add_keys(keys, of_kind.peer, place::peer);
    add_keys(keys, of_kind.detail, place::detail);
    add_keys(keys, of_kind.a, place::a);
    add_keys(keys, of_kind.b, place::b);
    add_keys(keys, of_kind.c, place::c);
    return keys;
}

std::string_view cost_key(Cost cost) {
    zab::ensure(cost != Cost::none, "only a cost that was paid has a key");
    switch (cost) {
        case Cost::none: break;
        case Cost::wire: return "wire_ns";
        case Cost::disk: return "disk_ns";
        case Cost::timer: return "timer_ns";
    }
    return {};
}

}  // namespace trace
