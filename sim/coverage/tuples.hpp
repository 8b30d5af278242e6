#pragma once

#include "protocol/input.hpp"
#include "protocol/message.hpp"
#include "protocol/peer.hpp"
#include "sim/coverage/enumeration.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

/// What a server can be asked to take, by (role, phase, input): the product of the protocol's own
/// enumerations. A tuple is a number below `tuple_count`.
namespace sim {

/// RoleKind as far as it tells servers apart: learners by whether they vote, and beside the leader
/// the phase of the connection that an input is about.
enum class Role : std::uint8_t {
    booting,
    looking,
    follower,
    observer,
    leader,
    handler,
    stranger,  ///< A learner's connection of which the leader does not know, or no longer.
    leaving,
};
/// Of roles that have no phases of their own.
enum class OnlyPhase : std::uint8_t { any };

using PhaseNames = std::span<const std::string_view>;
inline constexpr std::array<PhaseNames, value_count<Role>> phase_names = {
    value_names<OnlyPhase>,
    value_names<zab::Looking::Phase>,
    value_names<zab::Learning::Phase>,
    value_names<zab::Learning::Phase>,
    value_names<zab::Leading::Phase>,
    value_names<zab::Handler::Phase>,
    value_names<OnlyPhase>,
    value_names<zab::LeavingStep>,
};

/// The kinds of input, in the order of the variant.
enum class InputKind : std::uint8_t {
    started,
    receive,
    turn,
    timer,
    link_up,
    link_down,
    dial_failed,
    done,
};
static_assert(value_count<InputKind> == std::variant_size_v<zab::Input>);

inline constexpr std::uint32_t link_kinds = value_count<zab::LinkKind>;
inline constexpr std::uint32_t down_reasons = value_count<zab::DownReason>;
inline constexpr std::uint32_t stages = value_count<zab::Stage>;
/// How many inputs there are of each kind: what each of its enumerations tells apart.
inline constexpr std::array<std::size_t, value_count<InputKind>> inputs_of_kind = {
    1,
    value_count<zab::MessageKind>,
    stages,
    value_count<zab::TimerKind>,
    std::size_t{link_kinds} * 2,  // Dialled, accepted.
    std::size_t{link_kinds} * down_reasons,
    std::size_t{link_kinds} * down_reasons,
    std::size_t{value_count<zab::Work>} * stages * 2,  // Done, failed.
};

/// Where each of several blocks begins that lie one behind the other, and where the last one ends.
template <std::size_t n, class Size>
constexpr std::array<std::uint32_t, n + 1> begins(Size size) {
    std::array<std::uint32_t, n + 1> out{};
    for (std::size_t i = 0; i < n; ++i) out[i + 1] = out[i] + static_cast<std::uint32_t>(size(i));
    return out;
}
inline constexpr auto input_begins =
    begins<value_count<InputKind>>([](std::size_t kind) { return inputs_of_kind[kind]; });
inline constexpr auto situation_begins =
    begins<value_count<Role>>([](std::size_t role) { return phase_names[role].size(); });
inline constexpr std::uint32_t input_count = input_begins.back();
inline constexpr std::uint32_t situation_count = situation_begins.back();
inline constexpr std::uint32_t tuple_count = situation_count * input_count;

template <class Phase>
constexpr std::uint32_t situation(Role role, Phase phase) {
    return situation_begins[static_cast<std::size_t>(role)] + static_cast<std::uint32_t>(phase);
}
constexpr std::uint32_t input_at(InputKind kind, std::uint32_t place) {
    return input_begins[static_cast<std::size_t>(kind)] + place;
}

/// An input's number below `input_count`.
constexpr std::uint32_t input_number(const zab::Started&) { return 0; }
inline std::uint32_t input_number(const zab::Received& received) {
    return input_at(InputKind::receive, static_cast<std::uint32_t>(received.message->index()));
}
constexpr std::uint32_t input_number(const zab::Ran& ran) {
    return input_at(InputKind::turn, static_cast<std::uint32_t>(ran.stage));
}
constexpr std::uint32_t input_number(const zab::TimerFired& fired) {
    return input_at(InputKind::timer, static_cast<std::uint32_t>(fired.timer));
}
constexpr std::uint32_t input_number(const zab::LinkUp& up) {
    return input_at(InputKind::link_up,
                    static_cast<std::uint32_t>(up.kind) * 2 + (up.accepted ? 1 : 0));
}
constexpr std::uint32_t link_and_reason(zab::LinkKind kind, zab::DownReason reason) {
    return static_cast<std::uint32_t>(kind) * down_reasons + static_cast<std::uint32_t>(reason);
}
constexpr std::uint32_t input_number(const zab::LinkDown& down) {
    return input_at(InputKind::link_down, link_and_reason(down.kind, down.reason));
}
constexpr std::uint32_t input_number(const zab::DialFailed& failed) {
    return input_at(InputKind::dial_failed, link_and_reason(failed.kind, failed.reason));
}
constexpr std::uint32_t input_number(const zab::Done& done) {
    const auto work = static_cast<std::uint32_t>(done.work);
    return input_at(InputKind::done, (work * stages + static_cast<std::uint32_t>(done.stage)) * 2 +
                                         (done.failed ? 1 : 0));
}

/// A tuple, taken apart again.
struct Tuple {
    Role role{};
    std::uint8_t phase = 0;
    InputKind kind{};
    std::uint32_t place = 0;  ///< Of the input among those of its kind.
};
Tuple tuple_of(std::uint32_t number);
constexpr std::uint32_t tuple_number(std::uint32_t situation, std::uint32_t input) {
    return situation * input_count + input;
}

std::string_view role_name(const Tuple& tuple);
std::string_view phase_name(const Tuple& tuple);
/// "receive proposal", "timer tick", "done sync_log of sync".
std::string input_name(const Tuple& tuple);
/// "follower serving: receive proposal".
std::string tuple_text(const Tuple& tuple);
/// Why no server can ever take this; empty: nothing is known that forbids it.
std::string_view why_unreachable(const Tuple& tuple);

}  // namespace sim
