#pragma once

#include "protocol/message.hpp"
#include "sim/random/key.hpp"
#include "sim/random/zipf.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/trace/record.hpp"

#include <cstdint>

namespace sim {

/// What a client draws, each from numbers of its own.
enum class ClientDraw : std::uint64_t {
    choose = 1,
    rest,
    operate,
    payload,
    pick_path,
    arrive,
    first_moment
};

inline std::uint64_t draw(Key client, ClientDraw what, std::uint64_t n) {
    return draw(client, static_cast<std::uint64_t>(what), n);
}

/// What a record says of an operation and what came of it.
inline std::uint16_t detail_of(zab::Operation operation, zab::Outcome outcome) {
    return trace::operation_detail(static_cast<trace::Operation>(operation),
                                   static_cast<trace::Outcome>(outcome));
}

/// Whether its clients may leave watches.
bool may_watch(const ClientGroup& group);

/// How many requests a client of the group sends in its life, at most. `place`: in the group.
std::uint64_t most_requests(const ClientGroup& group, std::uint32_t place);

/// The n-th request of a client, from 1: the one that the scenario lists, or what it draws. A
/// create's path is 0: where it lies depends on those before.
AskedRequest nth_request(const ClientGroup& group, const Zipf& paths, std::uint32_t place,
                         Key client, std::uint64_t n);

}  // namespace sim
