#include "sim/world/requests.hpp"

#include <algorithm>
#include <limits>

namespace sim {

namespace {

zab::Operation drawn_operation(const ClientGroup& group, Key key) {
    const std::uint64_t set = std::uint64_t{group.create_weight} + group.set_weight;
    const std::uint64_t get = set + group.get_weight;
    const std::uint64_t sync = get + group.sync_weight;
    const std::uint64_t chance = uniform_below(key, sync + group.watch_weight);
    if (chance < group.create_weight) return zab::Operation::create;
    if (chance < set) return zab::Operation::set;
    if (chance < get) return zab::Operation::get;
    return chance < sync ? zab::Operation::sync : zab::Operation::watch;
}

std::uint32_t drawn_bytes(const ClientGroup& group, Key key) {
    const std::uint64_t width = group.payload_max_bytes - group.payload_min_bytes + 1;
    const std::uint64_t more = width == 1 ? 0 : uniform_below(key, width);
    return group.payload_min_bytes + static_cast<std::uint32_t>(more);
}

}  // namespace

bool may_watch(const ClientGroup& group) {
    const auto watches = [](const AskedRequest& request) {
        return request.operation == zab::Operation::watch;
    };
    const auto lists = [&](const std::vector<AskedRequest>& list) {
        return std::ranges::any_of(list, watches);
    };
    return group.watch_weight > 0 ||
           (group.requests && std::ranges::any_of(*group.requests, lists));
}

std::uint64_t most_requests(const ClientGroup& group, std::uint32_t place) {
    if (group.requests) return (*group.requests)[place].size();
    return group.operations_each.value_or(std::numeric_limits<std::uint64_t>::max());
}

AskedRequest nth_request(const ClientGroup& group, const Zipf& paths, std::uint32_t place,
                         Key client, std::uint64_t n) {
    if (group.requests) return (*group.requests)[place][n - 1];
    AskedRequest out;
    out.operation = drawn_operation(group, Key{draw(client, ClientDraw::operate, n)});
    const bool creates = out.operation == zab::Operation::create;
    if (!creates) out.path = paths.draw(draw(client, ClientDraw::pick_path, n));
    if (creates || out.operation == zab::Operation::set) {
        out.bytes = drawn_bytes(group, Key{draw(client, ClientDraw::payload, n)});
    }
    return out;
}

}  // namespace sim
