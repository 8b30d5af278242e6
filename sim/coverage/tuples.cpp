#include "protocol/types/ensure.hpp"
#include "sim/coverage/tuple_set.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sim {

namespace {

template <std::size_t n>
std::size_t block_of(const std::array<std::uint32_t, n>& begins, std::uint32_t number) {
    return static_cast<std::size_t>(std::ranges::upper_bound(begins, number) - begins.begin()) - 1;
}

template <class Value>
std::string_view name(std::size_t place) {
    return value_names<Value>[place];
}

std::string link_and_reason_name(const char* text, std::uint32_t place) {
    return fmt::format(fmt::runtime(text), name<zab::LinkKind>(place / down_reasons),
                       name<zab::DownReason>(place % down_reasons));
}

}  // namespace

Tuple tuple_of(std::uint32_t number) {
    zab::ensure(number < tuple_count, "a tuple's number comes from tuple_number");
    const std::uint32_t situation = number / input_count;
    const std::uint32_t input = number % input_count;
    const std::size_t role = block_of(situation_begins, situation);
    const std::size_t kind = block_of(input_begins, input);
    return {.role = static_cast<Role>(role),
            .phase = static_cast<std::uint8_t>(situation - situation_begins[role]),
            .kind = static_cast<InputKind>(kind),
            .place = input - input_begins[kind]};
}

std::string_view role_name(const Tuple& tuple) {
    return name<Role>(static_cast<std::size_t>(tuple.role));
}

std::string_view phase_name(const Tuple& tuple) {
    return phase_names[static_cast<std::size_t>(tuple.role)][tuple.phase];
}

std::string input_name(const Tuple& tuple) {
    const std::uint32_t place = tuple.place;
    switch (tuple.kind) {
        case InputKind::started: return "started";
        case InputKind::receive: return fmt::format("receive {}", name<zab::MessageKind>(place));
        case InputKind::turn: return fmt::format("turn of {}", name<zab::Stage>(place));
        case InputKind::timer: return fmt::format("timer {}", name<zab::TimerKind>(place));
        case InputKind::link_up:
            return fmt::format("{} {} link", place % 2 == 0 ? "dialled" : "accepted",
                               name<zab::LinkKind>(place / 2));
        case InputKind::link_down: return link_and_reason_name("{} link down: {}", place);
        case InputKind::dial_failed: return link_and_reason_name("{} dial failed: {}", place);
        case InputKind::done:
            return fmt::format("{} {} of {}", place % 2 == 0 ? "done" : "failed",
                               name<zab::Work>(place / 2 / stages),
                               name<zab::Stage>(place / 2 % stages));
    }
    return {};
}

std::string tuple_text(const Tuple& tuple) {
    return fmt::format("{} {}: {}", role_name(tuple), phase_name(tuple), input_name(tuple));
}

std::string broken_claim(const TupleSet& tuples) {
    for (std::uint32_t number = 0; number < tuple_count; ++number) {
        if (!tuples.has(number)) {
            continue;
        }
        const Tuple tuple = tuple_of(number);
        if (const std::string_view why = why_unreachable(tuple); !why.empty()) {
            return fmt::format("coverage excludes what happened, {}: {}", tuple_text(tuple), why);
        }
    }
    return {};
}

}  // namespace sim
